"""Metrics as values: what was encoded comes out exactly, what does not fit is refused."""

import math
import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import Status
from adapters.sources.mqtt.unfit import UnfitError
from adapters.sources.sparkplug.payload_pb2 import Metric, PropertySet, PropertyValue
from adapters.sources.sparkplug.values import nanoseconds, read_value, status_of, type_name

INT8, INT16, INT32, INT64, UINT8, UINT16, UINT32, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATE_TIME, TEXT, UUID = range(
    1, 16
)
SIGNED = {INT8: 8, INT16: 16, INT32: 32, INT64: 64}
UNSIGNED = {UINT8: 8, UINT16: 16, UINT32: 32}


@given(st.data(), st.sampled_from(sorted(SIGNED)))
def test_a_signed_integer_comes_out_however_wide_it_was_written(data: st.DataObject, datatype: int) -> None:
    bits = SIGNED[datatype]
    value = data.draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    written = [Metric(long_value=value % 2**64), Metric(long_value=value % 2**bits)]
    if bits <= 32:
        written += [Metric(int_value=value % 2**32), Metric(int_value=value % 2**bits)]
    for metric in written:
        assert read_value(metric, datatype, "int") == ("int", value)


@given(st.data(), st.sampled_from(sorted(UNSIGNED)))
def test_an_unsigned_integer_comes_out(data: st.DataObject, datatype: int) -> None:
    value = data.draw(st.integers(0, 2 ** UNSIGNED[datatype] - 1))
    for metric in (Metric(int_value=value), Metric(long_value=value)):
        assert read_value(metric, datatype, "int") == ("int", value)


@given(st.integers(0, 2**63 - 1))
def test_of_uint64_what_64_bits_with_a_sign_hold_comes_out(value: int) -> None:
    assert read_value(Metric(long_value=value), UINT64, "int") == ("int", value)


@given(st.floats(width=32, allow_nan=False))
def test_a_float_is_the_exact_value_of_its_32_bits(value: float) -> None:
    kind, read = read_value(Metric(float_value=value), FLOAT, "float")
    assert kind == "float"
    assert struct.pack("<d", read) == struct.pack("<d", value)


@given(st.floats(allow_nan=False))
def test_a_double_comes_out(value: float) -> None:
    assert read_value(Metric(double_value=value), DOUBLE, "float") == ("float", value)


def test_not_a_number_is_left_to_admission() -> None:
    kind, value = read_value(Metric(double_value=math.nan), DOUBLE, "float")
    assert kind == "float"
    assert math.isnan(value)


@given(st.text())
def test_a_text_comes_out(value: str) -> None:
    for datatype in (STRING, TEXT, UUID):
        assert read_value(Metric(string_value=value), datatype, "text") == ("text", value)


@pytest.mark.parametrize("value", [True, False])
def test_a_boolean_comes_out(*, value: bool) -> None:
    assert read_value(Metric(boolean_value=value), BOOLEAN, "bool") == ("bool", value)


def test_a_date_time_is_ms_or_where_declared_so_text() -> None:
    metric = Metric(long_value=1_715_947_200_250)
    assert read_value(metric, DATE_TIME, "int") == ("int", 1_715_947_200_250)
    assert read_value(metric, DATE_TIME, "float") == ("int", 1_715_947_200_250)
    assert read_value(metric, DATE_TIME, "text") == ("text", "2024-05-17T12:00:00.250Z")


@given(st.integers(0, 253_402_300_799_999))
def test_a_date_time_as_text_is_the_instant(ms: int) -> None:
    _, text = read_value(Metric(long_value=ms), DATE_TIME, "text")
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    assert since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000 == ms


@pytest.mark.parametrize("metric", [Metric(is_null=True), Metric(), Metric(is_null=True, double_value=3.5)])
def test_no_value_is_none_in_the_declared_type(metric: Metric) -> None:
    assert read_value(metric, DOUBLE, "float") == ("float", None)


@pytest.mark.parametrize(
    ("metric", "datatype", "reason"),
    [
        (Metric(int_value=300), INT8, "300 is no Int8: it does not fit into 8 bits"),
        (Metric(int_value=2**31), INT16, "no Int16"),
        (Metric(long_value=2**40), INT32, "no Int32"),
        (Metric(int_value=256), UINT8, "256 is no UInt8 that is read: it is 2^8 or more"),
        (Metric(long_value=2**32), UINT32, "no UInt32"),
        (Metric(long_value=2**63), UINT64, "9223372036854775808 is no UInt64 that is read: it is 2^63 or more"),
        (Metric(long_value=2**63), DATE_TIME, "no DateTime"),
        (Metric(dataset_value=b""), 16, "a DataSet is no plain value"),
        (Metric(bytes_value=b"x"), 17, "a Bytes is no plain value"),
        (Metric(template_value=b""), 19, "a Template is no plain value"),
        (Metric(bytes_value=b"x"), 24, "an? Int32Array is no plain value"),
        (Metric(bytes_value=b"x"), 99, "a type 99 is no plain value"),
        (Metric(string_value="7"), INT32, "it says it is of type Int32, and holds a string instead"),
        (Metric(int_value=1), BOOLEAN, "type Boolean, and holds a int instead"),
        (Metric(int_value=1), 0, "neither it nor its birth says"),
    ],
)
def test_what_does_not_fit_is_refused_with_what_was_found(metric: Metric, datatype: int, reason: str) -> None:
    with pytest.raises(UnfitError, match=reason.replace("^", r"\^")):
        read_value(metric, datatype, "int")


def test_text_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(UnfitError, match="no UTF-8"):
        read_value(Metric.FromString(b"\x7a\x02\xff\xfe"), STRING, "text")


def test_a_date_time_too_late_for_a_text_is_refused() -> None:
    with pytest.raises(UnfitError, match="after the year 9999"):
        read_value(Metric(long_value=253_402_300_800_000), DATE_TIME, "text")


@given(st.integers(0, 2**64 - 1))
def test_a_time_stamp_is_nanoseconds_or_none(ms: int) -> None:
    expected = ms * 1_000_000 if 0 < ms * 1_000_000 < 2**63 else None
    assert nanoseconds(ms) == expected


def quality(value: Any, key: str = "Quality", **others: Any) -> PropertySet:
    return PropertySet(keys=["other", key], values=[PropertyValue(int_value=1), PropertyValue(**{**others, **value})])


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (192, Status.GOOD),
        (216, Status.GOOD),
        (0, Status.BAD),
        (24, Status.BAD),
        (500, Status.BAD_NO_COMMUNICATION),
        (64, Status.UNCERTAIN),
        (127, Status.UNCERTAIN),
        (128, Status.BAD),
        (256, Status.BAD),
        (-1 % 2**32, Status.BAD),
    ],
)
def test_a_quality_is_a_status(code: int, status: Status) -> None:
    assert status_of(quality({"int_value": code}, type=3)) == status
    assert status_of(quality({"long_value": code}, type=4)) == status


def test_without_a_quality_a_value_is_good() -> None:
    assert status_of(PropertySet()) == Status.GOOD
    assert status_of(quality({"int_value": 0}, key="quality of water")) == Status.GOOD
    assert status_of(quality({"is_null": True})) == Status.GOOD
    assert status_of(PropertySet(keys=["Quality"])) == Status.GOOD


def test_types_are_named() -> None:
    assert [type_name(n) for n in (0, 1, 16, 34, 35)] == ["Unknown", "Int8", "DataSet", "DateTimeArray", "type 35"]
