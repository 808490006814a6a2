"""Days become weeks and months, and ratios come from the sums."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from analytics.kpis.contract import ACCOUNT
from analytics.notes import Notes
from analytics.reports.scope import Days, Scope, ScopeError, label
from analytics.reports.sums import (
    DERIVED,
    by_period,
    days,
    main_kpis,
    reasons,
    summed,
    unexplained,
    with_bottlenecks,
    with_kpis,
)
from tests.analytics import plant
from tests.analytics.reports.told import HOUR, account, judged, whole_day

CHICAGO = "America/Chicago"
PRESS = "works/line/press"


def some_days(first: date, count: int, zone: str = CHICAGO, path: str = PRESS) -> pl.DataFrame:
    """Give results of days of which two hours were not scheduled and the rest was produced."""
    frames = []
    for number in range(count):
        day = first + timedelta(days=number)
        lasted = whole_day(path, day, zone, account()).select((pl.col("end") - pl.col("start")).first()).item()
        numbers = account(not_scheduled_time=2 * HOUR, producing_time=lasted.total_seconds() - 2 * HOUR)
        frames.append(whole_day(path, day, zone, numbers))
    return pl.concat(frames)


def accounts(results: pl.DataFrame, first: date, until: date, zone: str = CHICAGO) -> pl.DataFrame:
    return days(results, dict.fromkeys(results["path"].unique().to_list(), zone), Days(first, until))


@pytest.mark.parametrize(
    ("monday", "hours"), [(date(2026, 3, 2), 167), (date(2026, 3, 9), 168), (date(2026, 10, 26), 169)]
)
def test_a_week_has_the_hours_of_its_local_days(monday: date, hours: int) -> None:
    found = accounts(some_days(monday - timedelta(days=3), 14), date(2026, 1, 1), date(2027, 1, 1))
    week = by_period(found, "week").filter(pl.col("first") == monday).row(0, named=True)
    assert week["calendar_time"] == hours * HOUR
    assert week["planned_time"] == (hours - 14) * HOUR
    assert (week["end"] - week["start"]).total_seconds() == hours * HOUR
    assert week["days"] == 7


def test_a_month_is_the_sum_of_its_local_days() -> None:
    found = accounts(some_days(date(2026, 2, 27), 36), date(2026, 2, 27), date(2026, 4, 4))
    months = by_period(found, "month")
    assert months["period"].to_list() == ["2026-02", "2026-03", "2026-04"]
    assert months["days"].to_list() == [2, 31, 3]
    assert months["calendar_time"].to_list() == [48 * HOUR, (31 * 24 - 1) * HOUR, 72 * HOUR]
    assert found["calendar_time"].sum() == months["calendar_time"].sum()


def test_weeks_are_those_of_iso_8601() -> None:
    assert label(date(2026, 12, 28), "week") == "2026-W53"
    found = accounts(
        some_days(date(2026, 12, 31), 5, "Asia/Shanghai"), date(2026, 12, 1), date(2027, 2, 1), "Asia/Shanghai"
    )
    assert by_period(found, "week").select("period", "days").rows() == [("2026-W53", 4), ("2027-W01", 1)]


def test_a_day_that_was_withdrawn_is_none() -> None:
    """As those of another time zone are: all their numbers are null."""
    told = some_days(date(2026, 3, 2), 3)
    second = pl.col("start") == told["start"].unique().sort()[1]
    withdrawn = told.with_columns(pl.when(~second).then("value").alias("value"))
    found = accounts(withdrawn, date(2026, 1, 1), date(2027, 1, 1))
    assert found["day"].to_list() == [date(2026, 3, 2), date(2026, 3, 4)]
    assert summed(found, "path").select("days", "calendar_time").rows() == [(2, 48 * HOUR)]


def test_days_go_by_the_zone_of_each_path() -> None:
    told = pl.concat(
        [
            whole_day("east/line/press", date(2026, 3, 2), "Asia/Shanghai", account(idle_time=HOUR)),
            whole_day("west/line/press", date(2026, 3, 2), CHICAGO, account(idle_time=HOUR)),
        ]
    )
    zones = {"east/line/press": "Asia/Shanghai", "west/line/press": CHICAGO}
    found = days(told, zones, Days(date(2026, 3, 2), date(2026, 3, 3)))
    assert found["day"].to_list() == [date(2026, 3, 2)] * 2
    assert days(told, zones, Days(date(2026, 3, 3), date(2026, 3, 4))).is_empty()


def test_a_ratio_comes_from_the_sums_and_is_no_average() -> None:
    told = pl.concat(
        [
            whole_day(PRESS, date(2026, 3, 2), "UTC", account(producing_time=HOUR)),
            whole_day(PRESS, date(2026, 3, 3), "UTC", account(producing_time=2 * HOUR, idle_time=7 * HOUR)),
        ]
    )
    whole = with_kpis(summed(accounts(told, date(2026, 3, 2), date(2026, 3, 4), "UTC"), "path"), Notes())
    assert whole["utilisation"].item() == pytest.approx(3 / 10)  # and not (1 + 2/9) / 2
    assert whole["coverage"].item() == 1.0


def test_what_nobody_counts_is_null_and_what_one_day_counts_is_a_sum() -> None:
    told = pl.concat(
        [
            whole_day(PRESS, date(2026, 3, 2), "UTC", account(producing_time=HOUR, total_count=7.0)),
            whole_day(PRESS, date(2026, 3, 3), "UTC", account(producing_time=HOUR)),
        ]
    )
    whole = summed(accounts(told, date(2026, 3, 2), date(2026, 3, 4), "UTC"), "path")
    assert whole["total_count"].item() == 7.0
    assert whole["energy"].item() is None


def test_nothing_planned_has_no_ratio() -> None:
    told = whole_day(PRESS, date(2026, 3, 2), "UTC", account(not_scheduled_time=24 * HOUR))
    whole = with_kpis(accounts(told, date(2026, 3, 2), date(2026, 3, 3), "UTC"), Notes())
    assert whole["utilisation"].item() is None
    assert whole["coverage"].item() is None


def test_what_is_not_configured_is_null() -> None:
    found = accounts(
        whole_day(PRESS, date(2026, 3, 2), "UTC", account(idle_time=HOUR)), date(2026, 3, 2), date(2026, 3, 3), "UTC"
    )
    assert with_kpis(found, Notes())["oee"].item() == 0.0
    assert with_kpis(found, Notes(lacking={"oee": {PRESS: "no ideal cycle"}}))["oee"].item() is None


def test_a_line_has_the_oee_of_the_machine_that_limits_it() -> None:
    rows = [("works/line/press", 4, 0.5), ("works/line/oven", 4, 0.9), ("works/line", 4, 0.7), ("works/line", 5, 0.7)]
    frame = pl.DataFrame(rows, schema=["path", "first", "oee"], orient="row")
    found = with_bottlenecks(frame, {"works/line": "works/line/press", "works/other": "works/other/mill"}, "first")
    assert found["oee_bottleneck"].to_list() == [None, None, 0.5, None]


def test_every_kpi_of_the_catalogue_is_in_a_report() -> None:
    found = with_kpis(accounts(some_days(date(2026, 3, 2), 1), date(2026, 3, 1), date(2026, 3, 9)), Notes())
    assert {*ACCOUNT, *(kpi.slug for kpi in DERIVED)} <= set(found.columns)
    assert [kpi.slug for kpi in main_kpis()][:2] == ["utilisation", "availability"]


def test_reasons_are_told_by_day_and_what_is_left_has_none() -> None:
    numbers = account(unplanned_stop_time=2 * HOUR, setup_time=HOUR, idle_time=HOUR)
    told = whole_day(
        PRESS,
        date(2026, 3, 2),
        "UTC",
        numbers,
        {"unplanned_stop/tool/change": 1.5 * HOUR, "setup/": HOUR},
        {"unplanned_stop/tool/change": 3},
    )
    wanted = Days(date(2026, 3, 2), date(2026, 3, 3))
    found = reasons(told, {PRESS: "UTC"}, wanted)
    assert found.select("loss", "reason", "seconds", "stops").rows() == [
        ("setup", "", HOUR, None),
        ("unplanned_stop", "tool/change", 1.5 * HOUR, 3),
    ]
    rest = unexplained(days(told, {PRESS: "UTC"}, wanted), found)
    assert sorted(rest.select("loss", "reason", "seconds").rows()) == [
        ("idle", "", HOUR),
        ("unplanned_stop", "", 0.5 * HOUR),
    ]


def test_judged_accounts_add_up() -> None:
    made = judged(10 * HOUR, 9 * HOUR, 8 * HOUR, setup_time=HOUR)
    assert made["planned_time"] == 11 * HOUR
    assert sum(made[name] or 0.0 for name in ("productive_time", "quality_loss_time", "speed_loss_time")) == 10 * HOUR


def test_the_latest_days_are_whole_weeks_and_months() -> None:
    now, zone = datetime(2026, 11, 24, 20, tzinfo=UTC), ZoneInfo("Asia/Shanghai")  # the 25th there, a Wednesday
    assert Days.latest("day", now, zone) == Days(date(2026, 11, 12), date(2026, 11, 26))
    assert Days.latest("week", now, zone) == Days(date(2026, 10, 5), date(2026, 11, 26))
    assert Days.latest("month", now, zone) == Days(date(2025, 12, 1), date(2026, 11, 26))
    assert Days.latest("month", datetime(2026, 12, 5, tzinfo=UTC), zone).first == date(2026, 1, 1)


def test_local_days_that_begin_in_a_window_are_meant() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    start, end = Days(date(2026, 3, 2), date(2026, 3, 9)).instants(zone)
    assert Days.between(start, end, zone) == Days(date(2026, 3, 2), date(2026, 3, 9))
    later = start + timedelta(microseconds=1)
    assert Days.between(later, end + timedelta(microseconds=1), zone) == Days(date(2026, 3, 3), date(2026, 3, 10))
    with pytest.raises(ScopeError, match="no local day of Asia/Shanghai begins"):
        Days.between(later, later + timedelta(hours=3), zone)


def test_a_scope_is_a_path_and_the_machines_below() -> None:
    bare = plant.machine("works/line/washer").model_copy(update={"signals": ()})
    park = plant.park(
        plant.line("works/line", plant.machine("works/line/press"), bare),
        plant.line("works/line-2", plant.machine("works/line-2/mill")),
        plant.line("abroad/line", plant.machine("abroad/line/oven")),
        zone="Asia/Shanghai",
        abroad=CHICAGO,
    )
    assert Scope.of(park, "").machines == ("works/line/press", "works/line-2/mill", "abroad/line/oven")
    assert Scope.of(park, "works/line").machines == ("works/line/press",)
    assert Scope.of(park, "abroad").zone.key == CHICAGO
    assert Scope.of(park, "works/line/press").is_machine
    with pytest.raises(ScopeError, match="did you mean `works/line`"):
        Scope.of(park, "works/lin")
