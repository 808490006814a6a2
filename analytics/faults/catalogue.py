"""The catalogue of fault detectors. A new one is a module beside this one and its name in the list below."""

from typing import Any, Final

from analytics.faults.change_point import CHANGE_POINT
from analytics.faults.conditions import CONDITIONS
from analytics.faults.contract import Detector
from analytics.faults.counter import COUNTER
from analytics.faults.cusum import CUSUM
from analytics.faults.cycle import CYCLE
from analytics.faults.ewma import EWMA
from analytics.faults.limits import LIMITS
from analytics.faults.links import LINKS
from analytics.faults.multivariate import MULTIVARIATE
from analytics.faults.out_of_range import OUT_OF_RANGE
from analytics.faults.rate import RATE
from analytics.faults.robust_z import ROBUST_Z
from analytics.faults.seasonal import SEASONAL
from analytics.faults.stale import STALE
from analytics.faults.state_anomaly import STATE_ANOMALY
from analytics.faults.stuck import STUCK
from analytics.faults.trend import TREND
from analytics.faults.vibration import VIBRATION

DETECTORS: Final[tuple[Detector[Any], ...]] = (
    LIMITS,
    CONDITIONS,
    LINKS,
    OUT_OF_RANGE,
    VIBRATION,
    TREND,
    RATE,
    STUCK,
    STALE,
    EWMA,
    CUSUM,
    ROBUST_Z,
    CHANGE_POINT,
    SEASONAL,
    MULTIVARIATE,
    COUNTER,
    CYCLE,
    STATE_ANOMALY,
)
"""Every fault detector, in the order in which they look."""
