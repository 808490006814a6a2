"""The park as configured: its assets, its signals and its calendars.

    park ─ factory ─ line ─ equipment ─ signal          path: factory/line/equipment/signal

The tree follows ISA-95 (IEC 62264-1, 5.3): the park is the enterprise level, a factory a site, a line a
production line, equipment a work unit. All models are frozen; `collector.load` makes them from the files of an
engineer.
"""

from collections.abc import Collection
from datetime import timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import cached_property
from typing import Final, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, Field, SerializeAsAny, field_validator, model_validator

from adapters.sample import ValueType
from adapters.settings import Duration, Settings
from collector.equipmentstate import EquipmentState
from collector.faultrules.detection import Detection
from collector.faultrules.rules import MachineFaults, SignalFaults
from collector.fields import Name, Number, Severity, Title
from collector.ownership import CatalogueSettings, Owner
from collector.staterules import StateRule
from collector.worktime import WEEKDAYS, Break, Calendar, Maintenance, Shift

__all__ = [
    "WEEKDAYS",
    "Break",
    "Bridge",
    "Calendar",
    "ConditionLevel",
    "Equipment",
    "EquipmentState",
    "Factory",
    "Limit",
    "Line",
    "Name",
    "Park",
    "Severity",
    "Shift",
    "Signal",
    "SignalRole",
    "SourceConfig",
    "StopReason",
    "Title",
]

Bridge: TypeAlias = Literal["before", "middle"]
"""Where in a bridged gap a machine is taken to have changed its state: at its end, or in its middle."""


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
    REWORK_COUNT = "rework_count"
    """Parts that needed rework, cumulative; they are not good at first pass."""
    REASON = "reason"
    """Why the machine stands; its values are mapped by `reasons`."""
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


_INPUTS: Final = frozenset(
    {
        SignalRole.GOOD_COUNT,
        SignalRole.REJECT_COUNT,
        SignalRole.TOTAL_COUNT,
        SignalRole.REWORK_COUNT,
        SignalRole.PRODUCT,
        SignalRole.REASON,
        SignalRole.ENERGY,
    }
)
"""Roles of signals that numbers come from, besides a machine's state."""

_ALARMS: Final = frozenset({SignalRole.CONDITION})
"""Roles of signals that tell why a machine stands where `reasons` maps their codes."""


class ConditionLevel(StrEnum):
    """How bad a condition is (MTConnect part 2, Condition)."""

    NORMAL = "normal"
    WARNING = "warning"
    FAULT = "fault"


class Limit(Detection):
    """A limit of a numeric signal. At least one of `high` and `low` is set."""

    high: Number | None = None
    """Alert above this, in the signal's unit."""

    low: Number | None = None
    """Alert below this, in the signal's unit."""

    hysteresis: Number = Field(default=0.0, ge=0)
    """How far the value must come back inside before the alert ends, in the signal's unit; 0 or more."""

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

    reasons: dict[str, Name] = Field(default_factory=dict)
    """Raw value, as text, to a code of the park's `stop_reasons`; roles `reason`, `state` and `condition` (by the
    condition's native code). A stop's reason that is not listed is shown as its raw value."""

    width: int | None = Field(default=None, ge=2)
    """How many values a cumulative counter has before it begins at 0 again (65536 for a 16-bit word), before scaling;
    2 or more. None: a counter that jumps back was reset."""

    conditions: dict[str, ConditionLevel] = Field(default_factory=dict)
    """Raw value, as text, to level; role `condition` only. Empty: MTConnect's Normal, Warning and Fault."""

    limits: tuple[Limit, ...] = ()
    """Limits that raise alerts; float and int signals only."""

    faults: SignalFaults = SignalFaults()
    """Other fault detectors that watch it; float and int signals only."""

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

    equipment_class: Name | None = None
    """What kind of machine it is (ISA-95 equipment class), such as `turning-centre`: one name for machines, also of
    other factories, that can do each other's work. Idle capacity is summed by it."""

    hold_for: Duration = timedelta(minutes=10)
    """How long a gap of its source is bridged with the state before it; after that the state is `unknown`."""

    bridge: Bridge = "before"
    """Where in a bridged gap that ends in another state the change is taken to lie. `before`: at its end; the state
    before it fills the gap, and no number read while it lasted is revised. `middle`: half-way, which errs less and
    evens out (on three years of a real machine tool, 92 % of days within 2 % of its hour meter instead of 90 %)."""

    calendar: Name | None = None
    """Its calendar, where it differs from the line's."""

    state_from: StateRule | None = None
    """How its state is told, where no signal of role `state` says it; None: that signal does."""

    micro_stop: Duration = timedelta(0)
    """A stop or idle stretch shorter than this is a micro-stop, a loss of its own; 0: there are none."""

    ideal_cycle: Duration | None = None
    """Ideal time per part (ISO 22400-2 planned run time per item, PRI), more than 0, of products that `products` does
    not list; None: not known, and what needs it is null."""

    products: dict[str, Duration] = Field(default_factory=dict)
    """Ideal time per part by value of the product signal, each more than 0."""

    maintenance: tuple[Maintenance, ...] = ()
    """Its planned maintenance, besides its calendar's."""

    faults: MachineFaults = MachineFaults()
    """Fault detectors that watch it as a whole."""

    signals: tuple[Signal, ...] = ()
    """Its signals, in the order of the file."""

    @property
    def state(self) -> Signal | None:
        """Its state signal, if it has one; at most one per equipment."""
        return next((s for s in self.signals if s.role is SignalRole.STATE), None)

    @cached_property
    def state_inputs(self) -> tuple[Signal, ...]:
        """The signals that tell its state: the state signal, or those that its rule names; none: it has no state."""
        if self.state_from is None:
            return () if self.state is None else (self.state,)
        names = self.state_from.inputs(signal.name for signal in self.signals)
        return tuple(signal for signal in self.signals if signal.name in names)

    def of_role(self, role: SignalRole) -> Signal | None:
        """Give its first signal of a role, if it has one."""
        return next((signal for signal in self.signals if signal.role is role), None)

    @cached_property
    def inputs(self) -> tuple[Signal, ...]:
        """The signals that its numbers come from: of its state, its counters, its product, its stop reasons, energy."""
        if not self.state_inputs:
            return ()
        state = {signal.name for signal in self.state_inputs}
        return tuple(
            s for s in self.signals if s.name in state or s.role in _INPUTS or (s.reasons and s.role in _ALARMS)
        )


class SourceConfig(Settings):
    """One configured link."""

    name: Name
    """Unique in the park."""

    kind: str
    """Which adapter speaks it, as `adapters.registry` names it."""

    line: str
    """Path of the line whose file it stands in, `factory/line`."""

    lost_after: Duration = timedelta(seconds=30)
    """How long its link must be broken before that is an alert."""

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

    bottleneck: Name | None = None
    """Id of the machine that limits the line, by which `oee_bottleneck` goes; None: the one with the longest ideal
    cycle."""

    equipment: tuple[Equipment, ...] = ()
    """Its machines, in the order of the file."""


class StopReason(Settings):
    """A reason for which machines stand, as signals, alarms and people give it."""

    title: Title = Title()
    """What people call it."""

    loss: Literal["unplanned_stop", "planned_stop", "setup", "idle"] = "unplanned_stop"
    """Which loss a stop for this reason is."""


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

    owner: Owner = Owner()
    """Whose its data is, as the catalogue of data tells."""

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

    stop_reasons: dict[Name, StopReason] = Field(default_factory=dict)
    """Reasons for stops by code. The code `engineering` counts as SEMI E10 engineering time."""

    catalogue: CatalogueSettings = CatalogueSettings()
    """What the catalogue of data says of all of it."""

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

    def only(self, factories: Collection[str]) -> "Park":
        """Give the park with these of its factories alone, by id; names that are none of them count for nothing."""
        kept = tuple(factory for factory in self.factories if factory.id in factories)
        # not `model_copy`, which would keep the trees that were cached of the whole park
        return Park.model_construct(**{name: getattr(self, name) for name in Park.model_fields} | {"factories": kept})

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
