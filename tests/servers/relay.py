"""A piece of network on loopback that a test can cut, clog or take away.

async with Relay(port) as relay:        what connects to relay.port reaches `port`
    relay.cut()                         every open link breaks, without a word of farewell
    relay.clog(); relay.clear()         bytes stay where they are; they flow again
    relay.stop(); await relay.start()   nobody listens; somebody listens again, on the same port

Leaving the block cuts what is open.
"""

import asyncio
from types import TracebackType
from typing import Self

_PIECE = 65536


class Relay:
    """Carries TCP links to a port on loopback."""

    def __init__(self, target: int) -> None:
        """Carry links to `target`."""
        self.port = 0
        """Where it listens, on 127.0.0.1."""
        self._target = target
        self._server: asyncio.Server | None = None
        self._carriers: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        await asyncio.gather(*self._carriers, return_exceptions=True)

    async def start(self) -> None:
        """Listen; a second time on the port of the first."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        """Listen no more, and cut all links."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()

    def cut(self) -> None:
        """Break all links: each end sees a reset connection."""
        for writer in self._writers:
            writer.transport.abort()

    def clog(self) -> None:
        """Carry nothing more, either way, though all links stay up."""
        self._flows.clear()

    def clear(self) -> None:
        """Carry on after `clog`."""
        self._flows.set()

    async def _carry(self, near: asyncio.StreamReader, near_writer: asyncio.StreamWriter) -> None:
        try:
            far, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            near_writer.transport.abort()
            return
        self._writers |= {near_writer, far_writer}
        for reader, writer in ((near, far_writer), (far, near_writer)):
            carrier = asyncio.create_task(self._pump(reader, writer), name=f"relay to {self._target}")
            self._carriers.add(carrier)
            carrier.add_done_callback(self._carriers.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(_PIECE):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            writer.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.close()
