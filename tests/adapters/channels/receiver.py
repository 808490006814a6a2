"""A web server on loopback that takes what channels post, and answers as a test wants it to.

async with HttpReceiver() as receiver:
    receiver.rule = lambda request: Reply(429, headers={"Retry-After": "3"})
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import httpx


@dataclass(frozen=True, slots=True)
class Request:
    """What was posted."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    broken: bool = False
    """Close the connection instead."""


Rule: TypeAlias = Callable[[Request], Reply]


class HttpReceiver:
    """Entering the block starts it on a free port, leaving it stops it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.rule: Rule = lambda _: Reply(204)
        """What it answers."""
        self.requests: list[Request] = []
        """All that was posted."""
        self.links = 0
        """How many connections were made."""
        self.taken: asyncio.Queue[Request] = asyncio.Queue(1000)
        """Requests that were answered with 2xx, until somebody takes them out."""
        self.port = 0
        """Its port on 127.0.0.1; the same after it was stopped and started again."""
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """Its address."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Be gone; nothing where it does not listen."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.links += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        named = (line.partition(": ") for line in head[1:] if line)
        headers = httpx.Headers([(name, value) for name, _, value in named])
        body = await reader.readexactly(int(headers.get("Content-Length", "0")))
        url = urlsplit(target)
        request = Request(method, url.path, dict(parse_qsl(url.query)), headers, body)
        self.requests.append(request)
        reply = self.rule(request)
        if reply.broken:
            return False
        if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
            self.taken.put_nowait(request)
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in reply.headers.items()]
        if reply.status != HTTPStatus.NO_CONTENT:
            lines.append(f"Content-Length: {len(reply.body)}")
        writer.write("\r\n".join([*lines, "", ""]).encode() + reply.body)
        await writer.drain()
        return True
