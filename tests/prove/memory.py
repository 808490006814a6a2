"""How much memory a collector takes, read from outside while it works."""

import asyncio
from typing import Final, Self

import psutil

EVERY: Final = 0.1
"""Seconds between two looks."""

MIB: Final = 2**20


class Memory:
    """Watches one process beside the block; its figures are resident memory in MiB."""

    def __init__(self, pid: int) -> None:
        """Watch the process `pid`; its memory now counts as idle."""
        self._process = psutil.Process(pid)
        self.idle = self.peak = self.now
        """Before the block, and at most within it."""

    @property
    def now(self) -> float:
        """What it takes now."""
        return float(self._process.memory_info().rss) / MIB

    @property
    def growth(self) -> float:
        """How far it rose above what it took idle."""
        return round(self.peak - self.idle, 1)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch(), name="memory")
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _watch(self) -> None:
        while self._process.is_running():
            try:
                self.peak = max(self.peak, self.now)
            except psutil.NoSuchProcess:
                return
            await asyncio.sleep(EVERY)
