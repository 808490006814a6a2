"""The leaves of the loss tree: rows that add up to the calendar time of their window."""

from datetime import date

import polars as pl
import pytest

from analytics.reports.leaves import COLUMNS, LEAVES, leaves
from tests.analytics.reports.told import account, judged, whole_day

PRESS = "works/line/press"
MONDAY = date(2026, 3, 2)


def found(*days: pl.DataFrame) -> dict[tuple[str, str | None], tuple[float, int | None]]:
    rows = leaves(pl.concat(days))
    assert rows.schema == COLUMNS
    return {(row["loss"], row["reason"]): (row["seconds"], row["times"]) for row in rows.iter_rows(named=True)}


def test_rows_add_up_to_calendar_time() -> None:
    numbers = judged(
        10_000, 8_000, 7_000, idle_time=5_000.0, unplanned_stop_time=900.0, not_scheduled_time=70_500.0, off_time=0.0
    )
    day = whole_day(
        PRESS, MONDAY, "UTC", numbers, {"idle/wait": 4_000.0, "unplanned_stop/jam": 900.0}, {"idle/wait": 3}
    )
    assert found(day) == {
        ("not_scheduled", None): (70_500.0, None),
        ("unplanned_stop", "jam"): (900.0, None),
        ("idle", "wait"): (4_000.0, 3),
        ("idle", ""): (1_000.0, None),  # what no reason tells of
        ("speed_loss", None): (2_000.0, None),
        ("quality_loss", None): (1_000.0, None),
        ("productive", None): (7_000.0, None),
    }
    rows = leaves(day)
    assert rows["share"].sum() == pytest.approx(1.0)
    assert rows["seconds"].sum() == pytest.approx(numbers["calendar_time"])
    assert set(rows["loss"]) <= set(LEAVES)


def test_production_that_cannot_be_judged_is_told_so() -> None:
    day = whole_day(PRESS, MONDAY, "UTC", account(producing_time=80_000.0, idle_time=6_400.0), {"idle/": 6_400.0})
    assert found(day) == {("idle", ""): (6_400.0, None), ("unjudged", None): (80_000.0, None)}


def test_the_version_is_that_of_the_window() -> None:
    day = whole_day(PRESS, MONDAY, "UTC", account(idle_time=86_400.0))
    rows = leaves(day.with_columns(version=pl.lit(2, pl.Int64), reason=pl.lit("gap filled")))
    assert rows.select("version", "told").unique().rows() == [(2, "gap filled")]


def test_nothing_has_no_leaves() -> None:
    assert leaves(whole_day(PRESS, MONDAY, "UTC", account(idle_time=1.0)).clear()).equals(COLUMNS.to_frame())
