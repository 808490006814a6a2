"""Requests to learn again: heard once, and those that are made meanwhile are not lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from analytics.relearning import Request, ask, heard, read_requests
from collector.records import Records
from tests.analytics.plant import at

pytestmark = pytest.mark.every_database

PRESS, MILL = "works/line/press", "works/line/mill"


async def asked(records: Records, path: str, second: float) -> None:
    await records.run(lambda connection: ask(connection, path, at(second), {"ewma": {"ü": 0.1}}))


async def paths(records: Records) -> list[tuple[str, str]]:
    return [(one.path, one.at) for one in await records.run(read_requests)]


async def test_what_was_heard_is_taken_off_and_nothing_else(records: Records) -> None:
    await asked(records, PRESS, 0)
    requests = await records.run(read_requests)
    assert requests == [Request(PRESS, at(0).isoformat(), {"ewma": {"ü": 0.1}})]
    await asked(records, MILL, 1)
    await records.run(lambda connection: heard(connection, requests))
    assert await paths(records) == [(MILL, at(1).isoformat())]


async def test_what_was_asked_anew_since_it_was_read_stays(records: Records) -> None:
    await asked(records, PRESS, 0)
    requests = await records.run(read_requests)
    await asked(records, PRESS, 1)
    await records.run(lambda connection: heard(connection, requests))
    assert await paths(records) == [(PRESS, at(1).isoformat())]


async def test_what_is_asked_anew_just_before_it_is_taken_off_stays(records: Records) -> None:
    await asked(records, PRESS, 0)
    requests = await records.run(read_requests)

    def hear(connection: sa.Connection) -> None:
        with before_it_deletes(connection):
            heard(connection, requests)

    await records.run(hear)
    assert await paths(records) == [(PRESS, at(1).isoformat())]


@contextmanager
def before_it_deletes(connection: sa.Connection) -> Iterator[None]:
    """Ask anew before the first row is deleted, as another process may that commits then."""
    waits = [True]

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("DELETE") and waits:
            waits.pop()
            ask(connection, PRESS, at(1))

    sa.event.listen(connection, "before_cursor_execute", listen)
    try:
        yield
    finally:
        sa.event.remove(connection, "before_cursor_execute", listen)
