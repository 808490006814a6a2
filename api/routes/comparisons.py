"""Comparisons of two periods, as flat rows."""

from typing import Annotated, Any, Final, TypeAlias

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from analytics.reports.comparison import COMPARISON
from analytics.reports.reading import read_comparisons
from analytics.reports.scope import Days, Scope
from analytics.reports.sums import DIGITS
from api.answers import GivenShape
from api.paging import Paging, behind, paging
from api.parts import GivenParts
from api.remembered import Basis, remembered
from api.scopes import days_between, scopes_of
from api.slices import EVERY, MOST
from api.views.comparisons import DifferenceView
from api.views.shape import TOKEN, Instant, Paged, listed
from api.window import End, Start

router = APIRouter(tags=["reports"])

_PATHS: Final = 50
"""Paths that are compared in one request, at most."""

_ROWS: Final = 20
"""Rows of one path, about: its KPIs and losses, and some reasons."""

_Asked: TypeAlias = tuple[Scope, Days, Days]
"""One path with the days before and those after."""

_MICROSECONDS: Final = 6
"""Decimals of seconds."""

_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "path": "gears/hobbing",
            "kind": "loss",
            "name": "unplanned_stop_time",
            "before": 0.096,
            "after": 0.043,
            "change": -0.053,
            "before_s": 112300.0,
            "after_s": 39600.0,
            "days_before": 27,
            "days_after": 19,
            "coverage_before": 0.981,
            "coverage_after": 0.994,
            "lower": 0.085,
            "upper": 0.108,
            "outside": 0,
            "verdict": "exceeds",
        }
    ],
    "next_page_token": TOKEN,
}


@router.get(
    "/comparisons",
    summary="Compare two periods",
    response_model=Paged[DifferenceView],
    responses=listed(_EXAMPLE),
    dependencies=[remembered(Basis.RESULTS)],
)
async def list_comparisons(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    start: Start,
    end: End,
    before_start: Annotated[Instant, Query(description="Start of the period before, inclusive.")],
    before_end: Annotated[Instant, Query(description="End of the period before, exclusive.")],
    path: Annotated[
        list[str] | None,
        Query(
            max_length=_PATHS,
            description="Park, factory, line or machine; may be repeated. Left out: the park, or each factory of a "
            "caller who may not see all of it.",
        ),
    ] = None,
) -> Response:
    """Give what changed from the local days that begin in [before_start, before_end) to those in [start, end).

    Rows come by path, kind and name; the days of either period are 1,100 at most. `verdict` says whether the mean of
    the days after exceeds the normal variation of those before, by the control chart of individual values (ISO 7870-2):
    mean ± 3 s √(1/n + 1/m), s being their mean moving range / 1.128.
    """
    order = (pl.col("path"), pl.col("kind"), pl.col("name"))
    after = page.after(str, str, str)
    scopes = sorted(scopes_of(parts, path), key=lambda scope: scope.path)
    names = ("before_start", "before_end")
    days = [
        (days_between(scope, before_start, before_end, names=names), days_between(scope, start, end))
        for scope in scopes
    ]
    left = [
        (scope, before, now)
        for scope, (before, now) in zip(scopes, days, strict=True)
        if after is None or scope.path >= after[0]
    ]
    found = pl.DataFrame(schema={"path": pl.String(), **COMPARISON})
    async with parts.reading() as store:
        while left and found.height <= page.limit:
            some, left = _together(left, page.limit + 1 - found.height)
            for (scope, _, _), compared in zip(some, await read_comparisons(store, some), strict=True):
                rows = compared.rows.select(pl.lit(scope.path).alias("path"), *COMPARISON).with_columns(
                    pl.col("before", "after", "change", "lower", "upper", "coverage_before", "coverage_after").round(
                        DIGITS
                    ),
                    pl.col("before_s", "after_s").round(_MICROSECONDS),
                )
                found = pl.concat([found, rows if after is None else rows.filter(behind(order, after))])
    shown = found.sort(order).head(page.limit)
    token = page.token(shown.tail(1).select(order).row(0)) if found.height > shown.height else None
    return shape.page(DifferenceView, shown.select(list(DifferenceView.model_fields)), token)


def _together(left: list[_Asked], rows: int) -> tuple[list[_Asked], list[_Asked]]:
    """Divide what is left to be compared: what is read at once to give so many rows, about, and what is left then."""
    stored = max(before.count + after.count for _, before, after in left) * EVERY
    many = max(min(rows // _ROWS + 1, MOST // stored), 1)
    return left[:many], left[many:]
