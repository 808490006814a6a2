"""Why machines stood, as people say it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from api.views.shape import Instant, TitleView, View, example

Text = Annotated[str, Field(max_length=1000, pattern=r"^[^\x00]*$")]
"""Words of a person."""


class StopReasonView(View):
    """A reason for which machines stand, as the park declares it."""

    code: str
    """Its name in requests and results."""

    title: TitleView
    """What people call it."""

    loss: Literal["unplanned_stop", "planned_stop", "setup", "idle"]
    """Which loss a stop for this reason is."""


class SayRequest(View):
    """Why a machine stood."""

    model_config = example(
        {
            "start": "2026-11-24T06:00:00Z",
            "end": "2026-11-24T07:30:00Z",
            "reason": "breakdown",
            "note": "the hydraulic hose burst",
        }
    )

    start: Instant
    """From when on, inclusive."""

    end: Instant
    """Until when, exclusive; after `start`, by 31 days at most. Only stops within are concerned."""

    reason: Annotated[str, Field(min_length=1, max_length=64)]
    """A code of the park's stop reasons."""

    note: Text = ""
    """What else there is to say, 1,000 characters at most."""


class SaidView(View):
    """What somebody said of a machine's stops within [start, end)."""

    id: int
    """Names it; of two that concern one instant the one said later (`at`) counts."""

    equipment: str
    """Path of the machine."""

    start: datetime
    """From when on."""

    end: datetime
    """Until when, exclusive."""

    reason: str
    """A code of the park's stop reasons."""

    note: str
    """What else was said; empty: nothing."""

    by: str
    """Who said it: the name of the key."""

    at: datetime
    """When it was said."""

    revoked: datetime | None = None
    """When it was taken back; null: it counts."""
