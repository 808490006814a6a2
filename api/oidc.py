"""Tokens of an identity provider (OpenID Connect), which callers may send instead of a key.

A token is taken when the provider signed it, by a key that it publishes and an algorithm that is configured; when it
is of this issuer and for this audience, not expired and not for later, within `leeway`; and when it says whose it is.
What its header says of keys elsewhere (`jwk`, `jku`, `x5u`) is refused, and so is what is no access token by its `typ`
(RFC 8725, 3.11). Times are judged by this machine's clock. A token that was found good counts for a second
(`api.recent`) before it is verified again.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import jwt
from jwt import PyJWK

from api.access import unauthorized
from api.auth import digest_of
from api.callers import Caller
from api.claims import caller_of_claims
from api.errors import ProblemError
from api.provider import Provider, fetch_signers
from api.recent import Recent
from collector.settings import OidcSettings

LONGEST: Final = 8192
"""Characters of a token; a longer one is not looked at."""

_TYPES: Final = frozenset({"", "jwt", "at+jwt", "application/at+jwt"})
"""What `typ` may say: nothing, or that it is a token for access (RFC 9068)."""

_ELSEWHERE: Final = ("jwk", "jku", "x5u")
"""Headers by which a token would bring its own key."""

_REQUIRED: Final = ["exp", "iss", "aud", "sub"]


class Tokens:
    """Tells who holds a token."""

    def __init__(self, settings: OidcSettings, provider: Provider, clock: Callable[[], float] = time.monotonic) -> None:
        """Prepare; `clock` gives seconds that never go back."""
        self._settings = settings
        self._provider = provider
        self._clock = clock
        self._recent = Recent[Caller](clock)

    async def caller(self, token: str) -> Caller:
        """Give who holds a token.

        Raises:
            ProblemError: `unauthorized`, where it is not good; `identity-unavailable`, where nobody can tell.
        """
        if len(token) > LONGEST:
            raise _refused(detail=f"the token is longer than {LONGEST} characters")
        digest = digest_of(token)
        recent = self._recent.get(digest)
        if recent is not None:
            return recent
        at = self._clock()
        try:
            key = await self._key(jwt.get_unverified_header(token))
            claims = self._claims(token, key)
        except jwt.PyJWTError as error:
            raise _refused(detail=self._told(error)) from error
        if not claims["sub"]:
            raise _refused(detail="the claim `sub` of the token is empty")
        caller = caller_of_claims(claims, self._settings)
        self._recent.keep(digest, caller, at)
        return caller

    async def _key(self, header: dict[str, Any]) -> PyJWK:
        """Give the provider's key that a token's header names; raises InvalidTokenError."""
        kind, algorithm = header.get("typ", ""), header.get("alg")
        known = algorithm in self._settings.algorithms
        if not known or str(kind).lower() not in _TYPES or any(name in header for name in _ELSEWHERE):
            raise jwt.InvalidTokenError
        key_id = header.get("kid")
        key = (await self._provider.signers(key_id)).find(key_id, str(algorithm))
        if key is None:
            raise jwt.InvalidTokenError
        return key

    def _claims(self, token: str, key: PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            leeway=self._settings.leeway,
            options={"require": _REQUIRED, "enforce_minimum_key_length": True},
        )

    def _told(self, error: jwt.PyJWTError) -> str:
        """Say what is wrong with a token; of one that was not signed by the provider nothing but that."""
        match error:
            case jwt.ExpiredSignatureError():
                return "the token is expired; get a new one"
            case jwt.ImmatureSignatureError():
                return (
                    "the token is for later (`nbf`, `iat`); check the clocks of the identity provider and of parkline"
                )
            case jwt.InvalidAudienceError():
                return f"the token is for somebody else; its `aud` must hold {self._settings.audience!r}"
            case jwt.InvalidIssuerError():
                return f"the token is of another issuer than {self._settings.issuer}"
            case jwt.MissingRequiredClaimError():
                return f"the token lacks the claim `{error.claim}`"
            case _:
                return f"this is no token that {self._settings.issuer} signed"


@asynccontextmanager
async def trusting(settings: OidcSettings | None) -> AsyncIterator[Tokens | None]:
    """Give what tells tokens of a provider; None where none is configured. Nothing is fetched before it is needed."""
    if settings is None:
        yield None
        return
    provider = Provider(partial(fetch_signers, settings), settings.refresh)
    try:
        yield Tokens(settings, provider)
    finally:
        await provider.close()


def _refused(*, detail: str) -> ProblemError:
    return unauthorized(detail=detail, error="invalid_token")
