"""What changed, as listeners and pollers are told."""

from datetime import datetime
from typing import Literal

from analytics.alarmstates import AlarmState, EventKind
from api.views.shape import TitleView, View
from collector.feed import Topic
from collector.park import Severity


class AlertNewsView(View):
    """Something that happened to an alert (`topic`: `alerts`)."""

    event: str
    """Id of what happened; the same one has the same id, however often it is told."""

    alert: str
    """Id of the alert: GET /api/v1/alerts/{id} tells all of it."""

    number: int
    """Its place among what happened to the alert, from 1."""

    kind: EventKind
    """What happened."""

    state: AlarmState
    """How the alert stands after it (ISA-18.2)."""

    severity: Severity
    """Severity of the newest occurrence."""

    priority: Severity
    """How soon somebody must act: the highest severity since the alert began, or was closed last."""

    equipment: str
    """Path of the machine that it is about; of the line, where it is about a link."""

    signal: str
    """What it was seen on: path of a signal or machine, `source:NAME`, or empty."""

    detector: str
    """What saw it."""

    began: datetime
    """When its earliest occurrence began, in the source's own time."""

    active: bool
    """Whether its cause lasts."""

    message: TitleView
    """What it says, by language."""

    value: str
    """The value that began it, as text."""

    person: str
    """Who did it; empty: nobody."""

    comment: str
    """What they said; empty: nothing."""

    at: datetime
    """When it happened."""


class StateEventView(View):
    """A state of a machine that came to be known (`topic`: `states`)."""

    state: str
    """`producing`, `idle`, `setup`, `planned_stop`, `unplanned_stop`, `off` or `unknown`."""

    raw: str | None
    """The raw value that it comes from; null where no value holds."""

    start: datetime
    """When it began."""

    until: datetime | None
    """When it ended; null: it lasts."""

    revised_from: datetime | None
    """Null: it follows what was told before. Else all that was told of the machine from this instant on is another now,
    or is more than is told one by one: read its states again from there."""


class KpiEventView(View):
    """Numbers of a window that is over, or that was told before and is told anew (`topic`: `kpis`)."""

    period: Literal["hour", "shift", "day"]
    """What kind of window it is."""

    name: str
    """The shift's name; empty for hours and days."""

    start: datetime
    """First instant of the window."""

    end: datetime
    """First instant after it."""

    version: int
    """How many times it has been told, from 1. Each version of a window is told once."""

    computed: datetime
    """When it was computed."""

    reason: str
    """Why it was told again; empty for the first version."""

    withdrawn: bool
    """true: the calendar does not have this window any more; it has no numbers."""

    coverage: float | None
    """Share of planned time with a known state, 0 to 1; null when nothing was planned."""

    values: dict[str, float | None]
    """Every KPI of the catalogue by slug, in its unit (s, ratios 0 to 1); null where it is not defined."""


class EventView(View):
    """One thing that changed."""

    id: str
    """Names it: `id` of the stream, `webhook-id` of a message, and what `after` takes. Its order is that of the list
    or stream, which ids do not say."""

    at: datetime
    """When it was told."""

    topic: Topic
    """What it is about, which says what `data` is."""

    path: str
    """Path of the machine, line or factory that it is about; the park's id for the park."""

    data: AlertNewsView | StateEventView | KpiEventView
    """What changed."""
