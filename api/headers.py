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

_SAFE: Final = [(name.lower().encode(), value.encode()) for name, value in SAFE.items()]
_SAFE_NAMES: Final = frozenset(name for name, _ in _SAFE)

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
                message["headers"] = self._secure(scope["path"], message["status"], message["headers"])
            await send(message)

        await self._app(scope, receive, send_safe)

    def _secure(self, path: str, status: int, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """Give the headers of an answer, made safe; in one go, since every answer passes here."""
        there = {name.lower(): value for name, value in headers}
        media = there.get(b"content-type", b"json")
        page = b"text/html" in media
        data = b"json" in media or (path.startswith("/api/") and not page)
        made = [header for header in headers if header[0].lower() not in _SAFE_NAMES] + _SAFE
        if status != HTTPStatus.NOT_MODIFIED:  # it would replace the policy of the page that the browser has
            if b"content-security-policy" not in there:
                made.append((b"content-security-policy", (_DATA if data else _PAGE).encode()))
            if b"cache-control" not in there:
                made.append((b"cache-control", b"no-store" if data else b"no-cache"))
        if page:
            made += ((b"cross-origin-opener-policy", b"same-origin"), (b"permissions-policy", _DEVICES.encode()))
        if self._tls:
            made.append((b"strict-transport-security", _TLS_ONLY.encode()))
        return made


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
            "If-Range",
            "Last-Event-ID",
            "Range",
            "X-Request-Id",
        ),
        "expose_headers": (
            "Accept-Ranges",
            "Content-Disposition",
            "Content-Range",
            "Deprecation",
            "ETag",
            "Idempotency-Replayed",
            "Link",
            "Location",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "Sunset",
            "WWW-Authenticate",
            "X-Request-Id",
        ),
        "allow_credentials": False,
    }
