"""Readers see one commit, whatever is written, merged and deleted meanwhile; in this process and in others."""

import asyncio
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.stores.contract import Position, Store, StoreUnavailableError
from adapters.stores.lake import create, parts, reading, table
from adapters.stores.lake.files import Folder
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.adapters.lake.tables import listed, merge, rows_of, sample_table
from tests.conformance.store import DAY, NOON, assert_samples, at, batch, result, sample, stored
from tests.conformance.store import table as results_table

SIGNALS = [f"f/l/e/s{n}" for n in range(5)]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were read, in order."""
    paths: list[str] = []
    scan = Folder.scan

    def noted(self: Folder, some: Any, columns: pl.Schema) -> pl.LazyFrame:
        paths.extend(some)
        return scan(self, some, columns)

    monkeypatch.setattr(Folder, "scan", noted)
    return paths


def merge_and_delete(samples: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """Merge all files, and delete what was replaced at once."""
    monkeypatch.setattr(table, "CLEAN_EVERY", 0.0)
    before = {part.path for part in listed(samples)}
    merge(samples)
    samples.tidy(timedelta(0))
    assert not any((Path(samples.folder.uri) / path).exists() for path in before)


async def test_a_question_asked_long_ago_is_answered_from_what_there_is_now(
    lake: Store, samples: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [sample("f/l/e/s", at(n), value=n) for n in range(4)]
    for n, row in enumerate(rows[:3]):
        await lake.write(batch(row), Position("spool", n + 1))
    asked = await lake.samples(["f/l/e/s"], NOON, NOON + DAY)
    merge_and_delete(samples, monkeypatch)
    assert_samples(asked.collect(), *rows[:3])
    await lake.write(batch(rows[3]), Position("spool", 4))
    merge_and_delete(samples, monkeypatch)
    assert_samples(asked.collect(), *rows)


async def test_what_was_asked_is_asked_again_however_often_it_is_deleted(
    lake: Store, samples: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(2):
        await lake.write(batch(sample("f/l/e/s", at(n), value=n)), Position("spool", n + 1))
    looks: list[int] = []
    last = reading.last

    def late(*asked: Any) -> pl.DataFrame:
        looks.append(1)
        if len(looks) <= reading.AGAIN:  # between looking for the files and reading them
            samples.append(rows_of(sample("f/l/e/s", at(len(looks)), value=len(looks))))
            merge_and_delete(samples, monkeypatch)
        return last(*asked)

    monkeypatch.setattr(reading, "last", late)
    assert (await lake.last(["f/l/e/s"], NOON + DAY))["int"].to_list() == [3]
    assert len(looks) == 1 + reading.AGAIN


@pytest.mark.parametrize("question", ["samples", "last", "extent", "count"])
async def test_files_that_somebody_deleted_are_an_error(lake: Store, samples: Table, question: str) -> None:
    await lake.write(batch(*(sample("f/l/e/s", at(n), value=n) for n in range(2))), Position("spool", 1))
    (part,) = listed(samples)
    (Path(samples.folder.uri) / part.path).unlink()

    async def ask() -> object:
        if question == "samples":
            return await (await lake.samples(["f/l/e/s"], NOON, NOON + DAY)).collect_async()
        if question == "last":
            return await lake.last(["f/l/e/s"], NOON + DAY)
        if question == "extent":
            return await lake.extent()
        return await lake.count(NOON, NOON + timedelta(seconds=1))

    with pytest.raises(StoreUnavailableError, match=r"No such file.*check"):
        await ask()


async def test_what_is_asked_of_samples_is_done_where_they_are_read(lake: Store) -> None:
    rows = [sample(signal, at(n), value=n) for n, signal in enumerate(SIGNALS * 10)]
    await lake.write(batch(*rows), Position("spool", 1))
    asked = await lake.samples(SIGNALS, NOON, NOON + DAY)
    whole = asked.collect()
    late = pl.col("time") > NOON + timedelta(seconds=20)
    assert_frame_equal(asked.filter(late).collect(), whole.filter(late))
    assert_frame_equal(asked.select("int").collect(), whole.select("int"))
    assert_frame_equal(
        asked.filter(late).select("received", "int").collect(), whole.filter(late).select("received", "int")
    )
    assert_frame_equal(asked.head(3).collect(), whole.head(3))
    assert_frame_equal(
        asked.group_by("signal", maintain_order=True).len().collect(),
        whole.group_by("signal", maintain_order=True).len(),
    )
    assert asked.select(pl.len()).collect().item() == whole.height


async def test_of_a_key_written_twice_a_filter_sees_the_row_that_counts(lake: Store) -> None:
    await lake.write(batch(sample("f/l/e/s", at(1), value=1)), Position("spool", 1))
    await lake.write(batch(sample("f/l/e/s", at(1), value=2)), Position("spool", 2))
    asked = await lake.samples(["f/l/e/s"], NOON, NOON + DAY)
    assert asked.filter(pl.col("int") == 1).collect().is_empty()


async def test_only_the_files_that_may_hold_it_are_read(lake: Store, read: list[str]) -> None:
    for n in range(6):
        rows = (sample(f"f/l/e{n % 2}/s", at(n // 2 * DAY, ns=m), value=m) for m in range(10))
        await lake.write(batch(*rows), Position("spool", n + 1))
    asked = await lake.samples(["f/l/e1/s"], NOON + DAY, NOON + 2 * DAY)
    assert asked.collect().height == 10
    assert len(read) == 1
    nothing = await lake.samples(["f/l/e2/s"], NOON, NOON + 9 * DAY)
    assert nothing.collect().is_empty()
    assert len(read) == 1


async def test_the_last_samples_are_looked_for_in_the_newest_files_only(
    lake: Store, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "FIRST_FILES", 2)
    for n in range(20):
        rows = [sample("f/l/e/often", at(n * DAY), value=n)]
        if n == 11:
            rows.append(sample("f/l/e/seldom", at(n * DAY, ns=1), value=n))
        await lake.write(batch(*rows), Position("spool", n + 1))
    assert (await lake.last(["f/l/e/often"], NOON + 99 * DAY))["int"].to_list() == [19]
    assert len(set(read)) == 2
    read.clear()
    found = await lake.last(["f/l/e/often", "f/l/e/seldom"], NOON + 99 * DAY)
    assert found["int"].to_list() == [19, 11]
    assert len(set(read)) == 3, "the newest two, and the one that may hold the other by its names"


async def test_a_file_that_ends_earlier_may_hold_the_row_that_counts(lake: Store) -> None:
    late = sample("f/l/e/s", at(5), value="corrected")
    await lake.write(
        batch(sample("f/l/e/s", at(5), value="first"), sample("f/l/e/t", at(9), value=1)), Position("a", 1)
    )
    await lake.write(batch(late), Position("a", 2))
    assert_samples(await lake.last(["f/l/e/s"], NOON + DAY), late)


async def test_results_are_read_again_when_their_files_are_gone(
    lake: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        rows = results_table(result(value=number, computed=NOON + timedelta(seconds=number)))
        await lake.write_results(rows)
    answers = reading.holding_on

    def late(files: pl.DataFrame, _: Any, answer: Any) -> pl.DataFrame:
        moved = [f"{path}.gone" for path in files["path"]]
        for path, other in zip(files["path"], moved, strict=True):
            (folder / "results" / path).rename(folder / "results" / other)
        return answers(files, lambda: files.with_columns(path=pl.Series(moved)), answer)

    monkeypatch.setattr(reading, "holding_on", late)
    assert (await lake.results(start=NOON - DAY, end=NOON))["value"].to_list() == [2.0]


READER = """
import asyncio, sys, time
from datetime import timedelta
from pathlib import Path
from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from tests.conformance.store import DAY, NOON

SIGNALS = [f"f/l/e/s{n}" for n in range(5)]

async def main():
    before = rounds = 0
    async with create(LakeSettings(folder=Path(sys.argv[1]))) as lake:
        print("ready", flush=True)
        while not (Path(sys.argv[1]) / "done").exists():
            asked = await lake.samples(SIGNALS, NOON - DAY, NOON + 9 * DAY)
            await asyncio.sleep(0.05 * (rounds % 4))  # files are merged and deleted meanwhile
            found = asked.collect()
            assert not found.select("signal", "time").is_duplicated().any(), "twice"
            assert found.height >= before, f"{found.height} after {before}"
            assert found.equals(found.sort("signal", "time")), "not in order"
            before = found.height
            last = await lake.last(SIGNALS, NOON + 9 * DAY)
            assert last.height == 5 or not before, last
            assert await lake.count(NOON - DAY, NOON + 9 * DAY) >= before
            rounds += 1
    print(rounds, before, flush=True)

asyncio.run(main())
"""


async def test_readers_in_other_processes_are_not_disturbed(
    lake: Store, samples: Table, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "CLEAN_EVERY", 0.0)
    monkeypatch.setattr(table, "CHECKPOINT_AFTER", 10)
    monkeypatch.setattr(parts, "QUIET", timedelta(0))
    readers = [
        await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", READER, folder), stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[3]
        )
        for _ in range(2)
    ]
    for reader in readers:
        assert reader.stdout is not None
        assert await reader.stdout.readline() == b"ready\n"
    for number in range(40):
        rows = (sample(SIGNALS[n % 5], at(number % 3 * DAY, ns=number * 100 + n), value=n) for n in range(100))
        await lake.write(batch(*rows), Position("spool", number + 1))
        if number % 4 == 3:
            await lake.maintain()
            await asyncio.to_thread(samples.tidy, timedelta(0))
    (folder / "done").touch()
    async with asyncio.timeout(60):
        told = [(await reader.communicate())[0].decode().split() for reader in readers]
    assert [reader.returncode for reader in readers] == [0, 0]
    assert all(int(rounds) >= 3 for rounds, _ in told)
    assert len(listed(samples)) < 12
    assert (await stored(lake, SIGNALS, NOON - DAY, NOON + 9 * DAY)).height == 4000


async def test_a_lake_that_was_closed_still_answers_what_was_asked(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [sample("f/l/e/s", at(n), value=n) for n in range(3)]
    async with create(LakeSettings(folder=folder)) as lake:
        for n, row in enumerate(rows):
            await lake.write(batch(row), Position("spool", n + 1))
        asked = await lake.samples(["f/l/e/s"], NOON, NOON + DAY)
    merge_and_delete(sample_table(folder), monkeypatch)
    assert_samples(asked.collect(), *rows)
