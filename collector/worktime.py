"""When work is planned: shifts, breaks, rotations, holidays, special days and maintenance, in a factory's own time.

A calendar is weekly, or it turns in a rotation of any length (4 on 2 off, 大小周). A day can be taken out of the rule
in three ways, the later one counts: a public holiday closes it, `closed` and `open` close and open it, and an entry of
`special` says exactly which work there is on it.
"""

from datetime import date
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from adapters.settings import Duration, Settings
from collector.fields import Day, LocalTime, Name, TimeOfDay, Title

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

WEEKDAYS: Final[tuple[Weekday, ...]] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""The days of a week in ISO 8601 order."""


class Break(Settings):
    """Time inside a shift in which no work is planned."""

    start: TimeOfDay
    """Local time of day; a break of a shift that crosses midnight may lie after it."""

    end: TimeOfDay
    """Local time of day, exclusive."""


class Shift(Settings):
    """Planned work, every week or every turn of the rotation, in the factory's own time zone."""

    name: Name
    """Unique within its calendar."""

    days: tuple[Weekday, ...] = WEEKDAYS
    """Weekdays on which it begins; in a calendar without a rotation."""

    turns: tuple[int, ...] = ()
    """Days of the rotation on which it begins, from 1; in a calendar with a rotation, instead of `days`."""

    start: TimeOfDay
    """Local time of day at which it begins."""

    end: TimeOfDay
    """Local time of day at which it ends, exclusive; at or before `start`: on the next day."""

    breaks: tuple[Break, ...] = ()
    """Time inside it in which no work is planned."""


class Rotation(Settings):
    """A pattern of days that repeats: 6 days for 4 on 2 off, 14 for 大小周, 28 for a crew's turn of four weeks."""

    start: Day
    """A local day that is day 1 of the rotation; it goes on in both directions."""

    length: int = Field(ge=2, le=366)
    """Days after which it begins again, 2 to 366."""

    def turn(self, day: date) -> int:
        """Give which day of the rotation a local day is, from 1."""
        return (day - self.start).days % self.length + 1


class Holidays(Settings):
    """Public holidays, as the package `holidays` knows them, with days off in place of those that fall on a weekend.

    What it cannot know yet, `closed` and `open` say. Weekend days between holidays are no holidays: where weekends are
    worked, `closed` names those on which work rests (the Sunday within the Chinese National Day week).
    """

    country: str = Field(pattern=r"^[A-Z]{2}$")
    """ISO 3166-1 alpha-2 code: `CN`, `US`, `DE`."""

    subdivision: str = ""
    """Part of the country with holidays of its own (`IL`, `BY`); empty: those of the whole country."""


class Special(Settings):
    """What work there is on a day, in place of everything else that would be said of it."""

    day: Day
    """The local day on which the shifts begin; first of several where `until` is given."""

    until: Day | None = None
    """Last day, inclusive; None: `day` alone."""

    shifts: tuple[Name, ...] = ()
    """Which of the calendar's shifts begin on it; empty: none."""

    extra: tuple[Shift, ...] = ()
    """Work that is on no other day (one-off overtime); `days` and `turns` of such a shift mean nothing."""

    note: str = ""
    """Why: 调休, stocktaking, overtime; shown with the windows of the day."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.until is not None and self.until < self.day:
            msg = f"`until` ({self.until}) lies before `day` ({self.day})"
            raise ValueError(msg)
        return self


class Maintenance(Settings):
    """A planned maintenance window: planned work time in which a machine is not to produce (a planned stop).

    Either once, from `start` to `end`; or every week, on `days` at `at` for `lasts`.
    """

    name: Name
    """What it is called in losses: the reason of the planned stop."""

    title: Title = Title()
    """What people call it."""

    start: LocalTime | None = None
    """First local instant, like 2026-03-02 08:00; once."""

    end: LocalTime | None = None
    """First local instant after it, exclusive; once."""

    days: tuple[Weekday, ...] = ()
    """Weekdays on which it begins; weekly."""

    at: TimeOfDay | None = None
    """Local time of day at which it begins; weekly."""

    lasts: Duration | None = None
    """How long it lasts; weekly."""

    @model_validator(mode="after")
    def _once_or_weekly(self) -> Self:
        once, weekly = (self.start, self.end), (self.days or None, self.at, self.lasts)
        if (None in once) == (None in weekly) or (any(once) and any(weekly)):
            msg = "write either `start` and `end`, or `days`, `at` and `lasts`"
            raise ValueError(msg)
        if self.start is not None and self.end is not None and self.end <= self.start:
            msg = f"`end` ({self.end}) must lie after `start` ({self.start})"
            raise ValueError(msg)
        if self.lasts is not None and not self.lasts:
            msg = "`lasts` must be longer than 0"
            raise ValueError(msg)
        return self


class Calendar(Settings):
    """When work is planned."""

    shifts: tuple[Shift, ...]
    """Its shifts, one or more, each with a name of its own; they do not overlap."""

    rotation: Rotation | None = None
    """The rotation that `turns` of its shifts count in; None: the calendar is weekly."""

    holidays: Holidays | None = None
    """Public holidays, on which no shift begins; None: none but those in `closed`."""

    closed: tuple[Day, ...] = ()
    """Local days on which no shift begins (holidays)."""

    open: tuple[Day, ...] = ()
    """Local days on which every shift begins, whatever the weekday (调休: moved working days)."""

    special: tuple[Special, ...] = ()
    """Days on which the work is other than all the rest says; of two entries for one day the later counts."""

    maintenance: tuple[Maintenance, ...] = ()
    """Planned maintenance of every machine of this calendar; equipment may have its own besides."""

    @field_validator("shifts")
    @classmethod
    def _some_shift(cls, shifts: tuple[Shift, ...]) -> tuple[Shift, ...]:
        if not shifts:
            msg = "a calendar needs one shift or more"
            raise ValueError(msg)
        return shifts

    def special_of(self, day: date) -> Special | None:
        """Give what is said of a day alone; None where nothing is."""
        return next((one for one in reversed(self.special) if one.day <= day <= (one.until or one.day)), None)

    def shifts_on(self, day: date, *, holiday: bool = False) -> tuple[Shift, ...]:
        """Give the shifts that begin on a local day, as they are listed; `holiday`: it is a public holiday."""
        special = self.special_of(day)
        if special is not None:
            return (*(shift for shift in self.shifts if shift.name in special.shifts), *special.extra)
        if day in self.open:
            return self.shifts
        if holiday or day in self.closed:
            return ()
        if self.rotation is not None:
            turn = self.rotation.turn(day)
            return tuple(shift for shift in self.shifts if turn in shift.turns)
        weekday = WEEKDAYS[day.weekday()]
        return tuple(shift for shift in self.shifts if weekday in shift.days)
