"""The binary encoding of OPC UA (OPC 10000-6, 5.2): how long each built-in type is, and its simplest readers.

Only what reading a notification needs: plain values are unpacked by the table here, everything else is measured, so
that a reader can step over it to the next value. Positions are byte offsets into one message. Every function here
raises `MalformedError` when a message ends early or contradicts itself.
"""

import struct
from collections.abc import Callable
from struct import Struct
from typing import Final

EPOCH: Final = 116_444_736_000_000_000
"""1970-01-01 in ticks. A tick is 100 ns; a DateTime counts them since 1601-01-01, UTC."""

TICK: Final = 100
"""Nanoseconds in a tick."""

DEEPEST: Final = 100
"""How deep values may stand in each other (OPC 10000-6, 5.1.11): a message that goes deeper is no honest one."""

NULL: Final = 0
BOOLEAN: Final = 1
UINT64: Final = 9
FLOAT: Final = 10
DOUBLE: Final = 11
STRING: Final = 12
DATE_TIME: Final = 13
GUID: Final = 14
BYTE_STRING: Final = 15
XML_ELEMENT: Final = 16
NODE_ID: Final = 17
EXPANDED_NODE_ID: Final = 18
STATUS_CODE: Final = 19
QUALIFIED_NAME: Final = 20
LOCALIZED_TEXT: Final = 21
EXTENSION_OBJECT: Final = 22
DATA_VALUE: Final = 23
VARIANT: Final = 24
DIAGNOSTIC_INFO: Final = 25

TYPES: Final = (
    "Null",
    "Boolean",
    "SByte",
    "Byte",
    "Int16",
    "UInt16",
    "Int32",
    "UInt32",
    "Int64",
    "UInt64",
    "Float",
    "Double",
    "String",
    "DateTime",
    "Guid",
    "ByteString",
    "XmlElement",
    "NodeId",
    "ExpandedNodeId",
    "StatusCode",
    "QualifiedName",
    "LocalizedText",
    "structure",
    "DataValue",
    "Variant",
    "DiagnosticInfo",
)
"""Names of the built-in types by their number (OPC 10000-6, table 1); 22 is called what it means to an engineer."""

NUMBERS: Final = {
    BOOLEAN: "?",
    2: "b",
    3: "B",
    4: "h",
    5: "H",
    6: "i",
    7: "I",
    8: "q",
    UINT64: "Q",
    FLOAT: "f",
    DOUBLE: "d",
    DATE_TIME: "q",
    STATUS_CODE: "I",
}
"""`struct` format of each built-in type that is one number, by its number."""

ARRAY: Final = 0x80
"""Bit of a Variant's first byte: it holds an array."""

DIMENSIONS: Final = 0x40
"""Bit of a Variant's first byte: the array's dimensions follow it."""

TYPE: Final = 0x3F
"""Bits of a Variant's first byte that tell its type."""

INT32: Final = Struct("<i")
UINT16: Final = Struct("<H")
UINT32: Final = Struct("<I")
INT64: Final = Struct("<q")

_WIDTHS: Final = {kind: Struct(f"<{form}").size for kind, form in NUMBERS.items()} | {GUID: 16}
_NODE_IDS: Final = {0: 2, 1: 4, 2: 7, 4: 19}
_NAMESPACE_URI: Final = 0x80
_SERVER_INDEX: Final = 0x40
_DATA_VALUE_TAIL: Final = ((0x02, 4), (0x04, 8), (0x10, 2), (0x08, 8), (0x20, 2))
_DIAGNOSTICS: Final = (0x01, 0x02, 0x04, 0x08)


class MalformedError(ValueError):
    """A message that breaks the encoding; the text says where."""


def read_int32(body: bytes, at: int) -> int:
    """Read the Int32 at `at`."""
    try:
        return int(INT32.unpack_from(body, at)[0])
    except struct.error as error:
        raise _ends_early(body, at) from error


def read_uint32(body: bytes, at: int) -> int:
    """Read the UInt32 at `at`."""
    return read_int32(body, at) & 0xFFFF_FFFF


def read_int64(body: bytes, at: int) -> int:
    """Read the Int64 at `at`."""
    try:
        return int(INT64.unpack_from(body, at)[0])
    except struct.error as error:
        raise _ends_early(body, at) from error


def read_byte(body: bytes, at: int) -> int:
    """Read the byte at `at`."""
    if not 0 <= at < len(body):
        raise _ends_early(body, at)
    return body[at]


def read_bytes(body: bytes, at: int) -> tuple[bytes | None, int]:
    """Read a String, ByteString or XmlElement; give its bytes (None: null) and the position after it."""
    length = read_int32(body, at)
    at += 4
    if length < 0:
        return None, at
    end = within(body, at + length)
    return body[at:end], end


def within(body: bytes, end: int) -> int:
    """Give `end` back if the message is that long."""
    if end > len(body):
        raise _ends_early(body, end)
    return end


def after_variant(body: bytes, at: int, depth: int = 0) -> int:
    """Give the position after the Variant at `at`."""
    if depth > DEEPEST:
        msg = f"values stand more than {DEEPEST} deep in each other at byte {at}"
        raise MalformedError(msg)
    form = read_byte(body, at)
    kind = form & TYPE
    if not form & ARRAY:
        return after_value(kind, body, at + 1, depth)
    at = _after_elements(kind, body, at + 1, depth)
    return within(body, at + 4 + 4 * max(read_int32(body, at), 0)) if form & DIMENSIONS else at


def after_value(kind: int, body: bytes, at: int, depth: int = 0) -> int:
    """Give the position after the value of built-in type `kind` at `at`."""
    width = _WIDTHS.get(kind)
    if width is not None:
        return within(body, at + width)
    measure = _MEASURES.get(kind)
    if measure is not None:
        return measure(body, at, depth + 1)
    if kind == NULL:
        return at
    return read_bytes(body, at)[1]  # String, XmlElement, ByteString, and types yet to come (OPC 10000-6, 5.2.2.16)


def after_node_id(body: bytes, at: int, depth: int = 0) -> int:
    """Give the position after the NodeId or ExpandedNodeId at `at`."""
    del depth
    form = read_byte(body, at)
    kind = form & TYPE
    fixed = _NODE_IDS.get(kind)
    if fixed is not None:
        end = within(body, at + fixed)
    elif kind in {3, 5}:
        end = read_bytes(body, at + 3)[1]
    else:
        msg = f"there is no form {kind} of a node id, at byte {at}"
        raise MalformedError(msg)
    if form & _NAMESPACE_URI:
        end = read_bytes(body, end)[1]
    return within(body, end + 4) if form & _SERVER_INDEX else end


def after_diagnostic_info(body: bytes, at: int, depth: int = 0) -> int:
    """Give the position after the DiagnosticInfo at `at`."""
    if depth > DEEPEST:
        msg = f"diagnostics stand more than {DEEPEST} deep in each other at byte {at}"
        raise MalformedError(msg)
    mask = read_byte(body, at)
    at = within(body, at + 1 + 4 * sum(1 for bit in _DIAGNOSTICS if mask & bit))
    if mask & 0x10:
        at = read_bytes(body, at)[1]
    if mask & 0x20:
        at = within(body, at + 4)
    return after_diagnostic_info(body, at, depth + 1) if mask & 0x40 else at


def _after_elements(kind: int, body: bytes, at: int, depth: int) -> int:
    count = max(read_int32(body, at), 0)
    at += 4
    width = _WIDTHS.get(kind)
    if width is not None:
        return within(body, at + width * count)
    if count > len(body) - at:  # every other value takes a byte or more; a Null is never an element
        raise _ends_early(body, at + count)
    for _ in range(count):
        at = after_value(kind, body, at, depth)
    return at


def _after_qualified_name(body: bytes, at: int, depth: int) -> int:
    del depth
    return read_bytes(body, at + 2)[1]


def _after_localized_text(body: bytes, at: int, depth: int) -> int:
    del depth
    mask = read_byte(body, at)
    at += 1
    for bit in (0x01, 0x02):
        if mask & bit:
            at = read_bytes(body, at)[1]
    return at


def _after_extension_object(body: bytes, at: int, depth: int) -> int:
    del depth
    at = after_node_id(body, at)
    return read_bytes(body, at + 1)[1] if read_byte(body, at) else at + 1


def _after_data_value(body: bytes, at: int, depth: int) -> int:
    mask = read_byte(body, at)
    at += 1
    if mask & 0x01:
        at = after_variant(body, at, depth)
    return within(body, at + sum(width for bit, width in _DATA_VALUE_TAIL if mask & bit))


_MEASURES: Final[dict[int, Callable[[bytes, int, int], int]]] = {
    NODE_ID: after_node_id,
    EXPANDED_NODE_ID: after_node_id,
    QUALIFIED_NAME: _after_qualified_name,
    LOCALIZED_TEXT: _after_localized_text,
    EXTENSION_OBJECT: _after_extension_object,
    DATA_VALUE: _after_data_value,
    VARIANT: after_variant,
    DIAGNOSTIC_INFO: after_diagnostic_info,
}


def _ends_early(body: bytes, at: int) -> MalformedError:
    return MalformedError(f"it ends at byte {len(body)}, where byte {at} should follow")
