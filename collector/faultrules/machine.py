"""Detectors of a machine as a whole."""

from datetime import timedelta

from pydantic import Field

from adapters.settings import Duration
from collector.faultrules.detection import Detection, Learned
from collector.fields import Name


class Multivariate(Learned):
    """Signals that no longer move together as they used to: principal components, Hotelling T² and SPE.

    It needs 48 rows to learn from, and 6 in a row before it alerts, also where `count` is less.
    """

    on_delay: Duration = timedelta(seconds=45)
    """How long it must last before the alert begins: what is over so soon was a disturbance, and no fault."""

    signals: tuple[Name, ...] = ()
    """Which signals of the machine, by name; none: all of role `measurement`, `power` and `cycle_time`."""

    period: Duration = Field(default=timedelta(seconds=10), ge=timedelta(milliseconds=10), le=timedelta(days=1))
    """How often the signals are looked at together, 10 ms to 1 d; best not more often than the slowest of them comes:
    a value that is held looks steadier than it is."""

    variance: float = Field(default=0.8, gt=0, lt=1)
    """Which part of the variance the components explain, more than 0 and less than 1."""


class Health(Detection):
    """The health score of a machine falls."""

    limit: float = Field(default=50.0, gt=0, le=100)
    """Alert below this score, more than 0, 100 at most."""

    hysteresis: float = Field(default=5.0, ge=0, le=100)
    """How far above the limit the score must come before the alert ends, in points; 0 to 100."""

    on_delay: Duration = timedelta(minutes=5)
    """How long the score must be below the limit before the alert begins."""
