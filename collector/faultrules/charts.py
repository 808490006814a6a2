"""Control charts: detectors that know what is normal of one signal, and see that it moves."""

from datetime import timedelta

from pydantic import Field

from adapters.settings import Duration
from collector.faultrules.detection import Learned


class Ewma(Learned):
    """Exponentially weighted moving average: a small lasting shift."""

    weight: float = Field(default=0.1, gt=0, le=1)
    """Weight of the newest value, more than 0, 1 at most."""

    limit: float = Field(default=6.0, gt=0, le=100)
    """Alert beyond this many standard deviations of the average, more than 0, 100 at most."""


class Cusum(Learned):
    """Cumulative sum: a small shift that lasts, summed up until it is certain."""

    slack: float = Field(default=0.5, ge=0, le=10)
    """What is not counted of each deviation, in standard deviations; half of the shift to be found; 0 to 10."""

    limit: float = Field(default=12.0, gt=0, le=10_000)
    """Alert when the sum is beyond this, in standard deviations; more than 0, 10,000 at most."""


class RobustZ(Learned):
    """Distance from the median in robust standard deviations: single values far out."""

    limit: float = Field(default=8.0, gt=0, le=1000)
    """Alert beyond this many robust standard deviations, more than 0, 1000 at most."""


class Seasonal(Learned):
    """A value that is unusual for this hour of the week."""

    learn: Duration = Field(default=timedelta(days=21), ge=timedelta(days=7), le=timedelta(days=366))
    """How much time it learns from, 7 d to 366 d."""

    limit: float = Field(default=8.0, gt=0, le=1000)
    """Alert beyond this many robust standard deviations of that hour of the week, more than 0, 1000 at most."""


class ChangePoint(Learned):
    """The level of a value that steps to another one and stays there."""

    window: int = Field(default=60, ge=10, le=10_000)
    """How many samples before and after are compared, 10 to 10,000."""

    limit: float = Field(default=10.0, gt=0, le=1000)
    """Alert when the levels differ by more than this many standard errors, more than 0, 1000 at most."""
