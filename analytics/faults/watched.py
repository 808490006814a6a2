"""Watched signals: what a detector of one signal and one alarm needs to know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from analytics.faults.comparator import Point
from collector.faultrules.detection import Detection
from collector.faultrules.rules import SignalFaults
from collector.park import Equipment, Park, Signal

S = TypeVar("S", bound=Detection)
"""The settings of a detector."""


@dataclass(frozen=True, slots=True)
class Watched(Generic[S]):
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    machine: Equipment
    """The machine that it is of."""

    settings: S
    """What was asked for."""

    point: Point
    """Its alarm."""

    @property
    def stated(self) -> bool:
        """Whether anything tells the machine's state."""
        return bool(self.machine.state_inputs)

    @property
    def points(self) -> dict[str, Point]:
        """The alarm by its key."""
        return {self.point.key: self.point}


def watched(park: Park, slug: str, key: str, asked: Callable[[SignalFaults], S | None]) -> dict[str, Watched[S]]:
    """Give by path the signals of which a detector is asked for, with its alarm `key`."""
    found: dict[str, Watched[S]] = {}
    for path, signal in park.signals.items():
        settings = asked(signal.faults)
        if settings is not None:
            point = Point.of(settings, equipment=signal.equipment, subject=path, detector=slug, key=key)
            found[path] = Watched(signal, park.equipment[signal.equipment], settings, point)
    return found
