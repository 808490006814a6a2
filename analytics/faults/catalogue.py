"""The catalogue of fault detectors. A new one is a module beside this one and its name in the list below."""

from typing import Any, Final

from analytics.faults.conditions import CONDITIONS
from analytics.faults.contract import Detector
from analytics.faults.limits import LIMITS
from analytics.faults.links import LINKS
from analytics.faults.multivariate import MULTIVARIATE
from analytics.faults.out_of_range import OUT_OF_RANGE
from analytics.faults.rate import RATE
from analytics.faults.stale import STALE
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
    MULTIVARIATE,
)
"""Every fault detector, in the order in which they look."""
