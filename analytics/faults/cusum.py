"""CUSUM: a small shift that lasts, summed up until it is certain; one sum above, one below.

    z      = (value - mean) / deviation, no further than `FAR`              of what was learned, in the mode
    S      = max(0, S + z - slack)                                          0 when it begins
    alert  `count` values in a row with S beyond limit * inflation          since S was last 0 (Page 1954)
    then   R = max(0, R + slack - z)                                        evidence that it is over, from 0
    ends   R beyond half of limit * inflation; S begins again at 0

and the other side with -z. Sums of values that follow each other grow as if they were fewer: a limit that holds for
independent values holds for these times `inflation`, how many values tell as much as one (Bagshaw, Johnson 1975). The
slack is wider by two standard errors of the learned mean. One value far out counts as `FAR` (Lucas, Crosier 1982).

z is rounded to 2^-20 and the sums are integers: exact, so that in any portions they are the same, and S of a whole
batch is had at once, from C, the sum of all z - slack so far: S = C - min(0, least C so far).

What is carried of a signal, beside that of `stretches` and `crossings`: `sums`, of either side S or R in 2^-20, how
many values since S was last 0, since when, and how many in a row are beyond the limit.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np

from analytics.faults.columns import Floats, Ints
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen
from analytics.faults.crossings import Crossings, parameters, run_lengths
from analytics.faults.stretches import Chart, Stretch, Watch, blocks, charts, needed, watch
from collector.faultrules.charts import Cusum
from collector.park import Park, Title

SLUG: Final = "cusum"
"""Name of the detector."""

FAR: Final = 4.0
"""A value counts as no further out than this, in standard deviations."""

ONE: Final = 2**20
"""One standard deviation, as it is summed up."""

TEXTS: Final = {
    "cusum.high": Title(
        en="{name_en}: higher than usual since {since}: {value}{unit} on average, {moved}{unit} from {usual}{unit}",
        zh="{name_zh}：持续偏高，自 {since} 起均值 {value}{unit}，较正常值 {usual}{unit} 偏移 {moved}{unit}",
    ),
    "cusum.low": Title(
        en="{name_en}: lower than usual since {since}: {value}{unit} on average, {moved}{unit} from {usual}{unit}",
        zh="{name_zh}：持续偏低，自 {since} 起均值 {value}{unit}，较正常值 {usual}{unit} 偏移 {moved}{unit}",
    ),
}
"""What its alerts say."""

SIDES: Final[tuple[tuple[str, int], ...]] = (("high", 1), ("low", -1))
"""Its alarms, and the sign of what is summed up."""

Rule: TypeAlias = Chart[Cusum]
"""What is watched on one signal."""

_BACK: Final = 2
_ERRORS: Final = 2.0
_CHUNK: Final = 4096


def rules(park: Park) -> dict[str, Rule]:
    """Give every signal that asks for it."""
    asked = {path: one.faults.cusum for path, one in park.signals.items() if one.faults.cusum is not None}
    return charts(park, SLUG, asked, [key for key, _ in SIDES])


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    now = watch(watched, carried, seen)
    crossings = Crossings(watched, carried, now)
    for some in blocks(now.stretches):
        _block(some, now, watched, crossings)
    return crossings.found(seen)


@dataclass(slots=True)
class _Sum:
    """One side of one signal: S while its alarm is off, R while it is on."""

    sum: int = 0
    """In 2^-20 standard deviations."""

    rows: int = 0
    """How many values since S was last 0."""

    since: int | None = None
    """When the first of them was, ns since 1970."""

    run: int = 0
    """How many values in a row S is beyond the limit."""

    @property
    def kept(self) -> list[int | None]:
        """What is carried of it."""
        return [self.sum, self.rows, self.since, self.run]


@dataclass(frozen=True, slots=True)
class _Terms:
    """Of what is summed up in one stretch; in 2^-20 standard deviations."""

    slack: int
    limit: int
    count: int


def _terms(model: Mapping[str, Any], settings: Cusum) -> _Terms:
    error = _ERRORS * math.sqrt(model["inflation"] / model["rows"])
    return _Terms(
        round((settings.slack + error) * ONE), math.ceil(settings.limit * model["inflation"] * ONE), settings.count
    )


def _block(some: Sequence[Stretch], now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    first, last = some[0].begin, some[-1].end
    bounds = np.array([one.begin - first for one in some], dtype=np.int64)
    length = np.diff(np.append(bounds, last - first))
    terms = [_terms(one.model, watched[one.subject].settings) for one in some]
    z = rounded(now.value[first:last], some, length, FAR)
    kept = [
        [[0, 0, None, 0], [0, 0, None, 0]] if one.fresh else crossings.had(one.subject, "sums", [[0, 0, None, 0]] * 2)
        for one in some
    ]
    sums: list[list[_Sum]] = [[] for _ in some]
    for place, (key, sign) in enumerate(SIDES):
        before = [_Sum(*one[place]) for one in kept]
        told = _side(sign * z, bounds, length, before, terms, now.ns[first:last])
        for at, one in enumerate(some):
            highest, after = told[at]
            watched_closely = crossings.restless(one.subject) and crossings.comparators.on(one.subject, key)
            if highest > terms[at].limit or watched_closely:
                values = sign * z[bounds[at] : bounds[at] + length[at]]
                side = _Side(one, key, sign, values, now.ns[one.begin : one.end], watched[one.subject])
                after = side.legs(before[at], terms[at], crossings)
            sums[at].append(after)
    for at, one in enumerate(some):
        crossings.carry(one.subject, sums=[side.kept for side in sums[at]])
        _indicate(one, sums[at], terms[at], int(now.ns[one.end - 1]), crossings)


def rounded(value: Floats, some: Sequence[Stretch], length: Ints, far: float) -> Ints:
    """Give values in 2^-20 standard deviations from the mean, no further than `far`; 0 where none was ever known."""
    mean = np.array([one.model["mean"] for one in some])
    deviation = np.array([one.model["deviation"] for one in some])
    z = value - np.repeat(mean, length)
    z *= np.repeat(np.divide(ONE, deviation, out=np.zeros(len(some)), where=deviation > 0), length)
    np.clip(z, -far * ONE, far * ONE, out=z)
    whole: Ints = np.rint(z, out=z).astype(np.int64)
    return whole


def _side(
    z: Ints, bounds: Ints, length: Ints, before: Sequence[_Sum], terms: Sequence[_Terms], ns: Ints
) -> list[tuple[int, _Sum]]:
    """Give by stretch how high S has come, and how it stands; as if no alarm began."""
    start = np.array([one.sum for one in before], dtype=np.int64)
    steps = z - np.repeat(np.array([one.slack for one in terms], dtype=np.int64), length)
    apart = 2 * int(start.max() + (FAR * ONE + max(one.slack for one in terms)) * int(length.max())) + 1
    floor = -apart * np.arange(len(length))
    total = np.add.reduceat(steps, bounds) + start
    steps[bounds] += start + np.diff(floor, prepend=0) - np.append(0, total[:-1])
    reached = np.cumsum(steps, out=steps)
    least = np.minimum(np.minimum.accumulate(reached), np.repeat(floor, length))
    sums = np.subtract(reached, least, out=reached)
    highest = np.maximum.reduceat(sums, bounds).tolist()
    zeros = np.maximum.reduceat(np.where(sums <= 0, np.arange(len(sums)), -1), bounds).tolist()
    ends = (bounds + length - 1).tolist()
    final = sums[bounds + length - 1].tolist()
    return [
        (highest[at], _after(final[at], zeros[at], ends[at], int(bounds[at]), before[at], ns))
        for at in range(len(before))
    ]


def _after(total: int, zero: int, end: int, begin: int, before: _Sum, ns: Ints) -> _Sum:
    """Tell how S stands after a stretch whose last zero was at `zero`; -1: there was none."""
    if total <= 0:
        return _Sum()
    if zero >= 0:
        return _Sum(total, end - zero, int(ns[zero + 1]))
    since = int(ns[begin]) if before.since is None else before.since
    return _Sum(total, before.rows + end - begin + 1, since)


@dataclass(frozen=True, slots=True, eq=False)
class _Side:
    """Values of one side of one stretch."""

    stretch: Stretch
    key: str
    sign: int
    z: Ints
    ns: Ints
    chart: Rule

    def legs(self, state: _Sum, terms: _Terms, crossings: Crossings) -> _Sum:
        """Go from alarm to its end to the next alarm, some thousand values at a time: how the sum stands then."""
        row = 0
        while row < len(self.z):
            rows = slice(row, row + _CHUNK)
            passed, state = replace(self, z=self.z[rows], ns=self.ns[rows]).leg(state, terms, crossings)
            row += passed
        return state

    def leg(self, state: _Sum, terms: _Terms, crossings: Crossings) -> tuple[int, _Sum]:
        """Go to where the comparator turns, or to the end: how many values were passed, and how the sum stands."""
        path = self.stretch.subject
        on = crossings.comparators.on(path, self.key)
        steps = terms.slack - self.z if on else self.z - terms.slack
        reached = np.cumsum(steps) + state.sum
        sums = reached - np.minimum(np.minimum.accumulate(reached), 0)
        beyond = sums > (terms.limit // _BACK if on else terms.limit)
        runs = run_lengths(beyond, 0 if on else state.run)
        turns = np.flatnonzero(runs >= (1 if on else terms.count))
        at = int(turns[0]) if len(turns) else len(sums) - 1
        zeros = np.flatnonzero(sums[: at + 1] <= 0)
        after = _after(int(sums[at]), int(zeros[-1]) if len(zeros) else -1, at, 0, state, self.ns)
        if not len(turns):
            return len(sums), _Sum(after.sum) if on else replace(after, run=int(runs[at]))
        instant = int(self.ns[at])
        crossings.comparators.pass_time(path, instant, self.key)
        if on:
            crossings.comparators.turn(path, self.key, instant, on=False)
        else:
            began = instant if after.since is None else after.since
            crossings.comparators.turn(path, self.key, began, on=True, said=self._said(after, terms, began))
            crossings.comparators.pass_time(path, instant, self.key)
        return at + 1, _Sum()

    def _said(self, state: _Sum, terms: _Terms, since: int) -> Said:
        model = self.stretch.model
        shift = self.sign * (state.sum / max(1, state.rows) + terms.slack) / ONE
        value = model["mean"] + shift * model["deviation"]
        return Said(f"cusum.{self.key}", f"{value:.12g}", parameters(self.chart, value, model["mean"], since))


def _indicate(one: Stretch, sides: Sequence[_Sum], terms: _Terms, at: int, crossings: Crossings) -> None:
    """Tell the higher of the two sums; while an alarm lasts, how far it is from its end, beyond the limit."""
    highest = 0.0
    for side, (key, _) in zip(sides, SIDES, strict=True):
        on = crossings.comparators.on(one.subject, key)
        highest = max(highest, terms.limit + terms.limit // _BACK - side.sum if on else side.sum)
    crossings.indicate(one.subject, SLUG, at, highest / ONE, terms.limit / ONE)


CUSUM: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Page 1954; dependent values: Bagshaw, Johnson 1975; values far out: Lucas, Crosier 1982",
    title=Title(en="Average shifted a little", zh="均值小幅持续偏移"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda chart, kept: lasting(chart.points, kept),
    signals=needed,
    parameters=Cusum,
    learns=True,
)
"""See the module."""
