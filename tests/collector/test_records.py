"""The records: made once by whoever comes first, and clear about what is wrong."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from collector import records as records_module
from collector.links import Link, read_links, write_links
from collector.records import AT_ONCE, Instant, Records, RecordsError, write_ahead
from tests.collector.fakes import NOON

OPENING = """
import asyncio, sys
from collector import links
from collector.records import Records
from collector.spool.file import SpoolFile
from pathlib import Path

async def main():
    sys.stdin.readline()
    SpoolFile(Path(sys.argv[1])).close()
    async with Records(sys.argv[2]) as records:
        await records.run(links.read_links)

print("ready", flush=True)
asyncio.run(main())
"""


def open_at_once(spool: Path, url: str, count: int) -> list[str]:
    """Let processes open records and spool at the same moment, for the first time; give what they complained of."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", OPENING, str(spool), url],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        process.stdout.readline()
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    return [process.communicate()[1] for process in processes]


@pytest.mark.every_database
def test_roles_that_start_at_once_make_the_tables_together(tmp_path: Path, unmade_url: str) -> None:
    url = unmade_url.replace("records.db", "data/records.db")  # SQLite's, in a folder that is still to be made
    assert open_at_once(tmp_path / "data" / "spool.db", url, 4) == [""] * 4


def test_who_is_refused_to_write_ahead_tries_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(tmp_path / "r.db")) as reader, closing(sqlite3.connect(tmp_path / "r.db")) as opener:
        reader.execute("CREATE TABLE t (a)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        opener.execute("PRAGMA busy_timeout = 0")  # as SQLite does by itself where waiting would be for ever
        waits: list[float] = []

        def wait(seconds: float) -> None:
            waits.append(seconds)
            reader.rollback()

        monkeypatch.setattr("collector.records.time.sleep", wait)
        write_ahead(opener)
        assert waits == [records_module.BETWEEN_TRIES]
        assert opener.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_who_is_refused_to_write_ahead_for_long_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records_module, "PATIENCE", -1.0)
    with closing(sqlite3.connect(tmp_path / "r.db")) as reader, closing(sqlite3.connect(tmp_path / "r.db")) as opener:
        reader.execute("CREATE TABLE t (a)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM t").fetchall()
        opener.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            write_ahead(opener)


async def test_a_place_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RecordsError, match="check `records: url:`"):
        async with Records(f"sqlite:///{tmp_path}/file/records.db"):
            pass


async def test_a_driver_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(RecordsError, match=r"need a driver .*psycopg.*pip install 'parkline\[postgres\]'"):
        async with Records("postgresql://parkline:secret@127.0.0.1/records"):
            pass


@pytest.mark.parametrize("url", ["mysql://db/park", "oracle://db/park"])
async def test_another_database_is_refused(url: str) -> None:
    with pytest.raises(
        RecordsError, match=r"cannot be kept in .*write `records: url:` as sqlite:///… or postgresql://…"
    ):
        async with Records(url):
            pass


async def test_a_password_is_never_shown() -> None:
    records = Records("postgresql://parkline:secret@db.example.com/records")
    assert "secret" not in records.name
    with pytest.raises(RecordsError, match="not open") as raised:
        await records.run(read_links)
    assert "secret" not in str(raised.value)


ENDLESS = "SELECT count(*) FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT 1 - i FROM n) SELECT i FROM n) AS m"


@pytest.mark.every_database
async def test_a_question_without_an_end_is_ended_and_leaves_nothing(records_url: str) -> None:
    def work(connection: sa.Connection) -> None:
        write_links(connection, [link("plc")])
        connection.exec_driver_sql(ENDLESS)

    async with Records(records_url, each=timedelta(milliseconds=50)) as records:
        with pytest.raises(RecordsError, match=r"were at it for 0\.05 s, as long as they may; ask for less"):
            await records.run(work)
        assert await records.run(read_links) == {}


@pytest.mark.every_database
async def test_a_failed_change_leaves_nothing(records: Records) -> None:
    def work(connection: sa.Connection) -> None:
        write_links(connection, [link("plc")])
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await records.run(work)
    assert await records.run(read_links) == {}


@pytest.mark.every_database
async def test_many_changes_at_once_are_all_made(records: Records) -> None:
    async def write(number: int) -> None:
        await records.run(lambda connection: write_links(connection, [link(f"plc-{number}")]))

    await asyncio.gather(*(write(number) for number in range(50)))
    assert len(await records.run(read_links)) == 50


@pytest.mark.every_database
async def test_of_two_that_add_the_same_the_later_finds_it(records: Records, records_url: str) -> None:
    async with Records(records_url) as other:  # as another role has it

        def write(connection: sa.Connection) -> None:
            write_links(connection, [link("plc")])

        await asyncio.gather(*(one.run(write) for _ in range(20) for one in (records, other)))
    assert list(await records.run(read_links)) == ["plc"]


@pytest.mark.every_database
async def test_changes_in_another_order_do_not_wait_for_each_other(records: Records, records_url: str) -> None:
    there, back = [link("plc"), link("broker")], [link("broker"), link("plc")]
    await records.run(lambda connection: write_links(connection, there))
    async with Records(records_url) as other:
        changes = ((records, there), (other, back)) * 20
        await asyncio.gather(*(one.run(partial(write_links, links=links)) for one, links in changes))
    assert set(await records.run(read_links)) == {"plc", "broker"}


@pytest.mark.every_database
async def test_who_closes_waits_for_what_is_under_way(records_url: str) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(connection: sa.Connection) -> None:
        loop.call_soon_threadsafe(begun.set)
        assert go_on.wait(10)
        write_links(connection, [link("plc")])

    async with Records(records_url) as records:
        waiting = asyncio.create_task(records.run(slow))
        await begun.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        loop.call_later(0.01, go_on.set)
    async with Records(records_url) as records:
        assert set(await records.run(read_links)) == {"plc"}


def link(source: str) -> Link:
    return Link(source, "up", NOON, NOON, None, None, 0, 0, "")


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-11))])))
def test_an_instant_comes_back_to_the_microsecond_in_utc(instant: datetime) -> None:
    kept = Instant().process_bind_param(instant, sa.create_engine("sqlite://").dialect)
    back = Instant().process_result_value(kept, sa.create_engine("sqlite://").dialect)
    assert back == instant
    assert back is not None
    assert back.tzinfo is UTC


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        Instant().process_bind_param(datetime(2024, 5, 17), sa.create_engine("sqlite://").dialect)  # noqa: DTZ001 - that is the mistake


async def test_in_turn_transactions_are_done_one_by_one_in_order(tmp_path: Path) -> None:
    inside, done = threading.Lock(), list[int]()

    def work(number: int, connection: sa.Connection) -> None:
        assert inside.acquire(blocking=False), "two at a time"
        connection.execute(sa.text("SELECT 1"))
        done.append(number)
        inside.release()

    async with Records(f"sqlite:///{tmp_path}/records.db", in_turn=True) as records:
        await asyncio.gather(*(records.run(partial(work, number)) for number in range(20)))
        with pytest.raises(ZeroDivisionError):
            await records.run(lambda _: 1 // 0)
        await records.run(partial(work, 20))
    assert done == list(range(21))


async def test_without_turns_one_transaction_does_not_keep_another_waiting(tmp_path: Path) -> None:
    both = threading.Barrier(2, timeout=30)
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        await asyncio.gather(*(records.run(lambda _: both.wait()) for _ in range(2)))


@pytest.mark.every_database
async def test_what_everybody_waits_for_is_done_beside_slow_transactions(records: Records) -> None:
    go_on = threading.Event()
    slow = [asyncio.create_task(records.run(lambda _: go_on.wait(30))) for _ in range(50)]
    others = [asyncio.create_task(asyncio.to_thread(go_on.wait, 30)) for _ in range(50)]  # as readers of a store
    await asyncio.sleep(0)
    assert await records.run_ahead(read_links) == {}
    go_on.set()
    assert all(await asyncio.gather(*slow, *others))


async def test_slow_readers_of_a_store_keep_no_transaction_waiting(records: Records) -> None:
    go_on = threading.Event()
    others = [asyncio.create_task(asyncio.to_thread(go_on.wait, 30)) for _ in range(50)]
    await asyncio.sleep(0)
    assert await records.run(read_links) == {}
    go_on.set()
    await asyncio.gather(*others)


async def test_nobody_waits_longer_for_a_turn_than_a_statement_may_take(records_url: str) -> None:
    go_on, ended = threading.Event(), list[object]()
    async with Records(records_url, each=timedelta(milliseconds=20)) as records:
        slow = [asyncio.create_task(records.run(lambda _: go_on.wait(30))) for _ in range(AT_ONCE)]
        await asyncio.sleep(0)
        with pytest.raises(RecordsError, match=r"had no turn for a transaction within 0\.02 s.*ask for less at a time"):
            await records.run(ended.append)
        go_on.set()
        assert all(await asyncio.gather(*slow))
    assert not ended
