"""The local time of one zone: instants of times of day, and where its hours and days begin, fast for whole years.

An instant is a number: microseconds of UTC since 1970. A local time of day becomes an instant by its date and zone: one
that a clock change skips lies after the change, one that it repeats is the first of the two.

A day lasts from its midnight to the next day's, so it has 23 or 25 hours twice a year, and one that a zone leaves out
(Samoa, 2011-12-30) is none. An hour begins whenever the clock shows a full hour, or jumps over one: where it is put
back by an hour there are two hours of the same name, and where it is moved by half an hour (Lord Howe) one of 30
minutes or of 90. No instant belongs to two hours or two days, and none to no one.
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

MICROSECOND: Final = timedelta(microseconds=1)

DAY: Final = timedelta(days=1) // MICROSECOND
"""Microseconds of a day without a clock change."""

_HOUR: Final = timedelta(hours=1) // MICROSECOND
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = _EPOCH.toordinal()
_FULL_HOURS: Final = tuple(time(hour) for hour in range(24))
_NEXT: Final = timedelta(days=1)


def instant_of(moment: datetime) -> int:
    """Give the number of an instant."""
    return (moment - _EPOCH) // MICROSECOND


def since_midnight(at: time) -> int:
    """Give the microseconds of a time of day on a day without a clock change."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


def local_instant(zone: ZoneInfo, day: date, at: time, *, second: bool = False) -> int:
    """Give the instant of a local time of day; `second`: of two that a clock change makes of it, the later."""
    local = datetime.combine(day, at, zone).replace(fold=int(second))
    offset = local.utcoffset() or timedelta(0)
    return (day.toordinal() - _FIRST_DAY) * DAY + since_midnight(at) - offset // MICROSECOND


@lru_cache(maxsize=1 << 14)
def midnight(zone: ZoneInfo, day: date) -> int:
    """Give the instant at which a local day begins."""
    return local_instant(zone, day, time())


def steady(zone: ZoneInfo, day: date, days: int) -> bool:
    """Tell whether no clock is changed within so many local days from `day` on."""
    begins = midnight(zone, day)
    return all(midnight(zone, day + n * _NEXT) - begins == n * DAY for n in range(1, days + 1))


def days(zone: ZoneInfo, start: datetime, end: datetime) -> list[int]:
    """Give where the local days that touch [start, end) begin, and where the last of them ends."""
    return _touching({midnight(zone, day) for day in _dates(zone, start, end)}, start, end)


def hours(zone: ZoneInfo, start: datetime, end: datetime) -> list[int]:
    """Give where the local hours that touch [start, end) begin, and where the last of them ends."""
    return _touching(set(chain.from_iterable(_full_hours(zone, day) for day in _dates(zone, start, end))), start, end)


def _full_hours(zone: ZoneInfo, day: date) -> list[int]:
    begins = midnight(zone, day)
    if steady(zone, day, 1):
        return list(range(begins, begins + DAY, _HOUR))
    firsts = [local_instant(zone, day, at) for at in _FULL_HOURS]
    seconds = [local_instant(zone, day, at, second=True) for at in _FULL_HOURS]
    # Of a time that is skipped the "second" lies before the first, and no clock ever showed it.
    return firsts + [later for first, later in zip(firsts, seconds, strict=True) if later > first]


def _dates(zone: ZoneInfo, start: datetime, end: datetime) -> list[date]:
    """Give the dates around [start, end), one more on either side."""
    first, last = start.astimezone(zone).date() - _NEXT, end.astimezone(zone).date() + _NEXT
    return [first + n * _NEXT for n in range((last - first).days + 1)]


def _touching(edges: set[int], start: datetime, end: datetime) -> list[int]:
    ordered = sorted(edges)
    return ordered[bisect_right(ordered, instant_of(start)) - 1 : bisect_left(ordered, instant_of(end)) + 1]
