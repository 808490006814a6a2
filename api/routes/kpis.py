"""Utilisation and the other numbers about windows of time, and the catalogue of them."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Final, Literal

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from adapters.stores.contract import Store
from analytics.kpis.catalogue import BY_SLUG, KPIS
from analytics.kpis.utilisation import UTILISATION
from analytics.ledger import read_superseded
from analytics.restatement import LOSS, STOPS, as_of
from analytics.wording import Language, translated
from api.answers import GivenShape
from api.errors import wrong
from api.lookup import assets_asked, known_numbers
from api.paging import Paging, behind, paging
from api.parts import GivenParts, Parts
from api.views.kpis import CatalogueView, KpiView, Period, ResultView
from api.views.shape import Instant, Paged, TitleView, listed
from api.window import MaybeEnd, MaybeStart, check_window

router = APIRouter(tags=["kpis"])

HOURS_AT_MOST: Final = timedelta(days=93)
"""The longest window of hourly results in one request."""

DAYS_AT_MOST: Final = timedelta(days=3700)
"""The longest window of results by shift or day in one request."""

_ORDER: Final = (pl.col("path"), pl.col("period"), pl.col("start").dt.timestamp("us"), pl.col("kpi"))
"""The order of results, which is also the key of one of them."""

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WINDOW: Final = ("path", "period", "start")
_MICROSECOND: Final = timedelta(microseconds=1)

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
            "computed": "2026-11-24T18:30:07.201Z",
            "version": 2,
            "reason": "late samples",
            "note": "",
            "inputs": {"producing_time": 61603.2, "planned_time": 86400.0},
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}


@router.get("/kpis/catalogue", summary="Read what is computed", operation_id="listKpiCatalogue")
async def list_kpi_catalogue() -> CatalogueView:
    """Give every KPI with its unit, its definition, what it is computed from and what it needs, and its titles."""
    return CatalogueView(
        items=[
            KpiView(
                slug=kpi.slug,
                title=TitleView(zh=kpi.title.zh or kpi.slug, en=kpi.title.en or kpi.slug),
                unit=kpi.unit,
                kind=kpi.kind,
                source=kpi.source,
                formula=kpi.formula,
                inputs=list(kpi.inputs),
                needs=sorted(kpi.needs),
                level=kpi.level,
            )
            for kpi in KPIS
        ]
    )


@router.get(
    "/kpis", summary="Read utilisation and other KPIs", response_model=Paged[ResultView], responses=listed(_EXAMPLE)
)
async def list_kpis(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment; may be repeated. Left out: all of them."),
    ] = None,
    period: Annotated[Period | None, Query(description="Kind of window. Left out: all of them.")] = None,
    kpi: Annotated[
        list[str] | None,
        Query(
            max_length=100,
            description="Slug of the catalogue, `loss:<loss>/<reason>` or `stops:<loss>/<reason>`; may be repeated. "
            "Left out: all of them.",
        ),
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    known_at: Annotated[
        Instant | None,
        Query(alias="as_of", description="Give the numbers as they were known at this instant; needs a window."),
    ] = None,
    include: Annotated[
        Literal["inputs"] | None,
        Query(description="`inputs`: what each number was computed from stands beside it."),
    ] = None,
    lang: Annotated[Language, Query(description="Language of `note` and `reason`.")] = "en",
) -> Response:
    """Give the results whose windows begin in [start, end), by path, period, start and KPI.

    Without `start` and `end`: of each path and period, the newest window in which anything is known, of the park's
    newest day with data. Times are in seconds, ratios from 0 to 1; `coverage` beside each number says how much of the
    planned time is known. Hourly results: 93 days at most in one request, others 3,700.

    A number that changed after its window was over has a `version` above 1 and a `reason`; what it was before is under
    `/kpis/restatements`, and here with `as_of`. Then windows that were told later, or still ran, are left out.
    """
    if (start is None) != (end is None):
        raise wrong(
            parameter="end" if end is None else "start", detail="give both `start` and `end`, or none for the newest"
        )
    if known_at is not None and start is None:
        raise wrong(parameter="as_of", detail="give `start` and `end` with it: what was newest then is not known")
    check_window(start, end, most=HOURS_AT_MOST if period in {None, "hour"} else DAYS_AT_MOST)
    wanted: dict[str, Any] = {
        "paths": assets_asked(parts, path),
        "periods": [period] if period else None,
        "kpis": known_numbers(kpi) if kpi else None,
    }
    after = page.after(str, str, int, str)
    async with parts.reading() as store:
        if start is not None and end is not None:
            found = await _known(store, parts, known_at, start=start, end=end, **wanted)
        else:
            found = await _newest(store, parts, wanted)
        if after is not None:
            found = found.filter(behind(_ORDER, after))
        found = found.sort(_ORDER)
        shown = found.head(page.limit)
        token = page.token(shown.tail(1).select(_ORDER).row(0)) if found.height > shown.height else None
        beside = [] if include is None else [await _inputs(store, parts, known_at, shown)]
    told = ("computed", "version", "reason", "note")
    unit = unit_of(pl.col("kpi")).alias("unit")
    columns = ("path", "period", "name", "start", "end", "kpi", "value", unit, "coverage", *told)
    return shape.page(ResultView, translated(shown, lang).select(*columns, *beside), token)


def unit_of(kpi: pl.Expr) -> pl.Expr:
    """Give the unit of each number by its name; null where nobody knows it."""
    units = {kpi.slug: kpi.unit for kpi in KPIS}
    known = kpi.replace_strict(units, default=None, return_dtype=pl.String)
    by_reason = pl.when(kpi.str.starts_with(LOSS)).then(pl.lit("s")).when(kpi.str.starts_with(STOPS)).then(pl.lit("1"))
    return by_reason.otherwise(known)


async def _known(store: Store, parts: Parts, known_at: datetime | None, **asked: Any) -> pl.DataFrame:
    """Give results as they are, or as they were known at an instant."""
    found = await store.results(**asked)
    if known_at is None:
        return found
    window = {name: asked[name] for name in ("start", "end", "paths", "periods")}
    before = await parts.records().run(partial(read_superseded, known_at=known_at, **window))
    return as_of(found, before, known_at)


async def _inputs(store: Store, parts: Parts, known_at: datetime | None, shown: pl.DataFrame) -> pl.Series:
    """Give what each of these numbers was computed from, as objects."""
    inputs = {slug: BY_SLUG[slug].inputs for slug in shown["kpi"].unique() if slug in BY_SLUG}
    columns = sorted({name for names in inputs.values() for name in names})
    first, last = shown["start"].min(), shown["start"].max()
    if not columns or not isinstance(first, datetime) or not isinstance(last, datetime):
        return pl.Series("inputs", [{}] * len(shown), dtype=pl.Object)
    found = await _known(
        store,
        parts,
        known_at,
        start=first,
        end=last + _MICROSECOND,
        paths=shown["path"].unique().to_list(),
        periods=shown["period"].unique().to_list(),
        kpis=columns,
    )
    accounts = _accounts(found)
    values = [
        {name: accounts.get(tuple(window), {}).get(name) for name in inputs.get(kpi, ())}
        for *window, kpi in shown.select(*_WINDOW, "kpi").iter_rows()
    ]
    return pl.Series("inputs", values, dtype=pl.Object)


def _accounts(results: pl.DataFrame) -> dict[tuple[Any, ...], dict[str, float | None]]:
    """Give columns of accounts by window."""
    found: dict[tuple[Any, ...], dict[str, float | None]] = {}
    for *window, kpi, value in results.select(*_WINDOW, "kpi", "value").iter_rows():
        found.setdefault(tuple(window), {})[kpi] = value
    return found


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
