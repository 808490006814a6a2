"""An application on a real uvicorn in the test's own loop, with guarded connections, and raw sockets to it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

from api.tls import Tls
from api.wire import Server, guarded
from collector.settings import ApiSettings

PATIENCE_S = 10.0
"""Seconds within which anything awaited happens."""


@asynccontextmanager
async def served(app: Callable[..., Any], settings: ApiSettings, tls: Tls | None = None) -> AsyncIterator[int]:
    """Serve `app` as these settings say; give its port on 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=guarded(settings),
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls.context,
            timeout_graceful_shutdown=1,
        )
        server = Server(config, settings)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield int(listener.getsockname()[1])
        finally:
            server.should_exit = True
            await asyncio.wait_for(serving, PATIENCE_S)


class Line:
    """One raw connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        """Write, as long as the other side takes it."""
        self._writer.write(data)
        async with asyncio.timeout(PATIENCE_S):
            await self._writer.drain()

    async def trickle(self, data: bytes, *, every: float) -> bytes:
        """Write one byte after the other, `every` seconds one; give what comes until the other side closes."""
        got = b""
        for byte in data:
            self._writer.write(bytes([byte]))
            try:
                async with asyncio.timeout(every):
                    if not (part := await self._reader.read(2**16)):
                        return got
                    got += part
            except TimeoutError:
                continue
            except ConnectionError:
                return got
        message = "the other side took all of it"
        raise AssertionError(message)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        """Read one answer: status, headers, body."""
        async with asyncio.timeout(PATIENCE_S):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
        return int(head[0].split()[1]), headers, body

    async def rest(self) -> bytes:
        """Read until the other side closes."""
        got = b""
        async with asyncio.timeout(PATIENCE_S):
            try:
                while part := await self._reader.read(2**16):
                    got += part
            except ConnectionError:
                pass
        return got


@asynccontextmanager
async def line(port: int, *, receive_buffer: int | None = None) -> AsyncIterator[Line]:
    """Connect; with `receive_buffer` the machine keeps that many bytes at most that the test has not read."""
    plain = socket.socket()
    if receive_buffer is not None:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    plain.settimeout(0)
    await asyncio.get_running_loop().sock_connect(plain, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=plain, limit=2**16)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()
