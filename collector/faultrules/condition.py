"""Detectors of the condition of bearings and shafts: severity of vibration, and a trend towards a limit."""

from datetime import timedelta
from typing import Literal

from pydantic import Field

from adapters.settings import Duration
from collector.faultrules.detection import Detection, Learned
from collector.fields import Number


class Vibration(Detection):
    """Severity of vibration by zone: velocity, RMS in mm/s, of the housing.

    In zone C an alert of priority `severity`; in zone D it becomes `high`.
    """

    machine: Literal["I", "II", "III", "IV", "group_1_rigid", "group_1_flexible", "group_2_rigid", "group_2_flexible"]
    """Class of ISO 10816-1 (I: up to 15 kW; II: 15 to 75 kW; III: large, rigid; IV: large, flexible), or group of ISO
    20816-3 (1: above 300 kW; 2: 15 to 300 kW) with its foundation."""

    on_delay: Duration = timedelta(minutes=5)
    """How long it must be in zone C, or D, before the alert begins, or worsens: a start-up passes through them."""

    off_delay: Duration = timedelta(minutes=5)
    """How long it must be back in zone B before the alert ends."""

    hysteresis: float = Field(default=0.05, ge=0, lt=1)
    """How far below a zone's boundary the value must come to leave it, as a part of the boundary; 0 to less than 1."""


class Trend(Learned):
    """A value that creeps towards its limit: when it will be there.

    An alert of priority `severity` when the limit will be reached within `horizon`; when it has been reached,
    it becomes `high`.
    """

    learn: Duration = Field(default=timedelta(days=3), gt=timedelta(0), le=timedelta(days=366))
    """How much running time it learns from before it begins to watch, more than 0, 366 d at most: a new bearing runs in
    for some days. Time without samples does not count."""

    limit: Number | None = None
    """The limit, in the signal's unit; None: learned, 1.6 times what was normal (4 dB, the step from one severity to
    the next of ISO 10816-1), or ten robust standard deviations above it where that is more; with `falls`, as far below
    it. A value that is there already when it has been learned has reached it."""

    falls: bool = False
    """Whether the value falls towards its limit; otherwise it rises."""

    window: Duration = Field(default=timedelta(hours=24), ge=timedelta(minutes=1), le=timedelta(days=366))
    """The running time that the trend is fitted over, 1 min to 366 d; it is seen as 48 steps. Time without samples does
    not count."""

    count: int = Field(default=1, ge=1, le=10_000)
    """How many steps of the window in a row must say so before the alert begins, 1 to 10,000."""

    horizon: Duration = Field(default=timedelta(days=7), gt=timedelta(0), le=timedelta(days=3660))
    """Alert when the limit will be reached within this running time; more than 0, 3660 d at most."""
