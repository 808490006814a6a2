"""What the alert log can be asked: alerts as they stand, and what happened to them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

import sqlalchemy as sa

from analytics.alarmstates import AlarmState, AlertEvent, EventKind, Standing
from analytics.alerts import Alert
from analytics.alerttables import ALERTS, EVENTS, event_of, standing_of
from collector.park import Severity
from collector.records import lies_under

AT_ONCE: Final = 500
"""Values in one question at most: databases bound how many a statement may have."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class After:
    """Where a page of alerts ended: the page that follows begins behind it."""

    began: datetime
    """`began` of the last alert of the page, UTC."""

    id: str
    """Its id."""


def read_standings(
    connection: sa.Connection,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    under: Collection[str] | None = None,
    signals: Collection[str] | None = None,
    severities: Collection[Severity] | None = None,
    states: Collection[AlarmState] | None = None,
    active: bool | None = None,
    detectors: Collection[str] | None = None,
    group: str | None = None,
    after: After | None = None,
    limit: int | None = None,
) -> list[Standing]:
    """Give alerts as they stand, those that began last first (at one instant, by id from the greatest).

    Args:
        connection: a transaction of the records.
        start: only alerts that lasted at or after this instant, UTC.
        end: only alerts that began before this instant, UTC.
        under: only alerts of these factories, lines or machines: paths, each with all below it.
        signals: only alerts of these signals, by path.
        severities: only alerts of these priorities.
        states: only alerts in these states.
        active: True: only those whose cause lasts; False: only those whose cause is gone, and those of recordings.
        detectors: only alerts that these detectors saw, by slug.
        group: only alerts of the group that begins with this alert, by id.
        after: only alerts behind this one in the order given.
        limit: how many at most; all when None.
    """
    query = sa.select(ALERTS).order_by(ALERTS.c.began.desc(), ALERTS.c.id.desc()).limit(limit)
    columns = ALERTS.c
    if start is not None:
        query = query.where(sa.or_(columns.ended.is_(None), columns.ended > start))
    if end is not None:
        query = query.where(columns.began < end)
    if active is not None:
        lasts = sa.and_(columns.ended.is_(None), columns.state != AlarmState.NORMAL.value)
        query = query.where(lasts if active else ~lasts)
    if after is not None:
        same = sa.and_(columns.began == after.began, columns.id < after.id)
        query = query.where(sa.or_(columns.began < after.began, same))
    named = {
        columns.signal: signals,
        columns.priority: severities,
        columns.state: states,
        columns.detector: detectors,
        columns.group: None if group is None else [group],
    }
    query = query.where(*(column.in_(list(some)) for column, some in named.items() if some is not None))
    if under is not None:
        query = query.where(_under(columns.equipment, under))
    return [standing_of(row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's own name


def read_alerts(connection: sa.Connection, **asked: Any) -> list[Alert]:
    """Give the newest occurrence of each alert; asked as `read_standings`."""
    return [standing.alert for standing in read_standings(connection, **asked)]


def read_standing(connection: sa.Connection, alert: str, *, under: Collection[str] | None = None) -> Standing | None:
    """Give the alert of this id as it stands; None where there is none, or none of what lies at or below `under`."""
    query = sa.select(ALERTS).where(ALERTS.c.id == alert)
    if under is not None:
        query = query.where(_under(ALERTS.c.equipment, under))
    row = connection.execute(query).one_or_none()
    return None if row is None else standing_of(row._mapping)  # noqa: SLF001 - SQLAlchemy's own name


def read_outside(connection: sa.Connection, alerts: Collection[str], under: Collection[str]) -> frozenset[str]:
    """Give which of these alerts, by id, are there but of nothing that lies at or below `under`."""
    outside: set[str] = set()
    for some in chunks(sorted(alerts)):
        query = sa.select(ALERTS.c.id).where(ALERTS.c.id.in_(some), ~_under(ALERTS.c.equipment, under))
        outside |= set(connection.execute(query).scalars())
    return frozenset(outside)


def read_alert(connection: sa.Connection, alert: str) -> Alert | None:
    """Give the newest occurrence of the alert of this id; None where there is none."""
    standing = read_standing(connection, alert)
    return None if standing is None else standing.alert


def read_events(
    connection: sa.Connection,
    *,
    alert: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    under: Collection[str] | None = None,
    kinds: Collection[EventKind] | None = None,
    limit: int | None = None,
) -> list[AlertEvent]:
    """Give events in the order of their commits.

    Args:
        connection: a transaction of the records.
        alert: only events of this alert, by id.
        start: only events at or after this instant, UTC.
        end: only events before this instant, UTC.
        under: only events of alerts of these factories, lines or machines: paths, each with all below it.
        kinds: only events of these kinds.
        limit: how many at most; all when None.
    """
    query = sa.select(EVENTS).order_by(EVENTS.c.place).limit(limit)
    if alert is not None:
        query = query.where(EVENTS.c.alert == alert)
    if start is not None:
        query = query.where(EVENTS.c.at >= start)
    if end is not None:
        query = query.where(EVENTS.c.at < end)
    if under is not None:
        query = query.where(_under(EVENTS.c.equipment, under))
    if kinds is not None:
        query = query.where(EVENTS.c.kind.in_([kind.value for kind in kinds]))
    return [event_of(row) for row in connection.execute(query)]


def each_event(
    connection: sa.Connection, *, start: datetime, end: datetime, under: Collection[str] | None
) -> Iterator[AlertEvent]:
    """Give events one after the other, in the order of their commits, and hold few in memory; asked as `read_events`.

    A hundred thousand events at once are objects enough to stop all other threads for a second when Python looks for
    garbage.
    """
    query = sa.select(EVENTS).where(EVENTS.c.at >= start, EVENTS.c.at < end).order_by(EVENTS.c.place)
    if under is not None:
        query = query.where(_under(EVENTS.c.equipment, under))
    with connection.execution_options(yield_per=AT_ONCE).execute(query) as rows:
        yield from map(event_of, rows)


def read_history(connection: sa.Connection, alert: str, *, before: int | None = None, limit: int) -> list[AlertEvent]:
    """Give the newest events of an alert, in their order.

    Args:
        connection: a transaction of the records.
        alert: its id.
        before: only events whose number is less.
        limit: how many at most.
    """
    query = sa.select(EVENTS).where(EVENTS.c.alert == alert)
    if before is not None:
        query = query.where(EVENTS.c.number < before)
    newest = connection.execute(query.order_by(EVENTS.c.number.desc()).limit(limit))
    return [event_of(row) for row in newest][::-1]


def chunks(values: Sequence[T]) -> list[Sequence[T]]:
    """Give values in portions of `AT_ONCE`."""
    return [values[first : first + AT_ONCE] for first in range(0, len(values), AT_ONCE)]


def _under(column: sa.ColumnElement[str], paths: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.or_(sa.false(), *(lies_under(column, path) for path in paths))
