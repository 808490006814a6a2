"""What a token's claims make of its holder.

    sub                       who it is: `oidc:<sub>`, the same as long as the provider does not give it to another
    roles_claim               values that `api: oidc: roles:` knows give roles, and these give scopes
    factories_claim           ids of factories, or `*`; missing: none
    views_claim               names of views of open data; missing: none

A claim is a list of texts, or one text with its values separated by spaces, as `scope` has them (RFC 8693). Its name
may be a path: in `realm_access.roles`, `roles` is a claim within `realm_access`; a claim whose own name has dots, as
`https://park.example/roles`, is found first. What is no text that can be shown counts for nothing.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from api.callers import Caller
from api.roles import Role, Scope, scopes_of
from collector.settings import OidcSettings

LONGEST_SUBJECT: Final = 64
"""Characters of a subject that stands in `Caller.id` as it is; of a longer one its SHA-256 does."""

WHOLE_PARK: Final = "*"
"""What stands for every factory."""

_HASHED: Final = "sha256:"


def caller_of_claims(claims: Mapping[str, Any], settings: OidcSettings) -> Caller:
    """Give who holds a token, by the claims of a token that was verified."""
    given = _texts(claims, settings.roles_claim)
    roles = [Role(role) for value, role in settings.roles.items() if value in given]
    views = frozenset(_texts(claims, settings.views_claim))
    subject = subject_of(str(claims["sub"]))
    return Caller(
        id=f"oidc:{subject}",
        name=subject,
        scopes=scopes_of(roles) | (frozenset({Scope.OPEN}) if views else frozenset()),
        factories=_factories(claims, roles, settings),
        views=views,
    )


def subject_of(sub: str) -> str:
    """Give a subject so that it may stand in ids, logs and lists: as it is, or `sha256:` and its hash in hex.

    No subject can be written so that it passes for the hash of another.
    """
    plain = len(sub) <= LONGEST_SUBJECT and sub.isprintable() and sub == sub.strip() and not sub.startswith(_HASHED)
    if plain and sub:
        return sub
    return _HASHED + hashlib.sha256(sub.encode(errors="surrogatepass")).hexdigest()


def _factories(claims: Mapping[str, Any], roles: list[Role], settings: OidcSettings) -> frozenset[str] | None:
    if settings.factories_claim is None:
        return None if any(role in settings.whole_park for role in roles) else frozenset()
    factories = _texts(claims, settings.factories_claim)
    return None if WHOLE_PARK in factories else factories


def _texts(claims: Mapping[str, Any], name: str | None) -> frozenset[str]:
    """Give the values of a claim; none where there is no such claim, or no name."""
    value = None if name is None else _claim(claims, name)
    texts = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(text for text in texts if isinstance(text, str) and text.isprintable())


def _claim(claims: Any, name: str) -> Any:
    """Give the value at a path of names; None where there is none."""
    if not isinstance(claims, Mapping):
        return None
    if name in claims:
        return claims[name]
    first, _, rest = name.partition(".")
    return _claim(claims.get(first), rest) if rest else None
