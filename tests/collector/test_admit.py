"""What is accepted as a sample, and what the refused are told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import PAYLOAD_KEPT, SAMPLES, VALUE_TYPES, Status, no_samples
from collector.admit import Admitted, admit, rules_of
from collector.letter import LETTERS
from collector.settings import AdmitSettings
from tests.collector.fakes import NOON, batch, row, signal

SIGNALS = {
    "float": signal("force", "float", low=0, high=100),
    "int": signal("count", "int", low=-(2**63), high=2**63 - 1),
    "bool": signal("door", "bool"),
    "text": signal("state", "text"),
    "scaled": signal("speed", "float", scale=0.1, offset=5, low=0, high=100),
    "tenths": signal("tenths", "int", scale=0.1),
}

RULES = rules_of(SIGNALS.values(), AdmitSettings(ahead=timedelta(minutes=10), oldest=2000))


def judge(*rows: dict[str, Any]) -> Admitted:
    admitted = admit("plc", batch(*rows), RULES)
    assert admitted.samples.schema == SAMPLES
    assert admitted.refusals.schema == LETTERS
    return admitted


def accepted(name: str, **columns: Any) -> dict[str, Any]:
    admitted = judge(row(SIGNALS[name].path, **columns))
    assert admitted.refusals.is_empty(), admitted.refusals["reason"].to_list()
    return admitted.samples.row(0, named=True)


def refused(name: str, **columns: Any) -> dict[str, Any]:
    admitted = judge(row(SIGNALS[name].path, **columns))
    assert admitted.samples.is_empty()
    return admitted.refusals.row(0, named=True)


@pytest.mark.parametrize(
    ("name", "came", "kept"),
    [
        ("float", {"float": 1.5}, {"float": 1.5}),
        ("float", {"int": 7}, {"float": 7.0}),
        ("int", {"int": 7}, {"int": 7}),
        ("int", {"int": 2**60 + 1}, {"int": 2**60 + 1}),
        ("int", {"int": -(2**63)}, {"int": -(2**63)}),
        ("int", {"float": 3.0}, {"int": 3}),
        ("int", {"float": -(2.0**63)}, {"int": -(2**63)}),
        ("bool", {"bool": False}, {"bool": False}),
        ("bool", {"int": 1}, {"bool": True}),
        ("bool", {"float": 0.0}, {"bool": False}),
        ("text", {"text": ""}, {"text": ""}),
        ("text", {"text": "暂停 ⏸"}, {"text": "暂停 ⏸"}),
        ("scaled", {"int": 100}, {"float": 15.0}),
        ("tenths", {"int": 70}, {"int": 7}),
    ],
)
def test_a_value_that_fits_its_type_is_kept_exactly(name: str, came: dict[str, Any], kept: dict[str, Any]) -> None:
    sample = accepted(name, **came)
    assert {value_type: sample[value_type] for value_type in VALUE_TYPES if sample[value_type] is not None} == kept
    assert sample["status"] == Status.GOOD


@pytest.mark.parametrize(
    ("name", "came", "word"),
    [
        ("float", {"text": "12"}, "text"),
        ("float", {"bool": True}, "bool"),
        ("int", {"float": 3.5}, "float"),
        ("int", {"float": 2.0**63}, "float"),
        ("int", {"bool": True}, "bool"),
        ("bool", {"int": 2}, "int"),
        ("bool", {"text": "true"}, "text"),
        ("text", {"int": 3}, "int"),
    ],
)
def test_a_value_of_another_type_is_told_what_was_declared_and_what_came(
    name: str, came: dict[str, Any], word: str
) -> None:
    letter = refused(name, **came)
    declared = SIGNALS[name].type
    assert letter["reason"] == (
        f"declared `type: {declared}`, but {word} came; if the machine is right, change `type` in the line file"
    )


def test_a_refusal_names_source_address_signal_and_input() -> None:
    letter = refused("float", text="heiß")
    assert letter["source"] == "plc"
    assert letter["address"] == "FORCE"
    assert letter["signal"] == "works/line/press/force"
    assert letter["payload"] == '{"text":"heiß","status":0}'.encode()
    assert (letter["received"], letter["time"], letter["form"]) == (NOON, NOON, "sample")


def test_a_long_input_is_cut() -> None:
    assert len(refused("float", text="x" * (PAYLOAD_KEPT + 1))["payload"]) == PAYLOAD_KEPT


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("name", ["float", "int", "scaled"])
def test_a_number_that_is_not_finite_is_refused(name: str, value: float) -> None:
    assert "not a finite number" in refused(name, float=value)["reason"]


def test_a_number_that_scaling_makes_infinite_is_refused() -> None:
    wide = rules_of([signal("force", scale=10.0)], AdmitSettings())
    admitted = admit("plc", batch(row("works/line/press/force", float=1e308)), wide)
    assert "not a finite number" in admitted.refusals["reason"][0]


def test_an_integer_that_scaling_makes_fractional_is_refused_and_told_to_be_a_float() -> None:
    assert "`type: float`" in refused("tenths", int=75)["reason"]


def test_an_integer_that_cannot_be_scaled_exactly_is_refused() -> None:
    assert "2^53" in refused("tenths", int=2**62)["reason"]


@pytest.mark.parametrize(
    ("value", "status"),
    [(0.0, Status.GOOD), (100.0, Status.GOOD), (-0.1, Status.UNCERTAIN_RANGE), (100.1, Status.UNCERTAIN_RANGE)],
)
def test_a_value_outside_its_valid_range_is_kept_and_uncertain(value: float, status: Status) -> None:
    sample = accepted("float", float=value)
    assert (sample["float"], sample["status"]) == (value, status)


def test_the_valid_range_is_that_of_the_scaled_value() -> None:
    assert accepted("scaled", float=951.0)["status"] == Status.UNCERTAIN_RANGE
    assert accepted("scaled", float=950.0)["status"] == Status.GOOD


def test_a_status_that_says_more_than_out_of_range_is_kept() -> None:
    assert accepted("float", float=101.0, status=int(Status.UNCERTAIN))["status"] == Status.UNCERTAIN


def test_a_bad_row_is_kept_without_its_value_whatever_it_was() -> None:
    sample = accepted("float", text="?", status=int(Status.BAD_NO_COMMUNICATION))
    assert [sample[value_type] for value_type in VALUE_TYPES] == [None] * 4
    assert sample["status"] == Status.BAD_NO_COMMUNICATION


def test_a_good_row_without_a_value_says_that_there_is_none() -> None:
    assert accepted("float")["status"] == Status.BAD_NO_DATA


def test_two_values_in_one_row_are_refused() -> None:
    assert "more than one value" in refused("float", float=1.0, int=1)["reason"]


@pytest.mark.parametrize(
    ("time", "fits"),
    [
        (NOON + timedelta(minutes=10), True),
        (NOON + timedelta(minutes=10, microseconds=1), False),
        (datetime(2000, 1, 1, tzinfo=UTC), True),
        (datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC), False),
        (datetime(1970, 1, 1, tzinfo=UTC), False),
        (None, False),
    ],
)
def test_the_time_must_be_plausible(time: datetime | None, *, fits: bool) -> None:
    admitted = judge(row(SIGNALS["float"].path, float=1.0, time=time))
    assert admitted.samples.height == (1 if fits else 0)


def test_an_implausible_time_is_told_and_what_to_set() -> None:
    ahead = refused("float", float=1.0, time=NOON + timedelta(hours=1))["reason"]
    assert "2024-05-17T13:00:00" in ahead
    assert "`admit: ahead:`" in ahead
    old = refused("float", float=1.0, time=datetime(1970, 1, 1, tzinfo=UTC))["reason"]
    assert "1970-01-01T00:00:00" in old
    assert "`admit: oldest:`" in old


def test_a_signal_that_the_park_does_not_have_is_refused_by_name() -> None:
    admitted = judge(row("works/line/press/nobody", float=1.0), row("works/line/press/force", float=1.0))
    assert admitted.samples.height == 1
    assert "works/line/press/nobody" in admitted.refusals["reason"][0]


def test_a_row_without_a_signal_or_an_arrival_is_refused() -> None:
    admitted = judge(
        {**row(""), "signal": None}, row(SIGNALS["float"].path, float=1.0, received=None), row(SIGNALS["float"].path)
    )
    assert admitted.refusals.height == 2
    assert admitted.refusals["received"].null_count() == 0


def test_nothing_comes_of_nothing() -> None:
    admitted = admit("plc", no_samples(), RULES)
    assert admitted.samples.is_empty()
    assert admitted.refusals.is_empty()


instants = st.one_of(st.none(), st.integers(0, 2**32).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
rows = st.fixed_dictionaries(
    {
        "signal": st.one_of(st.none(), st.sampled_from([s.path for s in SIGNALS.values()] + ["works/nobody"])),
        "time": st.one_of(st.just(NOON), instants),
        "float": st.one_of(st.none(), st.floats()),
        "int": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
        "bool": st.one_of(st.none(), st.booleans()),
        "text": st.one_of(st.none(), st.text()),
        "status": st.one_of(st.none(), st.sampled_from([int(s) for s in Status]), st.integers(0, 2**32 - 1)),
        "received": st.one_of(st.just(NOON), instants),
    }
)


@given(st.lists(rows, max_size=30))
def test_every_row_becomes_one_sample_or_one_refusal_in_order(given_rows: list[dict[str, Any]]) -> None:
    whole = judge(*given_rows)
    one_by_one = [judge(one) for one in given_rows]
    assert all(one.samples.height + one.refusals.height == 1 for one in one_by_one)
    assert whole.samples.equals(pl.concat([no_samples(), *(one.samples for one in one_by_one)]))
    assert whole.refusals.equals(pl.concat([pl.DataFrame(schema=LETTERS), *(one.refusals for one in one_by_one)]))


@given(st.lists(rows, max_size=30))
def test_what_is_admitted_is_a_sample_of_its_signal(given_rows: list[dict[str, Any]]) -> None:
    types = {s.path: s.type for s in SIGNALS.values()}
    for sample in judge(*given_rows).samples.iter_rows(named=True):
        filled = [value_type for value_type in VALUE_TYPES if sample[value_type] is not None]
        assert filled == ([] if sample["status"] >= Status.BAD else [types[sample["signal"]]])
        assert sample["time"] is not None
        assert sample["received"] is not None
        assert sample["status"] is not None
