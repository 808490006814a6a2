"""A listener to an application in this process: what a stream sends, until it has been enough.

httpx gives an answer when it is over, and a stream is never over.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

PATIENCE: Final = 30.0
"""Seconds in which what is waited for must come."""


class Listening:
    """One stream that is open."""

    def __init__(self) -> None:
        self.status = 0
        """Its HTTP status; 0: it has not begun."""
        self.body = b""
        """What came so far."""
        self._news = asyncio.Event()
        self._left = asyncio.Event()
        self._asked = False

    async def until(self, enough: Callable[[bytes], bool]) -> bytes:
        """Give what came so far, once it is enough; raises TimeoutError after `PATIENCE`."""
        async with asyncio.timeout(PATIENCE):
            while not enough(self.body):
                self._news.clear()
                await self._news.wait()
        return self.body

    async def receive(self) -> dict[str, Any]:
        """Give the request, which has no body; then wait for the listener to leave."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self._left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Mapping[str, Any]) -> None:
        """Take what is sent."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")
        self._news.set()

    def leave(self) -> None:
        """Leave."""
        self._left.set()


@asynccontextmanager
async def listening(app: Callable[..., Any], path: str, headers: Mapping[str, str]) -> AsyncIterator[Listening]:
    """Listen to what `app` sends at an address, as long as the block lasts."""
    stream = Listening()
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"parkline.example"), *((k.lower().encode(), v.encode()) for k, v in headers.items())],
        "client": ("10.0.0.9", 40000),
        "server": ("parkline.example", 80),
    }
    task = asyncio.create_task(app(scope, stream.receive, stream.send), name="listener")
    try:
        yield stream
    finally:
        stream.leave()
        async with asyncio.timeout(PATIENCE):
            await task
