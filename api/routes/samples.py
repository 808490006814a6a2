"""Raw samples of one signal, in pages.

A page reads the store in slices of growing width until it is full, so that its cost follows its rows and not the
window asked for: a year of a quiet signal and an hour of a fast one are both a few short reads.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from adapters.sample import ValueType, is_bad, is_good
from adapters.stores.contract import Store
from api.answers import INSTANT, GivenShape
from api.lookup import signal_at
from api.paging import Paging, instant, paging
from api.parts import GivenParts
from api.views.samples import SampleView
from api.views.shape import Paged, listed
from api.window import End, Start, check_window

router = APIRouter(tags=["samples"])

WINDOW_AT_MOST: Final = timedelta(days=31)
"""The longest window of one request."""

_FIRST_SLICE: Final = timedelta(minutes=10)
_WIDEST_SLICE: Final = timedelta(days=1)

_EXAMPLE: Final = {
    "items": [
        {
            "time": "2026-11-24T08:12:04.900Z",
            "value": 3150.5,
            "quality": "good",
            "status": 0,
            "received": "2026-11-24T08:12:04.950123Z",
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}


@router.get("/samples", summary="Read raw samples", response_model=Paged[SampleView], responses=listed(_EXAMPLE))
async def list_samples(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    signal: Annotated[str, Query(description="Path of the signal, `factory/line/equipment/signal`.")],
    start: Start,
    end: End,
) -> Response:
    """Give the samples of one signal with start <= time < end, by time; 31 days at most in one request.

    Values are in the signal's unit, which the asset tree tells.
    """
    check_window(start, end, most=WINDOW_AT_MOST)
    wanted = signal_at(parts.park, signal)
    after = page.after(int)
    async with parts.reading() as store:
        found = await _first(store, wanted.path, start, end, after[0] if after else None, page.limit + 1)
    shown = found.head(page.limit)
    token = (
        page.token(shown.tail(1).select(pl.col("time").dt.timestamp("ns")).row(0))
        if found.height > page.limit
        else None
    )
    return shape.page(SampleView, _shown(shown, wanted.type), token)


async def _first(
    store: Store, signal: str, start: datetime, end: datetime, after: int | None, count: int
) -> pl.DataFrame:
    """Give the first `count` samples of the window that follow `after` (ns since 1970), or as many as there are."""
    begin = start
    if after is not None:
        begin = max(start, instant(after // 1000))
    width = _FIRST_SLICE
    found: list[pl.DataFrame] = []
    missing = count
    while begin < end and missing > 0:
        until = min(end, begin + width)
        samples = (await store.samples([signal], begin, until)).sort("time")
        if after is not None:
            samples = samples.filter(pl.col("time").dt.timestamp("ns") > after)
        part = await asyncio.to_thread(samples.head(missing).collect)
        found.append(part)
        missing -= part.height
        begin, width = until, min(2 * width, _WIDEST_SLICE)
    return pl.concat(found) if found else pl.DataFrame()


def _shown(samples: pl.DataFrame, declared: ValueType) -> pl.DataFrame:
    """Give the fields of `SampleView`. A value stands in the column of its type; the declared one is the usual one."""
    status = pl.col("status")
    quality = pl.when(is_good(status)).then(pl.lit("good")).when(is_bad(status)).then(pl.lit("bad"))
    return samples.select(
        pl.col("time").dt.to_string(INSTANT),
        pl.col(declared).alias("value"),
        quality.otherwise(pl.lit("uncertain")).alias("quality"),
        pl.col("status"),
        pl.col("received").dt.to_string(INSTANT),
    )
