"""The identity provider's keys: fetched when somebody needs them, and kept while it does not answer.

    keys younger than `refresh`   are used
    older ones                    are fetched again; those who ask wait for that, unless the last time failed: then the
                                  keys that are there count, and nobody waits for a provider that is known to be down
    a key that is not known       has them fetched again, but not within `AGAIN_S` of the last time
    no answer for `KEPT_S`        they count no more: what the provider has withdrawn must not count for ever

There is one fetch at a time, whoever needs it. Callers with keys of parkline's own wait for none of this.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from math import ceil
from ssl import SSLContext, create_default_context
from typing import Final, TypeAlias

import httpx
import orjson
import structlog

from api.errors import IDENTITY_UNAVAILABLE, ProblemError
from api.signers import Signers, read_signers
from collector.settings import OidcSettings, safe_address

AGAIN_S: Final = 60.0
"""Seconds between two fetches while there are keys: made-up keys in tokens must not make us a nuisance."""

DOWN_S: Final = 5.0
"""Seconds between two fetches while there are none."""

KEPT_S: Final = 24 * 3600.0
"""Seconds that keys count at most after they were fetched."""

PATIENCE_S: Final = 5.0
"""Seconds that a fetch may take."""

LARGEST: Final = 2**18
"""Bytes of a document that are read; real ones have a few thousand."""

_DISCOVERY: Final = "/.well-known/openid-configuration"
_SHOWN: Final = 200
"""Characters of a foreign text that are told."""

_log = structlog.get_logger()

Fetch: TypeAlias = Callable[[], Awaitable[Signers]]
"""Gives the provider's keys as they are now; raises ProviderError."""


class ProviderError(Exception):
    """The provider's keys cannot be had; the text says why and what to do."""


class Provider:
    """Keeps the provider's keys."""

    def __init__(self, fetch: Fetch, refresh: timedelta, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare.

        Args:
            fetch: gives the keys.
            refresh: how old they may grow.
            clock: seconds that never go back.
        """
        self._fetch = fetch
        self._refresh = refresh.total_seconds()
        self._clock = clock
        self._signers: Signers | None = None
        self._fetched = float("-inf")
        self._tried = float("-inf")
        self._reason = ""
        self._flight: asyncio.Task[None] | None = None

    async def signers(self, key_id: str | None) -> Signers:
        """Give the keys, among them the one with this id if the provider has it.

        Raises:
            ProblemError: `identity-unavailable`, where nobody can tell.
        """
        signers = self._usable()
        needed = signers is None or not signers.knows(key_id)
        if needed or self._clock() - self._fetched >= self._refresh:
            flight = self._flight or self._begin()
            if flight is not None and (needed or not self._reason):
                await asyncio.shield(flight)
            signers = self._usable()
        if signers is None or (self._reason and not signers.knows(key_id)):
            wait = max(1, ceil(self._tried + self._pause() - self._clock()))
            detail = "the identity provider does not answer, so that nobody can tell whether the token is good"
            raise ProblemError(IDENTITY_UNAVAILABLE, detail, headers={"Retry-After": str(wait)})
        return signers

    async def close(self) -> None:
        """End a fetch that is under way."""
        if self._flight is not None:
            self._flight.cancel()
            with suppress(asyncio.CancelledError):
                await self._flight

    def _usable(self) -> Signers | None:
        return self._signers if self._clock() - self._fetched < KEPT_S else None

    def _pause(self) -> float:
        return DOWN_S if self._usable() is None else AGAIN_S

    def _begin(self) -> asyncio.Task[None] | None:
        """Begin a fetch; None where the last one is too short a time ago."""
        if self._clock() - self._tried < self._pause():
            return None
        self._tried = self._clock()
        self._flight = asyncio.create_task(self._renew(), name="oidc-keys")
        return self._flight

    async def _renew(self) -> None:
        try:
            signers = await self._fetch()
        except ProviderError as error:
            if str(error) != self._reason:
                age = round(self._clock() - self._fetched) if self._signers else None
                _log.warning("no keys of the identity provider", reason=str(error), kept_s=age)
            self._reason = str(error)
        else:
            if self._reason:
                _log.info("the identity provider answers again")
            if signers.unusable:
                _log.info("keys of the identity provider that are not used", number=signers.unusable)
            self._signers, self._fetched, self._reason = signers, self._clock(), ""
        finally:
            self._flight = None


def client_for(trust: SSLContext) -> httpx.AsyncClient:
    """Make the client that the keys are fetched by."""
    headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "parkline"}
    return httpx.AsyncClient(verify=trust, headers=headers, timeout=PATIENCE_S, trust_env=False)


async def fetch_signers(
    settings: OidcSettings, client: Callable[[SSLContext], httpx.AsyncClient] = client_for
) -> Signers:
    """Ask the provider for its keys; raises ProviderError."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            trust = await asyncio.to_thread(create_default_context, cafile=settings.ca)
            async with client(trust) as http:
                url = settings.jwks_url or await _discovered(http, settings.issuer)
                return read_signers(await _got(http, url), settings.algorithms)
    except TimeoutError as error:
        msg = f"{settings.issuer}: no answer within {PATIENCE_S:g} s; check `api: oidc:`, the firewall"
        raise ProviderError(msg) from error
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        msg = f"{settings.issuer}: {str(error) or type(error).__name__}"
        raise ProviderError(msg) from error


async def _discovered(http: httpx.AsyncClient, issuer: str) -> str:
    """Give where a provider publishes its keys, as its own document says (OpenID Connect Discovery 1.0, 4)."""
    url = issuer.rstrip("/") + _DISCOVERY
    try:
        said = orjson.loads(await _got(http, url))
        named, address = said["issuer"], said["jwks_uri"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        msg = f"what is at {url} describes no provider; check `issuer`, or write `jwks_url`"
        raise ValueError(msg) from error
    if named != issuer:
        msg = (
            f"it names itself {str(named)[:_SHOWN]!r}; write that as `issuer`, letter by letter, if it is the right one"
        )
        raise ValueError(msg)
    return safe_address(str(address))


async def _got(http: httpx.AsyncClient, url: str) -> bytes:
    """Give the document at `url`, as it came; raises ValueError where that is none, or too large."""
    document = bytearray()
    async with http.stream("GET", url, follow_redirects=False) as answer:
        if answer.is_redirect:
            elsewhere = answer.headers.get("location", "")[:_SHOWN]
            msg = f"{url} sends us to {elsewhere!r}, and we follow nobody; write the right address"
            raise ValueError(msg)
        if answer.status_code != httpx.codes.OK:
            msg = f"{url} answers {answer.status_code}"
            raise ValueError(msg)
        async for part in answer.aiter_raw():
            document += part
            if len(document) > LARGEST:
                msg = f"{url} has more than {LARGEST} bytes; check `api: oidc:`"
                raise ValueError(msg)
    return bytes(document)
