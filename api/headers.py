"""Headers that keep a browser safe, on every answer; and which pages of other servers may read the API.

An answer with data is never a page, and no cache keeps it but what `api.freshness` allows. The page and /docs may load
what this server itself serves and nothing else: they work in a network without internet, and a text that comes from a
machine is never a script. Their files are asked about again each time (304 mostly), so that an upgrade shows at once. A
report, which is both, says itself what it may load: the style sheet in it, known by its hash, and nothing else.

Nobody may put a page of it into a frame (`frame-ancestors`, which every browser of these years keeps, so the older
`X-Frame-Options` adds nothing), nor load an answer of it into another server's page, unless `api: cors` lists that
server; and then with a key only, since no cookies are known here.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DATA: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What an answer with data may load: nothing."""

_PAGE: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""What the page and /docs may load. `data:` images are Swagger UI's icons and the page's hatching."""

_DEVICES: Final = (
    "accelerometer=(), camera=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), "
    "usb=()"
)
"""What of the reader's machine a page may use: none of these."""

_TLS_ONLY: Final = "max-age=31536000"
"""For how long a browser that came by TLS comes by nothing else: a year. Other names of the domain are not ours."""


SAFE: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every answer."""

REFUSAL: Final = {**SAFE, "Content-Security-Policy": _DATA, "Cache-Control": "no-store"}
"""On an answer that is given before there is an application."""


class SafeHeaders:
    """Sets the headers on every answer of `app`."""

    def __init__(self, app: ASGIApp, *, tls: bool = False) -> None:
        self._app = app
        self._tls = tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._secure(scope["path"], message["status"], MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, send_safe)

    def _secure(self, path: str, status: int, headers: MutableHeaders) -> None:
        media = headers.get("content-type", "json")
        page = "text/html" in media
        data = "json" in media or (path.startswith("/api/") and not page)
        headers.update(SAFE)
        if status != HTTPStatus.NOT_MODIFIED:  # it would replace the policy of the page that the browser has
            headers.setdefault("Content-Security-Policy", _DATA if data else _PAGE)
            headers.setdefault("Cache-Control", "no-store" if data else "no-cache")
        if page:
            headers["Cross-Origin-Opener-Policy"] = "same-origin"
            headers["Permissions-Policy"] = _DEVICES
        if self._tls:
            headers["Strict-Transport-Security"] = _TLS_ONLY


def cors(origins: Sequence[str]) -> dict[str, Any]:
    """Give the arguments of Starlette's CORSMiddleware for pages of these origins, which send a key in a header."""
    return {
        "allow_origins": tuple(origins),
        "allow_methods": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"),
        "allow_headers": (
            "Authorization",
            "X-API-Key",
            "Content-Type",
            "Idempotency-Key",
            "If-None-Match",
            "Last-Event-ID",
            "Range",
        ),
        "expose_headers": (
            "Accept-Ranges",
            "Content-Disposition",
            "Content-Range",
            "Deprecation",
            "ETag",
            "Link",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "Sunset",
        ),
        "allow_credentials": False,
    }
