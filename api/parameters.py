"""Refuses what a request asks for in words that the route does not know, or says twice where once is meant.

A filter that is passed over gives a good answer to another question: `?perid=day` would give every period, and of
`?signal=a&signal=b` the samples of `b` alone.
"""

from collections import Counter
from difflib import get_close_matches
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query

from api.errors import INVALID_PARAMETER, Fault, ProblemError


async def only_known_parameters(request: Request) -> None:
    """Answer 422 where the query holds a parameter that the route does not have, or too often."""
    known = _query_of(request.scope["route"])
    faults = [
        Fault("query", name, _repeated(count) if name in known else _unknown(name, list(known)))
        for name, count in Counter(name for name, _ in request.query_params.multi_items()).items()
        if name not in known or (count > 1 and not known[name])
    ]
    if faults:
        detail = "; ".join(f"{fault.name}: {fault.detail}" for fault in faults)
        raise ProblemError(INVALID_PARAMETER, detail, faults=faults)


def _query_of(route: Any) -> dict[str, bool]:
    """Give the names of a route's query parameters, and whether each may be repeated."""
    return {
        field.alias: _holds_many(field.field_info.annotation)
        for field in get_flat_params(route.dependant)
        if isinstance(field.field_info, Query)
    }


def _holds_many(annotation: Any) -> bool:
    return get_origin(annotation) in {list, tuple} or any(map(_holds_many, get_args(annotation)))


def _repeated(count: int) -> str:
    return f"it stands there {count} times and takes one value; ask once for each"


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"there is no such parameter; did you mean `{near[0]}`?"
    return f"there is no such parameter; there are {', '.join(known)}" if known else "this address takes no parameters"
