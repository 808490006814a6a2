"""What a machine did, and when."""

from datetime import datetime

from api.views.shape import Paged, View
from collector.park import EquipmentState


class SpanView(View):
    """An interval in one state, half-open: [start, end)."""

    start: datetime
    """When it began, or the start of the window asked for."""

    end: datetime
    """When it ended, the end of the window, or as far as is known."""

    state: EquipmentState
    """What the machine did."""

    raw: str | None
    """The machine's own word for it, as its state signal reported it; null where no report holds."""


class TimelineView(Paged[SpanView], use_attribute_docstrings=True):
    """The states of one machine over a window: spans in order, without overlap."""

    path: str
    """The machine."""

    start: datetime
    """Start of the window asked for."""

    end: datetime
    """End of the window asked for."""

    known_until: datetime | None
    """Until when its source has spoken, by the machine's clock; no span reaches beyond. Null: never."""


class MachineSpanView(SpanView):
    """An interval in one state of one machine, half-open: [start, end)."""

    path: str
    """The machine."""


class CurrentStateView(View):
    """What one machine does now, as far as is known."""

    path: str
    """The machine."""

    state: EquipmentState
    """What it does, or did at `known_until`; `unknown` also where it has never reported."""

    raw: str | None
    """The machine's own word for it; null where no report holds."""

    since: datetime | None
    """Since when; null: for more than a week, or it has never reported."""

    known_until: datetime | None
    """Until when its source has spoken, by the machine's clock: how old this is. Null: never."""
