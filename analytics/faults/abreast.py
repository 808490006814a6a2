"""Series abreast: the first value of every series, then the second of every series that has one, and so on.

What a recursion keeps of thousands of series fits into the processor's cache, and one step is one operation on all of
them; so recursions of many short series are faster this way than series by series, and the same to the bit. What is no
recursion is done for a block of steps at once, which is small enough to stay in the cache, too.
"""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from analytics.faults.columns import Floats, Ints

_STEP: Final = 16
"""A step costs as much as so many values that are taken series by series."""

_WASTE: Final = 2
"""Of the longest series times their number, at least one in so many is a value."""

_BLOCK: Final = 2**15
"""Values in a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Abreast:
    """Values of series, by step."""

    order: Ints
    """Which series is in which place: the longest first."""

    table: NDArray[np.float64]
    """By step and place; others read it, too."""

    length: Ints
    """By place, how many values the series has, 1 or more."""

    @classmethod
    def of(cls, value: Floats, bounds: Ints, table: NDArray[np.float64] | None = None) -> "Abreast | None":
        """Put series abreast; None where they are too few or too unlike in length for that to be any use.

        Asked again for the same array and bounds, it gives the same.

        Args:
            value: values, series by series.
            bounds: first row of every series, and the row after the last; each has a row or more.
            table: the same by step and series, where that is known.
        """
        if table is not None:
            steps, many = table.shape
            return None if many < _STEP else cls(np.arange(many), table, np.full(many, steps))
        kept = _newest.get(cls)
        if kept is not None and kept[0]() is value and np.array_equal(kept[1], bounds):
            return kept[2]
        made = cls._of(value, bounds[:-1], np.diff(bounds))
        _newest[cls] = weakref.ref(value, _forget), bounds, made
        return made

    @classmethod
    def _of(cls, value: Floats, first: Ints, length: Ints) -> "Abreast | None":
        longest, many = int(length.max()), len(length)
        if longest * _STEP > len(value) or longest * many > _WASTE * len(value):
            return None
        if int(length.min()) == longest:
            return cls(np.arange(many), np.array(value.reshape(many, -1).T, order="C"), length)
        order = np.argsort(-length, kind="stable")
        rows = np.minimum(first[order] + np.arange(longest)[:, None], len(value) - 1)
        return cls(order, value[rows], length[order])

    def blocks(self) -> Iterator[tuple[int, NDArray[np.float64]]]:
        """Give some steps: the first, and by step and place the values of the series that go on through all of them."""
        begin = 0
        for end in sorted(set(self.length.tolist())):
            many = int(np.searchsorted(-self.length, -end, "right"))
            each = max(1, _BLOCK // many)
            for step in range(begin, end, each):
                yield step, self.table[step : min(end, step + each), :many]
            begin = end

    def back(self, by_place: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give what stands by place, in the last axis, by series."""
        put = np.empty_like(by_place)
        put[..., self.order] = by_place
        return put

    def places(self) -> Ints:
        """Give the place of every series."""
        places = np.empty_like(self.order)
        places[self.order] = np.arange(len(places))
        return places


_newest: Final[dict[type[Abreast], tuple[weakref.ref[Floats], Ints, Abreast | None]]] = {}


def _forget(gone: weakref.ref[Floats]) -> None:
    for name, kept in [*_newest.items()]:
        if kept[0] is gone:
            del _newest[name]
