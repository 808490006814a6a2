"""Series abreast: the first value of every series, then the second of every series that has one, and so on.

What a recursion keeps of thousands of series fits into the processor's cache, and one step is one operation on all of
them; so recursions of many short series are faster this way than series by series, and the same to the bit.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from analytics.faults.columns import Floats, Ints

_STEP: Final = 16
"""A step costs as much as so many values that are taken series by series."""

_WASTE: Final = 2
"""Of the longest series times their number, at least one in so many is a value."""


@dataclass(frozen=True, slots=True, eq=False)
class Abreast:
    """Values of series, by step."""

    order: Ints
    """Which series is in which place: the longest first."""

    table: NDArray[np.float64]
    """By step and place."""

    going: list[int]
    """By step, how many series still go on: those in the first places."""

    @classmethod
    def of(cls, value: Floats, bounds: Ints, length: Ints) -> Self | None:
        """Put series abreast; None where they are too few or too unlike in length for that to be any use.

        Args:
            value: values, series by series.
            bounds: first row of every series.
            length: rows of every series, 1 or more.
        """
        longest, many = int(length.max()), len(length)
        if longest * _STEP > len(value) or longest * many > _WASTE * len(value):
            return None
        if int(length.min()) == longest:
            return cls(np.arange(many), np.array(value.reshape(many, -1).T, order="C"), [many] * longest)
        order = np.argsort(-length, kind="stable")
        steps = np.arange(longest)[:, None]
        rows = np.minimum(bounds[order] + steps, len(value) - 1)
        going = np.searchsorted(-length[order], -steps[:, 0])
        return cls(order, value[rows], going.tolist())

    def steps(self) -> Iterator[tuple[int, Floats]]:
        """Give the number and the values of every step; a step's values are its caller's to change."""
        for number, many in enumerate(self.going):
            yield number, self.table[number, :many]

    def back(self, by_place: NDArray[np.generic]) -> list[float]:
        """Give what stands by place as a list by series."""
        put = np.empty_like(by_place)
        put[self.order] = by_place
        told: list[float] = put.tolist()
        return told
