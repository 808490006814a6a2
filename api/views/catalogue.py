"""What data there is: datasets, with what they mean, how good and how new they are, and how to ask for them."""

from datetime import datetime
from typing import Any, Literal, TypeAlias

from api.views.kpis import Period
from api.views.shape import TitleView, View

DatasetKind: TypeAlias = Literal[
    "alerts",
    "capacity",
    "faults",
    "gaps",
    "indicators",
    "kpis-day",
    "kpis-hour",
    "kpis-month",
    "kpis-shift",
    "kpis-week",
    "losses",
    "open",
    "samples",
    "sources",
    "states",
]
"""Kinds of datasets."""

Access: TypeAlias = Literal["internal", "granted", "agreed", "public"]
"""Who may see a dataset."""


class PartyView(View):
    """Somebody who has to do with data."""

    name: TitleView
    """What people call them."""

    contact: str | None
    """A mail address, or an address of the web; null where nobody is named."""


class FieldView(View):
    """One field of a dataset's rows."""

    name: str
    """Its name."""

    type: Literal["text", "instant", "day", "number", "integer", "truth", "list", "object", "any"]
    """Type of its values: `instant` is RFC 3339 in UTC, `day` a local day as 2026-03-02, `truth` true or false, `any`
    whatever the signal has."""

    unit: str | None
    """UCUM unit of its values, `1` for ratios and counts; null where they have none, or each row its own."""

    meaning: TitleView
    """What it says, and when it is null, by language."""


class VariableView(View):
    """One thing that a dataset has numbers or values of: a KPI, or a signal."""

    name: str
    """Slug of the KPI, or path of the signal."""

    title: TitleView
    """What people call it."""

    unit: str
    """UCUM unit of its values, `1` for ratios, counts and what has none."""

    type: Literal["float", "int", "bool", "text"]
    """Type of its values."""

    role: str | None = None
    """What a signal means: `state`, `good_count`, `energy`, …; null for a KPI."""

    low: float | None = None
    """Least valid value, in `unit`; null: there is none."""

    high: float | None = None
    """Greatest valid value, in `unit`; null: there is none."""

    source: str | None = None
    """The clause that defines a KPI, and where ours differs; null for a signal."""


class ExtentView(View):
    """Of what a dataset tells."""

    path: str
    """Of this and all below it: the park's id, or `factory[/line/equipment]`."""

    factories: int
    """How many factories it is about."""

    lines: int
    """How many lines."""

    equipment: int
    """How many machines."""

    signals: int
    """How many signals these have."""


class QualityView(View):
    """How good a dataset was in the last seven days."""

    coverage: float | None
    """Share of planned time with known state over the days that began in them, 0 to 1; null where nothing was planned,
    where nothing is computed, and where it means nothing."""

    open_gaps: int | None
    """Intervals in them in which samples may still be missing; null where they were too many to count, and where gaps
    mean nothing."""

    unfillable_gaps: int | None
    """Intervals in them whose samples will never come; null as `open_gaps`."""

    restatements: int | None
    """How often windows that were over were told again in them; null where none are told."""


class RequestView(View):
    """One way to ask for a dataset."""

    method: Literal["GET", "POST"]
    """The method."""

    address: str
    """The address with its query, relative to the API: filled in, and for the newest days of data where it needs a
    window."""

    forms: list[str]
    """Media types that the answer can be had as, by `Accept`."""

    scope: Literal["read", "export", "open"]
    """The scope that a key or token needs."""

    body: dict[str, Any] | None = None
    """The body of a POST; null: it has none."""


class DatasetView(View):
    """One dataset."""

    id: str
    """Stable: its kind and the path of what it tells of, `states/gears`; of open data `open/` and the view's name."""

    kind: DatasetKind
    """What kind of data it is."""

    title: TitleView
    """What people call it."""

    description: TitleView
    """What it is, in a sentence or two."""

    themes: list[str]
    """What it is about: codes of the EU's data themes, or addresses of themes."""

    owner: PartyView
    """Whose it is, and who answers questions about it."""

    publisher: PartyView
    """Who publishes the catalogue."""

    licence: str | None
    """Under which terms it may be used: an address or an SPDX name; null: nothing is said."""

    access: Access
    """Who may see it: `internal` those who may see the whole park, `granted` those whom its factory was granted to,
    `agreed` those with whom a contract says so, `public` whoever asks for a key."""

    extent: ExtentView | None
    """Of what it tells; null for open data, which tells nobody of what it is made."""

    period: Period | None
    """What its rows are summed over; null where a row is an instant, an interval or a thing."""

    updated: Literal["continuously", "hourly", "each shift", "daily", "weekly", "monthly", "as it happens"]
    """How often there is something new."""

    first: datetime | None
    """Begin of the first day of which anything is known; null: there is none."""

    last: datetime | None
    """Up to when it tells what happened; null: never yet. Of samples when their source, of sources when the collector
    last spoke."""

    age_s: float | None
    """How old that is, in seconds; 0 at least."""

    quality: QualityView
    """How good it was in the last seven days."""

    standards: list[str]
    """Standards that its terms come from."""

    computed: str | None
    """Address of the catalogue that says how its numbers are computed, relative to the API; null: they are not."""

    fields: list[FieldView]
    """Fields of its rows."""

    variables: list[VariableView]
    """What it has numbers or values of; none where the fields say it."""

    requests: list[RequestView]
    """How to ask for it."""

    topics: list[Literal["alerts", "states", "kpis"]]
    """Topics of events and webhooks that tell what is new of it."""

    exports: list[Literal["samples", "kpis", "losses", "states", "alerts"]]
    """Kinds of exports that give it as a file."""
