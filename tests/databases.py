"""Records in each database that they may be kept in.

A module of tests marked `every_database` runs its tests that need records, or a database alone, once on SQLite and once
on PostgreSQL; others run on SQLite.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa

from collector.postgresql import engine_of
from collector.records import METADATA, Records
from tests.servers.postgresql import PostgresServer

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Let the tests of a marked module run on every database."""
    if "database" in metafunc.fixturenames and metafunc.definition.get_closest_marker("every_database"):
        every = (SQLITE, pytest.param(POSTGRESQL, marks=pytest.mark.system))
        metafunc.parametrize("database", every, indirect=True)


@pytest.fixture
def database(request: pytest.FixtureRequest) -> str:
    """Give which database a test runs on: `sqlite` or `postgresql`."""
    return str(getattr(request, "param", SQLITE))


@pytest.fixture(scope="session")
def laid_out(postgres: PostgresServer) -> str:
    """Give the name of a PostgreSQL database whose tables are made, to be copied."""

    async def open_and_close() -> None:
        async with Records(postgres.url(name)):
            pass

    name = postgres.create()
    asyncio.run(open_and_close())
    return name


@pytest.fixture
def records_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database of its own; SQLite's is still to be made, PostgreSQL's has its tables already."""
    template = request.getfixturevalue("laid_out") if database == POSTGRESQL else ""
    with _own(database, request, tmp_path, template) as url:
        yield url


@pytest.fixture
def unmade_url(database: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the URL of a database of its own, without any table."""
    with _own(database, request, tmp_path, "template0") as url:
        yield url


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


@contextmanager
def _own(database: str, request: pytest.FixtureRequest, folder: Path, template: str) -> Iterator[str]:
    if database == SQLITE:
        yield f"sqlite:///{folder}/records.db"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    name = server.create(template)
    yield server.url(name)
    server.drop(name)
