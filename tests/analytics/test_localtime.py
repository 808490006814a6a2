"""Hours and days by the clock on the wall, where it is changed, too."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.analytics.shifts import APIA, CHICAGO, KOLKATA, LORD_HOWE, ST_JOHNS, THREE, utc, windows


def test_hours_begin_where_local_hours_do() -> None:
    begun = [start.minute for _, start, _ in windows(THREE, KOLKATA, utc(2026, 3, 2, 4), utc(2026, 3, 2, 6), "hour")]
    assert begun == [30, 30, 30]


@pytest.mark.parametrize(
    ("zone", "start", "expected"),
    [
        (CHICAGO, utc(2026, 3, 8, 7), [60, 60, 60]),
        (CHICAGO, utc(2026, 11, 1, 6), [60, 60, 60]),
        (LORD_HOWE, utc(2026, 10, 3, 14, 30), [60, 30, 60]),
        (LORD_HOWE, utc(2026, 4, 4, 14), [90, 60, 60]),
        (ST_JOHNS, utc(2006, 10, 29, 1, 30), [60, 60, 60]),
        (APIA, utc(2011, 12, 30, 9), [60, 60, 60]),
    ],
)
def test_hours_of_a_clock_change(zone: ZoneInfo, start: datetime, expected: list[int]) -> None:
    found = windows(THREE, zone, start, start + timedelta(hours=5), "hour")[:3]
    assert found[0][1] == start
    assert [(end - begin) / timedelta(minutes=1) for _, begin, end in found] == expected


def test_days_are_23_and_25_hours_long_twice_a_year() -> None:
    lengths = {
        start.astimezone(CHICAGO).date(): (end - start) / timedelta(hours=1)
        for _, start, end in windows(THREE, CHICAGO, utc(2026, 3, 7, 12), utc(2026, 11, 3), "day")
    }
    assert lengths.pop(date(2026, 3, 8)) == 23
    assert lengths.pop(date(2026, 11, 1)) == 25
    assert set(lengths.values()) == {24}


def test_a_day_that_a_zone_leaves_out_is_none() -> None:
    found = windows(THREE, APIA, utc(2011, 12, 29, 12), utc(2011, 12, 31), "day")
    assert [start.astimezone(APIA).day for _, start, _ in found] == [29, 31]
