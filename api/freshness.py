"""What a client has already need not be sent again, and what it does not want need not either.

    GET                               200   ETag: W/"9c56cc51b374c3ba"      Cache-Control: private, no-cache
    GET   If-None-Match: W/"9c56…"    304   the same headers, no body
    HEAD                              as GET, without the body

The tag is a hash of the body before compression and of the link to the next page. An answer that has a tag of its own
keeps it and is asked by it; one that says `no-store` is left alone; streams and bodies over `MOST` pass through as they
come, without a tag. A route needs nothing of this and computes its answer all the same: what is spared is the wire, and
the client's work.
"""

import re
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST: Final = 8 * 10**6
"""Bytes of a body that is given a tag, at most."""

FINISHED: Final = "parkline.finished"
"""A key of a request's scope, there where the answer is as `Freshness` and `api.compression` made it once: they leave
it so, but for a client that has it."""

CACHE: Final = "private, no-cache"
"""What data allows a cache: one person's own may keep it, and must ask before each use."""

_DEPENDS_ON: Final = ("Accept", "Accept-Encoding", "Authorization", "X-API-Key")
"""Headers of a request that an answer with data depends on."""

_TAG: Final = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')

_OF_A_BODY: Final = ("Content-Length", "Content-Type", "Content-Encoding", "Content-Disposition", "Accept-Ranges")
"""Headers that tell of a body, which a 304 has none of."""


class Freshness:
    """Tags the answers of `app`, and answers 304 where the client has them."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["method"] == "GET":
            send = _Tagging(scope, send).send
        await self._app(scope, receive, send)


class _Tagging:
    """Sends one answer to a GET."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope = scope
        self._send = send
        self._start: Message | None = None
        self._told = False

    async def send(self, message: Message) -> None:
        """Send one message of the answer; where its body comes whole, its start waits for the body."""
        if self._told:
            return  # the body of what the client has
        if message["type"] == "http.response.start":
            if FINISHED in self._scope:
                await self._answer(message)
                return
            headers = MutableHeaders(scope=message)
            _vary(headers, _DEPENDS_ON if self._scope["path"].startswith("/api/") else ("Accept-Encoding",))
            if message["status"] == HTTPStatus.OK and "no-store" not in headers.get("cache-control", ""):
                if "etag" in headers:
                    await self._answer(message)
                    return
                if 0 <= int(headers.get("content-length", -1)) <= MOST:
                    self._start = message
                    return
        elif self._start is not None:
            start, self._start = self._start, None
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                headers = MutableHeaders(scope=start)
                headers["ETag"] = _tag(message.get("body", b""), headers.get("link", ""))
                headers.setdefault("Cache-Control", CACHE)
            if await self._answer(start):
                return
        await self._send(message)

    async def _answer(self, start: Message) -> bool:
        """Begin the answer, or end it as 304 where the client has it; tell whether it is over."""
        asked = [value.decode("latin-1") for name, value in self._scope["headers"] if name == b"if-none-match"]
        headers = MutableHeaders(scope=start)
        if not asked or not _matches(asked, headers.get("etag", "")):
            await self._send(start)
            return False
        for name in _OF_A_BODY:
            del headers[name]
        self._told = True
        await self._send({**start, "status": HTTPStatus.NOT_MODIFIED.value})
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        return True


def _vary(headers: MutableHeaders, names: tuple[str, ...]) -> None:
    there = [name.strip() for value in headers.getlist("vary") for name in value.split(",")]
    lowered = [name.lower() for name in there]
    headers["Vary"] = ", ".join(there + [name for name in names if name.lower() not in lowered])


def _tag(content: bytes, link: str) -> str:
    digest = blake2b(content, digest_size=16)
    digest.update(link.encode("latin-1"))
    return f'W/"{digest.hexdigest()}"'


def _matches(asked: list[str], tag: str) -> bool:
    """Compare weakly (RFC 9110, 8.8.3.2)."""
    text = ", ".join(asked)
    return bool(tag) and (text.strip() == "*" or tag.removeprefix("W/") in _TAG.findall(text))


class Heads:
    """Answers HEAD as `app` answers GET, without the body; a stream ends as soon as it begins."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        begun = False

        async def send_head(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start" and any(name == b"allow" for name, _ in message["headers"]):
                _allow_head(message)
            if not head:
                await send(message)
            elif not begun:
                begun = True
                await send(message)
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        await self._app({**scope, "method": "GET"} if head else scope, receive, send_head)


def _allow_head(message: Message) -> None:
    headers = MutableHeaders(scope=message)
    methods = [method.strip() for method in headers.get("allow", "").split(",")]
    if "GET" in methods and "HEAD" not in methods:
        headers["Allow"] = ", ".join([*methods, "HEAD"])
