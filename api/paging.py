"""Pages: one after the other by an opaque token, stable under writes.

A token holds the position of the last row of its page in the order of its route, never a count of rows: what is written
between two pages shifts nothing, repeats nothing and hides nothing. It also holds a fingerprint of its query, so
that a token sent with other filters is refused rather than answered wrongly.
"""

import base64
import binascii
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Annotated, Any, Final, TypeVar

import orjson
import polars as pl
from fastapi import Query, Request

from api.errors import ProblemError, wrong

T = TypeVar("T")

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FARTHEST: Final = 2**63 // 1000
"""Microseconds from 1970 to the last instant that can be counted in nanoseconds, in 2262."""

_OWN: Final = frozenset({"limit", "page_token"})
"""Parameters that may differ from page to page."""


@dataclass(frozen=True, slots=True)
class Paging:
    """What a request says about pages."""

    limit: int
    """Rows at most."""

    query: str
    """Fingerprint of the route and its filters."""

    position: tuple[Any, ...] | None
    """Position of the last row of the page before; None: the first page."""

    def token(self, position: Sequence[str | int]) -> str:
        """Make the token of the page that follows the row at `position`."""
        return base64.urlsafe_b64encode(orjson.dumps([self.query, *position])).decode().rstrip("=")

    def after(self, *types: type) -> tuple[Any, ...] | None:
        """Give the position to go on from, as values of these types; raises a problem for a token made up."""
        if self.position is None:
            return None
        if [type(part) for part in self.position] != list(types) or not all(map(_storable, self.position)):
            raise no_token()
        return self.position

    def of(self, rows: Iterable[T], *order: Callable[[T], str]) -> tuple[list[T], str | None]:
        """Give this page of rows that are all at hand, in an order that tells them apart, and the token of the next."""
        placed = sorted(((tuple(part(row) for part in order), row) for row in rows), key=itemgetter(0))
        after = self.after(*[str] * len(order))
        if after is not None:
            placed = placed[bisect_right(placed, after, key=itemgetter(0)) :]
        shown = placed[: self.limit]
        return [row for _, row in shown], self.token(shown[-1][0]) if len(placed) > len(shown) else None


def microseconds(instant: datetime) -> int:
    """Give an instant as a position holds it."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(position: int) -> datetime:
    """Give the instant that a position holds; raises a problem for one made up."""
    if abs(position) > _FARTHEST:
        raise no_token()
    return _EPOCH + position * _MICROSECOND


def paging(*, default: int, most: int) -> Callable[..., Coroutine[Any, Any, Paging]]:
    """Make the dependency of a route that answers in pages of `default` rows, of `most` at most."""

    async def parameters(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=most, description="Rows at most.")] = default,
        page_token: Annotated[
            str, Query(max_length=1024, description="`next_page_token` of the page before; empty: the first page.")
        ] = "",
    ) -> Paging:
        asked = sorted(pair for pair in request.query_params.multi_items() if pair[0] not in _OWN)
        query = hashlib.sha256(orjson.dumps([request.url.path, asked])).hexdigest()[:12]
        return Paging(limit, query, _position(page_token, query) if page_token else None)

    return parameters


def behind(columns: Sequence[pl.Expr], position: Sequence[Any]) -> pl.Expr:
    """True for the rows that follow `position` in the order of these columns."""
    later = pl.lit(value=False)
    for column, value in zip(reversed(columns), reversed(position), strict=True):
        later = (column > value) | ((column == value) & later)
    return later


def _position(token: str, query: str) -> tuple[Any, ...]:
    try:
        parts = orjson.loads(base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError) as error:
        raise no_token() from error
    if not isinstance(parts, list) or not parts:
        raise no_token()
    if parts[0] != query:
        raise wrong(
            parameter="page_token", detail="it belongs to another query; send it with the parameters of the page before"
        )
    return tuple(parts[1:])


def _storable(part: Any) -> bool:
    """Tell whether every database takes it as a parameter."""
    return "\0" not in part if isinstance(part, str) else -(2**63) <= part < 2**63


def no_token() -> ProblemError:
    """Give the problem of a token that no page has."""
    return wrong(
        parameter="page_token",
        detail="it is no token of this API; send `next_page_token` of the page before, unchanged",
    )
