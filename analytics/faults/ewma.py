"""EWMA: the average of the last values has shifted.

    z      = (value - mean) / deviation of what was learned, in the mode; no further than `FAR`, or twice the limit of e
    e      = e + weight * (z - e)                                            0 when it begins
    alert  beyond limit * sd of e                                            above: `high`, below: `low`
    ends   at half of that, or nearer

The variance of e is `weight / (2 - weight)` times that of independent values, which is that of a mean of
`(2 - weight) / weight` of them; values that follow each other are seldom independent, so it is what was learned of
means of so many (`learning.Normal.means`), with the error of the learned mean itself. A single value far out does not
move the average beyond its limit.

What is carried of a signal, beside that of `stretches` and `crossings`: `ewma`, e.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.faults.abreast import Abreast
from analytics.faults.columns import Floats, Ints
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen
from analytics.faults.crossings import Bounds, Crossings, parameters
from analytics.faults.learning import strays
from analytics.faults.stretches import Chart, Stretch, Watch, charts, derive, forget, needed, watch
from collector.faultrules.charts import Ewma
from collector.park import Park, Title

SLUG: Final = "ewma"
"""Name of the detector."""

FAR: Final = 4.0
"""A value counts as no further out than this, in standard deviations, where the limit lets it."""

TEXTS: Final = {
    "ewma.high": Title(
        en="{name_en}: average has risen to {value}{unit}, {moved}{unit} from the usual {usual}{unit}, since {since}",
        zh="{name_zh}：均值升至 {value}{unit}，较正常值 {usual}{unit} 偏移 {moved}{unit}，始于 {since}",
    ),
    "ewma.low": Title(
        en="{name_en}: average has fallen to {value}{unit}, {moved}{unit} from the usual {usual}{unit}, since {since}",
        zh="{name_zh}：均值降至 {value}{unit}，较正常值 {usual}{unit} 偏移 {moved}{unit}，始于 {since}",
    ),
}
"""What its alerts say."""

SIDES: Final[tuple[tuple[str, float], ...]] = (("high", 1.0), ("low", -1.0))
"""Its alarms, and the sign of what is beyond them."""

Rule: TypeAlias = Chart[Ewma]
"""What is watched on one signal."""

_BACK: Final = 0.5
_SHORT: Final = 200


def rules(park: Park) -> dict[str, Rule]:
    """Give every signal that asks for it."""
    asked = {path: one.faults.ewma for path, one in park.signals.items() if one.faults.ewma is not None}
    return charts(park, SLUG, asked, [key for key, _ in SIDES])


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    now = watch(watched, carried, seen)
    crossings = Crossings(watched, carried, now)
    if now.stretches:
        _look(now, watched, crossings)
    return crossings.found(seen)


class _Terms(NamedTuple):
    """Of one stretch; in standard deviations of the values."""

    mean: float
    """In the signal's unit."""

    each: float
    """How many standard deviations its unit is; 0 where nothing was ever known to move."""

    far: float
    """A value counts as no further out than this."""

    weight: float
    """Of the newest value."""

    limit: float
    """Of the average."""


def _terms(model: Mapping[str, Any], settings: Ewma) -> _Terms:
    deviation, limit = model["deviation"], settings.limit
    if deviation > 0:
        moves = strays(model["means"], (2 - settings.weight) / settings.weight) / deviation
        limit *= math.sqrt(moves * moves + model["inflation"] / model["rows"])
    each = 1 / deviation if deviation > 0 else 0.0
    return _Terms(model["mean"], each, max(FAR, 2 * limit), settings.weight, limit)


def _look(now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    some = now.stretches
    terms, numbers = derive(watched, some, _terms)
    begin = np.array([0.0 if one.fresh else crossings.had(one.subject, "ewma", 0.0) for one in some])
    final, furthest, part = _averages(now, terms, numbers, begin)
    limit = numbers[:, _Terms._fields.index("limit")]
    near, far = np.abs(final) > limit * _BACK, furthest > limit
    for place in np.flatnonzero(near | far | crossings.stirred()).tolist():
        one, path = some[place], some[place].subject
        if one.fresh:
            crossings.anew(path)
        closely = far[place] or crossings.restless(path)
        if closely or near[place] or crossings.had(path, "sides", None):
            _cross(one, part(place), terms[place].limit, now, watched[path], crossings, closely=closely)
    crossings.carry_all("ewma", final.tolist())
    crossings.indicate_all(SLUG, np.abs(final), limit)


def _averages(
    now: Watch, terms: Sequence[_Terms], numbers: NDArray[np.float64], begin: Floats
) -> tuple[Floats, Floats, Callable[[int], Floats]]:
    """Give by stretch the average after its last value, how far it ever was, and what gives all of them."""
    series = Abreast.of(now.value, now.bounds, now.table)
    if series is not None:
        table, furthest = abreast(numbers, begin, series)
        final = table[series.length - 1, np.arange(len(terms))]
        return series.back(final), furthest, partial(_column, series.places(), series.length, table)
    rows = zip(terms, begin.tolist(), np.split(now.value, now.bounds[1:-1]), strict=True)
    parts = [averages(*row) for row in rows]
    return np.array([one[-1] for one in parts]), np.array([np.abs(one).max() for one in parts]), parts.__getitem__


def _column(places: Ints, length: Ints, table: NDArray[np.float64], stretch: int) -> Floats:
    """Give the averages of one stretch."""
    place = places[stretch]
    return table[: length[place], place].copy()


def averages(terms: _Terms, begin: float, value: Floats) -> Floats:
    """Give the exponentially weighted average after every value of one stretch; `begin` is that before."""
    z = np.clip((value - terms.mean) * terms.each, -terms.far, terms.far)
    if len(z) > _SHORT:
        row = pl.Series(np.concatenate(([begin], z)))
        return row.ewm_mean(alpha=terms.weight, adjust=False).to_numpy()[1:]
    average, told = begin, []
    for one in z.tolist():
        average += terms.weight * (one - average)
        told.append(average)
    return np.array(told)


def abreast(terms: NDArray[np.float64], begin: Floats, series: Abreast) -> tuple[NDArray[np.float64], Floats]:
    """Give the averages by step and place, and by stretch how far they ever were; the same as `averages`."""
    mean, each, far, weight, _ = terms[series.order].T.copy()
    average, near = begin[series.order], -far
    table, low, high = np.empty_like(series.table), average * 0, average * 0
    for step, values in series.blocks():
        rows, many = values.shape
        block = np.subtract(values, mean[:many], out=table[step : step + rows, :many])
        np.multiply(block, each[:many], out=block)
        np.minimum(block, far[:many], out=block)
        np.maximum(block, near[:many], out=block)
        before, weights = average[:many], weight[:many]
        for now in block:
            np.subtract(now, before, out=now)
            np.multiply(now, weights, out=now)
            before = np.add(before, now, out=now)
        average[:many] = before
        np.maximum(high[:many], block.max(0), out=high[:many])
        np.minimum(low[:many], block.min(0), out=low[:many])
    return table, series.back(np.maximum(high, -low))


def _cross(
    one: Stretch, part: Floats, limit: float, now: Watch, chart: Rule, crossings: Crossings, *, closely: bool
) -> None:
    """Turn what turns on either side."""
    ns, bounds = now.ns[one.begin : one.end], Bounds(limit, limit * _BACK, limit * _BACK)
    for key, sign in SIDES:
        if closely:
            crossings.cross(one.subject, key, ns, sign * part, bounds, _said(one, part, chart, key))
        else:
            crossings.pass_by(one.subject, key, ns, sign * part, bounds.onset)


def _said(one: Stretch, part: Floats, chart: Rule, key: str) -> Callable[[int, int], Said]:
    def said(row: int, since: int) -> Said:
        usual = one.model["mean"]
        value = usual + float(part[row]) * one.model["deviation"]
        return Said(f"ewma.{key}", f"{value:.12g}", parameters(chart, value, usual, since))

    return said


EWMA: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Roberts 1959; Lucas, Saccucci 1990; limits of dependent values: Schmid 1997",
    title=Title(en="Average shifted", zh="均值偏移"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda chart, kept: lasting(chart.points, kept),
    signals=needed,
    parameters=Ewma,
    learns=True,
    forget=forget,
)
"""See the module."""
