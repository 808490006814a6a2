"""Messages of webhooks, after Standard Webhooks 1.0: pure.

    {"type": "alert.raised", "timestamp": "2026-11-24T08:12:05.251Z", "data": {…}, "id": "4712", "topic": "alerts",
     "path": "gears/hobbing/hob-01"}

    alert.<kind>     something happened to an alert, by `AlertEvent.kind`
    state.changed    a machine is in another state
    kpi.computed     a window is over;    kpi.restated    its numbers are others now
    parkline.gap     events were no longer kept when it was their turn: what to read again
    parkline.test    somebody wants to see whether messages arrive

`data` of an event is what GET /api/v1/events has as `data`; `id`, `topic` and `path` stand beside it as there.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from pydantic import SecretStr

from adapters.channels.signing import key_of, signatures

GAP: Final = "parkline.gap"
"""The type of a message that tells what could not be told."""

GAPS: Final = "gap-"
"""What ids of such messages begin with; the number of the first event that is missing follows."""

TEST: Final = "parkline.test"
"""The type of a message that somebody asked for."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    id: str
    """Names it here, the same however often it is sent: an event's number, `gap-…` or `test-…`."""

    type: str
    """What it is."""

    at: datetime
    """When that was told, UTC."""

    data: Mapping[str, Any]
    """What happened."""

    number: int | None = None
    """Number of the event; of a gap, of the last that is missing; None: it is about no event."""

    topic: str = ""
    """What the event is about; empty: it is about no event."""

    path: str = ""
    """The asset that the event is about; empty: none."""


def event_message(number: int, at: datetime, topic: str, path: str, body: Mapping[str, Any]) -> Message:
    """Give the message of an event, as the feed has it."""
    return Message(str(number), _type(topic, body), at, body, number, topic, path)


def gap_message(first: int, last: int, at: datetime, read: Iterable[str]) -> Message:
    """Give the message that says that the events `first` to `last` are lost, and what to read instead."""
    return Message(f"{GAPS}{first}", GAP, at, {"read": list(read)}, last)


def body_of(message: Message, name: str) -> bytes:
    """Write a message as JSON, whose receiver is told `name` as its id."""
    said: dict[str, Any] = {"type": message.type, "timestamp": message.at.astimezone(UTC), "data": message.data}
    if message.topic:
        said |= {"id": name, "topic": message.topic, "path": message.path}
    return orjson.dumps(said, option=orjson.OPT_UTC_Z)


def signed(message: Message, name: str, secrets: Iterable[str], now: datetime) -> tuple[dict[str, str], bytes]:
    """Give headers and body of a message that is sent at `now`, UTC, signed with each of these secrets.

    `name` is what its receiver is told as its id.
    """
    body, timestamp = body_of(message, name), int(now.timestamp())
    headers = {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(name, timestamp, body, (key_of(SecretStr(one)) for one in secrets)),
    }
    return headers, body


def _type(topic: str, body: Mapping[str, Any]) -> str:
    match topic:
        case "alerts":
            return f"alert.{body.get('kind', 'changed')}"
        case "states":
            return "state.changed"
        case _:
            return "kpi.computed" if body.get("version", 1) == 1 else "kpi.restated"
