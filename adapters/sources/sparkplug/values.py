"""Metrics as values: pure.

    Int8 … Int64, UInt8 … UInt64    int; what lies beyond 64 bits with a sign is refused
    DateTime                        int, ms since 1970, UTC; text in RFC 3339 where the point declares `text`
    Float, Double                   float; of a Float the exact value of its 32 bits
    Boolean                         bool
    String, Text, UUID              text
    DataSet, Template, Bytes, File, arrays, property sets: refused, a signal is one plain value

Integers stand in the payload without a sign: Int8 to Int32 in two's complement of their own width (0xFB is -5) or of 32
bits (0xFFFFFFFB), Int64 of 64 bits. Encoders differ in which field they write an integer to; both are read.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from adapters.sample import Status, ValueType
from adapters.sources.mqtt.unfit import UnfitError
from adapters.sources.sparkplug.payload_pb2 import Metric, PropertySet

_NAMES: Final = (
    *("Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float", "Double"),
    *("Boolean", "String", "DateTime", "Text", "UUID", "DataSet", "Bytes", "File", "Template", "PropertySet"),
    *("PropertySetList", "Int8Array", "Int16Array", "Int32Array", "Int64Array", "UInt8Array", "UInt16Array"),
    *("UInt32Array", "UInt64Array", "FloatArray", "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray"),
)
"""Data types by their numbers (6.4.16)."""

INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATE_TIME, TEXT, UUID = range(
    1, 16
)

_SIGNED: Final = {INT8: 8, INT16: 16, INT32: 32, INT64: 64}
_UNSIGNED: Final = {UINT8: 8, UINT16: 16, UINT32: 32, UINT64: 63, DATE_TIME: 63}
_PLAIN: Final[dict[tuple[int, str], ValueType]] = {
    (FLOAT, "float_value"): "float",
    (FLOAT, "double_value"): "float",
    (DOUBLE, "double_value"): "float",
    (DOUBLE, "float_value"): "float",
    (BOOLEAN, "boolean_value"): "bool",
    (STRING, "string_value"): "text",
    (TEXT, "string_value"): "text",
    (UUID, "string_value"): "text",
}
"""What is taken as it stands, by data type and field."""

_INTEGERS: Final = frozenset({"int_value", "long_value"})
_ARM_BITS: Final = {"int_value": 32, "long_value": 64}
_MS: Final = 1_000_000
_LAST_MS: Final = (2**63 - 1) // _MS
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_TEXT_MS: Final = 253_402_300_800_000
"""The year 10000, ms since 1970."""

QUALITY: Final = "Quality"
"""The property that tells whether a value is good (6.4.9)."""

_GOOD, _STALE = 192, 500
_CLASSIC_UNCERTAIN: Final = range(64, 128)
_CLASSIC_GOOD: Final = range(_GOOD, 256)


def type_name(datatype: int) -> str:
    """Give the name of a data type."""
    return _NAMES[datatype] if datatype < len(_NAMES) else f"type {datatype}"


def read_value(metric: Metric, datatype: int, declared: ValueType) -> tuple[ValueType, Any]:
    """Give the value of a metric and its type; the value None where it has none.

    Args:
        metric: as it came.
        datatype: its type, from itself or from its birth; 0 where nobody told.
        declared: the type of the signal.

    Raises:
        UnfitError: it is no plain value, or not one of the type it says.
    """
    arm = metric.WhichOneof("value")
    if arm is None or metric.is_null:
        return declared, None
    kind = _PLAIN.get((datatype, arm))
    if kind is None:
        return _read_other(getattr(metric, arm), arm, datatype, declared)
    value = getattr(metric, arm)
    if kind == "text" and type(value) is bytes:
        msg = "its text is no UTF-8; have the edge node send UTF-8"
        raise UnfitError(msg)
    return kind, value


def _read_other(value: Any, arm: str, datatype: int, declared: ValueType) -> tuple[ValueType, Any]:
    """Read an integer, or say why a value is none that can be taken."""
    if arm in _INTEGERS:
        if datatype in _SIGNED:
            return "int", _signed(value, _ARM_BITS[arm], datatype)
        if datatype in _UNSIGNED:
            if value >> _UNSIGNED[datatype]:
                msg = f"{value} is no {type_name(datatype)} that is read: it is 2^{_UNSIGNED[datatype]} or more"
                raise UnfitError(msg)
            if datatype == DATE_TIME and declared == "text":
                return "text", _instant(value)
            return "int", value
    if datatype == 0:
        msg = "neither it nor its birth says of which data type it is; have the edge node's birth name the type"
    elif arm in {"bytes_value", "dataset_value", "template_value"} or datatype > UUID:
        msg = f"a {type_name(datatype)} is no plain value; have the edge node publish the part that matters by itself"
    else:
        msg = f"it says it is of type {type_name(datatype)}, and holds a {arm.removesuffix('_value')} instead"
    raise UnfitError(msg)


def _signed(value: int, given: int, datatype: int) -> int:
    """Read two's complement of the type's width, or of the `given` bits of its field."""
    bits = _SIGNED[datatype]
    half = 1 << (bits - 1)
    if value < half:
        return value
    if value >> bits == 0:
        return value - 2 * half
    if value >= (1 << given) - half:
        return value - (1 << given)
    msg = f"{value} is no {type_name(datatype)}: it does not fit into {bits} bits"
    raise UnfitError(msg)


def _instant(ms: int) -> str:
    """Write a DateTime in RFC 3339."""
    if ms >= _LAST_TEXT_MS:
        msg = f"the DateTime {ms} lies after the year 9999"
        raise UnfitError(msg)
    return (_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def nanoseconds(ms: int) -> int | None:
    """Give a time stamp in ns since 1970; None where there is none (0), or where it is too late to be one."""
    return ms * _MS if 0 < ms <= _LAST_MS else None


def status_of(properties: PropertySet) -> int:
    """Give the OPC UA StatusCode that the property `Quality` means; Good where there is none.

    Beside the specification's 192 (good), 0 (bad) and 500 (stale) the numbers of OPC Classic are known, which gateways
    pass on: 192 to 255 is good, 64 to 127 uncertain. Any other is Bad.
    """
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key != QUALITY or value.is_null:
            continue
        code = value.long_value if value.HasField("long_value") else value.int_value
        if code in _CLASSIC_GOOD:
            return int(Status.GOOD)
        if code in _CLASSIC_UNCERTAIN:
            return int(Status.UNCERTAIN)
        return int(Status.BAD_NO_COMMUNICATION if code == _STALE else Status.BAD)
    return int(Status.GOOD)
