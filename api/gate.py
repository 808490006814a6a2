"""The gate before everything under /api/v1: it finds out who asks, or answers that nobody known does.

It stands before the routes, so that a request without a key is told nothing, not even which addresses there are; what
it found rests in `request.state.caller`.

    no key, no token          401 (on an open page, this machine's own GETs are let through)
    one that is not good      401; from an address that sent too many of them 429, and then keys that were not good a
                              moment ago are not even looked for
    nobody can tell           503: the records, or the identity provider, do not answer
    a caller that is known    goes on, unless it asked too much: 429; every answer says how much it may still ask

An unknown key, a wrong secret and a text that is no key at all get the same answer.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Final

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import from_this_machine, unauthorized
from api.auth import Key, find_key, looks_like_key, note_use
from api.callers import Caller
from api.errors import RATE_LIMITED, RECORDS_UNAVAILABLE, RETRY_AFTER_S, UNAUTHORIZED, ProblemError, answer
from api.keyring import Keyring
from api.oidc import LONGEST
from api.parts import Parts
from api.rates import Buckets, Policy, Standing, network_of
from api.roles import Scope as Allowed
from collector.records import RecordsError

GUARDED: Final = "/api/"
"""What addresses behind the gate begin with."""

_LOOPBACK: Final = Caller("loopback", "loopback", frozenset({Allowed.READ}))
_BEARER: Final = "bearer"
_SILENT: Final = ProblemError(  # which does not tell strangers where the records are
    RECORDS_UNAVAILABLE,
    "the records, where keys are looked up, do not answer; the log of the api role says more",
    headers={"Retry-After": str(RETRY_AFTER_S)},
)
_SAY_HOW: Final = "send one, as `Authorization: Bearer KEY` or `X-API-Key: KEY`"


class Gate:
    """Lets callers through to `app`."""

    def __init__(self, app: ASGIApp, parts: Parts, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare.

        Args:
            app: what stands behind it.
            parts: gives the records, the settings, and what tells tokens.
            clock: seconds that never go back, for rates and for how long a look at a key counts.
        """
        rate = parts.settings.rate
        self._app = app
        self._parts = parts
        self._clock = clock
        self._keys = Keyring(self._find, lambda key: key.state(parts.now()) == "valid", clock)
        self._callers = _buckets(rate.per_second, rate.burst)
        self._failures = _buckets(rate.failures_per_second, rate.failures_burst)
        self._noting: dict[str, asyncio.Task[None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        try:
            caller = request.state.caller = await self._caller(request)
        except RecordsError:
            await answer(request, _SILENT)(scope, receive, send)
            return
        except ProblemError as error:
            await answer(request, error)(scope, receive, send)
            return
        if self._callers is not None:
            policy, standing = self._callers.policy, self._callers.take(caller.id, self._clock())
            send = _telling(policy, standing, send)
            if not standing.granted:
                detail = f"{caller.name!r} ({caller.id}) asks more than {policy.per_second:g} times a second"
                await answer(request, _too_many(standing, detail=detail))(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _caller(self, request: Request) -> Caller:
        """Give who asks, and note how to find it out again; raises ProblemError, RecordsError while nobody can tell."""
        bearer, text = _credentials(request)
        # of these alone: a request that holds itself waits for the collector of garbage
        request.state.again = partial(self._again, bearer=bearer, text=text)
        if text is None:
            if self._parts.settings.open_page and from_this_machine(request):
                return _LOOPBACK
            raise unauthorized(detail="the request carries no API key")
        tokens = self._parts.tokens
        try:
            if tokens is not None and bearer and _is_token(text):
                return await tokens.caller(text)
            if self._failures is not None and text not in self._keys:
                who = _network(request)
                _hold_up(who, self._failures.look(who, self._clock()))
            return await self._holder(text)
        except ProblemError as error:
            if error.kind is UNAUTHORIZED and self._failures is not None:
                who = _network(request)
                _hold_up(who, self._failures.take(who, self._clock()))
            raise

    async def _again(self, *, bearer: bool, text: str | None) -> Caller:
        """Give who asked, as things stand now, whatever their address has sent since; raises as `_caller`."""
        if text is None:
            return _LOOPBACK
        tokens = self._parts.tokens
        if tokens is not None and bearer and _is_token(text):
            return await tokens.caller(text)
        return await self._holder(text)

    async def _holder(self, text: str) -> Caller:
        key = await self._keys.get(text) if looks_like_key(text) else None
        if key is None:
            raise unauthorized(detail="this is no key of this park", error="invalid_token")
        if (state := key.state(self._parts.now())) != "valid":
            since = key.revoked or key.expires
            detail = f"the key {key.name!r} ({key.id}) is {state} since {since:%Y-%m-%d}"
            raise unauthorized(detail=detail, error="invalid_token")
        return Caller(f"key:{key.holder}", key.name, key.scopes, key.factories, key.views)

    async def _find(self, text: str) -> Key | None:
        key = await self._parts.records().run_ahead(partial(find_key, text=text))
        if key is not None and key.id not in self._noting and key.unnoted(self._parts.now()):
            noting = self._noting[key.id] = asyncio.create_task(self._note(key), name="key-use")
            noting.add_done_callback(lambda _: self._noting.pop(key.id))
        return key

    async def _note(self, key: Key) -> None:
        """Note that a key is used; nobody waits for it, and what cannot be noted now is noted the next time."""
        with suppress(RecordsError):
            await self._parts.records().run(partial(note_use, key=key.id, now=self._parts.now()))


def _credentials(request: Request) -> tuple[bool, str | None]:
    """Give whether a request carries credentials as a bearer, and which; None where it carries none.

    Raises:
        ProblemError: they are not one, or not to be read.
    """
    written = request.headers.getlist("authorization")
    keys = request.headers.getlist("x-api-key")
    if any(len(text) > LONGEST + len("Bearer ") for text in (*written, *keys)):
        raise _unreadable(detail=f"a header with a key or token is longer than {LONGEST} characters; {_SAY_HOW}")
    parted = [text.strip().partition(" ") for text in written]
    bearers = [credentials.strip() for scheme, _, credentials in parted if scheme.lower() == _BEARER]
    given = [*bearers, *keys]
    if len(given) > 1:
        raise _unreadable(detail=f"the request carries {len(given)} keys; {_SAY_HOW}")
    if not given and written:
        raise _unreadable(detail=f"the header `Authorization` is of another scheme than Bearer; {_SAY_HOW}")
    if given and not given[0].strip():
        raise _unreadable(detail=f"the header for the key holds none; {_SAY_HOW}")
    return bool(bearers), given[0].strip() if given else None


def _is_token(text: str) -> bool:
    return text.count(".") == 2  # noqa: PLR2004 - a token has three parts


def _unreadable(*, detail: str) -> ProblemError:
    return unauthorized(detail=detail, error="invalid_request")


def _network(request: Request) -> str:
    """Give whose failures count together."""
    return network_of(request.client.host if request.client else "")


def _hold_up(who: str, standing: Standing) -> None:
    """Raise the problem of an address that sent too many keys which are none."""
    if not standing.granted:
        raise _too_many(standing, detail=f"too many requests with a wrong key or token come from {who or 'there'}")


def _too_many(standing: Standing, *, detail: str) -> ProblemError:
    return ProblemError(RATE_LIMITED, detail, headers={"Retry-After": str(standing.wait)})


def _buckets(per_second: float, burst: int) -> Buckets | None:
    return Buckets(Policy(per_second, burst)) if per_second else None


def _telling(policy: Policy, standing: Standing, send: Send) -> Send:
    """Give a `send` that says on the answer how much its caller may still ask."""

    async def send_telling(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["RateLimit-Policy"] = policy.header
            headers["RateLimit"] = standing.header
        await send(message)

    return send_telling
