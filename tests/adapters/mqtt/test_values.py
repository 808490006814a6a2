"""Values of payloads as values of a declared type."""

from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import Status, ValueType
from adapters.sources.mqtt import values
from adapters.sources.mqtt.unfit import UnfitError


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("float", 12.5, 12.5),
        ("float", 12, 12.0),
        ("float", 1e300, 1e300),
        ("int", 12, 12),
        ("int", 12.0, 12),
        ("int", 2**63 - 1, 2**63 - 1),
        ("int", -(2**63), -(2**63)),
        ("bool", True, True),
        ("bool", 0, False),
        ("bool", 1, True),
        ("text", "冷却液", "冷却液"),
        ("text", "", ""),
    ],
)
def test_a_decoded_value_of_its_type_is_taken(kind: ValueType, value: object, expected: object) -> None:
    taken = values.DECODED[kind](value)
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value", "found"),
    [
        ("float", "12.5", "expected a number, found the text '12.5'"),
        ("float", True, "found the boolean true"),
        ("float", nan, "NaN"),
        ("float", inf, "NaN"),
        ("float", 2**63, "beyond the integers of 64 bits"),
        ("float", {"v": 1}, "found an object with the keys v"),
        ("float", [1, 2], "found an array of length 2"),
        ("int", 12.5, "expected an integer, found the number 12.5"),
        ("int", 1e19, "expected an integer"),
        ("int", 2**63, "beyond the integers of 64 bits"),
        ("int", -(2**63) - 1, "beyond the integers of 64 bits"),
        ("int", 10**100, "beyond the integers of 64 bits"),
        ("int", False, "found the boolean false"),
        ("bool", 2, "expected true or false, found the number 2"),
        ("bool", 1.0, "expected true or false"),
        ("bool", "true", "found the text 'true'"),
        ("text", 3, "expected a text, found the number 3"),
        ("text", "half \ud800", "half a character"),
    ],
)
def test_a_decoded_value_of_another_type_is_refused(kind: ValueType, value: object, found: str) -> None:
    with pytest.raises(UnfitError) as caught:
        values.DECODED[kind](value)
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "payload", "expected"),
    [
        ("float", b"12.5", 12.5),
        ("float", b" 12\n", 12.0),
        ("float", b"-1e3", -1000.0),
        ("float", b"+.5", 0.5),
        ("int", b"12", 12),
        ("int", b"12.0", 12),
        ("int", b"-9223372036854775808", -(2**63)),
        ("bool", b"true", True),
        ("bool", b"OFF", False),
        ("bool", b"1", True),
        ("text", b"RUNNING", "RUNNING"),
        ("text", b'"RUNNING"', "RUNNING"),
        ("text", b"12.5", "12.5"),
        ("text", b"[ALARM] door", "[ALARM] door"),
        ("text", b'"open', '"open'),
        ("text", "冷却液".encode(), "冷却液"),
        ("float", b"null", None),
        ("text", b"null", None),
    ],
)
def test_a_plain_payload_is_taken(kind: ValueType, payload: bytes, expected: object) -> None:
    taken = values.plain(kind, payload)
    assert taken == expected
    assert type(taken) is type(expected)


@pytest.mark.parametrize(
    ("kind", "payload", "found"),
    [
        ("float", b"", "the payload is empty"),
        ("text", b" ", "the payload is empty"),
        ("float", b"NaN", "expected a number like 12.5, found 'NaN'"),
        ("float", b"Infinity", "expected a number"),
        ("float", b"1e999", "NaN or Infinity"),
        ("float", b"12,5", "expected a number like 12.5, found '12,5'"),
        ("float", b"1_000", "expected a number"),
        ("float", b"12 mm", "expected a number"),
        ("float", b"9" * 5000, "expected a number"),
        ("float", b'{"v": 1}', "the payload is an object with the keys v; write the path of the value"),
        ("text", b"[1]", "the payload is an array of length 1; write the path of the value"),
        ("int", b"12.5", "expected an integer, found the number 12.5"),
        ("int", b"9223372036854775808", "beyond the integers of 64 bits"),
        ("bool", b"maybe", "expected true or false, found 'maybe'"),
        ("text", b"\xff\xfe", "no UTF-8 (byte 0)"),
    ],
)
def test_a_plain_payload_that_does_not_fit_is_refused(kind: ValueType, payload: bytes, found: str) -> None:
    with pytest.raises(UnfitError) as caught:
        values.plain(kind, payload)
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("quality", "code"),
    [
        (0, 0),
        (0x8031_0000, 0x8031_0000),
        (2**32 - 1, 2**32 - 1),
        (True, Status.GOOD),
        (False, Status.BAD),
        ("good", Status.GOOD),
        ("Uncertain", Status.UNCERTAIN),
        (" BAD ", Status.BAD),
    ],
)
def test_a_quality_is_a_status_code(quality: object, code: int) -> None:
    assert values.status(quality) == code


@pytest.mark.parametrize("quality", [-1, 2**32, 1.5, "fine", None, {}, []])
def test_what_is_no_quality_is_refused(quality: object) -> None:
    with pytest.raises(UnfitError, match="expected a quality"):
        values.status(quality)


KINDS: st.SearchStrategy[ValueType] = st.sampled_from(["float", "int", "bool", "text"])


@given(KINDS, st.binary() | st.text().map(str.encode) | st.floats().map(lambda number: str(number).encode()))
def test_any_payload_has_its_type_or_is_unfit(kind: ValueType, payload: bytes) -> None:
    try:
        value = values.plain(kind, payload)
    except UnfitError as error:
        str(error).encode()
    else:
        assert value is None or type(value).__name__ == {"text": "str"}.get(kind, kind)


JSON: st.SearchStrategy[Any] = st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())


@given(KINDS, JSON)
def test_any_decoded_value_has_its_type_or_is_unfit(kind: ValueType, value: Any) -> None:
    try:
        taken = values.DECODED[kind](value)
    except UnfitError as error:
        str(error).encode()
    else:
        assert type(taken).__name__ == {"text": "str"}.get(kind, kind)
        assert taken == value or kind == "float"
