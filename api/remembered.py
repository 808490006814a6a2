"""Answers that are remembered: asked again, they are not made again as long as nothing they are made of has changed.

    @router.get("/kpis", dependencies=[remembered(BY_RESULTS)])

    asked ─► good within `SHOWN_WITHIN`             ─┬─► sent as it is: tagged, compressed, or 304
          ─► or made of the configuration alone     ─┘     and made anew beside, where it is good no more
          ─► else made by the route, once for all who ask at the same time

What decides an answer is its key: the address with its query, `Accept`, and what the caller may see and do; not who the
caller is, so callers of equal grants share. Everything outside happens to each request all the same: keys, rates, the
audit. Kept are whole answers of status 200 to GET, in the forms that clients take (plain, gzip, zstd), the least
recently asked for going first where they are more than `api: remember`.

An answer is good as of when the route began, and again as of each look at the revision (`collector.revision`) that
finds it unmoved; while somebody asks there is a look every `LOOKED_S`. None is sent that was good longer than
`SHOWN_WITHIN` ago: this is how long what was written may remain unseen, and nobody waits for what many ask for. While
results are being written, or the records do not answer, nothing is good for longer than that. After `LONGEST_S` it is
made anew whatever the revision says: results may have come into the store by another way.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import blake2b
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

import structlog
from fastapi import FastAPI, Request, params
from fastapi.routing import iter_route_contexts
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.compression import Compression, chosen
from api.freshness import FINISHED, MOST, Freshness
from api.parts import Parts
from api.revisions import LOOKED_S, Revisions
from api.tokenuse import is_token, note_token_use
from collector.revision import SHOWN_WITHIN

if TYPE_CHECKING:
    from api.callers import Caller

WITHIN_S: Final = SHOWN_WITHIN.total_seconds()
"""Seconds for which an answer is sent after it was good."""

LONGEST_S: Final = 30.0
"""Seconds after which an answer made of results is made anew, whatever the revision says."""

_BESIDE: Final = 2048
"""Bytes that an answer takes beside its bodies and headers, about."""

_SHARE: Final = 4
"""What part of the room one answer may take: one in so many."""

_log = structlog.get_logger()


class Basis(Enum):
    """What answers are made of."""

    CONFIGURATION = auto()
    """The configuration alone, which stays as it is for a process: not even the time of day."""

    RESULTS = auto()
    """The stored results, what they replaced, and the configuration; the time only where it changes nothing that a
    client would miss for `LONGEST_S`."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What a route says of its answers; as a dependency it does nothing."""

    basis: Basis
    """What they are made of."""

    async def __call__(self) -> None:
        """Let every request through."""


def remembered(basis: Basis) -> params.Depends:
    """Make the dependency by which a route without path parameters has its answers remembered."""
    return params.Depends(Remembered(basis))


def basis_of(route: object) -> Basis | None:
    """Give what the answers of a route are made of; None: they are not remembered."""
    for dependency in getattr(route, "dependencies", None) or ():
        if isinstance(dependency.dependency, Remembered):
            return dependency.dependency.basis
    return None


def remembered_paths(app: FastAPI) -> dict[str, Basis]:
    """Give what the answers at the addresses of `app` are made of that are remembered."""
    found = ((route.path_format, basis_of(route)) for route in iter_route_contexts(app.routes))
    return {path: basis for path, basis in found if path is not None and basis is not None}


@dataclass(frozen=True, slots=True)
class _Form:
    """An answer as it is sent to those who take one encoding."""

    headers: list[tuple[bytes, bytes]]
    """All that its body and the layers outside need."""

    body: bytes
    """Compressed, or not."""


@dataclass(slots=True)
class _Answer:
    """One answer."""

    plain: _Form
    """As the route made it."""

    route: object
    """The route that made it."""

    rows: int | None
    """How many rows it has, for the audit."""

    began: float
    """When the route began, by the clock of `Remembering`."""

    revision: int | None
    """The revision of the results that it is made of; None: one that was just being written, or is not known."""

    good: float
    """When it was as the route would make it, as far as is known."""

    forms: dict[str, _Form] = field(default_factory=dict)
    """As it is sent, by encoding."""

    @property
    def size(self) -> int:
        """Bytes that it takes, about."""
        forms = (self.plain, *self.forms.values())
        bodies = {id(form.body): len(form.body) for form in forms}
        headers = sum(len(name) + len(value) for form in forms for name, value in form.headers)
        return sum(bodies.values()) + headers + _BESIDE


class _Answers:
    """Answers by what decides them, up to so many bytes."""

    def __init__(self, room: int) -> None:
        self.room: Final = room
        self._kept: OrderedDict[Hashable, _Answer] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}
        self._taken = 0

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def largest(self) -> int:
        """Bytes of an answer that may be kept, at most."""
        return min(self.room // _SHARE, MOST)

    def get(self, key: Hashable) -> _Answer | None:
        """Give what was kept, as what was asked for last."""
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def keep(self, key: Hashable, answer: _Answer) -> None:
        """Keep an answer, or what has been added to one; those that were not asked for the longest time go."""
        self._taken += answer.size - self._sizes.get(key, 0)
        self._kept[key], self._sizes[key] = answer, answer.size
        self._kept.move_to_end(key)
        while self._taken > self.room:
            gone, _ = self._kept.popitem(last=False)
            self._taken -= self._sizes.pop(gone)


_Made: TypeAlias = "asyncio.Future[_Answer | None]"


class Remembering:
    """Remembers the answers of `app` at the addresses that say so."""

    def __init__(self, app: ASGIApp, parts: Parts, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare.

        Args:
            app: what makes the answers.
            parts: gives the records, and how much may be remembered.
            clock: seconds that never go back.
        """
        self._app = app
        self._parts = parts
        self._clock = clock
        self._answers = _Answers(parts.settings.remember)
        self._revisions = Revisions(parts.records, parts.now, clock)
        self._paths: dict[str, Basis] | None = None
        self._under_way: dict[Hashable, tuple[float, _Made]] = {}
        self._renewing: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        basis = self._basis(scope)
        if basis is None:
            await self._app(scope, receive, send)
            return
        key = _key(scope)
        answer = self._answers.get(key)
        if answer is not None and await self._is_good(key, answer, basis, scope):
            await self._note(scope, answer)
        else:
            answer = await self._make(key, basis, scope, receive, send)
            if answer is None:
                return
        form = await self._form(key, answer, scope)
        scope[FINISHED] = True
        await send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": list(form.headers)})
        await send({"type": "http.response.body", "body": form.body})

    def _basis(self, scope: Scope) -> Basis | None:
        """Give what the answer is made of where it is remembered."""
        if scope["type"] != "http" or scope["method"] != "GET" or not self._answers.room:
            return None
        if self._paths is None:
            self._paths = remembered_paths(scope["app"])
        return self._paths.get(scope["path"]) if "caller" in scope.get("state", ()) else None

    async def _is_good(self, key: Hashable, answer: _Answer, basis: Basis, scope: Scope) -> bool:
        """Tell whether an answer was good within `WITHIN_S`; have it made anew if it may be good no more."""
        if basis is Basis.CONFIGURATION:
            return True
        seen, now = self._revisions, self._clock()
        self._see(answer)
        if now - answer.good >= LOOKED_S:
            seen.look()
        if now - answer.good >= WITHIN_S:
            await seen.looked()
            self._see(answer)
            now = self._clock()
        if now - answer.good >= WITHIN_S or now - answer.began >= LONGEST_S + WITHIN_S:
            return False
        moved = answer.revision != seen.number and answer.good < seen.at
        unknown = answer.revision is None and now - answer.good >= LOOKED_S
        if moved or unknown or now - answer.began >= LONGEST_S:
            self._renew(key, basis, scope)
        return True

    def _see(self, answer: _Answer) -> None:
        """Take note of what the last look says of an answer."""
        if answer.revision is not None and answer.revision == self._revisions.number:
            answer.good = max(answer.good, self._revisions.at)

    def _renew(self, key: Hashable, basis: Basis, scope: Scope) -> None:
        """Have an answer made anew, unless it is."""
        if key not in self._under_way:
            own = {**scope, "state": dict(scope["state"])}
            renewing = asyncio.create_task(self._anew(key, basis, own), name="renew-answer")
            self._renewing.add(renewing)
            renewing.add_done_callback(self._renewing.discard)

    async def _anew(self, key: Hashable, basis: Basis, scope: Scope) -> None:
        try:
            await self._make(key, basis, scope, _nothing, _nowhere)
        except Exception as error:  # noqa: BLE001 - whoever asks next is told what it is
            _log.warning("an answer cannot be made anew", path=scope["path"], error=repr(error))

    async def _note(self, scope: Scope, answer: _Answer) -> None:
        """Have it noted as if the route had been there."""
        scope["route"] = answer.route
        state = scope["state"]
        if answer.rows is not None:
            state["rows"] = answer.rows
        caller: Caller = state["caller"]
        if is_token(caller):
            await note_token_use(Request(scope), self._parts, caller)

    async def _make(self, key: Hashable, basis: Basis, scope: Scope, receive: Receive, send: Send) -> _Answer | None:
        """Have an answer made, or wait for the one that is; None: it was sent as it came."""
        began = self._clock()
        since, making = self._under_way.get(key, (began, None))
        if making is not None and began - since < WITHIN_S:
            answer = await asyncio.shield(making)
            if answer is not None:
                await self._note(scope, answer)
                return answer
            await self._app(scope, receive, send)
            return None
        made: _Made = asyncio.get_running_loop().create_future()
        self._under_way[key] = began, made
        answer = None
        try:
            revision = await self._revision() if basis is Basis.RESULTS else None
            whole = _Whole(send, self._answers.largest)
            await self._app(scope, receive, whole.send)
            if whole.form is not None:
                answer = _Answer(whole.form, scope.get("route"), scope["state"].get("rows"), began, revision, began)
                self._answers.keep(key, answer)
        finally:
            made.set_result(answer)
            if self._under_way.get(key) == (began, made):
                del self._under_way[key]
        return answer

    async def _revision(self) -> int | None:
        """Give the revision that an answer which is about to be made is made of, at least; None: nobody can tell."""
        if self._clock() - self._revisions.at >= LOOKED_S:
            await self._revisions.looked()
        return self._revisions.number if self._clock() - self._revisions.at < WITHIN_S else None

    async def _form(self, key: Hashable, answer: _Answer, scope: Scope) -> _Form:
        """Give an answer as this client takes it."""
        encoding = chosen(scope["headers"])
        form = answer.forms.get(encoding)
        if form is None:
            form = answer.forms[encoding] = await _finished(answer.plain, scope, encoding)
            if self._answers.get(key) is answer:
                self._answers.keep(key, answer)
        return form


def _key(scope: Scope) -> Hashable:
    """Give all that decides an answer, but for what it is made of; of what a caller wrote, however long, the hash."""
    caller: Caller = scope["state"]["caller"]
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    asked = blake2b(b"\n".join((scope["query_string"], accept)), digest_size=16).digest()
    return scope["path"], asked, caller.factories, caller.scopes, caller.views


async def _finished(plain: _Form, scope: Scope, encoding: str) -> _Form:
    """Give an answer as the layers outside make it, so that they find nothing to do when it is sent again."""

    async def ready(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": HTTPStatus.OK.value, "headers": list(plain.headers)})
        await send({"type": "http.response.body", "body": plain.body})

    whole = _Whole(_nowhere, None)
    asked = [(b"accept-encoding", encoding.encode())]
    await Compression(Freshness(ready))({**scope, "headers": asked}, _nothing, whole.send)
    assert whole.form is not None  # noqa: S101 - it is sent in one piece, which both leave in one
    return whole.form


class _Whole:
    """Takes in one answer that may be kept; what may not goes on to `send` as it comes."""

    def __init__(self, send: Send, most: int | None) -> None:
        """Prepare; an answer of more than `most` bytes goes on, None: whatever size it has is taken in."""
        self.form: _Form | None = None
        """The answer, once it is whole."""
        self._send = send
        self._most = most
        self._start: Message | None = None

    async def send(self, message: Message) -> None:
        """Take one message."""
        if message["type"] == "http.response.start" and self._fits(message):
            self._start = message
            return
        if self._start is not None:
            start, self._start = self._start, None
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                self.form = _Form(list(start["headers"]), message.get("body", b""))
                return
            await self._send(start)
        await self._send(message)

    def _fits(self, start: Message) -> bool:
        headers = Headers(raw=start["headers"])
        size = int(headers.get("content-length", -1))
        return (
            start["status"] == HTTPStatus.OK
            and size >= 0
            and (self._most is None or size <= self._most)
            and "no-store" not in headers.get("cache-control", "")
            and "set-cookie" not in headers
        )


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


async def _nowhere(_message: Message) -> None:
    """Send nothing."""
