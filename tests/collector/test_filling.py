"""Gaps filled from the sources' own histories."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

import polars as pl
import pytest

from adapters.sources.contract import (
    Delivery,
    GapKind,
    HistorySource,
    Missed,
    SourceLostError,
    SourceRefusedError,
    SourceUnreachableError,
)
from collector.admit import rules_of
from collector.backfill import Safety
from collector.deadletters import Bounds, read_dead_letters
from collector.filling import AHEAD, LOOK, REFUSED_WAIT, RIPE, SLICE, GapFiller
from collector.gaps import Gap, add_gap, begin_gap, read_gaps
from collector.linkbook import LinkBook
from collector.records import Records
from collector.resolution import read_fillings
from collector.settings import AdmitSettings
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import NOON, ManualClock, Script, batch, lot, row, signal, until

MINUTE = timedelta(minutes=1)
FORCE, SPEED = "works/line/press/force", "works/line/press/speed"
BEFORE = NOON - timedelta(hours=2)


class Archive(Script):
    """A source that has kept what a test says."""

    def __init__(self, samples: pl.DataFrame) -> None:
        super().__init__()
        self.remembers = True
        self.asked: list[tuple[tuple[str, ...], datetime, datetime]] = []
        self.troubles: list[Exception] = []
        self.without: tuple[str, ...] = ()
        self.open = 0
        self.most_open = 0
        self._samples = samples

    @asynccontextmanager
    async def history(self) -> AsyncIterator["Archive"]:
        """Open it, or raise the next trouble of opening."""
        if self.troubles and not isinstance(self.troubles[0], SourceLostError):
            raise self.troubles.pop(0)
        self.open += 1
        try:
            yield self
        finally:
            self.open -= 1

    async def read(self, signals: Sequence[str], start: datetime, end: datetime) -> AsyncGenerator[Delivery, None]:
        """Give what it has, ten rows a page."""
        self.asked.append((tuple(signals), start, end))
        kept = self._samples.filter(
            pl.col("signal").is_in(list(signals)),
            ~pl.col("signal").is_in(self.without),
            pl.col("time").is_between(start, end, closed="left"),
        )
        for page in kept.iter_slices(10):
            yield Delivery(page)
            if self.troubles:
                raise self.troubles.pop(0)
        if missing := [one for one in signals if one in self.without]:
            yield Delivery(kept.clear(), gaps=(Missed(start, end, "keeps no history", tuple(missing)),))


def archive(*, every: timedelta = MINUTE) -> Archive:
    """Give a source that kept a number of the force every minute, for six hours."""
    count = timedelta(hours=6) // every
    rows = [row(FORCE, time=BEFORE + n * every, float=float(n)) for n in range(count)]
    return Archive(batch(*rows))


class Bench:
    """A collector's part of filling, as far as a test needs it."""

    def __init__(self, source: Script, spool: SqliteSpool, records: Records, clock: ManualClock) -> None:
        self.spool, self.records, self.clock = spool, records, clock
        self.book = LinkBook(records, clock)
        rules = rules_of([signal("force"), signal("speed")], AdmitSettings())
        self.filler = GapFiller(
            [source],
            signals={"plc": [FORCE, SPEED]},
            safety=Safety(rules, spool, records, Bounds(100, 2**20)),
            limit=2**20,
            book=self.book,
            clock=clock,
            random=lot(),
        )

    async def begin(self, source: str = "plc") -> None:
        """Open the book, with the link up."""
        await self.book.open([source])
        self.book.came_up(source, filled=False)

    async def gap(self, minutes: float, *signals: str, kind: GapKind = GapKind.OUTAGE, start: datetime = BEFORE) -> int:
        """Note a gap that is over."""
        end = start + minutes * MINUTE
        add = partial(add_gap, source="plc", signals=signals, start=start, end=end, cause="away")
        return await self.records.run(partial(add, kind=kind))

    async def gaps(self) -> list[Gap]:
        """Give the ledger."""
        return await self.records.run(lambda c: read_gaps(c, start=BEFORE - 99 * MINUTE, end=NOON + 999 * MINUTE))

    async def store(self) -> None:
        """Let the store take all there is."""
        await self.spool.commit(STORE, await self.spool.end())

    async def pass_time(self) -> None:
        """Let a look's time pass."""
        self.clock.advance(LOOK)
        await asyncio.sleep(0.005)

    async def resolved(self) -> bool:
        """Let time pass and the store take all; tell whether nothing is open."""
        await self.store()
        self.clock.advance(LOOK)
        await asyncio.sleep(0)
        return all(gap.state != "open" for gap in await self.gaps())


@asynccontextmanager
async def filling(bench: Bench) -> AsyncIterator[None]:
    """Fill meanwhile."""
    await bench.begin()
    task = asyncio.create_task(bench.filler.run())
    try:
        yield
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.fixture
def source() -> Archive:
    return archive()


@pytest.fixture
def bench(source: Archive, spool: SqliteSpool, records: Records, clock: ManualClock) -> Bench:
    return Bench(source, spool, records, clock)


async def stored(bench: Bench) -> pl.DataFrame:
    return (await bench.spool.read(0, 10**6)).samples


async def test_a_gap_is_filled_slice_by_slice_and_is_one_row_again(source: Archive, bench: Bench) -> None:
    assert isinstance(source, HistorySource)
    number = await bench.gap(35, FORCE)
    async with filling(bench):
        await until(bench.resolved)
    [gap] = await bench.gaps()
    assert (gap.id, gap.state, gap.filled_by, gap.samples) == (number, "filled", "history", 35)
    assert [end - start for _, start, end in source.asked] == [SLICE, SLICE, SLICE, 5 * MINUTE]
    assert source.open == 0


async def test_what_fills_goes_the_way_of_all_samples(source: Archive, bench: Bench) -> None:
    kept = batch(row(FORCE, time=BEFORE, float=1.0), row("works/line/press/strange", time=BEFORE, float=2.0))
    source._samples = kept
    number = await bench.gap(5, FORCE, "works/line/press/strange")
    async with filling(bench):

        async def here() -> bool:
            await bench.pass_time()
            return bool(await bench.records.run(lambda c: read_dead_letters(c, limit=9)))

        await until(here)
    assert (await stored(bench)).select("signal", "time", "float").rows() == [(FORCE, BEFORE, 1.0)]
    [letter] = await bench.records.run(lambda c: read_dead_letters(c, limit=9))
    assert "has no signal works/line/press/strange" in letter.reason
    assert (await bench.gaps())[0].id == number


async def test_a_gap_is_open_until_the_store_has_what_fills_it(bench: Bench) -> None:
    await bench.gap(5, FORCE)
    async with filling(bench):

        async def noted() -> bool:
            await bench.pass_time()
            return bool(await bench.records.run(read_fillings))

        await until(noted)
        for _ in range(5):
            await bench.pass_time()
        assert [gap.state for gap in await bench.gaps()] == ["open"]
        await until(bench.resolved)


async def test_signals_without_history_are_unfillable_and_the_others_are_filled(source: Archive, bench: Bench) -> None:
    source.without = (SPEED,)
    await bench.gap(25)
    async with filling(bench):
        await until(bench.resolved)
    found = {(gap.signals, gap.state, gap.reason) for gap in await bench.gaps()}
    assert found == {((FORCE,), "filled", ""), ((SPEED,), "unfillable", "keeps no history")}


async def test_what_lasts_what_is_fresh_and_what_the_store_refused_is_not_asked_for(
    source: Archive, bench: Bench
) -> None:
    await bench.gap(5, FORCE, kind=GapKind.REJECTED)
    await bench.records.run(lambda c: begin_gap(c, "plc", NOON, "away"))
    async with filling(bench):
        for _ in range(10):
            await bench.pass_time()
        assert source.asked == []
        await bench.gap(5, FORCE)
        await bench.pass_time()
        assert source.asked == []

        async def asked() -> bool:
            await bench.pass_time()
            return len(source.asked) == 1

        before = bench.clock.now()
        await until(asked)
        assert bench.clock.now() - before >= RIPE - timedelta(seconds=LOOK)


async def test_a_link_that_is_down_is_not_asked(source: Archive, bench: Bench) -> None:
    await bench.gap(5, FORCE)
    async with filling(bench):
        bench.book.went_down("plc", "down", "cable pulled")
        for _ in range(10):
            await bench.pass_time()
        assert source.asked == []


@pytest.mark.parametrize(
    ("trouble", "wait"),
    [
        (SourceLostError("plc", "cut"), 1.0),
        (SourceUnreachableError("plc", "nobody"), 1.0),
        (SourceRefusedError("plc", "no"), REFUSED_WAIT),
        (ZeroDivisionError("a defect"), REFUSED_WAIT),
    ],
)
async def test_whatever_goes_wrong_is_tried_again(
    source: Archive, bench: Bench, trouble: Exception, wait: float
) -> None:
    source.troubles = [trouble]
    await bench.gap(15, FORCE)
    async with filling(bench):

        async def failed() -> bool:
            await bench.resolved()
            return not source.troubles

        await until(failed)
        if wait == REFUSED_WAIT:
            await bench.clock.pass_over(wait / 2, wait)
        await until(bench.resolved)
    [gap] = await bench.gaps()
    assert (gap.state, gap.samples) == ("filled", 15)


async def test_a_store_that_is_away_holds_filling(source: Archive, bench: Bench) -> None:
    await bench.gap(100, FORCE)
    async with filling(bench):

        async def held() -> bool:
            await bench.pass_time()
            return len(source.asked) == AHEAD and source.open == 0

        await until(held)
        for _ in range(5):
            await bench.pass_time()
        assert len(source.asked) == AHEAD
        await until(bench.resolved)
    [gap] = await bench.gaps()
    assert (gap.state, gap.samples) == ("filled", 100)


async def test_a_spool_that_is_half_full_holds_filling(source: Archive, bench: Bench) -> None:
    await bench.gap(5, FORCE)
    value = 0
    while await bench.spool.size() < 2**19:
        live = [row(FORCE, time=NOON + n * MINUTE, float=lot(value + n).random()) for n in range(2000)]
        await bench.spool.append(batch(*live), "plc")
        value += 2000
    async with filling(bench):
        for _ in range(20):
            await bench.pass_time()
        assert source.asked == []
        await until(bench.resolved)
    assert len(source.asked) == 1


async def test_a_killed_collector_goes_on_where_it_was(
    source: Archive, spool: SqliteSpool, records: Records, clock: ManualClock
) -> None:
    first = Bench(source, spool, records, clock)
    number = await first.gap(60, FORCE)
    async with filling(first):

        async def some() -> bool:
            await first.pass_time()
            return len(source.asked) >= 2

        await until(some)
    await first.store()
    source.asked.clear()
    again = Bench(source, spool, records, clock)
    async with filling(again):
        await until(again.resolved)
    assert min(start for _, start, _ in source.asked) >= BEFORE + SLICE
    [gap] = await again.gaps()
    assert (gap.id, gap.state) == (number, "filled")
    assert (await stored(again))["time"].n_unique() <= 60


async def test_a_source_that_is_not_to_be_asked_is_not(
    spool: SqliteSpool, records: Records, clock: ManualClock
) -> None:
    silent = archive()
    silent.remembers = False
    bench = Bench(silent, spool, records, clock)
    await bench.gap(5, FORCE)
    async with filling(bench):
        for _ in range(10):
            await bench.pass_time()
    assert silent.asked == []
