"""A spool whose file is damaged: what can be read is saved, and what cannot is told."""

import shutil
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from collector.spool import salvage
from collector.spool.contract import STORE, SpoolDamagedError, SpoolError
from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import numbers
from tests.conformance.spool import ROOMY, values

PAGE = 8192


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def spool_at(path: Path, **settings: object) -> SqliteSpool:
    return SqliteSpool(path, **{**ROOMY, "mends": True, **settings})


async def fill(path: Path, entries: int = 40) -> str:
    """Fill a spool, of which the store has the first entry; give its identity."""
    async with spool_at(path) as spool:
        for n in range(entries):
            await spool.append(numbers([n]), f"source-{n % 3}")
        await spool.commit(STORE, 1)
        return spool.log


def overwrite(path: Path, *, page: int, count: int = 1) -> None:
    """Fill pages of the file with ones; the first is 1."""
    data = bytearray(path.read_bytes())
    start = (page - 1) * PAGE
    data[start : start + count * PAGE] = b"\xff" * (count * PAGE)
    path.write_bytes(data)


@pytest.mark.parametrize("page", [1, 2, 3, 4, 5, 8, 10, 12])
async def test_any_page_may_be_damaged(path: Path, page: int) -> None:
    log = await fill(path)
    overwrite(path, page=page)
    with capture_logs() as logs:
        async with spool_at(path) as spool:
            chunk = await spool.read(1, 1000)
            losses = await spool.losses()
            assert spool.log == log
            assert await spool.end() == 40
            assert await spool.append(numbers([99]), "plc") == 41
            assert await spool.cursor(STORE) in {0, 1}
    read = set(values(chunk.samples))
    missing = set(range(1, 40)) - read
    assert len(read) >= 30
    assert sum(loss.samples for loss in losses) >= len(missing)
    assert not missing or {loss.source for loss in losses} <= {"source-0", "source-1", "source-2"}
    if any(log["event"] == "spool salvaged" for log in logs):
        kept = [one for one in path.parent.glob("spool.db.damaged-*") if not one.name.endswith("-wal")]
        assert len(kept) == 1
        assert kept[0].read_bytes()[(page - 1) * PAGE :][:PAGE] == b"\xff" * PAGE


async def test_a_file_that_is_damaged_while_it_is_open_is_saved_under_way(path: Path) -> None:
    await fill(path)
    with capture_logs() as logs:
        async with spool_at(path) as spool:
            overwrite(path, page=10, count=2)
            chunk = await spool.read(1, 1000)
            assert await spool.append(numbers([99]), "plc") == 41
            assert values((await spool.read(40, 10)).samples) == [99]
    assert "spool salvaged" in [log["event"] for log in logs]
    assert len(values(chunk.samples)) >= 20


async def test_another_process_goes_on_with_the_new_file(path: Path) -> None:
    await fill(path)
    with capture_logs():
        async with spool_at(path, mends=False) as other:
            assert await other.end() == 40
            overwrite(path, page=10, count=2)
            with pytest.raises(SpoolDamagedError, match="the collector saves what can be read"):
                await other.read(1, 1000)
            async with spool_at(path) as spool:
                saved = await spool.read(1, 1000)
                assert await spool.append(numbers([99]), "plc") == 41
                again = await other.read(1, 1000)
            assert values(again.samples) == [*values(saved.samples), 99]


async def test_a_log_that_somebody_deleted_is_told(path: Path, tmp_path: Path) -> None:
    async with spool_at(path) as spool:
        await spool.append(numbers([1]), "plc")
    async with spool_at(path) as spool:
        await spool.append(numbers([2, 3]), "plc")
        await spool.append(numbers([4]), "broker")
        left = tmp_path / "left"
        left.mkdir()
        for name in ("spool.db", "spool.db.witness"):
            shutil.copy(path.with_name(name), left / name)
    with capture_logs():
        async with spool_at(left / "spool.db") as spool:
            chunk = await spool.read(0, 100)
            assert values(chunk.samples) == [1]
            assert chunk.missed
            assert {(one.source, one.samples) for one in await spool.losses()} == {("plc", 2), ("broker", 1)}
            assert await spool.append(numbers([5]), "plc") == 4


async def test_a_spool_that_was_moved_away_is_forgotten(path: Path) -> None:
    log = await fill(path)
    shutil.move(path, path.with_name("away.db"))
    async with spool_at(path) as spool:
        assert spool.log != log
        assert await spool.append(numbers([1]), "plc") == 1
        assert await spool.losses() == []


def test_what_is_no_spool_is_left_where_it_is(path: Path) -> None:
    path.write_bytes(b"somebody's photographs " * 10_000)
    with pytest.raises(SpoolError, match="nothing of a spool can be found in it"):
        salvage.mended(path, (STORE,))
    assert path.read_bytes().startswith(b"somebody's")


async def test_a_salvage_that_died_before_the_new_file_took_its_place_is_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = await fill(path)
    overwrite(path, page=2)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(salvage, "_put_in_place", die)
    with capture_logs(), pytest.raises(KeyboardInterrupt):
        salvage.mended(path, (STORE,))
    monkeypatch.undo()
    assert path.with_name("spool.db.salvaged").exists()
    with capture_logs():
        async with spool_at(path) as spool:
            assert spool.log == log
            assert await spool.end() == 40
    assert not path.with_name("spool.db.salvaged").exists()


async def test_a_new_file_that_is_not_whole_is_not_taken(path: Path) -> None:
    log = await fill(path)
    path.with_name("spool.db.salvaging").write_bytes(b"half")
    async with spool_at(path) as spool:
        assert spool.log == log
    assert not path.with_name("spool.db.salvaging").exists()


async def test_a_salvage_without_room_under_way_is_tried_again(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(path)

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with capture_logs():
        async with spool_at(path) as spool:
            overwrite(path, page=10, count=2)
            monkeypatch.setattr(salvage, "_write", no_room)
            for _ in range(2):
                with pytest.raises(SpoolError, match="make room on its disk"):
                    await spool.read(1, 1000)
            monkeypatch.undo()
            assert await spool.append(numbers([99]), "plc") == 41


async def test_nobody_else_makes_a_new_spool_in_the_place_of_one_that_vanished(path: Path) -> None:
    await fill(path)
    shutil.move(path, path.with_name("away.db"))
    with pytest.raises(SpoolError, match="the collector makes a new one"):
        async with spool_at(path, mends=False):
            pass
    async with spool_at(path):
        pass


async def test_a_file_that_lost_all_its_tables_is_told(path: Path) -> None:
    log = await fill(path)
    path.write_bytes(b"")  # noqa: ASYNC240 - of a test
    with pytest.raises(SpoolDamagedError, match="its tables have vanished"):
        async with spool_at(path, mends=False):
            pass
    with capture_logs():
        async with spool_at(path) as spool:
            assert spool.log == log
            assert await spool.append(numbers([99]), "plc") == 41
            assert sum(loss.samples for loss in await spool.losses()) == 40
        # It is told once.
        async with spool_at(path) as spool:
            assert len(await spool.losses()) == 3


async def test_a_disk_without_room_for_the_new_file_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await fill(path)
    overwrite(path, page=2)

    def no_room(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(salvage, "_write", no_room)
    with capture_logs(), pytest.raises(SpoolError, match="make room on its disk"):
        async with spool_at(path):
            pass
    monkeypatch.undo()
    with capture_logs():
        async with spool_at(path) as spool:
            assert await spool.end() == 40
