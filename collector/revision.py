"""The revision of the stored results: a number that moves whenever somebody writes results, for whoever keeps answers.

    begin_revising() ──► the store is written ──► end_revising()          the number moves at both
           └─ killed between the two, or the store failed: the results count as being written for `OPEN` more

Who made something of the results while the number stood still, and nobody was writing, need not make it again as long
as the number stands there. What is made while somebody writes may hold a part of it, and must not be kept.

A window is told as changed only `SHOWN_WITHIN` after it was stored (`analytics.engine`): so whoever hears of it and
asks is shown the new numbers, by every process that keeps answers.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import uuid4

import sqlalchemy as sa

from collector.records import METADATA, Instant, Records

SHOWN_WITHIN: Final = timedelta(milliseconds=750)
"""How long after a write whoever keeps answers may still give one of before it."""

OPEN: Final = timedelta(minutes=5)
"""How long results count as being written by somebody who does not say that it is done."""

RESULTS_REVISION: Final = sa.Table(
    "results_revision",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""One row: the number."""

RESULTS_WRITERS: Final = sa.Table(
    "results_writers",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("began", Instant, nullable=False),
)
"""One row per write that is under way, or was broken off."""

_MOVE: Final = sa.text(
    "INSERT INTO results_revision (id, number) VALUES (1, 1)"
    " ON CONFLICT (id) DO UPDATE SET number = results_revision.number + 1"
)


@dataclass(frozen=True, slots=True)
class Revision:
    """How the results stand."""

    number: int
    """Moves with every write, up; 0: nobody has written any."""

    writing: bool
    """Whether somebody writes."""


def begin_revising(connection: sa.Connection, *, now: datetime) -> str:
    """Note that results are about to be written, in a transaction before that; give the id of the write.

    Args:
        connection: of the records.
        now: the present, UTC.
    """
    connection.execute(_MOVE)
    connection.execute(sa.delete(RESULTS_WRITERS).where(RESULTS_WRITERS.c.began < now - OPEN))
    write = uuid4().hex
    connection.execute(sa.insert(RESULTS_WRITERS).values(id=write, began=now))
    return write


def end_revising(connection: sa.Connection, write: str) -> None:
    """Note that a write is done and stored."""
    connection.execute(_MOVE)
    connection.execute(sa.delete(RESULTS_WRITERS).where(RESULTS_WRITERS.c.id == write))


def read_revision(connection: sa.Connection, *, now: datetime) -> Revision:
    """Give how the results stand at an instant, UTC."""
    number = sa.select(RESULTS_REVISION.c.number).scalar_subquery()
    writing = sa.exists().where(RESULTS_WRITERS.c.began >= now - OPEN)
    row = connection.execute(sa.select(sa.func.coalesce(number, 0), writing)).one()
    return Revision(row[0], bool(row[1]))


@asynccontextmanager
async def revising(records: Records, now: datetime) -> AsyncIterator[None]:
    """Hold on while results are written in the block, from `now` on, UTC; raises RecordsError.

    Where the block raises, what it wrote may still arrive: the write is left open.
    """
    write = await records.run(partial(begin_revising, now=now))
    yield
    await records.run(partial(end_revising, write=write))
