"""The park as configured: its assets, its signals and its calendars.

    park ─ factory ─ line ─ equipment ─ signal          path: factory/line/equipment/signal

The tree follows ISA-95 (IEC 62264-1, 5.3): the park is the enterprise level, a factory a site, a line a
production line, equipment a work unit. All models are frozen; `collector.load` makes them from the files of an
engineer.
"""

import re
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Final, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, Field, SerializeAsAny, WithJsonSchema, field_validator, model_validator

from adapters.sample import ValueType
from adapters.settings import Duration, Settings

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)


def _day(value: object) -> object:
    """Let no number pass for a day: it would count as seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    msg = f"{value!r} is no day; write it like 2026-10-01"
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(msg)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(msg) from error


def _time_of_day(value: object) -> object:
    """Let no number pass for a time of day (seconds since midnight), and no time with a zone."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return value.zfill(len("06:00")) if value.count(":") == 1 else value.zfill(len("06:00:00"))
    if isinstance(value, time) and value.tzinfo is None:
        return value
    midnight = "; midnight is 00:00" if value in ("24:00", "24:00:00") else ""
    msg = f"{value!r} is no time of day; write it like 06:00{midnight}"
    raise ValueError(msg)


Day = Annotated[date, BeforeValidator(_day)]
"""A local day, written 2026-10-01."""

TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"}),
]
"""A local time of day, 00:00 to 23:59:59, written 06:00."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""

Bridge: TypeAlias = Literal["before", "middle"]
"""Where in a bridged gap a machine is taken to have changed its state: at its end, or in its middle."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""An identifier: letters, digits, `_`, `-` and `.`, 1 to 64 characters, the first a letter or digit."""


class EquipmentState(StrEnum):
    """What a machine does, in the words that utilisation needs.

    Each is tied to the time elements of ISO 22400-2 (6.2), OPC 40501-1 (Machine tools, annex C), PackML
    (ISA-TR88.00.02 StateCurrent) and MTConnect (execution, controller mode).
    """

    PRODUCING = "producing"
    """ISO 22400-2 actual production time (APT); OPC 40501-1 Executing; PackML Execute, Completing; MTConnect
    ACTIVE."""
    IDLE = "idle"
    """Ready, nothing to do: ISO 22400-2 part of actual unit delay time (ADET); OPC 40501-1 NotExecuting;
    PackML Idle, Starved (Suspended); MTConnect READY, STOPPED, PROGRAM_COMPLETED, WAIT."""
    SETUP = "setup"
    """ISO 22400-2 actual unit setup time (AUST); OPC 40501-1 Setup mode; PackML Starting, Resetting;
    MTConnect mode MANUAL or MANUAL_DATA_INPUT with ACTIVE."""
    PLANNED_STOP = "planned_stop"
    """ISO 22400-2 planned down time (PDOT); OPC 40501-1 Maintenance mode; PackML Stopped in maintenance mode; MTConnect
    OPTIONAL_STOP."""
    UNPLANNED_STOP = "unplanned_stop"
    """ISO 22400-2 actual unit down time (ADOT); OPC 40501-1 Interrupted, Error; PackML Held, Aborted; MTConnect
    INTERRUPTED, FEED_HOLD, PROGRAM_STOPPED."""
    OFF = "off"
    """Switched off: ISO 22400-2 outside planned busy time; OPC 40001-1 OutOfService; PackML Stopped; MTConnect power
    OFF."""
    UNKNOWN = "unknown"
    """Nobody knows: bad status, or a gap longer than `hold_for`; MTConnect UNAVAILABLE. Never taken for idle."""


class SignalRole(StrEnum):
    """What a signal means for utilisation and faults."""

    STATE = "state"
    """What the equipment does; its values are mapped by `states`."""
    MODE = "mode"
    """How it is operated: automatic, manual, setup."""
    CONDITION = "condition"
    """A condition or alarm; its values are mapped by `conditions`."""
    GOOD_COUNT = "good_count"
    """Good parts, cumulative."""
    REJECT_COUNT = "reject_count"
    """Rejected parts, cumulative."""
    TOTAL_COUNT = "total_count"
    """All parts, cumulative."""
    CYCLE_TIME = "cycle_time"
    """Duration of the last cycle."""
    ENERGY = "energy"
    """Energy used, cumulative."""
    POWER = "power"
    """Power drawn now."""
    PRODUCT = "product"
    """What is being made: product, order or program."""
    METER = "meter"
    """A running-hours meter, cumulative."""
    MEASUREMENT = "measurement"
    """Any other measured value."""
    OTHER = "other"
    """Stored and shown, not interpreted."""


class ConditionLevel(StrEnum):
    """How bad a condition is (MTConnect part 2, Condition)."""

    NORMAL = "normal"
    WARNING = "warning"
    FAULT = "fault"


class Severity(StrEnum):
    """Priority of an alert (ISA-18.2, 5.2.5): how soon somebody must act."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Title(Settings):
    """What people call it, in the languages of the page."""

    zh: str = ""
    """Chinese; empty: the id is shown."""

    en: str = ""
    """English; empty: the id is shown."""


class Limit(Settings):
    """A limit of a numeric signal. At least one of `high` and `low` is set."""

    high: Number | None = None
    """Alert above this, in the signal's unit."""

    low: Number | None = None
    """Alert below this, in the signal's unit."""

    hysteresis: Number = Field(default=0.0, ge=0)
    """How far the value must come back inside before the alert ends, in the signal's unit; 0 or more."""

    on_delay: Duration = timedelta(0)
    """How long the limit must be exceeded before the alert begins."""

    off_delay: Duration = timedelta(0)
    """How long the value must be back before the alert ends."""

    severity: Severity = Severity.MEDIUM
    """Priority of the alert."""

    @model_validator(mode="after")
    def _has_a_side(self) -> Self:
        if self.high is None and self.low is None:
            msg = "a limit needs `high`, `low` or both"
            raise ValueError(msg)
        if self.high is not None and self.low is not None and self.low >= self.high:
            msg = f"`low` ({self.low:g}) must be below `high` ({self.high:g})"
            raise ValueError(msg)
        return self


class Signal(Settings):
    """One value of one piece of equipment. In a line file its address keys stand beside these."""

    path: str
    """`factory/line/equipment/name`, set by the loader."""

    name: Name
    """Unique within its equipment."""

    source: Name
    """Name of the source that delivers it."""

    address: SerializeAsAny[BaseModel]
    """Where its source finds it: the address model of the source's kind."""

    item: str = ""
    """Its name in recorded files; empty: `name`."""

    type: ValueType
    """Type of its values: float, int, bool or text."""

    unit: str = "1"
    """Unit of its values after scale and offset, as UCUM writes it (`Cel`, `kW.h`, `r/min`, `%`); `1`: none."""

    scale: Number = 1.0
    """Factor on the raw value, not 0; float and int signals only."""

    offset: Number = 0.0
    """Added after scaling, in `unit`."""

    low: Number | None = None
    """Least valid value, in `unit`; below it a sample's status becomes Uncertain. None: no bound."""

    high: Number | None = None
    """Greatest valid value, in `unit`; above it a sample's status becomes Uncertain. None: no bound."""

    role: SignalRole = SignalRole.OTHER
    """What it means."""

    states: dict[str, EquipmentState] = Field(default_factory=dict)
    """Raw value, as text, to equipment state; role `state` only. A value not listed is `unknown`, and counted."""

    conditions: dict[str, ConditionLevel] = Field(default_factory=dict)
    """Raw value, as text, to level; role `condition` only. Empty: MTConnect's Normal, Warning and Fault."""

    limits: tuple[Limit, ...] = ()
    """Limits that raise alerts; float and int signals only."""

    title: Title = Title()
    """What people call it."""

    @property
    def equipment(self) -> str:
        """Path of its equipment."""
        return self.path.rpartition("/")[0]


class Equipment(Settings):
    """One machine: an ISA-95 work unit."""

    path: str
    """`factory/line/id`, set by the loader."""

    id: Name
    """Unique within its line."""

    title: Title = Title()
    """What people call it."""

    hold_for: Duration = timedelta(minutes=10)
    """How long a gap of its source is bridged with the state before it; after that the state is `unknown`."""

    bridge: Bridge = "before"
    """Where in a bridged gap that ends in another state the change is taken to lie. `before`: at its end; the state
    before it fills the gap, and no number read while it lasted is revised. `middle`: half-way, which errs less and
    evens out (on three years of a real machine tool, 92 % of days within 2 % of its hour meter instead of 90 %)."""

    calendar: Name | None = None
    """Its calendar, where it differs from the line's."""

    signals: tuple[Signal, ...] = ()
    """Its signals, in the order of the file."""

    @property
    def state(self) -> Signal | None:
        """Its state signal, if it has one; at most one per equipment."""
        return next((s for s in self.signals if s.role is SignalRole.STATE), None)


class SourceConfig(Settings):
    """One configured link."""

    name: Name
    """Unique in the park."""

    kind: str
    """Which adapter speaks it, as `adapters.registry` names it."""

    line: str
    """Path of the line whose file it stands in, `factory/line`."""

    settings: SerializeAsAny[BaseModel]
    """The adapter's own settings."""


class Line(Settings):
    """One production line: what one line file describes."""

    path: str
    """`factory/id`, set by the loader."""

    id: Name
    """Unique within its factory."""

    title: Title = Title()
    """What people call it."""

    calendar: Name | None = None
    """Its calendar, where it differs from the factory's."""

    sources: tuple[SourceConfig, ...] = ()
    """Its links."""

    equipment: tuple[Equipment, ...] = ()
    """Its machines, in the order of the file."""


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
    """Planned work, every week, in the factory's own time zone."""

    name: Name
    """Unique within its calendar."""

    days: tuple[Weekday, ...] = WEEKDAYS
    """Days on which it begins."""

    start: TimeOfDay
    """Local time of day at which it begins."""

    end: TimeOfDay
    """Local time of day at which it ends, exclusive; at or before `start`: on the next day."""

    breaks: tuple[Break, ...] = ()
    """Time inside it in which no work is planned."""


class Calendar(Settings):
    """When work is planned."""

    shifts: tuple[Shift, ...]
    """Its shifts, one or more, each with a name of its own; they do not overlap."""

    closed: tuple[Day, ...] = ()
    """Local days on which no shift begins (holidays)."""

    open: tuple[Day, ...] = ()
    """Local days on which every shift begins, whatever the weekday (调休: moved working days)."""

    @field_validator("shifts")
    @classmethod
    def _some_shift(cls, shifts: tuple[Shift, ...]) -> tuple[Shift, ...]:
        if not shifts:
            msg = "a calendar needs one shift or more"
            raise ValueError(msg)
        return shifts


class Factory(Settings):
    """One factory: an ISA-95 site."""

    id: Name
    """Unique in the park; also its path."""

    title: Title = Title()
    """What people call it."""

    time_zone: str
    """IANA name, such as Asia/Shanghai."""

    calendar: Name
    """The calendar of its lines, unless they name another."""

    lines: tuple[Line, ...] = ()
    """Its lines, in the order of their files."""

    @property
    def path(self) -> str:
        """Path of the factory: its id."""
        return self.id

    @cached_property
    def zone(self) -> ZoneInfo:
        """Its time zone."""
        return ZoneInfo(self.time_zone)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            near = get_close_matches(name, available_timezones(), n=1, cutoff=0.8)
            hint = f"did you mean {near[0]}?" if near else "write one like Asia/Shanghai or America/Chicago"
            msg = f"{name!r} is no IANA time zone; {hint}"
            raise ValueError(msg) from error
        return name


class Park(Settings):
    """The whole park."""

    id: Name
    """Its name in paths of results that are about the whole park."""

    title: Title = Title()
    """What people call it."""

    calendars: dict[Name, Calendar]
    """Calendars by name."""

    factories: tuple[Factory, ...]
    """Its factories."""

    @cached_property
    def equipment(self) -> dict[str, Equipment]:
        """Every machine by path, in the order of the files."""
        return {e.path: e for f in self.factories for line in f.lines for e in line.equipment}

    @cached_property
    def signals(self) -> dict[str, Signal]:
        """Every signal by path, in the order of the files."""
        return {s.path: s for e in self.equipment.values() for s in e.signals}

    @cached_property
    def sources(self) -> dict[str, SourceConfig]:
        """Every source by name, in the order of the files."""
        return {s.name: s for f in self.factories for line in f.lines for s in line.sources}

    def factory_of(self, path: str) -> Factory:
        """Give the factory that `path` (of a factory or of anything below) lies in.

        Raises:
            KeyError: the park has no such factory.
        """
        wanted = path.partition("/")[0]
        for factory in self.factories:
            if factory.id == wanted:
                return factory
        msg = f"no factory {wanted!r} in park {self.id!r}"
        raise KeyError(msg)

    def calendar_of(self, equipment: str) -> Calendar:
        """Give the calendar that holds for the equipment at path `equipment`: its own, its line's or its factory's.

        Raises:
            KeyError: the park has no such equipment.
        """
        factory = self.factory_of(equipment)
        line = next(one for one in factory.lines if equipment.startswith(one.path + "/"))
        return self.calendars[self.equipment[equipment].calendar or line.calendar or factory.calendar]
