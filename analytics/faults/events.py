"""Events: what happened to a machine and its signals, one after the other, for detectors that need both.

At one instant a change of state comes first, then samples in order of arrival, then the word that time has passed. A
change of state that is told late, after samples of a later time were looked at, counts from when it is told.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import polars as pl

from collector.equipmentstate import EquipmentState
from collector.park import Equipment

PRODUCING: Final[str] = EquipmentState.PRODUCING.value
"""The state in which a machine does what it is for."""

Row = tuple[int, float, bool]
"""A number: when (ns since 1970), what, and whether something may be missing before it."""


class State(NamedTuple):
    """The machine began to be in a state."""

    ns: int
    """When."""

    state: str
    """An `EquipmentState`."""


class Number(NamedTuple):
    """A usable number came."""

    ns: int
    """When."""

    value: float
    """What."""

    cut: bool
    """Whether something may be missing between it and the one before."""


class Time(NamedTuple):
    """Time has passed: nothing came until now."""

    ns: int
    """The present."""


class Product(NamedTuple):
    """The machine began to make something else."""

    ns: int
    """When."""

    name: str
    """What, as its product signal says it."""


Event = State | Number | Product | Time
"""What can happen."""


def changes(states: pl.DataFrame) -> dict[str, list[State]]:
    """Give the changes of state by machine, in order of time; columns of `contract.STATES`."""
    found: dict[str, list[State]] = {}
    for machine, ns, state in states.sort("ns", maintain_order=True).select("equipment", "ns", "state").iter_rows():
        found.setdefault(machine, []).append(State(ns, state))
    return found


def in_turn(
    states: Iterable[State], rows: Iterable[Row], until: int | None, *, last: int, products: Iterable[Product] = ()
) -> list[Event]:
    """Give the events of one subject in turn.

    Args:
        states: changes of its machine's state.
        rows: its numbers.
        until: up to when nothing else came, ns since 1970.
        last: the newest event of earlier looks, ns since 1970.
        products: changes of product; the last part of one may come with the next.
    """
    events: list[Event] = [*(State(max(ns, last), state) for ns, state in states), *(Number(*row) for row in rows)]
    events += products
    if until is not None and until >= last:
        events.append(Time(until))
    return sorted(events, key=lambda event: (event.ns, _RANK[type(event)]))


_RANK: Final[Mapping[type, int]] = {State: 0, Number: 1, Product: 2, Time: 3}


def touched(
    subjects: Mapping[str, Equipment],
    numbers: Mapping[str, list[Row]],
    states: Mapping[str, list[State]],
    until: Mapping[str, int],
) -> Iterator[str]:
    """Give the subjects of which something is told, in their order."""
    return (path for path, machine in subjects.items() if path in numbers or path in until or machine.path in states)
