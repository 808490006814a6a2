"""Line protocol, against an independent and strict reader of it."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from adapters.sample import PAYLOAD_KEPT, REFUSALS, Status, no_refusals, no_samples
from adapters.stores.contract import RESULTS
from adapters.stores.influxdb import encode
from adapters.stores.influxdb.tags import named
from tests.adapters.influxdb.lineprotocol import read
from tests.conformance.store import batch, result, sample, table

INT64 = st.integers(-(2**63), 2**63 - 1)
STATUSES = st.sampled_from([0, 0x4094_0000, 0x3FFF_FFFF, 0x7FFF_FFFF])
NAMES = st.text(min_size=1).filter(lambda name: "/" not in name)
PATHS = st.builds("{}/{}/{}/{}".format, NAMES, NAMES, NAMES, st.text(min_size=1))
VALUES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), INT64, st.booleans(), st.text())
SAMPLES = st.builds(sample, PATHS, INT64, VALUES, STATUSES, INT64.filter(bool))


def path_of(tags: dict[str, str]) -> str:
    return "/".join(named(tags[tag]) for tag in ("factory", "line", "equipment", "signal"))


def value_of(row: dict[str, Any]) -> dict[str, Any]:
    return {kind: row[kind] for kind in ("float", "int", "bool", "text") if row[kind] is not None}


@given(st.lists(SAMPLES, min_size=1, unique_by=lambda row: (row["signal"], row["time"])))
def test_every_sample_can_be_read_back(rows: list[dict[str, Any]]) -> None:
    lines, refused = encode.sample_lines(batch(*rows))
    assert refused.is_empty()
    for line, row in zip(read(encode.body(lines["line"]).decode()), rows, strict=True):
        assert line.measurement == "sample"
        assert set(line.tags) == {"factory", "line", "equipment", "signal"}
        assert path_of(line.tags) == row["signal"]
        expected = value_of(row) | {"status": row["status"], "received": row["received"]}
        blank = {"blank": True} if row["text"] == "" else {}
        assert line.fields == expected | blank
        assert list(map(type, line.fields.values())) == list(map(type, (value_of(row) | blank | expected).values()))
        for kind, value in value_of(row).items():
            assert repr(line.fields[kind]) == repr(value), "0.0 is not -0.0"
        assert line.time == row["time"]


@pytest.mark.parametrize("value", [1e16, -1e22, 1.5e300, 1e-7, -1e-7, 5e-324, 1.7976931348623157e308, 1e15, 0.1])
def test_floats_have_a_point_and_a_signed_exponent(value: float) -> None:
    lines, _ = encode.sample_lines(batch(sample("f/l/e/s", 1, value), sample("f/l/e/t", 1, 20.0)))
    first, second = read(encode.body(lines["line"]).decode())
    assert (first.fields["float"], second.fields["float"]) == (value, 20.0)


def test_a_line_as_it_goes_out() -> None:
    row = sample("plant/line-1/press-01/state", 1_715_947_200_000_000_001, value='C:\\ "x"', received=7)
    lines, _ = encode.sample_lines(batch(row))
    assert lines["line"].item() == (
        "sample,equipment=press-01,factory=plant,line=line-1,signal=state "
        'text="C:\\\\ \\"x\\"",status=0i,received=7i 1715947200000000001'
    )


def test_a_bad_sample_has_no_value_field() -> None:
    row = sample("f/l/e/s", 1, value=1.5, status=Status.BAD, received=7)
    lines, _ = encode.sample_lines(batch(row))
    assert lines["line"].to_list() == ["sample,equipment=e,factory=f,line=l,signal=s status=2147483648i,received=7i 1"]


@pytest.mark.parametrize("path", ["", "s", "f/l/s", "f//e/s", "/l/e/s", "f/l/e/"])
def test_a_path_without_four_parts_is_refused(path: str) -> None:
    good = sample("f/l/e/s", 1, value=1)
    lines, refused = encode.sample_lines(batch(sample(path, 1, value=1), good))
    assert lines["signal"].to_list() == ["f/l/e/s"]
    assert refused.schema == REFUSALS
    assert refused["signal"].to_list() == [path]
    assert "factory/line/equipment/signal" in refused["reason"][0]
    assert b"int=1i" in refused["payload"][0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_and_hides_nothing(value: float) -> None:
    good = sample("f/l/e/s", 1, value=1.5)
    lines, refused = encode.sample_lines(batch(good, sample("f/l/e/s", 1, value=value)))
    assert lines.height == 1
    assert "NaN" in refused["reason"][0]


def test_of_one_key_the_last_row_is_sent() -> None:
    rows = [sample("f/l/e/s", n % 2, value=n) for n in range(5)]
    lines, _ = encode.sample_lines(batch(*rows))
    assert [line.fields["int"] for line in read(encode.body(lines["line"]).decode())] == [3, 4]


def test_no_samples_are_no_lines() -> None:
    lines, refused = encode.sample_lines(no_samples())
    assert lines.is_empty()
    assert_frame_equal(refused, no_refusals())
    assert list(encode.pieces(lines["line"])) == []


def test_a_refused_payload_is_cut() -> None:
    row = sample("f/l/e/s", 1, value="x" * 2 * PAYLOAD_KEPT)
    lines, _ = encode.sample_lines(batch(row))
    refused = encode.refusals(lines, pl.Series(["too large"]))
    assert len(refused["payload"][0]) == PAYLOAD_KEPT
    assert refused["reason"].to_list() == ["too large"]


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]))), st.integers(1, 40))
def test_pieces_hold_every_line_once_and_fit(texts: list[str], limit: int) -> None:
    lines = pl.Series(texts, dtype=pl.String)
    pieces = list(encode.pieces(lines, limit))
    assert [line for piece in pieces for line in piece] == texts
    for piece in pieces:
        assert piece.len() > 0
        assert piece.len() == 1 or len(encode.body(piece)) <= limit


TIMES = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - has a zone
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
RESULT = st.builds(
    result,
    NAMES,
    TIMES,
    kpi=NAMES,
    value=NUMBERS,
    coverage=NUMBERS,
    period=NAMES,
    name=st.text(),
    computed=TIMES,
)


def microseconds(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@given(st.lists(RESULT, min_size=1, unique_by=lambda row: (row["path"], row["period"], row["start"], row["kpi"])))
def test_every_result_can_be_read_back(rows: list[dict[str, Any]]) -> None:
    lines = read(encode.body(encode.result_lines(table(*rows))).decode())
    for line, row in zip(lines, rows, strict=True):
        assert line.measurement == "kpi"
        tags = {tag: row[tag] for tag in ("path", "period", "name", "kpi") if row[tag]}
        assert {tag: named(value) for tag, value in line.tags.items()} == tags
        numbers = {number: row[number] for number in ("value", "coverage") if row[number] is not None}
        known = {f"{number}_known": number in numbers for number in ("value", "coverage")}
        times = {time: microseconds(row[time]) for time in ("end", "computed")}
        assert line.fields == numbers | known | times
        assert line.time == microseconds(row["start"]) * 1000


def test_no_results_are_no_lines() -> None:
    assert encode.result_lines(pl.DataFrame(schema=RESULTS)).is_empty()
