"""Numbers that were told otherwise before."""

from datetime import datetime

from api.views.kpis import Period
from api.views.shape import View


class RestatedKpiView(View):
    """One number that a restatement changed."""

    kpi: str
    """Which number: a slug of the catalogue, `loss:<loss>/<reason>` or `stops:<loss>/<reason>`."""

    unit: str | None
    """UCUM unit of both; null for a KPI no longer in the catalogue."""

    before: float | None
    """What it was, in `unit`; null: not defined."""

    after: float | None
    """What it was in the next version, in `unit`; null: not defined."""

    note_before: str
    """What was said of it before; empty: nothing."""

    note_after: str
    """What the next version says of it; empty: nothing."""


class RestatementView(View):
    """One version of a window, [start, end), that was told and then replaced."""

    path: str
    """`factory[/line[/equipment]]`, or the park's id."""

    period: Period
    """Kind of window: local hour, shift or local day of the factory."""

    name: str
    """Name of the shift, as it was; empty for hours and days."""

    start: datetime
    """Start of the window."""

    end: datetime
    """End of the window, as it was."""

    version: int
    """Number of the version that was replaced, from 1; the next one took its place."""

    computed: datetime
    """When it was computed: since when it was told."""

    replaced: datetime
    """When the next version took its place."""

    reason: str
    """Why: `late samples`, `gap filled`, `gap`, `calendar changed`, `map changed`, `stop reason changed`, `recomputed`,
    or several of these."""

    coverage: float | None
    """Share of planned time with known state as it was, 0 to 1; null when nothing was planned."""

    changes: list[RestatedKpiView]
    """The numbers that the next version tells otherwise, by name; empty where only the window itself is another."""
