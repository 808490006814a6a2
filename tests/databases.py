"""Records in each database that they may be kept in.

A module of tests marked `every_database` runs its tests that need records, or a database alone, once on SQLite and once
on PostgreSQL; others run on SQLite. Each process takes the steps to today's layout once: what is laid out later is laid
out by the words that SQLite itself keeps of the first.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from collector.postgresql import engine_of
from collector.records import METADATA, Records
from tests.servers.postgresql import PostgresServer

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"

_EMPTY: Final = """
DO $$ DECLARE one text; BEGIN
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DELETE FROM %I', one);
    END LOOP;
    FOR one IN SELECT sequencename FROM pg_sequences LOOP PERFORM setval(one::regclass, 1, false); END LOOP;
END $$
"""
"""Empties the tables, and lets their rows be numbered from 1."""


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Let the tests of a marked module run on every database."""
    if "database" in metafunc.fixturenames and metafunc.definition.get_closest_marker("every_database"):
        every = (SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.system))
        metafunc.parametrize("database", every, indirect=True)


def laid_out_as_the_first(migrate: Callable[[sa.Connection], None]) -> Callable[[sa.Connection], None]:
    """Give `migrate` that takes a hundredth of a second, not a tenth, for SQLite records that are still empty."""
    words: list[str] = []

    def lay_out(connection: sa.Connection) -> None:
        empty = connection.dialect.name == "sqlite" and not sa.inspect(connection).get_table_names()
        if empty and words:
            for statement in words:
                connection.exec_driver_sql(statement)
            return
        migrate(connection)
        if empty:
            [_begin, *words[:], _commit] = connection.connection.driver_connection.iterdump()  # type: ignore[union-attr] # SQLite's

    return lay_out


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Give which database a test runs on: `sqlite` or `postgresql`."""
    return str(getattr(request, "param", SQLITE))


@pytest.fixture(scope="session")
def laid_out(postgres: PostgresServer) -> str:
    """Give the name of the PostgreSQL database of a session: its tables are made."""

    async def open_and_close() -> None:
        async with Records(postgres.url(name)):
            pass

    name = postgres.create()
    asyncio.run(open_and_close())
    return name


@pytest.fixture
def records_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the URL of empty records; SQLite's database is still to be made."""
    if database == SQLITE:
        return f"sqlite:///{tmp_path}/records.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    name: str = request.getfixturevalue("laid_out")
    server.run(_EMPTY, database=name)  # a tenth of what another database costs
    return server.url(name)


@pytest.fixture
def unmade_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database of its own, without any table."""
    if database == SQLITE:
        yield f"sqlite:///{tmp_path}/records.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create()
    yield server.url(name)
    server.drop(name)


@pytest.fixture
async def records(records_url: str) -> AsyncIterator[Records]:
    """Give open records, empty."""
    async with Records(records_url) as opened:
        yield opened


@pytest.fixture
def engine(database: str, records_url: str) -> Iterator[sa.Engine]:
    """Give an engine for records, empty; SQLite's are in memory."""
    if database == POSTGRESQL:
        made = engine_of(sa.make_url(records_url))
    else:
        made = sa.create_engine("sqlite://")
        METADATA.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def ledger(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Give a transaction of records, empty."""
    with engine.begin() as connection:
        yield connection
