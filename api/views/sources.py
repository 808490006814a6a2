"""The sources: how each link stands."""

from datetime import datetime
from typing import Literal

from api.views.shape import View


class ConflictView(View):
    """Two things that a source said of one signal at one instant; the store keeps the later one."""

    signal: str
    """Path of the signal."""

    time: datetime
    """The instant, by the machine's clock."""

    earlier: str | None
    """What it said first: the value, and the status where it is not Good; null where that is known no more."""

    later: str
    """What it said then."""


class SourceView(View):
    """One configured link, and how it stood when the collector last wrote of it."""

    name: str
    """Unique in the park."""

    kind: str
    """Which protocol it speaks."""

    line: str
    """Path of its line."""

    state: Literal["up", "held", "down", "refused", "ended", "unseen"]
    """`up`; `held`: open, but its samples cannot be made durable now; `down`: the collector tries again; `refused`: a
    person must act; `ended`: a recorded file, all read; `unseen`: the collector has not run with it yet."""

    stale: bool
    """Whether the collector has stopped writing of it: `state` is then what was, not what is."""

    problem: str
    """Why it is held, down or refused, and what to do; empty when it is up."""

    since: datetime | None
    """Since when it has been up, or since when it has not."""

    seen: datetime | None
    """When the collector last wrote of it."""

    last_time: datetime | None
    """Greatest source time it has delivered, by the machine's clock."""

    last_received: datetime | None
    """When that sample arrived."""

    horizon: datetime | None
    """Until when, by the machine's clock, its last values are known to hold."""

    samples: int | None
    """Samples made durable since the records were made. This and the three counts below are null where the source also
    carries signals of factories that the caller may not see."""

    refusals: int | None
    """Inputs that could not become samples, since the records were made."""

    duplicates: int | None
    """Samples that said again what was known, as far as it was still in memory; they changed nothing."""

    conflicts: int | None
    """Samples that said something else of an instant than what was known of it, as far as it was still in memory."""

    last_conflict: ConflictView | None
    """The last of these; null where there was none, or where it is of a signal that the caller may not see."""

    signals: int
    """Signals configured on it, of factories that the caller may see."""
