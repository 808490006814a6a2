"""Reports: sums over days, weeks and months, and their comparison."""

from datetime import date, datetime
from typing import Literal

from api.views.shape import View


class SumsView(View):
    """What a path came to over some local days."""

    start: datetime
    """Start of the first day with results."""

    end: datetime
    """End of the last day with results, or as far as is known of it."""

    days: int
    """How many days have results."""

    coverage: float | None
    """Share of planned time with known state, 0 to 1; null when nothing was planned."""

    account: dict[str, float | None]
    """Where the time went and what was made: seconds by part of calendar time, parts, kW.h; null where not counted.
    The names are slugs of the catalogue."""

    kpis: dict[str, float | None]
    """KPIs computed from this account, by slug; null where one is not defined."""


class PeriodView(SumsView):
    """What a path came to in one day, week or month."""

    name: str
    """Which: `2026-03-02`, `2026-W10` (ISO 8601), `2026-03`."""


class LossView(View):
    """One line of the loss tree."""

    loss: str
    """Which part of calendar time: a column of the account; or `unjudged_time`, production whose speed is not known."""

    depth: int
    """How deep it lies: 0 is calendar time, each part follows what it is a part of."""

    seconds: float
    """Its seconds."""

    of_calendar: float | None
    """Its share of calendar time, 0 to 1."""

    of_planned: float | None
    """Its share of planned time, 0 to 1; null for what is not planned."""

    count: float | None
    """How many failures, for unplanned stops; else null."""


class StopView(View):
    """Stops for one reason."""

    loss: str
    """Which loss: unplanned_stop, setup, micro_stop, idle, off."""

    reason: str
    """The reason as signals, alarms or people gave it; empty where nobody did."""

    times: int | None
    """How many stops began on these days: one across an edge counts where it begins; null where a day of them was
    stored by a parkline that did not count yet (`parkline kpi recompute` adds it)."""

    seconds: float
    """How long, in all; of a line in machine-seconds."""

    share: float
    """Its share of the seconds of all these stops, 0 to 1."""

    cumulative: float
    """The share of this reason and of those before it, 0 to 1."""

    mean_seconds: float | None
    """`seconds` / `times`; null where no stop began."""


class LossesView(View):
    """A report: periods, the loss tree and the stops of all of them."""

    path: str
    """Of what: the park, a factory, a line or a machine."""

    period: Literal["day", "week", "month"]
    """What it is divided into."""

    time_zone: str
    """Whose local days these are, by IANA name."""

    first: date
    """First local day asked for."""

    until: date
    """First local day after those asked for."""

    whole: SumsView | None
    """All days together; null where there are no results."""

    periods: list[PeriodView]
    """Each period that has results, in order."""

    losses: list[LossView]
    """The loss tree of all days together."""

    stops: list[StopView]
    """Stops by reason, the longest first; planned stops are not among them."""


class SpanOfDaysView(View):
    """Local days, half-open."""

    first: date
    """First local day."""

    until: date
    """First local day after them."""


class ChangeView(View):
    """How one number differs between two periods."""

    kind: Literal["kpi", "loss", "reason"]
    """What it is."""

    name: str
    """Slug of the KPI, column of the loss, or `loss/reason`."""

    before: float | None
    """Before: of a KPI its value, in the unit of the catalogue; of a loss or reason its share of planned time
    (`not_scheduled_time`: of calendar time), 0 to 1."""

    after: float | None
    """The same after, in the same unit."""

    change: float | None
    """`after` - `before`, in their unit."""

    before_s: float | None
    """Seconds before; null for KPIs."""

    after_s: float | None
    """Seconds after; null for KPIs."""

    days_before: int
    """Days before that have a value: something was planned, and something of it is known."""

    days_after: int
    """Days after that have a value."""

    coverage_before: float | None
    """Share of planned time before with a known state, 0 to 1; null: nothing was planned."""

    coverage_after: float | None
    """Share of planned time after with a known state, 0 to 1; null: nothing was planned."""

    lower: float | None
    """Lower limit of normal variation for the mean of the days after, in the unit of `before`; null with too few
    days."""

    upper: float | None
    """Upper limit, in the same unit; null with too few days."""

    outside: int | None
    """Days before that lie outside their own limits: where there are any, the days before were not steady."""

    verdict: Literal["exceeds", "within", "too_few_days"]
    """Whether the mean of the days after exceeds normal variation; too few are fewer than 8 days before, or none
    after."""


class ComparisonView(View):
    """What changed from one period to another."""

    path: str
    """Of what: the park, a factory, a line or a machine."""

    time_zone: str
    """Whose local days these are, by IANA name."""

    before: SpanOfDaysView
    """The days before."""

    after: SpanOfDaysView
    """The days after."""

    items: list[ChangeView]
    """KPIs, losses, then reasons by their share."""
