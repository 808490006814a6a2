"""Where calendar time went: the leaves of the loss tree of any window, as flat rows."""

from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from analytics.reports.leaves import leaves
from api.answers import GivenShape
from api.lookup import paths_asked
from api.numbers import ORDER, Asked, Numbers, Page
from api.paging import Paging, paging
from api.parts import GivenParts
from api.remembered import Basis, remembered
from api.routes.kpis import KnownAt, OfPaths, check_asked
from api.views.kpis import Period
from api.views.losses import Leaf, LossPartView
from api.views.shape import TOKEN, Paged, listed
from api.window import NewestEnd, NewestStart

router = APIRouter(tags=["kpis"])

_ROWS: Final = 5
"""Stored rows of a window for each of its parts, about."""

_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "path": "gears/hobbing/hob-01",
            "period": "day",
            "name": "",
            "start": "2026-11-23T16:00:00Z",
            "end": "2026-11-24T16:00:00Z",
            "loss": "unplanned_stop",
            "reason": "hydraulics",
            "seconds": 2130.0,
            "share": 0.0247,
            "times": 3,
            "version": 2,
            "computed": "2026-11-24T18:30:07.201Z",
        }
    ],
    "next_page_token": TOKEN,
}


@router.get(
    "/losses",
    summary="Read where time went",
    response_model=Paged[LossPartView],
    responses=listed(_EXAMPLE),
    dependencies=[remembered(Basis.RESULTS)],
)
async def list_losses(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: OfPaths = None,
    period: Annotated[Period, Query(description="Kind of window.")] = "day",
    loss: Annotated[
        list[Leaf] | None, Query(max_length=12, description="What was lost to; may be repeated. Left out: all.")
    ] = None,
    start: NewestStart = None,
    end: NewestEnd = None,
    known_at: KnownAt = None,
) -> Response:
    """Give the parts of the calendar time of windows that begin in [start, end), by path, start, loss and reason.

    The rows of a window add up to its calendar time: losses are divided no further, and stops are told by reason.
    Without `start` and `end`: of each path the newest window in which anything is known. Hours: 93 days at most in one
    request, others 3,700. `/api/v1/reports/losses` has the tree and the ratios of the same.
    """
    check_asked(start, end, known_at, hours=period == "hour")

    def rows(results: pl.DataFrame) -> pl.DataFrame:
        found = leaves(results)
        return found if loss is None else found.filter(pl.col("loss").is_in(loss))

    order = (*ORDER, pl.col("loss"), pl.col("reason").fill_null(""))
    async with parts.reading() as store:
        asked = Asked(paths_asked(parts, path), [period], start, end, known_at=known_at)
        found, token = await Numbers(store, parts).page(asked, Page(page, order, rows, _ROWS))
    return shape.page(LossPartView, found.select(list(LossPartView.model_fields)), token)
