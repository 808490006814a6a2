"""The life cycle of alerts after ISA-18.2-2016 and IEC 62682:2022 (clause 5, figure of alarm states).

    A normal ──► B unacknowledged ──► C acknowledged ──► A           its cause begins, a person, its cause ends
                 B ──► D returned_unacknowledged ──► A                its cause ends before a person comes
                 B ──► E latched_unacknowledged ──► D ──► A           it latches, and is reset before anything else
                       E ──► F latched_acknowledged ──► A             a person comes, and resets it later
                 C ──► F
      C, D, E, F ──► B                                                its cause begins again, or grows worse
    G shelved, H suppressed, I out_of_service: nobody is told for a while; below, its life goes on

An alert is what people see. It counts occurrences: what a detector finds, from when until when. One that begins while
its point's alert is open, or within `REJOIN` after the last one ended, belongs to that alert; it is unacknowledged
again. An alert is open until it is normal: its cause is gone, it is acknowledged, and reset where it latches. One that
nobody was told of (it came and went while hidden) needs no acknowledgement. One whose cause is gone and that nobody
acknowledged within `UNSEEN` closes by itself, and its `closed` event has no person.

Every change makes an event, but for three: what a detector tells again, new words of an occurrence that lasts, and the
most of what a flapping alert does. Of its occurrences those are told that bring the count to 2, 3, 5, 10, 20, 50, 100,
…, that undo an acknowledgement, that are worse than any before, or with which it begins to chatter (`CHATTER` begin
within `CHATTERING`); an occurrence's end is told where its begin was. An occurrence that was not told and lasts
`SETTLED` while nothing hides it is told then. The standing is exact always.

A clock that is set back makes an occurrence the newest though the one before, which is over, seems to be later.

Everything here is a pure function of a standing, of what happened, and of the present.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Self

from analytics.alarmstates import (
    ASKING,
    HIDDEN,
    LEGAL,
    VISIBLE,
    Action,
    ActionError,
    AlarmState,
    AlertEvent,
    EventKind,
    Hidden,
    NotNowError,
    Standing,
)
from analytics.alerts import Alert
from collector.park import Severity

__all__ = [
    "ASKING",
    "CHATTER",
    "CHATTERING",
    "GROUPED",
    "HIDDEN",
    "LEGAL",
    "LONGEST_COMMENT",
    "LONGEST_SHELF",
    "LONG_OVER",
    "ORDER",
    "REJOIN",
    "SETTLED",
    "UNSEEN",
    "VISIBLE",
    "Action",
    "ActionError",
    "AlarmState",
    "AlertEvent",
    "EventKind",
    "Hidden",
    "NotNowError",
    "Standing",
    "abandoned",
    "acted",
    "check",
    "counted",
    "hid",
    "passed",
    "raised",
    "rejoins",
    "repeated",
    "retold",
    "told_by_count",
]

REJOIN: Final = timedelta(minutes=15)
"""An occurrence that begins so soon after the last one ended belongs to the same alert."""

GROUPED: Final = timedelta(minutes=10)
"""Alerts of one machine that rest on the same signal, and are raised within so much of the first one, are of one
group."""

LONG_OVER: Final = timedelta(days=1)
"""What was over for so long when it was found is history: it is logged, and nobody is told."""

RESTS: Final = 0.2
"""An alert of several signals rests on those whose share is at least this."""

UNSEEN: Final = timedelta(days=7)
"""How long an alert whose cause is gone waits for an acknowledgement."""

SETTLED: Final = timedelta(minutes=1)
"""How long an occurrence lasts before it is told though its begin was not."""

CHATTER: Final = 3
"""So many begins within `CHATTERING` are chatter (ISA-18.2, clause 16)."""

CHATTERING: Final = timedelta(minutes=1)
"""Within this time, `CHATTER` begins are chatter."""

LONGEST_SHELF: Final = timedelta(days=7)
"""The longest that anything is shelved at once."""

LONGEST_COMMENT: Final = 1000
"""Characters of a comment or reason at most."""

ORDER: Final[Mapping[Severity, int]] = {
    Severity.LOW: 0,
    Severity.MEDIUM: 1,
    Severity.HIGH: 2,
    Severity.CRITICAL: 3,
}
"""Priorities by how soon somebody must act: the greater, the sooner."""


def raised(alert: Alert, *, now: datetime, hidden: Hidden, group: str) -> tuple[Standing, list[AlertEvent]]:
    """Give the standing of an alert that begins with this occurrence, and what happened."""
    life = _Life(
        Standing(
            id=alert.id,
            alert=alert,
            began=alert.began,
            count=1,
            state=AlarmState.NORMAL,
            raised=now,
            changed=now,
            group=group,
            priority=alert.severity,
            recent=(alert.began,),
        ),
        now,
    )
    life.begin(alert, hidden, EventKind.RAISED)
    life.end(alert)
    return life.result


def rests_on(alert: Alert) -> frozenset[str]:
    """Give what an alert rests on: its signal, or those of several that tell most."""
    told = frozenset(one.signal for one in alert.contributions if one.share >= RESTS)
    return told or frozenset({alert.signal})


def is_history(alert: Alert, now: datetime) -> bool:
    """Tell whether an occurrence was over long before it was found."""
    return alert.ended is not None and now - alert.ended > LONG_OVER


def rejoins(standing: Standing, alert: Alert) -> bool:
    """Tell whether a new occurrence of the same point belongs to this alert."""
    last = standing.alert
    return standing.open or (last.ended is not None and last.began < alert.began <= last.ended + REJOIN)


def repeated(standing: Standing, alert: Alert, *, now: datetime, hidden: Hidden) -> tuple[Standing, list[AlertEvent]]:
    """Give the standing of an alert with one more occurrence, its newest, and what happened."""
    life = _Life(standing, now)
    life.again(alert, hidden)
    life.end(alert)
    return life.result


def retold(standing: Standing, alert: Alert, *, now: datetime, hidden: Hidden) -> tuple[Standing, list[AlertEvent]]:
    """Give the standing as its newest occurrence is told again, and what happened: nothing, where it is as it was.

    What has ended does not last again, unless it was ended because nobody looked.
    """
    life = _Life(standing, now)
    life.tell_again(alert, hidden)
    return life.result


def counted(standing: Standing) -> Standing:
    """Give the standing with one more occurrence that came before its newest."""
    return replace(standing, count=standing.count + 1)


def abandoned(standing: Standing, *, now: datetime) -> tuple[Standing, list[AlertEvent]]:
    """Give the standing of an alert whose point nobody looks at any more, and what happened."""
    if not standing.active:
        return standing, []
    life = _Life(standing, now)
    life.put(abandoned=True)
    life.end(replace(standing.alert, ended=max(now, standing.alert.began)))
    return life.result


def hid(
    standing: Standing, hidden: Hidden, *, now: datetime, person: str = "", comment: str = ""
) -> tuple[Standing, list[AlertEvent]]:
    """Give the standing as it is hidden now, and what changed.

    Args:
        standing: the alert.
        hidden: why nobody is told of it.
        now: the present, UTC.
        person: who changed it; empty: nobody.
        comment: what they said; empty: what suppresses it.
    """
    life = _Life(standing, now)
    life.hide(hidden, person, comment)
    return life.result


def passed(standing: Standing, *, now: datetime) -> tuple[Standing, list[AlertEvent]]:
    """Give the standing as time alone changes it, and what happened."""
    life = _Life(standing, now)
    if standing.state is AlarmState.RETURNED_UNACKNOWLEDGED and now - standing.changed >= UNSEEN:
        life.close()
    elif (
        standing.active
        and not standing.said
        and standing.state not in HIDDEN  # it is told by what ends that
        and now - standing.changed >= SETTLED
    ):
        life.tell(EventKind.REPEATED)
    return life.result


def acted(standing: Standing, action: Action, *, now: datetime) -> tuple[Standing, list[AlertEvent]]:
    """Give the standing after what a person did to this alert alone, and what happened.

    Acknowledging what is acknowledged, and resetting what is not latched any more, changes nothing.

    Raises:
        NotNowError: a reset while the cause lasts.
    """
    life = _Life(standing, now)
    life.act(action)
    return life.result


def check(action: Action, *, now: datetime) -> None:
    """See that an action is whole.

    Raises:
        ActionError: no person, no reason where one is asked for, a time that is none, or words without end.
    """
    if bool(action.alert) == bool(action.path):
        msg = "name one alert, or the path of a machine or line"
        raise ActionError(msg)
    if action.path and action.kind not in _OF_PATHS:
        msg = f"a path can be {' or '.join(_OF_PATHS)}; name one alert for everything else"
        raise ActionError(msg)
    if not action.person.strip():
        msg = "say who does it"
        raise ActionError(msg)
    if len(action.comment) > LONGEST_COMMENT:
        msg = f"the comment has {len(action.comment)} characters; {LONGEST_COMMENT} at most"
        raise ActionError(msg)
    if action.kind in _EXPLAINED and not action.comment.strip():
        msg = f"{_EXPLAINED[action.kind]}, for whoever reads the log later"
        raise ActionError(msg)
    if action.kind is EventKind.SHELVED:
        _check_shelf(action.until, now)


_OF_PATHS: Final = (EventKind.SHELVED, EventKind.UNSHELVED)

_EXPLAINED: Final[Mapping[EventKind, str]] = {
    EventKind.COMMENTED: "write the comment",
    EventKind.SHELVED: "say why it is shelved",
    EventKind.OUT_OF_SERVICE: "say why it is taken out of service",
}


def _check_shelf(until: datetime | None, now: datetime) -> None:
    if until is None or until.tzinfo is None:
        msg = "say until when it is shelved, with a time zone"
        raise ActionError(msg)
    if until <= now:
        msg = f"a shelf ends in the future; {until:%Y-%m-%dT%H:%M:%SZ} is past"
        raise ActionError(msg)
    if until - now > LONGEST_SHELF:
        msg = f"nothing is shelved for longer than {LONGEST_SHELF.days} days; take it out of service instead"
        raise ActionError(msg)


def told_by_count(count: int) -> bool:
    """Tell whether an occurrence that brings the count to this is told: 2, 3, 5, 10, 20, 50, 100 and so on."""
    rest = count
    while rest and rest % 10 == 0:
        rest //= 10
    return count == 3 or rest in {1, 2, 5}  # noqa: PLR2004 - three in a row are worth a word


class _Life:
    """One standing while things happen to it at one instant."""

    def __init__(self, standing: Standing, now: datetime) -> None:
        self._standing = standing
        self._now = now
        self._events: list[AlertEvent] = []

    @property
    def result(self) -> tuple[Standing, list[AlertEvent]]:
        """The standing now, and what happened; each event with the standing after it."""
        return self._standing, self._events

    def put(self, **fields: object) -> Self:
        """Change fields; the state follows from them."""
        changed: Standing = replace(self._standing, **fields)  # type: ignore[arg-type]  # by name
        state = _state(changed)
        if state is not changed.state:
            changed = replace(changed, state=state, changed=self._now)
        self._standing = changed
        return self

    def tell(self, kind: EventKind, person: str = "", comment: str = "") -> None:
        """Make an event of how it stands now."""
        self._standing = replace(self._standing, number=self._standing.number + 1, said=True)
        now = self._standing
        self._events.append(
            AlertEvent(f"{now.id}-{now.number}", now.id, now.number, self._now, kind, person, comment, now)
        )

    def begin(self, alert: Alert, hidden: Hidden, kind: EventKind | None) -> None:
        """Let an occurrence begin; `kind` is the event that tells it, None for none."""
        hides = hidden != VISIBLE
        self.put(
            alert=replace(alert, ended=None),
            acknowledged=None,
            person="",
            closed=None,
            latched=False,
            abandoned=False,
            said=kind is not None,
            told=self._standing.told or (None if hides else self._now),
            out_of_service=hidden.out_of_service,
            shelved_until=hidden.shelved_until,
            suppressed_by=hidden.suppressed_by,
        )
        if kind is EventKind.RAISED and hides:
            kind, comment = _why(hidden)
            self.tell(kind, comment=comment)
        elif kind is not None:
            self.tell(kind)

    def again(self, alert: Alert, hidden: Hidden) -> None:
        """Let one more occurrence begin."""
        before = self._standing
        recent = (*(began for began in before.recent if began < alert.began), alert.began)[-CHATTER:]
        chatters = len(recent) == CHATTER and recent[-1] - recent[0] <= CHATTERING
        worse = before.open and ORDER[alert.severity] > ORDER[before.priority]
        was_told = before.told is not None
        told = (
            told_by_count(before.count + 1)
            or before.acknowledged is not None
            or (was_told and not before.open)
            or (hidden == VISIBLE and not was_told)
            or (chatters and not before.chattering)
        )
        self._standing = replace(
            before,
            told=before.told if before.open else None,
            began=min(before.began, alert.began),
            count=before.count + 1,
            priority=alert.severity if worse or not before.open else before.priority,
            recent=recent,
            chattering=before.chattering or chatters,
        )
        self.begin(alert, hidden, EventKind.WORSENED if worse else EventKind.REPEATED if told else None)

    def tell_again(self, alert: Alert, hidden: Hidden) -> None:
        """Take in the newest occurrence as it is told again."""
        before = self._standing
        if before.alert == alert:
            return
        if before.alert.ended is not None:
            if alert.ended is not None:
                self.put(alert=alert, abandoned=False)
            elif before.abandoned:
                self.begin(alert, hidden, EventKind.REPEATED)
            return
        self.put(alert=replace(alert, ended=None))
        if ORDER[alert.severity] > ORDER[before.priority]:
            self.put(priority=alert.severity, acknowledged=None, person="")
            self.tell(EventKind.WORSENED)
        self.end(alert)

    def end(self, alert: Alert) -> None:
        """Let the newest occurrence end, where `alert` has."""
        if alert.ended is None:
            return
        said = self._standing.said
        self.put(alert=alert, latched=alert.latching)
        if said:
            self.tell(EventKind.RETURNED)
        self.settle(tell=said)

    def settle(self, *, tell: bool = True) -> None:
        """Close it, where nothing is left to be done."""
        if self._standing.open or self._standing.closed is not None:
            return
        self.close(tell=tell)

    def close(self, *, tell: bool = True) -> None:
        """Close it, though nobody acknowledged it; nothing hides it then, whatever hides its point."""
        self.put(closed=self._now, out_of_service=False, shelved_until=None, suppressed_by="")
        if tell:
            self.tell(EventKind.CLOSED)

    def hide(self, hidden: Hidden, person: str, comment: str) -> None:
        """Let it be hidden for these reasons, and for no others."""
        before = self._standing
        if before.out_of_service != hidden.out_of_service:
            self._show(EventKind.OUT_OF_SERVICE if hidden.out_of_service else EventKind.IN_SERVICE, person, comment)
        if before.shelved_until != hidden.shelved_until:
            self._show(EventKind.SHELVED if hidden.shelved_until else EventKind.UNSHELVED, person, comment, hidden)
        by = hidden.suppressed_by if before.open else ""
        if before.suppressed_by != by:
            kind = EventKind.SUPPRESSED if by else EventKind.UNSUPPRESSED
            self._show(kind, "", by or before.suppressed_by, Hidden(suppressed_by=by))

    def _show(self, kind: EventKind, person: str, comment: str, hidden: Hidden = VISIBLE) -> None:
        """Change one reason for which it is hidden; from the instant on at which it is not, people are told."""
        if kind in {EventKind.OUT_OF_SERVICE, EventKind.IN_SERVICE}:
            self.put(out_of_service=kind is EventKind.OUT_OF_SERVICE)
        elif kind in {EventKind.SHELVED, EventKind.UNSHELVED}:
            self.put(shelved_until=hidden.shelved_until)
        else:
            self.put(suppressed_by=hidden.suppressed_by)
        if self._standing.told is None and self._standing.state in ASKING:
            self.put(told=self._now)
        self.tell(kind, person, comment)

    def act(self, action: Action) -> None:
        """Let a person do something to it."""
        person, comment = action.person, action.comment.strip()
        match action.kind:
            case EventKind.ACKNOWLEDGED:
                self._acknowledge(person, comment)
            case EventKind.RESET:
                self._reset(person, comment)
            case EventKind.COMMENTED | EventKind.ESCALATED:
                self.tell(action.kind, person, comment)
            case _:
                msg = f"{action.kind.value} is no action on one alert alone"
                raise ValueError(msg)

    def _acknowledge(self, person: str, comment: str) -> None:
        if self._standing.open and self._standing.acknowledged is None:
            self.put(acknowledged=self._now, person=person)
            self.tell(EventKind.ACKNOWLEDGED, person, comment)
            self.settle()
        elif comment:
            self.tell(EventKind.COMMENTED, person, comment)

    def _reset(self, person: str, comment: str) -> None:
        if self._standing.active:
            msg = f"the cause of alert {self._standing.id} lasts; it can be reset when that is gone"
            raise NotNowError(msg)
        if self._standing.latched:
            self.put(latched=False)
            self.tell(EventKind.RESET, person, comment)
            self.settle()
        elif comment:
            self.tell(EventKind.COMMENTED, person, comment)


def _why(hidden: Hidden) -> tuple[EventKind, str]:
    """Give the first event of an alert that begins hidden, and its comment."""
    if hidden.out_of_service:
        return EventKind.OUT_OF_SERVICE, ""
    if hidden.shelved_until is not None:
        return EventKind.SHELVED, ""
    return EventKind.SUPPRESSED, hidden.suppressed_by


def _state(standing: Standing) -> AlarmState:
    """Give the state that follows from the other fields."""
    below = _below(standing)
    if below is AlarmState.NORMAL:
        return below
    if standing.out_of_service:
        return AlarmState.OUT_OF_SERVICE
    if standing.shelved_until is not None:
        return AlarmState.SHELVED
    return AlarmState.SUPPRESSED if standing.suppressed_by else below


def _below(standing: Standing) -> AlarmState:
    """Give the state that it would have if nothing hid it."""
    known = standing.acknowledged is not None
    if standing.alert.active:
        return AlarmState.ACKNOWLEDGED if known else AlarmState.UNACKNOWLEDGED
    if standing.latched:
        return AlarmState.LATCHED_ACKNOWLEDGED if known else AlarmState.LATCHED_UNACKNOWLEDGED
    if known or standing.told is None or standing.closed is not None:
        return AlarmState.NORMAL
    return AlarmState.RETURNED_UNACKNOWLEDGED
