"""The ledger of restatements: every version of a window that was told and counts no more, as long as the records live.

The store holds of each window what counts now; here is what it said before, so that a number somebody read can be found
again. A row is written before the store takes the next version: after a kill between the two it is written once more,
and is the same. A restatement takes some kilobytes, and there are few of them; so none is ever dropped.
"""

from collections.abc import Collection
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from analytics.restatement import RESTATEMENTS
from collector.records import METADATA, Instant

SUPERSEDED: Final = sa.Table(
    "superseded",
    METADATA,
    sa.Column("path", sa.String(200), primary_key=True),
    sa.Column("period", sa.String(16), primary_key=True),
    sa.Column("start", Instant, primary_key=True, autoincrement=False),
    sa.Column("version", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("end", Instant, nullable=False),
    sa.Column("computed", Instant, nullable=False),
    sa.Column("made_for", sa.Text, nullable=False),
    sa.Column("replaced", Instant, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("coverage", sa.Float),
    sa.Column("values", sa.Text, nullable=False),
    sa.Index("superseded_by_start", "start"),
    sa.Index("superseded_by_replaced", "replaced"),
)
"""One row per version that counts no more; columns as in `restatement.RESTATEMENTS`."""

_KEY: Final = ("path", "period", "start", "version")
_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class After:
    """Where a page of restatements ended: the page that follows begins behind it."""

    replaced: datetime
    """`replaced` of the last one of the page, UTC."""

    path: str
    """Its path."""

    period: str
    """Its period."""

    start: datetime
    """Its start, UTC."""

    version: int
    """Its version."""


def write_superseded(connection: sa.Connection, superseded: pl.DataFrame, replaced: datetime) -> None:
    """Keep versions (columns of `restatement.SUPERSEDED`) that the next ones replace at an instant, UTC.

    One that is kept already is kept as it is now.
    """
    rows = [{**row, "replaced": replaced} for row in superseded.iter_rows(named=True)]
    if not rows:
        return
    same = (SUPERSEDED.c[name] == sa.bindparam(f"key_{name}") for name in _KEY)
    connection.execute(
        sa.delete(SUPERSEDED).where(*same), [{f"key_{name}": row[name] for name in _KEY} for row in rows]
    )
    connection.execute(sa.insert(SUPERSEDED), rows)


def read_superseded(
    connection: sa.Connection,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    paths: Collection[str] | None = None,
    periods: Collection[str] | None = None,
    known_at: datetime | None = None,
    after: After | None = None,
    limit: int | None = None,
) -> pl.DataFrame:
    """Give versions that count no more, those that were replaced last first.

    Args:
        connection: a transaction of the records.
        start: only windows that begin at or after this instant, UTC.
        end: only windows that begin before this instant, UTC.
        paths: only windows of these machines, lines, factories or the park.
        periods: only these kinds of windows.
        known_at: only versions that counted at this instant, UTC: what `restatement.as_of` needs.
        after: only those behind this one in the order given.
        limit: how many at most; None: all.

    Returns:
        Columns of `restatement.RESTATEMENTS`; those replaced at one instant by path, period, start and version.
    """
    table = SUPERSEDED.c
    query = sa.select(*(table[name] for name in RESTATEMENTS)).order_by(
        table.replaced.desc(), *(table[name] for name in _KEY)
    )
    if start is not None:
        query = query.where(table.start >= start)
    if end is not None:
        query = query.where(table.start < end)
    if paths is not None:
        query = query.where(table.path.in_(paths))
    if periods is not None:
        query = query.where(table.period.in_(periods))
    if known_at is not None:
        query = query.where(table.computed <= known_at, table.replaced > known_at)
    if after is not None:
        query = query.where(sa.or_(table.replaced < after.replaced, _same_instant_behind(after)))
    return _frame(connection.execute(query.limit(limit)))


def count_superseded(
    connection: sa.Connection, *, since: datetime, trees: Collection[str] | None = None
) -> dict[tuple[str, str], int]:
    """Count the versions that were replaced at or after an instant, UTC, by path and period.

    Args:
        connection: a transaction of the records.
        since: the instant.
        trees: only of these paths and of what is below them, or else of a few others; None: all.
    """
    table = SUPERSEDED.c
    query = sa.select(table.path, table.period, sa.func.count()).where(table.replaced >= since)
    if trees is not None:
        below = (table.path.startswith(f"{tree}/", autoescape=True) for tree in trees)
        query = query.where(sa.or_(table.path.in_(trees), *below))
    rows = connection.execute(query.group_by(table.path, table.period))
    return {(path, period): count for path, period, count in rows}


def read_following(connection: sa.Connection, superseded: pl.DataFrame) -> pl.DataFrame:
    """Give the versions that took the place of these (columns of `RESTATEMENTS`) and count no more themselves."""
    table = SUPERSEDED.c
    keys = superseded.select("path", "period", "start", pl.col("version") + 1).rows()
    found: list[sa.Row[Any]] = []
    for first in range(0, len(keys), _AT_ONCE):
        key = sa.tuple_(*(table[name] for name in _KEY))
        query = sa.select(*(table[name] for name in RESTATEMENTS)).where(key.in_(keys[first : first + _AT_ONCE]))
        found += connection.execute(query)
    return _frame(found)


def position(row: dict[str, Any]) -> After:
    """Give the position of a row of `RESTATEMENTS`."""
    return After(**{name: row[name] for name in ("replaced", *_KEY)})


def _same_instant_behind(after: After) -> sa.ColumnElement[bool]:
    """Tell rows replaced at the same instant that come later in the order."""
    _, *values = astuple(after)
    behind: sa.ColumnElement[bool] = sa.false()
    for name, value in zip(reversed(_KEY), reversed(values), strict=True):
        column = SUPERSEDED.c[name]
        behind = sa.or_(column > value, sa.and_(column == value, behind))
    return sa.and_(SUPERSEDED.c.replaced == after.replaced, behind)


def _frame(rows: Any) -> pl.DataFrame:
    return pl.DataFrame([tuple(row) for row in rows], schema=RESTATEMENTS, orient="row")
