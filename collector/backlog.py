"""Deliveries between a source and the spool: what arrives while one batch is made durable goes into the next."""

import asyncio
from collections import deque
from typing import Final

from adapters.sources.contract import Delivery

ROOM: Final = 4 * 2**20
"""Bytes of samples that may wait, about 40,000 numbers; then the source is not read until the spool has taken some."""

TOGETHER: Final = 2**20
"""Bytes of samples from which on no more are taken together, about 10,000 numbers: judging and encoding a batch takes
several times its size, and larger ones gain nothing."""


class Backlog:
    """A queue whose taker takes much at once, bounded by bytes; a single delivery may be bigger."""

    def __init__(self, room: int = ROOM, together: int = TOGETHER) -> None:
        self._room = room
        self._together = together
        self._held = 0
        self._deliveries: deque[tuple[Delivery, int]] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    async def put(self, delivery: Delivery) -> None:
        """Add a delivery, when there is room."""
        while self._held >= self._room:
            await self._change()
        size = _size(delivery)
        self._deliveries.append((delivery, size))
        self._held += size
        self._changed.set()

    async def take(self) -> list[Delivery]:
        """Take those there are, as many as are taken together, once there is one; none when it is closed and empty."""
        while not self._deliveries and not self._closed:
            await self._change()
        taken: list[Delivery] = []
        together = 0
        while self._deliveries and together < self._together:
            delivery, size = self._deliveries.popleft()
            taken.append(delivery)
            together += size
        self._held -= together
        self._changed.set()
        return taken

    def close(self) -> None:
        """Say that nothing more comes."""
        self._closed = True
        self._changed.set()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()


def _size(delivery: Delivery) -> int:
    return int(delivery.samples.estimated_size()) + int(delivery.refusals.estimated_size())
