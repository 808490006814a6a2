"""A proxy between a store and InfluxDB, that answers in its place where a test wants it to.

async with Proxy(influx.url) as proxy:
    proxy.rule = lambda request: Reply(429, headers={"Retry-After": "3"}) if request.path == WRITE else None
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Final, Self, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import httpx

WRITE: Final = "/api/v2/write"
"""Path of writes."""

QUERY: Final = "/query"
"""Path of questions."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the store sent."""

    method: str
    path: str
    params: Mapping[str, str]
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What it gets."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    silent: bool = False
    """Never answer."""

    broken: bool = False
    """Close the connection in the middle of the body; without a body, before the answer."""

    stored: bool = False
    """Pass the request on first: InfluxDB does what it asks, whatever is answered then."""


Rule: TypeAlias = Callable[[Request], Reply | None]
"""Gives what the proxy answers; None: what InfluxDB does."""


class Proxy:
    """Entering the block starts it on a free port, leaving it stops it."""

    def __init__(self, upstream: str) -> None:
        self.rule: Rule = lambda _: None
        """What it answers itself."""
        self.version = ""
        """The version it says InfluxDB has; empty: what InfluxDB says."""
        self.prefix = ""
        """A path under which it is reached; it is not passed on."""
        self.requests: list[Request] = []
        """All that it got."""
        self._upstream = upstream
        self._client: httpx.AsyncClient
        self._server: asyncio.Server
        self._links: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    @property
    def writes(self) -> list[Request]:
        """The writes that it got, without empty ones."""
        return [request for request in self.requests if request.path == WRITE and request.body]

    async def __aenter__(self) -> Self:
        self._client = httpx.AsyncClient(base_url=self._upstream, timeout=30)
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for link in self._links:
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)
        await self._client.aclose()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.current_task()
        assert link is not None
        self._links.add(link)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(reader, writer)
        finally:
            self._links.discard(link)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        named_values = (line.partition(": ") for line in head[1:] if line)
        headers = httpx.Headers([(name, value) for name, _, value in named_values])
        body = await reader.readexactly(int(headers.get("Content-Length", "0")))
        assert target.startswith(self.prefix)
        target = target.removeprefix(self.prefix)
        url = urlsplit(target)
        request = Request(method, url.path, dict(parse_qsl(url.query)), headers, body)
        self.requests.append(request)
        reply = self.rule(request)
        if reply is None or reply.stored:
            passed_on = await self._passed_on(request, target)
            reply = reply or passed_on
        if reply.silent:
            await asyncio.Event().wait()
        if reply.broken and not reply.body:
            return
        named = {"Content-Type": "application/json", **reply.headers, "Content-Length": str(len(reply.body))}
        if self.version:
            named["X-Influxdb-Version"] = self.version
        lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in named.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        writer.write(reply.body[: len(reply.body) // 2] if reply.broken else reply.body)
        await writer.drain()

    async def _passed_on(self, request: Request, target: str) -> Reply:
        kept = {name: value for name, value in request.headers.items() if name not in {"host", "connection"}}
        answer = await self._client.request(request.method, target, headers=kept, content=request.body)
        names = ("Content-Type", "X-Influxdb-Version", "Retry-After", "Location")
        return Reply(
            answer.status_code, answer.content, {name: answer.headers[name] for name in names if name in answer.headers}
        )
