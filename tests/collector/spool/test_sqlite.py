"""The SQLite spool: what every spool promises, and what can happen to a file."""

import asyncio
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import namedtuple
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from collector.spool import rows, writer
from collector.spool.contract import STORE, SpoolError, SpoolFullError
from collector.spool.database import Database
from collector.spool.entry import Encoded, encode
from collector.spool.file import Bounds, SpoolFile
from collector.spool.sqlite import SqliteSpool
from collector.spool.tables import APPLICATION
from tests.collector.fakes import NOON, numbers, until
from tests.collector.spool.test_ages import Hands
from tests.conformance.spool import ROOMY, Opening, SpoolConformance, values


class TestSqlite(SpoolConformance):
    @pytest.fixture
    def opening(self, tmp_path: Path) -> Opening:
        return lambda **settings: SqliteSpool(tmp_path / "deep" / "spool.db", **settings)


S = 10**9
DAY = 86_400 * S
"""In ns."""


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """Give both clocks of the machine, to be set by hand."""
    hands = Hands()
    monkeypatch.setattr("collector.spool.file.SpoolClock", hands.clock)
    return hands


def spool_at(path: Path, **settings: object) -> SqliteSpool:
    return SqliteSpool(path, **{**ROOMY, **settings})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "spool.db"


def change(path: Path, *statements: str) -> None:
    """Do to the closed file what no spool does."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def overwrite(path: Path, *, since: int) -> None:
    """Fill the file with ones from there on."""
    data = path.read_bytes()
    path.write_bytes(data[:since] + b"\xff" * (len(data) - since))


async def three_entries(path: Path) -> None:
    async with spool_at(path) as spool:
        for n in range(3):
            await spool.append(numbers([n]), "plc")


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE entries SET body = zeroblob(length(body)) WHERE position = 2",
        "UPDATE entries SET body_crc = body_crc + 1 WHERE position = 2",
        "DELETE FROM entries WHERE position = 2",
    ],
)
async def test_an_entry_that_cannot_be_read_back_is_set_aside_and_told(path: Path, damage: str) -> None:
    await three_entries(path)
    change(path, damage)
    async with spool_at(path) as spool:
        chunk = await spool.read(0, 100)
        assert values(chunk.samples) == [0, 2]
        assert chunk.missed
        assert chunk.upto == 3
        again = await spool.read(0, 100)
        assert values(again.samples) == [0, 2]
        assert again.missed
        [loss] = await spool.losses()
        assert (loss.source, loss.kind) in {("plc", "damaged"), ("", "damaged")}
        size = await spool.size()
    kept = sqlite3.connect(path)
    assert kept.execute("SELECT first, last FROM holes").fetchall() == [(2, 2)]
    assert kept.execute("SELECT sum(bytes) FROM entries").fetchone() == (size,)
    kept.close()


@pytest.mark.parametrize("damage", ["source = 'other'", "stop = 'text'", "crc = crc + 1"])
async def test_an_entry_whose_header_alone_is_damaged_is_read_back(path: Path, damage: str) -> None:
    await three_entries(path)
    change(path, f"UPDATE entries SET {damage} WHERE position = 2")  # noqa: S608 - of a test
    async with spool_at(path) as spool:
        chunk = await spool.read(0, 100)
        assert (values(chunk.samples), chunk.missed) == ([0, 1, 2], False)
        assert await spool.losses() == []


async def test_a_damaged_last_entry_does_not_keep_readers_waiting_for_it(path: Path) -> None:
    await three_entries(path)
    change(path, "UPDATE entries SET body_crc = 0 WHERE position = 3")
    async with spool_at(path) as spool:
        first = await spool.read(0, 100)
        assert (first.upto, first.missed) == (3, True)
        assert not await spool.grown(first.upto, patience=0)
        second = await spool.read(2, 100)
        assert (second.upto, second.missed) == (3, True)


def test_a_file_that_is_no_database_is_named_and_left(path: Path) -> None:
    path.write_text("no database, and much longer than a header of a hundred bytes " * 4)
    with pytest.raises(SpoolError, match=r"spool\.db is damaged"):
        SpoolFile(path)
    assert path.read_text().startswith("no database")


async def test_a_broken_page_is_told_with_what_to_do(path: Path) -> None:
    async with spool_at(path) as spool:
        for n in range(50):
            await spool.append(numbers([n]), "plc")
    overwrite(path, since=3 * 8192)
    with pytest.raises(SpoolError, match="is damaged"):
        async with spool_at(path) as spool:
            await spool.read(0, 10**6)


async def test_a_database_of_something_else_is_refused(path: Path) -> None:
    change(path, "CREATE TABLE recipes (name TEXT)")
    with pytest.raises(SpoolError, match="something else"):
        async with spool_at(path):
            pass


async def test_a_spool_of_a_newer_parkline_is_refused(path: Path) -> None:
    await three_entries(path)
    change(path, "PRAGMA user_version = 99", "ALTER TABLE losses ADD COLUMN more INTEGER")
    with pytest.raises(SpoolError, match="newer parkline"):
        async with spool_at(path):
            pass


async def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolError, match="set `spool: path:`"):
        async with spool_at(tmp_path / "file" / "spool.db"):
            pass


async def test_an_append_that_sqlite_has_no_room_for_is_not_there_and_comes_again(path: Path) -> None:
    async with spool_at(path) as spool:
        await spool.append(numbers([0]), "plc")
        connection = spool._opened()._writing._database.connection
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(SpoolFullError, match="disk"):
            await spool.append(numbers(range(100_000)), "plc")
        assert values((await spool.read(0, 10**6)).samples) == [0]
        connection.execute("PRAGMA max_page_count = 1000000")
        await spool.append(numbers([1]), "plc")
        assert values((await spool.read(0, 10**6)).samples) == [0, 1]


async def test_the_end_of_a_disk_is_left_free_for_cursors(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - the shape of shutil.disk_usage
    async with spool_at(path) as spool:
        upto = await spool.append(numbers([0]), "plc")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 2**40, 2**20))
        with pytest.raises(SpoolFullError, match="make room"):
            await spool.append(numbers([1]), "plc")
        await spool.commit(STORE, upto)
        assert await spool.cursor(STORE) == upto


async def test_room_in_the_file_counts_when_the_disk_has_none(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 - the shape of shutil.disk_usage
    async with spool_at(path) as spool:
        noise = numbers(float(n * 7919 % 1_000_003) / 7 for n in range(1_500_000))
        upto = await spool.append(noise, "plc")
        assert await spool.size() > 2**20
        await spool.commit(STORE, upto)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(2**40, 2**40, 15 * 2**20))
        assert await spool.append(numbers([1]), "plc") > upto


async def test_an_append_that_there_is_no_memory_for_is_told_and_the_next_goes_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_memory(*_: object) -> bytes:
        raise MemoryError

    async with spool_at(path) as spool:
        monkeypatch.setattr(writer, "encode", no_memory)
        with pytest.raises(SpoolError, match="cannot be encoded"):
            await spool.append(numbers([0]), "plc")
        monkeypatch.undo()
        await spool.append(numbers([1]), "plc")
        assert values((await spool.read(0, 100)).samples) == [1]


async def test_a_batch_that_takes_long_to_encode_holds_no_other_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = threading.Event()

    def slow(samples: pl.DataFrame, source: str) -> Encoded:
        if source == "slow":
            assert ready.wait(10)
        return encode(samples, source)

    monkeypatch.setattr(writer, "encode", slow)
    async with spool_at(path) as spool, asyncio.timeout(10):
        quick = asyncio.create_task(spool.append(numbers([0]), "quick"))
        other = asyncio.create_task(spool.append(numbers([1]), "slow"))
        assert await quick == 1
        ready.set()
        assert await other == 2
        assert values((await spool.read(0, 100)).samples) == [0, 1]


async def test_an_append_to_a_closed_spool_is_told(path: Path) -> None:
    spool = spool_at(path)
    async with spool:
        pass
    with pytest.raises(SpoolError, match="not open"):
        await spool.append(numbers([1]), "plc")


async def test_the_file_says_what_it_is(path: Path) -> None:
    await three_entries(path)
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_two_spools_have_two_identities(tmp_path: Path) -> None:
    async with spool_at(tmp_path / "one.db") as one, spool_at(tmp_path / "other.db") as other:
        assert one.log != other.log


async def test_old_entries_are_dropped_while_nobody_appends(path: Path, hands: Hands) -> None:
    async with spool_at(path, keep=timedelta(hours=1)) as spool:
        upto = await spool.append(numbers([0]), "plc")
        await spool.commit("faults", 0)
        await spool.commit(STORE, upto)
        assert await spool.size() > 0
        hands.machine += 3601 * S

        async def empty() -> bool:
            return await spool.size() == 0

        await until(empty)


async def test_a_spool_that_nobody_drains_holds_back_by_age_alone(path: Path, hands: Hands) -> None:
    async with spool_at(path, age=timedelta(days=7)) as spool:
        upto = await spool.append(numbers([0]), "plc")
        hands.wall += 8 * DAY
        await spool.append(numbers([1]), "plc")
        hands.machine += 8 * DAY
        with pytest.raises(SpoolFullError, match=r"for 8 days, 0:00:00, longer than 7 days.*raise `spool: age:`"):
            await spool.append(numbers([2]), "plc")
        await spool.commit(STORE, upto + 1)
        await spool.append(numbers([2]), "plc")


async def test_the_oldest_are_dropped_by_age_where_a_person_chose_it(path: Path, hands: Hands) -> None:
    async with spool_at(path, age=timedelta(days=7), when_full="drop_oldest") as spool:
        await spool.append(numbers([0, 1]), "plc")
        await spool.append(numbers([2]), "broker")
        hands.machine += 4 * DAY
        await spool.append(numbers([3]), "plc")
        hands.machine += 4 * DAY
        await spool.append(numbers([4]), "plc")
        assert values((await spool.read(0, 100)).samples) == [3, 4]
        losses = await spool.losses()
        assert [(one.source, one.samples, one.kind) for one in losses] == [
            ("plc", 2, "dropped"),
            ("broker", 1, "dropped"),
        ]
        assert losses[0].start == NOON
        assert losses[0].end == NOON + timedelta(milliseconds=1)
        assert "`spool: age:`" in losses[0].reason


async def test_a_full_disk_lets_cursors_move_by_giving_the_ballast_away(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    async with spool_at(path, mends=True) as spool:
        ballast = path.with_name("spool.db.ballast")
        assert ballast.stat().st_size == 4096
        upto = await spool.append(numbers([1]), "plc")
        write_cursor = rows.write_cursor

        def no_room(database: Database, consumer: str, position: int) -> None:
            if ballast.exists():
                raise full
            write_cursor(database, consumer, position)

        monkeypatch.setattr(rows, "write_cursor", no_room)
        await spool.commit(STORE, upto)
        assert await spool.cursor(STORE) == upto
        assert not ballast.exists()


async def test_ids_of_losses_are_never_used_twice(path: Path) -> None:
    async with spool_at(path, limit=4000, when_full="drop_oldest") as spool:
        for n in range(5):
            await spool.append(numbers([n]), "plc")
        first = await spool.losses()
        await spool.forget(first[-1].id)
        assert await spool.losses() == []
        for n in range(5):
            await spool.append(numbers([n]), "plc")
    async with spool_at(path) as spool:
        again = await spool.losses()
        assert again[0].id > first[-1].id


def test_a_read_only_disk_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error

    SpoolFile(path).close()
    monkeypatch.setattr(rows, "insert_entry", refuse)
    file = SpoolFile(path)
    with pytest.raises(SpoolError, match="cannot be written; let the user of this process write"):
        file.append([encode(numbers([1]), "plc")], Bounds(2**30, 10**15, "hold"))
    file.close()


APPENDING = """
import asyncio, sys
from datetime import timedelta
from pathlib import Path
from collector.spool.sqlite import SqliteSpool
from collector.spool.tables import APPLICATION
from tests.collector.fakes import numbers

LINGER = timedelta(milliseconds=2)

async def caller(spool, first):
    value = first
    while True:
        await spool.append(numbers([value]), "plc")
        print(value, flush=True)
        value += 10

async def main():
    async with SqliteSpool(Path(sys.argv[1]), limit=2**30, linger=LINGER, keep=timedelta(0)) as spool:
        await asyncio.gather(*(caller(spool, first) for first in range(10)))

asyncio.run(main())
"""


def append_until_killed(path: Path, appends: int) -> set[float]:
    """Let a process append, kill it after so many, and give the values that it was told are safe."""
    with subprocess.Popen(
        [sys.executable, "-c", APPENDING, str(path)],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
        env={**os.environ, "PYTHONPATH": "."},
    ) as process:
        assert process.stdout is not None
        told = {float(process.stdout.readline()) for _ in range(appends)}
        process.send_signal(signal.SIGKILL)
        return told | {float(line) for line in process.stdout if line.endswith(b"\n")}


async def test_what_a_killed_process_was_told_is_there(path: Path) -> None:
    told: set[float] = set()
    for appends in (50, 150):
        told |= append_until_killed(path, appends)
        async with spool_at(path) as spool:
            chunk = await spool.read(0, 10**6)
        assert told <= set(values(chunk.samples))
        assert not chunk.missed
