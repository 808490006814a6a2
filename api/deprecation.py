"""Addresses that got a better name: they keep working, and their answers say where to go and until when.

    @router.get("/assets", deprecated=True, dependencies=[replaced_by("/api/v1/parks")])

    Deprecation: @1796083200                                  since when (RFC 9745)
    Sunset: Tue, 30 Nov 2027 00:00:00 GMT                     until when (RFC 8594)
    Link: </api/v1/parks>; rel="successor-version"            where to go (RFC 5829)

A successor's `{path}` is the one that was asked with. Problems of such an address carry the headers, too; a caller
whom the gate does not let through is told nothing.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote

from fastapi import FastAPI, params
from fastapi.routing import iter_route_contexts
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SINCE: Final = datetime(2026, 12, 1, tzinfo=UTC)
"""Since when the addresses of the first API are deprecated."""

NOTICE: Final = timedelta(days=365)
"""How long an address keeps working after it is deprecated."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """What a deprecated route says of itself; as a dependency it does nothing."""

    successor: str
    """The address to go to, with the names of path parameters in braces."""

    since: datetime
    """Since when the route is deprecated, UTC."""

    until: datetime
    """Until when it keeps working, UTC."""

    async def __call__(self) -> None:
        """Let every request through."""

    def headers(self, path_params: dict[str, Any]) -> dict[str, str]:
        """Give the headers of an answer to a request with these path parameters."""
        address = self.successor.format_map({name: quote(str(value)) for name, value in path_params.items()})
        return {
            "Deprecation": f"@{int(self.since.timestamp())}",
            "Sunset": format_datetime(self.until, usegmt=True),
            "Link": f'<{address}>; rel="successor-version"',
        }

    def sentence(self) -> str:
        """Give what the description says of it."""
        return f"Deprecated since {self.since:%Y-%m-%d}, works until {self.until:%Y-%m-%d}: use `{self.successor}`."


def replaced_by(successor: str, *, since: datetime = SINCE, until: datetime | None = None) -> params.Depends:
    """Make the dependency by which a route with `deprecated=True` says what replaces it.

    Args:
        successor: the address to go to, from `/api/v1` on; `{path}` is filled in from the request.
        since: since when the route is deprecated, UTC.
        until: until when it keeps working, UTC; left out: `NOTICE` after `since`.
    """
    return params.Depends(Replaced(successor, since, until or since + NOTICE))


def replacement(route: object) -> Replaced | None:
    """Give what a route says of its deprecation; None: it is not deprecated."""
    for dependency in getattr(route, "dependencies", None) or ():
        if isinstance(dependency.dependency, Replaced):
            return dependency.dependency
    return None


def tell_deprecation(app: FastAPI, described: dict[str, Any]) -> None:
    """Add to the description of `app` what replaces each deprecated operation."""
    for route in iter_route_contexts(app.routes):
        replaced = replacement(route)
        if replaced is not None and route.path_format is not None:
            for method in route.methods or ():
                operation = described["paths"][route.path_format][method.lower()]
                operation["description"] = f"{operation.get('description', '')}\n\n{replaced.sentence()}".strip()


class Deprecations:
    """Puts the headers on the answers of deprecated routes of `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                replaced = replacement(scope.get("route"))
                if replaced is not None:
                    headers = MutableHeaders(scope=message)
                    for name, value in replaced.headers(scope.get("path_params", {})).items():
                        headers.append(name, value)
            await send(message)

        await self._app(scope, receive, send_told)
