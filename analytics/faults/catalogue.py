"""The catalogue of fault detectors. A new one is a module beside this one and its name in the list below."""

from typing import Any, Final

from analytics.faults.conditions import CONDITIONS
from analytics.faults.contract import Detector
from analytics.faults.limits import LIMITS

DETECTORS: Final[tuple[Detector[Any], ...]] = (LIMITS, CONDITIONS)
"""Every fault detector, in the order in which they look."""
