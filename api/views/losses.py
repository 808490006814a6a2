"""Where time went, as flat rows."""

from datetime import datetime
from typing import Literal, TypeAlias

from api.views.kpis import Period
from api.views.shape import View

Leaf: TypeAlias = Literal[
    "not_scheduled",
    "planned_stop",
    "unknown",
    "unplanned_stop",
    "idle",
    "off",
    "setup",
    "micro_stop",
    "speed_loss",
    "quality_loss",
    "productive",
    "unjudged",
]
"""The parts of calendar time that are not divided further."""


class LossPartView(View):
    """A part of one window's calendar time; the rows of a window add up to all of it."""

    path: str
    """`factory[/line[/equipment]]`, or the park's id."""

    period: Period
    """Kind of window: local hour, shift, local day, ISO week or month of the factory."""

    name: str
    """Name of the shift; `2026-W10` for weeks, `2026-03` for months; empty for hours and days."""

    start: datetime
    """Start of the window."""

    end: datetime
    """End of the window, or as far as is known of it."""

    loss: Leaf
    """What it was lost to, or `productive`: good parts at ideal speed. `unjudged`: production of which it cannot be
    said how good it was."""

    reason: str | None
    """Of stops why, as signals, alarms or people gave it; empty where nobody did; null for what has no reasons."""

    seconds: float
    """How long; of what is above a machine in machine-seconds. Parts that took no time have no row."""

    share: float
    """Its share of the calendar time of the window, 0 to 1."""

    times: int | None
    """How many such stops began in the window; null where they were not counted, and for what has no reasons."""

    version: int
    """How many times the window has been told, from 1; of weeks and months 1 + how often their days were restated."""

    computed: datetime
    """When it was computed; of weeks and months the newest of their days."""
