"""The states of alerts after ISA-18.2-2016 and IEC 62682:2022, how an alert stands, and what happens to it.

What becomes of an alert is `analytics.lifecycle`; these are the values that it is told in.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from analytics.alerts import Alert
from collector.park import Severity


class AlarmState(StrEnum):
    """How an alert stands, as ISA-18.2 calls it."""

    NORMAL = "normal"
    """A: nothing is left to be done; the alert is closed."""
    UNACKNOWLEDGED = "unacknowledged"
    """B: its cause lasts, and nobody acknowledged it."""
    ACKNOWLEDGED = "acknowledged"
    """C: its cause lasts, and somebody knows."""
    RETURNED_UNACKNOWLEDGED = "returned_unacknowledged"
    """D: its cause is gone, and nobody acknowledged it."""
    LATCHED_UNACKNOWLEDGED = "latched_unacknowledged"
    """E: its cause is gone, it stays active until it is reset, and nobody acknowledged it."""
    LATCHED_ACKNOWLEDGED = "latched_acknowledged"
    """F: its cause is gone, and it stays active until it is reset."""
    SHELVED = "shelved"
    """G: a person put it aside for a while."""
    SUPPRESSED = "suppressed"
    """H: by design nobody is told: it comes of another alert, or its machine does not run."""
    OUT_OF_SERVICE = "out_of_service"
    """I: its point is being maintained, until somebody puts it back."""


HIDDEN: Final = frozenset({AlarmState.SHELVED, AlarmState.SUPPRESSED, AlarmState.OUT_OF_SERVICE})
"""States in which nobody is told."""

ASKING: Final = frozenset(
    {AlarmState.UNACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED, AlarmState.LATCHED_UNACKNOWLEDGED}
)
"""States that ask for an acknowledgement."""

PRESSING: Final = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.LATCHED_UNACKNOWLEDGED})
"""States of alerts that last, and that nobody acknowledged."""

LEGAL: Final[Mapping[AlarmState, frozenset[AlarmState]]] = {
    AlarmState.NORMAL: frozenset({AlarmState.UNACKNOWLEDGED}) | HIDDEN,
    AlarmState.UNACKNOWLEDGED: frozenset(
        {AlarmState.ACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED, AlarmState.LATCHED_UNACKNOWLEDGED}
    )
    | HIDDEN,
    AlarmState.ACKNOWLEDGED: frozenset({AlarmState.NORMAL, AlarmState.UNACKNOWLEDGED, AlarmState.LATCHED_ACKNOWLEDGED})
    | HIDDEN,
    AlarmState.RETURNED_UNACKNOWLEDGED: frozenset({AlarmState.NORMAL, AlarmState.UNACKNOWLEDGED}) | HIDDEN,
    AlarmState.LATCHED_UNACKNOWLEDGED: frozenset(
        {AlarmState.LATCHED_ACKNOWLEDGED, AlarmState.RETURNED_UNACKNOWLEDGED, AlarmState.UNACKNOWLEDGED}
    )
    | HIDDEN,
    AlarmState.LATCHED_ACKNOWLEDGED: frozenset({AlarmState.NORMAL, AlarmState.UNACKNOWLEDGED}) | HIDDEN,
    AlarmState.SHELVED: frozenset(AlarmState),
    AlarmState.SUPPRESSED: frozenset(AlarmState),
    AlarmState.OUT_OF_SERVICE: frozenset(AlarmState),
}
"""Which states follow a state at once, other than itself: a law, which `tests/analytics/test_alert_properties.py` holds
for whatever happens."""


class EventKind(StrEnum):
    """What happened to an alert."""

    RAISED = "raised"
    """Its cause began, and people are told."""
    REPEATED = "repeated"
    """Its cause began again."""
    WORSENED = "worsened"
    """Its priority rose; it is unacknowledged again."""
    RETURNED = "returned"
    """Its cause is gone."""
    CLOSED = "closed"
    """Nothing is left to be done."""
    ACKNOWLEDGED = "acknowledged"
    """Somebody knows."""
    COMMENTED = "commented"
    """Somebody said something."""
    SHELVED = "shelved"
    """Somebody put it aside for a while; as a first event: it began so."""
    UNSHELVED = "unshelved"
    """The while is over, or somebody took it back."""
    SUPPRESSED = "suppressed"
    """From now on nobody is told, by design; as a first event: it began so."""
    UNSUPPRESSED = "unsuppressed"
    """What suppressed it is over."""
    OUT_OF_SERVICE = "out_of_service"
    """Its point is out of service; as a first event: it was already."""
    IN_SERVICE = "in_service"
    """Its point was put back."""
    RESET = "reset"
    """It latched, and somebody reset it."""
    ESCALATED = "escalated"
    """Nobody acknowledged it in time, and others were told."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Why nobody is told of an alert; each is told apart from the others."""

    out_of_service: bool = False
    """Whether its point is out of service."""

    shelved_until: datetime | None = None
    """Until when it is shelved, UTC; None: it is not."""

    suppressed_by: str = ""
    """What suppresses it by design: the id of another alert, `machine_runs` or `line_runs`; empty: nothing."""


VISIBLE: Final = Hidden()
"""Nothing hides it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One alert, as far as its life has come."""

    id: str
    """Its id: that of its first occurrence."""

    alert: Alert
    """Its newest occurrence."""

    began: datetime
    """When its earliest occurrence began, UTC, in the source's own time."""

    count: int
    """How many occurrences it has; 1 or more."""

    state: AlarmState
    """How it stands."""

    raised: datetime
    """When it was found first, UTC."""

    changed: datetime
    """When its state changed last, UTC."""

    acknowledged: datetime | None = None
    """When it was acknowledged, UTC; None: it is not."""

    person: str = ""
    """Who acknowledged it; empty: nobody."""

    shelved_until: datetime | None = None
    """Until when it is shelved, UTC; None: it is not."""

    suppressed_by: str = ""
    """What suppresses it by design: the id of another alert, `machine_runs` or `line_runs`; empty: nothing."""

    group: str = ""
    """Id of the first alert of its group; its own where it is that."""

    out_of_service: bool = False
    """Whether its point is out of service."""

    latched: bool = False
    """Whether its cause is gone and it waits for a reset."""

    told: datetime | None = None
    """When people were told first, UTC; None: it was hidden all the time."""

    closed: datetime | None = None
    """When it became normal, UTC; None: it is open."""

    priority: Severity = Severity.LOW
    """The highest severity of its occurrences since it was closed last, or since it began."""

    recent: tuple[datetime, ...] = ()
    """When its newest occurrences began, UTC; `CHATTER` at most."""

    chattering: bool = False
    """Whether `CHATTER` occurrences ever began within `CHATTERING`."""

    said: bool = True
    """Whether an event told the newest occurrence."""

    abandoned: bool = False
    """Whether it was ended because nobody looked any more, and not because its cause was gone."""

    number: int = 0
    """Number of its last event; 0: none, it comes of a recording."""

    @property
    def open(self) -> bool:
        """Whether something is left to be done."""
        return self.state is not AlarmState.NORMAL

    @property
    def active(self) -> bool:
        """Whether its cause lasts, as far as anybody knows."""
        return self.open and self.alert.active

    @property
    def hidden(self) -> Hidden:
        """Why nobody is told of it."""
        return Hidden(self.out_of_service, self.shelved_until, self.suppressed_by)


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """Something that happened to an alert; never changed."""

    id: str
    """The alert's id and the event's number: the same event has the same id, however often it is told."""

    alert: str
    """Id of the alert."""

    number: int
    """Its place among the alert's events, from 1."""

    at: datetime
    """When it was noticed or done, UTC."""

    kind: EventKind
    """What happened."""

    person: str
    """Who did it; empty: nobody."""

    comment: str
    """What they said; for what hides it, why; empty: nothing."""

    standing: Standing
    """The alert after it."""


@dataclass(frozen=True, slots=True)
class Action:
    """What a person does, to one alert or to all of a machine or line."""

    kind: EventKind
    """`acknowledged`, `commented`, `shelved`, `unshelved`, `out_of_service`, `in_service`, `reset`, or `escalated`."""

    person: str
    """Who."""

    alert: str = ""
    """Id of the alert; shelving and service are its point's. Empty where `path` is given."""

    path: str = ""
    """Path of a machine, line or factory that is shelved with all below it; empty where `alert` is given."""

    comment: str = ""
    """What they say; for a shelf and out of service, the reason."""

    until: datetime | None = None
    """Until when it is shelved, UTC."""


class ActionError(Exception):
    """An action cannot be done; the text says what can."""


class NotNowError(ActionError):
    """An action cannot be done as the alert stands; the text says when it can."""
