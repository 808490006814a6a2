"""Periods: where they begin, how long they are, and when they are over everywhere."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from analytics.disclosure.periods import Span, ahead_of, beginning, begins, span

ZONES = (ZoneInfo("Asia/Shanghai"), ZoneInfo("America/Chicago"))


def test_weeks_begin_on_mondays_and_months_on_the_first() -> None:
    assert beginning(date(2026, 3, 2), "week") == date(2026, 3, 2)
    assert beginning(date(2026, 3, 3), "week") == date(2026, 3, 9)
    assert beginning(date(2026, 3, 1), "month") == date(2026, 3, 1)
    assert beginning(date(2026, 12, 2), "month") == date(2027, 1, 1)
    assert beginning(date(2026, 3, 3), "day") == date(2026, 3, 3)


def test_periods_follow_each_other_without_a_gap() -> None:
    assert span(date(2026, 3, 2), "day") == Span(date(2026, 3, 2), date(2026, 3, 3))
    assert span(date(2026, 3, 2), "week") == Span(date(2026, 3, 2), date(2026, 3, 9))
    assert span(date(2028, 2, 1), "month") == Span(date(2028, 2, 1), date(2028, 3, 1))
    assert len(list(span(date(2028, 2, 1), "month").days())) == 29


def test_a_day_is_over_when_it_is_over_everywhere() -> None:
    assert begins(date(2026, 3, 3), ZONES) == datetime(2026, 3, 3, 6, tzinfo=UTC)
    assert begins(date(2026, 7, 3), ZONES) == datetime(2026, 7, 3, 5, tzinfo=UTC)


def test_capacity_is_told_a_week_before_a_day_begins_anywhere() -> None:
    assert ahead_of(date(2026, 3, 3), ZONES) == datetime(2026, 2, 23, 16, tzinfo=UTC)
