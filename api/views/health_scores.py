"""How well machines are: scores, and what they are made of."""

from datetime import datetime
from typing import Literal

from api.views.shape import TitleView, View
from collector.park import Severity


class HealthPartView(View):
    """What one thing costs a machine's score."""

    detector: str
    """What sees it: the slug of a detector."""

    title: TitleView
    """What people call what it sees."""

    subject: str
    """Path of the signal that it is about; of the machine, where several tell it together."""

    subject_title: TitleView
    """What people call that."""

    name: str
    """Which of the detector's numbers it is, or which of its alerts."""

    kind: Literal["alert", "indicator"]
    """Whether an alert lasts, or a number comes near its limit."""

    lost: float
    """Points that it costs, 0 to 100. The worst part costs all of its points, each further one half as much as the one
    before would."""

    ratio: float | None = None
    """How near the limit the number is, a ratio from 0: its value as a part of it; null for an alert."""

    severity: Severity | None = None
    """Priority of the alert; null for a number."""


class HealthScoreView(View):
    """How well one machine is."""

    equipment: str
    """Path of the machine."""

    title: TitleView
    """What people call it."""

    score: float | None
    """Points, 0 to 100. 100: nothing is known but good; 0: the worst. Null: nothing is known of it any more."""

    at: datetime
    """When the score changed last."""

    parts: list[HealthPartView]
    """What it is made of, what costs most first; what they cost adds up to 100 less the score."""
