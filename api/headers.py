"""Headers that keep a browser safe, on every answer.

An answer with data is never cached and never a page. The page and /docs may load what this server itself serves and
nothing else: they work in a network without internet, and a text that comes from a machine is never a script. Their
files are asked about again each time (304 mostly), so that an upgrade shows at once. A report, which is both, says
itself what it may load: the style sheet in it, known by its hash, and nothing else.
"""

from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_DATA: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
"""What an answer with data may load: nothing."""

_PAGE: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""What the page and /docs may load. `data:` images are Swagger UI's icons and the page's hatching."""


class SafeHeaders:
    """Sets the headers on every answer of `app`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                data = "json" in headers.get("content-type", "json")
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers.setdefault("Content-Security-Policy", _DATA if data else _PAGE)
                headers.setdefault("Cache-Control", "no-store" if data else "no-cache")
            await send(message)

        await self._app(scope, receive, send_safe)
