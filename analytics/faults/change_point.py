"""Change point: the level steps to another one and stays there.

                  ┌────────
    ──────────────┘             the levels of two windows, one after the other, differ by more than `limit`
    └── before ──┘└─ after ─┘   standard errors: `up` or `down`

The windows move on by a tenth of their length. The level of a window is the mean of its tenths without the highest and
the lowest, so that one value far out is no step. The standard error of the difference is what was learned of means of
so many values (`learning.Normal.means`), without what moves more slowly than they see (`slow`). The step lies where it
parts the two levels best (Hinkley 1970). The alert ends when both windows are at the new level, within half of the
limit: from that one the next step is told, so that one step is told once.

Sums are of integers, as in `cusum`. What is carried of a signal, beside that of `stretches` and `crossings`: `tenths`,
the sums of the last tenths, each with the instant of its first value, ns since 1970; `tenth`, of the one that is not
full: how many values, their sum, that instant; and `each`, of how many values a tenth is: with another window, tenths
begin anew.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np

from analytics.faults.columns import Floats, Ints
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen
from analytics.faults.crossings import Bounds, Crossings, parameters
from analytics.faults.cusum import ONE, rounded
from analytics.faults.learning import strays
from analytics.faults.stretches import Chart, Stretch, Watch, blocks, charts, forget, needed, watch
from collector.faultrules.charts import ChangePoint
from collector.park import Park, Title

SLUG: Final = "change_point"
"""Name of the detector."""

TENTHS: Final = 10
"""Into so many parts a window is parted."""

TEXTS: Final = {
    "change_point.up": Title(
        en="{name_en}: level has stepped up from {usual}{unit} to {value}{unit} ({moved}{unit}) at {since}",
        zh="{name_zh}：水平于 {since} 由 {usual}{unit} 阶跃升至 {value}{unit}（{moved}{unit}）",
    ),
    "change_point.down": Title(
        en="{name_en}: level has stepped down from {usual}{unit} to {value}{unit} ({moved}{unit}) at {since}",
        zh="{name_zh}：水平于 {since} 由 {usual}{unit} 阶跃降至 {value}{unit}（{moved}{unit}）",
    ),
}
"""What its alerts say."""

Rule: TypeAlias = Chart[ChangePoint]
"""What is watched on one signal."""

_BACK: Final = 0.5
_FAR: Final = 2.0**20
_SIDES: Final = (("up", 1), ("down", -1))


def rules(park: Park) -> dict[str, Rule]:
    """Give every signal that asks for it."""
    asked = {path: one.faults.change_point for path, one in park.signals.items() if one.faults.change_point is not None}
    return charts(park, SLUG, asked, [key for key, _ in _SIDES])


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    now = watch(watched, carried, seen)
    crossings = Crossings(watched, carried, now)
    for some in blocks(now.stretches):
        _block(some, now, watched, crossings)
    return crossings.found(seen)


def _block(some: Sequence[Stretch], now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    first, last = some[0].begin, some[-1].end
    bounds = np.array([one.begin - first for one in some], dtype=np.int64)
    length = np.diff(np.append(bounds, last - first))
    z = rounded(now.value[first:last], some, length, _FAR)
    for one, begin, rows in zip(some, bounds.tolist(), length.tolist(), strict=True):
        _stretch(one, z[begin : begin + rows], now.ns[one.begin : one.end], watched[one.subject], crossings)


def _stretch(one: Stretch, z: Ints, ns: Ints, chart: Rule, crossings: Crossings) -> None:
    """Fill tenths of windows, and look at the windows that end with one that is full."""
    path = one.subject
    each = max(1, chart.settings.window // TENTHS)
    fresh = one.fresh or crossings.had(path, "each", each) != each
    if fresh:
        crossings.anew(path)
    had, before, began = (0, 0, None) if fresh else crossings.had(path, "tenth", (0, 0, None))
    tenths = [] if fresh else list(crossings.had(path, "tenths", ()))
    total = np.cumsum(z) + before
    ends = np.arange(each - had - 1, len(z), each)
    sums = np.diff(total[ends], prepend=0)
    starts = [int(ns[0]) if began is None else began, *ns[ends[:-1] + 1].tolist()]
    full = [*tenths, *([amount, since] for amount, since in zip(sums.tolist(), starts, strict=False))]
    rest = len(z) - int(ends[-1]) - 1 if len(ends) else len(z) + had
    opened = starts[0] if not len(ends) else int(ns[-rest]) if rest else None
    amount = int(total[-1]) - (int(total[ends[-1]]) if len(ends) else 0)
    crossings.carry(path, tenths=full[1 - 2 * TENTHS :], tenth=[rest, amount, opened], each=each)
    looked = len(full) - 2 * TENTHS + 1
    if len(ends) and looked > 0:
        _windows(one, full[-(2 * TENTHS - 1) - min(looked, len(ends)) :], ns[ends][-looked:], each, chart, crossings)


def _windows(
    one: Stretch, tenths: Sequence[Sequence[int]], ns: Ints, each: int, chart: Rule, crossings: Crossings
) -> None:
    """Compare the two windows that end with each of the last tenths."""
    path, limit = one.subject, _limit(one.model, each * TENTHS, chart.settings.limit)
    if limit is None:
        return
    seen = np.lib.stride_tricks.sliding_window_view(np.array([amount for amount, _ in tenths]), 2 * TENTHS)
    scores = (_level(seen[:, TENTHS:]) - _level(seen[:, :TENTHS])) / (each * (TENTHS - 2) * ONE)
    crossings.indicate(path, SLUG, int(ns[-1]), abs(float(scores[-1])), limit)
    if not (np.abs(scores).max() > limit * _BACK or crossings.restless(path)):
        return

    def began(row: int) -> int:
        return tenths[row + _parting(seen[row])][1]

    for key, sign in _SIDES:
        said = _said(one, tenths, each, chart, f"change_point.{key}")
        bounds = Bounds(limit, limit * _BACK, limit)
        crossings.cross(path, key, ns, sign * scores, bounds, said, every=each, began=began)


def _level(tenths: Ints) -> Floats:
    """Give the sum of a window's tenths without the highest and the lowest."""
    inner: Floats = (tenths.sum(1) - tenths.max(1) - tenths.min(1)).astype(np.float64)
    return inner


def _limit(model: Mapping[str, Any], window: int, limit: float) -> float | None:
    """Give the limit of the difference, in standard deviations of the values; None: nothing was known to move."""
    deviation: float = model["deviation"]
    if not deviation > 0:
        return None
    moves = strays(model["means"], window) ** 2
    variance: float = max(moves - model["slow"], deviation * deviation / window)
    return limit * math.sqrt(2 * variance / deviation / deviation)


def _parting(tenths: Ints) -> int:
    """Give the place among two windows that parts two levels best: the first tenth of the second level."""
    sums = np.cumsum(tenths.astype(np.float64))
    places = np.arange(TENTHS, 2 * TENTHS)
    before, after = sums[places - 1] / places, (sums[-1] - sums[places - 1]) / (2 * TENTHS - places)
    return TENTHS + int(np.argmax(np.abs(after - before) * np.sqrt(places * (2 * TENTHS - places))))


def _said(
    one: Stretch, tenths: Sequence[Sequence[int]], each: int, chart: Rule, code: str
) -> Callable[[int, int], Said]:
    def said(row: int, since: int) -> Said:
        window = tenths[row : row + 2 * TENTHS]
        place = _parting(np.array([amount for amount, _ in window]))
        levels = [sum(amount for amount, _ in some) / len(some) for some in (window[:place], window[place:])]
        usual, value = (one.model["mean"] + level / each / ONE * one.model["deviation"] for level in levels)
        return Said(code, f"{value:.12g}", parameters(chart, value, usual, since))

    return said


CHANGE_POINT: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Hinkley 1970; two windows after Basseville, Nikiforov 1993",
    title=Title(en="Level stepped", zh="水平阶跃"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda chart, kept: lasting(chart.points, kept),
    signals=needed,
    parameters=ChangePoint,
    learns=True,
    forget=forget,
)
"""See the module."""
