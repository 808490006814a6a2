"""Calendars: when work is planned, and where hours and days begin, in a factory's own time zone.

Everything outside is UTC and half-open, [start, end). A local time of day becomes an instant by its date and zone: one
that a clock change skips lies after the change, one that it repeats is the first of the two. So a night
shift is an hour shorter or longer on those two days, a day has 23 or 25 hours, and no instant belongs to two.

    planned    name: str   shift_start, shift_end, start, end: datetime[us, UTC]
               one row per piece of a shift that is planned work: a shift without its breaks
    windows    period: str (hour, shift, day)   name: str (of the shift, else empty)   start, end: datetime[us, UTC]
    shares     period: str   begins, start, end: datetime[us, UTC]
               pieces of planned work within the window of that period which begins at `begins`; they do not overlap
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import polars as pl

from analytics.spans import MOMENT
from collector.park import WEEKDAYS, Calendar, Shift

PLANNED: Final = pl.Schema(
    {"name": pl.String(), "shift_start": MOMENT, "shift_end": MOMENT, "start": MOMENT, "end": MOMENT}
)
"""Columns of planned work, by start."""

WINDOWS: Final = pl.Schema({"period": pl.String(), "name": pl.String(), "start": MOMENT, "end": MOMENT})
"""Columns of windows."""

SHARES: Final = pl.Schema({"period": pl.String(), "begins": MOMENT, "start": MOMENT, "end": MOMENT})
"""Columns of planned work within windows."""

PERIODS: Final = ("hour", "shift", "day")
"""What windows are called by, from the shortest."""

_DAY: Final = timedelta(days=1)


class Interval(NamedTuple):
    """[start, end) in UTC."""

    start: datetime
    end: datetime


def planned(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime) -> pl.DataFrame:
    """Give the planned work of every shift that touches [start, end), whole, as columns of `PLANNED`."""
    rows = []
    day = start.astimezone(zone).date() - 2 * _DAY
    while day <= end.astimezone(zone).date():
        for shift in calendar.shifts:
            whole = _interval(day, shift.start, shift.end, zone)
            if _begins(calendar, shift, day) and whole.start < whole.end and whole.start < end and whole.end > start:
                rows += [(shift.name, *whole, *piece) for piece in _without_breaks(shift, day, whole, zone)]
        day += _DAY
    return pl.DataFrame(rows, schema=PLANNED, orient="row").sort("start", maintain_order=True)


def hours(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Interval]:
    """Give the local hours that touch [start, end)."""
    begins = _hour_of(start.astimezone(UTC), zone)
    while begins < end:
        following = _hour_of(begins + timedelta(hours=1), zone)
        if following <= begins:  # a clock change by half an hour lets two hours begin within one
            following = begins + timedelta(hours=1)
        yield Interval(begins, following)
        begins = following


def days(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Interval]:
    """Give the local days that touch [start, end)."""
    day = start.astimezone(zone).date()
    while (whole := _interval(day, time(), time(), zone)).start < end:
        if whole.end > start:
            yield whole
        day += _DAY


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows of one calendar in one zone, and the work planned in each."""

    windows: pl.DataFrame
    """Columns of `WINDOWS`; one window per period and start."""

    shares: pl.DataFrame
    """Columns of `SHARES`; windows in which nothing is planned have none."""


def plan(calendar: Calendar, zone: ZoneInfo, start: datetime, end: datetime) -> Plan:
    """Give the hours, shifts and days that touch [start, end), whole.

    A shift has its own planned work. Hours and days have that of every shift; where shifts overlap (weekday and weekend
    variants on a day that was opened) it counts once, and of shifts that begin together the first listed is shown.
    """
    work = planned(calendar, zone, start - 2 * _DAY, end + 2 * _DAY)
    plain = [("hour", "", *hour) for hour in hours(zone, start, end)]
    plain += [("day", "", *day) for day in days(zone, start, end)]
    shifts = (
        work.filter((pl.col("shift_start") < end) & (pl.col("shift_end") > start))
        .select(period=pl.lit("shift"), name="name", start="shift_start", end="shift_end")
        .unique(["period", "start"], keep="first", maintain_order=True)
    )
    windows = pl.concat([pl.DataFrame(plain, schema=WINDOWS, orient="row"), shifts])
    return Plan(windows, _shares(windows, work))


def _shares(windows: pl.DataFrame, work: pl.DataFrame) -> pl.DataFrame:
    """Cut planned work by windows."""
    shift = pl.col("period") == "shift"
    plain = windows.filter(~shift).select("period", begins="start", ends="end")
    own = work.join(windows.filter(shift), left_on=["name", "shift_start"], right_on=["name", "start"])
    overlaps = _united(work).join_where(plain, pl.col("start") < pl.col("ends"), pl.col("end") > pl.col("begins"))
    return pl.concat(
        [
            own.select("period", begins="shift_start", start="start", end="end"),
            overlaps.select(
                "period",
                "begins",
                start=pl.max_horizontal("start", "begins"),
                end=pl.min_horizontal("end", "ends"),
            ),
        ]
    ).sort("period", "begins", "start")


def _begins(calendar: Calendar, shift: Shift, day: date) -> bool:
    if day in calendar.open:
        return True
    return day not in calendar.closed and WEEKDAYS[day.weekday()] in shift.days


def _interval(day: date, start: time, end: time, zone: ZoneInfo) -> Interval:
    """Give the interval between two local times of day; an end at or before the start is on the next day."""
    ends = day if end > start else day + _DAY
    return Interval(*(datetime.combine(d, t, zone).astimezone(UTC) for d, t in ((day, start), (ends, end))))


def _without_breaks(shift: Shift, day: date, whole: Interval, zone: ZoneInfo) -> Iterator[Interval]:
    """Cut the breaks out of a shift that begins on `day`."""
    crosses = shift.end <= shift.start
    breaks = sorted(
        _interval(day + _DAY if crosses and pause.start < shift.start else day, pause.start, pause.end, zone)
        for pause in shift.breaks
    )
    begins = whole.start
    for pause in breaks:
        if pause.start > begins and pause.start < whole.end:
            yield Interval(begins, pause.start)
        begins = max(begins, pause.end)
    if begins < whole.end:
        yield Interval(begins, whole.end)


def _hour_of(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the beginning of the local hour that `instant` lies in, UTC."""
    local = instant.astimezone(zone)
    return instant - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)


def _united(work: pl.DataFrame) -> pl.DataFrame:
    """Join pieces that overlap."""
    ordered = work.select("start", "end").sort("start", "end")
    reach = pl.col("end").cum_max().shift()
    return (
        ordered.with_columns(run=(pl.col("start") > reach).fill_null(value=True).cum_sum())
        .group_by("run", maintain_order=True)
        .agg(pl.col("start").first(), pl.col("end").max())
        .drop("run")
    )
