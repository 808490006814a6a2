"""Values as their points declare them."""

from datetime import UTC, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import PAYLOAD_KEPT, REFUSALS, SAMPLES, VALUE_TYPES, Status, ValueType
from adapters.sources.contract import Point
from adapters.sources.replay.decode import Decoded, decode, refuse, signals_of
from adapters.sources.replay.reports import ODDITIES, REPORTS
from adapters.sources.replay.settings import ReplayAddress

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


def decoded(*values: str | None, kind: ValueType) -> Decoded:
    points = [Point("works/line/mill/x", kind, ReplayAddress(item="x"))]
    rows = [(n, NOON, "x", value, f"line {value}") for n, value in enumerate(values, 7)]
    reports = pl.DataFrame(rows, schema=REPORTS, orient="row")
    result = decode(reports, signals_of(points), source="recording", file="day.txt")
    assert result.samples.schema == SAMPLES
    assert result.refusals.schema == REFUSALS
    return result


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("float", "21.5", 21.5),
        ("float", " -1e3 ", -1000.0),
        ("float", "7", 7.0),
        ("int", "7", 7),
        ("int", "-9223372036854775808", -(2**63)),
        ("int", "9223372036854775807", 2**63 - 1),
        ("int", "7.0", 7),
        ("int", "1e3", 1000),
        ("bool", "True", True),
        ("bool", "OFF", False),
        ("bool", "1", True),
        ("text", " as it stands ", " as it stands "),
        ("text", "", ""),
        ("text", "NaN", "NaN"),
    ],
)
def test_a_value_is_read_as_its_type(kind: ValueType, written: str, value: float | str) -> None:
    sample = decoded(written, kind=kind).samples.row(0, named=True)
    assert {column: sample[column] for column in VALUE_TYPES} == {**dict.fromkeys(VALUE_TYPES), kind: value}
    assert sample["status"] == Status.GOOD


@pytest.mark.parametrize("kind", VALUE_TYPES)
@pytest.mark.parametrize("written", ["UNAVAILABLE", "Unavailable", " UNAVAILABLE ", "Unavailable||||"])
def test_unavailable_is_no_value(kind: ValueType, written: str) -> None:
    sample = decoded(written, kind=kind).samples.row(0, named=True)
    assert sample["status"] == Status.BAD_NO_COMMUNICATION
    assert all(sample[column] is None for column in VALUE_TYPES)


@pytest.mark.parametrize(("kind", "written"), [(kind, None) for kind in VALUE_TYPES] + [("float", ""), ("int", " ")])
def test_nothing_written_is_no_value(kind: ValueType, written: str | None) -> None:
    sample = decoded(written, kind=kind).samples.row(0, named=True)
    assert sample["status"] == Status.BAD_NO_DATA
    assert all(sample[column] is None for column in VALUE_TYPES)


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        *(("float", word) for word in ("abc", "1,5", "NaN", "inf", "-Infinity", "1e400", "0x10", "1_000", "1.5.2")),
        *(("int", word) for word in ("9223372036854775808", "1e30", "7.5", "abc", "NaN", "0x10")),
        *(("bool", word) for word in ("2", "ja", "truely", "-1")),
    ],
)
def test_what_does_not_fit_is_refused_with_file_and_line_and_its_neighbours_go_on(
    kind: ValueType, written: str
) -> None:
    result = decoded("1", written, "0", kind=kind)
    assert result.samples.height == 2
    refusal = result.refusals.row(0, named=True)
    assert refusal["source"] == "recording"
    assert refusal["address"] == "x"
    assert refusal["signal"] == "works/line/mill/x"
    assert refusal["payload"] == f"line {written}".encode()
    assert refusal["reason"].startswith(f"day.txt:8: item x: '{written}' is ")


def test_a_long_value_is_cut_in_its_refusal() -> None:
    refusal = decoded("x" * 200_000, kind="float").refusals.row(0, named=True)
    assert len(refusal["payload"]) == PAYLOAD_KEPT
    assert len(refusal["reason"]) < 300


def test_two_signals_may_come_of_one_item() -> None:
    points = [Point(f"w/l/m/{kind}", kind, ReplayAddress(item="x")) for kind in VALUE_TYPES]
    reports = pl.DataFrame([(1, NOON, "x", "1", "1"), (2, NOON, "y", "1", "1")], schema=REPORTS, orient="row")
    samples = decode(reports, signals_of(points), source="s", file="f").samples
    assert samples["signal"].to_list() == [f"w/l/m/{kind}" for kind in VALUE_TYPES]


def test_an_oddity_is_refused_with_file_and_line() -> None:
    oddities = pl.DataFrame([(3, b"\xff", "no UTF-8 text")], schema=ODDITIES, orient="row")
    refusals = refuse(oddities, source="recording", file="day.txt")
    assert refusals.schema == REFUSALS
    assert refusals.drop("received").rows() == [("recording", "day.txt:3", None, b"\xff", "day.txt:3: no UTF-8 text")]


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_every_finite_number_keeps_its_value(values: list[float]) -> None:
    assert decoded(*map(repr, values), kind="float").samples["float"].to_list() == values


@given(values=st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_every_whole_number_of_64_bits_keeps_its_value(values: list[int]) -> None:
    assert decoded(*map(str, values), kind="int").samples["int"].to_list() == values


@given(values=st.lists(st.one_of(st.none(), st.text())), kind=st.sampled_from(VALUE_TYPES))
def test_every_report_becomes_a_sample_or_a_refusal(values: list[str | None], kind: ValueType) -> None:
    result = decoded(*values, kind=kind)
    assert result.samples.height + result.refusals.height == len(values)
