"""What a request may be: how long its address, how many bytes its body, how slow, and no text that no database takes.

    body over `api: body_limit`              413 `body-too-large`, by its Content-Length before any of it is read
    body slower than `api: body_time`        408 `body-too-slow`
    address over `LONGEST_ADDRESS`           414 `address-too-long`
    the character NUL, here or there         422 `invalid-parameter`: PostgreSQL keeps no such text

A body is read whole when it is first asked for, so that a caller whom the gate does not let through makes nobody read
one. How slow headers and the reading of answers may be is held by `api.wire`, since no application sees them.
"""

import asyncio
import re
from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import (
    ADDRESS_TOO_LONG,
    BODY_TOO_LARGE,
    BODY_TOO_SLOW,
    INVALID_PARAMETER,
    Fault,
    ProblemError,
    answer,
)
from collector.settings import ApiSettings

LONGEST_ADDRESS: Final = 16 * 2**10
"""Bytes of path and query, at most."""

_NUL: Final = re.compile(rb"%00|\x00")
_NUL_IN_JSON: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000|\x00")
"""The character NUL as JSON writes it, where the backslash is not one itself, or as no JSON in UTF-8 has it."""


class Bounds:
    """Lets requests through to `app` that keep the bounds."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def send_noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            _check_address(scope)
            self._check_length(scope)
            if scope["method"] != "GET":  # which has none; a stream of events listens there for its client to leave
                receive = _Whole(receive, self._settings).receive
            await self._app(scope, receive, send_noted)
        except ProblemError as error:
            if begun:
                raise
            await answer(Request(scope), error)(scope, receive, send)

    def _check_length(self, scope: Scope) -> None:
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._settings.body_limit:
                raise _too_large(int(value), self._settings.body_limit)


class _Whole:
    """The body of one request, read whole when it is first asked for."""

    def __init__(self, receive: Receive, settings: ApiSettings) -> None:
        self._receive = receive
        self._settings = settings
        self._read = False

    async def receive(self) -> Message:
        """Give the body, then what comes after it; raises ProblemError where it is out of bounds."""
        if self._read:
            return await self._receive()
        self._read = True
        seconds = self._settings.body_time.total_seconds()
        body = bytearray()
        try:
            async with asyncio.timeout(seconds):
                while True:
                    message = await self._receive()
                    if message["type"] != "http.request":
                        return message
                    body += message.get("body", b"")
                    if len(body) > self._settings.body_limit:
                        raise _too_large(None, self._settings.body_limit)
                    if not message.get("more_body", False):
                        break
        except TimeoutError as error:
            detail = f"the body did not arrive within {seconds:g} s, of which {len(body)} bytes did"
            raise ProblemError(BODY_TOO_SLOW, detail) from error
        if _NUL_IN_JSON.search(body) is not None:
            raise _has_nul(where="body", told="a text of the body")
        return {"type": "http.request", "body": bytes(body), "more_body": False}


def _check_address(scope: Scope) -> None:
    path, query = scope.get("raw_path") or b"", scope["query_string"]
    length = len(path) + len(query) + bool(query)
    if length > LONGEST_ADDRESS:
        detail = f"the address has {length} bytes; {LONGEST_ADDRESS} are allowed"
        raise ProblemError(ADDRESS_TOO_LONG, detail)
    for where, text in (("path", path), ("query", query)):
        if _NUL.search(text) is not None:
            raise _has_nul(where=where, told=f"the {where}")


def _has_nul(*, where: str, told: str) -> ProblemError:
    detail = f"{told} holds the character NUL; leave it out"
    return ProblemError(INVALID_PARAMETER, detail, faults=[Fault(where, "", detail)])


def _too_large(length: int | None, limit: int) -> ProblemError:
    told = "more" if length is None else f"{length} bytes"
    return ProblemError(BODY_TOO_LARGE, f"the body has {told}; {limit} bytes are allowed")
