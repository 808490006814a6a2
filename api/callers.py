"""Who asks: the caller behind a request, as its key or token says."""

from dataclasses import dataclass

from api.roles import Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks."""

    id: str
    """Who it is for rate limits, webhooks, exports and the audit: `key:<holder>`, `oidc:<subject>` or `loopback`. A key
    that was rotated has the id of the one before."""

    name: str
    """The name of the key, the subject of the token, or `loopback`."""

    scopes: frozenset[Scope]
    """What it may do."""

    factories: frozenset[str] | None = None
    """Ids of the factories whose data it may see; None: of the whole park."""

    views: frozenset[str] = frozenset()
    """Names of the views of open data that it may read."""
