"""The gap ledger: intervals in which a source may have missed samples.

    begin_gap ─► lasts ─► end_gap ─┬─► open ───────► filled       what was missed is in the store
    add_gap ───────────────────────┤     └─► unfillable ─► filled
                                   └─► filled, where the sender repeats it

What becomes of an open gap, or of a part of it, is `collector.resolution`. A reader that has to hear of every change
asks `read_news` for those after the last change it knows: changes are numbered in the order in which they are
committed, so none is missed, however many processes write.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from adapters.sources.contract import FilledBy, GapKind
from collector.records import METADATA, NUMBER, Instant
from collector.sight import Sight

GAPS: Final = sa.Table(
    "gaps",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("source", sa.String(64), nullable=False, index=True),
    sa.Column("signals", sa.JSON, nullable=False),
    sa.Column("start", Instant, nullable=False, index=True),
    sa.Column("end", Instant),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False, server_default=GapKind.OUTAGE.value),
    sa.Column("filled_by", sa.String(16)),
    sa.Column("resolved", Instant),
    sa.Column("samples", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False, server_default=""),
    sa.Column("part_of", NUMBER, index=True),
    sa.Column("changed", sa.BigInteger, nullable=False, server_default="0", index=True),
    sa.Column("key", sa.String(200), unique=True, index=True),
    sqlite_autoincrement=True,
)
"""One row per gap; columns as in `Gap`, and the key by which its writer knows it."""

CHANGES: Final = sa.Table(
    "gap_changes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""One row: the number of the last change of the ledger. Who changes the ledger holds it until the commit."""

OPEN: Final = "open"
FILLED: Final = "filled"
UNFILLABLE: Final = "unfillable"

_COUNT: Final = sa.text(
    "INSERT INTO gap_changes (id, number) VALUES (1, 1)"
    " ON CONFLICT (id) DO UPDATE SET number = gap_changes.number + 1 RETURNING number"
)


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
    """`open` (samples may be missing), `filled` (they came later) or `unfillable` (the source cannot give them)."""

    kind: str = GapKind.OUTAGE.value
    """What happened, in one word: a `GapKind`."""

    filled_by: str | None = None
    """What filled it, a `FilledBy`; None while nothing has."""

    resolved: datetime | None = None
    """When it was found filled or unfillable, UTC; None while it is open."""

    samples: int | None = None
    """How many samples filled it; None where nobody counted."""

    reason: str = ""
    """Why it is unfillable, in words for a person; empty otherwise."""

    part_of: int | None = None
    """Number of the gap that it was cut from, when a part of that was filled; None: it is whole."""

    changed: int = 0
    """Number of its last change."""

    @property
    def whole(self) -> int:
        """Number of the gap that it was, or is."""
        return self.id if self.part_of is None else self.part_of


def begin_gap(
    connection: sa.Connection, source: str, start: datetime, cause: str, kind: GapKind = GapKind.OUTAGE
) -> int:
    """Note that `source` is missing samples since `start`; give the gap's id.

    There is one lasting gap per source: a second call gives the id of the first.
    """
    change = next_change(connection)
    lasting = connection.execute(sa.select(GAPS.c.id).where(GAPS.c.source == source, GAPS.c.end.is_(None))).scalar()
    if lasting is not None:
        return int(lasting)
    values = {"source": source, "signals": [], "start": start, "end": None, "cause": cause, "kind": kind.value}
    return insert_gap(connection, {**values, "state": OPEN, "changed": change})


def end_gap(
    connection: sa.Connection,
    source: str,
    end: datetime,
    *,
    filled: bool,
    now: datetime | None = None,
    doubt: str = "",
) -> None:
    """End the lasting gap of `source` at `end`, if there is one; `filled` when the sender redelivers what it held.

    Args:
        connection: a transaction of the records.
        source: whose gap.
        end: first instant known again, in the source's own time, UTC.
        filled: whether the sender redelivers.
        now: the present, UTC; `end` where nobody tells.
        doubt: words to add to its cause, of why it is not filled; empty for none.
    """
    values: dict[str, Any] = {"end": end, "changed": next_change(connection)}
    if filled:
        values |= {"state": FILLED, "filled_by": FilledBy.REDELIVERY.value, "resolved": now or end}
    if doubt:
        values["cause"] = GAPS.c.cause + f"; {doubt}"
    connection.execute(sa.update(GAPS).where(GAPS.c.source == source, GAPS.c.end.is_(None)).values(values))


def add_gap(
    connection: sa.Connection,
    source: str,
    signals: Sequence[str],
    start: datetime,
    end: datetime,
    cause: str,
    *,
    kind: GapKind,
    key: str | None = None,
    near: timedelta = timedelta(0),
) -> int:
    """Note a gap that is over; give its id.

    Where an open one of the same source, signals, kind and cause is there, and no more than `near` lies between the
    two, it is widened instead: a queue that overflows all day is one gap, and not one per second.

    Args:
        connection: a transaction of the records.
        source: name of the source.
        signals: paths concerned; empty: every signal of the source.
        start: first instant that may be missing, UTC.
        end: first instant known again, UTC.
        cause: what happened, in words for a person.
        kind: what happened, in one word.
        key: by what its writer knows it, 200 characters at most: a second call with it changes nothing.
        near: how far from the end of one gap the start of the next may lie that is the same.
    """
    change = next_change(connection)
    if key is not None:
        known = connection.execute(sa.select(GAPS.c.id).where(GAPS.c.key == key)).scalar()
        if known is not None:
            return int(known)
    elif same := _neighbour(connection, source, signals, start, end, cause, kind, near):
        wider = {"start": min(same.start, start), "end": max(same.end or end, end), "changed": change}
        connection.execute(sa.update(GAPS).where(GAPS.c.id == same.id).values(wider))
        return same.id
    return insert_gap(
        connection,
        {
            "source": source,
            "signals": list(signals),
            "start": start,
            "end": end,
            "cause": cause,
            "kind": kind.value,
            "state": OPEN,
            "changed": change,
            "key": key,
        },
    )


def read_gaps(
    connection: sa.Connection,
    *,
    start: datetime,
    end: datetime,
    sources: Sequence[str] | None = None,
    states: Collection[str] | None = None,
    kinds: Collection[str] | None = None,
    sight: Sight | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int | None = None,
) -> list[Gap]:
    """Give the gaps that touch [start, end), by start and id.

    Args:
        connection: a transaction of the records.
        start: first instant asked for, UTC.
        end: first instant no longer asked for, UTC.
        sources: names of sources; None: all.
        states: `open`, `filled`, `unfillable`; None: all.
        kinds: kinds of gaps; None: all.
        sight: what may be seen: a gap that names signals alone of other factories may not; None: everything.
        after: start and id of the gap after which to go on; None: from the first.
        limit: how many at most; None: all.
    """
    query = sa.select(GAPS).where(GAPS.c.start < end, sa.or_(GAPS.c.end.is_(None), GAPS.c.end > start))
    for column, wanted in ((GAPS.c.source, sources), (GAPS.c.state, states), (GAPS.c.kind, kinds)):
        if wanted is not None:
            query = query.where(column.in_(list(wanted)))
    if sight is not None:
        query = query.where(_seen(sight))
    if after is not None:
        begun, number = after
        query = query.where(sa.or_(GAPS.c.start > begun, sa.and_(GAPS.c.start == begun, GAPS.c.id > number)))
    return gaps_in(connection.execute(query.order_by(GAPS.c.start, GAPS.c.id).limit(limit)))


def read_gap(connection: sa.Connection, number: int, sight: Sight | None = None) -> Gap | None:
    """Give one gap by its id; None where there is none, or none that may be seen."""
    query = sa.select(GAPS).where(GAPS.c.id == number)
    if sight is not None:
        query = query.where(_seen(sight))
    return next(iter(gaps_in(connection.execute(query))), None)


def read_news(connection: sa.Connection, *, after: int) -> list[Gap]:
    """Give the gaps that changed after change `after`, as they stand now, by their last change."""
    return gaps_in(
        connection.execute(sa.select(GAPS).where(GAPS.c.changed > after).order_by(GAPS.c.changed, GAPS.c.id))
    )


def next_change(connection: sa.Connection) -> int:
    """Give the number of a change that is about to be made; others who change the ledger wait for the commit."""
    return int(connection.execute(_COUNT).scalar_one())


def gaps_in(rows: Iterable[sa.Row[Any]]) -> list[Gap]:
    """Give rows of the table as gaps."""
    return [
        Gap(
            id=r.id,
            source=r.source,
            signals=tuple(r.signals),
            start=r.start,
            end=r.end,
            cause=r.cause,
            state=r.state,
            kind=r.kind,
            filled_by=r.filled_by,
            resolved=r.resolved,
            samples=r.samples,
            reason=r.reason,
            part_of=r.part_of,
            changed=r.changed,
        )
        for r in rows
    ]


def insert_gap(connection: sa.Connection, values: Mapping[str, Any]) -> int:
    """Insert a row of these columns; give its id."""
    return int(connection.execute(sa.insert(GAPS).values(dict(values)).returning(GAPS.c.id)).scalar_one())


def _seen(sight: Sight) -> sa.ColumnElement[bool]:
    """True for gaps of sources that may be seen which concern every signal, or one that may be seen."""
    signals = sa.cast(GAPS.c.signals, sa.Text)  # a list in JSON; no path has a character that JSON escapes
    named = (sa.func.replace(signals, f'"{factory}/', "") != signals for factory in sorted(sight.factories))
    return sa.and_(GAPS.c.source.in_(sorted(sight.sources)), sa.or_(signals == "[]", *named))


def _neighbour(
    connection: sa.Connection,
    source: str,
    signals: Sequence[str],
    start: datetime,
    end: datetime,
    cause: str,
    kind: GapKind,
    near: timedelta,
) -> Gap | None:
    """Give the open gap that [start, end) overlaps, touches or nearly touches, and that is the same in all else."""
    query = sa.select(GAPS).where(
        GAPS.c.source == source,
        GAPS.c.kind == kind.value,
        GAPS.c.cause == cause,
        GAPS.c.state == OPEN,
        GAPS.c.key.is_(None),
        GAPS.c.part_of.is_(None),
        GAPS.c.start <= end + near,
        GAPS.c.end >= start - near,
    )
    return next((gap for gap in gaps_in(connection.execute(query)) if gap.signals == tuple(signals)), None)
