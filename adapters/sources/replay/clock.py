"""Time as a replay needs it; a test brings its own."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """What a replay asks of time."""

    def now(self) -> int:
        """Give the time of day, ns since 1970."""

    def elapsed(self) -> float:
        """Give seconds on a clock that is never set."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class RealClock:
    """The clock of this machine."""

    def now(self) -> int:
        """Give the time of day, ns since 1970."""
        return time.time_ns()

    def elapsed(self) -> float:
        """Give seconds on the event loop's clock."""
        return asyncio.get_running_loop().time()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
