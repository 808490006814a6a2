"""Comparisons of two periods, as flat rows."""

from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from analytics.reports.comparison import COMPARISON
from analytics.reports.reading import read_comparison
from analytics.reports.sums import DIGITS
from api.answers import GivenShape
from api.paging import Paging, behind, paging
from api.parts import GivenParts
from api.remembered import Basis, remembered
from api.scopes import days_between, scopes_of
from api.views.comparisons import DifferenceView
from api.views.shape import Instant, Paged, listed
from api.window import End, Start

router = APIRouter(tags=["reports"])

_PATHS: Final = 50
"""Paths that are compared in one request, at most."""

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
            "lower": 0.085,
            "upper": 0.108,
            "outside": 0,
            "verdict": "exceeds",
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
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
    found = pl.DataFrame(schema={"path": pl.String(), **COMPARISON})
    async with parts.reading() as store:
        for scope, (before, now) in zip(scopes, days, strict=True):
            if after is not None and scope.path < after[0]:
                continue
            compared = (await read_comparison(store, scope, before, now)).rows
            rows = compared.select(pl.lit(scope.path).alias("path"), *COMPARISON).with_columns(
                pl.col("before", "after", "change", "lower", "upper").round(DIGITS),
                pl.col("before_s", "after_s").round(_MICROSECONDS),
            )
            found = pl.concat([found, rows if after is None else rows.filter(behind(order, after))])
            if found.height > page.limit:
                break
    shown = found.sort(order).head(page.limit)
    token = page.token(shown.tail(1).select(order).row(0)) if found.height > shown.height else None
    return shape.page(DifferenceView, shown.select(list(DifferenceView.model_fields)), token)
