"""Refuses what a request asks for in words that the route does not know.

A misspelt filter that is passed over gives a good answer to another question: `?perid=day` would give every period.
"""

from difflib import get_close_matches
from typing import Any

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Query

from api.errors import INVALID_PARAMETER, Fault, ProblemError


async def only_known_parameters(request: Request) -> None:
    """Answer 422 where the query holds a parameter that the route does not have."""
    known = _query_of(request.scope["route"])
    faults = [Fault("query", name, _unknown(name, known)) for name in request.query_params if name not in known]
    if faults:
        detail = "; ".join(f"{fault.name}: {fault.detail}" for fault in faults)
        raise ProblemError(INVALID_PARAMETER, detail, faults=faults)


def _query_of(route: Any) -> list[str]:
    """Give the names of a route's query parameters."""
    return [field.alias for field in get_flat_params(route.dependant) if isinstance(field.field_info, Query)]


def _unknown(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        return f"there is no such parameter; did you mean `{near[0]}`?"
    return f"there is no such parameter; there are {', '.join(known)}" if known else "this address takes no parameters"
