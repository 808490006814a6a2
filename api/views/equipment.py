"""What there is in lines: machines and their signals."""

from typing import Literal

from adapters.sample import ValueType
from api.views.shape import TitleView, View
from collector.equipmentstate import EquipmentState
from collector.fields import Severity
from collector.park import SignalRole


class EquipmentView(View):
    """One machine."""

    path: str
    """`factory/line/id`."""

    id: str
    """Unique within its line."""

    title: TitleView
    """What people call it."""

    factory: str
    """Path of its factory."""

    line: str
    """Path of its line."""

    equipment_class: str | None
    """What kind of machine it is: one name for machines that can do each other's work; null: nobody says."""

    calendar: str
    """Name of the calendar that holds for it."""

    hold_for_s: float
    """How long a gap of its source is bridged with the state before it, in seconds."""

    micro_stop_s: float
    """A stop or idle stretch shorter than this is a micro-stop, in seconds; 0: there are none."""

    ideal_cycle_s: float | None
    """Ideal time per part of products that have none of their own, in seconds; null: not known."""

    state_signal: str | None
    """Path of the signal that tells its state; null: a rule over several tells it, or nothing does."""

    has_state: bool
    """Whether its state is told; without one it has no utilisation."""

    kpis: list[str]
    """Slugs of the KPIs for which it has what they need, in the order of the catalogue."""

    signals: int
    """How many signals it has."""


class LimitView(View):
    """A limit of a signal, beyond which it is an alert."""

    high: float | None
    """Alert above this, in the signal's unit; null: no such side."""

    low: float | None
    """Alert below this, in the signal's unit; null: no such side."""

    hysteresis: float
    """How far the value must come back inside before the alert ends, in the signal's unit."""

    severity: Severity
    """How grave its alerts are."""

    on_delay_s: float
    """How long it must be so before the alert begins, in seconds."""

    off_delay_s: float
    """How long it must be over before the alert ends, in seconds."""

    count: int
    """How many samples in a row must say so before the alert begins."""

    latching: bool
    """Whether the alert stays active after its cause is gone, until somebody resets it."""

    when: Literal["always", "machine_runs", "line_runs"]
    """When its alerts are told: always, or only while the machine, or any machine of its line, is producing."""


class SignalView(View):
    """One value of one machine."""

    path: str
    """`factory/line/equipment/name`."""

    name: str
    """Unique within its machine."""

    title: TitleView
    """What people call it."""

    factory: str
    """Path of its factory."""

    line: str
    """Path of its line."""

    equipment: str
    """Path of its machine."""

    type: ValueType
    """Type of its values."""

    unit: str
    """UCUM unit of its values; `1`: none."""

    role: SignalRole
    """What it means."""

    low: float | None
    """Least valid value, in `unit`; samples below it are Uncertain. null: no bound."""

    high: float | None
    """Greatest valid value, in `unit`; samples above it are Uncertain. null: no bound."""

    source: str | None
    """Name of the source that delivers it; null: one of a factory that the caller may not see."""

    states: dict[str, EquipmentState]
    """Of a signal of role `state`: which state each of its values is; a value not listed is `unknown`."""

    limits: list[LimitView]
    """Beyond which it is an alert."""
