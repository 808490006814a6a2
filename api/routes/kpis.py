"""Utilisation and the other numbers about windows of time, and the catalogue of them."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeAlias

import polars as pl
from fastapi import APIRouter, Depends, Query, Response

from analytics.kpis.catalogue import BY_SLUG, KPIS
from analytics.restatement import LOSS, STOPS, WINDOW
from analytics.wording import Language, translated
from api.answers import GivenShape
from api.errors import wrong
from api.lookup import known_numbers, paths_asked
from api.numbers import ORDER, Asked, Numbers, Page
from api.paging import Paging, no_token, paging
from api.parts import GivenParts
from api.remembered import Basis, remembered
from api.views.kpis import KpiView, Period, ResultView
from api.views.shape import TOKEN, Instant, Paged, TitleView, listed
from api.window import NewestEnd, NewestStart, check_window

router = APIRouter(tags=["kpis"])

HOURS_AT_MOST: Final = timedelta(days=93)
"""The longest window of hourly results in one request."""

DAYS_AT_MOST: Final = timedelta(days=3700)
"""The longest window of other results in one request."""

OfPaths: TypeAlias = Annotated[
    list[str] | None,
    Query(max_length=100, description="Park, factory, line or equipment; may be repeated. Left out: all of them."),
]
"""The parameter `path`."""

KnownAt: TypeAlias = Annotated[
    Instant | None,
    Query(alias="as_of", description="Give the numbers as they were known at this instant; needs a window."),
]
"""The parameter `as_of`."""

_STORED: Final = ("hour", "shift", "day")
_ORDER: Final = (*ORDER, pl.col("kpi"))
_TOLD: Final = ("computed", "version", "reason", "note")
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
    "next_page_token": TOKEN,
}

_KPI: Final = {
    "items": [
        {
            "slug": "utilisation",
            "title": {"zh": "设备利用率", "en": "Utilisation"},
            "unit": "1",
            "kind": "ratio",
            "source": "ISO 22400-2 utilization efficiency, over planned time in place of actual unit busy time",
            "formula": "APT / POT",
            "inputs": ["producing_time", "planned_time"],
            "needs": [],
            "level": "any",
        }
    ],
    "next_page_token": TOKEN,
}


@router.get(
    "/kpis/catalogue",
    summary="Read what is computed",
    response_model=Paged[KpiView],
    responses=listed(_KPI),
    dependencies=[remembered(Basis.CONFIGURATION)],
)
async def list_kpi_catalogue(
    shape: GivenShape, page: Annotated[Paging, Depends(paging(default=1000, most=1000))]
) -> Response:
    """Give every KPI with its unit, its definition, what it is computed from and what it needs, and its titles.

    They come in the order in which people read them.
    """
    position = page.after(str)
    if position is not None and position[0] not in BY_SLUG:
        raise no_token()
    first = 0 if position is None else KPIS.index(BY_SLUG[position[0]]) + 1
    shown = KPIS[first : first + page.limit]
    views = [
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
        for kpi in shown
    ]
    token = page.token([shown[-1].slug]) if first + len(shown) < len(KPIS) else None
    return shape.page(KpiView, views, token)


@router.get(
    "/kpis",
    summary="Read utilisation and other KPIs",
    response_model=Paged[ResultView],
    responses=listed(_EXAMPLE),
    dependencies=[remembered(Basis.RESULTS)],
)
async def list_kpis(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: OfPaths = None,
    period: Annotated[
        Period | None, Query(description="Kind of window. Left out: hours, shifts and days, which are stored.")
    ] = None,
    kpi: Annotated[
        list[str] | None,
        Query(
            max_length=100,
            description="Slug of the catalogue, `loss:<loss>/<reason>` or `stops:<loss>/<reason>`; may be repeated. "
            "Left out: all of them.",
        ),
    ] = None,
    start: NewestStart = None,
    end: NewestEnd = None,
    known_at: KnownAt = None,
    include: Annotated[
        Literal["inputs"] | None,
        Query(description="`inputs`: what each number was computed from stands beside it."),
    ] = None,
    lang: Annotated[Language, Query(description="Language of `note` and `reason`.")] = "en",
) -> Response:
    """Give the results whose windows begin in [start, end), by path, period, start and KPI.

    Without `start` and `end`: of each path and period, the newest window in which anything is known, around the newest
    day with data. Times are in seconds, ratios from 0 to 1; `coverage` beside each number says how much of the planned
    time is known. Hourly results: 93 days at most in one request, others 3,700. Weeks and months are the sums of their
    days, with every ratio computed again.

    A number that changed after its window was over has a `version` above 1 and a `reason`; what it was before is under
    `/kpis/restatements`, and here with `as_of`. Then windows that were told later, or still ran, are left out.
    """
    check_asked(start, end, known_at, hours=period in {None, "hour"})
    asked = Asked(
        paths_asked(parts, path),
        [period] if period else _STORED,
        start,
        end,
        kpis=known_numbers(dict.fromkeys(kpi)) if kpi else None,
        known_at=known_at,
    )
    async with parts.reading() as store:
        numbers = Numbers(store, parts)
        shown, token = await numbers.page(asked, Page(page, _ORDER, lambda rows: rows, 1))
        beside = [] if include is None else [await _inputs(numbers, known_at, shown)]
    unit = unit_of(pl.col("kpi")).alias("unit")
    columns = ("path", "period", "name", "start", "end", "kpi", "value", unit, "coverage", *_TOLD)
    return shape.page(ResultView, translated(shown, lang).select(*columns, *beside), token)


def check_asked(start: datetime | None, end: datetime | None, known_at: datetime | None, *, hours: bool) -> None:
    """Answer 422 unless windows can be asked for by these: both edges or none, not too far apart."""
    if (start is None) != (end is None):
        raise wrong(
            parameter="end" if end is None else "start", detail="give both `start` and `end`, or none for the newest"
        )
    if known_at is not None and start is None:
        raise wrong(parameter="as_of", detail="give `start` and `end` with it: what was newest then is not known")
    check_window(start, end, most=HOURS_AT_MOST if hours else DAYS_AT_MOST)


def unit_of(kpi: pl.Expr) -> pl.Expr:
    """Give the unit of each number by its name; null where nobody knows it."""
    units = {kpi.slug: kpi.unit for kpi in KPIS}
    known = kpi.replace_strict(units, default=None, return_dtype=pl.String)
    by_reason = pl.when(kpi.str.starts_with(LOSS)).then(pl.lit("s")).when(kpi.str.starts_with(STOPS)).then(pl.lit("1"))
    return by_reason.otherwise(known)


async def _inputs(numbers: Numbers, known_at: datetime | None, shown: pl.DataFrame) -> pl.Series:
    """Give what each of these numbers was computed from, as objects."""
    inputs = {slug: BY_SLUG[slug].inputs for slug in shown["kpi"].unique() if slug in BY_SLUG}
    columns = sorted({name for names in inputs.values() for name in names})
    accounts: dict[tuple[Any, ...], dict[str, float | None]] = {}
    edges = shown.group_by("path", "period").agg(first=pl.col("start").min(), last=pl.col("start").max())
    alike = edges.group_by("period", "first", "last", maintain_order=True).agg("path")
    for period, first, last, paths in alike.iter_rows() if columns else ():
        asked = Asked(sorted(paths), [period], first, last + _MICROSECOND, columns, known_at)
        for *window, kpi, value in (await numbers.of(asked)).select(*WINDOW, "kpi", "value").iter_rows():
            accounts.setdefault(tuple(window), {})[kpi] = value
    values = [
        {name: accounts.get(tuple(window), {}).get(name) for name in inputs.get(kpi, ())}
        for *window, kpi in shown.select(*WINDOW, "kpi").iter_rows()
    ]
    return pl.Series("inputs", values, dtype=pl.Object)
