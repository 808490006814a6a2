"""Deliveries between a source and the spool: what arrives while one batch is made durable goes into the next."""

import asyncio
from collections import deque
from typing import Final

from adapters.sources.contract import Delivery

ROOM: Final = 16 * 2**20
"""Bytes of samples that may wait, about 150,000 numbers; then the source is not read until the spool has taken them."""


class Backlog:
    """A queue whose taker takes everything at once, bounded by bytes; a single delivery may be bigger."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = room
        self._held = 0
        self._deliveries: deque[Delivery] = deque()
        self._changed = asyncio.Event()
        self._closed = False

    async def put(self, delivery: Delivery) -> None:
        """Add a delivery, when there is room."""
        while self._held >= self._room:
            await self._change()
        self._deliveries.append(delivery)
        self._held += _size(delivery)
        self._changed.set()

    async def take(self) -> list[Delivery]:
        """Take all there are, in order, once there is one; none when it is closed and empty."""
        while not self._deliveries and not self._closed:
            await self._change()
        taken = list(self._deliveries)
        self._deliveries.clear()
        self._held = 0
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
