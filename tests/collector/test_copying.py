"""One store copied into another: everything, once, however often it is begun."""

from datetime import datetime, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.sample import no_samples
from adapters.stores.contract import RESULTS, Position, StoreUnavailableError
from collector import copying
from collector.copying import Copy, Stretch, copy
from collector.deadletters import read_dead_letters
from collector.records import Records
from tests.collector.fakes import FEW, NOON, MemoryStore, numbers

ALL = Stretch(None, None)
FORCE, SPEED = "works/line/press/force", "works/line/press/speed"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "ROWS", 40)


@pytest.fixture
def origin() -> MemoryStore:
    """A store with two signals, 300 samples, a year apart at most."""
    store = MemoryStore()
    store.called = "old"
    later = NOON + timedelta(days=365)
    store.batches = [numbers(range(100)), numbers(range(100), SPEED), numbers(range(100), SPEED, since=later)]
    return store


async def done(origin: MemoryStore, target: MemoryStore, records: Records, stretch: Stretch = ALL) -> Copy:
    told: list[Copy] = []
    found = await copy(
        origin,
        target,
        stretch,
        records,
        now=lambda: NOON,
        sources={FORCE: "plc"},
        bounds=FEW,
        tell=told.append,
    )
    assert told[-1] == found
    assert [one.share for one in told] == sorted(one.share for one in told)
    return found


async def held(store: MemoryStore) -> pl.DataFrame:
    return (await store.samples([FORCE, SPEED], NOON - HOUR, NOON + timedelta(days=400))).collect()


async def test_everything_is_copied_in_windows_of_bounded_size(origin: MemoryStore, records: Records) -> None:
    target = MemoryStore()
    found = await done(origin, target, records)
    assert (found.samples, found.present, found.refused, found.share) == (300, 0, 0, 1.0)
    assert_frame_equal(await held(target), await held(origin))
    assert max(batch.height for batch in target.batches) <= 40
    assert target.maintained == 1


async def test_what_the_target_has_stays(origin: MemoryStore, records: Records) -> None:
    target = MemoryStore()
    newer = numbers([-1.0])
    await target.write(newer, Position("spool", 1))
    found = await done(origin, target, records)
    assert (found.samples, found.present) == (299, 1)
    assert_frame_equal((await held(target)).head(1), newer)


@pytest.mark.every_database
async def test_a_copy_that_broke_off_goes_on(origin: MemoryStore, records: Records) -> None:
    target = MemoryStore()
    away = StoreUnavailableError("memory", "no answer")

    def break_off() -> None:
        if len(target.batches) == 4:
            target.troubles.append(away)

    target.after_write = break_off
    with pytest.raises(StoreUnavailableError):
        await done(origin, target, records)
    before = len(target.batches)
    found = await done(origin, target, records)
    assert (found.samples, found.present) == (300, 0)
    assert sum(batch.height for batch in target.batches) == 300
    assert before == 4
    again = await done(origin, target, records)
    assert (again.samples, again.present) == (0, 300)


async def test_a_window_that_was_written_and_not_noted_is_found_there(origin: MemoryStore, records: Records) -> None:
    class KilledError(BaseException):
        """The process ends between the write and the note."""

    target = MemoryStore()

    def kill() -> None:
        raise KilledError

    target.after_write = kill
    with pytest.raises(KilledError):
        await done(origin, target, records)
    written = sum(batch.height for batch in target.batches)
    target.after_write = lambda: None
    found = await done(origin, target, records)
    assert written > 0
    assert (found.samples, found.present) == (300 - written, written)
    assert_frame_equal(await held(target), await held(origin))


async def test_what_the_target_never_takes_is_a_dead_letter(origin: MemoryStore, records: Records) -> None:
    target = MemoryStore()
    target.never = {FORCE}
    found = await done(origin, target, records)
    assert (found.samples, found.refused) == (200, 100)
    letters = await records.run(lambda connection: read_dead_letters(connection, limit=1000))
    assert sum(letter.count for letter in letters) == 100
    assert {letter.source for letter in letters} == {"plc"}


async def test_a_stretch_is_half_open(origin: MemoryStore, records: Records) -> None:
    target = MemoryStore()
    some = Stretch(NOON + timedelta(milliseconds=10), NOON + timedelta(milliseconds=20))
    assert (await done(origin, target, records, some)).samples == 20
    assert (await held(target))["time"].dt.millisecond().min() == 10


async def test_an_instant_with_more_samples_than_a_window_is_copied_whole(records: Records) -> None:
    crowd, target = MemoryStore(), MemoryStore()
    crowd.called = "old"
    crowd.batches = [numbers([1.0], f"works/line/press/s{n}") for n in range(100)]
    assert (await done(crowd, target, records)).samples == 100


async def test_results_are_copied_unless_the_target_has_newer_ones(origin: MemoryStore, records: Records) -> None:
    def number(hour: int, value: float, computed: datetime) -> dict[str, object]:
        start = NOON + hour * HOUR
        row = ("works", "hour", "", start, start + HOUR, "utilisation", value, 1.0, computed, 1, "", "")
        return dict(zip(RESULTS.names(), row, strict=True))

    target = MemoryStore()
    origin.numbers = [pl.DataFrame([number(n, 0.5, NOON) for n in range(3)], RESULTS)]
    target.numbers = [pl.DataFrame([number(1, 0.9, NOON + HOUR)], RESULTS)]
    found = await done(origin, target, records)
    there = await target.results(start=NOON, end=NOON + 9 * HOUR)
    assert found.results == 2
    assert there.sort("start")["value"].to_list() == [0.5, 0.9, 0.5]


async def test_an_empty_store_is_copied_at_once(records: Records) -> None:
    target = MemoryStore()
    found = await done(MemoryStore(), target, records)
    assert (found.samples, found.share, target.batches) == (0, 1.0, [])
    assert_frame_equal(await held(target), no_samples())
