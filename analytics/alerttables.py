"""The tables of the alert log, and the values that their rows are."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from analytics.alarmstates import AlarmState, AlertEvent, EventKind, Standing
from analytics.alerts import Alert, Contribution
from analytics.shelves import AlarmPoint
from collector.park import Severity
from collector.records import METADATA, NUMBER, Instant

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
    sa.Column("point", sa.String(16), nullable=False),
    sa.Column("occurred", Instant, nullable=False),
    sa.Column("contributions", sa.JSON, nullable=False),
    sa.Column("latching", sa.Boolean, nullable=False),
    sa.Column("when", sa.String(16), nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(32), nullable=False),
    sa.Column("priority", sa.String(16), nullable=False),
    sa.Column("raised", Instant, nullable=False),
    sa.Column("changed", Instant, nullable=False),
    sa.Column("acknowledged", Instant),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("shelved_until", Instant),
    sa.Column("suppressed_by", sa.String(16), nullable=False),
    sa.Column("out_of_service", sa.Boolean, nullable=False),
    sa.Column("group", sa.String(16), nullable=False),
    sa.Column("latched", sa.Boolean, nullable=False),
    sa.Column("told", Instant),
    sa.Column("closed", Instant),
    sa.Column("recent", sa.JSON, nullable=False),
    sa.Column("chattering", sa.Boolean, nullable=False),
    sa.Column("said", sa.Boolean, nullable=False),
    sa.Column("abandoned", sa.Boolean, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Index("alerts_by_began", "began", "id"),
    sa.Index("alerts_by_equipment", "equipment", "began"),
    sa.Index("alerts_active", "ended"),
    sa.Index("alerts_by_state", "state"),
    sa.Index("alerts_by_point", "point", "began"),
)
"""One row per alert; columns as in `Standing` and in the `Alert` that is its newest occurrence. `began` is the first
occurrence's, `occurred` the newest one's; `recent` in µs since 1970."""

OCCURRENCES: Final = sa.Table(
    "alert_occurrences",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("alert", sa.String(16), nullable=False),
    sa.Column("began", Instant, nullable=False, index=True),
)
"""Occurrences that were counted, but for each alert's first."""

EVENTS: Final = sa.Table(
    "alert_events",
    METADATA,
    sa.Column("place", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(40), nullable=False, unique=True),
    sa.Column("alert", sa.String(16), nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("equipment", sa.String(200), nullable=False),
    sa.Column("standing", sa.JSON, nullable=False),
    sa.Index("alert_events_by_alert", "alert", "number"),
    sqlite_autoincrement=True,
)
"""One row per event, in the order of their commits; rows are never changed. `standing` has the columns of `ALERTS`."""

UNROUTED: Final = sa.Table(
    "alert_events_unrouted",
    METADATA,
    sa.Column("id", sa.String(40), primary_key=True),
)
"""Ids of the events that nobody has routed yet."""

POINTS: Final = sa.Table(
    "alarm_points",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("path", sa.String(265), nullable=False),
    sa.Column("detector", sa.String(32), nullable=False),
    sa.Column("signal", sa.String(265), nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("shelved_until", Instant),
    sa.Column("out_of_service", sa.Boolean, nullable=False),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", Instant, nullable=False),
)
"""Alarm points, and paths, that are shelved or out of service; columns as in `AlarmPoint`."""

CHANGES: Final = sa.Table(
    "alert_changes",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, nullable=False),
)
"""One row: how often the log was changed. Who changes it holds it until the commit."""


def values_of(standing: Standing) -> dict[str, Any]:
    """Give the row of an alert."""
    alert = standing.alert
    return {
        "id": standing.id,
        "equipment": alert.equipment,
        "signal": alert.signal,
        "detector": alert.detector,
        "key": alert.key,
        "severity": alert.severity.value,
        "code": alert.code,
        "value": alert.value,
        "began": standing.began,
        "ended": alert.ended,
        "parameters": dict(alert.parameters),
        "point": alert.point,
        "occurred": alert.began,
        "contributions": [[one.signal, one.share] for one in alert.contributions],
        "latching": alert.latching,
        "when": alert.when,
        "count": standing.count,
        "state": standing.state.value,
        "priority": standing.priority.value,
        "raised": standing.raised,
        "changed": standing.changed,
        "acknowledged": standing.acknowledged,
        "person": standing.person,
        "shelved_until": standing.shelved_until,
        "suppressed_by": standing.suppressed_by,
        "out_of_service": standing.out_of_service,
        "group": standing.group,
        "latched": standing.latched,
        "told": standing.told,
        "closed": standing.closed,
        "recent": [_microseconds(instant) for instant in standing.recent],
        "chattering": standing.chattering,
        "said": standing.said,
        "abandoned": standing.abandoned,
        "number": standing.number,
    }


def standing_of(row: Mapping[Any, Any]) -> Standing:
    """Give the alert of a row."""
    return Standing(
        id=row["id"],
        alert=Alert(
            equipment=row["equipment"],
            signal=row["signal"],
            detector=row["detector"],
            key=row["key"],
            severity=Severity(row["severity"]),
            code=row["code"],
            value=row["value"],
            began=row["occurred"],
            ended=row["ended"],
            parameters=row["parameters"],
            contributions=tuple(Contribution(*one) for one in row["contributions"]),
            latching=row["latching"],
            when=row["when"],
        ),
        state=AlarmState(row["state"]),
        priority=Severity(row["priority"]),
        recent=tuple(_instant(one) for one in row["recent"]),
        **{name: row[name] for name in _PLAIN},
    )


_PLAIN: Final = (
    "began", "count", "raised", "changed", "acknowledged", "person", "shelved_until", "suppressed_by",
    "out_of_service", "group", "latched", "told", "closed", "chattering", "said", "abandoned", "number",
)  # fmt: skip
"""Fields of a standing that are kept as they are."""

_INSTANTS: Final = frozenset(column.name for column in ALERTS.c if isinstance(column.type, Instant))


def event_values(event: AlertEvent) -> dict[str, Any]:
    """Give the row of an event, without its place."""
    values = values_of(event.standing)
    return {
        "id": event.id,
        "alert": event.alert,
        "number": event.number,
        "at": event.at,
        "kind": event.kind.value,
        "person": event.person,
        "comment": event.comment,
        "equipment": event.standing.alert.equipment,
        "standing": values | {name: _microseconds(values[name]) for name in _INSTANTS if values[name] is not None},
    }


def event_of(row: sa.Row[Any]) -> AlertEvent:
    """Give the event of a row."""
    kept: dict[str, Any] = row.standing
    instants = {name: _instant(kept[name]) for name in _INSTANTS if kept[name] is not None}
    return AlertEvent(
        id=row.id,
        alert=row.alert,
        number=row.number,
        at=row.at,
        kind=EventKind(row.kind),
        person=row.person,
        comment=row.comment,
        standing=standing_of(kept | instants),
    )


def point_of(row: sa.Row[Any]) -> AlarmPoint:
    """Give the alarm point or path of a row."""
    return AlarmPoint(
        row.path, row.detector, row.signal, row.key, row.shelved_until, bool(row.out_of_service),
        person=row.person, reason=row.reason, since=row.since,
    )  # fmt: skip


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def _microseconds(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)


def _instant(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)
