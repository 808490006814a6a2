"""Intervals in which samples may be missing."""

from datetime import datetime
from typing import Literal

from adapters.sources.contract import FilledBy, GapKind
from api.views.shape import View


class GapView(View):
    """An interval in which a source may have missed samples, half-open: [start, end)."""

    id: int
    """Names it."""

    source: str
    """Name of the source."""

    signals: list[str]
    """Paths concerned, as far as the caller may see them; empty: every signal of the source."""

    start: datetime
    """First instant that may be missing."""

    end: datetime | None
    """First instant known again; null while it lasts."""

    cause: str
    """What happened, in words."""

    kind: GapKind
    """What happened: `outage` (the link was not open), `stopped` (the collector was not running), `overflow` (of a
    queue of the sender), `sequence` (messages never arrived), `rejected` (by the store), `dropped` (from the spool, as
    a person chose) or `damaged` (it cannot be read)."""

    state: Literal["open", "filled", "unfillable"]
    """`open`: samples may be missing; `filled`: they came later, and are stored; `unfillable`: the source cannot give
    them."""

    filled_by: FilledBy | None
    """What filled it: `redelivery` (the sender had kept it), `rebirth` (a Sparkplug node told anew), `history` (the
    source's own), `recording` (a file) or `letters` (dead letters that were replayed); null while nothing has."""

    samples: int | None
    """How many samples filled it; 0: nothing had happened; null where nobody counted, or where signals are among them
    that the caller may not see."""

    resolved: datetime | None
    """When it was found filled or unfillable; null while it is open."""

    reason: str
    """Why it is unfillable, in words; empty otherwise."""

    part_of: int | None
    """Number of the gap that it is a part of: a gap is cut when a part of it is filled; null: it is whole."""
