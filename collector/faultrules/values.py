"""Detectors of what a value does: its rate, a value that is stuck or stale, a value that cannot be."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from adapters.settings import Duration
from collector.faultrules.detection import Detection, Learned
from collector.fields import Number


class Rate(Detection):
    """A value that rises or falls too fast. At least one of `rise` and `fall` is set.

    A gap, a Bad sample or a counter that jumps back is no change; with `count: 2` a single wild value is none either.
    """

    rise: Number | None = Field(default=None, gt=0)
    """Alert when it rises faster than this, in the signal's unit per `per`; more than 0."""

    fall: Number | None = Field(default=None, gt=0)
    """Alert when it falls faster than this, in the signal's unit per `per`; more than 0."""

    per: Duration = Field(default=timedelta(minutes=1), gt=timedelta(0), le=timedelta(days=1))
    """The time that `rise` and `fall` are for, and over which the change is measured; more than 0, 1 d at most."""

    @model_validator(mode="after")
    def _has_a_side(self) -> Self:
        if self.rise is None and self.fall is None:
            msg = "a rate needs `rise`, `fall` or both"
            raise ValueError(msg)
        return self


class Stuck(Learned):
    """A value that no longer moves as it used to: a flat line against its own noise.

    Judged only while the machine produces, where its state is known. A signal that seldom moves, such as a set point,
    is not judged.
    """

    after: Duration = Field(default=timedelta(minutes=10), gt=timedelta(0), le=timedelta(days=30))
    """How long it must be flat, and at least three times as long as was usual; more than 0, 30 d at most."""

    band: Number | None = Field(default=None, ge=0)
    """How far it may move and still be flat, in the signal's unit, 0 or more; None: a fifth of its usual change from
    one sample to the next."""


class Stale(Learned):
    """No sample for longer than usual, while the link is up; `count` has no meaning here.

    Where `after` is learned, it is judged only while the machine produces, where its state is known. A signal that
    comes only when it changes, of a machine without a state, needs `after`.
    """

    after: Duration | None = Field(default=None, gt=timedelta(0), le=timedelta(days=30))
    """How long without a sample, also where none has ever come; more than 0, 30 d at most; None: learned from how
    often it comes, one minute at least."""


class OutOfRange(Detection):
    """A value that cannot be, beyond the signal's `low` and `high`: a sensor that errs."""
