"""Three years of a real machine tool: utilised seconds against the control's own hour meter."""

import asyncio
from pathlib import Path

import polars as pl
import pytest

from tests.bench.mazak01 import MACHINE, Computed, automatic, compute, errors, plain


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> Computed:
    return asyncio.run(compute(tmp_path_factory.mktemp("mazak01")))


def test_days_agree_with_the_hour_meter(computed: Computed) -> None:
    error = errors(automatic(computed.results, "day"))
    assert len(error) == 213
    assert error.median() <= 0.3  # type: ignore[operator]
    assert (error <= 2).mean() >= 0.91  # type: ignore[operator]


def test_holding_states_beats_leaving_gaps_out(computed: Computed) -> None:
    held, dropped = errors(automatic(computed.results, "day")), errors(plain())
    assert held.median() * 5 < dropped.median()  # type: ignore[operator]


def test_hours_and_shifts_add_up_to_days(computed: Computed) -> None:
    """On every day but the first, whose hours before the first report nobody can compute."""
    for kpi in ("planned_time", "producing_time", "unplanned_stop_time", "idle_time", "unknown_time"):
        sums = {
            period: computed.results.filter(period=period, kpi=kpi)
            .group_by(day=pl.col("start").dt.date())
            .agg(pl.col("value").sum())
            .sort("day")
            for period in ("hour", "shift", "day")
        }
        for period in ("hour", "shift"):
            both = sums[period].join(sums["day"], on="day", how="full", suffix="_of_day").sort("day")[1:]
            assert both.null_count().sum_horizontal().item() == 0
            assert (both["value"] - both["value_of_day"]).abs().max() < 1e-5  # type: ignore[operator]


def test_every_day_is_told_whole(computed: Computed) -> None:
    days = computed.results.filter(period="day", kpi="planned_time", path=MACHINE)
    assert days["value"][1:-1].unique().to_list() == [86_400.0]
    assert days["coverage"].is_between(0, 1).all()


def test_the_recording_is_there() -> None:
    assert (Path(__file__).parents[1] / "data" / "nist_mazak" / "Mazak01_events.parquet").is_file()
