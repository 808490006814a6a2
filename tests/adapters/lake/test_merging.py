"""Merging and tidying: fewer files with the same rows, and nobody sees it."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable
from deltalake.exceptions import CommitFailedError
from polars.testing import assert_frame_equal

from adapters.stores.contract import Position, Store
from adapters.stores.lake import log, merging, parts, table
from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import SAMPLE_ROWS
from adapters.stores.lake.parts import SEALED, Merge
from adapters.stores.lake.table import Table
from tests.adapters.lake.tables import listed, merge, rows_of, sample_table
from tests.conformance.store import DAY, NOON, assert_samples, at, batch, result, sample, stored
from tests.conformance.store import table as results_table

HOUR = timedelta(hours=1)


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
    results = DeltaTable(folder / "results").get_add_actions(flatten=True)
    assert pl.DataFrame(results)["num_records"].to_list() == [1]
    found = await lake.results(start=NOON - DAY, end=NOON)
    assert found["value"].to_list() == [4.0]


def test_more_rows_than_fit_in_memory_are_merged_by_names(samples: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "AT_ONCE", 100)
    for number in range(4):
        samples.append(rows_of(*(sample(f"f/l/e/s{n % 7}", at(ns=n * 4 + number), value=n) for n in range(100))))
    before = samples.folder.scan([part.path for part in listed(samples)], SAMPLE_ROWS.columns).collect()
    bytes_of_half = sum(part.size for part in listed(samples)) // 2
    merge(samples, target=bytes_of_half)
    runs = samples.files().sort("least_signal")
    assert 2 <= runs.height <= 3
    assert runs["greatest_signal"].to_list()[:-1] < runs["least_signal"].to_list()[1:]
    after = samples.folder.scan(runs["path"].to_list(), SAMPLE_ROWS.columns).collect()
    assert_frame_equal(after, before.sort("signal", "time_ns"))


def test_a_name_with_too_many_rows_is_merged_by_time(samples: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "AT_ONCE", 30)
    for number in range(2):
        rows = [sample("f/l/e/much", at(n * 60), value=n) for n in range(100)]
        samples.append(rows_of(*rows, sample("f/l/e/little", at(number), value=number)))
    merge(samples)
    (run,) = listed(samples)
    content = samples.folder.scan([run.path], SAMPLE_ROWS.columns).collect()
    assert_frame_equal(content, content.sort("signal", "time_ns"))
    assert content["signal"].value_counts(sort=True).rows() == [("f/l/e/much", 100), ("f/l/e/little", 2)]
    assert set(content.filter(signal="f/l/e/much")["written"]) == {2}


def test_two_merges_at_once_do_one(samples: Table, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = sample_table(folder)
    for n in range(3):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)))
    parts = listed(samples)
    write = Folder.write

    def overtaken(self: Folder, path: str, frames: Iterator[pl.DataFrame], columns: pl.Schema) -> int:
        if self is samples.folder:
            merge(other, *parts)
        return write(self, path, frames, columns)

    monkeypatch.setattr(Folder, "write", overtaken)
    with pytest.raises(CommitFailedError):
        merge(samples, *parts)
    assert [part.rows for part in listed(samples)] == [3]


def test_rows_that_come_while_files_are_merged_are_kept(samples: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)))
    write = Folder.write

    def beside(self: Folder, path: str, frames: Iterator[pl.DataFrame], columns: pl.Schema) -> int:
        if "/l1-" in path:
            samples.append(rows_of(sample("f/l/e/s", at(9), value=9)), Position("spool", 1))
        return write(self, path, frames, columns)

    monkeypatch.setattr(Folder, "write", beside)
    merge(samples)
    assert sorted(part.rows for part in listed(samples)) == [1, 3]
    assert samples.written("spool") == 1


def test_a_merge_that_is_told_to_stop_changes_nothing(samples: Table, folder: Path) -> None:
    for n in range(3):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)))
    before = listed(samples)
    stop = threading.Event()
    stop.set()
    with pytest.raises(table.StoppedError):
        samples.merge(Merge(tuple(before), 1), 1, stop)
    assert listed(samples) == before
    assert len(list(folder.glob("samples/day=*/*"))) == 3


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
            patch.setattr(log, "_milliseconds", lambda: then)
            merge(samples, *small)
        return {part.path for part in small}

    long_ago, just_now = merged_at(3 * HOUR), merged_at(timedelta(minutes=5))
    never_committed = folder / "samples" / "day=2024-05-17" / "l0-x.parquet"
    never_committed.write_bytes(b"half a fi")
    os.utime(never_committed, (0, 0))
    samples.tidy(HOUR)
    assert on_disk() == just_now | {part.path for part in listed(samples)}
    reopened = sample_table(folder)
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
    reopened = sample_table(folder)
    assert reopened.written("spool") == 3
    assert sum(part.rows for part in listed(reopened)) == 3


def test_a_reader_that_slept_past_the_old_commits_wakes_up(
    samples: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "CHECKPOINT_AFTER", 3)
    sleeper = sample_table(folder)
    for n in range(6):
        samples.append(rows_of(sample("f/l/e/s", at(n), value=n)), Position("spool", n + 1))
    samples.tidy(HOUR)
    for old in list((folder / "samples" / "_delta_log").glob("*.json"))[:-1]:
        old.unlink()
    assert sleeper.written("spool") == 6
    assert len(listed(sleeper)) == 6
