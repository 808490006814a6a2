"""What a server publishes: a PublishResponse, taken apart (OPC 10000-4, 5.14.5, 7.25 and 7.33).

    time of the response · handle · result · diagnostics · texts · additional header
    subscription · sequence numbers the server still holds · more · sequence number · publish time · notification data

The time of the response is read, not the publish time beside the data: there are servers that leave that one empty.
The data changes themselves stay bytes: `adapters.sources.opcua.changes` reads them, many messages at a time.
"""

from dataclasses import dataclass
from typing import Final

from adapters.sources.opcua.binary import (
    EXTENSION_OBJECT,
    MalformedError,
    after_diagnostic_info,
    after_node_id,
    after_value,
    read_byte,
    read_bytes,
    read_int32,
    read_int64,
    read_uint32,
    within,
)

_DATA_CHANGES: Final = 811
_STATUS_CHANGE: Final = 820


@dataclass(frozen=True, slots=True)
class Notification:
    """One message of a subscription."""

    subscription: int
    """Which subscription it is of; 0: the server has none of this session."""

    sequence: int
    """Its number, 1 to 2^32 - 1; a message without content carries the number that comes next."""

    sent: int
    """When the server sent it, in ticks since 1601, UTC."""

    result: int
    """StatusCode of the response."""

    more: bool
    """Whether the server holds more than fitted into it."""

    content: bool
    """Whether it says anything; otherwise it only shows that the server lives."""

    changes: tuple[bytes, ...]
    """The bodies of its DataChangeNotifications."""

    ended: int | None
    """StatusCode with which the server ended the subscription; None: it goes on."""

    @property
    def size(self) -> int:
        """Bytes of its data changes."""
        return sum(map(len, self.changes))


def read_notification(body: bytes) -> Notification:
    """Take a PublishResponse apart; `body` begins after its type.

    Raises:
        MalformedError: it breaks the encoding.
    """
    sent = read_int64(body, 0)
    result = read_uint32(body, 12)
    at = after_header(body, 16)
    subscription = read_uint32(body, at)
    at += 8 + 4 * max(read_int32(body, at + 4), 0)
    more = read_byte(body, at) != 0
    sequence = read_uint32(body, at + 1)
    count = read_int32(body, at + 13)
    at += 17
    changes: list[bytes] = []
    ended = None
    for _ in range(max(count, 0)):
        kind, content, at = extension_object(body, at)
        if kind == _DATA_CHANGES:
            changes.append(content)
        elif kind == _STATUS_CHANGE:
            ended = read_uint32(content, 0)
    return Notification(subscription, sequence, sent, result, more, count > 0, tuple(changes), ended)


def after_header(body: bytes, at: int) -> int:
    """Step over what follows the result in a ResponseHeader."""
    at = after_diagnostic_info(body, at)
    texts = max(read_int32(body, at), 0)
    at += 4
    for _ in range(texts):
        at = read_bytes(body, at)[1]
    return after_value(EXTENSION_OBJECT, body, at)


def extension_object(body: bytes, at: int) -> tuple[int | None, bytes, int]:
    """Give the number of its type (None: not of the standard), its content and the position after it."""
    end = after_node_id(body, at)
    empty = read_byte(body, end) == 0
    kind: int | None = None
    match body[at], body[at + 1], body[at + 2]:
        case 0, number, _:
            kind = number
        case 1, 0, low:
            kind = low | body[at + 3] << 8
        case 2, 0, 0:
            kind = read_uint32(body, at + 3)
    if empty:
        return kind, b"", end + 1
    content, end = read_bytes(body, within(body, end + 1))
    if content is None:
        msg = f"a notification without content, at byte {end}"
        raise MalformedError(msg)
    return kind, content, end
