"""Rows of the tables: samples and results there and back, and which of several counts."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from adapters.sample import SAMPLES, Status, no_samples
from adapters.stores.contract import RESULTS
from adapters.stores.lake import layout
from tests.conformance.store import NOON, at, batch, result, sample, table

INT64 = st.integers(-(2**63) + 1, 2**63 - 1)
VALUES = st.one_of(st.none(), st.floats(allow_nan=False), INT64, st.booleans(), st.text())
STATUSES = st.sampled_from([0, 0x4094_0000, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF])
ROW = st.builds(sample, st.sampled_from("abc"), st.integers(-3, 3) | INT64, VALUES, STATUSES, INT64.filter(bool))
ROWS = st.lists(ROW, max_size=20)


def without_bad_values(row: dict[str, Any]) -> dict[str, Any]:
    return row | dict.fromkeys(("float", "int", "bool", "text")) if row["status"] >= Status.BAD else row


@given(st.lists(ROWS, max_size=4), st.randoms())
def test_the_row_written_last_counts(batches: list[list[dict[str, Any]]], order: Any) -> None:
    expected = {(row["signal"], row["time"]): without_bad_values(row) for rows in batches for row in rows}
    stored = [layout.sample_rows(batch(*rows), number).drop("day") for number, rows in enumerate(batches)]
    order.shuffle(stored)
    rows = pl.concat([layout.SAMPLE_ROWS.columns.to_frame(), *stored])
    found = layout.samples_of(rows)
    assert found.schema == SAMPLES
    assert_frame_equal(found, batch(*(expected[key] for key in sorted(expected))), check_exact=True)


def test_rows_have_the_columns_of_the_table_and_their_day() -> None:
    midnight = datetime(2024, 5, 18, tzinfo=UTC) - NOON
    rows = layout.sample_rows(batch(sample("s", at(midnight, ns=-1)), sample("s", at(midnight)), sample("s", -1)), 7)
    assert pl.Schema({**layout.SAMPLE_ROWS.columns, "day": pl.Date()}) == rows.schema
    assert rows["day"].to_list() == [date(1969, 12, 31), date(2024, 5, 17), date(2024, 5, 18)]
    assert rows["written"].to_list() == [7, 7, 7]


def test_of_results_the_one_computed_last_counts_and_then_the_one_written_last() -> None:
    late, early = NOON, NOON.replace(hour=1)
    first = layout.result_rows(table(result("a", value=1, computed=late), result("b", value=1, computed=late)), 1)
    second = layout.result_rows(table(result("a", value=2, computed=early), result("b", value=2, computed=late)), 2)
    found = layout.results_of(pl.concat([second, first]))
    assert found.schema == RESULTS
    assert found["value"].to_list() == [1.0, 2.0]


def test_of_results_in_one_batch_the_one_computed_last_counts() -> None:
    rows = [result(value=hour, computed=NOON.replace(hour=hour)) for hour in (3, 9, 6)]
    assert layout.result_rows(table(*rows), 1)["value"].to_list() == [9.0]


def test_frames_of_other_columns_are_refused() -> None:
    with pytest.raises(pl.exceptions.SchemaError):
        layout.sample_rows(no_samples().drop("text"), 1)
    with pytest.raises(pl.exceptions.SchemaError):
        layout.result_rows(pl.DataFrame(schema=RESULTS).cast({"value": pl.Float32}), 1)


@given(st.integers(-(2**63), 2**63 - 1))
def test_the_day_of_an_instant_is_its_utc_date(nanoseconds: int) -> None:
    assert layout.day_of(nanoseconds) == pl.Series([nanoseconds]).cast(pl.Datetime("ns", "UTC")).dt.date()[0]


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), 0),
        (datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), -1000),
        (datetime(1, 1, 1, tzinfo=UTC), -(2**63)),
        (datetime(9999, 1, 1, tzinfo=UTC), 2**63 - 1),
    ],
)
def test_instants_are_those_that_a_column_holds(time: datetime, nanoseconds: int) -> None:
    assert layout.instant(time) == nanoseconds
