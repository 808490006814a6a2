"""Who may ask: the caller behind a request, or a problem that says what is missing.

A request carries a key (`Authorization: Bearer KEY` or `X-API-Key: KEY`), or a token of the identity provider
(`Authorization: Bearer TOKEN`). With `api: open_page: true` a GET from this
machine itself needs none. "This machine itself" means a loopback peer that asked for a loopback host and was not
forwarded: behind a proxy on the same machine every peer is loopback, and a foreign page that makes a browser here
resolve its own name to 127.0.0.1 (DNS rebinding) still asks for that name. A proxy that was not told to say whom it
forwards, as nginx by default, is known by its HTTP/1.0, if at all: an open page is for no machine with a proxy.

`api.gate` has found out who asks before a route is looked for; here a route says what its caller must be allowed.
"""

import re
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import Annotated, Final, TypeAlias

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyHeader, HTTPBearer

from api.callers import Caller
from api.errors import FORBIDDEN, UNAUTHORIZED, ProblemError
from api.roles import Scope, roles_with

BEARER: Final = HTTPBearer(
    scheme_name="bearer", description="`Authorization: Bearer KEY`, or a token of the OIDC provider", auto_error=False
)
"""The key as OAuth clients send it."""

HEADER: Final = APIKeyHeader(name="X-API-Key", scheme_name="apiKey", description="`X-API-Key: KEY`", auto_error=False)
"""The key as gateways send it."""

_FORWARDED: Final = re.compile(r"forwarded|x-forwarded(-.*)?|x-real-ip|via")
"""Headers by which proxies say that they forward."""

_OF_PROXIES: Final = "1.0"
"""The HTTP that no browser has spoken for decades."""


def caller_of(request: Request) -> Caller:
    """Give who asks, as `api.gate` has found out."""
    caller: Caller = request.state.caller
    return caller


async def _given(request: Request) -> Caller:
    return caller_of(request)


GivenCaller: TypeAlias = Annotated[Caller, Depends(_given)]
"""The parameter by which a route is given who asks."""


def allowed(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """Make the dependency of routes that only callers with `scope` may use."""

    async def caller(
        asks: GivenCaller,
        bearer: Annotated[object, Security(BEARER)],  # for the description alone
        header: Annotated[object, Security(HEADER)],
    ) -> Caller:
        del bearer, header
        if scope not in asks.scopes:
            raise forbidden(asks, scope)
        return asks

    return caller


def from_this_machine(request: Request) -> bool:
    """Tell whether a GET comes from this machine itself, not through a proxy and not by a foreign name."""
    peer = request.client.host if request.client else ""
    forwarded = request.scope.get("http_version") == _OF_PROXIES or any(map(_FORWARDED.fullmatch, request.headers))
    return request.method == "GET" and not forwarded and is_loopback(peer) and is_loopback(request.url.hostname or "")


def forbidden(caller: Caller, scope: Scope) -> ProblemError:
    """Give the problem of a caller that lacks a scope (RFC 6750, 3.1)."""
    roles = roles_with(scope)
    having = f"the role{'s' if len(roles) > 1 else ''} {', '.join(roles)}"
    if scope is Scope.OPEN:
        having = "a view that a key is made for (`parkline key create NAME --view VIEW`)"
    detail = f"{caller.name!r} ({caller.id}) lacks the scope {scope.value!r}, which comes with {having}"
    challenge = f'Bearer realm="parkline", error="insufficient_scope", scope="{scope.value}"'
    return ProblemError(FORBIDDEN, detail, headers={"WWW-Authenticate": challenge})


def unauthorized(*, detail: str, error: str = "") -> ProblemError:
    """Give the problem of a request that nobody is known to have sent.

    `error` is RFC 6750's: `invalid_request`, `invalid_token`, or none where nothing was sent.
    """
    challenge = 'Bearer realm="parkline"' + (f', error="{error}"' if error else "")
    return ProblemError(UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def is_loopback(host: str) -> bool:
    """Tell whether this host is this machine, by an address or a name that nobody else hears."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
