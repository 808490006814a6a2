"""The scope of a report: what it is about, and which local days.

Reports go by local days, those of the factory's zone, and by weeks (ISO 8601, from Monday) and months that are sums of
them. A machine abroad enters the park's report with its own local days of the same dates. Dates are half-open,
[first, until).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from collector.config.problems import did_you_mean
from collector.park import Park, Title

Period: TypeAlias = Literal["day", "week", "month"]
"""What a report is divided into."""

PERIODS: Final[tuple[Period, ...]] = ("day", "week", "month")
"""Every period, from the shortest."""

_DAY: Final = timedelta(days=1)


class ScopeError(Exception):
    """What was asked for cannot be; the text says what to write instead."""


@dataclass(frozen=True, slots=True)
class Days:
    """Local days, [first, until)."""

    first: date
    """First local day."""

    until: date
    """First local day after them."""

    @classmethod
    def between(cls, start: datetime, end: datetime, zone: ZoneInfo) -> Self:
        """Give the local days that begin in [start, end); raises ScopeError where none does."""
        first, until = (_begins_at_or_after(edge, zone) for edge in (start, end))
        if first >= until:
            msg = f"no local day of {zone.key} begins in [{start.isoformat()}, {end.isoformat()})"
            raise ScopeError(msg)
        return cls(first, until)

    @classmethod
    def latest(cls, period: Period, now: datetime, zone: ZoneInfo) -> Self:
        """Give the days of the latest 14 days, 8 weeks or 12 months, the running one among them."""
        today = now.astimezone(zone).date()
        if period == "day":
            first = today - 13 * _DAY
        elif period == "week":
            first = today - timedelta(days=today.weekday(), weeks=7)
        else:
            first = today.replace(year=today.year - (today.month < 12), month=today.month % 12 + 1, day=1)  # noqa: PLR2004 - the month before, a year ago, is left out
        return cls(first, today + _DAY)

    def instants(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Give [start, end) in UTC."""
        first, until = (datetime.combine(day, time(), zone).astimezone(UTC) for day in (self.first, self.until))
        return first, until

    @property
    def count(self) -> int:
        """How many days."""
        return (self.until - self.first).days


@dataclass(frozen=True, slots=True)
class Scope:
    """What a report is about."""

    park: Park
    """Whose."""

    path: str
    """Of the park, a factory, a line or a machine."""

    zone: ZoneInfo
    """Whose days it goes by: the factory's; the park's is that of its first factory."""

    machines: tuple[str, ...]
    """The machines with a state at or below `path`, in the order of the files."""

    @classmethod
    def of(cls, park: Park, path: str) -> Self:
        """Give the scope of a path; empty is the park. Raises ScopeError where the park has no such thing."""
        known = paths(park)
        if path and path not in known:
            msg = f"{path!r} is nothing in this park{did_you_mean(path, known)}"
            raise ScopeError(msg)
        path = path or park.id
        below = (one for one in park.equipment if path in {park.id, one} or one.startswith(f"{path}/"))
        machines = tuple(one for one in below if park.equipment[one].state_inputs)
        return cls(park, path, zone_of(park, path), machines)

    @property
    def is_machine(self) -> bool:
        """Whether it is about a single machine."""
        return self.path in self.park.equipment

    def title(self, path: str) -> Title:
        """Give what people call a path; the path where nobody says."""
        return titles(self.park).get(path, Title())


def paths(park: Park) -> list[str]:
    """Give every path that a report can be about, in the order of the files."""
    return list(titles(park))


def titles(park: Park) -> dict[str, Title]:
    """Give what people call the park and everything in it down to the machines, by path."""
    found = {park.id: park.title}
    for factory in park.factories:
        found[factory.path] = factory.title
        for line in factory.lines:
            found[line.path] = line.title
            found |= {machine.path: machine.title for machine in line.equipment}
    return found


def zone_of(park: Park, path: str) -> ZoneInfo:
    """Give the zone whose days a path goes by; the park's is that of its first factory."""
    return park.factories[0].zone if path == park.id else park.factory_of(path).zone


def zones(park: Park, wanted: Sequence[str]) -> dict[str, str]:
    """Give the zone of each of these paths, by its IANA name."""
    return {path: zone_of(park, path).key for path in wanted}


def label(first: date, period: Period) -> str:
    """Name the period that begins on a local day: 2026-03-02, 2026-W10, 2026-03."""
    if period == "week":
        year, week, _ = first.isocalendar()
        return f"{year}-W{week:02}"
    return f"{first:%Y-%m}" if period == "month" else f"{first:%Y-%m-%d}"


def _begins_at_or_after(instant: datetime, zone: ZoneInfo) -> date:
    day = instant.astimezone(zone).date()
    begins = datetime.combine(day, time(), zone).astimezone(UTC)
    return day if begins >= instant else day + _DAY
