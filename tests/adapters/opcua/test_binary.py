"""Whatever stands in a message is measured to the byte, and a broken message is told, never followed."""

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.opcua.binary import MalformedError, after_diagnostic_info, after_value, after_variant
from tests.adapters.opcua.encoded import EXAMPLES, VARIANTS, encoded_variant


@EXAMPLES
@given(VARIANTS, st.binary(max_size=9))
def test_a_variant_ends_where_its_encoder_ended_it(variant: ua.Variant, rest: bytes) -> None:
    body = encoded_variant(variant)
    assert after_variant(body + rest, 0) == len(body)


@EXAMPLES
@given(VARIANTS)
def test_a_variant_that_ends_early_is_malformed(variant: ua.Variant) -> None:
    body = encoded_variant(variant)
    for end in range(len(body)):
        with pytest.raises(MalformedError):
            after_variant(body[:end], 0)


@EXAMPLES
@given(st.binary(max_size=64))
def test_any_bytes_are_measured_or_malformed(body: bytes) -> None:
    try:
        end = after_variant(body, 0)
    except MalformedError:
        return
    assert 0 < end <= len(body)


def test_an_array_of_arrays_has_its_dimensions_behind_it() -> None:
    body = bytes([0x80 | 0x40 | 3]) + b"\x04\0\0\0abcd" + b"\x02\0\0\0" + b"\x02\0\0\0" + b"\x02\0\0\0"
    assert after_variant(body + b"rest", 0) == len(body)


def test_an_array_that_claims_more_than_there_is_is_malformed() -> None:
    with pytest.raises(MalformedError):
        after_variant(bytes([0x80 | 12]) + b"\xff\xff\xff\x7f", 0)


def test_variants_deep_in_each_other_are_malformed() -> None:
    with pytest.raises(MalformedError, match="100 deep"):
        after_variant(bytes([24]) * 10_000, 0)


def test_a_node_id_may_name_namespace_and_server() -> None:
    body = b"\xc1\x01\x02\x03" + b"\x03\0\0\0urn" + b"\x09\0\0\0"
    assert after_value(18, body, 0) == len(body)


def test_diagnostics_are_measured_with_what_stands_inside_them() -> None:
    inner = b"\x10" + b"\x02\0\0\0ok"
    body = b"\x6f" + b"\x01\0\0\0" * 4 + b"\0\0\x34\x80" + inner
    assert after_diagnostic_info(body, 0) == len(body)
