"""Periods: local days, weeks and months, the same for every view, and when each of them is due.

Factories in several zones have the same dates at different instants. A period is over when it is over everywhere, and
rows tell dates, no instants: an instant at which a day begins tells the zone, and with it perhaps the factory.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from analytics.localtime import MICROSECOND, midnight
from collector.opendata import AHEAD, OpenPeriod

_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DECEMBER: Final = 12


@dataclass(frozen=True, slots=True)
class Span:
    """Local days, [first, until)."""

    first: date
    """First day."""

    until: date
    """First day after it."""

    def days(self) -> Iterator[date]:
        """Give each of its days."""
        day = self.first
        while day < self.until:
            yield day
            day += _DAY


def beginning(since: date, period: OpenPeriod) -> date:
    """Give the first day, `since` or later, on which a period begins."""
    if period == "week":
        return since + timedelta(days=-since.weekday() % 7)
    if period == "month" and since.day > 1:
        return _next_month(since)
    return since


def span(first: date, period: OpenPeriod) -> Span:
    """Give the period that begins on a day."""
    if period == "month":
        return Span(first, _next_month(first))
    return Span(first, first + (7 * _DAY if period == "week" else _DAY))


def begins(day: date, zones: Collection[ZoneInfo]) -> datetime:
    """Give when a local day begins where it begins last, UTC: then the day before is over everywhere."""
    return _EPOCH + max(midnight(zone, day) for zone in zones) * MICROSECOND


def ahead_of(day: date, zones: Collection[ZoneInfo]) -> datetime:
    """Give when the capacity of a local day is told: `AHEAD` before it begins where it begins first, UTC."""
    return _EPOCH + min(midnight(zone, day) for zone in zones) * MICROSECOND - AHEAD


def _next_month(day: date) -> date:
    return day.replace(year=day.year + (day.month == _DECEMBER), month=day.month % _DECEMBER + 1, day=1)
