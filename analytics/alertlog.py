"""The alert log: every alert as it stands, all that happened to it, and what the detectors carry from look to look.

    what detectors found ─► fold ──┐
    time, what suppresses ─► sweep ├─► alerts (one row each) ─► alert_events (never changed) ─► alert_events_unrouted
    what people do ─────────► act ─┘

What becomes of an alert is `analytics.lifecycle`; this module finds the alert that is concerned, and keeps what comes
of it. Rows, events, the queue of events to route and what the feed tells of them change in one transaction, together
with whatever else its caller writes in it: a killed process neither loses an event nor tells it twice. Who changes the
log holds the row of `alert_changes` until the commit, so that events stand in the order of their commits, however many
processes write.

Occurrences that were counted are remembered for `REMEMBERED`: samples that are looked at again, because what the
detectors carried was lost, count nothing twice. An occurrence older than the newest of its alert is counted without an
event; one that is older than its point's alert, and belongs to none, is kept as over. One that lasts, though the newest
does not, is the newest all the same: a clock was set back.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

import sqlalchemy as sa

from analytics import lifecycle
from analytics.alertqueries import (
    AT_ONCE,
    After,
    chunks,
    each_event,
    read_alert,
    read_alerts,
    read_events,
    read_history,
    read_outside,
    read_standing,
    read_standings,
)
from analytics.alerts import Alert, point_id
from analytics.alerttables import (
    ALERTS,
    EVENTS,
    OCCURRENCES,
    POINTS,
    UNROUTED,
    event_of,
    event_values,
    point_of,
    standing_of,
    values_of,
)
from analytics.lifecycle import (
    Action,
    ActionError,
    AlarmState,
    AlertEvent,
    EventKind,
    Hidden,
    NotNowError,
    Standing,
)
from analytics.sayings import message
from analytics.shelves import AlarmPoint, Shelves
from collector.feed import Entry, tell
from collector.feed import written as instant
from collector.records import METADATA, lies_under

__all__ = [
    "AT_ONCE",
    "DETECTORS",
    "REMEMBERED",
    "After",
    "Point",
    "Suppressed",
    "UnknownAlertError",
    "abandon",
    "act",
    "each_event",
    "fold",
    "read_alert",
    "read_alerts",
    "read_detectors",
    "read_events",
    "read_history",
    "read_outside",
    "read_points",
    "read_standing",
    "read_standings",
    "routed",
    "sweep",
    "unrouted",
    "write_alerts",
    "write_detectors",
]

DETECTORS: Final = sa.Table(
    "detectors",
    METADATA,
    sa.Column("detector", sa.String(32), primary_key=True),
    sa.Column("signal", sa.String(265), primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
)
"""What each detector carries per subject (`signal` names it): one JSON text."""

REMEMBERED: Final = timedelta(days=30)
"""How long it is remembered which occurrences were counted."""

Suppressed: TypeAlias = Callable[[Alert], str]
"""Gives what suppresses an alert by design: the id of another alert, `machine_runs` or `line_runs`; empty: nothing."""

Point: TypeAlias = tuple[str, str, str]
"""Detector, signal and key."""

_COUNT: Final = sa.text(
    "INSERT INTO alert_changes (id, number) VALUES (1, 1)"
    " ON CONFLICT (id) DO UPDATE SET number = alert_changes.number + 1"
)

_CARRY: Final = sa.text(
    "INSERT INTO detectors (detector, signal, state) VALUES (:detector, :signal, :state)"
    " ON CONFLICT (detector, signal) DO UPDATE SET state = excluded.state"
)


class UnknownAlertError(ActionError):
    """There is no such alert."""


def fold(
    connection: sa.Connection, found: Sequence[Alert], *, now: datetime, suppressed: Suppressed
) -> list[AlertEvent]:
    """Take in what detectors found; give what happened.

    What was over for `lifecycle.LONG_OVER` when it was found is logged, and nothing happened.

    Args:
        connection: a transaction of the records.
        found: occurrences as they stand now; the same ones again change nothing.
        now: the present, UTC.
        suppressed: tells what suppresses an alert by design.
    """
    if not found:
        return []
    _hold(connection)
    book = _Book(connection, now, suppressed)
    book.open(found)
    for alert in sorted(found, key=lambda one: (one.began, one.id)):
        book.take(alert)
    return book.write()


def sweep(connection: sa.Connection, *, now: datetime, suppressed: Suppressed) -> list[AlertEvent]:
    """Let time pass: shelves that end, suppression that begins or ends, alerts that close; give what happened.

    Args:
        connection: a transaction of the records; nothing is written where nothing happens.
        now: the present, UTC.
        suppressed: tells what suppresses an alert by design.
    """
    if not _swept(connection, now, suppressed).changed and not _stale(connection, now):
        return []
    _hold(connection)
    book = _swept(connection, now, suppressed)
    connection.execute(sa.delete(POINTS).where(POINTS.c.shelved_until <= now, POINTS.c.out_of_service.is_(sa.false())))
    connection.execute(sa.update(POINTS).where(POINTS.c.shelved_until <= now).values(shelved_until=None))
    connection.execute(sa.delete(OCCURRENCES).where(OCCURRENCES.c.began < now - REMEMBERED))
    return book.write()


def act(
    connection: sa.Connection, action: Action, *, now: datetime, under: Collection[str] | None = None
) -> list[AlertEvent]:
    """Do what a person asks; give what happened: nothing, where all was so already.

    Args:
        connection: a transaction of the records.
        action: what they do.
        now: the present, UTC.
        under: only an alert of these factories, lines or machines is there; of the whole park when None.

    Raises:
        UnknownAlertError: there is no such alert.
        NotNowError: it cannot be done as the alert stands.
        ActionError: it cannot be done; the text says what can.
    """
    lifecycle.check(action, now=now)
    _hold(connection)
    if action.path:
        _shelve_path(connection, action, now)
        return _refreshed(connection, _open_below(connection, action.path), action, now)
    standing = read_standing(connection, action.alert, under=under)
    if standing is None:
        msg = f"there is no alert {action.alert!r}; `parkline alert list` and GET /alerts show them"
        raise UnknownAlertError(msg)
    if action.kind in _OF_POINTS:
        if standing.number == 0:
            msg = f"alert {standing.id} comes of a recording; nobody looks at its point now"
            raise NotNowError(msg)
        before = Shelves(read_points(connection), now).of(standing.alert)
        _change_point(connection, standing.alert, action, now)
        return _refreshed(connection, _of_point(connection, standing, before), action, now)
    book = _Book(connection, now, lambda _: "")
    book.put(standing, lifecycle.acted(standing, action, now=now))
    return book.write()


def abandon(connection: sa.Connection, carried: Collection[Point], *, now: datetime) -> list[AlertEvent]:
    """End the alerts that last and whose points no detector carries; give what happened.

    Their limit or signal is no longer configured, or what was carried is lost: nobody else would end them. One that is
    found again with the same begin lasts again.
    """

    def gone() -> list[Standing]:
        lasting = read_standings(connection, active=True)
        return [one for one in lasting if (one.alert.detector, one.alert.signal, one.alert.key) not in carried]

    if not gone():
        return []
    _hold(connection)
    book = _Book(connection, now, lambda _: "")
    for standing in gone():
        book.put(standing, lifecycle.abandoned(standing, now=now))
    return book.write()


def write_alerts(connection: sa.Connection, alerts: Iterable[Alert]) -> None:
    """Log alerts of a recording as over; writing one again changes nothing but what has changed in it.

    They have no events, nobody is told of them, and they are told apart from what is seen live: an alert that was seen
    live is left as it is.
    """
    for alert in alerts:
        standing = Standing(
            id=alert.id,
            alert=alert,
            began=alert.began,
            count=1,
            state=AlarmState.NORMAL,
            raised=alert.began,
            changed=alert.ended or alert.began,
            closed=alert.ended or alert.began,
            group=alert.id,
            priority=alert.severity,
            recent=(alert.began,),
        )
        values = values_of(standing)
        mine = sa.update(ALERTS).where(ALERTS.c.id == alert.id, ALERTS.c.number == 0)
        if connection.execute(mine.values(values)).rowcount == 0:
            there = connection.execute(sa.select(ALERTS.c.id).where(ALERTS.c.id == alert.id)).one_or_none()
            if there is None:
                connection.execute(sa.insert(ALERTS).values(values))


def unrouted(connection: sa.Connection, limit: int) -> list[AlertEvent]:
    """Give the oldest events that nobody has routed yet, in the order of their commits, `limit` at most."""
    query = sa.select(EVENTS).join(UNROUTED, UNROUTED.c.id == EVENTS.c.id).order_by(EVENTS.c.place).limit(limit)
    return [event_of(row) for row in connection.execute(query)]


def routed(connection: sa.Connection, ids: Collection[str]) -> None:
    """Note that these events were routed; a second time changes nothing."""
    for some in chunks(list(ids)):
        connection.execute(sa.delete(UNROUTED).where(UNROUTED.c.id.in_(some)))


def read_points(connection: sa.Connection) -> list[AlarmPoint]:
    """Give the alarm points and paths that are shelved or out of service, those of the longest ago first."""
    rows = connection.execute(sa.select(POINTS).order_by(POINTS.c.since, POINTS.c.id))
    return [point_of(row) for row in rows]


def write_detectors(connection: sa.Connection, detector: str, states: Mapping[str, Any]) -> None:
    """Replace what `detector` carries for these subjects; a subject whose state is None is forgotten."""
    gone = [{"of": detector, "at": signal} for signal, state in states.items() if state is None]
    if gone:
        of, at = DETECTORS.c.detector == sa.bindparam("of"), DETECTORS.c.signal == sa.bindparam("at")
        connection.execute(sa.delete(DETECTORS).where(of, at), gone)
    rows = [
        {"detector": detector, "signal": signal, "state": json.dumps(state, ensure_ascii=False)}
        for signal, state in states.items()
        if state is not None
    ]
    if rows:
        connection.execute(_CARRY, rows)


def read_detectors(connection: sa.Connection, detector: str) -> dict[str, Any]:
    """Give what `detector` carries, by subject."""
    rows = connection.execute(sa.select(DETECTORS).where(DETECTORS.c.detector == detector))
    return {row.signal: json.loads(row.state) for row in rows}


def entry_of(event: AlertEvent) -> Entry:
    """Give what the feed tells of an event; not which alert suppresses it, which may be of another factory."""
    standing, alert = event.standing, event.standing.alert
    body = {
        "event": event.id,
        "alert": event.alert,
        "number": event.number,
        "kind": event.kind.value,
        "state": standing.state.value,
        "severity": alert.severity.value,
        "priority": standing.priority.value,
        "equipment": alert.equipment,
        "signal": alert.signal,
        "detector": alert.detector,
        "began": instant(standing.began),
        "active": standing.active,
        "message": {"zh": message(alert, "zh"), "en": message(alert, "en")},
        "value": alert.value,
        "person": event.person,
        "comment": "" if event.kind in _BY_DESIGN and _ID.fullmatch(event.comment) else event.comment,
        "at": instant(event.at),
    }
    return Entry(alert.equipment, body)


_BY_DESIGN: Final = frozenset({EventKind.SUPPRESSED, EventKind.UNSUPPRESSED})
_ID: Final = re.compile("[0-9a-f]{16}")


class _Book:
    """The alerts that one transaction is about, and what it changes in them."""

    def __init__(self, connection: sa.Connection, now: datetime, suppressed: Suppressed) -> None:
        self._connection = connection
        self._now = now
        self._suppressed = suppressed
        self._shelves = Shelves(read_points(connection), now)
        self._newest: dict[str, Standing] = {}
        self._known: set[str] = set()
        self._heads: dict[str, list[Standing]] = {}
        self._changed: dict[str, Standing] = {}
        self._counted: list[dict[str, Any]] = []
        self._events: list[AlertEvent] = []

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        return bool(self._changed)

    def open(self, found: Sequence[Alert]) -> None:
        """Read what is known of the points that were found, of these occurrences, and of what is open beside them."""
        for points in chunks(sorted({alert.point for alert in found})):
            self._newest |= {one.alert.point: one for one in _newest(self._connection, points)}
        for ids in chunks(sorted({alert.id for alert in found})):
            counted = sa.select(OCCURRENCES.c.id).where(OCCURRENCES.c.id.in_(ids))
            seen = sa.select(ALERTS.c.id).where(ALERTS.c.id.in_(ids), ALERTS.c.number > 0)
            self._known |= {row.id for row in self._connection.execute(sa.union(counted, seen))}
        for machines in chunks(sorted({alert.equipment for alert in found})):
            for one in _heads(self._connection, machines, self._now - lifecycle.GROUPED):
                self._heads.setdefault(one.alert.equipment, []).append(one)

    def take(self, alert: Alert) -> None:
        """Take in an occurrence."""
        newest = self._newest.get(alert.point)
        hidden = replace(self._shelves.of(alert), suppressed_by=self._suppressed(alert))
        if newest is not None and alert.began == newest.alert.began:
            self.put(newest, lifecycle.retold(newest, alert, now=self._now, hidden=hidden))
        elif alert.id in self._known:
            return
        elif newest is not None and alert.began < newest.alert.began and (alert.ended or newest.alert.active):
            self._take_late(newest, alert)
        elif newest is not None and lifecycle.rejoins(newest, alert):
            self._count(newest, alert)
            self.put(newest, lifecycle.repeated(newest, alert, now=self._now, hidden=hidden))
        else:
            self._raise(alert, hidden)

    def put(self, before: Standing, change: tuple[Standing, list[AlertEvent]]) -> None:
        """Note how an alert stands now, and what happened to it."""
        after, events = change
        if after == before:
            return
        self._changed[after.id] = after
        if after.alert.point in self._newest and self._newest[after.alert.point].id == after.id:
            self._newest[after.alert.point] = after
        self._events += events

    def refresh(self, standing: Standing, suppressed_by: str, *, person: str = "", comment: str = "") -> None:
        """Let an alert be hidden by people as it is to be now, and by this; let time pass for it."""
        hidden = replace(self._shelves.of(standing.alert), suppressed_by=suppressed_by)
        after, events = lifecycle.hid(standing, hidden, now=self._now, person=person, comment=comment)
        last, more = lifecycle.passed(after, now=self._now)
        self.put(standing, (last, events + more))

    def write(self) -> list[AlertEvent]:
        """Write what changed; give the events."""
        for standing in self._changed.values():
            _write(self._connection, standing)
        if self._counted:
            self._connection.execute(sa.insert(OCCURRENCES), self._counted)
        if self._events:
            self._connection.execute(sa.insert(EVENTS), [event_values(event) for event in self._events])
            self._connection.execute(sa.insert(UNROUTED), [{"id": event.id} for event in self._events])
            tell(self._connection, "alerts", [entry_of(event) for event in self._events], now=self._now)
        return self._events

    def _raise(self, alert: Alert, hidden: Hidden) -> None:
        if lifecycle.is_history(alert, self._now):
            write_alerts(self._connection, [alert])
            return
        heads = self._heads.setdefault(alert.equipment, [])
        cause = lifecycle.rests_on(alert)
        group = next((one.id for one in heads if cause & lifecycle.rests_on(one.alert)), alert.id)
        standing, events = lifecycle.raised(alert, now=self._now, hidden=hidden, group=group)
        self._known.add(alert.id)
        self._newest[alert.point] = standing
        self._changed[standing.id] = standing
        self._events += events
        if group == alert.id and standing.open and standing.told is not None:
            heads.append(standing)

    def _count(self, standing: Standing, alert: Alert) -> None:
        self._known.add(alert.id)
        self._counted.append({"id": alert.id, "alert": standing.id, "began": alert.began})

    def _take_late(self, newest: Standing, alert: Alert) -> None:
        """Take in an occurrence that is older than the newest of its point, and over, or both last."""
        if alert.began > newest.began:
            self._count(newest, alert)
            self.put(newest, (lifecycle.counted(newest), []))
        else:
            write_alerts(self._connection, [alert if alert.ended is not None else replace(alert, ended=newest.began)])


_OF_POINTS: Final = (EventKind.SHELVED, EventKind.UNSHELVED, EventKind.OUT_OF_SERVICE, EventKind.IN_SERVICE)
"""What is done to an alert's point."""

_FLAGGED: Final = sa.or_(ALERTS.c.shelved_until.is_not(None), ALERTS.c.out_of_service.is_(sa.true()))
_OPEN: Final = ALERTS.c.state != AlarmState.NORMAL.value


def _hold(connection: sa.Connection) -> None:
    """Have others who change the log wait for the commit."""
    connection.execute(_COUNT)


def _swept(connection: sa.Connection, now: datetime, suppressed: Suppressed) -> _Book:
    """Let time pass for every alert that it concerns; one whose cause is gone is not suppressed anew."""
    book = _Book(connection, now, suppressed)
    for standing in _asked(connection, sa.or_(_OPEN, _FLAGGED)):
        concerns = standing.active or (standing.open and standing.suppressed_by)
        book.refresh(standing, suppressed(standing.alert) if concerns else "")
    return book


def _stale(connection: sa.Connection, now: datetime) -> bool:
    """Tell whether there are shelves that ended, or occurrences that need not be remembered."""
    ended = sa.select(POINTS.c.id).where(POINTS.c.shelved_until <= now).limit(1)
    old = sa.select(OCCURRENCES.c.id).where(OCCURRENCES.c.began < now - REMEMBERED).limit(1)
    return any(connection.execute(query).first() is not None for query in (ended, old))


def _refreshed(
    connection: sa.Connection, standings: Iterable[Standing], action: Action, now: datetime
) -> list[AlertEvent]:
    """Let alerts be hidden as what a person did asks for."""
    book = _Book(connection, now, lambda _: "")
    for standing in standings:
        book.refresh(standing, standing.suppressed_by, person=action.person, comment=action.comment.strip())
    return book.write()


def _shelve_path(connection: sa.Connection, action: Action, now: datetime) -> None:
    """Shelve everything below a path, or end that."""
    row = point_id("", action.path, "")
    gone = connection.execute(sa.delete(POINTS).where(POINTS.c.id == row))
    if action.kind is EventKind.SHELVED:
        shelf = AlarmPoint(
            action.path, "", "", "", action.until, out_of_service=False,
            person=action.person, reason=action.comment.strip(), since=now,
        )  # fmt: skip
        connection.execute(sa.insert(POINTS).values(id=row, **asdict(shelf)))
    elif gone.rowcount == 0:
        msg = f"{action.path} is not shelved; `parkline alert points` shows what is"
        raise ActionError(msg)


def _change_point(connection: sa.Connection, alert: Alert, action: Action, now: datetime) -> None:
    """Shelve a point or take it out of service, or end that; an unshelved point that is in service has no row."""
    found = connection.execute(sa.select(POINTS).where(POINTS.c.id == alert.point)).one_or_none()
    shelved_until = None if found is None else found.shelved_until
    out_of_service = False if found is None else bool(found.out_of_service)
    match action.kind:
        case EventKind.SHELVED:
            shelved_until = action.until
        case EventKind.UNSHELVED:
            path = Shelves(read_points(connection), now).path_of(alert)
            if path:
                msg = f"it is shelved with all of {path}; `parkline alert unshelve --path {path}` ends that"
                raise NotNowError(msg)
            shelved_until = None
        case _:
            out_of_service = action.kind is EventKind.OUT_OF_SERVICE
    connection.execute(sa.delete(POINTS).where(POINTS.c.id == alert.point))
    if shelved_until is None and not out_of_service:
        return
    point = AlarmPoint(
        "", alert.detector, alert.signal, alert.key, shelved_until, out_of_service,
        person=action.person, reason=action.comment.strip(), since=now,
    )  # fmt: skip
    if found is not None and action.kind in {EventKind.UNSHELVED, EventKind.IN_SERVICE}:
        point = replace(point, person=found.person, reason=found.reason, since=found.since)
    connection.execute(sa.insert(POINTS).values(id=alert.point, **asdict(point)))


def _open_below(connection: sa.Connection, path: str) -> list[Standing]:
    """Give the alerts below a path that are open, or whose point is hidden by people."""
    return _asked(connection, lies_under(ALERTS.c.equipment, path), sa.or_(_OPEN, _FLAGGED))


def _of_point(connection: sa.Connection, standing: Standing, hidden: Hidden) -> list[Standing]:
    """Give the alerts of a point that are open or hidden by people, and this one: closed, as its point was hidden."""
    others = _asked(connection, ALERTS.c.point == standing.alert.point, sa.or_(_OPEN, _FLAGGED))
    if any(one.id == standing.id for one in others):
        return others
    this = replace(standing, out_of_service=hidden.out_of_service, shelved_until=hidden.shelved_until)
    return [*others, this]


def _newest(connection: sa.Connection, points: Collection[str]) -> list[Standing]:
    """Give the newest alert of each of these points, of those seen live; and behind them those that are open."""
    other = ALERTS.alias()
    last = (
        sa.select(sa.func.max(other.c.began)).where(other.c.point == ALERTS.c.point, other.c.number > 0)
    ).scalar_subquery()
    live = sa.and_(ALERTS.c.point.in_(points), ALERTS.c.number > 0)
    return [*_asked(connection, live, ALERTS.c.began == last), *_asked(connection, live, _OPEN)]


def _heads(connection: sa.Connection, machines: Collection[str], since: datetime) -> list[Standing]:
    """Give the open alerts of machines that are the first of their groups and were raised after `since`, in order."""
    first = sa.and_(ALERTS.c.group == ALERTS.c.id, ALERTS.c.raised > since, ALERTS.c.told.is_not(None))
    return _asked(connection, ALERTS.c.equipment.in_(machines), _OPEN, first)


def _asked(connection: sa.Connection, *where: sa.ColumnElement[bool]) -> list[Standing]:
    query = sa.select(ALERTS).where(*where).order_by(ALERTS.c.raised, ALERTS.c.began, ALERTS.c.id)
    return [standing_of(row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - SQLAlchemy's own name


def _write(connection: sa.Connection, standing: Standing) -> None:
    values = values_of(standing)
    done = connection.execute(sa.update(ALERTS).where(ALERTS.c.id == standing.id).values(values))
    if done.rowcount == 0:
        connection.execute(sa.insert(ALERTS).values(values))
