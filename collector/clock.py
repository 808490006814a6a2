"""Time, as the shell of the collector asks for it; tests give it another."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What time it is, and how to wait."""

    def now(self) -> datetime:
        """Give the instant, UTC."""

    def monotonic(self) -> float:
        """Give seconds since some instant, by a clock that nobody sets."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class WallClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the instant, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Give seconds since some instant, by a clock that nobody sets."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def sleep_unless(clock: Clock, seconds: float, event: asyncio.Event) -> None:
    """Wait, but no longer than until `event` is set."""
    if seconds <= 0 or event.is_set():
        return
    tasks = {asyncio.ensure_future(clock.sleep(seconds)), asyncio.ensure_future(event.wait())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
