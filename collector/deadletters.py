"""Dead letters: inputs that could not become samples, each kept as it came, with its reason.

A letter that comes again, the same to the byte, is counted and not kept twice: a sensor that says `ERR` once a second
fills one row. There are `keep` letters at most; the oldest go first. How many inputs were refused, and how many letters
went, stays counted per source.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from collector.records import METADATA, Instant

DEAD_LETTERS: Final = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("digest", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("source", sa.String(64), nullable=False, index=True),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("signal", sa.Text),
    sa.Column("payload", sa.LargeBinary, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("first", Instant, nullable=False),
    sa.Column("last", Instant, nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""One row per letter; columns as in `DeadLetter`, and a digest of all that makes two letters the same."""

TOTALS: Final = sa.Table(
    "dead_letter_totals",
    METADATA,
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("refused", sa.BigInteger, nullable=False),
    sa.Column("dropped", sa.BigInteger, nullable=False),
)
"""One row per source that ever had one; columns as in `DeadLetterTotal`."""

_SAME: Final = ("source", "address", "signal", "reason", "payload")
"""Two letters alike in these are one letter."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An input that could not become a sample."""

    id: int
    """Number in the records; later letters have greater ones."""

    source: str
    """Name of the source it came from."""

    address: str
    """Topic, node or item, as the source names it; empty where none is known."""

    signal: str | None
    """Path of the signal it was meant for; None where none is known."""

    payload: bytes
    """The input as it came, cut after `adapters.sample.PAYLOAD_KEPT` bytes."""

    reason: str
    """Why it is no sample, and what to do."""

    first: datetime
    """When it came first, UTC."""

    last: datetime
    """When it came last, UTC."""

    count: int
    """How often it came."""


@dataclass(frozen=True, slots=True)
class DeadLetterTotal:
    """How many inputs of one source could not become samples, since the records were made."""

    source: str
    """Its name."""

    refused: int
    """Refused inputs, repeated ones counted each time."""

    dropped: int
    """Of these, how many are no longer kept, because newer letters took their place."""


def write_dead_letters(connection: sa.Connection, refusals: pl.DataFrame, *, keep: int) -> None:
    """Keep `refusals` (columns of `adapters.sample.REFUSALS`), and of all letters the newest `keep`."""
    if refusals.is_empty():
        return
    letters = (
        refusals.with_columns(pl.col("received").dt.cast_time_unit("us"), pl.col("payload").fill_null(b""))
        .group_by(_SAME, maintain_order=True)
        .agg(first=pl.col("received").min(), last=pl.col("received").max(), count=pl.len())
    )
    insert = _insert(connection, DEAD_LETTERS)
    came = insert.excluded
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["digest"],
            set_={
                "count": DEAD_LETTERS.c.count + came["count"],
                "last": sa.case((came["last"] > DEAD_LETTERS.c.last, came["last"]), else_=DEAD_LETTERS.c.last),
            },
        ),
        [{**letter, "digest": same_letter(letter)} for letter in letters.iter_rows(named=True)],
    )
    _add(connection, "refused", refusals.group_by("source").len().iter_rows())
    _trim(connection, keep)


def read_dead_letters(
    connection: sa.Connection, *, limit: int, before_id: int | None = None, source: str | None = None
) -> list[DeadLetter]:
    """Give at most `limit` letters, the newest first: those with an id below `before_id`, of one source or of all."""
    query = sa.select(*(column for column in DEAD_LETTERS.c if column.name != "digest"))
    if before_id is not None:
        query = query.where(DEAD_LETTERS.c.id < before_id)
    if source is not None:
        query = query.where(DEAD_LETTERS.c.source == source)
    rows = connection.execute(query.order_by(DEAD_LETTERS.c.id.desc()).limit(limit))
    return [DeadLetter(**row) for row in rows.mappings()]


def count_dead_letters(connection: sa.Connection) -> list[DeadLetterTotal]:
    """Give the totals of every source that ever had a letter, by name."""
    rows = connection.execute(sa.select(TOTALS).order_by(TOTALS.c.source))
    return [DeadLetterTotal(**row) for row in rows.mappings()]


def same_letter(letter: dict[str, Any]) -> bytes:
    """Give 16 bytes that are the same for two letters alike in all of `_SAME`, and for no others."""
    digest = hashlib.blake2b(digest_size=16)
    for name in _SAME:
        part = letter[name]
        data = b"" if part is None else part if isinstance(part, bytes) else part.encode()
        digest.update(b"%d:" % (-1 if part is None else len(data)))
        digest.update(data)
    return digest.digest()


def _add(connection: sa.Connection, column: str, counts: Iterable[tuple[str, int]]) -> None:
    """Add to one column of the totals, per source."""
    insert = _insert(connection, TOTALS)
    more = insert.on_conflict_do_update(
        index_elements=["source"], set_={column: TOTALS.c[column] + insert.excluded[column]}
    )
    rows = [{"source": source, "refused": 0, "dropped": 0, column: count} for source, count in counts]
    if rows:
        connection.execute(more, rows)


def _trim(connection: sa.Connection, keep: int) -> None:
    """Drop the oldest letters where there are more than `keep`, and count what they stood for."""
    ids = DEAD_LETTERS.c.id
    oldest, newest = connection.execute(sa.select(sa.func.min(ids), sa.func.max(ids))).one()
    if newest - oldest < keep:
        return
    last = connection.execute(sa.select(ids).order_by(ids.desc()).offset(keep).limit(1)).scalar()
    if last is None:
        return
    dropped = sa.select(DEAD_LETTERS.c.source, sa.func.sum(DEAD_LETTERS.c.count)).where(ids <= last)
    _add(
        connection,
        "dropped",
        [(row[0], int(row[1])) for row in connection.execute(dropped.group_by(DEAD_LETTERS.c.source))],
    )
    connection.execute(sa.delete(DEAD_LETTERS).where(ids <= last))


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    """Give an INSERT that can say ON CONFLICT: SQLite and PostgreSQL know it in the same words."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
