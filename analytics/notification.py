"""Notifications: what of an alert's life is told on one channel, and what became of it.

    waiting ──► sent            the receiver has answered
       │  ├───► refused         it said no
       │  └───► expired         it could not be reached until the notice was too old
       │◄──► held               quiet hours, a flood, more than the channel carries
       └────► summarised        one summary, or one graver notice, tells it; `into` is its id
    untold                      nobody is told, and `reason` says why

There is one per event and channel, and its id is made from these: whatever is killed, the same notice has the same id.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any, Final, TypeAlias

from analytics.lifecycle import AlertEvent
from collector.park import Severity


class Fate(StrEnum):
    """What became of a notification."""

    WAITING = "waiting"
    """It is to be sent when it is due."""
    HELD = "held"
    """It is to be told when it is due, together with others."""
    SENT = "sent"
    """The receiver has it."""
    SUMMARISED = "summarised"
    """Another notice tells it."""
    REFUSED = "refused"
    """The receiver said no; a person must act."""
    EXPIRED = "expired"
    """It could not be delivered before it was too old."""
    UNTOLD = "untold"
    """Nobody is told."""


OPEN: Final = frozenset({Fate.WAITING, Fate.HELD})
"""Fates that are not the last."""

TOLD: Final = frozenset({Fate.WAITING, Fate.HELD, Fate.SENT, Fate.SUMMARISED})
"""Fates of what is told, or will be."""

SUMMARY: Final = "summary"
"""Kind of a notification that tells several."""

FLOOD_BEGAN: Final = "flood.began"
"""Kind of a notification: more alerts come than people can read."""

FLOOD_OVER: Final = "flood.over"
"""Kind of a notification: that is over."""

EXPIRED: Final = "channel.expired"
"""Kind of a notification: another channel gave some up."""

RAISING: Final = frozenset({"raised", "repeated", "worsened", "escalated"})
"""Kinds whose notice says that an alert lasts."""

RETURNING: Final = frozenset({"returned"})
"""Kinds whose notice says that it is over."""

ORDER: Final = tuple(Severity)
"""Priorities from the least to the gravest."""


Told: TypeAlias = dict[str, Any]
"""What a notice says, as the records keep it: `title`, `text`, `line` (for summaries), `event`, `severity`, `at`
(RFC 3339), `data`."""


@dataclass(frozen=True, slots=True)
class Notification:
    """What one channel is told of one event."""

    event: str
    """Id of the event; of what is no event of an alert, a text of its own."""

    channel: str
    """Name of the channel; empty where no channel is concerned."""

    kind: str
    """What is told: as an `EventKind` has it (`raised`, `returned`, …), or `summary`, `flood.began`, `flood.over`,
    `channel.expired`."""

    severity: Severity
    """How grave it is."""

    made: datetime
    """When it was routed, UTC."""

    due: datetime
    """When it is to be told at the earliest, UTC."""

    alert: str = ""
    """Id of the alert; empty for several."""

    group: str = ""
    """Id of the first alert of its group; empty for several."""

    fate: Fate = Fate.WAITING
    """What became of it."""

    reason: str = ""
    """Why it is held or untold: `quiet`, `rate`, `flood:FACTORY`, `shelved`, `suppressed`, `out_of_service`, `grouped`,
    `no route`, `not asked for`, …"""

    into: str = ""
    """Id of the notification that tells it; of the alert that it is grouped with."""

    number: int = 0
    """Its place among all, as the records give it; 0: not recorded yet."""

    attempts: int = 0
    """How often it was begun to be sent."""

    tried: datetime | None = None
    """When it was begun to be sent last, UTC."""

    @property
    def id(self) -> str:
        """Thirty-two hexadecimal digits made from event and channel."""
        return notice_id(self.event, self.channel)

    @property
    def critical(self) -> bool:
        """Whether nothing holds it but the channel's own bound."""
        return self.severity is Severity.CRITICAL


def notice_id(event: str, channel: str) -> str:
    """Give the id of the notice that tells an event on a channel."""
    return blake2b(f"{event}\0{channel}".encode(), digest_size=16).hexdigest()


def of_event(
    event: AlertEvent,
    channel: str,
    kind: str,
    *,
    now: datetime,
    fate: Fate = Fate.WAITING,
    reason: str = "",
    into: str = "",
) -> Notification:
    """Give the notification of an alert's event: due now."""
    standing = event.standing
    return Notification(
        event=event.id,
        channel=channel,
        kind=kind,
        severity=standing.priority,
        made=now,
        due=now,
        alert=event.alert,
        group=standing.group,
        fate=fate,
        reason=reason,
        into=into,
    )
