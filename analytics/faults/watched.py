"""Watched signals: what a detector of one signal and one alarm needs to know of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar

from analytics.faults.comparator import Point
from analytics.faults.contract import nanoseconds
from analytics.states.catalogue import rule_of
from collector.faultrules.detection import Detection
from collector.faultrules.rules import SignalFaults
from collector.park import Equipment, Park, Signal
from collector.staterules import ByThreshold

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
    def settles(self) -> int:
        """How long after an instant the machine's state then is told for certain, ns; 0 where nothing tells it."""
        return settles(self.machine)

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


def settles(machine: Equipment) -> int:
    """Give how long after an instant a machine's state then is told for certain, ns; 0 where nothing tells it.

    A rule by a counter says afterwards that the machine stood, and a bridged gap is told when it is over. A detector
    that judges only while the machine produces waits for so long.
    """
    if not machine.state_inputs:
        return 0
    rule = machine.state_from
    ahead = machine.hold_for if machine.bridge == "middle" else timedelta(0)
    ahead += rule.minimum if isinstance(rule, ByThreshold) else rule_of(machine).memory(machine)
    return nanoseconds(ahead)
