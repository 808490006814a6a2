"""Utilisation and the other numbers about windows of time."""

from datetime import datetime
from typing import Literal, TypeAlias

from api.views.shape import TitleView, View

Period: TypeAlias = Literal["hour", "shift", "day"]
"""The kinds of windows."""


class ResultView(View):
    """One number about one window, half-open: [start, end)."""

    path: str
    """`factory[/line[/equipment]]`, or the park's id."""

    period: Period
    """Kind of window: local hour, shift or local day of the factory."""

    name: str
    """Name of the shift; empty for hours and days."""

    start: datetime
    """Start of the window."""

    end: datetime
    """End of the window."""

    kpi: str
    """Which number: a slug of the catalogue."""

    value: float | None
    """The number, in `unit`; null where it is not defined (nothing was planned)."""

    unit: str | None
    """UCUM unit of the number: `s`, or `1` for a ratio from 0 to 1; null for a KPI no longer in the catalogue."""

    coverage: float | None
    """Share of planned time with known state, 0 to 1; null when nothing was planned."""

    computed: datetime
    """When it was computed. A number computed anew, since late samples came, shows here that it was."""


class KpiView(View):
    """One entry of the catalogue."""

    slug: str
    """Its name in results and requests."""

    title: TitleView
    """What people call it."""

    unit: str
    """UCUM unit: `s` for times, `1` for ratios."""

    kind: Literal["time", "ratio"]
    """A time adds up over machines and windows; a ratio does not."""

    source: str
    """The clause that defines it, and where ours differs."""


class CatalogueView(View):
    """Every KPI that parkline computes."""

    items: list[KpiView]
    """In the order in which people read them."""
