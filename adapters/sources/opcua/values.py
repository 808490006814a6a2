"""What an OPC UA value is to parkline.

    Boolean                                   bool
    SByte … UInt64, StatusCode, enumerations  int      UInt64 beyond 2^63 - 1 is refused
    Float, Double                             float    NaN and infinities are refused
    String, XmlElement                        text     a null String is an empty one
    DateTime, Guid, LocalizedText,
    QualifiedName                             text     only where the signal is declared `text`
    null                                      no value
    arrays, structures, everything else       refused

Numbers that stand alone are read faster by `adapters.sources.opcua.changes`; this is the whole truth, for any value.
"""

from datetime import UTC, datetime, timedelta
from math import isfinite
from struct import Struct
from typing import Final, TypeAlias
from uuid import UUID

from adapters.sample import ValueType
from adapters.sources.opcua.binary import (
    ARRAY,
    BOOLEAN,
    BYTE_STRING,
    DATE_TIME,
    DOUBLE,
    EXTENSION_OBJECT,
    FLOAT,
    GUID,
    LOCALIZED_TEXT,
    NULL,
    NUMBERS,
    QUALIFIED_NAME,
    STRING,
    TYPE,
    TYPES,
    XML_ELEMENT,
    read_byte,
    read_bytes,
    read_int32,
)

Value: TypeAlias = float | int | bool | str
"""A value as the columns of `adapters.sample.SAMPLES` hold it."""

LARGEST: Final = 2**63 - 1
"""The largest integer that parkline stores."""

_STRUCTS: Final = {kind: Struct(f"<{form}") for kind, form in NUMBERS.items()}
_DECLARED: Final = frozenset({DATE_TIME, GUID, QUALIFIED_NAME, LOCALIZED_TEXT})
_LAST_TICK: Final = 2_650_467_743_990_000_000
_TICKS_A_SECOND: Final = 10_000_000


class UnfitError(ValueError):
    """A value that cannot become a sample's; the text says what, and what to do about it."""


def read_value(body: bytes, at: int, declared: ValueType) -> tuple[ValueType, Value] | None:
    """Read the Variant at `at`, of a signal that is declared `declared`; None where it is null.

    Raises:
        UnfitError: it cannot become a sample.
        MalformedError: it breaks the encoding.
    """
    form = read_byte(body, at)
    kind = form & TYPE
    at += 1
    if form & ARRAY:
        raise UnfitError(_array(kind, read_int32(body, at)))
    if kind == NULL:
        return None
    if kind in {STRING, XML_ELEMENT}:
        return "text", _text(read_bytes(body, at)[0])
    if kind in _DECLARED:
        if declared != "text":
            msg = f"a {TYPES[kind]}, and the signal is declared {declared}; declare it `type: text` to store it as text"
            raise UnfitError(msg)
        text = _as_text(kind, body, at)
        return None if text is None else ("text", text)
    if kind in _STRUCTS:
        return check(kind, _STRUCTS[kind].unpack_from(body, at)[0])
    raise UnfitError(_foreign(kind))


def check(kind: int, value: float) -> tuple[ValueType, Value]:
    """Give the column and the value of a number of built-in type `kind`.

    Raises:
        UnfitError: parkline does not store such a number.
    """
    if kind == BOOLEAN:
        return "bool", bool(value)
    if kind in {FLOAT, DOUBLE}:
        if not isfinite(value):
            msg = f"{value} is no finite number; the machine should send a Bad status instead"
            raise UnfitError(msg)
        return "float", value
    if value > LARGEST:
        msg = f"{value} is beyond 2^63 - 1, the largest integer that is stored; have the machine send a smaller unit"
        raise UnfitError(msg)
    return "int", int(value)


def _text(raw: bytes | None) -> str:
    try:
        return (raw or b"").decode()
    except UnicodeDecodeError as error:
        msg = f"the text is no UTF-8 (byte {error.start}); OPC UA knows no other encoding: mend it in the machine"
        raise UnfitError(msg) from error


def _as_text(kind: int, body: bytes, at: int) -> str | None:
    """Write a value of one of the types in `_DECLARED`; None where it is null."""
    if kind == DATE_TIME:
        return _instant(_STRUCTS[DATE_TIME].unpack_from(body, at)[0])
    if kind == GUID:
        return str(UUID(bytes_le=body[at : at + 16]))
    if kind == QUALIFIED_NAME:
        return _text(read_bytes(body, at + 2)[0])
    mask = read_byte(body, at)
    at += 1
    if mask & 0x01:
        at = read_bytes(body, at)[1]
    return _text(read_bytes(body, at)[0]) if mask & 0x02 else ""


def _instant(ticks: int) -> str | None:
    """Write a DateTime in RFC 3339, to its 100 ns; None for the DateTime that means none."""
    if ticks <= 0:
        return None
    seconds, rest = divmod(min(ticks, _LAST_TICK), _TICKS_A_SECOND)
    second = datetime(1601, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    fraction = f".{rest:07}".rstrip("0") if rest else ""
    return f"{second:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _array(kind: int, length: int) -> str:
    of = TYPES[kind] if kind < len(TYPES) else "unknown type"
    return (
        f"an array of {of}, {max(length, 0)} long, and a signal has one value; have the server show the element as a "
        f"node of its own, and write that node's id"
    )


def _foreign(kind: int) -> str:
    if kind == EXTENSION_OBJECT:
        return (
            "a structure, and a signal has one value; write the node id of one of its components, which most servers "
            "show below the node"
        )
    if kind == BYTE_STRING:
        return "a ByteString, and parkline stores numbers, truth values and text; leave the signal out"
    name = TYPES[kind] if kind < len(TYPES) else f"value of type {kind}"
    return f"a {name}, and parkline stores numbers, truth values and text; leave the signal out"
