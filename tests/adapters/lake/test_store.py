"""The lake on a disk: once only, whole after a crash, merged without being seen."""

import asyncio
import errno
import os
import sys
from pathlib import Path

import polars as pl
import pytest
from deltalake.exceptions import CommitFailedError

from adapters.stores.contract import Position, Prepares, Store, StoreRefusedError, StoreUnavailableError
from adapters.stores.lake import create, layout, store
from adapters.stores.lake.layout import sample_rows
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table
from tests.adapters.lake.tables import listed, rows_of, sample_table
from tests.conformance.store import DAY, NOON, assert_samples, at, batch, sample, stored

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
    other = sample_table(folder)
    row = sample("f/l/e/s", at(), value=1)

    def overtaken(written: int) -> pl.DataFrame:
        other.append(rows_of(row), Position("spool", 1))
        return sample_rows(batch(row), written)

    with pytest.raises(CommitFailedError):
        samples.append(overtaken, Position("spool", 1))
    samples.append(rows_of(row), Position("spool", 1))
    assert [part.rows for part in listed(samples)] == [1]


def test_writers_of_two_spools_append_both(samples: Table, folder: Path) -> None:
    other = sample_table(folder)

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


async def test_what_was_sorted_ahead_is_not_sorted_again(lake: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(lake, Prepares)
    done = []

    def counted(samples: pl.DataFrame, written: int) -> pl.DataFrame:
        done.append(samples)
        return sample_rows(samples, written)

    monkeypatch.setattr(layout, "sample_rows", counted)
    rows = [sample("f/l/e/s", at(n), value=n) for n in range(10)]
    samples = batch(*reversed(rows))
    await lake.prepare(samples)
    await lake.write(samples, Position("spool", 1))
    assert len(done) == 1
    assert_samples(await stored(lake, ["f/l/e/s"]), *rows)


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
