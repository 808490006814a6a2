"""The gap ledger: intervals in which a source may have missed samples."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from collector.records import METADATA, Instant

GAPS: Final = sa.Table(
    "gaps",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String(64), nullable=False, index=True),
    sa.Column("signals", sa.JSON, nullable=False),
    sa.Column("start", Instant, nullable=False, index=True),
    sa.Column("end", Instant),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
)
"""One row per gap; columns as in `Gap`."""


@dataclass(frozen=True, slots=True)
class Gap:
    """An interval in which a source may have missed samples; half-open, [start, end)."""

    id: int
    """Number in the records."""

    source: str
    """Name of the source."""

    signals: tuple[str, ...]
    """Paths concerned; empty: every signal of the source."""

    start: datetime
    """First instant that may be missing, UTC."""

    end: datetime | None
    """First instant known again, UTC; None while it lasts."""

    cause: str
    """What happened, in words for a person."""

    state: str
    """`open` (samples may be missing), `filled` (they were delivered later) or `unfillable`."""


def begin_gap(connection: sa.Connection, source: str, start: datetime, cause: str) -> int:
    """Note that `source` is missing samples since `start`; give the gap's id.

    There is one lasting gap per source: a second call gives the id of the first.
    """
    lasting = connection.execute(sa.select(GAPS.c.id).where(GAPS.c.source == source, GAPS.c.end.is_(None))).scalar()
    if lasting is not None:
        return int(lasting)
    return _insert(connection, source, (), start, None, cause)


def end_gap(connection: sa.Connection, source: str, end: datetime, *, filled: bool) -> None:
    """End the lasting gap of `source` at `end`, if there is one; `filled` when the sender redelivers what it held."""
    state = "filled" if filled else "open"
    connection.execute(
        sa.update(GAPS).where(GAPS.c.source == source, GAPS.c.end.is_(None)).values(end=end, state=state)
    )


def add_gap(
    connection: sa.Connection, source: str, signals: Sequence[str], start: datetime, end: datetime, cause: str
) -> int:
    """Note a gap that is over; give its id."""
    return _insert(connection, source, signals, start, end, cause)


def read_gaps(
    connection: sa.Connection, *, start: datetime, end: datetime, sources: Sequence[str] | None = None
) -> list[Gap]:
    """Give the gaps that touch [start, end), by start."""
    query = sa.select(GAPS).where(GAPS.c.start < end, sa.or_(GAPS.c.end.is_(None), GAPS.c.end > start))
    if sources is not None:
        query = query.where(GAPS.c.source.in_(sources))
    return _gaps(connection.execute(query.order_by(GAPS.c.start, GAPS.c.id)))


def read_news(connection: sa.Connection, *, after: int, of: Collection[int]) -> list[Gap]:
    """Give the gaps noted after the gap with id `after`, and those with ids `of`, by id: what a reader has not seen."""
    query = sa.select(GAPS).where(sa.or_(GAPS.c.id > after, GAPS.c.id.in_(of)))
    return _gaps(connection.execute(query.order_by(GAPS.c.id)))


def _gaps(rows: Iterable[sa.Row[Any]]) -> list[Gap]:
    return [Gap(r.id, r.source, tuple(r.signals), r.start, r.end, r.cause, r.state) for r in rows]


def _insert(
    connection: sa.Connection, source: str, signals: Sequence[str], start: datetime, end: datetime | None, cause: str
) -> int:
    values = {"source": source, "signals": list(signals), "start": start, "end": end, "cause": cause, "state": "open"}
    return int(connection.execute(sa.insert(GAPS).values(values).returning(GAPS.c.id)).scalar_one())
