"""How well alerts serve people: few enough, and of the right priorities?"""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Query

from analytics.alertlog import each_event, read_standings
from analytics.lifecycle import AlertEvent
from analytics.performance import BASIS, Frequent, Measure, Performance, performance
from api.errors import wrong
from api.lookup import detector_title, trees_asked
from api.parts import GivenParts
from api.views.alert_performance import AlertMeasureView, AlertPerformanceView, FrequentAlertView
from api.views.shape import TitleView, documented
from api.window import MaybeEnd, MaybeStart, check_window

router = APIRouter(tags=["alerts"])

LONGEST: Final = timedelta(days=366)
"""The longest period that is measured."""

MOST: Final = 100_000
"""Events that are measured at once."""

_PERCENT: Final = "%"
_UNITS: Final = {_PERCENT: "1", "": "1", "1/h": "/h", "1/10min": "/(10.min)", "1/d": "/d"}
"""The units of `analytics.performance` as UCUM has them."""

_EXAMPLE: Final[dict[str, Any]] = {
    "start": "2026-10-25T08:15:00Z",
    "end": "2026-11-24T08:15:00Z",
    "paths": ["gears"],
    "operators": 2,
    "annunciations": 2314,
    "occurrences": 2990,
    "short": False,
    "measures": [
        {
            "metric": "average_per_hour",
            "title": {"zh": "每小时告警数（平均）", "en": "Alerts per hour, average"},  # noqa: RUF001 - Chinese punctuation
            "unit": "/h",
            "value": 1.6,
            "target": 6.0,
            "limit": 12.0,
            "at_least": False,
            "verdict": "acceptable",
            "source": "ISA-18.2-2016, table 7, as quoted in public repositories",
        }
    ],
    "top": [
        {
            "equipment": "gears/hobbing/hob-01",
            "signal": "gears/hobbing/hob-01/spindle_temperature",
            "detector": "limit",
            "detector_title": {"zh": "超限", "en": "Limit exceeded"},
            "key": "high:80",
            "annunciations": 41,
            "occurrences": 57,
            "share": 0.018,
        }
    ],
}


@router.get("/alerts/performance", summary="Measure how well alerts serve people", responses=documented(_EXAMPLE))
async def read_alert_performance(
    parts: GivenParts,
    path: Annotated[
        list[str] | None,
        Query(max_length=100, description="Park, factory, line or equipment, each with all below it; may be repeated."),
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    operators: Annotated[int, Query(ge=1, le=1000, description="How many people take alerts at a time.")] = 1,
) -> AlertPerformanceView:
    """Give the numbers of ISA-18.2 and EEMUA 191 for [start, end), beside their targets.

    Without `end` the period ends now; without `start` it has 30 days.
    """
    until = end or parts.now()
    since = start or until - BASIS
    check_window(since, until, most=LONGEST)
    under = trees_asked(parts, path)

    def read(connection: sa.Connection) -> Performance:
        lived = read_standings(connection, start=since, end=until, under=under)
        events = _bounded(each_event(connection, start=since, end=until, under=under))
        return performance(events, lived, since, until, operators=operators)

    told = await parts.records().run(read)
    return AlertPerformanceView(
        start=told.start,
        end=told.end,
        paths=[parts.park.id] if under is None else under,
        operators=told.operators,
        annunciations=told.annunciations,
        occurrences=told.occurrences,
        short=told.short,
        measures=[_measure(one) for one in told.measures],
        top=[_frequent(one) for one in told.top],
    )


def _bounded(events: Iterable[AlertEvent]) -> Iterator[AlertEvent]:
    """Give events; answers 422 where there are more than `MOST`."""
    for number, event in enumerate(events):
        if number == MOST:
            detail = f"more than {MOST} events of alerts lie in this window; ask for a shorter one, or for one `path`"
            raise wrong(parameter="start", detail=detail)
        yield event


def _measure(measure: Measure) -> AlertMeasureView:
    target = measure.target

    def ratio(value: float | None) -> float | None:
        return value / 100 if value is not None and target.unit == _PERCENT else value

    return AlertMeasureView(
        metric=target.metric,
        title=TitleView(zh=target.title.zh or target.metric, en=target.title.en or target.metric),
        unit=_UNITS[target.unit],
        value=ratio(measure.value),
        target=ratio(target.target),
        limit=ratio(target.limit),
        at_least=target.at_least,
        verdict=measure.verdict,
        source=target.source,
    )


def _frequent(one: Frequent) -> FrequentAlertView:
    return FrequentAlertView(
        equipment=one.equipment,
        signal=one.signal,
        detector=one.detector,
        detector_title=detector_title(one.detector),
        key=one.key,
        annunciations=one.annunciations,
        occurrences=one.occurrences,
        share=one.share / 100,
    )
