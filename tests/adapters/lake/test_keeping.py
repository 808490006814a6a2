"""Housekeeping beside the writes: the files of a day stay few, and nobody waits for it."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from adapters.stores.contract import Position, Store, StoreUnavailableError
from adapters.stores.lake import create, keeping, parts
from adapters.stores.lake.parts import SEALED
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.adapters.lake.tables import listed, rows_of, sample_table
from tests.conformance.store import DAY, NOON, at, batch, sample, stored

SIGNALS = [f"f/l/e/s{n}" for n in range(3)]
HOUR = timedelta(hours=1)


def samples_at(number: int, after: timedelta = timedelta(0)) -> pl.DataFrame:
    """Give the batch of one write: three samples, `after` noon."""
    return batch(*(sample(signal, at(after, ns=number * 10 + n), value=n) for n, signal in enumerate(SIGNALS)))


async def test_a_day_of_many_small_writes_has_few_files(lake: Store, samples: Table) -> None:
    today = datetime.now(UTC) - NOON
    most = 0
    for number in range(90):
        await lake.write(samples_at(number, today), Position("spool", number + 1))
        most = max(most, len(listed(samples)))
    await lake.maintain()
    left = listed(samples)
    assert sum(part.rows for part in left) == 270
    assert all(len([part for part in left if part.level == level]) < 4 for level in range(SEALED)), left
    assert len(left) <= 3 * 4, "less than four of each level: 90 writes fill four levels"
    assert most <= keeping.BEHIND * 4 + 4 * 4


async def test_writers_wait_when_merging_is_far_behind(
    lake: Store, samples: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "BEHIND", 2)
    going, release = asyncio.Event(), threading.Event()
    loop, merge = asyncio.get_running_loop(), Table.merge

    def slow(self: Table, *asked: object) -> None:
        loop.call_soon_threadsafe(going.set)
        release.wait(30)
        merge(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Table, "merge", slow)
    today = datetime.now(UTC) - NOON
    for number in range(4):
        await lake.write(samples_at(number, today), Position("spool", number + 1))
    await going.wait()
    for number in range(4, 12):
        await lake.write(samples_at(number, today), Position("spool", number + 1))
    held = asyncio.create_task(lake.write(samples_at(12, today), Position("spool", 13)))
    done, _ = await asyncio.wait({held}, timeout=0.2)
    assert not done, "2 x 4 files are not looked at yet"
    assert len(listed(samples)) == 12
    release.set()
    await held
    await lake.maintain()
    assert len(listed(samples)) < 8
    assert (await stored(lake, SIGNALS, NOON, NOON + today + HOUR)).height == 39


async def test_readers_and_writers_do_not_wait_for_a_merge(lake: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()
    merge = Table.merge

    def slow(self: Table, *asked: object) -> None:
        release.wait(30)
        merge(self, *asked)  # type: ignore[arg-type]

    monkeypatch.setattr(Table, "merge", slow)
    monkeypatch.setattr("adapters.stores.lake.store.MERGING", 0.05)
    for number in range(6):
        await lake.write(samples_at(number), Position("spool", number + 1))
        assert (await stored(lake, SIGNALS)).height == 3 * (number + 1)
    await lake.maintain()
    await lake.maintain()
    release.set()


async def test_closing_stops_what_is_under_way(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began = threading.Event()

    def endless(self: Table, merge: object, target: int, stop: threading.Event) -> None:
        del self, merge, target
        began.set()
        assert stop.wait(30)

    monkeypatch.setattr(Table, "merge", endless)
    async with create(LakeSettings(folder=folder, compact_after=2)) as lake:
        for number in range(2):
            await lake.write(samples_at(number), Position("spool", number + 1))
        await asyncio.to_thread(began.wait, 30)
    assert len(listed(sample_table(folder))) == 2
    monkeypatch.undo()
    async with create(LakeSettings(folder=folder, compact_after=2)) as lake:
        await lake.maintain()
    assert len(listed(sample_table(folder))) == 1


async def test_what_goes_wrong_beside_is_told_once_when_it_is_asked_for(
    lake: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*asked: object) -> None:
        del asked
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Table, "merge", full)
        for number in range(4):
            await lake.write(samples_at(number), Position("spool", number + 1))
        with pytest.raises(StoreUnavailableError, match="the disk is full"):
            await lake.maintain()
    await lake.maintain()
    assert (await stored(lake, SIGNALS)).height == 12


# Late samples.


async def test_late_samples_go_to_their_day_and_stay_apart_until_they_are_many(
    lake: Store, samples: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "QUIET", timedelta(0))
    rows = [sample(SIGNALS[n % 3], at(n % 5 * DAY, ns=n), value=n) for n in range(300)]
    for number in range(3):
        await lake.write(batch(*rows[number::3]), Position("spool", number + 1))
    await lake.maintain()
    sealed = {part.path for part in listed(samples)}
    assert len(sealed) == 5
    assert {part.level for part in listed(samples)} == {SEALED}
    await lake.write(batch(*(sample(SIGNALS[0], at(DAY, ns=-n), value=-n) for n in range(1, 4))), Position("spool", 4))
    await lake.maintain()
    after = listed(samples)
    assert sealed < {part.path for part in after}, "three of sixty rows are few"
    assert [part.rows for part in after if part.level == 0] == [3]
    assert (await stored(lake, SIGNALS, NOON - DAY, NOON + 9 * DAY)).height == 303
    await lake.write(batch(*(sample(SIGNALS[0], at(DAY, ns=-n), value=n) for n in range(1, 9))), Position("spool", 5))
    await lake.maintain()
    resealed = listed(samples)
    assert {part.level for part in resealed} == {SEALED}
    assert len(sealed & {part.path for part in resealed}) == 4, "the other days are left as they are"
    found = (await stored(lake, SIGNALS[:1], NOON, NOON + DAY + HOUR)).filter(pl.col("time") < NOON + DAY)
    assert found.tail(8)["int"].to_list() == [8, 7, 6, 5, 4, 3, 2, 1], "what came twice counts as it came last"


def test_sealing_is_cut_into_files_of_their_size(samples: Table) -> None:
    for number in range(4):
        rows = (sample(f"f/l/e/s{n:03}", at(number, ns=n), value=n) for n in range(500))
        samples.append(rows_of(*rows))
    size = sum(part.size for part in listed(samples))
    samples.merge(parts.Merge(tuple(listed(samples)), SEALED), size // 4, threading.Event())
    runs = samples.files().sort("least_signal")
    assert 2 <= runs.height <= 8
    assert runs["greatest_signal"].to_list()[:-1] < runs["least_signal"].to_list()[1:]
    assert runs["rows"].sum() == 2000
