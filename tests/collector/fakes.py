"""Stand-ins for what the collector's core meets: time, a device, a store."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Self

import polars as pl
from pydantic import BaseModel

from adapters.sample import INSTANT, REFUSALS, SAMPLES, ValueType, no_refusals, no_samples
from adapters.sources.contract import Delivery, Missed
from adapters.stores.buckets import edges, joined, parts
from adapters.stores.contract import RESULTS, Position
from collector.deadletters import Bounds
from collector.park import Signal

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
"""When the tests' time begins."""

FEW = Bounds(100, 2**20)
"""How many dead letters are kept."""

PATIENCE = 10.0
"""Seconds in which a condition must come true; only a broken collector comes near them."""


class Item(BaseModel):
    """The address of a test's signal."""

    item: str


def signal(name: str, value_type: ValueType = "float", **keys: Any) -> Signal:
    """Give a signal of the press, at the source `plc`."""
    given = {"source": "plc", "address": Item(item=name.upper()), **keys}
    return Signal(path=f"works/line/press/{name}", name=name, type=value_type, **given)


def row(path: str, **columns: Any) -> dict[str, Any]:
    """Give a row of a batch: Good, at noon, without a value unless told otherwise."""
    return {**dict.fromkeys(SAMPLES), "signal": path, "time": NOON, "status": 0, "received": NOON, **columns}


def batch(*rows: dict[str, Any]) -> pl.DataFrame:
    """Give a batch of rows."""
    return pl.DataFrame(rows, schema=SAMPLES)


def numbers(values: Iterable[float], path: str = "works/line/press/force", *, since: datetime = NOON) -> pl.DataFrame:
    """Give a batch of floats of one signal, a millisecond apart."""
    column = pl.Series("float", [float(value) for value in values])
    instants = pl.lit(since, dtype=INSTANT) + pl.duration(milliseconds=pl.int_range(pl.len()), time_unit="ns")
    columns = {"signal": pl.lit(path), "time": instants, "status": pl.lit(0), "received": instants}
    given = column.to_frame().with_columns(**columns)
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in SAMPLES.items()
    )


def refusals(*payloads: bytes, source: str = "plc", received: datetime = NOON) -> pl.DataFrame:
    """Give refused inputs."""
    rows = [(source, "topic", None, payload, "is no JSON", received) for payload in payloads]
    return pl.DataFrame(rows, schema=REFUSALS, orient="row")


async def until(holds: Callable[[], bool | Awaitable[bool]], *, patience: float = PATIENCE) -> None:
    """Wait until a condition holds, and fail when it does not in time."""
    async with asyncio.timeout(patience):
        while True:
            held = holds()
            if held if isinstance(held, bool) else await held:
                return
            await asyncio.sleep(0.002)


def lot(seed: int = 7) -> Random:
    """Give a lot that falls the same way each time."""
    return Random(seed)  # noqa: S311 - a test wants it again as it was


class ManualClock:
    """A clock that goes on when the test says so."""

    def __init__(self) -> None:
        self._now = NOON
        self._set = timedelta(0)
        self._sleepers: list[tuple[datetime, asyncio.Future[None]]] = []
        self._slept = asyncio.Event()

    def now(self) -> datetime:
        """Give the instant."""
        return self._now + self._set

    def monotonic(self) -> float:
        """Give seconds since noon, whatever it was set to."""
        return (self._now - NOON).total_seconds()

    def set(self, by: timedelta) -> None:
        """Have the wall clock jump."""
        self._set += by

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has gone on so far."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self._now + timedelta(seconds=seconds), future)
        self._sleepers.append(entry)
        self._slept.set()
        try:
            await future
        finally:
            self._sleepers.remove(entry)

    def waits(self) -> list[float]:
        """Give how many seconds each sleeper still has to wait, shortest first."""
        return sorted((wake - self._now).total_seconds() for wake, future in self._sleepers if not future.done())

    def advance(self, seconds: float) -> None:
        """Go on, and wake whose time has come."""
        self._now += timedelta(seconds=seconds)
        for wake, future in self._sleepers:
            if wake <= self._now and not future.done():
                future.set_result(None)

    async def pass_over(self, least: float, most: float) -> float:
        """Wait until somebody sleeps for `least` to `most` seconds, go on past it, and give how long it was."""
        async with asyncio.timeout(PATIENCE):
            while not (found := [wait for wait in self.waits() if least <= wait <= most]):
                self._slept.clear()
                await self._slept.wait()
        self.advance(found[0])
        return found[0]


class Script:
    """A source that does what a test tells it: each connect takes the next of its links."""

    def __init__(self, name: str = "plc") -> None:
        self.name = name
        self.resumes = False
        self.settled: list[int] = []
        """Numbers of the deliveries settled, in order."""
        self.connects = 0
        self.on_settle: Callable[[int], Awaitable[None]] | None = None
        self._links: deque[Exception | Link] = deque()
        self._count = 0

    def plan(self, *links: "Exception | Link") -> None:
        """Say what the next connects find: an error, or a link."""
        self._links.extend(links)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Take the next link."""
        self.connects += 1
        link = self._links.popleft() if self._links else Link()
        if isinstance(link, Exception):
            raise link
        try:
            yield link.deliveries()
        finally:
            link.left = True

    def delivery(
        self, samples: pl.DataFrame | None = None, refused: pl.DataFrame | None = None, gaps: tuple[Missed, ...] = ()
    ) -> Delivery:
        """Make a delivery whose settling is noted, numbered from 0."""
        number, self._count = self._count, self._count + 1

        async def settle() -> None:
            if self.on_settle is not None:
                await self.on_settle(number)
            self.settled.append(number)

        told = no_refusals() if refused is None else refused
        return Delivery(no_samples() if samples is None else samples, told, gaps, settle=settle)


class Link:
    """One link of a scripted source."""

    def __init__(self) -> None:
        self.left = False
        self._queue: asyncio.Queue[Delivery | Exception | None] = asyncio.Queue()

    def give(self, *deliveries: Delivery) -> Self:
        """Let these arrive."""
        for delivery in deliveries:
            self._queue.put_nowait(delivery)
        return self

    def end(self) -> Self:
        """Let it end as a file does."""
        self._queue.put_nowait(None)
        return self

    def break_off(self, error: Exception) -> Self:
        """Let it break after what was given."""
        self._queue.put_nowait(error)
        return self

    def unread(self) -> int:
        """Tell how much has not been read."""
        return self._queue.qsize()

    async def deliveries(self) -> AsyncIterator[Delivery]:
        """Give what the test gives."""
        while (item := await self._queue.get()) is not None:
            if isinstance(item, Exception):
                raise item
            yield item


class MemoryStore:
    """A store in memory, keyed by signal and time; `troubles` are raised by the next calls, one each."""

    def __init__(self) -> None:
        self.troubles: deque[Exception] = deque()
        self.opening_troubles: deque[Exception] = deque()
        self.batches: list[pl.DataFrame] = []
        self.positions: list[Position] = []
        self.never: Collection[str] = ()
        """Signals of which it refuses every sample."""
        self.counts = False
        """Whether it keeps count of positions itself."""
        self.after_write: Callable[[], None] = lambda: None
        self.maintained = 0
        self.numbers: list[pl.DataFrame] = []
        self.called = "memory"

    @property
    def name(self) -> str:
        """What to call it."""
        return self.called

    async def __aenter__(self) -> Self:
        """Open it."""
        if self.opening_troubles:
            raise self.opening_troubles.popleft()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close it."""

    async def check(self) -> None:
        """It always would."""

    async def written(self, log: str) -> int | None:
        """Tell how far it came."""
        if not self.counts:
            return None
        return max((position.upto for position in self.positions if position.log == log), default=0)

    async def write(self, samples: pl.DataFrame, position: Position) -> pl.DataFrame:
        """Keep a batch."""
        if self.troubles:
            raise self.troubles.popleft()
        refused = pl.col("signal").is_in(list(self.never))
        self.batches.append(samples.filter(~refused))
        self.positions.append(position)
        self.after_write()
        value = pl.coalesce(pl.col("float", "int", "bool", "text").cast(pl.String)).fill_null("").cast(pl.Binary)
        return samples.filter(refused).select(
            source=pl.lit(""),
            address=pl.lit(""),
            signal="signal",
            payload=value,
            reason=pl.lit("never"),
            received="received",
            time="time",
        )

    async def samples(self, signals: Collection[str], start: datetime, end: datetime) -> pl.LazyFrame:
        """Give what it holds, the last written of each key."""
        held = pl.concat([no_samples(), *self.batches]).unique(["signal", "time"], keep="last", maintain_order=True)
        wanted = pl.col("signal").is_in(list(signals)) & pl.col("time").is_between(start, end, closed="left")
        return held.filter(wanted).sort("signal", "time").lazy()

    async def last(self, signals: Collection[str], before: datetime, *, since: datetime | None = None) -> pl.DataFrame:
        """Give the last sample of each signal."""
        held = (await self.samples(signals, since or datetime(1970, 1, 1, tzinfo=UTC), before)).collect()
        return held.group_by("signal", maintain_order=True).last().select(SAMPLES.names())

    async def buckets(
        self, signal: str, kind: ValueType, start: datetime, end: datetime, width: timedelta
    ) -> pl.DataFrame:
        """Sum up what it holds."""
        first, after, each = edges(start, end, width)
        held = (await self.samples([signal], start, end)).with_columns(time_ns=pl.col("time").to_physical())
        return joined([parts(held, kind, first, each).collect()], kind, first, after, each)

    async def extent(self) -> pl.DataFrame:
        """Tell what it holds."""
        held = pl.concat([no_samples(), *self.batches])
        return held.group_by("signal").agg(first=pl.col("time").min(), last=pl.col("time").max()).sort("signal")

    async def count(self, start: datetime, end: datetime) -> int:
        """Count what was written."""
        wanted = pl.col("time").is_between(start, end, closed="left")
        return sum(batch.filter(wanted).height for batch in self.batches)

    async def write_results(self, results: pl.DataFrame) -> None:
        """Keep results."""
        self.numbers.append(results)

    async def results(
        self,
        *,
        start: datetime,
        end: datetime,
        paths: Collection[str] | None = None,
        periods: Sequence[str] | None = None,
        kpis: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Give what it holds, of each key the one computed last; it is asked for no part of a window."""
        assert (paths, periods, kpis) == (None, None, None)
        held = pl.concat([RESULTS.to_frame(), *self.numbers]).sort("computed", maintain_order=True)
        of_windows = held.unique(["path", "period", "start", "kpi"], keep="last", maintain_order=True)
        return of_windows.filter(pl.col("start").is_between(start, end, closed="left"))

    async def maintain(self) -> None:
        """Note that it was asked."""
        self.maintained += 1
