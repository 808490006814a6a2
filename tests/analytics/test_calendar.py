"""Calendars in local time: shifts, breaks, holidays, moved working days, and the two days of the year that are odd."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.calendar import days, hours, plan, planned
from collector.park import Break, Calendar, Shift
from tests.analytics.plant import EXAMPLES

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHICAGO = ZoneInfo("America/Chicago")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")

THREE = Calendar(
    shifts=(
        Shift(name="early", start=time(6), end=time(14)),
        Shift(name="late", start=time(14), end=time(22)),
        Shift(name="night", start=time(22), end=time(6)),
    )
)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


def seconds(frame: pl.DataFrame) -> float:
    return frame.select((pl.col("end") - pl.col("start")).sum().dt.total_milliseconds() / 1000).item()  # type: ignore[no-any-return]


def pieces(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime) -> list[tuple[str, datetime, datetime]]:
    return planned(calendar, zone, start, end).select("name", "start", "end").rows()


def test_a_shift_stands_in_utc() -> None:
    calendar = Calendar(shifts=(Shift(name="day", start=time(8), end=time(17)),))
    assert pieces(calendar, SHANGHAI, utc(2026, 3, 2), utc(2026, 3, 2, 12)) == [
        ("day", utc(2026, 3, 2, 0), utc(2026, 3, 2, 9))
    ]


def test_breaks_are_no_planned_work() -> None:
    breaks = (Break(start=time(12), end=time(12, 45)), Break(start=time(9), end=time(9, 15)))
    calendar = Calendar(shifts=(Shift(name="day", start=time(8), end=time(17), breaks=breaks),))
    assert pieces(calendar, ZoneInfo("UTC"), utc(2026, 3, 2), utc(2026, 3, 3)) == [
        ("day", utc(2026, 3, 2, 8), utc(2026, 3, 2, 9)),
        ("day", utc(2026, 3, 2, 9, 15), utc(2026, 3, 2, 12)),
        ("day", utc(2026, 3, 2, 12, 45), utc(2026, 3, 2, 17)),
    ]


def test_a_break_after_midnight_belongs_to_the_night_shift() -> None:
    night = Shift(name="night", start=time(22), end=time(6), breaks=(Break(start=time(2), end=time(2, 30)),))
    assert pieces(Calendar(shifts=(night,)), ZoneInfo("UTC"), utc(2026, 3, 2, 22), utc(2026, 3, 3, 6)) == [
        ("night", utc(2026, 3, 2, 22), utc(2026, 3, 3, 2)),
        ("night", utc(2026, 3, 3, 2, 30), utc(2026, 3, 3, 6)),
    ]


def test_breaks_that_overlap_or_reach_out_cut_once() -> None:
    breaks = (
        Break(start=time(7), end=time(9)),
        Break(start=time(8, 30), end=time(10)),
        Break(start=time(16), end=time(18)),
    )
    calendar = Calendar(shifts=(Shift(name="day", start=time(8), end=time(17), breaks=breaks),))
    assert pieces(calendar, ZoneInfo("UTC"), utc(2026, 3, 2), utc(2026, 3, 3)) == [
        ("day", utc(2026, 3, 2, 10), utc(2026, 3, 2, 16))
    ]


@pytest.mark.parametrize(("day", "expected"), [(date(2026, 3, 8), 7), (date(2026, 11, 1), 9), (date(2026, 6, 1), 8)])
def test_a_night_shift_has_the_hours_that_the_night_has(day: date, expected: int) -> None:
    noon = datetime.combine(day, time(12), CHICAGO)
    night = planned(THREE, CHICAGO, noon - timedelta(hours=10), noon - timedelta(hours=9)).filter(name="night")
    assert seconds(night) == expected * 3600


def test_a_start_that_a_clock_change_skips_lies_after_it() -> None:
    calendar = Calendar(shifts=(Shift(name="day", start=time(2, 30), end=time(8)),))
    assert pieces(calendar, CHICAGO, utc(2026, 3, 8), utc(2026, 3, 9, 6)) == [
        ("day", utc(2026, 3, 8, 8, 30), utc(2026, 3, 8, 13))
    ]


def test_weekdays_holidays_and_moved_working_days() -> None:
    week = Shift(name="day", days=("mon", "tue", "wed", "thu", "fri"), start=time(8), end=time(16))
    calendar = Calendar(shifts=(week,), closed=(date(2026, 2, 17),), open=(date(2026, 2, 14),))
    begun = planned(calendar, SHANGHAI, utc(2026, 2, 13), utc(2026, 2, 19))["start"].dt.date().to_list()
    assert begun == [date(2026, 2, day) for day in (13, 14, 16, 18)]


def test_hours_begin_where_local_hours_do() -> None:
    kolkata = ZoneInfo("Asia/Kolkata")
    assert [hour.start.minute for hour in hours(kolkata, utc(2026, 3, 2, 4), utc(2026, 3, 2, 6))] == [30, 30, 30]


def test_days_are_23_and_25_hours_long_twice_a_year() -> None:
    lengths = {
        day.start.astimezone(CHICAGO).date(): (day.end - day.start) / timedelta(hours=1)
        for day in days(CHICAGO, utc(2026, 3, 7, 12), utc(2026, 11, 3))
    }
    assert lengths[date(2026, 3, 8)] == 23
    assert lengths[date(2026, 11, 1)] == 25
    assert lengths[date(2026, 7, 1)] == 24


@EXAMPLES
@given(
    st.sampled_from([SHANGHAI, CHICAGO, LORD_HOWE, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/Sao_Paulo")]),
    st.datetimes(datetime(2015, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - given its zone below
    st.floats(0.1, 80),
)
def test_hours_and_days_cover_time_once(zone: ZoneInfo, begin: datetime, length: float) -> None:
    start = begin.replace(tzinfo=UTC)
    end = start + timedelta(hours=length)
    for windows in (list(hours(zone, start, end)), list(days(zone, start, end))):
        assert windows[0].start <= start < windows[0].end
        assert windows[-1].start < end <= windows[-1].end
        assert all(a.end == b.start for a, b in pairwise(windows))


@EXAMPLES
@given(
    st.sampled_from([SHANGHAI, CHICAGO, LORD_HOWE]),
    st.datetimes(datetime(2025, 12, 1), datetime(2027, 1, 1)),  # noqa: DTZ001 - given its zone below
    st.integers(1, 100),
)
def test_around_the_clock_every_hour_and_day_is_planned_whole(zone: ZoneInfo, begin: datetime, length: int) -> None:
    start = begin.replace(tzinfo=UTC)
    made = plan(THREE, zone, start, start + timedelta(hours=length))
    for period in ("hour", "day", "shift"):
        windows = made.windows.filter(period=period)
        assert seconds(made.shares.filter(period=period)) == seconds(windows)


def test_planned_work_of_a_window_does_not_depend_on_what_was_asked_for() -> None:
    start = utc(2026, 3, 2, 10, 30)
    narrow = plan(THREE, SHANGHAI, start, start + timedelta(seconds=1))
    wide = plan(THREE, SHANGHAI, start - timedelta(days=3), start + timedelta(days=3))
    windows = narrow.windows.select("period", begins="start")
    assert narrow.windows["period"].to_list() == ["hour", "day", "shift"]
    assert wide.shares.join(windows, on=["period", "begins"], how="semi").equals(narrow.shares)


def test_shifts_that_overlap_on_a_day_that_was_opened_count_once() -> None:
    calendar = Calendar(
        shifts=(
            Shift(name="long", days=("mon",), start=time(8), end=time(16)),
            Shift(name="short", days=("sat",), start=time(8), end=time(12)),
        ),
        open=(date(2026, 3, 7),),
    )
    made = plan(calendar, ZoneInfo("UTC"), utc(2026, 3, 7), utc(2026, 3, 8))
    assert seconds(made.shares.filter(period="day")) == 8 * 3600
    assert made.windows.filter(period="shift")["name"].to_list() == ["long"]
