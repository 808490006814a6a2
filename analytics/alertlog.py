"""The alert log: every alert, active or over, and what the detectors carry from batch to batch.

The engine writes alerts, detectors' states and its own progress in one transaction, so that a killed process
neither loses an alert nor tells it twice. The API reads.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from analytics.alerts import Alert
from collector.park import Severity
from collector.records import METADATA, Instant

ALERTS: Final = sa.Table(
    "alerts",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("equipment", sa.String(200), nullable=False),
    sa.Column("signal", sa.String(265), nullable=False),
    sa.Column("detector", sa.String(32), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("code", sa.String(64), nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("began", Instant, nullable=False),
    sa.Column("ended", Instant),
    sa.Column("parameters", sa.JSON, nullable=False),
    sa.Index("alerts_by_began", "began", "id"),
    sa.Index("alerts_by_equipment", "equipment", "began"),
    sa.Index("alerts_active", "ended"),
)
"""One row per alert; columns as in `Alert`."""

DETECTORS: Final = sa.Table(
    "detectors",
    METADATA,
    sa.Column("detector", sa.String(32), primary_key=True),
    sa.Column("signal", sa.String(265), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)
"""What each detector carries per signal: one JSON text."""


@dataclass(frozen=True, slots=True)
class After:
    """Where a page of alerts ended: the page that follows begins behind it."""

    began: datetime
    """`began` of the last alert of the page, UTC."""

    id: str
    """Its id."""


def write_alerts(connection: sa.Connection, alerts: Iterable[Alert]) -> None:
    """Log alerts as they stand now; writing one again changes nothing but what has changed in it."""
    for alert in alerts:
        values = _values(alert)
        done = connection.execute(sa.update(ALERTS).where(ALERTS.c.id == alert.id).values(values))
        if done.rowcount == 0:
            connection.execute(sa.insert(ALERTS).values(id=alert.id, **values))


def read_alerts(
    connection: sa.Connection,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    under: Collection[str] | None = None,
    signals: Collection[str] | None = None,
    severities: Collection[Severity] | None = None,
    active: bool | None = None,
    after: After | None = None,
    limit: int | None = None,
) -> list[Alert]:
    """Give alerts, those that began last first (at one instant, by id from the greatest).

    Args:
        connection: a transaction of the records.
        start: only alerts that lasted at or after this instant, UTC.
        end: only alerts that began before this instant, UTC.
        under: only alerts of these factories, lines or machines: paths, each with all below it.
        signals: only alerts of these signals, by path.
        severities: only alerts of these priorities.
        active: True: only those that last; False: only those that are over.
        after: only alerts behind this one in the order given.
        limit: how many at most; all when None.
    """
    query = sa.select(ALERTS).order_by(ALERTS.c.began.desc(), ALERTS.c.id.desc()).limit(limit)
    if start is not None:
        query = query.where(sa.or_(ALERTS.c.ended.is_(None), ALERTS.c.ended > start))
    if end is not None:
        query = query.where(ALERTS.c.began < end)
    if under is not None:
        query = query.where(sa.or_(sa.false(), *(_below(path) for path in under)))
    if signals is not None:
        query = query.where(ALERTS.c.signal.in_(signals))
    if severities is not None:
        query = query.where(ALERTS.c.severity.in_([severity.value for severity in severities]))
    if active is not None:
        query = query.where(ALERTS.c.ended.is_(None) if active else ALERTS.c.ended.is_not(None))
    if after is not None:
        same = sa.and_(ALERTS.c.began == after.began, ALERTS.c.id < after.id)
        query = query.where(sa.or_(ALERTS.c.began < after.began, same))
    return [_alert(row) for row in connection.execute(query)]


def read_alert(connection: sa.Connection, alert: str) -> Alert | None:
    """Give the alert of this id; None where there is none."""
    row = connection.execute(sa.select(ALERTS).where(ALERTS.c.id == alert)).one_or_none()
    return None if row is None else _alert(row)


def write_detectors(connection: sa.Connection, detector: str, states: Mapping[str, Any]) -> None:
    """Replace what `detector` carries for these signals; a signal whose state is None is forgotten."""
    if not states:
        return
    gone = sa.delete(DETECTORS).where(
        DETECTORS.c.detector == sa.bindparam("of"), DETECTORS.c.signal == sa.bindparam("at")
    )
    connection.execute(gone, [{"of": detector, "at": signal} for signal in states])
    rows = [
        {"detector": detector, "signal": signal, "state": json.dumps(state, ensure_ascii=False)}
        for signal, state in states.items()
        if state is not None
    ]
    if rows:
        connection.execute(sa.insert(DETECTORS), rows)


def read_detectors(connection: sa.Connection, detector: str) -> dict[str, Any]:
    """Give what `detector` carries, by signal."""
    rows = connection.execute(sa.select(DETECTORS).where(DETECTORS.c.detector == detector))
    return {row.signal: json.loads(row.state) for row in rows}


def _below(path: str) -> sa.ColumnElement[bool]:
    return sa.or_(ALERTS.c.equipment == path, ALERTS.c.equipment.startswith(path + "/", autoescape=True))


def _values(alert: Alert) -> dict[str, Any]:
    return {
        "equipment": alert.equipment,
        "signal": alert.signal,
        "detector": alert.detector,
        "key": alert.key,
        "severity": alert.severity.value,
        "code": alert.code,
        "value": alert.value,
        "began": alert.began,
        "ended": alert.ended,
        "parameters": dict(alert.parameters),
    }


def _alert(row: sa.Row[Any]) -> Alert:
    return Alert(
        equipment=row.equipment,
        signal=row.signal,
        detector=row.detector,
        key=row.key,
        severity=Severity(row.severity),
        code=row.code,
        value=row.value,
        began=row.began,
        ended=row.ended,
        parameters=row.parameters,
    )
