"""Line protocol, against an independent and strict reader of it."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from adapters.sample import PAYLOAD_KEPT, Status, no_samples
from adapters.stores.contract import REFUSED, RESULTS
from adapters.stores.influxdb import encode
from adapters.stores.influxdb.tags import named
from tests.adapters.influxdb.lineprotocol import Line, read
from tests.conformance.store import batch, result, sample, table

INT64 = st.integers(-(2**63), 2**63 - 1)
STATUSES = st.sampled_from([0, 0x4094_0000, 0x3FFF_FFFF, 0x7FFF_FFFF])
NAMES = st.text(min_size=1).filter(lambda name: "/" not in name)
PATHS = st.builds("{}/{}/{}/{}".format, NAMES, NAMES, NAMES, st.text(min_size=1))
VALUES = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), INT64, st.booleans(), st.text())
SAMPLES = st.builds(sample, PATHS, INT64, VALUES, STATUSES, INT64.filter(bool))


def lines_of(*rows: dict[str, Any]) -> list[Line]:
    """Give the lines of samples, read back, in the order of their values' types."""
    return read(text_of(encode.storable(batch(*rows))[0]))


def text_of(rows: pl.DataFrame) -> str:
    """Give lines of samples as a text, without the last line end."""
    return encode.sample_body(encode.sample_lines(rows)).decode().removesuffix("\n")


def path_of(tags: dict[str, str]) -> str:
    return "/".join(named(tags[tag]) for tag in ("factory", "line", "equipment", "signal"))


def value_of(row: dict[str, Any]) -> dict[str, Any]:
    return {kind: row[kind] for kind in ("float", "int", "bool", "text") if row[kind] is not None}


@given(st.lists(SAMPLES, min_size=1, unique_by=lambda row: (row["signal"], row["time"])))
def test_every_sample_can_be_read_back(rows: list[dict[str, Any]]) -> None:
    _, refused = encode.storable(batch(*rows))
    assert refused.is_empty()
    lines = {(path_of(line.tags), line.time): line for line in lines_of(*rows)}
    assert len(lines) == len(rows)
    for row in rows:
        line = lines[row["signal"], row["time"]]
        assert line.measurement == "sample"
        assert set(line.tags) == {"factory", "line", "equipment", "signal"}
        expected = value_of(row) | {"status": row["status"], "received": row["received"]}
        blank = {"blank": True} if row["text"] == "" else {}
        assert line.fields == expected | blank
        assert list(map(type, line.fields.values())) == list(map(type, (value_of(row) | blank | expected).values()))
        for kind, value in value_of(row).items():
            assert repr(line.fields[kind]) == repr(value), "0.0 is not -0.0"


@pytest.mark.parametrize("value", [1e16, -1e22, 1.5e300, 1e-7, -1e-7, 5e-324, 1.7976931348623157e308, 1e15, 0.1])
def test_floats_have_a_point_and_a_signed_exponent(value: float) -> None:
    first, second = lines_of(sample("f/l/e/s", 1, value), sample("f/l/e/t", 1, 20.0))
    assert (first.fields["float"], second.fields["float"]) == (value, 20.0)


def test_a_line_as_it_goes_out() -> None:
    row = sample("plant/line-1/press-01/state", 1_715_947_200_000_000_001, value='C:\\ "x"', received=7)
    rows, _ = encode.storable(batch(row))
    assert text_of(rows) == (
        "sample,equipment=press-01,factory=plant,line=line-1,signal=state "
        'text="C:\\\\ \\"x\\"",status=0i,received=7i 1715947200000000001'
    )


def test_a_bad_sample_has_no_value_field() -> None:
    row = sample("f/l/e/s", 1, value=1.5, status=Status.BAD, received=7)
    rows, _ = encode.storable(batch(row))
    assert text_of(rows) == "sample,equipment=e,factory=f,line=l,signal=s status=2147483648i,received=7i 1"


@pytest.mark.parametrize("path", ["", "s", "f/l/s", "f//e/s", "/l/e/s", "f/l/e/"])
def test_a_path_without_four_parts_is_refused(path: str) -> None:
    good = sample("f/l/e/s", 1, value=1)
    rows, refused = encode.storable(batch(sample(path, 1, value=1), good))
    assert rows["signal"].to_list() == ["f/l/e/s"]
    assert refused.schema == REFUSED
    assert refused["signal"].to_list() == [path]
    assert "factory/line/equipment/signal" in refused["reason"][0]
    assert b"int=1i" in refused["payload"][0]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused_and_hides_nothing(value: float) -> None:
    good = sample("f/l/e/s", 1, value=1.5)
    rows, refused = encode.storable(batch(good, sample("f/l/e/s", 1, value=value)))
    assert rows.height == 1
    assert "NaN" in refused["reason"][0]


def test_of_one_key_the_last_row_is_sent() -> None:
    rows = [sample("f/l/e/s", n % 2, value=n) for n in range(5)]
    assert [line.fields["int"] for line in lines_of(*rows)] == [3, 4]


def test_no_samples_are_no_lines() -> None:
    rows, refused = encode.storable(no_samples())
    assert rows.is_empty()
    assert_frame_equal(refused, pl.DataFrame(schema=REFUSED))
    assert list(encode.pieces(encode.sample_lines(rows))) == []


def test_a_refused_payload_is_cut() -> None:
    row = sample("f/l/e/s", 1, value="x" * 2 * PAYLOAD_KEPT)
    rows, _ = encode.storable(batch(row))
    refused = encode.refusals(rows, pl.Series(["too large"]))
    assert len(refused["payload"][0]) == PAYLOAD_KEPT
    assert refused["reason"].to_list() == ["too large"]


@given(st.lists(SAMPLES), st.integers(1, 400))
def test_pieces_hold_every_row_once_and_fit(samples: list[dict[str, Any]], limit: int) -> None:
    rows, _ = encode.storable(batch(*samples))
    pieces = list(encode.pieces(encode.sample_lines(rows), limit))
    assert sorted(row for piece in pieces for row in piece["row"]) == rows["row"].to_list()
    for piece in pieces:
        assert piece.height == 1 or len(encode.sample_body(piece)) <= limit


@given(st.lists(st.tuples(st.integers(-(2**40), 2**40), st.sampled_from([1, 10**3, 10**6, 10**9])), min_size=1))
def test_the_unit_of_times_holds_all_of_them(times: list[tuple[int, int]]) -> None:
    instants = [number * size for number, size in times if number * size in range(-(2**63), 2**63)] or [0]
    rows, _ = encode.storable(batch(*(sample("f/l/e/s", time, value=1) for time in instants)))
    unit = encode.unit(rows["time"].to_physical())
    size = encode.NANOSECONDS[unit]
    body = encode.sample_body(encode.in_unit(encode.sample_lines(rows), unit)).decode().removesuffix("\n")
    assert sorted(line.time * size for line in read(body)) == sorted(set(instants))
    coarser = [other for other in encode.NANOSECONDS.values() if other > size]
    assert all(any(time % other for time in instants) for other in coarser)


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
    version=st.integers(1, 2**63 - 1),
    reason=st.text(),
    note=st.text(),
)


def microseconds(time: datetime) -> int:
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@given(st.lists(RESULT, min_size=1, unique_by=lambda row: (row["path"], row["period"], row["start"], row["kpi"])))
def test_every_result_can_be_read_back(rows: list[dict[str, Any]]) -> None:
    lines = read(encode.line_body(encode.result_rows(table(*rows))).decode().removesuffix("\n"))
    for line, row in zip(lines, rows, strict=True):
        assert line.measurement == "kpi"
        tags = {tag: row[tag] for tag in ("path", "period", "name", "kpi") if row[tag]}
        assert {tag: named(value) for tag, value in line.tags.items()} == tags
        numbers = {number: row[number] for number in ("value", "coverage") if row[number] is not None}
        known = {f"{number}_known": number in numbers for number in ("value", "coverage")}
        times = {time: microseconds(row[time]) for time in ("end", "computed")}
        told = {said: row[said] for said in ("version", "reason", "note")}
        assert line.fields == numbers | known | times | told
        assert line.time == microseconds(row["start"]) * 1000


def test_no_results_are_no_lines() -> None:
    assert encode.result_rows(pl.DataFrame(schema=RESULTS)).is_empty()
