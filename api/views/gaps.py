"""Intervals in which samples may be missing."""

from datetime import datetime
from typing import Literal

from api.views.shape import View


class GapView(View):
    """An interval in which a source may have missed samples, half-open: [start, end)."""

    id: int
    """Number in the records."""

    source: str
    """Name of the source."""

    signals: list[str]
    """Paths concerned; empty: every signal of the source."""

    start: datetime
    """First instant that may be missing."""

    end: datetime | None
    """First instant known again; null while it lasts."""

    cause: str
    """What happened, in words."""

    state: Literal["open", "filled", "unfillable"]
    """`open`: samples may be missing; `filled`: they were delivered later; `unfillable`: they are lost."""
