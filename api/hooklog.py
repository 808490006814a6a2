"""The log of deliveries: what was, or is to be, posted to each webhook, and what came of it.

    pending (to be sent) ──► delivered
        │                        ▲
        └──► failed (tried again when it is due) ──► dead (given up)

There is one row per webhook and message; a message that is sent again, because somebody asked for it, has the row that
it had. Of an event the row holds its number in the feed, never what it says.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa

from collector.records import METADATA, NUMBER, Instant

DELIVERIES: Final = sa.Table(
    "webhook_deliveries",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True, autoincrement=True),
    sa.Column("webhook", sa.String(32), nullable=False),
    sa.Column("message", sa.String(64), nullable=False),
    sa.Column("number", sa.BigInteger),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("again", sa.Boolean, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("begun", Instant, nullable=False, index=True),
    sa.Column("tried", Instant),
    sa.Column("status", sa.Integer),
    sa.Column("answer", sa.Text, nullable=False),
    sa.Column("duration_us", sa.BigInteger),
    sa.Column("due", Instant),
    sa.UniqueConstraint("webhook", "message"),
    sa.Index("webhook_deliveries_by_state", "webhook", "state"),
    sqlite_autoincrement=True,
)
"""One row per webhook and message; columns as in `Delivery`, and `again`: somebody asked for it to be sent again."""

PRUNED_AT_ONCE: Final = 10_000
"""Rows that one transaction drops at most."""


class DeliveryState(StrEnum):
    """How a delivery stands."""

    PENDING = "pending"
    """It is to be sent."""

    DELIVERED = "delivered"
    """The receiver took it."""

    FAILED = "failed"
    """The receiver did not take it; it is tried again."""

    DEAD = "dead"
    """It is not tried any more."""


_OPEN: Final = (DeliveryState.PENDING, DeliveryState.FAILED)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message for one webhook."""

    id: int
    """Its place in the log, from 1."""

    message: str
    """Id of the message, as in the header `webhook-id`."""

    number: int | None
    """Number of the event; of a gap, of the last event that is missing; None: it is about no event."""

    type: str
    """What the message is."""

    state: DeliveryState
    """How it stands."""

    attempts: int
    """How often it was sent."""

    begun: datetime
    """When it was first to be sent, or was asked for again, UTC."""

    tried: datetime | None
    """When it was sent last, UTC; None: it was not."""

    status: int | None
    """HTTP status of the last answer; None: there was none."""

    answer: str
    """What the last answer said, or why there was none; 200 characters at most."""

    duration_us: int | None
    """Microseconds that the last attempt took; None: there was none."""

    due: datetime | None
    """When it is tried again, UTC; None: it is not, or at once."""


def read_delivery(connection: sa.Connection, hook: str, message: str) -> Delivery | None:
    """Give the row of a message; None where there is none."""
    query = sa.select(DELIVERIES).where(DELIVERIES.c.webhook == hook, DELIVERIES.c.message == message)
    row = connection.execute(query).one_or_none()
    return None if row is None else _delivery(row)


def read_deliveries(
    connection: sa.Connection,
    hook: str,
    *,
    states: Collection[str] | None = None,
    before: int | None = None,
    limit: int,
) -> list[Delivery]:
    """Give the log of a webhook, the newest rows first, in these states or all, before a row's id, `limit` at most."""
    query = sa.select(DELIVERIES).where(DELIVERIES.c.webhook == hook).order_by(DELIVERIES.c.id.desc()).limit(limit)
    if states is not None:
        query = query.where(DELIVERIES.c.state.in_(states))
    if before is not None:
        query = query.where(DELIVERIES.c.id < before)
    return [_delivery(row) for row in connection.execute(query)]


def read_again(connection: sa.Connection, hook: str, *, limit: int) -> list[Delivery]:
    """Give what somebody asked to be sent again and was not yet, in the order of the feed."""
    waits = sa.and_(DELIVERIES.c.webhook == hook, DELIVERIES.c.state.in_(_OPEN), DELIVERIES.c.again)
    query = sa.select(DELIVERIES).where(waits).order_by(DELIVERIES.c.number, DELIVERIES.c.id).limit(limit)
    return [_delivery(row) for row in connection.execute(query)]


def hooks_asked_again(connection: sa.Connection) -> set[str]:
    """Give the ids of webhooks of which something is to be sent again."""
    query = sa.select(DELIVERIES.c.webhook).where(DELIVERIES.c.state.in_(_OPEN), DELIVERIES.c.again).distinct()
    return set(connection.execute(query).scalars())


def ask_again(connection: sa.Connection, hook: str, ids: Sequence[str], *, pruned: int, now: datetime) -> set[str]:
    """Have messages sent again, of those ids that are of events behind number `pruned`; give the ids that are."""
    held = sa.and_(DELIVERIES.c.webhook == hook, DELIVERIES.c.message.in_(ids), DELIVERIES.c.number > pruned)
    events = sa.and_(held, DELIVERIES.c.message == sa.cast(DELIVERIES.c.number, sa.String))
    found = connection.execute(sa.select(DELIVERIES.c.id, DELIVERIES.c.message).where(events)).all()
    values = {"state": DeliveryState.PENDING, "again": True, "attempts": 0, "begun": now, "due": None}
    rows = [row.id for row in found]
    connection.execute(sa.update(DELIVERIES).where(DELIVERIES.c.id.in_(rows)).values(values))
    return {row.message for row in found}


def known_deliveries(connection: sa.Connection, hook: str, ids: Sequence[str]) -> set[str]:
    """Give those of these ids of messages that are of a webhook's log."""
    query = sa.select(DELIVERIES.c.message).where(DELIVERIES.c.webhook == hook, DELIVERIES.c.message.in_(ids))
    return set(connection.execute(query).scalars())


def note_delivery(connection: sa.Connection, hook: str, message: str, values: dict[str, Any], *, now: datetime) -> None:
    """Note what came of an attempt to deliver a message, in its row or in a new one.

    Of a message that was settled before, attempts are counted anew.
    """
    row = sa.and_(DELIVERIES.c.webhook == hook, DELIVERIES.c.message == message)
    under_way = DELIVERIES.c.state.in_(_OPEN)
    counted = {
        **values,
        "attempts": sa.case((under_way, DELIVERIES.c.attempts + 1), else_=1),
        "begun": sa.case((under_way, DELIVERIES.c.begun), else_=sa.bindparam("anew", now, Instant)),
    }
    if not connection.execute(sa.update(DELIVERIES).where(row).values(counted)).rowcount:
        new = {"webhook": hook, "message": message, "attempts": 1, "begun": now, **values}
        connection.execute(sa.insert(DELIVERIES).values(new))


def settle_passed(connection: sa.Connection, hook: str, cursor: int, why: str) -> None:
    """Give up what was tried and lies before the cursor: the webhook does not take it any more."""
    passed = sa.and_(DELIVERIES.c.webhook == hook, DELIVERIES.c.state.in_(_OPEN), ~DELIVERIES.c.again)
    values = {"state": DeliveryState.DEAD, "answer": why, "due": None}
    connection.execute(sa.update(DELIVERIES).where(passed, DELIVERIES.c.number <= cursor).values(values))


def give_up(connection: sa.Connection, ids: Sequence[int], why: str) -> None:
    """Give these rows up."""
    values = {"state": DeliveryState.DEAD, "again": False, "answer": why, "due": None}
    connection.execute(sa.update(DELIVERIES).where(DELIVERIES.c.id.in_(ids)).values(values))


def drop_deliveries(connection: sa.Connection, hook: str) -> None:
    """Forget the log of a webhook."""
    connection.execute(sa.delete(DELIVERIES).where(DELIVERIES.c.webhook == hook))


def prune_deliveries(connection: sa.Connection, *, before: datetime) -> int:
    """Drop what was begun before an instant, UTC, and is settled, `PRUNED_AT_ONCE` rows at most; give how many went."""
    settled = DELIVERIES.c.state.not_in(_OPEN)
    old = sa.select(DELIVERIES.c.id).where(DELIVERIES.c.begun < before, settled).limit(PRUNED_AT_ONCE)
    return connection.execute(sa.delete(DELIVERIES).where(DELIVERIES.c.id.in_(old))).rowcount


def _delivery(row: sa.Row[tuple[Any, ...]]) -> Delivery:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    del values["webhook"], values["again"]
    return Delivery(**{**values, "state": DeliveryState(values["state"])})
