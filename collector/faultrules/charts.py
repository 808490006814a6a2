"""Control charts: detectors that know what is normal of one signal, and see that it moves."""

from datetime import timedelta

from pydantic import Field

from adapters.settings import Duration
from collector.faultrules.detection import Learned


class Chart(Learned):
    """A control chart; what is normal includes a whole day, so that neither night nor shift is a fault."""

    learn: Duration = Field(default=timedelta(days=1), gt=timedelta(0), le=timedelta(days=366))
    """How much time with usable values it learns from before it begins to watch, more than 0, 366 d at most; it counts
    only while the machine produces, where its state is known. At least 30 values."""


class Ewma(Chart):
    """Exponentially weighted moving average: a small lasting shift."""

    weight: float = Field(default=0.1, gt=0, le=1)
    """Weight of the newest value, more than 0, 1 at most."""

    limit: float = Field(default=6.0, gt=0, le=100)
    """Alert beyond this many standard deviations of the average, as values that follow each other have, more than 0,
    100 at most."""


class Cusum(Chart):
    """Cumulative sum: a small shift that lasts, summed up until it is certain."""

    slack: float = Field(default=0.5, ge=0, le=10)
    """What is not counted of each deviation, in standard deviations; half of the shift to be found; 0 to 10."""

    limit: float = Field(default=20.0, gt=0, le=10_000)
    """Alert when the sum is beyond this, in standard deviations, times how many values tell as much as one independent
    value; more than 0, 10,000 at most."""


class RobustZ(Chart):
    """Distance from the median in robust standard deviations: single values far out."""

    limit: float = Field(default=8.0, gt=0, le=1000)
    """Alert beyond this many robust standard deviations, more than 0, 1000 at most; not nearer than one and a half
    times as far as values were while it learned."""

    count: int = Field(default=3, ge=1, le=10_000)
    """How many samples in a row must be so far out before the alert begins, 1 to 10,000."""


class Seasonal(Learned):
    """A value that is unusual for this hour of the week."""

    learn: Duration = Field(default=timedelta(days=21), ge=timedelta(days=7), le=timedelta(days=366))
    """How much time by the calendar it learns from, 7 d to 366 d; the last four weeks of it count, and of them only
    while the machine produces, where its state is known."""

    limit: float = Field(default=8.0, gt=0, le=1000)
    """Alert beyond this many robust standard deviations of that hour of the week, more than 0, 1000 at most."""

    count: int = Field(default=3, ge=1, le=10_000)
    """How many samples in a row must be so far out before the alert begins, 1 to 10,000."""


class ChangePoint(Chart):
    """The level of a value that steps to another one and stays there."""

    window: int = Field(default=60, ge=10, le=10_000)
    """How many samples before and after are compared, 10 to 10,000; in steps of a tenth, rounded down."""

    limit: float = Field(default=7.0, gt=0, le=1000)
    """Alert when the levels differ by more than this many standard errors, more than 0, 1000 at most."""
