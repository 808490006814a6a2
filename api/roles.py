"""Roles and scopes: what callers are, and what they may do for it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One thing that a caller may do."""

    READ = "read"
    """Every GET of what machines did and do."""

    ALERTS = "alerts"
    """Acknowledge, shelve, comment and reset alerts; say why machines stood."""

    OPERATE = "operate"
    """What changes what parkline holds: replaying and dropping dead letters."""

    EXPORT = "export"
    """Have exports made, and download one's own."""

    SUBSCRIBE = "subscribe"
    """Keep webhooks of one's own."""

    AUDIT = "audit"
    """Read who read and did what."""

    OPEN = "open"
    """Read the views that one is granted, and nothing else."""


class Role(StrEnum):
    """What somebody is, which decides what they may do (`SCOPES`)."""

    VIEWER = "viewer"
    """Looks at the page."""

    PLATFORM = "platform"
    """The park's shared service platform: reads, exports, subscribes."""

    MAINTENANCE = "maintenance"
    """Acts on alerts."""

    ENGINEER = "engineer"
    """Acts on alerts and dead letters."""

    ADMIN = "admin"
    """May do everything."""


SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.VIEWER: frozenset({Scope.READ}),
    Role.PLATFORM: frozenset({Scope.READ, Scope.EXPORT, Scope.SUBSCRIBE}),
    Role.MAINTENANCE: frozenset({Scope.READ, Scope.ALERTS}),
    Role.ENGINEER: frozenset({Scope.READ, Scope.ALERTS, Scope.OPERATE, Scope.EXPORT, Scope.SUBSCRIBE}),
    Role.ADMIN: frozenset(Scope),
}
"""What each role may do."""


def scopes_of(roles: Iterable[Role]) -> frozenset[Scope]:
    """Give what somebody with these roles may do."""
    return frozenset[Scope]().union(*(SCOPES[role] for role in roles))


def roles_with(scope: Scope) -> list[Role]:
    """Give the roles that may do something; none where only a grant of views does it."""
    return [role for role in Role if scope in SCOPES[role]]
