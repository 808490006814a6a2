"""What every configured detector says: how grave its alerts are, and how long something must last."""

from datetime import datetime, timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from adapters.settings import Duration, Settings
from collector.fields import Severity


class Detection(Settings):
    """How a detector's alerts begin and end, and how grave they are."""

    severity: Severity = Severity.MEDIUM
    """Priority of its alerts."""

    on_delay: Duration = timedelta(0)
    """How long it must be so before the alert begins."""

    off_delay: Duration = timedelta(0)
    """How long it must be over before the alert ends."""

    count: int = Field(default=1, ge=1, le=10_000)
    """How many samples in a row must say so before the alert begins, 1 to 10,000."""

    latching: bool = False
    """Whether the alert stays active after its cause is gone, until somebody resets it (ISA-18.2 latching)."""

    when: Literal["always", "machine_runs", "line_runs"] = "always"
    """When its alerts are told: `always`, or only while the machine, or any machine of its line, is producing;
    otherwise they are suppressed by design."""


class Healthy(Settings):
    """A time in which the machine is known to have been well."""

    start: datetime
    """Its first instant, with a time zone, like 2026-03-02T08:00:00+08:00."""

    end: datetime
    """Its end; not part of it."""

    @field_validator("start", "end")
    @classmethod
    def _with_a_zone(cls, instant: datetime) -> datetime:
        if instant.tzinfo is None:
            msg = f"{instant.isoformat()} has no time zone; write it like {instant.isoformat()}+08:00"
            raise ValueError(msg)
        return instant

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.end <= self.start:
            msg = "`end` must come after `start`"
            raise ValueError(msg)
        return self


class Learned(Detection):
    """A detector that learns by itself what is normal."""

    learn: Duration = Field(default=timedelta(hours=1), gt=timedelta(0), le=timedelta(days=366))
    """How much time with usable values it learns from before it begins to watch, more than 0, 366 d at most; it counts
    only while the machine produces, where its state is known."""

    healthy: Healthy | None = None
    """A declared time to learn from instead; None: the first `learn` of what comes."""
