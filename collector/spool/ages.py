"""How old entries are, told by a clock that nobody sets.

    now = what the clock was when it was last written down + what has passed since

While a process lives, what has passed is told by the machine's monotonic clock. Between two lives it is the difference
of the wall clock, and nothing where that went back. So a wall clock that is stepped while a process lives changes no
age; stepped between two lives, it makes entries older by the step, or keeps them as old as they were.
"""

import time
from collections.abc import Callable
from typing import Final


def _machine() -> int:
    """Give ns that also go on while the machine sleeps, where the system counts them."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if boot is None else time.clock_gettime_ns(boot)


WALL: Final[Callable[[], int]] = time.time_ns
"""The wall clock, ns since 1970."""

MONOTONIC: Final[Callable[[], int]] = _machine
"""The clock that nobody sets, ns since anything."""


class SpoolClock:
    """The clock of one open spool."""

    def __init__(
        self, clock: int, wall: int, *, now: Callable[[], int] = WALL, passed: Callable[[], int] = MONOTONIC
    ) -> None:
        """Go on from `clock`, in µs, which was written down when the wall clock was `wall`, in µs since 1970."""
        self._passed = passed
        self._wall = now
        self._base = clock + max(0, now() // 1000 - wall)
        self._since = passed()

    def now(self) -> int:
        """Give µs; never less than before."""
        return self._base + (self._passed() - self._since) // 1000

    def wall(self) -> int:
        """Give µs since 1970 by the wall clock: to be written down beside `now`."""
        return self._wall() // 1000

    def not_before(self, clock: int) -> None:
        """Go on from `clock`, where another process wrote down more."""
        self._base += max(0, clock - self.now())
