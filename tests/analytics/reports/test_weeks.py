"""Weeks and months as results, against sums by hand."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from adapters.stores.contract import RESULTS
from analytics.kpis.catalogue import KPIS
from analytics.kpis.contract import ACCOUNT
from analytics.reports.weeks import days_needed, weeks
from collector.park import Signal, SignalRole
from tests.analytics import plant
from tests.analytics.reports.told import HOUR, account, judged, whole_day

ZONE = "Europe/Berlin"
LINE, PRESS, OVEN = "works/line", "works/line/press", "works/line/oven"
MONDAY = date(2026, 3, 23)
"""Of the week in which clocks are put forward: its Sunday, the 29th, has 23 hours."""

COUNTER = Signal(
    path=f"{PRESS}/parts",
    name="parts",
    source="plc",
    address=plant.Address(),
    type="int",
    role=SignalRole.TOTAL_COUNT,
)
PARK = plant.park(
    plant.line(LINE, plant.machine(PRESS, COUNTER, ideal_cycle=timedelta(seconds=10)), plant.machine(OVEN)),
    zone=ZONE,
)


def day(number: int, path: str = PRESS, **hours: float) -> pl.DataFrame:
    """Give a day so many days after the Monday, by hours of parts of the account; idle for the rest of it."""
    whole = 23 if MONDAY + timedelta(days=number) == date(2026, 3, 29) else 24
    hours["idle_time"] = whole - sum(hours.values())
    numbers = account(**{name: value * HOUR for name, value in hours.items()})
    return whole_day(path, MONDAY + timedelta(days=number), ZONE, numbers, {"idle/wait": 60.0}, {"idle/wait": 2})


def row(found: pl.DataFrame, kpi: str, **wanted: Any) -> dict[str, Any]:
    return found.filter(kpi=kpi, **wanted).row(0, named=True)


def test_a_week_is_what_its_days_add_up_to() -> None:
    days = [day(n, producing_time=n + 1, unknown_time=1, not_scheduled_time=6) for n in range(7)]
    found = weeks(pl.concat([*days, day(7, producing_time=20)]), PARK, "week")
    week = found.filter(name="2026-W13")
    assert week["start"].unique().to_list() == [datetime(2026, 3, 22, 23, tzinfo=UTC)]
    assert week["end"].unique().to_list() == [datetime(2026, 3, 29, 22, tzinfo=UTC)]  # by summer time
    assert row(week, "calendar_time")["value"] == 167 * HOUR
    assert row(week, "producing_time")["value"] == 28 * HOUR
    assert row(week, "planned_time")["value"] == (167 - 42) * HOUR
    utilisation = row(week, "utilisation")
    assert utilisation["value"] == pytest.approx(28 / 125)
    assert utilisation["coverage"] == pytest.approx(1 - 7 / 125)
    assert (row(week, "loss:idle/wait")["value"], row(week, "stops:idle/wait")["value"]) == (420.0, 14.0)
    assert row(week, "loss:idle/wait")["coverage"] is None
    following = row(found, "utilisation", name="2026-W14")
    assert (following["start"], following["value"]) == (datetime(2026, 3, 29, 22, tzinfo=UTC), pytest.approx(20 / 24))


def test_a_week_has_every_number_that_a_day_has() -> None:
    found = weeks(day(0, producing_time=3), PARK, "week")
    assert found.schema == RESULTS
    assert {kpi.slug for kpi in KPIS} == {slug for slug in found["kpi"] if ":" not in slug}
    assert row(weeks(day(0, OVEN), PARK, "week"), "oee")["note"].startswith("no part counter")
    assert found.equals(found.sort("path", "start", "kpi"))


def test_months_are_those_of_the_calendar() -> None:
    found = weeks(pl.concat([day(n, producing_time=2) for n in range(5, 12)]), PARK, "month")
    assert found.group_by("name", "start", maintain_order=True).len().select("name", "start").rows() == [
        ("2026-03", datetime(2026, 2, 28, 23, tzinfo=UTC)),
        ("2026-04", datetime(2026, 3, 31, 22, tzinfo=UTC)),
    ]
    assert row(found, "producing_time", name="2026-03")["value"] == 8 * HOUR
    assert row(found, "calendar_time", name="2026-03")["value"] == (23 + 3 * 24) * HOUR


def test_a_week_is_restated_when_a_day_of_it_is() -> None:
    later = datetime(2026, 4, 2, tzinfo=UTC)
    days = [day(n, producing_time=2) for n in range(7)]
    days[1] = days[1].with_columns(version=pl.lit(3, pl.Int64), reason=pl.lit("gap filled, stop reason changed"))
    days[4] = days[4].with_columns(
        version=pl.lit(2, pl.Int64),
        reason=pl.lit("late samples, gap filled"),
        computed=pl.lit(later, RESULTS["computed"]),
    )
    found = weeks(pl.concat([*days, day(7)]), PARK, "week")
    told = {name: (version, reason) for name, version, reason in found.select("name", "version", "reason").iter_rows()}
    assert told == {"2026-W13": (4, "late samples, gap filled, stop reason changed"), "2026-W14": (1, "")}
    assert found.filter(name="2026-W13")["computed"].unique().to_list() == [later]


def test_what_no_machine_counts_is_null_and_stops_that_a_day_lacks_are_left_out() -> None:
    without = whole_day(PRESS, MONDAY, ZONE, account(idle_time=24 * HOUR), {"idle/wait": 60.0})
    found = weeks(pl.concat([without, day(1)]), PARK, "week")
    assert row(found, "total_count")["value"] is None
    assert row(found, "loss:idle/wait")["value"] == 120.0
    assert found.filter(pl.col("kpi").str.starts_with("stops:")).is_empty()


def test_a_line_has_the_oee_of_the_machine_that_limits_it() -> None:
    made = judged(10 * HOUR, 8 * HOUR, 8 * HOUR, idle_time=14 * HOUR, total_count=2880.0, good_count=2880.0)
    days = [whole_day(path, MONDAY, ZONE, made) for path in (PRESS, LINE)]
    found = weeks(pl.concat(days), PARK, "week")
    expected = row(found, "oee", path=PRESS)["value"]
    assert expected == pytest.approx(8 / 24)
    limited = row(found, "oee_bottleneck", path=LINE)
    assert (limited["value"], limited["note"]) == (pytest.approx(expected), "")
    assert days_needed(PARK, [LINE], None) == ([LINE, PRESS], None)
    assert days_needed(PARK, [LINE], ["oee", "stops:idle/x"]) == (
        [LINE],
        [*ACCOUNT, "loss:idle/x", "stops:idle/x"],
    )


def test_no_days_are_no_weeks() -> None:
    assert weeks(RESULTS.to_frame(), PARK, "week").equals(RESULTS.to_frame())
