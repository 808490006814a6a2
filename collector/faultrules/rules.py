"""Which detectors watch a signal, and which a machine. What is not written is not watched."""

from adapters.settings import Settings
from collector.faultrules.charts import ChangePoint, Cusum, Ewma, RobustZ, Seasonal
from collector.faultrules.condition import Trend, Vibration
from collector.faultrules.machine import Health, Multivariate
from collector.faultrules.production import Counter, Cycle, StateAnomaly
from collector.faultrules.values import OutOfRange, Rate, Stale, Stuck


class SignalFaults(Settings):
    """Detectors of one signal, besides its `limits`. `{}` switches one on with its defaults."""

    rate: Rate | None = None
    """It rises or falls too fast."""

    stuck: Stuck | None = None
    """It no longer moves."""

    stale: Stale | None = None
    """It no longer comes."""

    out_of_range: OutOfRange | None = None
    """It says what cannot be."""

    ewma: Ewma | None = None
    """Its average shifts."""

    cusum: Cusum | None = None
    """Its average shifts a little, and stays there."""

    robust_z: RobustZ | None = None
    """Single values are far out."""

    seasonal: Seasonal | None = None
    """It is unusual for this hour of the week."""

    change_point: ChangePoint | None = None
    """Its level steps."""

    cycle: Cycle | None = None
    """Cycles become longer or are missing; part counters and signals of role `cycle_time`."""

    counter: Counter | None = None
    """It jumps; counters."""

    vibration: Vibration | None = None
    """Its severity by zone; vibration velocity in mm/s."""

    trend: Trend | None = None
    """It creeps towards a limit."""


class MachineFaults(Settings):
    """Detectors of one machine. `{}` switches one on with its defaults."""

    multivariate: Multivariate | None = None
    """Its signals no longer move together as they used to."""

    states: StateAnomaly | None = None
    """It stops more often, or for longer."""

    health: Health | None = None
    """Its health score falls."""
