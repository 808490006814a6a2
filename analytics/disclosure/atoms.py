"""Atoms: the elements that told cells do not tell apart, and what becomes of them when one more cell is told.

    cells told so far ──► atoms ──► one more cell ──┬─ every part that it would cut off, and what would be left, is
                                                    │  large enough: it is told, and the atoms are cut
                                                    └─ one is not: it is suppressed, and nothing changes

A cell that is refused would be refused later, too, since atoms only become smaller; so going through the cells once
gives a set to which none can be added. An element in no cell is in no atom, and nothing is asked of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.int64]
"""Numbers of elements."""


class Why(StrEnum):
    """Why a cell, or a part of its numbers, is not told."""

    NONE = "none"
    """It has no data."""

    FEW = "few"
    """It has data of fewer factories or machines than the floor."""

    LARGE = "large"
    """One of its factories is too large beside the others."""

    APART = "apart"
    """With what is told already it would tell too few apart."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What an atom must have."""

    factories: int
    """Factories at least."""

    machines: int
    """Machines at least."""

    rest: float
    """What all factories but the two largest have at least, as a part of what the largest has; only where three or more
    are asked for."""

    @property
    def is_nothing(self) -> bool:
        """Whether every atom has it."""
        return self.factories <= 1 and self.machines <= 1

    def above(self, other: "Floor") -> "Floor":
        """Give what has both."""
        return Floor(
            max(self.factories, other.factories), max(self.machines, other.machines), max(self.rest, other.rest)
        )


_SMALL: Final = 1e-9
_THREE: Final = 3


@dataclass(frozen=True, slots=True)
class Elements:
    """Machines on days, by number."""

    machine: Numbers
    """The machine of each."""

    factory: Numbers
    """Its factory."""

    weight: npt.NDArray[np.float64]
    """How large it is, 0 or more."""


class Atoms:
    """The atoms of one facet of one pool."""

    def __init__(self, elements: Elements) -> None:
        self._elements = elements
        self._atom_of = np.full(len(elements.machine), -1, np.int64)
        self._marked = np.zeros(len(elements.machine), np.bool_)
        self._members: list[Numbers] = []
        self._floors: list[Floor] = []

    def tell(self, cell: Numbers, floor: Floor) -> Why | None:
        """Tell one more cell, unless that would tell too few apart: then give why, and tell nothing.

        Args:
            cell: its elements, each once.
            floor: what its atoms must have.
        """
        if not len(cell):
            return Why.NONE
        if (short := self._short(cell, floor)) is not None:
            return short
        parts = [
            (part, left, floor if atom < 0 else floor.above(self._floors[atom]), atom)
            for part, left, atom in self._parts(cell)
        ]
        for part, left, both, atom in parts:
            if self._short(part, both) is not None:
                return Why.APART
            if len(left) and self._short(left, self._floors[atom]) is not None:
                return Why.APART
        self._cut(parts)
        return None

    def told(self, cell: Numbers, floor: Floor) -> None:
        """Take note of a cell that is told, whatever it tells apart."""
        self._cut(
            (part, left, floor if atom < 0 else floor.above(self._floors[atom]), atom)
            for part, left, atom in self._parts(cell)
        )

    def all(self) -> list[Numbers]:
        """Give the atoms: the elements of each."""
        return list(self._members)

    def _parts(self, cell: Numbers) -> list[tuple[Numbers, Numbers, int]]:
        """Give what a cell would cut: the part of each atom in it, what would be left of the atom, and its number.

        What is in no atom yet would become one, of number -1.
        """
        atoms = self._atom_of[cell]
        self._marked[cell] = True
        parts = []
        for atom in np.flatnonzero(np.bincount(atoms + 1)).tolist():
            part = cell[atoms == atom - 1]
            members = part if atom == 0 else self._members[atom - 1]
            left = part[:0] if len(part) == len(members) else members[~self._marked[members]]
            parts.append((part, left, atom - 1))
        self._marked[cell] = False
        return parts

    def _cut(self, parts: Iterable[tuple[Numbers, Numbers, Floor, int]]) -> None:
        for part, left, floor, atom in parts:
            if atom < 0 or len(left):
                self._atom_of[part] = len(self._members)
                self._members.append(part)
                self._floors.append(floor)
                if atom >= 0:
                    self._members[atom] = left
            else:
                self._floors[atom] = floor

    def _short(self, some: Numbers, floor: Floor) -> Why | None:
        """Tell what some elements lack of a floor."""
        return shortfall(self._elements, some, floor)


def shortfall(elements: Elements, some: Numbers, floor: Floor) -> Why | None:
    """Tell what some elements lack of a floor: `few`, `large`, or nothing."""
    factory = elements.factory[some]
    factories = np.count_nonzero(np.bincount(factory))
    if factories < floor.factories or np.count_nonzero(np.bincount(elements.machine[some])) < floor.machines:
        return Why.FEW
    if floor.factories < _THREE or floor.rest <= 0:
        return None
    sizes = np.sort(np.bincount(factory, weights=elements.weight[some]))[::-1]
    return Why.LARGE if sizes[2:].sum() < floor.rest * sizes[0] * (1 - _SMALL) else None
