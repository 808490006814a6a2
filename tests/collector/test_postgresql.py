"""Records on PostgreSQL: what only a server can do to them."""

import asyncio
import threading
from collections.abc import Iterator

import polars as pl
import pytest
import sqlalchemy as sa

from collector.deadletters import Choice, read_dead_letters, write_dead_letters
from collector.gaps import begin_gap, read_gap
from collector.links import Link, read_links, write_links
from collector.records import Records, RecordsError
from tests.collector.fakes import FEW, NOON, refusals
from tests.databases import POSTGRESQL
from tests.servers.postgresql import PostgresServer

pytestmark = pytest.mark.system


@pytest.fixture
def database() -> str:
    return POSTGRESQL


def link(source: str = "plc", problem: str = "") -> Link:
    return Link(source, "up", NOON, NOON, None, None, 0, 0, problem)


def write(connection: sa.Connection) -> None:
    write_links(connection, [link()])


@pytest.fixture
def own_server() -> Iterator[PostgresServer]:
    """Give a server that a test may stop."""
    with PostgresServer() as server:
        yield server


async def test_roles_outlive_a_server_that_starts_again(own_server: PostgresServer) -> None:
    url = own_server.url(own_server.create())
    async with Records(url) as records:
        await records.run(write)
        own_server.restart()
        assert set(await records.run(read_links)) == {"plc"}
        own_server.kill()
        with pytest.raises(RecordsError, match=r"do not answer .*refused.*check the disk or the database server"):
            await records.run(read_links)
        with pytest.raises(RecordsError, match=r"cannot open the records .*refused"):
            async with Records(url):
                pass
        own_server.start()
        await records.run(lambda connection: write_links(connection, [link("broker")]))
        assert set(await records.run(read_links)) == {"plc", "broker"}


async def test_a_server_that_ends_within_a_change_leaves_nothing_of_it(own_server: PostgresServer) -> None:
    def cut_off(connection: sa.Connection) -> None:
        write(connection)
        own_server.kill()
        connection.execute(sa.text("SELECT 1"))

    async with Records(own_server.url(own_server.create())) as records:
        with pytest.raises(RecordsError, match="do not answer"):
            await records.run(cut_off)
        own_server.start()
        assert await records.run(read_links) == {}


async def test_who_only_reads_waits_for_no_change(records: Records) -> None:
    changed, go_on = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        write(connection)
        changed.set()
        assert go_on.wait(10)

    changing = asyncio.create_task(records.run(slow))
    await asyncio.to_thread(changed.wait, 10)
    assert await records.run(read_links) == {}
    go_on.set()
    await changing
    assert set(await records.run(read_links)) == {"plc"}


async def test_nobody_waits_for_ever_for_another_change(records: Records) -> None:
    changed, go_on = threading.Event(), threading.Event()

    def slow(connection: sa.Connection) -> None:
        write(connection)
        changed.set()
        assert go_on.wait(10)

    def impatient(connection: sa.Connection) -> None:
        assert connection.execute(sa.text("SELECT current_setting('lock_timeout')")).scalar() == "15s"
        connection.execute(sa.text("SELECT set_config('lock_timeout', '50ms', true)"))
        write(connection)

    changing = asyncio.create_task(records.run(slow))
    await asyncio.to_thread(changed.wait, 10)
    with pytest.raises(RecordsError, match=r"do not answer .*lock timeout"):
        await records.run(impatient)
    go_on.set()
    await changing


async def test_a_change_that_stands_still_is_given_up(
    records: Records, records_url: str, postgres: PostgresServer
) -> None:
    def stand_still(connection: sa.Connection) -> None:
        write(connection)
        assert connection.execute(sa.text("SELECT current_setting('idle_in_transaction_session_timeout')")).scalar()
        pid = connection.execute(sa.text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(sa.text("SELECT set_config('idle_in_transaction_session_timeout', '20ms', true)"))
        while (pid,) in postgres.run("SELECT pid FROM pg_stat_activity"):
            pass
        write(connection)

    with pytest.raises(RecordsError, match=r"do not answer .*idle-in-transaction"):
        await records.run(stand_still)
    assert await records.run(read_links) == {}
    async with Records(records_url) as other:
        await other.run(write)


async def test_nul_is_kept_as_its_picture(records: Records) -> None:
    await records.run(lambda connection: write_links(connection, [link(problem="no \0 value")]))
    assert (await records.run(read_links))["plc"].problem == "no ␀ value"
    refused = refusals(b"a\0b").with_columns(reason=pl.lit("no \0 number"))
    for _ in range(2):
        await records.run(lambda connection: write_dead_letters(connection, refused, bounds=FEW))
    [letter] = await records.run(lambda connection: read_dead_letters(connection, limit=9))
    assert (letter.payload, letter.reason, letter.count) == (b"a\0b", "no ␀ number", 2)


async def test_numbers_do_not_run_out(records: Records, records_url: str, postgres: PostgresServer) -> None:
    name = records_url.rpartition("/")[2]
    for sequence in ("gaps_id_seq", "dead_letters_id_seq"):
        postgres.run("ALTER SEQUENCE {} RESTART 2147483648", sequence, database=name)
    number = await records.run(lambda connection: begin_gap(connection, "plc", NOON, "away"))
    gap = await records.run(lambda connection: read_gap(connection, number))
    await records.run(lambda connection: write_dead_letters(connection, refusals(b"x"), bounds=FEW))
    [letter] = await records.run(lambda connection: read_dead_letters(connection, limit=9))
    assert gap is not None
    assert (gap.id, letter.id) == (2**31, 2**31)
    assert await records.run(lambda c: read_dead_letters(c, Choice(ids=(2**62, letter.id)), limit=9)) == [letter]


async def test_a_database_that_cannot_hold_all_texts_is_refused(postgres: PostgresServer) -> None:
    postgres.run(
        "CREATE DATABASE {} ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE_PROVIDER libc LOCALE 'C'", "old_texts"
    )
    with pytest.raises(RecordsError, match=r"keep texts as SQL_ASCII.*ENCODING 'UTF8'"):
        async with Records(postgres.url("old_texts")):
            pass


async def test_a_database_of_somebody_else_is_told(postgres: PostgresServer, unmade_url: str) -> None:
    postgres.run("CREATE ROLE stranger LOGIN PASSWORD 'secret'")
    url = sa.make_url(unmade_url).set(username="stranger", password="secret")
    with pytest.raises(RecordsError, match=r"permission denied.*ALTER DATABASE") as raised:
        async with Records(url.render_as_string(hide_password=False)):
            pass
    assert "secret" not in str(raised.value)


async def test_a_database_that_is_not_there_is_told(postgres: PostgresServer) -> None:
    with pytest.raises(RecordsError, match=r'"nowhere" does not exist.*check `records: url:`') as raised:
        async with Records(postgres.url("nowhere")):
            pass
    assert "\n" not in str(raised.value)


async def test_what_the_url_says_of_the_link_counts(records_url: str) -> None:
    async with Records(f"{records_url}?application_name=press-shop") as records:
        told = await records.run(lambda c: c.execute(sa.text("SELECT current_setting('application_name')")).scalar())
    assert told == "press-shop"
