"""Detectors of what a machine makes and how it stands: cycles, counters, stops."""

from datetime import timedelta

from pydantic import Field

from adapters.settings import Duration
from collector.faultrules.detection import Detection, Learned


class Cycle(Learned):
    """Parts that come too slowly, or not at all, while the machine says that it produces.

    Each product has its own usual cycle, where a signal of role `product` says which one runs.
    """

    missing: float = Field(default=5.0, gt=1, le=1000)
    """Alert when no part has come for this many usual cycles, more than 1, 1000 at most; needs a machine whose state is
    told."""

    drift: float | None = Field(default=0.2, gt=0, le=10)
    """Alert when the median of the last cycles is longer than usual by this part of it (0.2: 20 %), more than 0, 10 at
    most; None: not watched."""

    cycles: int = Field(default=20, ge=5, le=1000)
    """How many last cycles that median is of, 5 to 1000."""


class Counter(Detection):
    """A counter that jumps back, or ahead by more than can be made, or counts parts while the machine stands."""

    rate: float | None = Field(default=None, gt=0)
    """How many per second it counts at most, more than 0; None: of parts five times the ideal cycle's, where there is
    one."""


class StateAnomaly(Learned):
    """More stops per hour, or longer ones, than this machine has had."""

    learn: Duration = Field(default=timedelta(days=7), ge=timedelta(hours=8), le=timedelta(days=366))
    """How much time it learns from, 8 h to 366 d, in whole hours of planned work with known states."""

    limit: float = Field(default=5.0, gt=0, le=1000)
    """Alert beyond this many robust standard deviations above its own history, more than 0, 1000 at most."""
