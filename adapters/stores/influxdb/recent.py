"""Numbers and switches of signals that are looked at again and again, in memory.

    asked for once   ─► summed up by the server, which goes through its samples once per function
    and again        ─► the values are read, summed up here, and the hours of them that are over are kept
    and again        ─► only what is not kept is read: the running hour, what came late, what `KEPT_S` has passed over

So a day that is on somebody's screen, at whatever width of buckets and however it slides along, is read once and not at
every look; and one that is looked at once costs what it did. Whether samples came late for an hour is asked at every
look (`adapters.stores.influxdb.late`): what is written through this adapter, by any process, is seen at once. What
others write into the bucket, or delete from it, is seen after `KEPT_S`.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Final

import polars as pl

from adapters.sample import SAMPLES, ValueType
from adapters.stores import buckets as bucketing
from adapters.stores.influxdb import encode, influxql, late, reader, summing
from adapters.stores.influxdb.late import HOUR, SETTLED
from adapters.stores.influxdb.server import InfluxServer

AGAIN_S: Final = 600.0
"""Seconds within which a signal is asked for again that is read instead of summed up."""

KEPT_S: Final = 600.0
"""Seconds after which an hour is read again."""

ROWS: Final = 200_000
"""Samples of a window that are read at most, by what is known of the signal; the server sums up others."""

HOURS: Final = 31 * 24
"""Hours of such a window at most."""

ROOM: Final = 64 * 2**20
"""Bytes that are kept at most, of all signals together."""

SIGNALS: Final = 4096
"""Signals that are remembered; who was not asked for the longest time goes first."""

_KINDS: Final = frozenset[ValueType]({"float", "int", "bool"})
"""Types of values that are kept: texts are large, and the server has less to do for them."""


@dataclass(frozen=True, slots=True)
class _Hour:
    """Samples of one hour that is over."""

    rows: pl.DataFrame
    """As `_stored` has them."""

    read: float
    """When they were read, seconds by the clock."""

    late: int | None
    """When samples of the line had last come late for it by then, as `late.read` tells; None: never."""


@dataclass(slots=True)
class _Known:
    """What is known of one signal."""

    asked: float
    """When it was last asked for, seconds by the clock."""

    density: float
    """Samples in a nanosecond where there are most."""

    hours: dict[int, _Hour] = field(default_factory=dict)
    """Its hours that are kept, by their numbers since 1970."""

    size: int = 0
    """Bytes of these."""

    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by who reads, so that of many who ask at once one does."""


class Recent:
    """Buckets of signals, with what they are made of in memory where it is asked for again."""

    def __init__(
        self,
        room: int = ROOM,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], int] = time.time_ns,
    ) -> None:
        """Begin with nothing.

        Args:
            room: bytes that are kept at most.
            clock: seconds that never go back.
            now: the clock, nanoseconds since 1970.
        """
        self._room = room
        self._clock = clock
        self._now = now
        self._known: OrderedDict[tuple[str, ValueType], _Known] = OrderedDict()

    def forget(self) -> None:
        """Forget everything."""
        self._known.clear()

    async def buckets(
        self, server: InfluxServer, signal: str, kind: ValueType, edges: tuple[int, int, int]
    ) -> pl.DataFrame:
        """Give the buckets of one signal; arguments and errors as those of `summing.buckets`."""
        start, end, _ = edges
        known = self._known.get((signal, kind))
        if known is None or not self._readable(known, end - start):
            found = await summing.buckets(server, signal, kind, edges)
            if kind in _KINDS:
                self._note(signal, kind, _density(found, end - start))
            return found
        self._note(signal, kind, known.density)
        async with known.reading:
            rows = await self._rows(server, signal, kind, known, (start, end))
        return await asyncio.to_thread(_summed, rows, kind, edges)

    def _readable(self, known: _Known, span: int) -> bool:
        again = self._clock() - known.asked <= AGAIN_S
        return again and 0 < span <= HOURS * HOUR and known.density * span <= ROWS

    def _note(self, signal: str, kind: ValueType, density: float) -> None:
        """Note that a signal has been asked for."""
        known = self._known.setdefault((signal, kind), _Known(self._clock(), density))
        known.asked, known.density = self._clock(), density
        self._known.move_to_end((signal, kind))
        while len(self._known) > SIGNALS:
            self._known.popitem(last=False)

    async def _rows(
        self, server: InfluxServer, signal: str, kind: ValueType, known: _Known, between: tuple[int, int]
    ) -> list[pl.DataFrame]:
        """Give the samples of a window, and perhaps others of its first and its last hour."""
        start, end = between
        settled = (self._now() - SETTLED) // HOUR
        wanted = range(start // HOUR, -(-end // HOUR))
        began = self._clock()
        came = await late.read(server, signal, wanted.start * HOUR, wanted.stop * HOUR)
        for hour in wanted:
            if (kept := known.hours.get(hour)) is not None and not self._counts(kept, came.get(hour)):
                known.size -= _size(known.hours.pop(hour).rows)
        rows = [known.hours[hour].rows for hour in wanted if hour in known.hours]
        missing = [hour for hour in wanted if hour not in known.hours]
        for first, last in _runs(missing):
            since = first * HOUR if first < settled else max(start, first * HOUR)
            until = last * HOUR + HOUR if last < settled else min(end, last * HOUR + HOUR)
            for hour, some in await _read(server, signal, kind, since, until):
                rows.append(some)
                if hour < settled:
                    known.hours[hour] = _Hour(some, began, came.get(hour))
                    known.size += _size(some)
        known.density = max(known.density, max((one.height for one in rows), default=0) / HOUR)
        self._make_room()
        return rows

    def _counts(self, kept: _Hour, came: int | None) -> bool:
        return kept.late == came and self._clock() - kept.read <= KEPT_S

    def _make_room(self) -> None:
        taken = sum(known.size for known in self._known.values())
        for known in self._known.values():
            if taken <= self._room:
                return
            taken -= known.size
            known.hours.clear()
            known.size = 0


def _stored(kind: ValueType) -> pl.Schema:
    return pl.Schema({"time": pl.Int64(), kind: SAMPLES[kind], "status": SAMPLES["status"]})


async def _read(
    server: InfluxServer, signal: str, kind: ValueType, start: int, end: int
) -> list[tuple[int, pl.DataFrame]]:
    """Read a range hour by hour, also those without samples."""
    question = reader.Question(encode.SAMPLE, _stored(kind), partial(influxql.select_values, kind))
    rows = await reader.read(server, question, influxql.of_signals([signal]), start, end)
    return await asyncio.to_thread(_by_hour, rows.rename({"time": "time_ns"}), range(start // HOUR, -(-end // HOUR)))


def _by_hour(rows: pl.DataFrame, hours: Iterable[int]) -> list[tuple[int, pl.DataFrame]]:
    rows = rows.with_columns(pl.col("status").fill_null(0))  # as the server counts what has none
    there = {hour: some for (hour,), some in rows.group_by(pl.col("time_ns") // HOUR)}
    return [(hour, there.get(hour, rows.clear())) for hour in hours]


def _runs(hours: list[int]) -> Iterator[tuple[int, int]]:
    """Give the first and the last of each run of hours without a gap."""
    if hours:
        ends = [(one, other) for one, other in pairwise(hours) if other > one + 1]
        yield from zip([hours[0], *(other for _, other in ends)], [*(one for one, _ in ends), hours[-1]], strict=True)


def _summed(rows: list[pl.DataFrame], kind: ValueType, edges: tuple[int, int, int]) -> pl.DataFrame:
    start, end, width = edges
    within = pl.concat(rows).lazy().filter(pl.col("time_ns").is_between(start, end, closed="left"))
    return bucketing.joined([bucketing.parts(within, kind, start, width).collect()], kind, start, end, width)


def _density(found: pl.DataFrame, span: int) -> float:
    """Give how many samples of a window there are in a nanosecond, in the hour that has most."""
    of_hour = found.group_by(pl.col("start").to_physical() // HOUR).agg(rows=(pl.col("count") + pl.col("bad")).sum())
    most = of_hour["rows"].max()
    return most / max(min(span, HOUR), 1) if isinstance(most, int) else 0.0


def _size(rows: pl.DataFrame) -> int:
    return int(rows.estimated_size())
