"""A wire that can be cut: a TCP relay between a client and a server.

async with Relay(server.port) as relay:
    … connect to relay.port …
    relay.cut()        every connection breaks, new ones are taken
    relay.freeze()     nothing passes any more, and nobody is told
    relay.narrow(1024) so many bytes pass in a second, all connections and both ways together
    await relay.stop() nobody answers

"""

import asyncio
import socket
from types import TracebackType
from typing import Final, Self

_SIP: Final = 128
"""Bytes that pass together where the way is narrow."""


class Relay:
    """One relay; entering the block starts it, leaving the block stops it."""

    def __init__(self, to: int, host: str = "127.0.0.1") -> None:
        """Listen at an address of this machine, `host`; relay to the server on loopback at port `to`."""
        self._to = to
        self._host = host
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._rate: float | None = None
        self._lane = asyncio.Lock()
        with socket.socket() as probe:
            probe.bind((host, 0))
            self.port: int = probe.getsockname()[1]

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, self._host, self.port)

    async def stop(self) -> None:
        """Listen no more, and break what is connected; nothing where it does not listen."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
            self.cut()
            await server.wait_closed()

    def cut(self) -> None:
        """Break every connection, without a word of farewell."""
        self._flowing.set()
        for writer in self._writers:
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing pass, connections open, until `cut` or `stop`."""
        self._flowing.clear()

    def narrow(self, rate: float | None) -> None:
        """Let `rate` bytes pass in a second; None: as many as come."""
        self._rate = rate

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, far_writer}
        self._writers |= both
        async with asyncio.TaskGroup() as group:
            group.create_task(self._pass(reader, far_writer))
            group.create_task(self._pass(far_reader, writer))
        self._writers -= both

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(2**16 if self._rate is None else _SIP):
                at = 0
                while at < len(data):
                    await self._flowing.wait()
                    rate = self._rate
                    sip = data[at:] if rate is None else data[at : at + _SIP]
                    at += len(sip)
                    async with self._lane:
                        if rate is not None:
                            await asyncio.sleep(len(sip) / rate)
                    writer.write(sip)
                    await writer.drain()
        except ConnectionError:
            writer.transport.abort()
        finally:
            writer.close()
