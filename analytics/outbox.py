"""The outbox: every notification, from the event that it tells to the receiver's answer.

    events to route ─► route ─► notifications ─► take ─► a channel ─► delivered | unreachable | refused
                                    ▲                                      └─ a channel that fails is an alert itself
                          escalate, calm, expire

Each step is one transaction of the records, together with what it follows from: an event is routed when its
notifications are there, and a notification is sent when its receiver has answered. Whatever is killed in between, the
step is done again, and a notice that may have arrived is sent again with the same id.

`take` notes that a notification is begun to be sent before it is: one that was begun is never told in a summary.
"""

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import sqlalchemy as sa

from analytics import alertlog, pacing
from analytics.alarmstates import PRESSING
from analytics.alerttables import ALERTS, standing_of
from analytics.channelhealth import Health, doubt, read_health, silent
from analytics.lifecycle import Action, AlarmState, AlertEvent, EventKind, Standing
from analytics.mending import mended
from analytics.notification import (
    EXPIRED,
    FLOOD_BEGAN,
    OPEN,
    ORDER,
    SUMMARY,
    TOLD,
    Fate,
    Notification,
    Told,
    notice_id,
)
from analytics.outboxtables import ESCALATIONS, FLOODS, NOTIFICATIONS, notification_of
from analytics.pacing import Pace
from analytics.routing import Armed, Board, Flood, Routed, Rules, calm, flood_event, route
from collector.park import Severity

AT_ONCE: Final = 200
"""Events that are routed in one transaction at most."""

KEPT: Final = timedelta(days=90)
"""How long notifications are kept after their last."""

PROGRAM: Final = "parkline"
"""Who escalates."""

_OPEN: Final = NOTIFICATIONS.c.fate.in_([fate.value for fate in OPEN])


class Wording(Protocol):
    """Puts into words what is told, in the language of a channel."""

    def event(self, event: AlertEvent, one: Notification) -> Told:
        """Say what happened to an alert."""

    def lasting(self, standing: Standing, one: Notification) -> Told:
        """Say that an alert lasts of which the channel was not told until now."""

    def flood(self, one: Notification, flood: Flood) -> Told:
        """Say that a flood began, or is over."""

    def summary(self, one: Notification, told: Sequence[tuple[Notification, Told]]) -> Told:
        """Say several in one; the reason of `one` is why they were held."""

    def expired(self, one: Notification, channel: str, told: Sequence[tuple[Notification, Told]]) -> Told:
        """Say that a channel gave some up."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a channel is to do next."""

    one: Notification | None
    """What is to be sent now; None: nothing."""

    told: Told
    """What it says."""

    wake: datetime | None
    """When something is due, UTC, where nothing is to be sent now; None: nothing is."""


def deliver(connection: sa.Connection, rules: Rules, wording: Wording, now: datetime) -> int:
    """Route the events that nobody has routed yet, `AT_ONCE` at most; give how many they were.

    Args:
        connection: a transaction of the records.
        rules: routes and channels.
        wording: puts into words what is told.
        now: the present, UTC.
    """
    events = alertlog.unrouted(connection, AT_ONCE)
    if not events or not rules.channels:
        alertlog.routed(connection, [event.id for event in events])
        return len(events)
    board = _board(connection, events)
    routed = route(rules, board, events, now)
    by_id = {event.id: event for event in events}
    _write(connection, routed, now, lambda one: _worded(one, by_id, board, wording))
    alertlog.routed(connection, [event.id for event in events])
    return len(events)


def _worded(one: Notification, events: Mapping[str, AlertEvent], board: Board, wording: Wording) -> Told:
    if one.event in events:
        return wording.event(events[one.event], one)
    if one.alert:
        return wording.lasting(board.standings[one.alert], one)
    return wording.flood(one, board.floods[one.reason])


def settle_floods(connection: sa.Connection, rules: Rules, wording: Wording, now: datetime) -> int:
    """Tell of floods that are over; give how many."""
    lasting = sa.select(FLOODS).where(FLOODS.c.began.is_not(None))
    board = Board(floods={row.factory: _flood(row) for row in connection.execute(lasting)})
    over = {factory for factory, flood in board.floods.items() if flood.over(now)}
    if not over:
        return 0
    _read_flooded(connection, board)
    routed = calm(rules, board, now)
    _write(connection, routed, now, lambda one: wording.flood(one, board.floods[one.reason]))
    return len(over)


def escalate(connection: sa.Connection, rules: Rules, now: datetime) -> int:
    """Escalate the alerts that nobody acknowledged in time; give how many.

    One whose cause is gone, or that is suppressed, waits: should it be seen again, it is due at once.
    """
    asked_for = sa.outerjoin(ESCALATIONS, ALERTS, ALERTS.c.id == ESCALATIONS.c.alert)
    waits = sa.and_(ALERTS.c.id.is_not(None), ALERTS.c.state.in_([state.value for state in _PAUSED]))
    due = sa.select(ESCALATIONS).select_from(asked_for).where(ESCALATIONS.c.due <= now, sa.not_(waits))
    rows = connection.execute(due.order_by(ESCALATIONS.c.due)).all()
    done = 0
    for row in rows:
        here = sa.and_(ESCALATIONS.c.alert == row.alert, ESCALATIONS.c.route == row.route)
        standing = alertlog.read_standing(connection, row.alert)
        asked = rules.routes[row.route].escalate if row.route in rules.routes else None
        if standing is None or asked is None or standing.state not in PRESSING | _PAUSED:
            connection.execute(sa.delete(ESCALATIONS).where(here))
        elif standing.state in PRESSING:
            action = Action(EventKind.ESCALATED, PROGRAM, alert=row.alert, comment=row.route)
            alertlog.act(connection, action, now=now)
            if asked.repeat is None:
                connection.execute(sa.delete(ESCALATIONS).where(here))
            else:
                connection.execute(sa.update(ESCALATIONS).where(here).values(due=now + asked.repeat))
            done += 1
    return done


_PAUSED: Final = frozenset({AlarmState.RETURNED_UNACKNOWLEDGED, AlarmState.SUPPRESSED})
"""States in which an escalation waits."""


def take(connection: sa.Connection, channel: str, pace: Pace, wording: Wording, now: datetime) -> Taken:
    """Give what a channel is to send now, and note that it is begun; hold and tell together what is to be.

    Args:
        connection: a transaction of the records.
        channel: name of the channel.
        pace: how it may be told.
        wording: puts summaries into words.
        now: the present, UTC.
    """
    pending = _pending(connection, channel)
    if not pending:
        return Taken(None, {}, None)
    sent = _sent(connection, channel, pace, now)
    settled = pacing.settle(pace, pending, sent, now)
    for one in settled.changed.values():
        _change(connection, one, since=now if one.fate is Fate.WAITING and not one.attempts else None)
    for gone, into in settled.absorbed.items():
        _summarised(connection, [gone], into)
    left = pacing.after(pending, settled)
    for reason, many in settled.together.items():
        left += _summarise(connection, channel, reason, many, wording, now)
    chosen = pacing.choose(pace, left, sent, now)
    if chosen is None:
        return Taken(None, {}, pacing.wakes(pace, left, sent, now))
    here = NOTIFICATIONS.c.id == chosen.id
    tried = {"attempts": chosen.attempts + 1, "tried": now}
    if connection.execute(sa.update(NOTIFICATIONS).where(here, _OPEN).values(tried)).rowcount == 0:
        return Taken(None, {}, now)  # it was given up meanwhile
    told = connection.execute(sa.select(NOTIFICATIONS.c.notice).where(here)).scalar_one()
    return Taken(replace(chosen, attempts=chosen.attempts + 1, tried=now), json.loads(told), None)


def delivered(connection: sa.Connection, rules: Rules, one: Notification, answer: str, now: datetime) -> None:
    """Note that the receiver has a notice, and that its channel works: what that refused before may come again."""
    values = {"fate": Fate.SENT.value, "sent": now, "answer": answer, "error": ""}
    connection.execute(sa.update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == one.id).values(values))
    mended(connection, rules, one.channel, now)


def unreachable(
    connection: sa.Connection, rules: Rules, one: Notification, error: str, *, due: datetime, now: datetime
) -> None:
    """Note that nobody answered; it is tried again when it is `due`. One that fails for long becomes an alert."""
    values = {"due": due, "error": error}
    connection.execute(sa.update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == one.id).values(values))
    silent(connection, rules, one.channel, error, now)


def refused(
    connection: sa.Connection, rules: Rules, one: Notification, error: str, now: datetime, wording: Wording
) -> None:
    """Note that the receiver said no: this notification ends, and the channel is an alert.

    What is told nowhere else is told on the channels that are told when this one fails.
    """
    here = NOTIFICATIONS.c.id == one.id
    ended = sa.update(NOTIFICATIONS).where(here, _OPEN).values(fate=Fate.REFUSED.value, error=error)
    done = connection.execute(ended)
    doubt(connection, rules, one.channel, error, now)
    if done.rowcount == 0:  # it was given up meanwhile, and the others were told so
        return
    elsewhere = sa.and_(NOTIFICATIONS.c.event == one.event, NOTIFICATIONS.c.fate.in_([fate.value for fate in TOLD]))
    if connection.execute(sa.select(NOTIFICATIONS.c.id).where(elsewhere).limit(1)).first() is None:
        told = connection.execute(sa.select(NOTIFICATIONS.c.notice).where(here)).scalar_one()
        _undelivered(connection, rules, one.channel, [(one, json.loads(told))], wording, now)


def expire(connection: sa.Connection, rules: Rules, wording: Wording, now: datetime) -> int:
    """Give up what has waited for too long, and what is for channels that are no longer configured; give how many.

    The channels that are told when one fails are told of it, once; that a notice of this kind expires is told nobody.
    """
    late = sa.and_(NOTIFICATIONS.c.fate == Fate.WAITING.value, NOTIFICATIONS.c.since <= now - rules.give_up)
    over = sa.or_(late, sa.and_(_OPEN, NOTIFICATIONS.c.channel.not_in(list(rules.channels))))
    rows = connection.execute(sa.select(NOTIFICATIONS).where(over).order_by(NOTIFICATIONS.c.number)).all()
    expired = _ended(connection, [row.id for row in rows], over, fate=Fate.EXPIRED.value)
    by_channel: dict[str, list[tuple[Notification, Told]]] = {}
    for row in rows:
        if row.id in expired:
            by_channel.setdefault(row.channel, []).append((notification_of(row), json.loads(row.notice)))
    for channel, told in by_channel.items():
        _undelivered(connection, rules, channel, told, wording, now)
    return len(expired)


def _undelivered(
    connection: sa.Connection,
    rules: Rules,
    channel: str,
    told: Sequence[tuple[Notification, Told]],
    wording: Wording,
    now: datetime,
) -> None:
    """Tell what a channel did not deliver on those that are told when it fails; what is of this kind itself, nobody.

    What was sent again and is not delivered a second time was told there the first time.
    """
    events = {one.id: f"expired:{one.id}" for one, _ in told if one.kind != EXPIRED}
    for other in rules.others(channel):
        known = _known(connection, [notice_id(event, other) for event in events.values()])
        owed = [(one, what) for one, what in told if one.id in events and notice_id(events[one.id], other) not in known]
        if not owed:
            continue
        summary = Notification(
            event=events[owed[0][0].id],
            channel=other,
            kind=EXPIRED,
            severity=_gravest(one for one, _ in owed),
            made=now,
            due=now,
            reason=channel,
        )
        _insert(connection, summary, wording.expired(summary, channel, owed))


def forget(connection: sa.Connection, now: datetime) -> None:
    """Drop notifications that ended long ago, but for those of alerts that are open: what follows goes by them."""
    over = NOTIFICATIONS.c.fate.not_in([fate.value for fate in OPEN])
    lasts = sa.exists().where(ALERTS.c.id == NOTIFICATIONS.c.alert, ALERTS.c.state != AlarmState.NORMAL.value)
    connection.execute(sa.delete(NOTIFICATIONS).where(NOTIFICATIONS.c.made < now - KEPT, over, ~lasts))


@dataclass(frozen=True, slots=True)
class Stand:
    """What a channel has sent and what it owes."""

    health: Health
    """Whether it works."""

    counts: Mapping[str, int]
    """Notifications by fate."""

    oldest: datetime | None
    """When the oldest was made that waits, UTC."""


def read_stands(connection: sa.Connection) -> dict[str, Stand]:
    """Give how each channel stands, by name; an empty name is that of alerts for which no route was found."""
    table = NOTIFICATIONS.c
    counts: dict[str, dict[str, int]] = {}
    query = sa.select(table.channel, table.fate, sa.func.count()).group_by(table.channel, table.fate)
    for channel, fate, count in connection.execute(query):
        counts.setdefault(channel, {})[fate] = count
    waiting = sa.select(table.channel, sa.func.min(table.made)).where(table.fate == Fate.WAITING.value)
    oldest = {row[0]: row[1] for row in connection.execute(waiting.group_by(table.channel))}
    health = read_health(connection)
    return {
        name: Stand(health.get(name, Health(name)), counts.get(name, {}), oldest.get(name))
        for name in sorted({*counts, *health})
    }


@dataclass(frozen=True, slots=True)
class Record:
    """A notification as the records have it."""

    notification: Notification
    """What it is."""

    told: Told
    """What it says; empty for what is untold."""

    sent: datetime | None
    """When the receiver answered, UTC."""

    answer: str
    """What it answered."""

    error: str
    """What went wrong last."""


def read_notifications(
    connection: sa.Connection,
    *,
    channel: str | None = None,
    alert: str | None = None,
    fates: Collection[Fate] | None = None,
    limit: int | None = None,
) -> list[Record]:
    """Give notifications, the newest first.

    Args:
        connection: a transaction of the records.
        channel: only those of this channel.
        alert: only those of this alert, by id.
        fates: only those with one of these fates.
        limit: how many at most; all when None.
    """
    query = sa.select(NOTIFICATIONS).order_by(NOTIFICATIONS.c.number.desc()).limit(limit)
    if channel is not None:
        query = query.where(NOTIFICATIONS.c.channel == channel)
    if alert is not None:
        query = query.where(NOTIFICATIONS.c.alert == alert)
    if fates is not None:
        query = query.where(NOTIFICATIONS.c.fate.in_([fate.value for fate in fates]))
    return [
        Record(notification_of(row), json.loads(row.notice or "{}"), row.sent, row.answer, row.error)
        for row in connection.execute(query)
    ]


# ── what is read and written ─────────────────────────────────────────────────────────────────────────────────────────


def _board(connection: sa.Connection, events: Sequence[AlertEvent]) -> Board:
    """Read what was told of the alerts of these events, and of their groups."""
    board = Board()
    groups = sorted({event.standing.group for event in events} | {event.alert for event in events})
    rows: list[sa.Row[Any]] = []
    for some in _chunks(groups):
        mine = sa.or_(NOTIFICATIONS.c.group.in_(some), NOTIFICATIONS.c.alert.in_(some))
        rows += connection.execute(sa.select(NOTIFICATIONS).where(mine))
    for row in sorted({row.number: row for row in rows}.values(), key=lambda row: row.number):
        board.add(notification_of(row))
    standings: dict[str, Standing] = {}
    for some in _chunks(sorted(board.concerned(events))):
        found = connection.execute(sa.select(ALERTS).where(ALERTS.c.id.in_(some)))
        standings |= {row.id: standing_of(row._mapping) for row in found}  # noqa: SLF001 - SQLAlchemy's own name
    board.standings = standings
    board.floods = {row.factory: _flood(row) for row in connection.execute(sa.select(FLOODS))}
    _read_flooded(connection, board)
    return board


def _read_flooded(connection: sa.Connection, board: Board) -> None:
    """Read which channels were told of the floods that last."""
    for factory, flood in board.floods.items():
        if flood.began is None:
            continue
        event = flood_event(factory, flood.began, FLOOD_BEGAN)
        query = sa.select(NOTIFICATIONS.c.channel).where(NOTIFICATIONS.c.event == event)
        board.flooded[factory] = set(connection.execute(query).scalars())


def _write(connection: sa.Connection, routed: Routed, now: datetime, worded: Callable[[Notification], Told]) -> None:
    for one in routed.notifications:
        _insert(connection, one, {} if one.fate is Fate.UNTOLD else worded(one))
    for one in routed.promoted:
        told = {} if one.fate is Fate.UNTOLD else worded(one)
        _change(connection, one, since=now, told=told)
    for alert in routed.disarmed:
        connection.execute(sa.delete(ESCALATIONS).where(ESCALATIONS.c.alert == alert))
    for armed in routed.armed:
        _arm(connection, armed)
    for factory, flood in routed.floods.items():
        values = {
            "began": flood.began,
            "raised": flood.raised,
            "recent": [one.isoformat() for one in flood.recent],
        }
        done = connection.execute(sa.update(FLOODS).where(FLOODS.c.factory == factory).values(values))
        if done.rowcount == 0:
            connection.execute(sa.insert(FLOODS).values(factory=factory, **values))
    for factory in routed.calmed:
        held = sa.and_(NOTIFICATIONS.c.fate == Fate.HELD.value, NOTIFICATIONS.c.reason == f"flood:{factory}")
        connection.execute(sa.update(NOTIFICATIONS).where(held).values(due=now))


def _arm(connection: sa.Connection, armed: Armed) -> None:
    here = sa.and_(ESCALATIONS.c.alert == armed.alert, ESCALATIONS.c.route == armed.route)
    if connection.execute(sa.select(ESCALATIONS.c.alert).where(here)).one_or_none() is None:
        values = {"alert": armed.alert, "route": armed.route, "due": armed.due}
        connection.execute(sa.insert(ESCALATIONS).values(values))


def _insert(connection: sa.Connection, one: Notification, told: Told) -> int:
    values = {
        "id": one.id,
        "event": one.event,
        "channel": one.channel,
        "kind": one.kind,
        "severity": one.severity.value,
        "made": one.made,
        "since": one.made,
        "due": one.due,
        "alert": one.alert,
        "group": one.group,
        "fate": one.fate.value,
        "reason": one.reason,
        "into": one.into,
        "attempts": 0,
        "answer": "",
        "error": "",
        "notice": _text(told),
    }
    number: int = connection.execute(
        sa.insert(NOTIFICATIONS).values(values).returning(NOTIFICATIONS.c.number)
    ).scalar_one()
    return number


def _change(
    connection: sa.Connection, one: Notification, *, since: datetime | None = None, told: Told | None = None
) -> None:
    values: dict[str, Any] = {
        "fate": one.fate.value,
        "reason": one.reason,
        "into": one.into,
        "due": one.due,
        "made": one.made,
        "severity": one.severity.value,
    }
    if since is not None:
        values["since"] = since
    if told is not None:
        values["notice"] = _text(told)
    changeable = NOTIFICATIONS.c.fate.in_([fate.value for fate in (*OPEN, Fate.UNTOLD)])
    connection.execute(sa.update(NOTIFICATIONS).where(NOTIFICATIONS.c.id == one.id, changeable).values(values))


def _ended(
    connection: sa.Connection, ids: Sequence[str], where: sa.ColumnElement[bool], **values: str
) -> frozenset[str]:
    """Let these come to an end, as far as others have not changed them meanwhile; give which did."""
    done: set[str] = set()
    for some in _chunks(ids):
        ended = sa.update(NOTIFICATIONS).where(NOTIFICATIONS.c.id.in_(some), where).values(values)
        done |= set(connection.execute(ended.returning(NOTIFICATIONS.c.id)).scalars())
    return frozenset(done)


def _summarised(connection: sa.Connection, ids: Sequence[str], into: str) -> frozenset[str]:
    return _ended(connection, ids, _OPEN, fate=Fate.SUMMARISED.value, into=into)


def _summarise(
    connection: sa.Connection, channel: str, reason: str, many: Sequence[Notification], wording: Wording, now: datetime
) -> list[Notification]:
    """Make the notification that tells several; none, where nothing of it is left to be told."""
    one = Notification(
        event=f"summary:{many[0].id}",
        channel=channel,
        kind=SUMMARY,
        severity=_gravest(many),
        made=now,
        due=now,
        reason=reason,
    )
    open_still = _summarised(connection, [other.id for other in many], one.id)
    many = [other for other in many if other.id in open_still]
    if not many:
        return []
    told: dict[str, Told] = {}
    for some in _chunks([other.id for other in many]):
        query = sa.select(NOTIFICATIONS.c.id, NOTIFICATIONS.c.notice).where(NOTIFICATIONS.c.id.in_(some))
        told |= {row.id: json.loads(row.notice) for row in connection.execute(query)}
    number = _insert(connection, one, wording.summary(one, [(other, told[other.id]) for other in many]))
    return [replace(one, number=number)]


def _known(connection: sa.Connection, ids: Sequence[str]) -> frozenset[str]:
    """Give which of these notifications there are."""
    known: set[str] = set()
    for some in _chunks(ids):
        known |= set(connection.execute(sa.select(NOTIFICATIONS.c.id).where(NOTIFICATIONS.c.id.in_(some))).scalars())
    return frozenset(known)


def _pending(connection: sa.Connection, channel: str) -> list[Notification]:
    where = sa.and_(NOTIFICATIONS.c.channel == channel, _OPEN)
    columns = [column for column in NOTIFICATIONS.c if column.name not in {"notice", "answer", "error"}]
    rows = connection.execute(sa.select(*columns).where(where).order_by(NOTIFICATIONS.c.number))
    return [notification_of(row) for row in rows]


def _sent(connection: sa.Connection, channel: str, pace: Pace, now: datetime) -> list[datetime]:
    """Give when a channel was sent to within the time of its bound."""
    if pace.rate is None:
        return []
    where = sa.and_(NOTIFICATIONS.c.channel == channel, NOTIFICATIONS.c.tried > now - pace.rate.per)
    return list(connection.execute(sa.select(NOTIFICATIONS.c.tried).where(where)).scalars())


def _flood(row: sa.Row[Any]) -> Flood:
    recent = tuple(datetime.fromisoformat(one).astimezone(UTC) for one in row.recent)
    return Flood(row.began, row.raised, recent)


def _gravest(many: Iterable[Notification]) -> Severity:
    return max((one.severity for one in many), key=ORDER.index)


def _text(told: Told) -> str:
    return json.dumps(told, ensure_ascii=False) if told else ""


def _chunks(ids: Sequence[str]) -> Iterable[Sequence[str]]:
    return (ids[start : start + alertlog.AT_ONCE] for start in range(0, len(ids), alertlog.AT_ONCE))
