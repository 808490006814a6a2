"""What the coming shifts have to spare."""

from datetime import datetime

from api.views.shape import Paged, View


class ShiftView(View):
    """What one coming shift has to spare."""

    name: str
    """Name of the shift."""

    start: datetime
    """When it begins, or now where it is under way."""

    end: datetime
    """When it ends."""

    planned_s: float
    """Planned work, in seconds (of a line in machine-seconds)."""

    maintenance_s: float
    """What of it planned maintenance takes, in seconds."""

    typical_busy_s: float | None
    """What such shifts are typically busy for, in seconds: producing and setup, median of the last 8 weeks; null with
    too little history."""

    typical_stops_s: float | None
    """What such shifts typically lose to unplanned stops and micro-stops, in seconds."""

    idle_s: float | None
    """What is typically left, in seconds: planned - maintenance - busy - stops."""

    idle_safe_s: float | None
    """What three of four such shifts had left, in seconds: the lower quartile."""

    based_on: int
    """Past shifts that typical use is told from; 4 or more."""

    coverage: float | None
    """Share of their planned time with known state, 0 to 1."""

    note: str
    """Why numbers are null or incomplete; empty: nothing to say."""


class SpareView(ShiftView):
    """What a machine, a line or a class of machines has to spare in one coming shift."""

    path: str | None
    """The machine, or the line: then the sums over its machines. Null for a class of machines."""

    equipment_class: str | None
    """What kind of machine, or of machines, it is; null for a line; empty where the configuration says nothing."""

    machines: int
    """How many machines it is summed over."""


class CapacityView(ShiftView):
    """What a machine or a line has to spare in one coming shift."""

    path: str
    """The machine, or the line: then the sums over its machines."""


class CapacitiesView(Paged[CapacityView], use_attribute_docstrings=True):
    """Idle capacity of the coming shifts, lines before their machines."""
