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
step by step, and when it was last 0 backwards from the end, by taking off what was added.

What is carried of a signal, beside that of `stretches` and `crossings`: `sums`, of either side S or R in 2^-20, how
many values since S was last 0, since when, and how many in a row are beyond the limit.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from analytics.faults.abreast import Abreast
from analytics.faults.columns import Floats, Ints
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen
from analytics.faults.crossings import Crossings, parameters, run_lengths
from analytics.faults.stretches import Chart, Stretch, Watch, blocks, charts, derive, forget, needed, watch
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
_BACKWARDS: Final = 32


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


class _Terms(NamedTuple):
    """Of what is summed up in one stretch; in 2^-20 standard deviations."""

    slack: int
    limit: int
    many: int
    mean: float
    each: float


def _terms(model: Mapping[str, Any], settings: Cusum) -> _Terms:
    error, deviation = _ERRORS * math.sqrt(model["inflation"] / model["rows"]), model["deviation"]
    return _Terms(
        slack=round((settings.slack + error) * ONE),
        limit=math.ceil(settings.limit * model["inflation"] * ONE),
        many=settings.count,
        mean=model["mean"],
        each=ONE / deviation if deviation > 0 else 0.0,
    )


class _Passed(NamedTuple):
    """What came of the stretches, as if no alarm began: by side and stretch."""

    highest: Ints
    """How high S has come."""

    total: Ints
    """How high it is."""

    zero: Ints
    """The row of its last 0; less than 0: there was none, or it was before."""


def _look(now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    some, bounds = now.stretches, now.bounds
    terms, numbers = derive(watched, some, _terms)
    before = [None if one.fresh else crossings.had(one.subject, "sums", None) for one in some]
    start = np.array([(0, 0) if one is None else (one[0][0], one[1][0]) for one in before], dtype=np.int64).T
    series = Abreast.of(now.value, bounds, now.table)
    passed = _in_blocks(now, terms, start) if series is None else _abreast(series, bounds, numbers, start)
    limit = numbers[:, _Terms._fields.index("limit")].astype(np.int64)
    sums, height = _quietly(now, passed, before), passed.total.max(0)
    for at in np.flatnonzero((passed.highest > limit).any(0) | crossings.stirred()).tolist():
        far = passed.highest[:, at] > limit[at]
        close = _Closely(some[at], terms[at], now, watched[some[at].subject], crossings)
        sums[at], height[at] = close.turn(far.tolist(), before[at], sums[at])
    crossings.carry_all("sums", sums)
    crossings.indicate_all(SLUG, height / ONE, limit / ONE)


_Kept: TypeAlias = list[list[int | None]]
"""What is carried of both sides, as `_Sum.kept` tells."""


def _quietly(now: Watch, passed: _Passed, before: Sequence[_Kept | None]) -> list[_Kept]:
    """Give what is carried of every stretch, as if no alarm began."""
    bounds = now.bounds
    rows = bounds[1:] - 1 - passed.zero
    since = now.ns[np.clip(passed.zero + 1, 0, len(now.ns) - 1)]
    sides = [
        [
            [total, number, instant, 0] if total else [0, 0, None, 0]
            for total, number, instant in zip(*side, strict=True)
        ]
        for side in zip(passed.total.tolist(), rows.tolist(), since.tolist(), strict=True)
    ]
    for place, at in np.argwhere((passed.zero < bounds[:-1]) & (passed.total > 0)).tolist():
        begin, end, total = int(bounds[at]), int(bounds[at + 1]) - 1, int(passed.total[place, at])
        sides[place][at] = _after(total, -1, end, begin, _sum(before[at], place), now.ns).kept
    return [list(both) for both in zip(*sides, strict=True)]


def _sum(kept: _Kept | None, place: int) -> _Sum:
    """Read what was carried of a side."""
    total, rows, since, run = (0, 0, None, 0) if kept is None else kept[place]
    return _Sum(total or 0, rows or 0, since, run or 0)


def _in_blocks(now: Watch, terms: Sequence[_Terms], start: Ints) -> _Passed:
    """Sum up stretch after stretch."""
    highest, total, zero = np.empty((3, 2, len(terms)), dtype=np.int64)
    done = 0
    for some in blocks(now.stretches):
        first, last = some[0].begin, some[-1].end
        bounds = np.array([one.begin - first for one in some], dtype=np.int64)
        length = np.diff(np.append(bounds, last - first))
        z = rounded(now.value[first:last], some, length, FAR)
        part = slice(done, done + len(some))
        for place, (_, sign) in enumerate(SIDES):
            told = _side(sign * z, bounds, length, start[place, part], terms[part])
            highest[place, part], total[place, part], zeros = told
            zero[place, part] = np.where(zeros < 0, -1, zeros + first)
        done += len(some)
    return _Passed(highest, total, zero)


def _abreast(series: Abreast, bounds: Ints, terms: NDArray[np.float64], start: Ints) -> _Passed:
    """Sum up all stretches step by step; the same as `_in_blocks`."""
    slack, *_, mean, each = terms[series.order].T.copy()
    total = start[:, series.order].astype(np.float64)
    highest, nothing = total * 0, total * 0
    for _, values in series.blocks():
        rows, many = values.shape
        z = _whole(values, mean[:many], each[:many], FAR)
        steps = np.empty((rows, 2, many))
        np.subtract(z, slack[:many], out=steps[:, 0])
        np.subtract(-slack[:many], z, out=steps[:, 1])
        before, zero = total[:, :many], nothing[:, :many]
        for step in steps:
            np.add(step, before, out=step)
            before = np.maximum(step, zero, out=step)
        total[:, :many] = before
        np.maximum(highest[:, :many], steps.max(0), out=highest[:, :many])
    zeros = _last_zeros(series, total, slack, mean, each)
    high, now, last = (series.back(one).astype(np.int64) for one in (highest, total, zeros))
    return _Passed(high, now, bounds[:-1] + last)


def _last_zeros(series: Abreast, total: Floats, slack: Floats, mean: Floats, each: Floats) -> Floats:
    """Give the step at which sums were last 0, by side and place; -1: none was."""
    zeros = np.broadcast_to(series.length - 1.0, total.shape).copy()
    side, place = np.nonzero(total > 0)
    end, left = series.length[place] - 1, total[side, place]
    while len(place):
        steps = end - np.arange(_BACKWARDS)[:, None]
        z = _whole(series.table[np.maximum(steps, 0), place], mean[place], each[place], FAR)
        reached = left - np.cumsum(np.where(side == 0, z, -z) - slack[place], axis=0)
        over = (reached <= 0) | (steps <= 0)
        ends, first = over.any(0), over.argmax(0)
        zeros[side[ends], place[ends]] = (end - first)[ends] - 1
        side, place, end, left = side[~ends], place[~ends], end[~ends] - _BACKWARDS, reached[-1, ~ends]
    return zeros


def rounded(value: Floats, some: Sequence[Stretch], length: Ints, far: float) -> Ints:
    """Give values in 2^-20 standard deviations from the mean, no further than `far`; 0 where none was ever known."""
    mean = np.array([one.model["mean"] for one in some])
    deviation = np.array([one.model["deviation"] for one in some])
    each = np.divide(ONE, deviation, out=np.zeros(len(some)), where=deviation > 0)
    return _whole(value, np.repeat(mean, length), np.repeat(each, length), far).astype(np.int64)


def _whole(value: NDArray[np.float64], mean: Floats, each: Floats, far: float) -> NDArray[np.float64]:
    """Give values in 2^-20 standard deviations, of which the signal's unit is `each`, as whole numbers."""
    z = np.subtract(value, mean)
    np.multiply(z, each, out=z)
    np.minimum(z, far * ONE, out=z)
    np.maximum(z, -far * ONE, out=z)
    return np.rint(z, out=z)


def _side(z: Ints, bounds: Ints, length: Ints, start: Ints, terms: Sequence[_Terms]) -> tuple[Ints, Ints, Ints]:
    """Sum up the stretches of a block, one side of them: how high S comes, how high it is, the row of its last 0."""
    steps = z - np.repeat(np.array([one.slack for one in terms], dtype=np.int64), length)
    apart = 2 * int(start.max() + (FAR * ONE + max(one.slack for one in terms)) * int(length.max())) + 1
    floor = -apart * np.arange(len(length))
    total = np.add.reduceat(steps, bounds) + start
    steps[bounds] += start + np.diff(floor, prepend=0) - np.append(0, total[:-1])
    reached = np.cumsum(steps, out=steps)
    least = np.minimum(np.minimum.accumulate(reached), np.repeat(floor, length))
    sums = np.subtract(reached, least, out=reached)
    zeros = np.maximum.reduceat(np.where(sums <= 0, np.arange(len(sums)), -1), bounds)
    return np.maximum.reduceat(sums, bounds), sums[bounds + length - 1], zeros


def _after(total: int, zero: int, end: int, begin: int, before: _Sum, ns: Ints) -> _Sum:
    """Tell how S stands after a stretch whose last zero was at `zero`; -1: there was none."""
    if total <= 0:
        return _Sum()
    if zero >= 0:
        return _Sum(total, end - zero, int(ns[zero + 1]))
    since = int(ns[begin]) if before.since is None else before.since
    return _Sum(total, before.rows + end - begin + 1, since)


@dataclass(frozen=True, slots=True, eq=False)
class _Closely:
    """A stretch in which an alarm begins, lasts or ends."""

    stretch: Stretch
    terms: _Terms
    now: Watch
    chart: Rule
    crossings: Crossings

    def turn(self, far: Sequence[bool], before: _Kept | None, after: _Kept) -> tuple[_Kept, int]:
        """Turn what turns: what is carried then, and the higher of the two sums.

        While an alarm lasts, its sum is how far it is from its end, beyond the limit.

        Args:
            far: by side, whether S has been beyond the limit.
            before: what was carried.
            after: what is to be carried where nothing turns.
        """
        one, limit = self.stretch, self.terms.limit
        told, height = [*after], 0
        for place, (key, sign) in enumerate(SIDES):
            if far[place] or self._on(key):
                value = self.now.value[one.begin : one.end]
                z = sign * rounded(value, [one], np.array([len(value)]), FAR)
                side = _Side(one, key, sign, z, self.now.ns[one.begin : one.end], self.chart)
                told[place] = side.legs(_sum(before, place), self.terms, self.crossings).kept
            total = _sum(told, place).sum
            height = max(height, limit + limit // _BACK - total if self._on(key) else total)
        return told, height

    def _on(self, key: str) -> bool:
        return self.crossings.comparators.on(self.stretch.subject, key)


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
        turns = np.flatnonzero(runs >= (1 if on else terms.many))
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
    forget=forget,
)
"""See the module."""
