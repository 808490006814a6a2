"""The drain: what is in the spool comes into the store, whatever the store says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from structlog.testing import capture_logs

from adapters.sample import no_samples
from adapters.stores.contract import Position, Store, StoreRefusedError, StoreUnavailableError
from collector.deadletters import read_dead_letters
from collector.drain import LONGEST_WAIT, REFUSED_WAIT, Drain
from collector.drains import DrainState, read_drains
from collector.gaps import read_gaps
from collector.records import Records
from collector.settings import StoreSettings
from collector.spool.contract import STORE, Chunk
from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import FEW, NOON, Item, ManualClock, MemoryStore, lot, numbers, until

SETTINGS = StoreSettings(settings=Item(item=""), flush=timedelta(0), batch=100)
FORCE = "works/line/press/force"


@pytest.fixture
async def spool(tmp_path: Path) -> AsyncIterator[SqliteSpool]:
    """Give a spool that keeps what the store has, for a second drain to read."""
    keep = timedelta(days=1)
    async with SqliteSpool(tmp_path / "spool.db", limit=2**30, linger=timedelta(0), keep=keep) as opened:
        await opened.commit("reader", 0)
        yield opened


@pytest.fixture
async def store() -> MemoryStore:
    return MemoryStore()


class PreparingStore(MemoryStore):
    """A store that takes note of what it is to work on ahead, and of what it was then given."""

    def __init__(self) -> None:
        super().__init__()
        self.announced: list[pl.DataFrame] = []
        self.given: list[pl.DataFrame] = []

    async def prepare(self, samples: pl.DataFrame) -> None:
        self.announced.append(samples)

    async def write(self, samples: pl.DataFrame, position: Position) -> pl.DataFrame:
        self.given.append(samples)
        return await super().write(samples, position)


Making = Callable[..., Drain]


@pytest.fixture
async def making(spool: SqliteSpool, store: MemoryStore, records: Records, clock: ManualClock) -> Making:
    def make(settings: StoreSettings = SETTINGS, store: Store = store) -> Drain:
        return Drain(
            spool,
            store,
            records,
            settings=settings,
            sources={FORCE: "plc"},
            dead_letters=FEW,
            clock=clock,
            random=lot(),
        )

    return make


@asynccontextmanager
async def running(drain: Drain) -> AsyncIterator[None]:
    """Let it run beside the test."""
    task = asyncio.create_task(drain.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def stored(store: MemoryStore) -> list[float]:
    """Give what the store was given, twice where it was given twice."""
    return pl.concat([no_samples(), *store.batches])["float"].to_list()


async def state(records: Records) -> DrainState:
    return (await records.run(read_drains))[STORE]


async def die_after_a_write(drain: Drain, store: MemoryStore) -> None:
    """Run it until the store has written, and not a step further."""

    def die() -> None:
        raise asyncio.CancelledError

    store.after_write = die
    await asyncio.wait({asyncio.create_task(drain.run())})
    store.after_write = lambda: None


async def test_what_is_spooled_is_stored_in_order(making: Making, spool: SqliteSpool, store: MemoryStore) -> None:
    for n in range(3):
        await spool.append(numbers([n]), "plc")
    async with running(making()):
        await until(lambda: stored(store) == [0, 1, 2])
        await spool.append(numbers([3]), "plc")
        await until(lambda: stored(store) == [0, 1, 2, 3])
        await until(lambda: _committed(spool, 4))
    assert store.positions[-1].log == spool.log
    assert store.positions[-1].upto == 4


async def test_a_batch_is_full_or_collected_for_a_moment(
    making: Making, spool: SqliteSpool, store: MemoryStore, clock: ManualClock
) -> None:
    patient = SETTINGS.model_copy(update={"flush": timedelta(seconds=5)})
    for n in range(25):
        await spool.append(numbers([n] * 10), "plc")
    async with running(making(patient)):
        await clock.pass_over(5, 5)
        await until(lambda: len(store.batches) == 3)
        await spool.append(numbers([99]), "plc")
        await clock.pass_over(5, 5)
        await until(lambda: len(store.batches) == 4)
    assert [batch.height for batch in store.batches] == [100, 100, 50, 1]


async def test_a_store_that_is_away_gets_the_same_batch_later(
    making: Making, spool: SqliteSpool, store: MemoryStore, records: Records, clock: ManualClock
) -> None:
    store.troubles.extend([StoreUnavailableError("memory", "nobody answers")] * 2)
    await spool.append(numbers([1]), "plc")
    async with running(making()):
        first = await clock.pass_over(0.1, LONGEST_WAIT)
        second = await clock.pass_over(0.1, LONGEST_WAIT)
        assert first <= 0.5
        assert second <= 1
        await until(lambda: stored(store) == [1])
        await until(lambda: _committed(spool, 1))
    assert (await state(records)).state == "up"


async def test_a_store_that_says_when_is_asked_then(
    making: Making, spool: SqliteSpool, store: MemoryStore, clock: ManualClock
) -> None:
    store.troubles.append(StoreUnavailableError("memory", "too many requests", retry_after=17))
    await spool.append(numbers([1]), "plc")
    async with running(making()):
        assert await clock.pass_over(1, LONGEST_WAIT) == 17
        await until(lambda: stored(store) == [1])


async def test_a_store_that_refuses_keeps_samples_in_the_spool_and_a_person_is_told(
    making: Making, spool: SqliteSpool, store: MemoryStore, records: Records, clock: ManualClock
) -> None:
    store.troubles.append(StoreRefusedError("memory", "token not valid; renew it"))
    await spool.append(numbers([1]), "plc")
    async with running(making()):
        assert await clock.pass_over(1, REFUSED_WAIT) == REFUSED_WAIT
        told = await state(records)
        assert (told.state, told.problem, told.position, told.end) == ("refused", "token not valid; renew it", 0, 1)
        await until(lambda: stored(store) == [1])


async def test_a_store_that_cannot_be_opened_is_tried_again(
    making: Making, spool: SqliteSpool, store: MemoryStore, clock: ManualClock
) -> None:
    store.opening_troubles.append(StoreUnavailableError("memory", "nobody answers"))
    store.opening_troubles.append(StoreRefusedError("memory", "wrong password"))
    await spool.append(numbers([1]), "plc")
    async with running(making()):
        await clock.pass_over(0.1, 0.5)
        await clock.pass_over(REFUSED_WAIT, REFUSED_WAIT)
        await until(lambda: stored(store) == [1])


async def test_a_defect_of_the_store_does_not_end_the_drain(
    making: Making, spool: SqliteSpool, store: MemoryStore, clock: ManualClock
) -> None:
    store.troubles.append(ZeroDivisionError("oops"))
    await spool.append(numbers([1]), "plc")
    async with running(making()):
        await clock.pass_over(REFUSED_WAIT, REFUSED_WAIT)
        await until(lambda: stored(store) == [1])


async def test_rows_that_the_store_never_takes_are_dead_letters_of_their_source(
    making: Making, spool: SqliteSpool, store: MemoryStore, records: Records
) -> None:
    store.never = [FORCE, "works/line/press/unheard"]
    await spool.append(
        pl.concat([numbers([1]), numbers([2], "works/line/press/other"), numbers([3], "works/line/press/unheard")]),
        "plc",
    )
    drain = making()
    async with running(drain):
        await until(lambda: _committed(spool, 1))
    letters = await records.run(lambda c: read_dead_letters(c, limit=10))
    assert [(letter.source, letter.signal, letter.payload) for letter in letters] == [
        ("", "works/line/press/unheard", b'{"float":3.0,"status":0}'),
        ("plc", FORCE, b'{"float":1.0,"status":0}'),
    ]
    assert (drain.stored, drain.refused) == (1, 2)
    [gap] = await records.run(lambda c: read_gaps(c, start=NOON - timedelta(days=1), end=NOON + timedelta(days=1)))
    assert (gap.source, gap.signals, gap.kind, gap.start) == ("plc", (FORCE,), "rejected", NOON)


async def test_a_drain_that_died_before_its_commit_writes_again(
    making: Making, spool: SqliteSpool, store: MemoryStore
) -> None:
    await spool.append(numbers([1]), "plc")
    await die_after_a_write(making(), store)
    assert await spool.cursor(STORE) == 0
    async with running(making()):
        await until(lambda: _committed(spool, 1))
    assert stored(store) == [1, 1]


async def test_a_store_that_counts_is_not_given_twice(making: Making, spool: SqliteSpool, store: MemoryStore) -> None:
    store.counts = True
    await spool.append(numbers([1]), "plc")
    await die_after_a_write(making(), store)
    await spool.append(numbers([2]), "plc")
    async with running(making()):
        await until(lambda: _committed(spool, 2))
    assert stored(store) == [1, 2]


async def test_the_cursor_follows_a_store_that_counts(making: Making, spool: SqliteSpool, store: MemoryStore) -> None:
    store.counts = True
    await spool.append(numbers([1]), "plc")
    await die_after_a_write(making(), store)
    async with running(making()):
        await until(lambda: _committed(spool, 1))
    assert stored(store) == [1]


async def test_a_full_batch_is_read_while_another_is_written(
    making: Making, spool: SqliteSpool, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        await spool.append(numbers([n] * 100), "plc")
    read, write = spool.read, store.write
    reads: list[int] = []

    async def reading(after: int, rows: int) -> Chunk:
        reads.append(after)
        return await read(after, rows)

    async def writing(samples: pl.DataFrame, position: Position) -> pl.DataFrame:
        await until(lambda: position.upto in reads)
        return await write(samples, position)

    monkeypatch.setattr(spool, "read", reading)
    monkeypatch.setattr(store, "write", writing)
    async with running(making()):
        await until(lambda: _committed(spool, 5))
    assert stored(store) == [n for n in range(5) for _ in range(100)]
    assert [position.upto for position in store.positions] == [1, 2, 3, 4, 5]


async def test_a_store_that_can_works_ahead_on_the_next_full_batch(
    making: Making, spool: SqliteSpool, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = PreparingStore()
    write = store.write

    async def writing(samples: pl.DataFrame, position: Position) -> pl.DataFrame:
        await until(lambda: len(store.announced) == min(position.upto, 4))
        return await write(samples, position)

    monkeypatch.setattr(store, "write", writing)
    for n in range(5):
        await spool.append(numbers([n] * 100), "plc")
    async with running(making(store=store)):
        await until(lambda: _committed(spool, 5))
    assert stored(store) == [n for n in range(5) for _ in range(100)]
    assert all(one is other for one, other in zip(store.announced, store.given[1:], strict=True))


async def test_leaving_a_store_that_is_away_leaves_the_rest_in_the_spool(
    making: Making, spool: SqliteSpool, store: MemoryStore, clock: ManualClock
) -> None:
    store.troubles.extend([StoreUnavailableError("memory", "nobody answers")] * 2)
    await spool.append(numbers([1]), "plc")
    drain = making()
    task = asyncio.create_task(drain.run())
    await until(lambda: bool(clock.waits()))
    drain.leave()
    async with asyncio.timeout(5):
        await task
    assert await spool.cursor(STORE) == 0
    assert stored(store) == []


async def test_leaving_a_store_that_cannot_be_opened(
    making: Making, spool: SqliteSpool, store: MemoryStore, clock: ManualClock
) -> None:
    store.opening_troubles.extend([StoreRefusedError("memory", "wrong password")] * 2)
    await spool.append(numbers([1]), "plc")
    drain = making()
    task = asyncio.create_task(drain.run())
    await until(lambda: bool(clock.waits()))
    drain.leave()
    async with asyncio.timeout(5):
        await task
    assert await spool.cursor(STORE) == 0


async def test_leaving_a_store_that_is_there_empties_the_spool_first(
    making: Making, spool: SqliteSpool, store: MemoryStore
) -> None:
    for n in range(5):
        await spool.append(numbers([n] * 60), "plc")
    drain = making(SETTINGS.model_copy(update={"flush": timedelta(minutes=1)}))
    drain.leave()
    await drain.run()
    assert len(stored(store)) == 300
    assert await spool.cursor(STORE) == 5


async def test_finishing_empties_the_spool_and_ends(
    making: Making, spool: SqliteSpool, store: MemoryStore, records: Records
) -> None:
    for n in range(5):
        await spool.append(numbers([n] * 60), "plc")
    drain = making(SETTINGS.model_copy(update={"flush": timedelta(minutes=1)}))
    drain.finish()
    await drain.run()
    assert len(stored(store)) == 300
    assert await spool.cursor(STORE) == 5
    assert (await state(records)).position == 5


async def test_finishing_wakes_a_drain_that_collects(making: Making, spool: SqliteSpool, store: MemoryStore) -> None:
    await spool.append(numbers([1]), "plc")
    drain = making(SETTINGS.model_copy(update={"flush": timedelta(minutes=1)}))
    task = asyncio.create_task(drain.run())
    await until(lambda: bool(store.positions) or not task.done())
    drain.finish()
    await task
    assert stored(store) == [1]


async def test_the_store_is_asked_to_keep_house_now_and_then(
    making: Making, spool: SqliteSpool, store: MemoryStore, clock: ManualClock
) -> None:
    async with running(making()):
        await spool.append(numbers([1]), "plc")
        await until(lambda: stored(store) == [1])
        assert store.maintained == 0
        clock.advance(301)
        await until(lambda: store.maintained == 1)


async def _committed(spool: SqliteSpool, position: int) -> bool:
    return await spool.cursor(STORE) == position


async def test_records_that_are_silent_are_told_once(
    spool: SqliteSpool, store: MemoryStore, clock: ManualClock, tmp_path: Path
) -> None:
    closed = Records(f"sqlite:///{tmp_path / 'records.db'}")
    with capture_logs() as log:
        drain = Drain(spool, store, closed, settings=SETTINGS, sources={}, dead_letters=FEW, clock=clock, random=lot())
        for _ in range(3):
            await drain._note(now=True)
        async with closed:
            await drain._note(now=True)
        await drain._note(now=True)
    assert [entry["event"] for entry in log] == ["drain not noted"] * 2
