"""Answers smaller on the wire: zstd or gzip, as the request's `Accept-Encoding` allows.

What is compressed already stays as it is (Parquet), and so does a stream of events, whose every event must leave at
once. An answer under /api/ that can be had in ranges stays, too: who resumes a download counts the bytes of the file.
Streams are compressed as they come. Both methods run at their fastest level, which here is nearly their best: on 1 MB
of KPIs as JSON, zstd at level 1 takes 1.9 ms, gzip of isal 1.8 ms (zlib 8 to 15 ms), to a tenth and a seventh.
"""

from collections.abc import Iterable
from functools import partial
from typing import Final

from isal import igzip
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import (  # type: ignore[attr-defined]  # the parser is there, and the library chooses by it
    CompressMiddleware,
    add_compress_type,
    parse_accept_encoding,
    remove_compress_type,
)

from api.freshness import FINISHED

_ALSO: Final = (
    "application/jsonl",
    "application/problem+json",
    "application/vnd.apache.arrow.stream",
    "text/csv",
)
"""Media types that the library would leave as they are."""

_ENCODINGS: Final = ("zstd", "gzip")
"""How answers are compressed, the better one first."""

_DIRECT: Final = "parkline.send"
"""The key of a request's scope under which stands how to send past the library."""


class Compression:
    """Compresses the answers of `app`."""

    def __init__(self, app: ASGIApp) -> None:
        for media in _ALSO:
            add_compress_type(media)
        remove_compress_type("text/event-stream")
        self._app = app
        self._compress = _Fast(self._serve, brotli=False, zstd_level=1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http":
            scope[_DIRECT] = send
        try:
            await self._compress(scope, receive, _honest(send))
        finally:
            scope.pop(_DIRECT, None)  # what sends knows the scope: they would hold each other

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request for the library, which compresses what is sent by `send`."""
        chosen = send

        async def choose(message: Message) -> None:
            nonlocal chosen
            if message["type"] == "http.response.start" and (FINISHED in scope or _in_ranges(scope, message)):
                chosen = scope[_DIRECT]
            await chosen(message)

        await self._app(scope, receive, choose)


class _Fast(CompressMiddleware):
    """Compresses whole answers by isal, which writes gzip four times as fast as zlib at its fastest."""

    def __init__(self, app: ASGIApp, *, brotli: bool, zstd_level: int) -> None:
        super().__init__(app, brotli=brotli, zstd_level=zstd_level, gzip_level=1)
        assert self._gzip is not None  # noqa: S101 - it is on unless it is turned off
        self._gzip.oneshot = partial(igzip.compress, compresslevel=1)


def chosen(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """Give how an answer to a request with these headers is compressed, if it is: `zstd`, `gzip` or `identity`."""
    asked = ",".join(value.decode("latin-1") for name, value in headers if name == b"accept-encoding")
    accepted = parse_accept_encoding(asked) if asked else ()
    return next((encoding for encoding in _ENCODINGS if encoding in accepted), "identity")


def _in_ranges(scope: Scope, start: Message) -> bool:
    """Tell whether an answer is a part of a file, or one that may be asked for in parts."""
    headers = Headers(raw=start["headers"])
    return headers.get("accept-ranges") == "bytes" and scope["path"].startswith("/api/")


def _honest(send: Send) -> Send:
    """Let a compressed answer promise no ranges and no equality of bytes, which only the plain one can hold."""

    async def send_honest(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            if "vary" in headers:
                names = (name.strip() for value in headers.getlist("vary") for name in value.split(","))
                headers["Vary"] = ", ".join(dict.fromkeys(names))
            if "content-encoding" in headers:
                del headers["Accept-Ranges"]
                tag = headers.get("etag", "")
                if tag.startswith('"'):
                    headers["ETag"] = f"W/{tag}"
        await send(message)

    return send_honest
