"""Which channels an event is told on, and which not, and why: pure.

    event ─► routes that fit ─► channels ─► told, held (a flood), or untold with its reason

Of what happens to an alert, a channel is told that it lasts (`raised`, `repeated`, `worsened`, and `raised` when it is
no longer shelved or suppressed), that it is over (only where it was told that it lasts), that nobody acknowledged it
(`escalated`, on the channels that the route names for it) and, where the route asks for them, what people did.

- An alert of a group of which the channel has been told, at least as grave, is grouped: untold, until that one is over
  and this one lasts. That one is over for its group also where nobody is told so: it is hidden, or no route asks.
- What is shelved, suppressed or out of service is untold; when that ends and it lasts, it is told as raised. Whoever
  knows already that it lasts is told again after a shelf or service, and not after suppression.
- More than `FLOOD` alerts told within `FLOODING` in one factory are a flood (ISA-18.2, 16.5.7; EEMUA 191): one notice
  that it began, then only critical alerts one by one, and those of links, which may be its cause; one summary every
  `FLOODING`, and one notice when fewer than `CALM` came within `FLOODING`.
- An alert about a channel is told on that channel's fallback, or on all others. One of the park itself concerns every
  place of it and every shift that is on anywhere.
- An escalation is waited for from the first notice on, also while the alert is suppressed; whoever acknowledges,
  shelves or takes out of service ends the wait.

Hours of quiet and bounds of a channel are not decided here but when a notice is sent: `analytics.pacing`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from analytics.alarmstates import PRESSING
from analytics.alerts import Alert
from analytics.lifecycle import HIDDEN, AlarmState, AlertEvent, EventKind, Standing
from analytics.localtime import instant_of
from analytics.notification import (
    FLOOD_BEGAN,
    FLOOD_OVER,
    ORDER,
    RAISING,
    RETURNING,
    TOLD,
    Fate,
    Notification,
    of_event,
)
from analytics.pacing import quiet_until
from analytics.trouble import failing
from analytics.workplan import runs
from collector.alerting import AlertSettings, ChannelConfig, Route
from collector.park import Park, Severity

FLOOD: Final = 10
"""Alerts within `FLOODING` that people can still read; more are a flood. Those that are grouped do not count."""

CALM: Final = 5
"""A flood is over when fewer were raised within `FLOODING`."""

FLOODING: Final = timedelta(minutes=10)
"""Within which time alerts are counted."""

_SECOND: Final = timedelta(seconds=1)

_REVEALING: Final = frozenset({EventKind.UNSHELVED, EventKind.UNSUPPRESSED, EventKind.IN_SERVICE})
_BY_HAND: Final = frozenset({EventKind.UNSHELVED, EventKind.IN_SERVICE})
_OF_SHELVES: Final = frozenset({EventKind.SHELVED, EventKind.UNSHELVED})
_HIDING: Final = frozenset({EventKind.SHELVED, EventKind.SUPPRESSED, EventKind.OUT_OF_SERVICE})
_BEGINNING: Final = frozenset({EventKind.RAISED, EventKind.REPEATED, EventKind.WORSENED})
_ENDING: Final = frozenset({EventKind.RETURNED, EventKind.CLOSED, EventKind.RESET})
_SETTLING: Final = frozenset({EventKind.ACKNOWLEDGED, EventKind.CLOSED, EventKind.SHELVED, EventKind.OUT_OF_SERVICE})
_WAITED: Final = PRESSING | {AlarmState.SUPPRESSED}
_BY_PEOPLE: Final = frozenset({EventKind.ACKNOWLEDGED, EventKind.COMMENTED, EventKind.SHELVED, EventKind.UNSHELVED})


@dataclass(frozen=True, slots=True)
class Flood:
    """How many alerts a factory raises."""

    began: datetime | None = None
    """Since when there is a flood, UTC; None: there is none."""

    raised: int = 0
    """Alerts raised in it."""

    recent: tuple[datetime, ...] = ()
    """When the newest alerts were raised, UTC; `FLOOD` + 1 at most."""

    def one_more(self, at: datetime) -> "Flood":
        """Give it after one more alert."""
        recent = (*(one for one in self.recent if one <= at), at)[-FLOOD - 1 :]
        began = self.began
        if began is None and len(recent) > FLOOD and recent[-1] - recent[0] <= FLOODING:
            return Flood(at, len(recent), recent)
        return Flood(began, self.raised + 1 if began else 0, recent)

    def over(self, now: datetime) -> bool:
        """Tell whether it was one, and is over."""
        if self.began is None:
            return False
        return len(self.recent) < CALM or now - self.recent[-CALM] > FLOODING

    def next_summary(self, now: datetime) -> datetime:
        """Give when the next summary of it is due, UTC."""
        began = self.began or now
        return began + max(1, -((began - now) // FLOODING)) * FLOODING


class Armed(NamedTuple):
    """An escalation that is due unless somebody acknowledges."""

    alert: str
    """Id of the alert."""

    route: str
    """Label of the route that asks for it."""

    due: datetime
    """When, UTC."""


class Last(NamedTuple):
    """What a channel was told last of an alert."""

    lasts: bool
    """Whether it was told that it lasts."""

    severity: Severity
    """The gravest that it was told."""

    tells: bool
    """Whether that tells its group, too: it is not over, as far as the channel's notifications go."""


@dataclass(slots=True)
class Board:
    """What was told until now, as far as it concerns the events to be routed; routing adds to it."""

    last: dict[tuple[str, str], Last] = field(default_factory=dict)
    """By alert and channel."""

    groups: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    """Alerts of a group that a channel was told of, by group and channel."""

    grouped: dict[tuple[str, str], Notification] = field(default_factory=dict)
    """Newest untold notification that was grouped, by alert and channel."""

    floods: dict[str, Flood] = field(default_factory=dict)
    """By factory."""

    flooded: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """Channels that were told of a flood that lasts, by factory."""

    standings: Mapping[str, Standing] = field(default_factory=dict)
    """The alerts that `concerned` names, as they stand now, by id."""

    def add(self, one: Notification) -> None:
        """Take in a notification, in the order in which they were made."""
        place = one.alert, one.channel
        if one.fate is Fate.UNTOLD and one.reason == GROUPED:
            self.grouped[place] = one
        before = self.last.get(place)
        if one.fate is Fate.UNTOLD and one.kind in RETURNING and before is not None:
            self.last[place] = before._replace(lasts=before.lasts and one.reason != NOT_ASKED, tells=False)
        if one.fate not in TOLD or one.kind not in RAISING | RETURNING:
            return
        lasts = one.kind in RAISING
        gravest = (
            one.severity if before is None or not before.lasts else max(one.severity, before.severity, key=ORDER.index)
        )
        self.last[place] = Last(lasts, gravest, tells=lasts)
        self.groups[one.group, one.channel].add(one.alert)
        if lasts:
            self.grouped.pop(place, None)

    def concerned(self, events: Iterable[AlertEvent]) -> frozenset[str]:
        """Give the alerts that these events may have told: theirs, and those that were grouped until now."""
        return frozenset({*(event.alert for event in events), *(alert for alert, _ in self.grouped)})

    def told_of_group(self, standing: Standing, channel: str) -> str:
        """Give the other alert of its group that tells it already; empty: none does."""
        for other in sorted(self.groups.get((standing.group, channel), ())):
            last = self.last.get((other, channel))
            if (
                other != standing.id
                and last is not None
                and last.tells
                and not _graver(standing.priority, last.severity)
            ):
                return other
        return ""


_LINK: Final = "link"
"""The detector of lost links."""

GROUPED: Final = "grouped"
"""Reason for which an alert is untold: another one of its group tells it."""

NO_ROUTE: Final = "no route"
"""Reason for which an alert is untold: no route fits it."""

NOT_ASKED: Final = "not asked for"
"""Reason for which a return is untold: no route of the channel asks for returns."""


@dataclass(slots=True)
class Routed:
    """What comes of events."""

    notifications: list[Notification] = field(default_factory=list)
    """New ones, in order."""

    promoted: list[Notification] = field(default_factory=list)
    """Ones that were grouped and are told now: the alert that told them is over, and theirs lasts."""

    armed: list[Armed] = field(default_factory=list)
    """Escalations to wait for; one that is waited for already stays as it is."""

    disarmed: set[str] = field(default_factory=set)
    """Alerts of which no escalation is waited for any more."""

    floods: dict[str, Flood] = field(default_factory=dict)
    """Factories whose count has changed."""

    calmed: dict[str, Flood] = field(default_factory=dict)
    """Floods that are over, as they were; what they held is due."""


class Rules:
    """Routes and channels over one park."""

    def __init__(self, settings: AlertSettings, park: Park) -> None:
        self.channels: Mapping[str, ChannelConfig] = {one.name: one for one in settings.channels}
        """Channels by name."""
        self.routes: Mapping[str, Route] = {
            one.name or str(number): one for number, one in enumerate(settings.routes, 1)
        }
        """Routes by label."""
        self.give_up = settings.give_up
        """How old a notice may become."""
        self.failing = settings.failing
        """How long a channel may be unreachable before the others tell of it."""
        self.park = park
        self._factories = {factory.path for factory in park.factories}
        self._calendars: dict[str, frozenset[tuple[str, ZoneInfo]]] = {}

    def factory(self, equipment: str) -> str:
        """Give the factory that a path lies in; empty for the park itself."""
        factory = equipment.partition("/")[0]
        return factory if factory in self._factories else ""

    def zone(self, channel: str) -> ZoneInfo:
        """Give the time zone of a channel's quiet hours."""
        named = self.channels[channel].time_zone
        return ZoneInfo(named) if named else self.park.factories[0].zone

    def others(self, channel: str) -> list[str]:
        """Give the channels that tell when this one fails."""
        config = self.channels.get(channel)
        if config is not None and config.fallback is not None:
            return [config.fallback]
        return [name for name in self.channels if name != channel]

    def shifts_on(self, equipment: str, at: datetime) -> frozenset[str]:
        """Give the names of the shifts that are on at a machine or line; for the park itself, anywhere in it."""
        if equipment not in self._calendars:
            self._calendars[equipment] = frozenset(self._calendars_of(equipment))
        moment = instant_of(at)
        return frozenset(
            run.name
            for name, zone in self._calendars[equipment]
            for run in runs(self.park.calendars[name], zone, at, at + _SECOND)
            if run.start <= moment < run.end
        )

    def _calendars_of(self, equipment: str) -> Iterator[tuple[str, ZoneInfo]]:
        """Give the calendar of a machine, line or factory, by name and with its zone; of the park, those of all."""
        every = equipment == self.park.id
        for factory in self.park.factories:
            if every or equipment == factory.path:
                yield factory.calendar, factory.zone
            for line in factory.lines:
                usual = line.calendar or factory.calendar
                if every or equipment == line.path:
                    yield usual, factory.zone
                for machine in line.equipment:
                    if every or equipment == machine.path:
                        yield machine.calendar or usual, factory.zone

    def fitting(self, standing: Standing, at: datetime) -> Iterator[tuple[str, Route]]:
        """Give the routes that fit an alert at an instant, each with its label."""
        for label, route in self.routes.items():
            if not _covers(route, standing, self.park.id):
                continue
            if route.severities and standing.priority not in route.severities:
                continue
            if route.shifts and not self.shifts_on(standing.alert.equipment, at) & set(route.shifts):
                continue
            yield label, route

    def wants(self, standing: Standing, channel: str, what: str) -> bool:
        """Tell whether a channel that knows of an alert is told what becomes of it, whatever shift is on."""
        if not self.routes or failing(standing.alert):
            return what in {"raised", "returned"}
        covering = [route for route in self.routes.values() if _covers(route, standing, self.park.id)]
        by_escalation = any(route.escalate is not None and channel in route.escalate.channels for route in covering)
        return (by_escalation and what == "returned") or any(
            channel in route.channels and what in route.events for route in covering
        )

    def raising(self, standing: Standing, at: datetime) -> list[str]:
        """Give the channels that are told of an alert that lasts, each once."""
        about = failing(standing.alert)
        if about:
            return self.others(about)
        if not self.routes:
            return list(self.channels)
        fitting = [route for _, route in self.fitting(standing, at) if "raised" in route.events]
        return list(dict.fromkeys(name for route in fitting for name in route.channels if name in self.channels))

    def escalating(self, event: AlertEvent) -> list[str]:
        """Give the channels that an escalation goes to; its comment is the label of the route that asked for it."""
        route = self.routes.get(event.comment)
        escalate = route.escalate if route is not None else None
        return [name for name in escalate.channels if name in self.channels] if escalate is not None else []


def _covers(route: Route, standing: Standing, park: str) -> bool:
    """Tell whether a route is about an alert's place and detector."""
    place = standing.alert.equipment
    everywhere = not route.under or park in {place, *route.under}
    below = everywhere or any(place == path or place.startswith(f"{path}/") for path in route.under)
    return below and (not route.detectors or standing.alert.detector in route.detectors)


def _graver(one: Severity, other: Severity) -> bool:
    return ORDER.index(one) > ORDER.index(other)


def route(rules: Rules, board: Board, events: Sequence[AlertEvent], now: datetime) -> Routed:
    """Give what comes of events, in their order.

    Args:
        rules: routes and channels.
        board: what was told until now; it is brought up to date.
        events: what happened.
        now: the present, UTC.
    """
    router = _Router(rules, board, now)
    for event in events:
        router.take(event)
    return router.routed


def calm(rules: Rules, board: Board, now: datetime) -> Routed:
    """Give what comes of floods that are over."""
    routed = Routed()
    for factory, flood in board.floods.items():
        if not flood.over(now) or flood.began is None:
            continue
        routed.floods[factory] = replace(flood, began=None, raised=0)
        routed.calmed[factory] = flood
        routed.notifications += [
            # after the last summary, which is due now
            replace(_of_flood(FLOOD_OVER, factory, flood.began, channel, now), due=now + _SECOND)
            for channel in sorted(board.flooded.get(factory, ()))
            if channel in rules.channels
        ]
    return routed


def flood_event(factory: str, began: datetime, what: str) -> str:
    """Give the text that stands for an event of a flood."""
    return f"{what}:{factory}:{began.isoformat()}"


def _of_flood(kind: str, factory: str, began: datetime, channel: str, now: datetime) -> Notification:
    return Notification(
        event=flood_event(factory, began, kind),
        channel=channel,
        kind=kind,
        severity=Severity.HIGH,
        made=now,
        due=now,
        reason=factory,
    )


class _Router:
    """Takes events one by one."""

    def __init__(self, rules: Rules, board: Board, now: datetime) -> None:
        self._rules = rules
        self._board = board
        self._now = now
        self.routed = Routed()

    def take(self, event: AlertEvent) -> None:
        """Route one event."""
        standing, kind = event.standing, event.kind
        hides = kind in _HIDING and event.number == 1  # it began hidden
        if kind in _BEGINNING or hides:
            self._begin(event)
        elif kind in _REVEALING:
            self._reveal(event)
        elif kind in _ENDING:
            self._end(event)
        elif kind is EventKind.ESCALATED and standing.state in PRESSING:
            self._tell_on(self._rules.escalating(event), event, "escalated")
        gone = kind in _OF_SHELVES and not standing.alert.active and not standing.latched
        if kind in _BY_PEOPLE and not hides and not gone:
            self._say(event)
        if kind in _SETTLING:
            self.routed.disarmed.add(event.alert)
            self.routed.armed = [one for one in self.routed.armed if one.alert != event.alert]

    def _begin(self, event: AlertEvent) -> None:
        standing = event.standing
        self._tell_on(self._rules.raising(standing, self._now), event, event.kind.value, or_say_why=True)

    def _reveal(self, event: AlertEvent) -> None:
        """Tell what was hidden until now: that it lasts, or that what was told is over."""
        standing = event.standing
        if standing.state in PRESSING:
            again = event.kind in _BY_HAND  # nobody waits for it any more, though all were told once
            channels = [
                name
                for name in self._rules.raising(standing, self._now)
                if again or not self._knows_it_lasts(standing, name)
            ]
            self._tell_on(channels, event, "raised")
        elif standing.state not in HIDDEN and not standing.active:
            self._end(event)
        elif event.kind in _BY_HAND and any(self._knows_it_lasts(standing, name) for name in self._rules.channels):
            self._arm(standing)  # suppressed, so nobody is told again; but it is waited for as before

    def _end(self, event: AlertEvent) -> None:
        """Tell that it is over, where it was told that it lasts; and then what it told of its group, and lasts."""
        standing = event.standing
        for channel in self._rules.channels:
            if self._knows_it_lasts(standing, channel):
                if not self._rules.wants(standing, channel, "returned"):
                    self._untold(event, channel, "returned", NOT_ASKED)
                elif standing.state in {AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE}:
                    self._untold(event, channel, "returned", standing.state.value)
                else:
                    self._tell(event, channel, "returned")
            self._promote(event, channel)

    def _say(self, event: AlertEvent) -> None:
        """Tell what people did, where a route asks for it and the channel knows of the alert."""
        done = {one.channel for one in self.routed.notifications if one.event == event.id}
        for channel in self._rules.channels:
            if (event.alert, channel) not in self._board.last or channel in done:
                continue
            if self._rules.wants(event.standing, channel, event.kind.value):
                self._tell(event, channel, event.kind.value)

    def _tell_on(self, channels: Iterable[str], event: AlertEvent, kind: str, *, or_say_why: bool = False) -> None:
        """Tell that it lasts, or say why not; and wait for somebody to acknowledge it."""
        standing = event.standing
        told = []
        alone = kind == "escalated" or bool(failing(standing.alert))  # two channels that fail have no common cause
        channels = list(channels)
        for channel in channels:
            other = "" if alone else self._board.told_of_group(standing, channel)
            if standing.state in HIDDEN:
                self._untold(event, channel, kind, standing.state.value, standing.suppressed_by)
            elif other and not self._knows_it_lasts(standing, channel):
                self._untold(event, channel, kind, GROUPED, other)
            else:
                told.append(channel)
        if not channels and or_say_why:
            self._untold(event, "", kind, NO_ROUTE)
        if told and kind == "raised":
            self._count(event)
        for channel in told:
            self._tell(event, channel, kind)
        if told and kind != "escalated":
            self._arm(standing)

    def _tell(self, event: AlertEvent, channel: str, kind: str) -> None:
        self._add(self._flooded(of_event(event, channel, kind, now=self._now), event.standing.alert))

    def _untold(self, event: AlertEvent, channel: str, kind: str, reason: str, into: str = "") -> None:
        self._add(of_event(event, channel, kind, now=self._now, fate=Fate.UNTOLD, reason=reason, into=into))

    def _add(self, one: Notification) -> None:
        self.routed.notifications.append(one)
        self._board.add(one)

    def _knows_it_lasts(self, standing: Standing, channel: str) -> bool:
        last = self._board.last.get((standing.id, channel))
        return last is not None and last.lasts

    def _promote(self, event: AlertEvent, channel: str) -> None:
        """Tell the gravest alert that was grouped with one that is over, if it lasts."""
        lasting = [
            (ORDER.index(standing.priority), one)
            for (alert, where), one in self._board.grouped.items()
            if where == channel
            and one.into == event.alert
            and (standing := self._board.standings.get(alert)) is not None
            and standing.state in PRESSING
        ]
        if not lasting:
            return
        _, gravest = max(lasting, key=lambda one: (one[0], one[1].alert))
        standing = self._board.standings[gravest.alert]
        told = replace(gravest, fate=Fate.WAITING, reason="", into="", made=self._now, due=self._now)
        told = self._flooded(told, standing.alert)
        self._board.add(told)
        for _, one in lasting:
            if one is not gravest:
                self._board.grouped[one.alert, channel] = regrouped = replace(one, into=told.alert)
                self.routed.promoted.append(regrouped)
        self.routed.promoted.append(told)
        self._arm(standing)

    def _arm(self, standing: Standing) -> None:
        """Wait for somebody to acknowledge it: so long after the first of a route's channels may tell it."""
        waits = standing.state in _WAITED and standing.acknowledged is None and (standing.active or standing.latched)
        if failing(standing.alert) or not waits:
            return
        armed = {one.route for one in self.routed.armed if one.alert == standing.id}
        for label, route in self._rules.fitting(standing, self._now):
            if route.escalate is None or label in armed:
                continue
            told = min(
                (self._may_tell(name, standing.priority) for name in route.channels if name in self._rules.channels),
                default=self._now,
            )
            self.routed.armed.append(Armed(standing.id, label, told + route.escalate.after))

    def _may_tell(self, channel: str, severity: Severity) -> datetime:
        config = self._rules.channels[channel]
        return quiet_until(config.quiet, self._rules.zone(channel), severity, self._now) or self._now

    def _count(self, event: AlertEvent) -> None:
        """Count an alert that people are told of by itself."""
        factory = self._rules.factory(event.standing.alert.equipment)
        if factory:
            flood = self._board.floods.get(factory, Flood()).one_more(event.at)
            self._board.floods[factory] = self.routed.floods[factory] = flood

    def _flooded(self, one: Notification, alert: Alert) -> Notification:
        """Hold what a flood brings, but for what is critical, and for lost links, which may be its cause."""
        factory = self._rules.factory(alert.equipment)
        flood = self._board.floods.get(factory, Flood())
        if flood.began is None or self._rules.channels[one.channel].floods == "pass":
            return one
        if one.channel not in self._board.flooded[factory]:
            self._board.flooded[factory].add(one.channel)
            self._add(_of_flood(FLOOD_BEGAN, factory, flood.began, one.channel, self._now))
        if one.critical or alert.detector == _LINK:
            return one
        return replace(one, fate=Fate.HELD, reason=f"flood:{factory}", due=flood.next_summary(self._now))
