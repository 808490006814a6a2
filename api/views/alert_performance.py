"""How well alerts serve people, beside what is published about it."""

from datetime import datetime
from typing import Literal

from api.views.shape import TitleView, View


class AlertMeasureView(View):
    """One number of a period, beside its targets."""

    metric: str
    """Which number, such as `average_per_hour`."""

    title: TitleView
    """What people call it."""

    unit: str
    """UCUM: `/h`, `/(10.min)` or `/d` for rates, `1` for counts and for shares, which are 0 to 1."""

    value: float | None
    """The number, in `unit`; null: nothing was annunciated that it could be a part of."""

    target: float | None
    """Up to here, or from here on (`at_least`), it is acceptable, in `unit`; null: nothing is published."""

    limit: float | None
    """Up to here it is manageable at most, in `unit`; null: the target is all there is."""

    at_least: bool
    """Whether the number should reach its target, and not stay below it."""

    verdict: Literal["acceptable", "manageable", "over", ""]
    """How it stands: within the target, within the limit, beyond both; empty: there is nothing to compare it with."""

    source: str
    """Where the target is published; empty: nowhere."""


class FrequentAlertView(View):
    """One of the most frequent alarm points."""

    equipment: str
    """Path of the machine or line; the park's id, where it is about neither."""

    signal: str
    """What it was seen on, as in alerts."""

    detector: str
    """What saw it: the slug of a detector."""

    detector_title: TitleView
    """What people call what it sees."""

    key: str
    """Which of the signal's alerts it is, such as `high:80`."""

    annunciations: int
    """How often it asked people for something."""

    occurrences: int
    """How often its cause began, as far as the events of the period tell."""

    share: float
    """Its part of all annunciations, 0 to 1."""


class AlertPerformanceView(View):
    """Alarm performance of a period after ISA-18.2-2016 (table 7), EEMUA 191 and IEC 62682:2014."""

    start: datetime
    """First instant of the period."""

    end: datetime
    """First instant no longer part of it."""

    paths: list[str]
    """The park, or the factories, lines and machines whose alerts are counted, each with all below it."""

    operators: int
    """How many people take alerts; rates are per person."""

    annunciations: int
    """How often alerts asked people for something."""

    occurrences: int
    """How often causes began, as far as the events of the period tell."""

    short: bool
    """Whether the period is under 30 days, so that its numbers do not say much."""

    measures: list[AlertMeasureView]
    """The numbers, always the same ones in the same order."""

    top: list[FrequentAlertView]
    """The most frequent alarm points, ten at most."""
