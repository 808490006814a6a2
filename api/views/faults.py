"""Faults: the numbers that say how well machines are, what machines were like, and what looks for faults."""

from datetime import datetime
from typing import Any

from api.views.health_scores import HealthPartView
from api.views.shape import TitleView, View


class IndicatorView(View):
    """A number that says something of a machine's health, as it stands."""

    equipment: str
    """Path of the machine."""

    detector: str
    """What computes it: the slug of a detector."""

    subject: str
    """Path of the signal that it is computed of; of the machine, where it is of several."""

    subject_title: TitleView
    """What people call that."""

    name: str
    """Which of the detector's numbers it is, such as `high` or `t2`."""

    value: float
    """The number; in standard deviations, or in the unit of its detector. Only beside `limit` does it say much."""

    limit: float
    """From where on it is an alert, in the unit of the value; above 0."""

    ratio: float
    """How near its limit it is, a ratio from 0: `value / limit`, so 1 is at the limit and more is beyond."""

    at: datetime
    """Of which instant it is, by the machine's clock."""

    heard: datetime
    """When the detector told it last; what was not told for a day is left out."""


class MachineFaultsView(View):
    """How well one machine is, and every number that says so."""

    equipment: str
    """Path of the machine."""

    title: TitleView
    """What people call it."""

    score: float | None
    """Points, 0 to 100. 100: nothing is known but good; 0: the worst. Null: nothing is known of it."""

    at: datetime | None
    """When the score changed last; null: there never was one."""

    parts: list[HealthPartView]
    """What it is made of, what costs most first; what they cost adds up to 100 less the score."""

    indicators: list[IndicatorView]
    """Its numbers, by detector, subject and name."""


class HealthHourView(View):
    """How well a machine was in one hour."""

    equipment: str
    """Path of the machine."""

    hour: datetime
    """Begin of the hour."""

    lowest: float
    """The lowest score of the hour, 0 to 100."""

    newest: float
    """The last score of the hour, 0 to 100."""

    parts: list[HealthPartView]
    """What the lowest was made of: alerts that lasted, and numbers with how near their limits they were."""


class DetectorView(View):
    """One kind of fault detector."""

    detector: str
    """Its slug, as alerts and scores name it."""

    title: TitleView
    """What people call what it sees."""

    learns: bool
    """Whether it learns first what is normal."""

    source: str
    """The clause or paper that it is made after."""

    settings: dict[str, Any] | None
    """JSON Schema of its settings in a line file; null: it has none and needs to be asked for by nobody."""
