"""How long to wait before trying again: longer each time, and never in step with others."""

from random import Random
from typing import Final

GROWTH: Final = 2.0
"""Each wait may be so many times as long as the one before."""


class Backoff:
    """Waits that grow from `first` to `most` seconds; each is drawn from the upper half of what it may be.

    The lot keeps forty collectors from knocking all at once at a broker that has just come back.
    """

    def __init__(self, first: float, most: float, random: Random) -> None:
        self._first = first
        self._most = most
        self._random = random
        self._next = first

    def next(self) -> float:
        """Give the seconds to wait now."""
        ceiling, self._next = self._next, min(self._next * GROWTH, self._most)
        return ceiling * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin with `first` again: it has worked."""
        self._next = self._first
