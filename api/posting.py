"""Posting to receivers of webhooks, who may be anywhere, and may be no receivers at all.

    host ──► its addresses, looked up now ──► each may be connected to? ──► connect to one of these, as that host (TLS)
                                                    └─ one may not: nothing is connected to

The name is looked up for every message, and it is the address that was judged that is connected to: what a name server
says a moment later changes nothing. Redirects are not followed. Of an answer, 8 KiB are read.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from ipaddress import IPv6Address, ip_address
from ssl import SSLContext
from typing import Final, TypeAlias

import httpx
import structlog

from adapters.channels.contract import ChannelError
from adapters.channels.post import AGENT, Answer
from adapters.channels.reach import trusted, unanswered, unreached
from api.reachable import Address, Target, UnreachableError, is_allowed, is_named, may_connect, target_of
from collector.settings import HookSettings

PATIENCE_S: Final = 10.0
"""Seconds that a receiver may take, from looking up its name to the end of its answer."""

LOOKED_UP_S: Final = 5.0
"""Seconds that looking up a name may take."""

LONGEST: Final = 8 * 1024
"""Bytes of an answer that are read."""

SAID: Final = 200
"""Characters of an answer that are kept."""

_TRIED: Final = 4
"""Addresses of a host that are tried."""

_NAMES: Final = ThreadPoolExecutor(32, "webhook-names")
"""Where names are looked up: slow name servers of receivers hold nobody up who needs a thread for the records."""

_CLOSING_S: Final = 2.0
_NAME: Final = "webhook"

_NO_TRUST: Final = (
    "this park cannot tell whom to trust: the file that its administrators named as `api: webhooks: ca` cannot be used"
)

Resolve: TypeAlias = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host; raises OSError."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Said:
    """What came of one attempt."""

    status: int | None
    """HTTP status; None: there was no answer."""

    answer: str
    """What the answer said, or why there was none, on one line, `SAID` characters at most."""

    seconds: float
    """How long it took."""

    wait: float | None = None
    """Seconds that the receiver asks to be left alone; None: it does not ask."""

    @property
    def good(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


async def look_up(host: str, port: int) -> Sequence[str]:
    """Give the addresses of a host, as this machine finds them."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_NAMES, ask)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_own(address: Address) -> bool:
    """Tell whether an address is this machine's own: then a packet to it would leave from it. None is sent."""
    family = socket.AF_INET6 if isinstance(address, IPv6Address) else socket.AF_INET
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((str(address), 9))
        return ip_address(probe.getsockname()[0]) == address
    return False


class Poster:
    """Posts to whoever may be posted to."""

    def __init__(
        self, settings: HookSettings, resolve: Resolve = look_up, own: Callable[[Address], bool] = is_own
    ) -> None:
        """Prepare.

        Args:
            settings: who may be posted to.
            resolve: looks a host up.
            own: tells whether an address is this machine's own.
        """
        self._settings = settings
        self._resolve = resolve
        self._own = own
        self._trust: SSLContext | None = None

    async def check(self, url: str) -> Target:
        """Give where a URL leads, as things stand; raises UnreachableError where it may not be posted to."""
        target = target_of(url, self._settings)
        await self.addresses(target)
        return target

    async def addresses(self, target: Target) -> list[str]:
        """Give the addresses of a target to connect to; raises UnreachableError unless each may be connected to.

        The text tells no address: it would tell of a network whose names the caller cannot look up.
        """
        if (literal := target.address) is not None:
            found = [literal]
        else:
            try:
                async with asyncio.timeout(LOOKED_UP_S):
                    found = [ip_address(one) for one in await self._resolve(target.host, target.port)]
            except (OSError, UnicodeError, ValueError):  # TimeoutError is an OSError
                found = []
        bad = [address for address in found if not self._may(target, address)]
        if bad or not found:
            if bad:
                _log.warning("webhook leads where it may not", host=target.host, addresses=[str(one) for one in bad])
            msg = (
                f"{target.host} is not known, or leads where nobody may post to; check it, or have an administrator "
                "add it to `api: webhooks: allow`"
            )
            raise UnreachableError(msg)
        return [str(address) for address in found[:_TRIED]]

    @asynccontextmanager
    async def way(self, url: str) -> AsyncIterator["Way"]:
        """Give the way to a receiver, whose connection is kept for as long as the block lasts."""
        trust = False if url.lower().startswith("http:") else await self._trusted()
        transport = None if trust is None else httpx.AsyncHTTPTransport(verify=trust, trust_env=False)
        try:
            yield Way(self, url, self._settings, transport)
        finally:
            with suppress(TimeoutError, httpx.TransportError, OSError):
                async with asyncio.timeout(_CLOSING_S):
                    if transport is not None:
                        await transport.aclose()

    def _may(self, target: Target, address: Address) -> bool:
        if not may_connect(target, address, self._settings):
            return False
        return is_named(target.host, self._settings) or is_allowed(address, self._settings) or not self._own(address)

    async def _trusted(self) -> SSLContext | None:
        """Give whom TLS trusts; None where the file that says so cannot be used: then nobody is trusted."""
        if self._trust is None:
            try:
                self._trust = await asyncio.to_thread(trusted, _NAME, self._settings.ca)
            except ChannelError as error:
                _log.warning("webhooks trust nobody", reason=str(error))
        return self._trust


@dataclass(slots=True)
class _Heard:
    """What is known of an answer so far."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Way:
    """The way to one receiver."""

    def __init__(
        self, poster: Poster, url: str, settings: HookSettings, transport: httpx.AsyncHTTPTransport | None
    ) -> None:
        self._poster = poster
        self._url = url
        self._settings = settings
        self._transport = transport
        self._answered = False

    async def post(self, headers: Mapping[str, str], body: bytes) -> Said:
        """Post a body; give what came of it, whatever that is."""
        begun = time.monotonic()
        heard = _Heard()
        why = ""
        try:
            target = target_of(self._url, self._settings)
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await self._exchange(target, headers, body, heard)
            except (TimeoutError, httpx.TimeoutException):
                why = unanswered(_NAME, target.origin, PATIENCE_S, "`url`").reason
            except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
                if isinstance(error, UnreachableError):
                    raise
                why = unreached(_NAME, target.origin, error, "`url`").reason
        except UnreachableError as error:
            why = str(error)
        seconds = time.monotonic() - begun
        if heard.status is None:
            return Said(None, _line(why), seconds)
        wait = Answer(heard.status, heard.headers, b"").wait(datetime.now(UTC))
        return Said(heard.status, _told(heard), seconds, wait)

    async def _exchange(self, target: Target, headers: Mapping[str, str], body: bytes, heard: _Heard) -> None:
        if (transport := self._transport) is None:
            raise UnreachableError(_NO_TRUST)
        addresses = await self._poster.addresses(target)
        for number, address in enumerate(addresses, 1):
            request = _request(target, address, headers, body, patience=PATIENCE_S / len(addresses))
            try:
                response = await self._ask(transport, request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if number == len(addresses):
                    raise
                continue
            self._answered = True
            heard.status, heard.headers = response.status_code, httpx.Headers(response.headers)
            try:
                async for piece in response.aiter_raw():
                    heard.body += piece[: LONGEST - len(heard.body)]
                    if len(heard.body) >= LONGEST:
                        break
            finally:
                await response.aclose()
            return

    async def _ask(self, transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        """Send a request; once more by a new connection, where one that was kept turns out to be closed."""
        try:
            return await transport.handle_async_request(request)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            if not self._answered:
                raise
            self._answered = False
            return await transport.handle_async_request(request)


def _request(
    target: Target, address: str, headers: Mapping[str, str], body: bytes, *, patience: float
) -> httpx.Request:
    """Make a request that goes to an address, for the target's host."""
    numeric = f"[{address}]" if ":" in address else address
    said = {"Host": target.authority, "User-Agent": AGENT, "Accept-Encoding": "identity", **headers}
    extensions = {"sni_hostname": target.host, "timeout": {"connect": patience}}
    url = f"{target.scheme}://{numeric}:{target.port}{target.path}"
    return httpx.Request("POST", url, headers=said, content=body, extensions=extensions)


def _told(heard: _Heard) -> str:
    """Give what an answer said."""
    if heard.status is not None and HTTPStatus.MULTIPLE_CHOICES <= heard.status < HTTPStatus.BAD_REQUEST:
        return "it sends us elsewhere, and we follow nobody; write the new address as `url`"
    return _line(heard.body.decode(errors="replace"))


def _line(text: str) -> str:
    """Give a foreign text so that it may stand in logs and lists."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(plain.split())[:SAID]
