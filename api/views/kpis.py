"""Utilisation and the other numbers about windows of time."""

from datetime import datetime
from typing import Literal, TypeAlias

from api.views.shape import TitleView, View

StoredPeriod: TypeAlias = Literal["hour", "shift", "day"]
"""The kinds of windows that are computed and stored."""

Period: TypeAlias = Literal["hour", "shift", "day", "week", "month"]
"""The kinds of windows; weeks and months are summed from stored days."""


class ResultView(View):
    """One number about one window, half-open: [start, end)."""

    path: str
    """`factory[/line[/equipment]]`, or the park's id."""

    period: Period
    """Kind of window: local hour, shift, local day, week from Monday (ISO 8601) or month of the factory; of the park by
    the zone of its first factory."""

    name: str
    """Name of the shift; `2026-W10` for weeks, `2026-03` for months; empty for hours and days."""

    start: datetime
    """Start of the window."""

    end: datetime
    """End of the window, or as far as is known of it; of a week or month that of its last day with results."""

    kpi: str
    """Which number: a slug of the catalogue; `loss:<loss>/<reason>`, the seconds that a loss took for one reason
    (empty: nobody says); or `stops:<loss>/<reason>`, how many such stops began in the window."""

    value: float | None
    """The number, in `unit`; null where it is not defined, and `note` says why."""

    unit: str | None
    """UCUM unit of the number: `s`, `1` for ratios and parts, …; null for a KPI no longer in the catalogue."""

    coverage: float | None
    """Share of planned time with known state, 0 to 1; null when nothing was planned."""

    computed: datetime
    """When it was computed; of weeks and months the newest of their days."""

    version: int
    """How many times the window has been told, from 1: it is told again when a number changed after it was over. Of
    weeks and months 1 + how often their days were."""

    reason: str
    """Why it was told again: `late samples`, `gap filled`, `gap`, `calendar changed`, `map changed`, `stop reason
    changed`, `recomputed`, or several of these; empty for the first version."""

    note: str
    """Why the number is null and what to configure, or what is odd about it; empty: nothing."""

    inputs: dict[str, float | None] | None = None
    """What the number was computed from: columns of the same window's account. Only with `include=inputs`."""


class KpiView(View):
    """One entry of the catalogue."""

    slug: str
    """Its name in results and requests."""

    title: TitleView
    """What people call it."""

    unit: str
    """UCUM unit: `s` for times, `1` for ratios and parts, `/h` for parts per hour, `kW.h`."""

    kind: Literal["time", "ratio", "count", "rate", "energy"]
    """A time, a count and an energy add up over machines and windows; a ratio and a rate do not."""

    source: str
    """The clause that defines it, and where ours differs."""

    formula: str
    """The formula in the terms of its source; empty for what is measured and not computed."""

    inputs: list[str]
    """What it is computed from: times and counts of a window, which are KPIs themselves or part of its account."""

    needs: list[str]
    """What a machine must have configured for it: `total` (parts are counted), `quality` (good or rejected parts are),
    `ideal_cycle`, `rework`, `energy`."""

    level: Literal["any", "equipment"]
    """`equipment`: it means nothing above a single machine, and is null there."""
