"""Stop reasons that people gave: why a machine stood, said through the API.

Nothing that was said is changed: a correction is a row of its own, and of two about one instant the later counts
(`analytics.reasons`). Who takes back what they said revokes the row; what was said before it counts again. The rows
stay, so that a restatement can be traced to whoever asked for it.

A reader that has to hear of every change asks `read_reason_news` for those after the last change it knows: changes are
numbered in the order in which they are committed, so none is missed, however many processes write.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl
import sqlalchemy as sa

from analytics.reasons import PERSONS
from collector.records import METADATA, NUMBER, Instant

STOP_REASONS: Final = sa.Table(
    "stop_reasons",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("equipment", sa.String(200), nullable=False),
    sa.Column("start", Instant, nullable=False),
    sa.Column("end", Instant, nullable=False),
    sa.Column("reason", sa.String(64), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("by", sa.String(64), nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("revoked", Instant),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Index("stop_reasons_by_equipment", "equipment", "start"),
    sa.Index("stop_reasons_by_change", "changed"),
    sqlite_autoincrement=True,
)
"""One row per statement; columns as in `Said`."""

CHANGES: Final = sa.Table(
    "stop_reason_changes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""One row: the number of the last change. Who makes one holds it until the commit."""

AT_ONCE: Final = 10_000
"""Machines in one question at most: databases bound how many values a statement may have."""

_COUNT: Final = sa.text(
    "INSERT INTO stop_reason_changes (id, number) VALUES (1, 1)"
    " ON CONFLICT (id) DO UPDATE SET number = stop_reason_changes.number + 1 RETURNING number"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody said of a machine's stops within [start, end)."""

    id: int
    """Number in the records; later statements have greater ones."""

    equipment: str
    """Path of the machine."""

    start: datetime
    """From when on, UTC."""

    end: datetime
    """Until when, exclusive, UTC."""

    reason: str
    """A code of the park's `stop_reasons`; empty: what others said of it does not count."""

    note: str
    """What else they said."""

    by: str
    """Who said it: the name of their key."""

    at: datetime
    """When they said it, UTC."""

    revoked: datetime | None
    """When it was taken back, UTC; None: it counts."""

    changed: int
    """Number of its last change."""


def add_reason(
    connection: sa.Connection,
    equipment: str,
    start: datetime,
    end: datetime,
    reason: str,
    *,
    note: str,
    by: str,
    now: datetime,
) -> Said:
    """Note why a machine stood within [start, end), UTC; it counts from now on, over what was said before."""
    values: dict[str, Any] = {
        "equipment": equipment,
        "start": start,
        "end": end,
        "reason": reason,
        "note": note,
        "by": by,
        "at": now,
        "revoked": None,
        "changed": _next_change(connection),
    }
    number = connection.execute(sa.insert(STOP_REASONS).values(values).returning(STOP_REASONS.c.id)).scalar_one()
    return Said(id=int(number), **values)


def revoke_reason(connection: sa.Connection, equipment: str, number: int, *, now: datetime) -> Said | None:
    """Take back what was said of a machine; give it, or None where nothing was. A second time changes nothing."""
    this = sa.and_(STOP_REASONS.c.id == number, STOP_REASONS.c.equipment == equipment)
    change = {"revoked": now, "changed": _next_change(connection)}
    connection.execute(sa.update(STOP_REASONS).where(this, STOP_REASONS.c.revoked.is_(None)).values(change))
    return next(iter(_said(connection.execute(sa.select(STOP_REASONS).where(this)))), None)


def read_reasons(connection: sa.Connection, equipment: Collection[str], start: datetime, end: datetime) -> pl.DataFrame:
    """Give what counts of what people said of these machines within [start, end), UTC: columns of `reasons.PERSONS`.

    In the order in which it was said.
    """
    table, paths = STOP_REASONS.c, list(equipment)
    rows: list[tuple[Any, ...]] = []
    for first in range(0, len(paths), AT_ONCE):
        query = sa.select(table.id, table.equipment, table.start, table.end, table.reason).where(
            table.equipment.in_(paths[first : first + AT_ONCE]),
            table.start < end,
            table.end > start,
            table.revoked.is_(None),
        )
        rows += map(tuple, connection.execute(query))
    return pl.DataFrame([row[1:] for row in sorted(rows)], schema=PERSONS, orient="row")


def list_reasons(
    connection: sa.Connection,
    equipment: str,
    *,
    start: datetime,
    end: datetime,
    after: int = 0,
    limit: int | None = None,
) -> list[Said]:
    """Give all that was said of a machine within [start, end), UTC, also what was taken back, in the order it was said.

    Args:
        connection: a transaction of the records.
        equipment: path of the machine.
        start: first instant asked for, UTC.
        end: first instant no longer asked for, UTC.
        after: number after which to go on.
        limit: how many at most; None: all.
    """
    table = STOP_REASONS.c
    query = sa.select(STOP_REASONS).where(
        table.equipment == equipment, table.start < end, table.end > start, table.id > after
    )
    return _said(connection.execute(query.order_by(table.id).limit(limit)))


def read_reason_news(connection: sa.Connection, *, after: int) -> list[Said]:
    """Give what was said or taken back after change `after`, as it stands now, by its last change."""
    table = STOP_REASONS.c
    return _said(connection.execute(sa.select(STOP_REASONS).where(table.changed > after).order_by(table.changed)))


def _next_change(connection: sa.Connection) -> int:
    """Give the number of a change that is about to be made; others who make one wait for the commit."""
    return int(connection.execute(_COUNT).scalar_one())


def _said(rows: Iterable[sa.Row[Any]]) -> list[Said]:
    return [Said(*(getattr(row, name) for name in STOP_REASONS.c.keys())) for row in rows]  # noqa: SIM118 - not a dict
