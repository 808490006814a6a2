"""Who may ask: the caller behind a request, or a problem that says what is missing.

A request carries a key (`Authorization: Bearer KEY` or `X-API-Key: KEY`). With `api: open_page: true` a GET from this
machine itself needs none. "This machine itself" means a loopback peer that asked for a loopback host and was not
forwarded: behind a proxy on the same machine every peer is loopback, and a foreign page that makes a browser here
resolve its own name to 127.0.0.1 (DNS rebinding) still asks for that name.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Annotated, Final

from fastapi import Request, Security
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from api.auth import Scope, find_key
from api.errors import FORBIDDEN, UNAUTHORIZED, ProblemError
from api.parts import GivenParts

BEARER: Final = HTTPBearer(scheme_name="bearer", description="`Authorization: Bearer KEY`", auto_error=False)
"""The key as OAuth clients send it."""

HEADER: Final = APIKeyHeader(name="X-API-Key", scheme_name="apiKey", description="`X-API-Key: KEY`", auto_error=False)
"""The key as gateways send it."""

_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    name: str
    """The name of the key, or `loopback`."""

    scopes: frozenset[Scope]
    """What it may do."""


def allowed(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """Make the dependency of routes that only callers with `scope` may use."""

    async def caller(
        request: Request,
        parts: GivenParts,
        bearer: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)],
        header: Annotated[str | None, Security(HEADER)],
    ) -> Caller:
        text = bearer.credentials if bearer is not None else header
        if text is None:
            if parts.settings.open_page and from_this_machine(request):
                return Caller("loopback", frozenset({Scope.READ}))
            raise _unauthorized(detail="the request carries no API key")
        now = parts.now()
        key = await parts.records().run(lambda connection: find_key(connection, text, now=now))
        if key is None:
            raise _unauthorized(detail="this is no key of this park", error="invalid_token")
        if (state := key.state(now)) != "valid":
            since = key.revoked or key.expires
            detail = f"the key {key.name!r} ({key.id}) is {state} since {since:%Y-%m-%d}"
            raise _unauthorized(detail=detail, error="invalid_token")
        if scope not in key.scopes:
            raise ProblemError(FORBIDDEN, f"the key {key.name!r} ({key.id}) lacks the scope {scope.value!r}")
        return Caller(key.name, frozenset(key.scopes))

    return caller


def from_this_machine(request: Request) -> bool:
    """Tell whether a GET comes from this machine itself, not through a proxy and not by a foreign name."""
    peer = request.client.host if request.client else ""
    direct = not any(header in request.headers for header in _FORWARDED)
    return request.method == "GET" and direct and _loopback(peer) and _loopback(request.url.hostname or "")


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _unauthorized(*, detail: str, error: str = "") -> ProblemError:
    challenge = 'Bearer realm="parkline"' + (f', error="{error}"' if error else "")
    return ProblemError(UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})
