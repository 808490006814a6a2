"""Tables of the outbox: notifications, floods, escalations that are due."""

from typing import Any, Final

import sqlalchemy as sa

from analytics.notification import Fate, Notification
from collector.park import Severity
from collector.records import METADATA, NUMBER, Instant

NOTIFICATIONS: Final = sa.Table(
    "notifications",
    METADATA,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("id", sa.String(32), nullable=False, unique=True),
    sa.Column("event", sa.String(160), nullable=False),
    sa.Column("channel", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("made", Instant, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("due", Instant, nullable=False),
    sa.Column("alert", sa.String(16), nullable=False),
    sa.Column("group", sa.String(16), nullable=False),
    sa.Column("fate", sa.String(16), nullable=False),
    sa.Column("reason", sa.String(100), nullable=False),
    sa.Column("into", sa.String(32), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("tried", Instant),
    sa.Column("sent", Instant),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("notice", sa.Text, nullable=False),
    sa.UniqueConstraint("event", "channel"),
    sa.Index("notifications_by_fate", "channel", "fate"),
    sa.Index("notifications_by_alert", "alert"),
    sa.Index("notifications_by_group", "group"),
    sa.Index("notifications_by_tried", "channel", "tried"),
    sa.Index("notifications_by_made", "made"),
    sqlite_autoincrement=True,
)
"""One row per event and channel; columns as in `Notification`. `since`: since when it is waiting; `notice`: what is
told, as JSON; empty for what is untold."""

FLOODS: Final = sa.Table(
    "alert_floods",
    METADATA,
    sa.Column("factory", sa.String(64), primary_key=True),
    sa.Column("began", Instant),
    sa.Column("raised", sa.BigInteger, nullable=False),
    sa.Column("recent", sa.JSON, nullable=False),
)
"""How many alerts each factory raises; columns as in `Flood`, `recent` in RFC 3339."""

ESCALATIONS: Final = sa.Table(
    "alert_escalations",
    METADATA,
    sa.Column("alert", sa.String(16), primary_key=True),
    sa.Column("route", sa.String(64), primary_key=True),
    sa.Column("due", Instant, nullable=False),
)
"""Escalations that are due unless somebody acknowledges the alert."""


def notification_of(row: sa.Row[Any]) -> Notification:
    """Read a row of `NOTIFICATIONS`."""
    return Notification(
        event=row.event,
        channel=row.channel,
        kind=row.kind,
        severity=Severity(row.severity),
        made=row.made,
        due=row.due,
        alert=row.alert,
        group=row.group,
        fate=Fate(row.fate),
        reason=row.reason,
        into=row.into,
        number=row.number,
        attempts=row.attempts,
        tried=row.tried,
    )
