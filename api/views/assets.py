"""The asset tree: park, factories, lines, equipment, signals, each within the one above."""

from adapters.sample import ValueType
from api.views.shape import TitleView, View
from collector.park import SignalRole


class SignalLeaf(View):
    """One value of one piece of equipment."""

    path: str
    """`factory/line/equipment/name`."""

    name: str
    """Unique within its equipment."""

    title: TitleView
    """What people call it."""

    type: ValueType
    """Type of its values."""

    unit: str
    """UCUM unit of its values; `1`: none."""

    role: SignalRole
    """What it means."""

    low: float | None
    """Least valid value, in `unit`."""

    high: float | None
    """Greatest valid value, in `unit`."""

    source: str | None
    """Name of the source that delivers it; null: one of a factory that the caller may not see."""


class EquipmentTree(View):
    """One machine."""

    path: str
    """`factory/line/id`."""

    id: str
    """Unique within its line."""

    title: TitleView
    """What people call it."""

    hold_for_s: float
    """How long a gap of its source is bridged with the state before it, in seconds."""

    state_signal: str | None
    """Path of the signal that tells its state; null: it has none, and no utilisation."""

    signals: list[SignalLeaf] | None
    """Its signals; null where the request left them out."""


class LineTree(View):
    """One production line."""

    path: str
    """`factory/id`."""

    id: str
    """Unique within its factory."""

    title: TitleView
    """What people call it."""

    sources: list[str]
    """Names of its sources."""

    equipment: list[EquipmentTree]
    """Its machines."""


class FactoryTree(View):
    """One factory."""

    path: str
    """Its id."""

    id: str
    """Unique in the park."""

    title: TitleView
    """What people call it."""

    time_zone: str
    """IANA name; its days and shifts are counted in it."""

    lines: list[LineTree]
    """Its lines."""


class ParkTree(View):
    """The whole park."""

    id: str
    """Its name; the path of results that are about the whole park."""

    title: TitleView
    """What people call it."""

    factories: list[FactoryTree]
    """Its factories."""
