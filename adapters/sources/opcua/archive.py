"""What answers a HistoryRead, taken apart (OPC 10000-4, 5.11.3; OPC 10000-11).

    ResponseHeader │ count │ status u32, continuation point, HistoryData │ …
                                                             └ count │ DataValue │ DataValue │ …

A DataValue here is one in a notification without its client handle. With the handle put in front of it, the reader of
notifications reads both alike.
"""

from dataclasses import dataclass
from typing import Final

from adapters.sources.opcua.binary import (
    DATA_VALUE,
    INT32,
    UINT32,
    MalformedError,
    after_value,
    read_bytes,
    read_int32,
    read_uint32,
)
from adapters.sources.opcua.notification import after_header, extension_object

_HISTORY_DATA: Final = frozenset({658, 660})
"""Encodings of HistoryData and HistoryModifiedData, whose first part is the same."""


_CODE: Final = 0xFFFF_0000
"""The bits of a StatusCode that tell what it is; the others tell more of it."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a server has of one node, as far as it fitted into one answer."""

    status: int
    """StatusCode."""

    more: bytes | None
    """Continuation point by which the rest is asked for; None: there is none."""

    values: bytes
    """Body of the HistoryData; empty where there is none."""


def read_answer(body: bytes) -> tuple[int, list[Kept]]:
    """Take a HistoryReadResponse apart, from after its type on; give its service result, and one result per node.

    Raises:
        MalformedError: it breaks the encoding.
    """
    result = read_uint32(body, 12)
    at = after_header(body, 16)
    found: list[Kept] = []
    if at >= len(body):  # a ServiceFault is a header alone
        return result, found
    count = read_int32(body, at)
    at += 4
    for _ in range(max(count, 0)):
        status = read_uint32(body, at)
        more, at = read_bytes(body, at + 4)
        kind, content, at = extension_object(body, at)
        found.append(Kept(status & _CODE, more or None, content if kind in _HISTORY_DATA else b""))
    return result, found


def as_changes(handle: int, values: bytes) -> tuple[bytes, int]:
    """Give the body of a HistoryData as that of a DataChangeNotification of one client handle; and how many it holds.

    Raises:
        MalformedError: it breaks the encoding.
    """
    if not values:
        return INT32.pack(0), 0
    count = max(read_int32(values, 0), 0)
    front = UINT32.pack(handle)
    parts = [INT32.pack(count)]
    at = 4
    for _ in range(count):
        end = after_value(DATA_VALUE, values, at)
        if end > len(values):
            msg = f"it ends at byte {len(values)}, within the value at byte {at}"
            raise MalformedError(msg)
        parts += (front, values[at:end])
        at = end
    return b"".join(parts), count
