"""What is opened to others: views and their rows."""

from datetime import date
from typing import Literal, TypeAlias

from api.views.shape import Paged, TitleView, View

OpenPeriod: TypeAlias = Literal["day", "week", "month"]
"""What a number is summed over."""


class OpenNumberView(View):
    """One number that a view tells."""

    slug: str
    """Its name in rows."""

    title: TitleView
    """What people call it."""

    unit: str
    """UCUM unit: `s` for times, `1` for ratios, parts and alerts."""

    rounded_to: float | None
    """It is told as a multiple of this, in its unit; null: it is not rounded."""


class OpenDataView(View):
    """A view: what a consumer may read."""

    view: str
    """Its name, and the last segment of its address."""

    title: TitleView
    """What people call it."""

    about: TitleView
    """What it is good for."""

    dataset: Literal["kpis", "losses", "alerts", "capacity"]
    """What its numbers are about: what machines did, where their time went, how many alerts began, what they have to
    spare in the coming days."""

    by: Literal["park", "class", "factory", "line", "equipment"]
    """What they are summed by; factories, lines and equipment are called by pseudonyms."""

    period: OpenPeriod
    """What they are summed over: local days, weeks from Monday (ISO 8601), months."""

    numbers: list[OpenNumberView]
    """Which numbers it tells."""

    fields: list[str]
    """Fields that its rows have."""

    factories: int
    """Each number is of so many factories at least."""

    machines: int
    """Each number is of so many machines at least."""

    delay_s: float | None
    """How long after its end a period is told, in seconds; null: it is told before, when its last day is 7 days
    away."""

    first: date
    """The first local day that is told of."""

    told_until: date | None
    """The first local day that is not told of yet; null: nothing has been told."""

    licence: str
    """Under what terms it may be used; empty: nobody says."""

    contact: str
    """Who answers questions about it; empty: nobody says."""


class OpenRowView(View):
    """One number of one group over one period."""

    group: str
    """A class of machines, a pseudonym, or `all` for the whole park."""

    period: OpenPeriod
    """What it is summed over."""

    name: str = ""
    """The period's name: 2026-03-02, 2026-W10 or 2026-03. Not in views that drop it."""

    start: date
    """First day, local to each factory."""

    end: date
    """First day after it."""

    kpi: str
    """Which number."""

    value: float | None
    """The number, in its unit; null where it is suppressed or not defined."""

    unit: str = ""
    """UCUM unit of the number. Not in views that drop it."""

    coverage: float | None = None
    """Share of planned time with a known state, 0 to 1; null where it is suppressed, and of alerts and capacity. Not
    in views that drop it."""

    suppressed: bool
    """Whether it is not told, since it would tell of too few, or there is nothing to tell."""


class OpenPage(Paged[OpenRowView], use_attribute_docstrings=True):
    """One page of a view."""

    told_until: date | None
    """The first local day that is not told of yet; null: nothing has been told."""
