"""Reports by day, week and month, comparison of two periods, and idle capacity of the coming shifts."""

import asyncio
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal

import polars as pl
from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse

from analytics.kpis.contract import ACCOUNT
from analytics.reports.reading import (
    Comparison,
    Report,
    lines_and_machines,
    read_capacity,
    read_comparison,
    read_report,
)
from analytics.reports.scope import Days, Period, Scope, ScopeError
from analytics.reports.sums import COVERAGE, DERIVED
from analytics.wording import Language, translated
from api.answers import GivenShape
from api.errors import wrong
from api.lookup import known_assets
from api.paging import Paging, behind, instant, microseconds, paging
from api.parts import GivenParts, Parts
from api.views.reports import (
    CapacitiesView,
    CapacityView,
    ChangeView,
    ComparisonView,
    LossesView,
    LossView,
    PeriodView,
    SpanOfDaysView,
    StopView,
    SumsView,
)
from api.views.shape import Instant, documented, listed
from api.window import End, MaybeEnd, MaybeStart, Start

router = APIRouter(tags=["reports"])

DAYS_AT_MOST: Final = timedelta(days=1100)
"""The longest report."""

OfPath = Annotated[str, Query(max_length=300, description="Park, factory, line or machine. Left out: the park.")]
ByPeriod = Annotated[Period, Query(description="What the report is divided into: local days, ISO weeks or months.")]
Before = Annotated[
    Instant | None, Query(description="Start of a period to compare with, inclusive; give `before_end` with it.")
]
BeforeEnd = Annotated[Instant | None, Query(description="End of the period to compare with, exclusive.")]

_ONE_PAGE: Final = threading.Lock()
"""Pages are drawn one after the other: matplotlib is not made for several threads."""

_SUMS: Final[dict[str, Any]] = {
    "start": "2026-11-15T16:00:00Z",
    "end": "2026-11-22T16:00:00Z",
    "days": 7,
    "coverage": 0.994,
    "account": {"planned_time": 345600.0, "producing_time": 246300.0, "unplanned_stop_time": 21840.0},
    "kpis": {"utilisation": 0.713, "oee": 0.641},
}

_LOSSES: Final[dict[str, Any]] = {
    "path": "gears/hobbing",
    "period": "week",
    "time_zone": "Asia/Shanghai",
    "first": "2026-11-16",
    "until": "2026-11-23",
    "whole": _SUMS,
    "periods": [{"name": "2026-W47", **_SUMS}],
    "losses": [
        {
            "loss": "unplanned_stop_time",
            "depth": 2,
            "seconds": 21840.0,
            "of_calendar": 0.018,
            "of_planned": 0.063,
            "count": 17.0,
        }
    ],
    "stops": [
        {
            "loss": "unplanned_stop",
            "reason": "hydraulics",
            "times": 8,
            "seconds": 9120.0,
            "share": 0.31,
            "cumulative": 0.31,
            "mean_seconds": 1140.0,
        }
    ],
}

_COMPARISON: Final[dict[str, Any]] = {
    "path": "gears/hobbing",
    "time_zone": "Asia/Shanghai",
    "before": {"first": "2026-10-01", "until": "2026-11-01"},
    "after": {"first": "2026-11-01", "until": "2026-11-24"},
    "items": [
        {
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
}

_CAPACITY: Final[dict[str, Any]] = {
    "items": [
        {
            "path": "gears/hobbing/hob-01",
            "name": "night",
            "start": "2026-11-24T14:00:00Z",
            "end": "2026-11-24T22:00:00Z",
            "planned_s": 27000.0,
            "maintenance_s": 0.0,
            "typical_busy_s": 16740.0,
            "typical_stops_s": 1350.0,
            "idle_s": 8910.0,
            "idle_safe_s": 7020.0,
            "based_on": 8,
            "coverage": 0.992,
            "note": "",
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}

_PAGE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The report as a page.",
        "content": {"text/html": {"schema": {"type": "string"}, "example": "<!DOCTYPE html>…"}},
    }
}


@router.get("/reports/losses", summary="Read a report: KPIs, losses and stops", responses=documented(_LOSSES))
async def read_losses(
    parts: GivenParts,
    path: OfPath = "",
    period: ByPeriod = "day",
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> LossesView:
    """Give what a path came to, by local day, week or month: accounts, KPIs, the loss tree and the stops by reason.

    It holds the local days that begin in [start, end), 1,100 at most; without them the latest 14 days, 8 weeks or 12
    months. Ratios are computed from the sums. A period at an edge counts the days that are in it.
    """
    scope = _scope(parts, path)
    days = _days(parts, scope, period, start, end)
    async with parts.reading() as store:
        return _losses(await read_report(store, scope, period, days, machines=False))


@router.get("/reports/comparison", summary="Compare two periods", responses=documented(_COMPARISON))
async def read_change(
    parts: GivenParts,
    start: Start,
    end: End,
    before_start: Annotated[Instant, Query(description="Start of the period before, inclusive.")],
    before_end: Annotated[Instant, Query(description="End of the period before, exclusive.")],
    path: OfPath = "",
) -> ComparisonView:
    """Give what changed from the local days that begin in [before_start, before_end) to those in [start, end).

    `verdict` says whether the mean of the days after exceeds the normal variation of those before, by the control chart
    of individual values (ISO 7870-2): mean ± 3 s √(1/n + 1/m), s being their mean moving range / 1.128.
    """
    scope = _scope(parts, path)
    after = _between(scope, start, end)
    before = _between(scope, before_start, before_end, names=("before_start", "before_end"))
    async with parts.reading() as store:
        return _comparison(scope, await read_comparison(store, scope, before, after))


@router.get("/reports/page", summary="Read a report as a page", response_class=HTMLResponse, responses=_PAGE)
async def show_report(
    parts: GivenParts,
    path: OfPath = "",
    period: ByPeriod = "day",
    start: MaybeStart = None,
    end: MaybeEnd = None,
    before_start: Before = None,
    before_end: BeforeEnd = None,
    lang: Annotated[Literal["zh", "en"], Query(description="Language of the page.")] = "zh",
) -> HTMLResponse:
    """Give a report as one HTML file with its plots, to be read, printed on A4 or mailed; it loads nothing else.

    As `/reports/losses`, with the machines below the path, and with `before_start` and `before_end` the comparison.
    """
    from analytics.reports.page import page, policy

    scope = _scope(parts, path)
    days = _days(parts, scope, period, start, end)
    names = ("before_start", "before_end")
    before = None
    if before_start is not None and before_end is not None:
        before = _between(scope, before_start, before_end, names=names)
    elif before_start is not None or before_end is not None:
        missing = names[before_start is not None]
        raise wrong(parameter=missing, detail="give both `before_start` and `before_end`, or none")
    async with parts.reading() as store:
        report = await read_report(store, scope, period, days, before)

    def draw() -> str:
        with _ONE_PAGE:
            return page(report, lang, parts.now())

    headers = {"Content-Security-Policy": policy(), "Cache-Control": "no-store"}
    return HTMLResponse(await asyncio.to_thread(draw), headers=headers)


@router.get(
    "/idle-capacity",
    summary="Read what the coming shifts have to spare",
    response_model=CapacitiesView,
    responses=listed(_CAPACITY),
)
async def list_idle_capacity(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: OfPath = "",
    days: Annotated[int, Query(ge=1, le=92, description="Shifts that begin within so many days.")] = 7,
    start: Annotated[Instant | None, Query(description="From when on; left out: now.")] = None,
    lang: Annotated[Language, Query(description="Language of `note`.")] = "en",
) -> Response:
    """Give the idle capacity of coming shifts, for work on contract: lines before their machines, each by start.

    Planned work without planned maintenance, and without what shifts of the same name on the same weekday were busy and
    stopped for in the 8 weeks before (median). `idle_safe_s` is what three of four of them had left.
    """
    scope = _scope(parts, path)
    after = page.after(int, int, int, str)
    begins = instant(after[0]) if after else parts.now() if start is None else start
    async with parts.reading() as store:
        found = await read_capacity(store, scope, begins, days)
    place = pl.col("path").replace_strict(_places(scope), return_dtype=pl.Int64)
    order = (place, pl.col("start").dt.timestamp("us"), pl.col("name"))
    if after is not None:
        found = found.filter(behind(order, after[1:]))
    shown = found.head(page.limit)
    token = None
    if found.height > shown.height:
        token = page.token((microseconds(begins), *shown.tail(1).select(*order).row(0)))
    return shape.page(CapacityView, translated(shown, lang), token)


def _places(scope: Scope) -> dict[str, int]:
    """Give the place of every line and machine in the order of the files."""
    return {path: place for place, path in enumerate(lines_and_machines(scope))}


def _scope(parts: Parts, path: str) -> Scope:
    """Give the scope of a path, or answer 404."""
    return Scope.of(parts.park, known_assets(parts, [path])[0] if path else "")


def _days(parts: Parts, scope: Scope, period: Period, start: datetime | None, end: datetime | None) -> Days:
    """Give the days asked for, or the latest ones; answers 422 where they cannot be."""
    if start is None and end is None:
        return Days.latest(period, parts.now(), scope.zone)
    if start is None or end is None:
        missing = "start" if start is None else "end"
        raise wrong(parameter=missing, detail="give both `start` and `end`, or none for the latest days")
    return _between(scope, start, end)


def _between(scope: Scope, start: datetime, end: datetime, *, names: tuple[str, str] = ("start", "end")) -> Days:
    """Give the local days that begin in [start, end), or answer 422."""
    if start >= end:
        raise wrong(parameter=names[1], detail=f"it must lie after `{names[0]}` ({start:%Y-%m-%dT%H:%M:%SZ})")
    if end - start > DAYS_AT_MOST:
        raise wrong(parameter=names[1], detail=f"the days may be {DAYS_AT_MOST.days} at most; ask for them in parts")
    try:
        return Days.between(start, end, scope.zone)
    except ScopeError as error:
        raise wrong(parameter=names[1], detail=str(error)) from error


def _losses(report: Report) -> LossesView:
    return LossesView(
        path=report.scope.path,
        period=report.period,
        time_zone=report.scope.zone.key,
        first=report.days.first,
        until=report.days.until,
        whole=None if report.whole is None else SumsView(**_sums(report.whole)),
        periods=[PeriodView(name=row["period"], **_sums(row)) for row in report.own.iter_rows(named=True)],
        losses=[LossView(**row) for row in report.losses.iter_rows(named=True)],
        stops=[StopView(**row) for row in report.stops.iter_rows(named=True)],
    )


def _sums(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "start": row["start"],
        "end": row["end"],
        "days": row["days"],
        "coverage": row[COVERAGE],
        "account": {name: row[name] for name in ACCOUNT},
        "kpis": {kpi.slug: row[kpi.slug] for kpi in DERIVED},
    }


def _comparison(scope: Scope, comparison: Comparison) -> ComparisonView:
    before, after = (
        SpanOfDaysView(first=days.first, until=days.until) for days in (comparison.before, comparison.after)
    )
    return ComparisonView(
        path=scope.path,
        time_zone=scope.zone.key,
        before=before,
        after=after,
        items=[ChangeView(**row) for row in comparison.rows.iter_rows(named=True)],
    )
