"""Utilisation and the other numbers about windows of time, and the catalogue of them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from adapters.stores.contract import Store
from analytics.kpis.catalogue import KPIS
from analytics.kpis.utilisation import UTILISATION
from api.answers import rows
from api.errors import wrong
from api.lookup import known_assets, known_kpis
from api.paging import Paging, behind, paging
from api.parts import GivenParts, Parts
from api.views.kpis import CatalogueView, KpiView, Period, ResultView
from api.views.shape import Paged, TitleView, documented
from api.window import MaybeEnd, MaybeStart, check_window

router = APIRouter(tags=["kpis"])

HOURS_AT_MOST: Final = timedelta(days=93)
"""The longest window of hourly results in one request."""

DAYS_AT_MOST: Final = timedelta(days=3700)
"""The longest window of results by shift or day in one request."""

_ORDER: Final = (pl.col("path"), pl.col("period"), pl.col("start").dt.timestamp("us"), pl.col("kpi"))
"""The order of results, which is also the key of one of them."""

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS: Final = {kpi.slug: kpi.unit for kpi in KPIS}

_EXAMPLE: Final = {
    "items": [
        {
            "path": "gears/hobbing/hob-01",
            "period": "day",
            "name": "",
            "start": "2026-11-23T16:00:00Z",
            "end": "2026-11-24T16:00:00Z",
            "kpi": "utilisation",
            "value": 0.713,
            "unit": "1",
            "coverage": 0.998,
            "computed": "2026-11-24T16:00:07.201Z",
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}


@router.get("/kpis/catalogue", summary="Read what is computed", operation_id="listKpiCatalogue")
async def list_kpi_catalogue() -> CatalogueView:
    """Give every KPI with its unit, its definition and its titles."""
    return CatalogueView(
        items=[
            KpiView(
                slug=kpi.slug,
                title=TitleView(zh=kpi.title.zh or kpi.slug, en=kpi.title.en or kpi.slug),
                unit=kpi.unit,
                kind=kpi.kind,
                source=kpi.source,
            )
            for kpi in KPIS
        ]
    )


@router.get(
    "/kpis", summary="Read utilisation and other KPIs", response_model=Paged[ResultView], responses=documented(_EXAMPLE)
)
async def list_kpis(
    parts: GivenParts,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment; may be repeated. Left out: all of them."),
    ] = None,
    period: Annotated[Period | None, Query(description="Kind of window. Left out: all of them.")] = None,
    kpi: Annotated[
        list[str] | None,
        Query(max_length=100, description="Slug of the catalogue; may be repeated. Left out: all of them."),
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> Response:
    """Give the results whose windows begin in [start, end), by path, period, start and KPI.

    Without `start` and `end`: of each path and period, the newest window in which anything is known, of the park's
    newest day with data. Times are in seconds, ratios from 0 to 1; `coverage` beside each number says how much of the
    planned time is known. Hourly results: 93 days at most in one request, others 3,700.
    """
    if (start is None) != (end is None):
        raise wrong(
            parameter="end" if end is None else "start", detail="give both `start` and `end`, or none for the newest"
        )
    check_window(start, end, most=HOURS_AT_MOST if period in {None, "hour"} else DAYS_AT_MOST)
    wanted: dict[str, Any] = {
        "paths": known_assets(parts.park, path) if path else None,
        "periods": [period] if period else None,
        "kpis": known_kpis(kpi) if kpi else None,
    }
    after = page.after(str, str, int, str)
    async with parts.reading() as store:
        if start is not None and end is not None:
            found = await store.results(start=start, end=end, **wanted)
        else:
            found = await _newest(store, parts, wanted)
    if after is not None:
        found = found.filter(behind(_ORDER, after))
    found = found.sort(_ORDER)
    shown = found.head(page.limit)
    token = page.token(shown.tail(1).select(_ORDER).row(0)) if found.height > shown.height else None
    unit = pl.col("kpi").replace_strict(_UNITS, default=None, return_dtype=pl.String)
    shown = shown.select(
        "path", "period", "name", "start", "end", "kpi", "value", unit.alias("unit"), "coverage", "computed"
    )
    return rows(shown, token)


async def _newest(store: Store, parts: Parts, wanted: dict[str, Any]) -> pl.DataFrame:
    """Give the newest windows with data: those of the park's newest day in which anything is known."""
    days = await store.results(
        start=_FIRST,
        end=parts.now() + timedelta(days=2),
        paths=[parts.park.id],
        periods=["day"],
        kpis=[UTILISATION.slug],
    )
    known = days.filter(pl.col("coverage") > 0)
    day = (known if known.height else days).sort("start").tail(1)
    if day.is_empty():
        return days
    first, last = day["start"].item(), day["end"].item()
    found = await store.results(start=first - timedelta(days=1), end=last + timedelta(days=1), **wanted)
    newest = pl.col("start").filter(pl.col("coverage") > 0).max().fill_null(pl.col("start").max())
    return found.filter(pl.col("start") == newest.over("path", "period"))
