"""How faults are looked for, and how alerts are told: `alerts:` of `parkline.yaml`."""

from datetime import timedelta

from pydantic import Field

from adapters.settings import Duration, Settings


class AlertSettings(Settings):
    """Fault detection and alerts."""

    look: Duration = Field(default=timedelta(milliseconds=250), ge=timedelta(milliseconds=50), le=timedelta(minutes=1))
    """How often the detectors look at what has come; 50 ms to 1 min."""
