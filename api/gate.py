"""The gate before everything under /api/v1: it finds out who asks, or answers that nobody known does.

It stands before the routes, so that a request without a key is told nothing, not even which addresses there are; what
it found rests in `request.state.caller`.
"""

from typing import Final

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import from_this_machine, unauthorized
from api.auth import find_key
from api.callers import Caller
from api.errors import ProblemError, answer
from api.parts import Parts
from api.roles import Scope as Allowed
from collector.records import RecordsError

GUARDED: Final = "/api/"
"""What addresses behind the gate begin with."""

_LOOPBACK: Final = Caller("loopback", "loopback", frozenset({Allowed.READ}))


class Gate:
    """Lets callers through to `app`."""

    def __init__(self, app: ASGIApp, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] == "http" and scope["path"].startswith(GUARDED):
            request = Request(scope)
            try:
                request.state.caller = await self._caller(request)
            except (ProblemError, RecordsError) as error:
                await answer(request, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _caller(self, request: Request) -> Caller:
        """Give who asks; raises ProblemError, and RecordsError while nobody can tell."""
        scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
        text = credentials.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key")
        if text is None:
            if self._parts.settings.open_page and from_this_machine(request):
                return _LOOPBACK
            raise unauthorized(detail="the request carries no API key")
        return await self._holder(text)

    async def _holder(self, text: str) -> Caller:
        now = self._parts.now()
        key = await self._parts.records().run(lambda connection: find_key(connection, text, now=now))
        if key is None:
            raise unauthorized(detail="this is no key of this park", error="invalid_token")
        if (state := key.state(now)) != "valid":
            since = key.revoked or key.expires
            detail = f"the key {key.name!r} ({key.id}) is {state} since {since:%Y-%m-%d}"
            raise unauthorized(detail=detail, error="invalid_token")
        return Caller(f"key:{key.holder}", key.name, key.scopes, key.factories, key.views)
