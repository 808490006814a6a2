"""What a letter holds of a sample is the sample, to the bit."""

from math import isnan
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import PAYLOAD_KEPT, VALUE_TYPES
from collector.letter import LETTERS, NoSampleError, read_sample, refused_samples, written
from tests.collector.fakes import NOON, batch, refusals, row

FORCE = "works/line/press/force"

values = st.fixed_dictionaries(
    {},
    optional={
        "float": st.floats(),
        "int": st.integers(-(2**63), 2**63 - 1),
        "bool": st.booleans(),
        "text": st.text(max_size=20),
        "status": st.integers(0, 2**32 - 1),
    },
)


def alike(one: Any, other: Any) -> bool:
    both_nan = isinstance(one, float) and isinstance(other, float) and isnan(one) and isnan(other)
    return both_nan or (type(one) is type(other) and one == other)


@given(values)
def test_what_was_written_is_read(given_values: dict[str, Any]) -> None:
    [payload] = written(batch({**row(FORCE), "status": None, **given_values}))
    found = read_sample(payload)
    assert found.keys() == given_values.keys()
    assert all(alike(found[name], value) for name, value in given_values.items())


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"7",
        b"[]",
        b'{"float":"abc"}',
        b'{"value":7}',
        b'{"text":"x',
        b'{"status":-1}',
        b'{"float":[1]}',
    ],
)
def test_what_is_no_sample_says_so(payload: bytes) -> None:
    with pytest.raises(NoSampleError, match="no sample"):
        read_sample(payload)


def test_a_long_text_is_cut_and_is_no_sample_any_more() -> None:
    [payload] = written(batch(row(FORCE, text="x" * PAYLOAD_KEPT)))
    assert len(payload) == PAYLOAD_KEPT
    with pytest.raises(NoSampleError, match="it was cut"):
        read_sample(payload)


def test_what_a_store_refuses_holds_the_sample_that_was_written_last() -> None:
    samples = batch(row(FORCE, float=1.5), row(FORCE, float=2.5), row("works/line/press/state", text="on"))
    refused = refusals(b"sample,signal=force float=2.5").with_columns(
        signal=pl.lit(FORCE), time=pl.lit(NOON).cast(LETTERS["time"])
    )
    [letter] = refused_samples(refused, samples).iter_rows(named=True)
    assert (letter["payload"], letter["form"], letter["time"]) == (b'{"float":2.5,"status":0}', "admitted", NOON)
    assert set(VALUE_TYPES).isdisjoint(letter)


def test_what_a_store_cannot_tell_stays_as_it_came() -> None:
    unknown = refusals(b"line").with_columns(time=pl.lit(None, LETTERS["time"]))
    [letter] = refused_samples(unknown, batch(row(FORCE, float=1.5))).iter_rows(named=True)
    assert (letter["payload"], letter["form"], letter["time"]) == (b"line", "input", None)
