"""Reports by day, week and month, and the comparison of two periods."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from analytics.kpis.contract import ACCOUNT
from analytics.reports.making import Comparison, Report
from analytics.reports.reading import read_comparisons, read_report
from analytics.reports.scope import Period, Scope
from analytics.reports.sums import COVERAGE, DERIVED
from api.deprecation import replaced_by
from api.errors import wrong
from api.parts import GivenParts
from api.scopes import OfPath, days_between, days_of, scope_of
from api.views.reports import (
    ChangeView,
    ComparisonView,
    LossesView,
    LossView,
    PeriodView,
    SpanOfDaysView,
    StopView,
    SumsView,
)
from api.views.shape import Instant, documented
from api.window import End, NewestEnd, NewestStart, Start

router = APIRouter(tags=["reports"])

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
            "coverage_before": 0.981,
            "coverage_after": 0.994,
            "lower": 0.085,
            "upper": 0.108,
            "outside": 0,
            "verdict": "exceeds",
        }
    ],
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
    start: NewestStart = None,
    end: NewestEnd = None,
) -> LossesView:
    """Give what a path came to, by local day, week or month: accounts, KPIs, the loss tree and the stops by reason.

    It holds the local days that begin in [start, end), 1,100 at most; without them the latest 14 days, 8 weeks or 12
    months. Ratios are computed from the sums. A period at an edge counts the days that are in it.
    """
    scope = scope_of(parts, path)
    days = days_of(scope, period, start, end, parts.now())
    async with parts.reading() as store:
        return _losses(await read_report(store, scope, period, days, machines=False))


@router.get(
    "/reports/comparison",
    summary="Compare two periods",
    responses=documented(_COMPARISON),
    deprecated=True,
    dependencies=[replaced_by("/api/v1/comparisons")],
)
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
    scope = scope_of(parts, path)
    after = days_between(scope, start, end)
    before = days_between(scope, before_start, before_end, names=("before_start", "before_end"))
    async with parts.reading() as store:
        return _comparison(scope, (await read_comparisons(store, [(scope, before, after)]))[0])


@router.get("/reports/page", summary="Read a report as a page", response_class=HTMLResponse, responses=_PAGE)
async def show_report(
    parts: GivenParts,
    path: OfPath = "",
    period: ByPeriod = "day",
    start: NewestStart = None,
    end: NewestEnd = None,
    before_start: Before = None,
    before_end: BeforeEnd = None,
    lang: Annotated[Literal["zh", "en"], Query(description="Language of the page.")] = "zh",
) -> HTMLResponse:
    """Give a report as one HTML file with its plots, to be read, printed on A4 or mailed; it loads nothing else.

    As `/reports/losses`, with the machines below the path, and with `before_start` and `before_end` the comparison.
    """
    scope = scope_of(parts, path)
    days = days_of(scope, period, start, end, parts.now())
    names = ("before_start", "before_end")
    before = None
    if before_start is not None and before_end is not None:
        before = days_between(scope, before_start, before_end, names=names)
    elif before_start is not None or before_end is not None:
        missing = names[before_start is not None]
        raise wrong(parameter=missing, detail="give both `before_start` and `before_end`, or none")
    async with parts.reading() as store:
        report = await read_report(store, scope, period, days, before)

    def draw() -> tuple[str, str]:
        with _ONE_PAGE:
            from analytics.reports.page import page, policy  # matplotlib takes a second to load

            return page(report, lang, parts.now()), policy()

    drawn, policy = await asyncio.to_thread(draw)
    return HTMLResponse(drawn, headers={"Content-Security-Policy": policy, "Cache-Control": "no-store"})


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
