"""Posting to a web address, and what its answer means where the status alone tells.

The connections are httpx's; its client is passed by, because it logs whole addresses, and these hold secrets.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

import httpx
import orjson

from adapters.channels.contract import ChannelError, ChannelRefusedError, ChannelUnreachableError
from adapters.channels.endpoint import EndpointSettings
from adapters.channels.reach import trusted, unanswered, unreached, unsendable

SAID: Final = 200
"""Characters of what the receiver said that are passed on."""

LONGEST: Final = 64 * 1024
"""Bytes of an answer that are read."""

LONGEST_WAIT: Final = 3600.0
"""Seconds that a receiver's `Retry-After` counts at most."""

AGENT: Final = "parkline"
"""Who posts, as `User-Agent`."""

_CLOSING: Final = 2.0
_TOKEN: Final = 8
"""Characters from which on a part of a path may be a secret."""

_LATER: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_PAGE: Final = re.compile(r"\s*<")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver answered."""

    status: int
    """The HTTP status."""

    headers: Mapping[str, str]
    """The headers; names in any case."""

    body: bytes
    """The body, or its first 64 KiB."""

    @property
    def good(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def json(self) -> dict[str, Any] | None:
        """Give the object that the body is; None where it is none."""
        try:
            told = orjson.loads(self.body)
        except orjson.JSONDecodeError:
            return None
        return told if isinstance(told, dict) else None

    def wait(self, now: datetime) -> float | None:
        """Give the seconds that it asks to wait, 0 to an hour; None where it does not ask."""
        asked = self.headers.get("Retry-After", "").strip()
        if asked.isdecimal():
            return min(float(asked), LONGEST_WAIT)
        try:
            return min(max((parsedate_to_datetime(asked) - now).total_seconds(), 0.0), LONGEST_WAIT)
        except (TypeError, ValueError):  # none, or no date; or a date without a zone
            return None


class Post:
    """The way to one web address."""

    def __init__(self, channel: str, settings: EndpointSettings, hidden: Iterable[str] = ()) -> None:
        """Prepare it for `channel`; what is `hidden` is never told, nor is what `settings.url` holds."""
        self._channel = channel
        self._settings = settings
        self._hidden = sorted({*hidden, *_secrets(settings)} - {""}, key=len, reverse=True)
        self._transport: httpx.AsyncHTTPTransport | None = None
        self._open = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Let it be used while the block lasts."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1
            if not self._open:
                await self._close()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post `body` to `url`; give the answer, whatever it is.

        Raises:
            ChannelUnreachableError: there was none, or the proxy says later.
            ChannelRefusedError: no TLS that can be trusted, the proxy forbids it, or a setting cannot be sent.
        """
        settings, seconds = self._settings, self._settings.timeout.total_seconds()
        try:
            request = httpx.Request("POST", url, headers={"User-Agent": AGENT, **headers}, content=body)
            async with asyncio.timeout(seconds):
                response = await (await self._ready()).handle_async_request(request)
                try:
                    return Answer(response.status_code, response.headers, await _start(response))
                finally:
                    await response.aclose()
        except (TimeoutError, httpx.TimeoutException) as error:
            raise unanswered(self._channel, settings.where, seconds, self._what) from error
        except httpx.ProxyError as error:
            raise self._barred(str(error)) from error
        except httpx.LocalProtocolError:
            raise unsendable(self._channel, f"{self._what} and what lets us in") from None  # it holds the header
        except (httpx.TransportError, httpx.DecodingError, OSError) as error:
            raise unreached(self._channel, settings.where, error, self._what) from error
        except (ValueError, httpx.InvalidURL):  # it may hold the address or the header
            raise unsendable(self._channel, f"{self._what} and what lets us in") from None

    def told(self, text: str) -> str:
        """Give what the receiver said on one short line, without secrets."""
        for secret in self._hidden:
            text = text.replace(secret, "***")
        line = " ".join(text.split())
        return line if len(line) <= SAID else f"{line[:SAID]}…"

    def said(self, answer: Answer) -> str:
        """Give an answer's status, and what its body says where that is no page for people."""
        text = answer.body.decode(errors="replace")
        line = "" if _PAGE.match(text) else self.told(text)
        return f"HTTP {answer.status}: {line}" if line else f"HTTP {answer.status}"

    def failure(self, answer: Answer, credentials: str) -> ChannelError:
        """Give the error for an answer that is not 2xx; `credentials` are the settings that let us in."""
        where, said = self._settings.where, self.said(answer)
        if _later(answer.status):
            reason = f"{where} cannot take it now ({said}); it is to be tried again"
            return ChannelUnreachableError(self._channel, reason, retry_after=answer.wait(datetime.now(UTC)))
        return ChannelRefusedError(self._channel, f"{where} refuses it ({said}); {_advice(answer, credentials)}")

    def _barred(self, answer: str) -> ChannelError:
        """Give the error for a proxy's answer that is not 2xx, `STATUS REASON`."""
        status, said = answer.partition(" ")[0], self.told(answer)
        if status.isdecimal() and _later(int(status)):
            return ChannelUnreachableError(self._channel, f"the proxy cannot take it now ({said}); it is tried again")
        return ChannelRefusedError(self._channel, f"the proxy forbids it ({said}); check `proxy`")

    async def _ready(self) -> httpx.AsyncHTTPTransport:
        if not self._open:
            msg = f"the channel {self._channel} is not open"
            raise RuntimeError(msg)
        if self._transport is None:
            settings = self._settings
            encrypted = settings.url.get_secret_value().lower().startswith("https:")
            verify = await asyncio.to_thread(trusted, self._channel, settings.ca) if encrypted else False
            proxy = httpx.Proxy(settings.proxy.get_secret_value()) if settings.proxy is not None else None
            if self._transport is None:  # another call was faster
                self._transport = httpx.AsyncHTTPTransport(verify=verify, proxy=proxy, trust_env=False)
        return self._transport

    async def _close(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            try:
                async with asyncio.timeout(_CLOSING):
                    await transport.aclose()
            except (TimeoutError, httpx.TransportError, OSError):
                pass  # it is gone

    @property
    def _what(self) -> str:
        return "`url`" if self._settings.proxy is None else "`url` and `proxy`"


def _later(status: int) -> bool:
    """Tell whether a status means later."""
    return status in _LATER or status >= HTTPStatus.INTERNAL_SERVER_ERROR


async def _start(response: httpx.Response) -> bytes:
    """Read the body as far as anybody looks at it."""
    body = b""
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) >= LONGEST:
            break
    return body[:LONGEST]


def _secrets(settings: EndpointSettings) -> Iterable[str]:
    """Give what must not be told of the addresses."""
    url = settings.url.get_secret_value()
    parts = urlsplit(url)
    values = [value for _, value in parse_qsl(parts.query)]
    yield from (url, parts.query, *values, *(quote(value, safe="") for value in values))
    yield from (part for part in parts.path.split("/") if len(part) >= _TOKEN)
    if settings.proxy is not None:
        yield settings.proxy.get_secret_value()
        yield urlsplit(settings.proxy.get_secret_value()).password or ""


def _advice(answer: Answer, credentials: str) -> str:
    """Say what to do about an answer that forbids."""
    if "Location" in answer.headers:
        to = urlsplit(answer.headers["Location"])
        return f"it sends us on to {to.scheme}://{to.netloc.rpartition('@')[2]}; write the new address as `url`"
    match answer.status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return f"check {credentials}"
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return "check `url`"
        case HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            return "check user and password of `proxy`"
        case HTTPStatus.GONE:
            return "it wants no more notices: take the channel out, or ask for a new `url`"
        case _:
            return "ask who runs it; its log says more"
