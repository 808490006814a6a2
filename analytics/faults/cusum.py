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
batch is had at once, from C, the sum of all z - slack so far: S = C - min(0, least C so far). Of many series it is had
step by step.

What is carried of a signal, beside that of `stretches` and `crossings`: `sums`, of either side S or R in 2^-20, how
many values since S was last 0, since when, and how many in a row are beyond the limit.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import numpy as np

from analytics.faults.abreast import Abreast
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
    if now.stretches:
        _look(now, watched, crossings)
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


_Passed: TypeAlias = list[tuple[int, int, int]]
"""By stretch how high S has come, how high it is, and the row of its last 0; -1: there was none."""


def _look(now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    some = now.stretches
    terms = [_terms(one.model, watched[one.subject].settings) for one in some]
    before = [_before(one, crossings) for one in some]
    bounds = np.array([one.begin for one in some], dtype=np.int64)
    series = Abreast.of(now.value, bounds, np.diff(np.append(bounds, len(now.value))))
    passed = _in_blocks(now, terms, before) if series is None else _abreast(series, some, terms, before)
    for at, one in enumerate(some):
        sums = []
        restless = crossings.restless(one.subject)
        for place, (key, sign) in enumerate(SIDES):
            highest, total, zero = passed[place][at]
            if highest > terms[at].limit or (restless and crossings.comparators.on(one.subject, key)):
                value = now.value[one.begin : one.end]
                z = sign * rounded(value, [one], np.array([len(value)]), FAR)
                side = _Side(one, key, sign, z, now.ns[one.begin : one.end], watched[one.subject])
                sums.append(side.legs(before[at][place], terms[at], crossings))
            else:
                sums.append(_after(total, zero, one.end - 1, one.begin, before[at][place], now.ns))
        crossings.carry(one.subject, sums=[side.kept for side in sums])
        _indicate(one, sums, terms[at], int(now.ns[one.end - 1]), crossings)


def _before(one: Stretch, crossings: Crossings) -> tuple[_Sum, _Sum]:
    """Give the sums as they were before a stretch."""
    kept = None if one.fresh else crossings.had(one.subject, "sums", None)
    return (_Sum(), _Sum()) if kept is None else (_Sum(*kept[0]), _Sum(*kept[1]))


def _in_blocks(now: Watch, terms: Sequence[_Terms], before: Sequence[tuple[_Sum, _Sum]]) -> tuple[_Passed, _Passed]:
    """Sum up stretch after stretch, as if no alarm began: high, low."""
    sides: tuple[_Passed, _Passed] = ([], [])
    done = 0
    for some in blocks(now.stretches):
        first, last = some[0].begin, some[-1].end
        bounds = np.array([one.begin - first for one in some], dtype=np.int64)
        length = np.diff(np.append(bounds, last - first))
        z = rounded(now.value[first:last], some, length, FAR)
        for place, (_, sign) in enumerate(SIDES):
            start = [one[place].sum for one in before[done : done + len(some)]]
            for high, total, zero in _side(sign * z, bounds, length, start, terms[done : done + len(some)]):
                sides[place].append((high, total, zero + first if zero >= 0 else -1))
        done += len(some)
    return sides


def _abreast(
    series: Abreast, some: Sequence[Stretch], terms: Sequence[_Terms], before: Sequence[tuple[_Sum, _Sum]]
) -> tuple[_Passed, _Passed]:
    """Sum up all stretches step by step, as if no alarm began: high, low; the same as `_in_blocks`."""
    model = [one.model for one in some]
    mean = np.array([one["mean"] for one in model])[series.order]
    each = np.array([ONE / one["deviation"] if one["deviation"] > 0 else 0.0 for one in model])[series.order]
    slack = np.array([one.slack for one in terms], dtype=np.float64)[series.order]
    sums = [np.array([one[place].sum for one in before], dtype=np.float64)[series.order] for place in range(2)]
    highest, zeros = [one * 0 for one in sums], [np.full(len(some), -1) for _ in sums]
    far, zero = FAR * ONE, np.empty(len(some), dtype=bool)
    for number, z in series.steps():
        many = len(z)
        np.subtract(z, mean[:many], out=z)
        np.multiply(z, each[:many], out=z)
        np.minimum(z, far, out=z)
        np.maximum(z, -far, out=z)
        np.rint(z, out=z)
        for place, add in enumerate((np.add, np.subtract)):
            total = sums[place][:many]
            add(total, z, out=total)
            np.subtract(total, slack[:many], out=total)
            np.less_equal(total, 0.0, out=zero[:many])
            np.maximum(total, 0.0, out=total)
            np.maximum(highest[place][:many], total, out=highest[place][:many])
            np.copyto(zeros[place][:many], number, where=zero[:many])
    return _told(series, some, highest[0], sums[0], zeros[0]), _told(series, some, highest[1], sums[1], zeros[1])


def _told(series: Abreast, some: Sequence[Stretch], highest: Floats, total: Floats, zeros: Ints) -> _Passed:
    """Give what came of one side by stretch."""
    back = (series.back(one) for one in (highest, total, zeros))
    return [
        (int(high), int(now), one.begin + int(zero) if zero >= 0 else -1)
        for one, high, now, zero in zip(some, *back, strict=True)
    ]


def rounded(value: Floats, some: Sequence[Stretch], length: Ints, far: float) -> Ints:
    """Give values in 2^-20 standard deviations from the mean, no further than `far`; 0 where none was ever known."""
    mean = np.array([one.model["mean"] for one in some])
    deviation = np.array([one.model["deviation"] for one in some])
    z = value - np.repeat(mean, length)
    z *= np.repeat(np.divide(ONE, deviation, out=np.zeros(len(some)), where=deviation > 0), length)
    np.clip(z, -far * ONE, far * ONE, out=z)
    whole: Ints = np.rint(z, out=z).astype(np.int64)
    return whole


def _side(z: Ints, bounds: Ints, length: Ints, before: Sequence[int], terms: Sequence[_Terms]) -> _Passed:
    """Sum up the stretches of a block, one side of them."""
    start = np.array(before, dtype=np.int64)
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
    return list(zip(highest, sums[bounds + length - 1].tolist(), zeros, strict=True))


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
    highest, restless = 0.0, crossings.restless(one.subject)
    for side, (key, _) in zip(sides, SIDES, strict=True):
        on = restless and crossings.comparators.on(one.subject, key)
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
