"""Answers of InfluxDB, as frames."""

import json
from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from adapters.sample import SAMPLES, Status
from adapters.stores.contract import RESULTS
from adapters.stores.influxdb import decode
from adapters.stores.influxdb.tags import tag_value
from tests.conformance.store import batch, sample

INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
ROW = st.fixed_dictionaries(
    {
        "time": INT64,
        **dict.fromkeys(("factory", "line", "equipment", "signal"), st.text(min_size=1).map(tag_value)),
        "float": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "int": st.none() | INT64,
        "bool": st.none() | st.booleans(),
        "text": st.none() | st.text(min_size=1),
        "blank": st.none() | st.just(value=True),
        "status": st.integers(0, 2**32 - 1),
        "received": INT64,
    }
)


def csv(columns: Sequence[str], rows: Sequence[dict[str, Any]], measurement: str = "sample") -> bytes:
    """Write rows as InfluxDB 1.x and 2.x do: by Go's encoding/csv, floats in full."""

    def cell(value: Any) -> str:
        match value:
            case None:
                return ""
            case bool():
                return str(value).lower()
            case float():
                return format(value, ".1100f").rstrip("0").rstrip(".")
            case str() if value == "\\." or value[:1].isspace() or set(value) & set(',"\r\n'):
                return '"' + value.replace('"', '""') + '"'
        return str(value)

    lines = [["name", "tags", *columns], *([measurement, "", *(row[column] for column in columns)] for row in rows)]
    return "".join(",".join(map(cell, line)) + "\n" for line in lines).encode()


def frame(rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=decode.STORED_SAMPLES)


def tagged(path: str) -> dict[str, str]:
    return dict(zip(("factory", "line", "equipment", "signal"), path.split("/"), strict=True))


@given(st.lists(ROW, min_size=1))
def test_csv_is_read_as_it_was_written(rows: list[dict[str, Any]]) -> None:
    body = csv(decode.STORED_SAMPLES.names(), rows)
    assert_frame_equal(decode.read_csv(body, decode.STORED_SAMPLES), frame(rows), check_exact=True)


@given(st.lists(ROW, min_size=1))
def test_json_is_read_as_it_was_written(rows: list[dict[str, Any]]) -> None:
    columns = decode.STORED_SAMPLES.names()
    values = [
        [int(v) if isinstance(v, float) and v == int(v) and abs(v) < 1e15 else v for v in (row[c] for c in columns)]
        for row in rows
    ]
    answer = {"results": [{"statement_id": 0, "series": [{"name": "sample", "columns": columns, "values": values}]}]}
    series = decode.read_json(json.dumps(answer).encode())
    assert_frame_equal(decode.table(series, decode.STORED_SAMPLES), frame(rows), check_exact=True)


def test_tags_that_are_grouped_by_become_columns() -> None:
    group = {"name": "sample", "tags": tagged("f/l/e/s"), "columns": ["time", "int"], "values": [[1, 5], [2, 6]]}
    series = decode.read_json(json.dumps({"results": [{"series": [group]}]}).encode())
    found = decode.table(series, decode.STORED_SAMPLES)
    assert found["signal"].to_list() == ["s", "s"]
    assert found["int"].to_list() == [5, 6]
    assert found["text"].to_list() == [None, None]


@pytest.mark.parametrize("body", [b"", b"\n", b"\r\n"])
def test_no_csv_is_no_rows(body: bytes) -> None:
    assert_frame_equal(decode.read_csv(body, decode.STORED_SAMPLES), decode.STORED_SAMPLES.to_frame())


@pytest.mark.parametrize("body", [b'{"results":[{"statement_id":0}]}', b'{"results":[]}'])
def test_no_series_are_no_rows(body: bytes) -> None:
    assert decode.read_json(body) == []
    assert_frame_equal(decode.table([], decode.STORED_SAMPLES), decode.STORED_SAMPLES.to_frame())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'error\n"error parsing query: found FRM, expected FROM"\n', "found FRM"),
        (b"<html><body>502 Bad Gateway</body></html>", "502"),
        (b"name,tags,time\nsample,,12\n", "name,tags,time"),
        (b"name,tags,time,factory,line,equipment,signal,float\nsample,,x,f,l,e,s,1\n", "sample,,x"),
        (b"\xff\xfe\x00", "no table"),
    ],
)
def test_other_csv_is_an_error_that_shows_it(body: bytes, said: str) -> None:
    with pytest.raises(decode.AnswerError, match=said):
        decode.read_csv(body, decode.STORED_SAMPLES)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"results":[{"statement_id":0,"error":"database not found: park"}]}', "database not found"),
        (b'{"error":"unable to parse authentication credentials"}', "credentials"),
        (b'{"code":"unauthorized","message":"unauthorized access"}', "unauthorized access"),
        (b'{"results":[{"series":[{"name":"sample"}]}]}', "no answer"),
        (b'{"results":7}', "no answer"),
        (b"[1]", "no answer"),
        (b"<html>", "<html>"),
        (b"", "no answer"),
    ],
)
def test_other_json_is_an_error_that_shows_it(body: bytes, said: str) -> None:
    with pytest.raises(decode.AnswerError, match=said):
        decode.read_json(body)


def stored(**fields: Any) -> pl.DataFrame:
    row = dict.fromkeys(decode.STORED_SAMPLES.names()) | tagged("f/l/e/s") | {"time": 5, "status": 0, "received": 6}
    return frame([row | fields])


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"float": 1.5}, {"float": 1.5}),
        ({"text": "x"}, {"text": "x"}),
        ({"text": None, "blank": True}, {"text": ""}),
        ({"text": "", "blank": True}, {"text": ""}),
        ({"text": "x", "blank": True}, {"text": "x"}),
        ({"float": 1.5, "status": Status.BAD}, {}),
        ({"text": "x", "blank": True, "status": 0xFFFF_FFFF}, {}),
        ({"float": 1.5, "status": Status.UNCERTAIN}, {"float": 1.5}),
        ({"float": 1.0, "int": 1}, {"float": 1.0}),
        ({"int": 1, "bool": True, "text": "x"}, {"int": 1}),
        ({}, {}),
    ],
)
def test_a_sample_has_the_one_value_that_counts(fields: dict[str, Any], value: dict[str, Any]) -> None:
    row = sample("f/l/e/s", 5, status=fields.get("status", 0), received=6) | value
    assert_frame_equal(decode.samples(stored(**fields)), batch(row))


def test_samples_come_by_signal_and_time_under_their_own_names() -> None:
    paths = ("b/l/e/s", "a/l/e/100 %/x", "a/l/\\\n/s")
    rows = [
        dict.fromkeys(decode.STORED_SAMPLES.names())
        | dict(zip(("factory", "line", "equipment", "signal"), map(tag_value, path.split("/", 3)), strict=True))
        | {"time": time, "status": 0, "received": 1, "int": time}
        for path in paths
        for time in (2, 1)
    ]
    found = decode.samples(frame(rows))
    assert found.schema == SAMPLES
    assert list(zip(found["signal"], found["int"], strict=True)) == [(p, t) for p in sorted(paths) for t in (1, 2)]


def test_of_a_renamed_shift_the_result_computed_last_counts() -> None:
    row = {
        "time": 1_715_947_200_000_001_000,
        "path": "plant",
        "period": "shift",
        "shift": "early%25",
        "kpi": "utilisation",
        "value": 0.5,
        "value_known": True,
        "coverage": 0.9,
        "coverage_known": False,
        "end": 7,
        "computed": 2,
    }
    older = row | {"shift": "morning", "computed": 1}
    other = row | {"shift": None, "period": "hour", "value_known": None}
    found = decode.results(pl.DataFrame([row, older, other], schema=decode.STORED_RESULTS))
    assert found.schema == RESULTS
    assert found["name"].to_list() == ["", "early%"]
    assert found["value"].to_list() == [None, 0.5]
    assert found["coverage"].to_list() == [None, None]
    assert found["start"].dt.epoch("us").to_list() == [1_715_947_200_000_001] * 2


def test_results_of_an_older_version_are_the_first_and_say_nothing() -> None:
    row = {"time": 0, "path": "plant", "period": "hour", "kpi": "utilisation", "end": 7, "computed": 2}
    found = decode.results(pl.DataFrame([row], schema=decode.STORED_RESULTS))
    assert found.select("version", "reason", "note").rows() == [(1, "", "")]
