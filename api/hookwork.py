"""What is to be delivered to a webhook, and what follows from what came of it: transactions of the records.

    cursor ──► the feed behind it ──► what was pruned unread: a gap, told first
                                  └─► what the webhook's filter takes and its owner may see now ──► messages, in order

Messages are delivered one after the other. One that is not taken holds up those behind it, until it is taken or given
up; so a receiver is told everything in the order of the feed. What somebody asked to be sent again comes before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final, cast

import sqlalchemy as sa

from api.callers import Caller
from api.eventlines import RESOURCES, Filter
from api.hooklog import (
    DeliveryState,
    give_up,
    note_delivery,
    read_again,
    read_delivery,
    settle_passed,
)
from api.hooks import GIVEN_UP, Granted, Hook, note_standing, read_granted, read_hook
from api.lookup import trees_asked
from api.messages import Message, event_message, gap_message
from api.parts import Parts
from api.posting import Said
from api.retries import SCHEDULE, next_try, waits
from api.seals import PLAIN, Seal
from collector.feed import FEED, Told, Topic, read_bounds, read_feed

READ: Final = 500
"""Events that are read at once."""

AT_ONCE: Final = 50
"""Messages that are delivered before it is looked again what is to be delivered."""

_NOT_WANTED: Final = "not tried again: the filter of the webhook, or the grants of its owner, leave it out now"
_PRUNED: Final = "the event is no longer kept"
FAILED: Final = "parkline failed here, not the receiver; the administrators of the park find why in the log of its API"
"""What the owner of a webhook is told of an error of ours."""

_RESTS: Final = timedelta(seconds=10)
"""How long a webhook rests at least after an error of ours that is of no single message."""

_GONE: Final = "the receiver answered 410 (gone)"
_SILENT: Final = f"the receiver has taken nothing for {GIVEN_UP.days} days"


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be delivered to one webhook next."""

    hook: Hook
    """The webhook."""

    messages: tuple[Message, ...]
    """The messages, in order."""

    upto: int
    """Number of the event up to which all is settled when they are delivered."""

    seal: Seal
    """How its owner is told the ids of events."""

    again: bool
    """Whether they are sent because somebody asked for it; then the cursor stays where it is."""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to deliver, and nothing to note."""
        return not self.messages and self.upto <= self.hook.cursor and self.hook.due is None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a message."""

    message: Message
    """The message."""

    at: datetime
    """When it began, UTC."""

    said: Said
    """What came of it."""


def wanted_by(hook: Hook, parts: Parts) -> Filter:
    """Give what a webhook's owner wants to be told."""
    whole = hook.paths is None or parts.park.id in hook.paths
    return Filter(
        topics=None if hook.topics is None else frozenset(cast("tuple[Topic, ...]", hook.topics)),
        trees=None if whole else hook.paths,
        hidden="",
        priorities=None if hook.severities is None else frozenset(hook.severities),
    )


def open_to(granted: Granted, parts: Parts) -> Filter:
    """Give what somebody may be told; `parts` are those of the whole park."""
    seen = parts.seen_by(Caller("", "", frozenset(), granted.factories))
    trees = trees_asked(seen, None)
    hidden = "" if seen.grants is None else parts.park.id
    return Filter(topics=None, trees=None if trees is None else tuple(trees), hidden=hidden, priorities=None)


def passes(told: Told, filters: Sequence[Filter]) -> bool:
    """Tell whether an event passes all filters."""
    priority = str(told.body.get("priority", ""))
    return all(one.takes(told.topic, told.path, priority) for one in filters)


def look(connection: sa.Connection, *, number: str, parts: Parts, now: datetime) -> Work | None:
    """Give what is to be delivered to a webhook now; None: nothing, or nothing may."""
    hook = read_hook(connection, number)
    if hook is None or not hook.enabled or waits(hook.due, now):
        return None
    kept = parts.settings.webhooks.token_grants
    granted = read_granted(connection, {hook.owner}, now=now, kept=kept).get(hook.owner)
    if granted is None:
        return None
    filters = (wanted_by(hook, parts), open_to(granted, parts))
    seal = PLAIN if granted.factories is None else parts.sealing.within(connection)
    again = _again(connection, hook, filters, seal)
    return again if again.messages else _next(connection, hook, filters, seal, now)


def _again(connection: sa.Connection, hook: Hook, filters: Sequence[Filter], seal: Seal) -> Work:
    rows = read_again(connection, hook.id, limit=AT_ONCE)
    asked = sa.select(FEED).where(FEED.c.number.in_([row.number for row in rows]))
    held = {row.number: Told(row.number, row.at, row.topic, row.path, row.body) for row in connection.execute(asked)}
    give_up(connection, [row.id for row in rows if row.number not in held], _PRUNED)
    hidden = [row.id for row in rows if row.number in held and not passes(held[row.number], filters[1:])]
    give_up(connection, hidden, _NOT_WANTED)
    told = [held[row.number] for row in rows if row.number in held and row.id not in hidden]
    return Work(hook, tuple(map(_message, told)), hook.cursor, seal, again=True)


def _next(connection: sa.Connection, hook: Hook, filters: Sequence[Filter], seal: Seal, now: datetime) -> Work:
    rows = read_feed(connection, hook.cursor, limit=READ)
    pruned = read_bounds(connection).pruned  # after the rows: so what went meanwhile shows
    first = rows[0].number if rows else max(pruned, hook.cursor) + 1
    messages: list[Message] = []
    upto = rows[-1].number if rows else first - 1
    if first > hook.cursor + 1:
        messages.append(gap_message(hook.cursor + 1, first - 1, now, RESOURCES.values()))
    for told in rows:
        if passes(told, filters):
            messages.append(_message(told))
            if len(messages) >= AT_ONCE:
                upto = told.number
                break
    return Work(hook, tuple(messages), upto, seal, again=False)


def _message(told: Told) -> Message:
    return event_message(told.number, told.at, told.topic, told.path, told.body)


def note(connection: sa.Connection, *, work: Work, attempts: Sequence[Attempt], lot: float) -> str | None:
    """Note what came of the attempts that were made, all good but perhaps the last.

    Returns:
        Why the webhook is disabled now; empty: it goes on; None: nothing is to be delivered to it as it was read.
    """
    if read_hook(connection, work.hook.id) is None:
        return None
    standing, cursor, reason = _judged(connection, work, attempts, lot)
    if not attempts and work.hook.due is not None:
        standing = {"due": None}  # what was to be tried again is not to be told any more
    if work.hook.reason:
        standing = {"reason": "", "failing": None, **standing}  # what failed of ours works again
    if reason:
        standing |= {"enabled": False, "reason": reason, "due": None}
    if not note_standing(connection, work.hook, standing, cursor=cursor):
        return None
    if cursor is not None and cursor > work.hook.cursor:
        settle_passed(connection, work.hook.id, cursor, _NOT_WANTED)
    return reason


def note_failed(connection: sa.Connection, *, number: str, now: datetime) -> None:
    """Note for its owner that an error of ours is in the way of a webhook.

    It is tried again after as long as that has lasted, an hour at most.
    """
    hook = read_hook(connection, number)
    if hook is None or not hook.enabled:
        return
    since = hook.failing if hook.reason and hook.failing is not None else now
    due = now + min(max(now - since, _RESTS), timedelta(seconds=SCHEDULE[-1]))
    note_standing(connection, hook, {"failing": since, "due": due, "reason": FAILED}, cursor=None)


def _judged(
    connection: sa.Connection, work: Work, attempts: Sequence[Attempt], lot: float
) -> tuple[dict[str, Any], int | None, str]:
    """Log attempts; give how it stands with the webhook, where its cursor is (None: as it was), why it is disabled."""
    standing: dict[str, Any] = {}
    reason, reached = "", work.hook.cursor
    for attempt in attempts:
        if attempt.said.good:
            standing = {"failing": None, "due": None, "delivered": attempt.at}
            over = True
            _log(connection, work, attempt, DeliveryState.DELIVERED, None)
        else:
            over, due, reason = _failed(connection, work, attempt, lot)
            since = attempt.at if standing or work.hook.reason else work.hook.failing or attempt.at
            if not reason and attempt.at - since >= GIVEN_UP and attempt.said.answer != FAILED:
                reason = _SILENT
            standing |= {"failing": since, "due": due}
        if over and attempt.message.number is not None:
            reached = attempt.message.number
    if len(attempts) == len(work.messages) and all(attempt.said.good for attempt in attempts):
        reached = work.upto
    return standing, None if work.again else reached, reason


def _failed(connection: sa.Connection, work: Work, attempt: Attempt, lot: float) -> tuple[bool, datetime | None, str]:
    """Note an attempt that failed; tell whether the message is over, when it is tried again, and why no more is."""
    row = read_delivery(connection, work.hook.id, attempt.message.id)
    going_on = row is not None and row.state in {DeliveryState.FAILED, DeliveryState.PENDING}
    begun, attempts = (row.begun, row.attempts + 1) if row is not None and going_on else (attempt.at, 1)
    if attempt.said.status == HTTPStatus.GONE:
        _log(connection, work, attempt, DeliveryState.DEAD, None)
        return False, None, _GONE  # the first to be sent, should its owner enable the webhook again
    due = next_try(attempts, begun=begun, now=attempt.at, asked=attempt.said.wait, lot=lot)
    _log(connection, work, attempt, DeliveryState.DEAD if due is None else DeliveryState.FAILED, due)
    return due is None, due, ""


def _log(connection: sa.Connection, work: Work, attempt: Attempt, state: DeliveryState, due: datetime | None) -> None:
    message, said = attempt.message, attempt.said
    values = {
        "number": message.number,
        "type": message.type,
        "state": state,
        "again": work.again and state is DeliveryState.FAILED,
        "tried": attempt.at,
        "status": said.status,
        "answer": said.answer,
        "duration_us": round(said.seconds * 1_000_000),
        "due": due,
    }
    note_delivery(connection, work.hook.id, message.id, values, now=attempt.at)
