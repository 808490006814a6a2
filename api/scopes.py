"""What reports and capacities are asked about: scopes and local days, as a caller may see them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, TypeAlias

from fastapi import Query

from analytics.reports.scope import Days, Period, Scope, ScopeError
from api.errors import wrong
from api.lookup import known_assets
from api.parts import Parts

DAYS_AT_MOST: Final = timedelta(days=1100)
"""The longest report."""

_NAMED: Final = 5
"""How many factories an answer names."""

OfPath: TypeAlias = Annotated[
    str,
    Query(
        max_length=300,
        description="Park, factory, line or machine. Left out: the park, or the only factory that the caller may see.",
    ),
]
"""The parameter `path` of what is told of one scope."""


def scope_of(parts: Parts, path: str) -> Scope:
    """Give the scope of a path, or answer 404; without a path the park, or the only factory that a caller may see.

    Whoever may see some factories and not the park must say which: sums over a part of the park are no numbers of it.
    """
    if path:
        return Scope.of(parts.park, known_assets(parts, [path])[0])
    if parts.grants is None:
        return Scope.of(parts.park, "")
    factories = [factory.path for factory in parts.park.factories]
    if len(factories) != 1:
        raise wrong(parameter="path", detail=f"say of which factory, line or machine; {_named(factories)}")
    return Scope.of(parts.park, factories[0])


def scopes_of(parts: Parts, paths: Sequence[str] | None) -> list[Scope]:
    """Give the scopes of paths, in their order, or answer 404; without any the park, or each factory of the caller."""
    if paths:
        known = known_assets(parts, dict.fromkeys(paths))
    elif parts.grants is None:
        known = [parts.park.id]
    else:
        known = [factory.path for factory in parts.park.factories]
    return [Scope.of(parts.park, path) for path in known]


def days_of(scope: Scope, period: Period, start: datetime | None, end: datetime | None, now: datetime) -> Days:
    """Give the days asked for, or the latest ones; answers 422 where they cannot be."""
    if start is None and end is None:
        return Days.latest(period, now, scope.zone)
    if start is None or end is None:
        missing = "start" if start is None else "end"
        raise wrong(parameter=missing, detail="give both `start` and `end`, or none for the latest days")
    return days_between(scope, start, end)


def days_between(scope: Scope, start: datetime, end: datetime, *, names: tuple[str, str] = ("start", "end")) -> Days:
    """Give the local days that begin in [start, end), or answer 422."""
    if start >= end:
        raise wrong(parameter=names[1], detail=f"it must lie after `{names[0]}` ({start:%Y-%m-%dT%H:%M:%SZ})")
    if end - start > DAYS_AT_MOST:
        raise wrong(parameter=names[1], detail=f"the days may be {DAYS_AT_MOST.days} at most; ask for them in parts")
    try:
        return Days.between(start, end, scope.zone)
    except ScopeError as error:
        raise wrong(parameter=names[1], detail=str(error)) from error


def _named(factories: Sequence[str]) -> str:
    if not factories:
        return "there is no factory that you may see"
    more = ", …" if len(factories) > _NAMED else ""
    return f"there are the factories {', '.join(factories[:_NAMED])}{more}"
