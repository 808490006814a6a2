"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header): a write that is sent again is not done again.

    POST, PUT, PATCH, DELETE under /api/ with the header
      ├─ first of its key                 done; its answer is kept for 24 h
      ├─ the same again                   the same status, headers and body, and `Idempotency-Replayed: true`
      ├─ the same, still under way        409 idempotency-conflict, with Retry-After
      ├─ the same, answered with a secret 409 idempotency-not-kept
      └─ another request                  422 idempotency-mismatch

Answers that say "not now" or "not you" (5xx, 401, 403, 429) are not kept: the request may be tried again. An answer is
kept before it is sent, so that whoever was answered is answered the same. What it cannot do is to keep an answer in the
transaction of the write itself: a process killed between the two leaves a request that counts as under way for 60 s
and is then done once more. What a caller may see belongs to the request: a key whose grants were changed meanwhile is
not told what it might see before.

A route whose answer tells a secret sets `request.state.secret = True`.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable
from functools import partial
from typing import Final

import orjson
import structlog
from fastapi import Request, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import caller_of
from api.errors import (
    IDEMPOTENCY_CONFLICT,
    IDEMPOTENCY_MISMATCH,
    IDEMPOTENCY_NOT_KEPT,
    INVALID_PARAMETER,
    Fault,
    ProblemError,
    answer,
)
from api.gate import GUARDED
from api.parts import Parts
from api.repeats import (
    UNDER_WAY,
    WRITES,
    Another,
    Answered,
    Begun,
    Standing,
    UnderWay,
    begin,
    finish,
    release,
    renew,
    row_of,
)
from collector.records import RecordsError

HEADER: Final = "Idempotency-Key"
"""Its name."""

LONGEST_KEY: Final = 255
"""Characters of a key."""

LARGEST: Final = 2**20
"""Bytes of an answer that is kept."""

_AGAIN: Final = frozenset({401, 403, 408, 429})
"""Statuses below 500 after which a request may be tried again."""

_NOT_KEPT: Final = frozenset({"connection", "content-length", "date", "server", "set-cookie", "transfer-encoding"})
"""Headers that belong to a connection or a moment."""

_RENEWED_S: Final = UNDER_WAY.total_seconds() / 3

_log = structlog.get_logger()


class Idempotency:
    """Does each write of `app` once, where it carries a key."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        given = _given(scope)
        if not given:
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            key = key_of(given)
            body = await _whole(receive)
            if body is None:
                return
            standing = await self._begin(request, key, body)
        except (ProblemError, RecordsError) as error:
            await answer(request, error)(scope, receive, send)
            return
        if isinstance(standing, Begun):
            await self._do(standing, scope, _again(body, receive), send)
        else:
            await _told(request, standing, key)(scope, receive, send)

    async def _begin(self, request: Request, key: str, body: bytes) -> Standing:
        caller = caller_of(request)
        grants = None if caller.factories is None else sorted(caller.factories)
        query = request.scope["query_string"].decode("latin-1")
        asked = [request.method, request.scope["path"], query, hashlib.sha256(body).hexdigest()]
        fingerprint = hashlib.sha256(orjson.dumps([*asked, grants, sorted(caller.scopes)])).hexdigest()
        row, now = row_of(caller.id, key), self._parts.now()
        return await self._parts.records().run(partial(begin, row=row, fingerprint=fingerprint, now=now))

    async def _do(self, begun: Begun, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the request done, and keep what it is answered."""
        keeping = _Keeping(self._parts, begun, scope, send)
        renewing = asyncio.create_task(self._renew(begun), name="idempotency")
        try:
            await self._app(scope, receive, keeping.send)
        except Exception:
            await keeping.release()
            raise
        else:
            await keeping.release()
        finally:
            renewing.cancel()

    async def _renew(self, begun: Begun) -> None:
        while True:
            await asyncio.sleep(_RENEWED_S)
            try:
                await self._parts.records().run(partial(renew, begun=begun, now=self._parts.now()))
            except RecordsError:
                continue


class _Keeping:
    """Holds an answer back until it is kept."""

    def __init__(self, parts: Parts, begun: Begun, scope: Scope, send: Send) -> None:
        self._parts = parts
        self._begun = begun
        self._scope = scope
        self._send = send
        self._held: list[Message] = []
        self._settled = False

    async def send(self, message: Message) -> None:
        """Take one message of the answer."""
        if self._settled:
            await self._send(message)
            return
        self._held.append(message)
        if message["type"] != "http.response.body":
            return
        if message.get("more_body", False) and self._size() <= LARGEST:
            return
        await self._settle()
        for held in self._held:
            await self._send(held)
        self._held.clear()

    async def release(self) -> None:
        """Let the request be tried again, unless it was answered."""
        if not self._settled:
            await self._note(release)

    def _size(self) -> int:
        return sum(len(message.get("body", b"")) for message in self._held)

    async def _settle(self) -> None:
        self._settled = True
        start = self._held[0]
        status = start["status"]
        if status >= 500 or status in _AGAIN:  # noqa: PLR2004 - of the server
            await self._note(release)
        elif self._scope["state"].get("secret") or self._size() > LARGEST or self._held[-1].get("more_body", False):
            await self._note(partial(finish, status=status))
        else:
            body = b"".join(message.get("body", b"") for message in self._held)
            headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in start["headers"]]
            kept = [(name, value) for name, value in headers if name.lower() not in _NOT_KEPT]
            await self._note(partial(finish, status=status, headers=kept, body=body))

    async def _note(self, work: Callable[..., None]) -> None:
        try:
            await self._parts.records().run(partial(work, begun=self._begun))
        except RecordsError as error:  # the request is answered; for a minute it counts as under way
            _log.warning("what was answered to a write is not kept", reason=str(error))


def key_of(given: list[bytes]) -> str:
    """Give the key that a header holds, a string in quotes (RFC 9651) or bare; raises ProblemError where it is none."""
    text = given[0].decode("latin-1").strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = re.sub(r"\\([\"\\])", r"\1", text[1:-1])
    if len(given) == 1 and 0 < len(text) <= LONGEST_KEY and all(" " <= character <= "~" for character in text):
        return text
    detail = f"write one key of 1 to {LONGEST_KEY} printable ASCII characters, such as a UUID"
    raise ProblemError(INVALID_PARAMETER, f"{HEADER}: {detail}", faults=[Fault("header", HEADER, detail)])


def _given(scope: Scope) -> list[bytes]:
    """Give the headers that make this middleware's work; none: it has none."""
    if scope["type"] != "http" or scope["method"] not in WRITES or not scope["path"].startswith(GUARDED):
        return []
    return [value for name, value in scope["headers"] if name == b"idempotency-key"]


async def _whole(receive: Receive) -> bytes | None:
    """Give the body of a request; None: who asked went away."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)


def _again(body: bytes, receive: Receive) -> Receive:
    """Give a body that was read once more, and what follows it."""
    pieces: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def given() -> Message:
        return pieces.pop() if pieces else await receive()

    return given


def _told(request: Request, standing: Answered | UnderWay | Another, key: str) -> Response:
    """Answer a request that is not done."""
    if isinstance(standing, Answered) and standing.body is not None:
        response = Response(standing.body, standing.status)
        response.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in standing.headers]
        if standing.status != 204:  # noqa: PLR2004 - no content, and no length of it
            response.headers["Content-Length"] = str(len(standing.body))
        response.headers["Idempotency-Replayed"] = "true"
        return response
    if isinstance(standing, Answered):
        detail = (
            f"the request with the key {key!r} was done and answered with {standing.status}; its answer is not kept"
        )
        return answer(request, ProblemError(IDEMPOTENCY_NOT_KEPT, detail))
    if isinstance(standing, Another):
        detail = (
            f"the key {key!r} came within the last 24 h with another method, address or body, or when its caller was "
            "granted something else"
        )
        return answer(request, ProblemError(IDEMPOTENCY_MISMATCH, detail))
    detail = f"the first request with the key {key!r} is not answered yet"
    return answer(request, ProblemError(IDEMPOTENCY_CONFLICT, detail, headers={"Retry-After": "1"}))
