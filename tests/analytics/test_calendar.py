"""Calendars in local time: shifts, rotations, holidays, special days, and maintenance."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.calendar import WINDOWS, WORK, notes, windows_of, work
from collector.worktime import Break, Calendar, Holidays, Maintenance, Rotation, Shift, Special
from tests.analytics.shifts import (
    CHICAGO,
    DAY,
    EARLY,
    GREENWICH,
    LORD_HOWE,
    NIGHT,
    SHANGHAI,
    ST_JOHNS,
    THREE,
    pieces,
    seconds,
    utc,
    windows,
)


def hours_worked(calendar: Calendar, days: Sequence[date], zone: ZoneInfo = SHANGHAI) -> list[float]:
    """Give the planned hours of shifts that begin on local days."""
    begun = [
        (start.astimezone(zone).date(), (end - start) / timedelta(hours=1))
        for _, start, end in windows(
            calendar,
            zone,
            datetime.combine(days[0], time(), zone),
            datetime.combine(days[-1] + timedelta(days=1), time(), zone),
        )
    ]
    return [sum(lasted for day, lasted in begun if day == one) for one in days]


def dates(first: date, count: int) -> list[date]:
    return [first + timedelta(days=n) for n in range(count)]


def test_a_shift_stands_in_utc() -> None:
    calendar = Calendar(shifts=(Shift(name="day", start=time(8), end=time(17)),))
    assert pieces(calendar, SHANGHAI, utc(2026, 3, 2), utc(2026, 3, 2, 12)) == [
        ("day", utc(2026, 3, 2, 0), utc(2026, 3, 2, 9))
    ]


def test_work_is_cut_to_what_was_asked_for() -> None:
    assert pieces(THREE, GREENWICH, utc(2026, 3, 2, 5), utc(2026, 3, 2, 7)) == [
        ("night", utc(2026, 3, 2, 5), utc(2026, 3, 2, 6)),
        ("early", utc(2026, 3, 2, 6), utc(2026, 3, 2, 7)),
    ]
    assert work(THREE, (), GREENWICH, utc(2026, 3, 2, 6), utc(2026, 3, 2, 6)).schema == WORK
    assert windows_of(THREE, GREENWICH, utc(2026, 3, 2, 6), utc(2026, 3, 2, 6)).schema == WINDOWS
    assert pieces(THREE, GREENWICH, utc(2026, 3, 2, 6), utc(2026, 3, 2, 6)) == []


def test_breaks_are_no_planned_work() -> None:
    breaks = (Break(start=time(12), end=time(12, 45)), Break(start=time(9), end=time(9, 15)))
    calendar = Calendar(shifts=(Shift(name="day", start=time(8), end=time(17), breaks=breaks),))
    assert pieces(calendar, GREENWICH, utc(2026, 3, 2), utc(2026, 3, 3)) == [
        ("day", utc(2026, 3, 2, 8), utc(2026, 3, 2, 9)),
        ("day", utc(2026, 3, 2, 9, 15), utc(2026, 3, 2, 12)),
        ("day", utc(2026, 3, 2, 12, 45), utc(2026, 3, 2, 17)),
    ]
    assert windows(calendar, GREENWICH, utc(2026, 3, 2), utc(2026, 3, 3)) == [
        ("day", utc(2026, 3, 2, 8), utc(2026, 3, 2, 17))
    ]


@pytest.mark.parametrize(
    ("pause", "expected"),
    [
        ((time(2), time(2, 30)), [(22, 26), (26.5, 30)]),
        ((time(23, 45), time(0, 15)), [(22, 23.75), (24.25, 30)]),
        ((time(22), time(22, 10)), [(22 + 1 / 6, 30)]),
        ((time(5, 30), time(6)), [(22, 29.5)]),
    ],
)
def test_a_break_of_a_night_shift_may_lie_on_either_side_of_midnight(
    pause: tuple[time, time], expected: list[tuple[float, float]]
) -> None:
    night = NIGHT.model_copy(update={"breaks": (Break(start=pause[0], end=pause[1]),)})
    found = pieces(Calendar(shifts=(night,)), GREENWICH, utc(2026, 3, 2, 12), utc(2026, 3, 3, 12))
    midnight = utc(2026, 3, 2)
    assert found == [("night", midnight + timedelta(hours=a), midnight + timedelta(hours=b)) for a, b in expected]


def test_breaks_that_overlap_or_reach_out_cut_once() -> None:
    breaks = (
        Break(start=time(7), end=time(9)),
        Break(start=time(8, 30), end=time(10)),
        Break(start=time(16), end=time(18)),
    )
    calendar = Calendar(shifts=(Shift(name="day", start=time(8), end=time(17), breaks=breaks),))
    assert pieces(calendar, GREENWICH, utc(2026, 3, 2), utc(2026, 3, 3)) == [
        ("day", utc(2026, 3, 2, 10), utc(2026, 3, 2, 16))
    ]


@pytest.mark.parametrize(
    ("zone", "day", "expected"),
    [
        (CHICAGO, date(2026, 3, 7), 7),
        (CHICAGO, date(2026, 10, 31), 9),
        (CHICAGO, date(2026, 6, 1), 8),
        (SHANGHAI, date(2026, 3, 7), 8),
        (SHANGHAI, date(1991, 4, 13), 7),
        (SHANGHAI, date(1991, 9, 14), 9),
        (LORD_HOWE, date(2026, 4, 4), 8.5),
        (LORD_HOWE, date(2026, 10, 3), 7.5),
        (ST_JOHNS, date(2006, 10, 28), 9),
    ],
)
def test_a_night_shift_has_the_hours_that_the_night_has(zone: ZoneInfo, day: date, expected: float) -> None:
    noon = datetime.combine(day, time(12), zone)
    night = windows(THREE, zone, noon, noon + timedelta(hours=12))[-1]
    assert (night[0], (night[2] - night[1]) / timedelta(hours=1)) == ("night", expected)
    assert (
        sum((end - start) / timedelta(hours=1) for _, start, end in pieces(THREE, zone, night[1], night[2])) == expected
    )


def test_a_start_that_a_clock_change_skips_lies_after_it() -> None:
    calendar = Calendar(shifts=(Shift(name="day", start=time(2, 30), end=time(8)),))
    assert pieces(calendar, CHICAGO, utc(2026, 3, 8), utc(2026, 3, 9, 6)) == [
        ("day", utc(2026, 3, 8, 8, 30), utc(2026, 3, 8, 13))
    ]


def test_a_time_that_a_clock_change_repeats_is_the_first_of_the_two() -> None:
    calendar = Calendar(shifts=(Shift(name="day", start=time(1, 30), end=time(8)),))
    assert pieces(calendar, CHICAGO, utc(2026, 11, 1, 6), utc(2026, 11, 2, 6)) == [
        ("day", utc(2026, 11, 1, 6, 30), utc(2026, 11, 1, 14))
    ]


@pytest.mark.parametrize("end", [time(3), time(2, 59)])
def test_a_shift_within_an_hour_that_is_skipped_has_no_length_and_no_window(end: time) -> None:
    calendar = Calendar(shifts=(Shift(name="service", start=time(2), end=end), EARLY))
    start, stop = utc(2026, 3, 8, 6), utc(2026, 3, 9, 5)
    if end == time(3):
        assert windows(calendar, CHICAGO, start, stop) == [("early", utc(2026, 3, 8, 11), utc(2026, 3, 8, 19))]
        assert pieces(calendar, CHICAGO, start, stop) == [("early", utc(2026, 3, 8, 11), utc(2026, 3, 8, 19))]
    else:  # both of its ends lie after the change, as if it had been an hour later
        assert windows(calendar, CHICAGO, start, stop)[0] == ("service", utc(2026, 3, 8, 8), utc(2026, 3, 8, 8, 59))


@pytest.mark.parametrize(
    "pause", [Break(start=time(2), end=time(3)), Break(start=time(2, 30), end=time(3))], ids=["no length", "backwards"]
)
def test_a_break_that_a_clock_change_leaves_nothing_of_is_none(pause: Break) -> None:
    night = NIGHT.model_copy(update={"breaks": (pause,)})
    assert pieces(Calendar(shifts=(night,)), CHICAGO, utc(2026, 3, 7, 12), utc(2026, 3, 8, 12)) == [
        ("night", utc(2026, 3, 8, 4), utc(2026, 3, 8, 11))
    ]


def test_weekdays_closed_and_open_days() -> None:
    calendar = Calendar(shifts=(DAY,), closed=(date(2026, 2, 17),), open=(date(2026, 2, 14),))
    begun = [start.day for _, start, _ in windows(calendar, SHANGHAI, utc(2026, 2, 13), utc(2026, 2, 19))]
    assert begun == [13, 14, 16, 18]


def test_two_shifts_cover_weekdays() -> None:
    two = Calendar(
        shifts=(
            Shift(name="day", days=DAY.days, start=time(8), end=time(20)),
            Shift(name="night", days=DAY.days, start=time(20), end=time(8)),
        )
    )
    assert hours_worked(two, dates(date(2026, 3, 2), 7)) == [24, 24, 24, 24, 24, 0, 0]


def test_four_days_on_and_two_off() -> None:
    calendar = Calendar(
        shifts=(Shift(name="day", turns=(1, 2, 3, 4), start=time(8), end=time(20)),),
        rotation=Rotation(start=date(2026, 3, 3), length=6),
    )
    assert hours_worked(calendar, dates(date(2026, 3, 1), 12)) == [0, 0, 12, 12, 12, 12, 0, 0, 12, 12, 12, 12]


def test_crews_that_take_turns() -> None:
    crews = [
        Shift(name=f"crew-{crew}", turns=(first, first + 1, (first + 1) % 8 + 1), start=time(8), end=time(8))
        for crew, first in (("a", 1), ("b", 4))
    ]
    calendar = Calendar(shifts=tuple(crews), rotation=Rotation(start=date(2026, 3, 2), length=8))
    begun = [name[-1] for name, _, _ in windows(calendar, GREENWICH, utc(2026, 3, 2, 8), utc(2026, 3, 18, 8))]
    assert begun == list("aaabbb" * 2)


def test_big_and_small_weeks() -> None:
    """大小周: six days in one week, five in the next."""
    calendar = Calendar(
        shifts=(Shift(name="day", turns=(*range(1, 7), *range(8, 13)), start=time(8), end=time(16)),),
        rotation=Rotation(start=date(2026, 3, 2), length=14),
    )
    week = hours_worked(calendar, dates(date(2026, 2, 16), 28))
    assert week == ([8.0] * 6 + [0] + [8.0] * 5 + [0, 0]) * 2


def test_chinese_holidays_of_2026_with_moved_working_days() -> None:
    calendar = Calendar(shifts=(DAY,), holidays=Holidays(country="CN"), open=(date(2026, 9, 20), date(2026, 10, 10)))
    days = dates(date(2026, 9, 19), 24)
    lasted = hours_worked(calendar, days)
    worked = [(day.month, day.day) for day, hours in zip(days, lasted, strict=True) if hours]
    assert worked == [(9, day) for day in (20, 21, 22, 23, 24, 28, 29, 30)] + [(10, day) for day in (8, 9, 10, 12)]


def test_holidays_of_a_part_of_a_country() -> None:
    epiphany = dates(date(2026, 1, 6), 1)
    berlin = ZoneInfo("Europe/Berlin")
    of_all, of_bavaria = (
        Calendar(shifts=(DAY,), holidays=Holidays(country="DE", subdivision=part)) for part in ("", "BY")
    )
    assert hours_worked(of_all, epiphany, berlin) == [8]
    assert hours_worked(of_bavaria, epiphany, berlin) == [0]


@pytest.mark.parametrize("year", [1880, 2027, 2300, 9998])
def test_years_whose_holidays_nobody_has_decided_on_have_work(year: int) -> None:
    calendar = Calendar(shifts=(DAY,), holidays=Holidays(country="CN"))
    assert len(windows(calendar, SHANGHAI, utc(year, 1, 1), utc(year, 12, 31))) > 200


def test_a_country_that_is_not_known_is_an_error() -> None:
    calendar = Calendar(shifts=(DAY,), holidays=Holidays(country="XX"))
    with pytest.raises(ValueError, match="no public holidays are known of XX"):
        work(calendar, (), SHANGHAI, utc(2026, 1, 1), utc(2026, 1, 2))


def test_the_night_before_a_holiday_is_worked_to_its_end() -> None:
    calendar = THREE.model_copy(update={"holidays": Holidays(country="CN")})
    assert windows(calendar, SHANGHAI, utc(2026, 9, 30, 14), utc(2026, 10, 3, 22)) == [
        ("night", utc(2026, 9, 30, 14), utc(2026, 9, 30, 22))
    ]


def test_the_last_word_about_a_day_counts() -> None:
    day = date(2026, 10, 1)
    extra = Shift(name="overtime", start=time(9), end=time(11))

    def worked(**keys: Any) -> float:
        return hours_worked(Calendar(shifts=(DAY,), **keys), [day])[0]

    assert worked() == 8
    assert worked(holidays=Holidays(country="CN")) == 0
    assert worked(closed=(day,)) == 0
    assert worked(holidays=Holidays(country="CN"), open=(day,)) == 8
    assert worked(closed=(day,), open=(day,)) == 8
    assert worked(open=(day,), special=(Special(day=day),)) == 0
    assert worked(holidays=Holidays(country="CN"), special=(Special(day=day, extra=(extra,)),)) == 2
    assert worked(special=(Special(day=day, shifts=("day",)), Special(day=day, extra=(extra,)))) == 2
    assert worked(special=(Special(day=date(2026, 9, 28), until=date(2026, 10, 3), shifts=("day",)),)) == 8


def test_overtime_of_one_day_has_a_window_of_its_own() -> None:
    overtime = Shift(name="overtime", start=time(18), end=time(1), breaks=(Break(start=time(21), end=time(21, 30)),))
    saturday = Special(day=date(2026, 3, 7), shifts=("day",), extra=(overtime,), note="order 4711")
    calendar = Calendar(shifts=(DAY,), special=(saturday,))
    start, end = utc(2026, 3, 7), utc(2026, 3, 9)
    assert windows(calendar, GREENWICH, start, end) == [
        ("day", utc(2026, 3, 7, 8), utc(2026, 3, 7, 16)),
        ("overtime", utc(2026, 3, 7, 18), utc(2026, 3, 8, 1)),
    ]
    assert seconds(work(calendar, (), GREENWICH, start, end)) == 14.5 * 3600


def test_notes_tell_why_a_day_is_other_than_usual() -> None:
    calendar = Calendar(
        shifts=(DAY,),
        holidays=Holidays(country="CN"),
        open=(date(2026, 10, 3),),
        special=(
            Special(day=date(2026, 10, 2), until=date(2026, 10, 3), shifts=("day",)),
            Special(day=date(2026, 9, 30), note="stocktaking"),
            Special(day=date(2026, 10, 1), note="oven test"),
        ),
    )
    start, end = utc(2026, 9, 29, 16), utc(2026, 10, 5, 16)
    assert notes(calendar, SHANGHAI, start, end) == {
        date(2026, 9, 30): "stocktaking",
        date(2026, 10, 1): "oven test",
        date(2026, 10, 2): "National Day",
        date(2026, 10, 3): "National Day",
        date(2026, 10, 5): "National Day (observed)",
    }
    assert notes(calendar, SHANGHAI, start, end, language="zh")[date(2026, 10, 2)] == "国庆节"
    assert notes(calendar.model_copy(update={"special": ()}), SHANGHAI, start, end).get(date(2026, 10, 3)) is None
    assert notes(THREE, SHANGHAI, start, end) == {}


def test_notes_are_of_the_days_that_are_touched() -> None:
    calendar = Calendar(shifts=(DAY,), special=tuple(Special(day=date(2026, 3, n), note=str(n)) for n in (1, 2, 3)))
    midnight = datetime(2026, 3, 2, tzinfo=CHICAGO)
    assert list(notes(calendar, CHICAGO, midnight, midnight + timedelta(days=1)).values()) == ["2"]
    assert list(notes(calendar, CHICAGO, midnight, midnight + timedelta(days=1, hours=1)).values()) == ["2", "3"]


def test_maintenance_takes_planned_time_only() -> None:
    calendar = Calendar(
        shifts=(DAY,),
        maintenance=(Maintenance(name="oil", days=("mon",), at=time(15), lasts=timedelta(hours=3)),),
    )
    own = Maintenance(name="belt", start=datetime(2026, 3, 2, 7), end=datetime(2026, 3, 2, 9))  # noqa: DTZ001 - local
    assert work(calendar, (own,), GREENWICH, utc(2026, 3, 2), utc(2026, 3, 3)).rows() == [
        (utc(2026, 3, 2, 8), utc(2026, 3, 2, 9), "maintenance", "belt"),
        (utc(2026, 3, 2, 9), utc(2026, 3, 2, 15), "planned", "day"),
        (utc(2026, 3, 2, 15), utc(2026, 3, 2, 16), "maintenance", "oil"),
    ]


def test_maintenance_that_overlaps_counts_once_for_the_first_listed() -> None:
    calendar = Calendar(
        shifts=(DAY,),
        maintenance=(Maintenance(name="oil", days=("mon",), at=time(10), lasts=timedelta(hours=1)),),
    )
    own = (
        Maintenance(name="belt", days=("mon",), at=time(9), lasts=timedelta(hours=3)),
        Maintenance(name="lamp", days=("mon",), at=time(11), lasts=timedelta(hours=2)),
    )
    found = work(calendar, own, GREENWICH, utc(2026, 3, 2), utc(2026, 3, 3)).filter(kind="maintenance")
    assert [(row[3], row[0].hour, row[1].hour) for row in found.rows()] == [
        ("belt", 9, 10),
        ("oil", 10, 11),
        ("belt", 11, 12),
        ("lamp", 12, 13),
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [(1, (8, 10)), (8, (7, 9))],
    ids=["by standard time", "by summer time"],
)
def test_weekly_maintenance_begins_by_the_clock_on_the_wall_and_lasts_as_long_as_it_says(
    day: int, expected: tuple[int, int]
) -> None:
    sunday = Maintenance(name="oil", days=("sun",), at=time(1, 30), lasts=timedelta(hours=2))
    found = work(THREE, (sunday,), CHICAGO, utc(2026, 3, day), utc(2026, 3, day, 20)).filter(kind="maintenance")
    assert found.rows() == [(utc(2026, 3, day, 7, 30), utc(2026, 3, day, 9, 30), "maintenance", "oil")]
    later = Maintenance(name="oil", days=("sun",), at=time(12), lasts=timedelta(hours=1))
    found = work(THREE, (later,), CHICAGO, utc(2026, 3, day, 12), utc(2026, 3, day, 20)).filter(kind="maintenance")
    assert found["start"].to_list() == [utc(2026, 3, day, expected[0] + 10)]


def test_maintenance_of_days_is_seen_wherever_one_looks() -> None:
    long = Maintenance(name="rebuild", days=("mon",), at=time(6), lasts=timedelta(days=5))
    assert work(THREE, (long,), GREENWICH, utc(2026, 3, 6), utc(2026, 3, 6, 6)).rows() == [
        (utc(2026, 3, 6), utc(2026, 3, 6, 6), "maintenance", "rebuild")
    ]


def test_shifts_that_overlap_on_a_day_that_was_opened_count_once() -> None:
    calendar = Calendar(
        shifts=(
            Shift(name="long", days=("mon",), start=time(8), end=time(16)),
            Shift(name="short", days=("sat",), start=time(8), end=time(12)),
            Shift(name="early", days=("sun",), start=time(6), end=time(18)),
        ),
        open=(date(2026, 3, 7),),
    )
    start, end = utc(2026, 3, 7), utc(2026, 3, 8)
    assert pieces(calendar, GREENWICH, start, end) == [
        ("early", utc(2026, 3, 7, 6), utc(2026, 3, 7, 8)),
        ("long", utc(2026, 3, 7, 8), utc(2026, 3, 7, 16)),
        ("early", utc(2026, 3, 7, 16), utc(2026, 3, 7, 18)),
    ]
    assert [name for name, _, _ in windows(calendar, GREENWICH, start, end)] == ["early", "long"]


def test_in_a_break_another_shift_may_work() -> None:
    calendar = Calendar(
        shifts=(
            Shift(name="a", start=time(8), end=time(16), breaks=(Break(start=time(12), end=time(13)),)),
            Shift(name="b", start=time(10), end=time(14)),
        )
    )
    assert pieces(calendar, GREENWICH, utc(2026, 3, 2), utc(2026, 3, 3)) == [
        ("a", utc(2026, 3, 2, 8), utc(2026, 3, 2, 12)),
        ("b", utc(2026, 3, 2, 12), utc(2026, 3, 2, 13)),
        ("a", utc(2026, 3, 2, 13), utc(2026, 3, 2, 16)),
    ]


def test_windows_come_hours_first_and_do_not_depend_on_what_was_asked_for() -> None:
    start = utc(2026, 3, 2, 10, 30)
    narrow = windows_of(THREE, SHANGHAI, start, start + timedelta(seconds=1))
    wide = windows_of(THREE, SHANGHAI, start - timedelta(days=3), start + timedelta(days=3))
    assert narrow["period"].to_list() == ["hour", "day", "shift"]
    assert wide.join(narrow, on=narrow.columns, how="semi").equals(narrow)
