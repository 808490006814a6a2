"""Detectors of the condition of bearings and shafts: severity of vibration, and a trend towards a limit."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from adapters.settings import Duration
from collector.faultrules.detection import Detection, Learned
from collector.fields import Number


class Vibration(Detection):
    """Severity of vibration by zone: velocity, RMS in mm/s, of the housing."""

    machine: Literal["I", "II", "III", "IV", "group_1_rigid", "group_1_flexible", "group_2_rigid", "group_2_flexible"]
    """Class of ISO 10816-1 (I: up to 15 kW; II: 15 to 75 kW; III: large, rigid; IV: large, flexible), or group of ISO
    20816-3 (1: above 300 kW; 2: 15 to 300 kW) with its foundation."""


class Trend(Learned):
    """A value that creeps towards its limit: when it will be there."""

    limit: Number | None = None
    """The limit, in the signal's unit; None: learned, far beyond what was normal."""

    horizon: Duration = Field(default=timedelta(days=7), gt=timedelta(0), le=timedelta(days=3660))
    """Alert when the limit will be reached within this time; more than 0, 3660 d at most."""
