"""Learning: what is normal of one signal, from the first usable time or from a declared healthy time.

    learn(terms, kept, rows) ─► lessons: what still learns, what has learned, and the rows that come after

- It learns from usable values until they span `Terms.span` of usable time and are `LEAST` or more. A step between two
  values that follow each other counts as usable time; one over a gap, over a Bad sample, over a time in which the
  machine did not produce, or longer than an eighth of the span, counts nothing.
- A declared healthy time is learned from between its two ends. One that is over when the first value comes, with fewer
  than `LEAST` values, or with values in fewer than `FILLED` of its buckets, cannot be learned from; then what comes is.
- The time is parted into `BUCKETS` buckets. Of each is kept: its first two values, the mean of its first 8, 32 and 128,
  the mean of all, how many they are, the lowest and the highest. That is 48 bytes a bucket, 6 KiB a signal while it
  learns, however long that is; afterwards the model alone, below 1 KiB. The same in whatever portions values come.
- A value beyond 1e30, such as what some devices send for none, counts as that: sums stay numbers.
- A bucket whose mean lies further than six robust deviations from the median of the buckets' means is not like the
  others, and is left out: a disturbance in less than half of the time does not spoil what is learned.

How far means of so many values stray is measured, not derived: successive values are seldom independent, and limits of
charts that take them for it are false (Alwan, Roberts 1988). The means of the buckets' first values, of whole buckets
and of two, four and eight together give it by length (batch means: Conway 1963; Law, Carson 1979).

What is carried while it learns, by key (a signal, or a signal in one mode):

    origin  first value; what is kept is told from it     first, last   first and last instant, ns since 1970
    used    usable time, ns                                rows    how many values
    bucket  the open one: number, then as in `done`; sum
    done    closed buckets, nine 32-bit floats each, base64
"""

import math
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.faults.columns import Flags, Floats, Ints
from analytics.faults.contract import Baseline, Carried, nanoseconds
from collector.faultrules.detection import Learned

BUCKETS: Final = 128
"""Into so many parts the time is parted."""

LEAST: Final = 30
"""From so many values something can be learned."""

FILLED: Final = 16
"""In so many buckets of a declared time there are values, or nobody knows how far means stray."""

GAP: Final = 8
"""A step longer than this part of the span is a gap."""

CONSISTENT: Final = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""

_PREFIXES: Final = (8, 32, 128)
_FIRST, _SECOND, _MEAN, _COUNT, _LOW, _HIGH = 0, 1, 5, 6, 7, 8
_WIDTH: Final = 9
_TEXT: Final = _WIDTH * 4 * 4 // 3
_FAR: Final = 1e30
_UNLIKE: Final = 6.0
_FEW: Final = 20
_BATCHES: Final = (2, 4, 8)


@dataclass(frozen=True, slots=True)
class Terms:
    """From when, and for how long, something learns."""

    span: int
    """How much usable time, or how long the healthy time is, ns; more than 0."""

    start: int | None = None
    """Begin of the declared healthy time, ns since 1970; None: none is declared."""

    @classmethod
    def of(cls, learned: Learned) -> Self:
        """Give the terms of a configured detector."""
        if learned.healthy is None:
            return cls(nanoseconds(learned.learn))
        start, end = (round(one.timestamp() * 1e6) * 1000 for one in (learned.healthy.start, learned.healthy.end))
        return cls(end - start, start)


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal of one signal; values in its unit."""

    mean: float
    """Mean of what is like the rest."""

    median: float
    """Median of the buckets' first values."""

    deviation: float
    """Standard deviation, values beyond six robust deviations counted as these; 0: it never moved."""

    spread: float
    """Robust standard deviation: 1.4826 times the median absolute deviation; 0 where half of the values are one."""

    inflation: float
    """How many values tell as much as one independent would; 1 or more. `rows / inflation` is how many they really
    are."""

    means: tuple[tuple[float, float], ...]
    """How far the mean of so many successive values strays: number and standard deviation, by number."""

    slow: float
    """Variance that neighbouring buckets share: what moves more slowly than a bucket is long."""

    low: float
    """The lowest value but for two buckets."""

    high: float
    """The highest value but for two buckets."""

    rows: int
    """From how many values it was learned."""

    def carried(self) -> dict[str, Any]:
        """Give it as JSON gives it back."""
        return {**asdict(self), "means": [[number, strays] for number, strays in self.means]}


def strays(means: Sequence[Sequence[float]], values: float) -> float:
    """Tell how far the mean of so many successive values strays, from `Normal.means`; straight in logarithms."""
    place = next((place for place, (number, _) in enumerate(means) if number >= values), len(means))
    if place in (0, len(means)):
        return means[min(place, len(means) - 1)][1]
    (number, less), (more, least) = means[place - 1], means[place]
    part = math.log(values / number) / math.log(more / number)
    return less * (least / less) ** part if less > 0 else 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Usable values of things that learn, as columns; those of one key together, in order of time."""

    bounds: Ints
    """Rows of the key at place `i` are `bounds[i]` to `bounds[i + 1]`."""

    ns: Ints
    """Instants, ns since 1970."""

    value: Floats
    """Values."""

    broken: Flags
    """Whether something may be missing between the value before and this one, also of an earlier look."""


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What came of a look."""

    kept: Mapping[str, dict[str, Any]]
    """By key, what is carried of those that still learn."""

    learned: Mapping[str, Baseline]
    """By key, what was learned; `model` is that of `Normal`, and the subject is the key."""

    after: Ints
    """By place of the key, from which row on the values come after the lesson; the end of its rows where none do."""


def learn(terms: Mapping[str, Terms], kept: Mapping[str, Carried], rows: Rows) -> Lessons:
    """Learn from the values of a look, as the module tells.

    Args:
        terms: by key, in the order of `rows.bounds`.
        kept: what was carried, by key; keys without learn from the beginning.
        rows: the values, none older than those before.

    Returns:
        What still learns, what has learned, and which values come after.
    """
    keys = list(terms)
    course = _Course(keys, [kept.get(key) for key in keys], list(terms.values()), rows)
    return course.lessons()


class _Course:
    """One look of many keys."""

    def __init__(self, keys: list[str], kept: list[Carried | None], terms: list[Terms], rows: Rows) -> None:
        self._keys, self._terms, self._rows = keys, terms, rows
        self._kept = kept

    def lessons(self) -> Lessons:
        """Learn."""
        first, end, used = self._time()
        sums = self._buckets(first, end, used)
        kept: dict[str, dict[str, Any]] = {}
        learned: dict[str, Baseline] = {}
        after = np.where(self._done, end, self._rows.bounds[1:])
        for place, key in enumerate(self._keys):
            state = self._state(place, int(first[place]), int(end[place]), used, sums[place])
            if state is None:
                continue
            if self._done[place]:
                learned[key] = _baseline(key, state)
            else:
                kept[key] = state
        return Lessons(kept, learned, after)

    def _time(self) -> tuple[Ints, Ints, Ints]:
        """Tell by key the rows that are learned from, and by row the usable time."""
        rows, bounds = self._rows, self._rows.bounds
        count = np.diff(bounds)
        owner = np.repeat(np.arange(len(count)), count)
        before = np.array([one["last"] if one else 0 for one in self._kept], dtype=np.int64)
        used = np.array([one["used"] if one else 0 for one in self._kept], dtype=np.int64)
        number = np.array([one["rows"] if one else 0 for one in self._kept], dtype=np.int64)
        span = np.array([one.span for one in self._terms], dtype=np.int64)
        starts = bounds[:-1][count > 0]
        step = np.diff(rows.ns, prepend=0)
        step[starts] = rows.ns[starts] - before[count > 0]
        counts = ~rows.broken & (step <= (span // GAP)[owner])
        counts[starts] &= np.array([one is not None for one in self._kept], dtype=bool)[count > 0]
        spent = np.where(counts, step, 0)
        total = np.cumsum(spent)
        base = np.zeros(len(count), dtype=np.int64)
        base[count > 0] = total[starts] - spent[starts]
        time = total - base[owner] + used[owner]
        nth = np.arange(len(owner)) - bounds[:-1][owner] + number[owner]
        full = (time >= span[owner]) & (nth + 1 >= LEAST)
        first, end = bounds[:-1].copy(), bounds[1:].copy()
        self._done = np.zeros(len(count), dtype=bool)
        for place in np.unique(owner[full]):
            end[place] = bounds[place] + int(np.argmax(full[bounds[place] : bounds[place + 1]])) + 1
            self._done[place] = True
        self._healthy(first, end, time)
        return first, end, time

    def _healthy(self, first: Ints, end: Ints, time: Ints) -> None:
        """Put right what is learned from a declared time."""
        rows = self._rows
        for place, terms in enumerate(self._terms):
            if terms.start is None or rows.bounds[place] == rows.bounds[place + 1]:
                continue
            begin, stop = int(rows.bounds[place]), int(rows.bounds[place + 1])
            ns, over = rows.ns[begin:stop], terms.start + terms.span
            kept = self._kept[place]
            inside = int(np.searchsorted(ns, terms.start)), int(np.searchsorted(ns, over))
            if kept is not None and kept["first"] >= over:
                continue
            spent = np.clip(ns - terms.start, 0, terms.span)
            if inside[1] == len(ns) or _is_enough(kept, _bucket(spent[slice(*inside)], terms.span)):
                first[place], end[place] = begin + inside[0], begin + inside[1]
                time[begin:stop] = spent
                self._done[place] = inside[1] < len(ns)
            else:
                self._anew(place, begin + inside[1], first, end, time)

    def _anew(self, place: int, begin: int, first: Ints, end: Ints, time: Ints) -> None:
        """Learn from what comes, as the declared time cannot be learned from."""
        rows, stop = self._rows, int(self._rows.bounds[place + 1])
        self._kept[place] = None
        ns, span = rows.ns[begin:stop], self._terms[place].span
        step = np.diff(ns, prepend=ns[:1])
        step[(step > span // GAP) | rows.broken[begin:stop]] = 0
        time[begin:stop] = np.cumsum(step) - step[0]
        full = (time[begin:stop] >= span) & (np.arange(1, stop - begin + 1) >= LEAST)
        self._done[place] = bool(full.any())
        first[place], end[place] = begin, begin + int(np.argmax(full)) + 1 if full.any() else stop

    def _buckets(self, first: Ints, end: Ints, time: Ints) -> list[tuple[str, list[float | None] | None]]:
        """Give by key the buckets that were closed, as text, and the one that is open."""
        number = end - first
        picked = np.repeat(first - np.concatenate(([0], np.cumsum(number)[:-1])), number) + np.arange(number.sum())
        owner = np.repeat(np.arange(len(number)), number)
        span = np.array([one.span for one in self._terms], dtype=np.int64)
        bucket = _bucket(time[picked], span[owner])
        values = np.clip(self._rows.value, -_FAR, _FAR)
        origin = np.zeros(len(number))
        some = number > 0
        origin[some] = values[first[some]]
        origin[np.abs(origin) >= _FAR] = 0.0
        for place, one in enumerate(self._kept):
            if one is not None:
                origin[place] = one["origin"]
        self._origin = origin
        value = values[picked] - origin[owner]
        joined = ~self._rows.broken[picked]
        group = _Groups(owner, bucket, value, joined, [one["bucket"] if one else None for one in self._kept])
        return group.closed(len(number))

    def _state(
        self, place: int, first: int, end: int, time: Ints, told: tuple[str, list[float | None] | None]
    ) -> dict[str, Any] | None:
        """Give what is to be carried of a key; None where nothing was ever seen."""
        kept, (closed, current) = self._kept[place], told
        if end <= first:
            return None if kept is None else {**kept}
        return {
            "origin": float(self._origin[place]),
            "first": kept["first"] if kept else int(self._rows.ns[first]),
            "last": int(self._rows.ns[end - 1]),
            "used": int(time[end - 1]),
            "rows": (kept["rows"] if kept else 0) + end - first,
            "bucket": current,
            "done": (kept["done"] if kept else "") + closed,
        }


def _bucket(time: Ints, span: Ints | int) -> Ints:
    """Give the number of the bucket that a time lies in."""
    number: Ints = np.minimum(time * BUCKETS // span, BUCKETS - 1)
    return number


def _is_enough(kept: Carried | None, bucket: Ints) -> bool:
    """Tell whether a declared time can be learned from, with more values in these buckets."""
    if kept is None:
        return len(bucket) >= LEAST and len(np.unique(bucket)) >= FILLED
    filled = len(kept["done"]) // _TEXT + len({kept["bucket"][0], *bucket.tolist()})
    return bool(kept["rows"] + len(bucket) >= LEAST and filled >= FILLED)


class _Groups:
    """Rows by key and bucket, after what was carried of the bucket that is open."""

    def __init__(
        self, owner: Ints, bucket: Ints, value: Floats, joined: Flags, kept: list[list[float | None] | None]
    ) -> None:
        change = np.ones(len(owner), dtype=bool)
        change[1:] = (owner[1:] != owner[:-1]) | (bucket[1:] != bucket[:-1])
        self._start = np.flatnonzero(change)
        self._stop = np.append(self._start[1:], len(owner))
        self._owner, self._bucket = owner[self._start], bucket[self._start]
        self._kept = kept
        leads = np.ones(len(self._start), dtype=bool)
        leads[1:] = self._owner[1:] != self._owner[:-1]
        self._table = self._filled(value, joined, leads)

    def _filled(self, value: Floats, joined: Flags, leads: Flags) -> NDArray[np.float64]:
        """Give a row per group: as in `done`, then the sum."""
        start, number = self._start, self._stop - self._start
        table = np.full((len(start), _WIDTH + 1), np.nan)
        table[:, _COUNT] = table[:, -1] = 0.0
        for place in np.flatnonzero(leads):
            one = self._kept[self._owner[place]]
            if one is not None and one[0] == self._bucket[place]:
                table[place] = [math.nan if cell is None else cell for cell in one[1:]]
        if not len(start):
            return table
        had = table[:, _COUNT].astype(np.int64)
        sums = _running(value, start, number, table[:, -1])
        begins = had == 0
        table[begins, _FIRST] = value[start[begins]]
        second = start + 1 - had
        pairs = (had < _SECOND + 1) & (second < self._stop)
        pairs[pairs] &= joined[second[pairs]]
        table[pairs, _SECOND] = value[second[pairs]]
        for column, length in enumerate(_PREFIXES, _SECOND + 1):
            row = start + length - had - 1
            whole = (had < length) & (row < self._stop)
            table[whole, column] = sums[row[whole]] / length
        table[:, _COUNT] += number
        table[:, -1] = sums[self._stop - 1]
        table[:, _MEAN] = table[:, -1] / table[:, _COUNT]
        table[:, _LOW] = np.fmin(table[:, _LOW], np.minimum.reduceat(value, start))
        table[:, _HIGH] = np.fmax(table[:, _HIGH], np.maximum.reduceat(value, start))
        return table

    def closed(self, keys: int) -> list[tuple[str, list[float | None] | None]]:
        """Give by key the closed buckets as text, and the open one."""
        text = _text(self._table[:, :_WIDTH])
        told: list[tuple[str, list[float | None] | None]] = [("", None)] * keys
        for place in np.unique(self._owner):
            groups = _span(self._owner, int(place))
            first, last = groups
            before = self._kept[place]
            shut = text[first * _TEXT : last * _TEXT]
            if before is not None and before[0] != self._bucket[first]:
                cells = np.array([[math.nan if cell is None else cell for cell in before[1 : _WIDTH + 1]]])
                shut = _text(cells) + shut
            open_one = [None if math.isnan(cell) else cell for cell in self._table[last].tolist()]
            told[place] = shut, [int(self._bucket[last]), *open_one]
        return told


def _span(owner: Ints, place: int) -> tuple[int, int]:
    """Give the first and the last of the groups of a key; `owner` is in order."""
    return int(np.searchsorted(owner, place)), int(np.searchsorted(owner, place, "right")) - 1


def _text(table: NDArray[np.float64]) -> str:
    return b64encode(table.astype("<f4").tobytes()).decode()


def _running(value: Floats, start: Ints, number: Ints, before: Floats) -> Floats:
    """Give running sums by group, each after what was summed up before; the same in whatever portions rows come."""
    spread = np.insert(value, start, before)
    groups = np.repeat(np.arange(len(start), dtype=np.uint32), number + 1)
    sums = (
        pl.DataFrame({"group": groups, "value": spread})
        .with_columns(pl.col("group").set_sorted())
        .select(pl.col("value").cum_sum().over("group"))
        .to_series()
        .to_numpy()
    )
    return np.delete(sums, start + np.arange(len(start)))


def _baseline(key: str, state: Mapping[str, Any]) -> Baseline:
    cells = [math.nan if cell is None else cell for cell in state["bucket"][1 : _WIDTH + 1]]
    table = np.frombuffer(b64decode(state["done"]), dtype="<f4").reshape(-1, _WIDTH).astype(np.float64)
    normal = _normal(np.vstack((table, np.array(cells, dtype="<f4"))), state)
    return Baseline(key, "", state["first"], state["last"], state["rows"], normal.carried())


def _normal(table: NDArray[np.float64], state: Mapping[str, Any]) -> Normal:
    """Make of the buckets what is normal."""
    table = table[_alike(table[:, _MEAN])]
    origin, means, number = state["origin"], table[:, _MEAN], table[:, _COUNT]
    values = table[:, [_FIRST, _SECOND]]
    values = values[~np.isnan(values)]
    median = float(np.median(values))
    spread = CONSISTENT * float(np.median(np.abs(values - median)))
    low, high = _bounds(values, median, spread)
    mean = float(np.average(means, weights=number))
    deviation = max(float(np.std(np.clip(values, low, high), ddof=1)), float(np.std(means)))
    inside = np.clip(table[:, :_MEAN], low, high)
    curve = _curve(inside, means, number, deviation) if deviation else ((1.0, 0.0),)
    thirds = min(2, len(table) - 1)
    return Normal(
        mean=origin + mean,
        median=origin + median,
        deviation=deviation,
        spread=spread,
        inflation=max(1.0, max(n * s * s for n, s in curve) / (deviation * deviation)) if deviation else 1.0,
        means=curve,
        slow=_slow(means),
        low=origin + float(np.sort(table[:, _LOW])[thirds]),
        high=origin + float(np.sort(table[:, _HIGH])[-1 - thirds]),
        rows=state["rows"],
    )


def _alike(means: Floats) -> Flags:
    """Tell which buckets are like the others."""
    away = np.abs(means - np.median(means))
    spread = CONSISTENT * np.median(away)
    return away <= _UNLIKE * spread if spread > 0 else np.ones(len(means), dtype=bool)


def _bounds(values: Floats, median: float, spread: float) -> tuple[float, float]:
    """Tell beyond what values count as these; where half of the values are one, nothing is."""
    if spread > 0:
        return median - _UNLIKE * spread, median + _UNLIKE * spread
    return float(values.min()), float(values.max())


def _curve(
    inside: NDArray[np.float64], means: Floats, number: Floats, deviation: float
) -> tuple[tuple[float, float], ...]:
    """Give how far means stray by how many values they are of; never less than means of more values do."""
    points = [(1.0, deviation)]
    for column, length in enumerate(_PREFIXES, _SECOND + 1):
        some = inside[:, column][~np.isnan(inside[:, column])]
        if len(some) >= _FEW:
            points.append((float(length), float(np.std(some, ddof=1))))
    each = float(np.mean(number))
    for together in (1, *_BATCHES):
        whole = len(means) // together * together
        if whole // together < _BATCHES[-1]:
            break
        weights = number[:whole].reshape(-1, together)
        batches = (means[:whole].reshape(-1, together) * weights).sum(1) / weights.sum(1)
        points.append((each * together, float(np.std(batches, ddof=1))))
    points.sort()
    curve: list[tuple[float, float]] = []
    floor = 0.0
    for values, strays in reversed(points):
        floor = max(floor, strays)
        if not curve or values < curve[-1][0]:
            curve.append((values, floor))
    tiny = deviation * 1e-6
    return tuple((values, max(strays, tiny)) for values, strays in reversed(curve))


def _slow(means: Floats) -> float:
    """Give the covariance of neighbouring buckets, 0 or more."""
    if len(means) < _BATCHES[-1]:
        return 0.0
    return max(0.0, float(np.var(means) - np.mean(np.diff(means) ** 2) / 2))
