"""The lake on a disk: once only, whole after a crash, merged without being seen."""

import asyncio
import errno
import json
import os
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from polars.testing import assert_frame_equal

from adapters.stores.contract import Position, Store, StoreRefusedError, StoreUnavailableError
from adapters.stores.lake import create, parts, store, table
from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import SAMPLE_ROWS, sample_rows
from adapters.stores.lake.parts import SEALED, Merge, Part
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.conformance.store import DAY, NOON, assert_samples, at, batch, result, sample, stored
from tests.conformance.store import table as results_table

HOUR = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lake"


@pytest.fixture
async def lake(folder: Path) -> AsyncIterator[Store]:
    async with create(LakeSettings(folder=folder, compact_after=4)) as lake:
        yield lake


@pytest.fixture
def samples(folder: Path) -> Table:
    """The table of samples, open, past any store."""
    opened = Table(Folder(folder / "samples", {}), SAMPLE_ROWS)
    opened.open()
    return opened


def listed(samples: Table) -> list[Part]:
    names = ("path", "day", "level", "rows", "size", "added")
    return [Part(*row) for row in samples.files().select(names).iter_rows()]


def rows_of(*rows: dict[str, Any]) -> Any:
    """Give what `Table.append` asks for."""
    return lambda written: sample_rows(batch(*rows), written)


# Once only.


async def test_a_batch_that_was_stored_is_not_appended_again(lake: Store, samples: Table) -> None:
    rows = [sample("f/l/e/s", at(n), value=n) for n in range(10)]
    await lake.write(batch(*rows), Position("spool", 10))
    await lake.write(batch(*rows), Position("spool", 10))
    await lake.write(batch(*rows[:4]), Position("spool", 4))
    await lake.write(batch(*rows), Position("another", 10))
    assert [part.rows for part in listed(samples)] == [10, 10]
    assert samples.written("spool") == 10
    assert_samples(await stored(lake, ["f/l/e/s"]), *rows)


def test_two_writers_of_one_spool_append_once(samples: Table, folder: Path) -> None:
    other = Table(Folder(folder / "samples", {}), SAMPLE_ROWS)
    other.open()
    row = sample("f/l/e/s", at(), value=1)

    def overtaken(written: int) -> pl.DataFrame:
        other.append(rows_of(row), Position("spool", 1))
        return sample_rows(batch(row), written)

    with pytest.raises(CommitFailedError):
        samples.append(overtaken, Position("spool", 1))
    samples.append(rows_of(row), Position("spool", 1))
    assert [part.rows for part in listed(samples)] == [1]


def test_writers_of_two_spools_append_both(samples: Table, folder: Path) -> None:
    other = Table(Folder(folder / "samples", {}), SAMPLE_ROWS)
    other.open()

    def overtaken(written: int) -> pl.DataFrame:
        other.append(rows_of(sample("f/l/e/s", at(1), value=1)), Position("one", 1))
        return sample_rows(batch(sample("f/l/e/s", at(2), value=2)), written)

    samples.append(overtaken, Position("another", 1))
    assert [part.rows for part in listed(samples)] == [1, 1]
    assert (samples.written("one"), samples.written("another")) == (1, 1)


WRITER = """
import asyncio, sys
from pathlib import Path
from adapters.stores.contract import Position
from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from tests.conformance.store import DAY, at, batch, sample

async def main():
    async with create(LakeSettings(folder=Path(sys.argv[1]), compact_after=2)) as lake:
        start = (await lake.written("spool")) or 0
        for number in range(start, 1000):
            rows = (sample(f"f/l/e/s{n % 2}", at(DAY * (number % 3), ns=number * 100 + n), value=n) for n in range(100))
            await lake.write(batch(*rows), Position("spool", number + 1))
            print(number + 1, flush=True)
            if number % 3 == 2:
                await lake.maintain()

asyncio.run(main())
"""


async def test_a_killed_writer_leaves_whole_batches(folder: Path) -> None:
    for round_ in range(3):
        told = await killed_after(5 + 3 * round_, folder)
        async with create(LakeSettings(folder=folder)) as lake:
            written = await lake.written("spool")
            assert written is not None
            assert written >= told
            found = await stored(lake, ["f/l/e/s0", "f/l/e/s1"], NOON - DAY, NOON + 9 * DAY)
            assert found.height == written * 100
            assert found.select("signal", "time").n_unique() == found.height
            await lake.check()


async def killed_after(batches: int, folder: Path) -> int:
    """Have another process write until it has told of so many batches, then kill it; give the last position it told."""
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, folder, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
    )
    assert writer.stdout is not None
    told = [int(await writer.stdout.readline()) for _ in range(batches)]
    writer.kill()
    await writer.communicate()
    return told[-1]


# After a power cut, on a full disk, in a wrong folder.


@pytest.mark.parametrize("torn", [b"", b'{"add":{"path":"day=2024', b"\x00" * 300, b'{"commitInfo":{}}\n{"txn":'])
async def test_a_torn_commit_is_as_if_it_had_not_been(folder: Path, torn: bytes) -> None:
    rows = [sample("f/l/e/s", at(n), value=n) for n in range(3)]
    async with create(LakeSettings(folder=folder)) as lake:
        await lake.write(batch(rows[0]), Position("spool", 1))
        await lake.write(batch(rows[1]), Position("spool", 2))
    newest = max((folder / "samples" / "_delta_log").glob("*.json"))
    newest.write_bytes(torn)
    async with create(LakeSettings(folder=folder)) as lake:
        assert await lake.written("spool") == 1
        await lake.write(batch(*rows[1:]), Position("spool", 3))
        assert_samples(await stored(lake, ["f/l/e/s"]), *rows)


async def test_what_a_write_returned_for_is_synced(lake: Store, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []

    def noted(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))

    monkeypatch.setattr(os, "fsync", noted)
    await lake.write(batch(sample("f/l/e/s", at(), value=1)), Position("spool", 1))
    log = folder / "samples" / "_delta_log"
    data, day, root, commit, names = synced
    assert data.endswith(".parquet")
    assert (day, root) == (str(folder / "samples" / "day=2024-05-17"), str(folder / "samples"))
    assert (commit, names) == (str(max(log.glob("*.json"))), str(log))


async def test_a_full_disk_is_waited_for_and_leaves_nothing_behind(
    lake: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [sample("f/l/e/s", at(n * DAY), value=n) for n in range(3)]
    sync = os.fsync

    def full(handle: int) -> None:
        if len(list((folder / "samples").glob("day=*/*"))) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(StoreUnavailableError, match=f"the disk is full; make room at {folder}"):
            await lake.write(batch(*rows), Position("spool", 1))
    assert list((folder / "samples").glob("day=*/*")) == []
    assert await lake.written("spool") is None
    await lake.write(batch(*rows), Position("spool", 1))
    assert_samples(await stored(lake, ["f/l/e/s"], NOON, NOON + 9 * DAY), *rows)


async def test_a_disk_with_little_room_takes_no_more_writes(lake: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROOM", 2**62)
    with pytest.raises(StoreUnavailableError, match="full"):
        await lake.check()


async def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreRefusedError, match="folder"):
        async with create(LakeSettings(folder=tmp_path / "file")):
            pass


async def test_a_table_of_another_program_is_left_alone(folder: Path) -> None:
    pl.DataFrame({"x": [1]}).write_delta(folder / "samples")
    with pytest.raises(StoreRefusedError, match=r"columns x.*choose another `folder`"):
        async with create(LakeSettings(folder=folder)):
            pass


async def test_storage_that_does_not_answer_is_waited_for() -> None:
    options = {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "the-secret",
        "AWS_REGION": "nowhere",
        "max_retries": "0",
        "retry_timeout": "1s",
    }
    settings = LakeSettings(folder="s3://bucket/lake", options=options)
    with pytest.raises(StoreUnavailableError) as caught:
        async with create(settings):
            pass
    assert "s3://bucket/lake" in str(caught.value)
    assert "the-secret" not in str(caught.value) + repr(settings) + create(settings).name
    assert "\x1b" not in str(caught.value)


# Merging.


async def test_many_small_files_of_today_become_one(lake: Store, samples: Table) -> None:
    today = datetime.now(UTC) - NOON
    rows = [sample(f"f/l/e/s{n % 2}", at(today, ns=n), value=n) for n in range(8)]
    for number in range(4):
        await lake.write(batch(*rows[number : number + 3]), Position("spool", number + 1))
    await lake.maintain()
    (merged,) = listed(samples)
    assert merged.level == 1
    assert merged.rows == 6, "of a key written twice one row is left"
    await lake.write(batch(*rows[6:]), Position("spool", 5))
    await lake.maintain()
    assert sorted(part.level for part in listed(samples)) == [0, 1]
    expected = sorted(rows, key=lambda row: (row["signal"], row["time"]))
    assert_samples(await stored(lake, ["f/l/e/s0", "f/l/e/s1"], NOON, NOON + today + HOUR), *expected)


async def test_a_day_that_is_over_becomes_one_sorted_run(
    lake: Store, samples: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "QUIET", timedelta(0))
    rows = [sample(f"f/l/e/s{n % 3}", at(n % 2 * DAY, ns=n), value=n) for n in range(60)]
    for number in range(3):
        await lake.write(batch(*rows[number::3]), Position("spool", number + 1))
    await lake.maintain()
    assert [part.level for part in listed(samples)] == [SEALED, SEALED]
    for part in listed(samples):
        content = samples.folder.scan([part.path], SAMPLE_ROWS.columns).collect()
        assert_frame_equal(content, content.sort("signal", "time_ns"))
        assert content.height == 30
    assert (await stored(lake, [f"f/l/e/s{n}" for n in range(3)], NOON, NOON + 3 * DAY)).height == 60


async def test_results_computed_again_are_left_once(lake: Store, folder: Path) -> None:
    for number in range(5):
        await lake.write_results(results_table(result(value=number, computed=NOON + timedelta(seconds=number))))
    await lake.maintain()
    log = DeltaTable(folder / "results").get_add_actions(flatten=True)
    assert pl.DataFrame(log)["num_records"].to_list() == [1]
    found = await lake.results(start=NOON - DAY, end=NOON)
    assert found["value"].to_list() == [4.0]


async def test_merging_leaves_off_in_time(lake: Store, samples: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "QUIET", timedelta(0))
    monkeypatch.setattr(store, "MERGING", 0.0)
    for number in range(6):
        await lake.write(batch(sample("f/l/e/s", at(number % 3 * DAY, ns=number), value=1)), Position("s", number + 1))
    for left in (5, 4, 3, 3):
        await lake.maintain()
        assert len(listed(samples)) == left


def test_more_rows_than_fit_in_memory_are_merged_by_names(samples: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "MERGED_AT_ONCE", 100)
    for number in range(4):
        rows = (sample(f"f/l/e/s{n % 7}", at(ns=n * 4 + number), value=n) for n in range(100))
        samples.append(rows_of(*rows))
    before = samples.folder.scan([part.path for part in listed(samples)], SAMPLE_ROWS.columns).collect()
    samples.merge(Merge(tuple(listed(samples)), 1))
    runs = samples.files().sort("least_signal")
    assert 3 <= runs.height <= 7
    assert runs["greatest_signal"].to_list()[:-1] < runs["least_signal"].to_list()[1:]
    after = samples.folder.scan(runs["path"].to_list(), SAMPLE_ROWS.columns).collect()
    assert_frame_equal(after, before.sort("signal", "time_ns"))


def test_two_merges_at_once_do_one(samples: Table, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Table(Folder(folder / "samples", {}), SAMPLE_ROWS)
    other.open()
    for n in range(3):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)))
    merge = Merge(tuple(listed(samples)), 1)
    write = Folder.write

    def overtaken(self: Folder, path: str, rows: pl.DataFrame) -> int:
        if self is samples.folder:
            other.merge(merge)
        return write(self, path, rows)

    monkeypatch.setattr(Folder, "write", overtaken)
    with pytest.raises(CommitFailedError):
        samples.merge(merge)
    assert [part.rows for part in listed(samples)] == [3]


def test_rows_that_come_while_files_are_merged_are_kept(samples: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)))
    merge = Merge(tuple(listed(samples)), 1)
    write = Folder.write

    def beside(self: Folder, path: str, rows: pl.DataFrame) -> int:
        if "/l1-" in path:
            samples.append(rows_of(sample("f/l/e/s", at(9), value=9)), Position("spool", 1))
        return write(self, path, rows)

    monkeypatch.setattr(Folder, "write", beside)
    samples.merge(merge)
    assert sorted(part.rows for part in listed(samples)) == [1, 3]
    assert samples.written("spool") == 1


async def test_only_the_files_that_may_hold_it_are_read(lake: Store) -> None:
    for n in range(6):
        rows = (sample(f"f/l/e{n % 2}/s", at(n // 2 * DAY, ns=m), value=m) for m in range(10))
        await lake.write(batch(*rows), Position("spool", n + 1))
    asked = await lake.samples(["f/l/e1/s"], NOON + DAY, NOON + 2 * DAY)
    assert asked.explain().count(".parquet") == 1
    assert asked.collect().height == 10
    nothing = await lake.samples(["f/l/e2/s"], NOON, NOON + 9 * DAY)
    assert ".parquet" not in nothing.explain()


# Tidying.


def test_replaced_files_are_deleted_when_no_reader_needs_them(
    samples: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_disk() -> set[str]:
        return {str(path.relative_to(folder / "samples")) for path in (folder / "samples").glob("day=*/*")}

    def merged_at(age: timedelta) -> set[str]:
        for n in range(3):
            samples.append(rows_of(sample("f/l/e/s", at(n), value=n)))
        small = tuple(part for part in listed(samples) if part.level == 0)
        with monkeypatch.context() as patch:
            then = int((datetime.now(UTC) - age).timestamp() * 1000)
            patch.setattr(table, "_milliseconds", lambda: then)
            samples.merge(Merge(small, 1))
        return {part.path for part in small}

    long_ago, just_now = merged_at(3 * HOUR), merged_at(timedelta(minutes=5))
    never_committed = folder / "samples" / "day=2024-05-17" / "l0-x.parquet"
    never_committed.write_bytes(b"half a fi")
    os.utime(never_committed, (0, 0))
    samples.tidy(HOUR)
    assert on_disk() == just_now | {part.path for part in listed(samples)}
    reopened = Table(Folder(folder / "samples", {}), SAMPLE_ROWS)
    reopened.open()
    reopened.tidy(HOUR)
    assert not long_ago & on_disk()
    assert sum(part.rows for part in listed(reopened)) == 6


def test_a_checkpoint_spares_readers_the_old_commits(
    samples: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "CHECKPOINT_AFTER", 3)
    log = folder / "samples" / "_delta_log"
    for n in range(3):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)), Position("spool", n + 1))
    assert not list(log.glob("*.checkpoint.parquet"))
    samples.tidy(HOUR)
    assert [path.name for path in log.glob("*.checkpoint.parquet")] == [f"{3:020d}.checkpoint.parquet"]
    assert json.loads((log / "_last_checkpoint").read_text())["version"] == 3
    for number in range(3):
        (log / f"{number:020d}.json").unlink()
    reopened = Table(Folder(folder / "samples", {}), SAMPLE_ROWS)
    reopened.open()
    assert reopened.written("spool") == 3
    assert sum(part.rows for part in listed(reopened)) == 3


def test_a_reader_that_slept_past_the_old_commits_wakes_up(
    samples: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "CHECKPOINT_AFTER", 3)
    sleeper = Table(Folder(folder / "samples", {}), SAMPLE_ROWS)
    sleeper.open()
    for n in range(6):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)), Position("spool", n + 1))
    samples.tidy(HOUR)
    for old in list((folder / "samples" / "_delta_log").glob("*.json"))[:-1]:
        old.unlink()
    assert sleeper.written("spool") == 6
    assert len(listed(sleeper)) == 6
