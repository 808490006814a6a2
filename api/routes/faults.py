"""Faults: how well machines are and were, the numbers that say so, and what looks for them."""

from datetime import timedelta
from functools import cache, partial
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Query, Response

from analytics import health
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import moment
from analytics.health import Heard, Score
from analytics.healthlog import Hour, read_health, read_hours, read_indicators, read_watched
from api.answers import GivenShape
from api.lookup import detector_title, equipment_at, title_at, trees_asked
from api.paging import Paging, instant, microseconds, paging
from api.parts import GivenParts
from api.routes.health_scores import EXAMPLE, part_view, scores_page
from api.views.faults import DetectorView, HealthHourView, IndicatorView, MachineFaultsView
from api.views.health_scores import HealthScoreView
from api.views.shape import TOKEN, Paged, documented, listed
from api.window import MaybeEnd, MaybeStart, check_window
from collector.faultrules.machine import Health
from collector.park import Park

router = APIRouter(tags=["faults"])

LONGEST: Final = timedelta(days=92)
"""The longest window of hours."""

_USUAL: Final = timedelta(days=7)
"""The window of hours unless another is asked for."""

_AT_ONCE: Final = 50
"""Machines whose numbers are read together."""

_INDICATOR: Final[dict[str, Any]] = {
    "equipment": "gears/hobbing/hob-01",
    "detector": "ewma",
    "subject": "gears/hobbing/hob-01/spindle_load",
    "subject_title": {"zh": "主轴负载", "en": "Spindle load"},
    "name": "high",
    "value": 2.96,
    "limit": 4.2,
    "ratio": 0.705,
    "at": "2026-11-24T08:12:04.9Z",
    "heard": "2026-11-24T08:12:05.2Z",
}
_SCORE: Final[dict[str, Any]] = EXAMPLE["items"][0]
_HOUR: Final[dict[str, Any]] = {
    "equipment": "gears/hobbing/hob-01",
    "hour": "2026-11-24T08:00:00Z",
    "lowest": 35.9,
    "newest": 40.0,
    "parts": _SCORE["parts"],
}
_DETECTOR: Final[dict[str, Any]] = {
    "detector": "ewma",
    "title": {"zh": "均值偏移", "en": "Average shifted"},
    "learns": True,
    "source": "Roberts 1959; Lucas, Saccucci 1990; limits of dependent values: Schmid 1997",
    "settings": {"type": "object", "properties": {}},
}

Paths = Annotated[
    list[str] | None,
    Query(max_length=100, description="Park, factory, line or equipment, each with all below it; may be repeated."),
]


@router.get(
    "/faults", summary="Read how well machines are", response_model=Paged[HealthScoreView], responses=listed(EXAMPLE)
)
async def list_faults(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    path: Paths = None,
) -> Response:
    """Give the newest health score of each machine of which anything is known, and what costs it points, by path.

    A machine that no detector looks at has none: nobody looks is not 100.
    """
    return await scores_page(parts, shape, page, path)


@router.get(
    "/faults/history",
    summary="Read how well machines were",
    response_model=Paged[HealthHourView],
    responses=listed({"items": [_HOUR], "next_page_token": TOKEN}),
)
async def list_fault_history(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: Paths = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> Response:
    """Give the health scores of the hours that begin in [start, end), by machine and hour.

    Without `end` up to now; without `start` the seven days before. Hours in which nobody looked have no row.
    """
    until = end or parts.now()
    since = start or until - _USUAL
    check_window(since, until, most=LONGEST)
    position = page.after(str, int)
    after = None if position is None else (position[0], instant(position[1]))
    asked = partial(
        read_hours, start=since, end=until, under=trees_asked(parts, path), after=after, limit=page.limit + 1
    )
    hours = await parts.records().run(asked)
    shown = hours[: page.limit]
    token = page.token((shown[-1].equipment, microseconds(shown[-1].hour))) if len(hours) > len(shown) else None
    return shape.page(HealthHourView, [_hour(parts.park, one) for one in shown], token)


@router.get(
    "/faults/detectors",
    summary="Read which fault detectors there are",
    response_model=Paged[DetectorView],
    responses=listed({"items": [_DETECTOR], "next_page_token": TOKEN}),
)
async def list_detectors(
    shape: GivenShape, page: Annotated[Paging, Depends(paging(default=100, most=1000))]
) -> Response:
    """Give the catalogue of fault detectors: what they see, what they are made after, and their settings."""
    position = page.after(int)
    first = 0 if position is None else max(0, position[0])
    every = _catalogue()
    shown = every[first : first + page.limit]
    token = page.token((first + len(shown),)) if shown and first + len(shown) < len(every) else None
    return shape.page(DetectorView, shown, token)


@router.get(
    "/faults/{path:path}",
    summary="Read how well one machine is",
    responses=documented(_SCORE | {"indicators": [_INDICATOR]}),
)
async def read_faults(
    parts: GivenParts, path: Annotated[str, Path(description="Path of the machine, `factory/line/equipment`.")]
) -> MachineFaultsView:
    """Give the newest health score of a machine, what costs it points, and every number that says so."""
    machine = equipment_at(parts.park, path).path

    def read(connection: sa.Connection) -> tuple[list[Score], dict[str, list[Heard]]]:
        return read_health(connection, [machine]), read_indicators(connection, [machine], now=parts.now())

    scores, indicators = await parts.records().run(read)
    found = scores[0] if scores else None
    return MachineFaultsView(
        equipment=machine,
        title=title_at(parts.park, machine),
        score=None if found is None else found.score,
        at=None if found is None else moment(found.at),
        parts=[] if found is None else [part_view(parts.park, part) for part in found.parts],
        indicators=[_indicator(parts.park, one) for one in indicators.get(machine, ())],
    )


@router.get(
    "/indicators",
    summary="Read the numbers that say how well machines are",
    response_model=Paged[IndicatorView],
    responses=listed({"items": [_INDICATOR], "next_page_token": TOKEN}),
)
async def list_indicators(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: Paths = None,
) -> Response:
    """Give the newest of every number that detectors tell of machines, by machine, detector, subject and name.

    Numbers are kept as they stand; what they were like by hour, as far as they cost points, is in `/faults/history`.
    """
    now, under, position = parts.now(), trees_asked(parts, path), page.after(str, str)

    def read(connection: sa.Connection) -> list[Heard]:
        machines = [one for one in read_watched(connection, under) if one in parts.park.equipment]
        left = machines if position is None else [one for one in machines if one >= position[0]]
        found: list[Heard] = []
        for first in range(0, len(left), _AT_ONCE):
            some = left[first : first + _AT_ONCE]
            numbers = read_indicators(connection, some, now=now)
            found += [one for machine in some for one in numbers.get(machine, ()) if _is_behind(one, position)]
            if len(found) > page.limit:
                break
        return found

    found = await parts.records().run(read)
    shown = found[: page.limit]
    token = page.token((shown[-1].indicator.equipment, shown[-1].key)) if len(found) > len(shown) else None
    return shape.page(IndicatorView, [_indicator(parts.park, one) for one in shown], token)


def _is_behind(one: Heard, position: tuple[Any, ...] | None) -> bool:
    return position is None or (one.indicator.equipment, one.key) > position


@cache
def _catalogue() -> tuple[DetectorView, ...]:
    kinds = [(one.slug, one.learns, one.source, one.parameters) for one in DETECTORS]
    kinds.append((health.SLUG, False, health.SOURCE, Health))
    return tuple(
        DetectorView(
            detector=slug,
            title=detector_title(slug),
            learns=learns,
            source=source,
            settings=None if settings is None else settings.model_json_schema(),
        )
        for slug, learns, source, settings in kinds
    )


def _hour(park: Park, hour: Hour) -> HealthHourView:
    return HealthHourView(
        equipment=hour.equipment,
        hour=hour.hour,
        lowest=hour.lowest,
        newest=hour.newest,
        parts=[part_view(park, part) for part in hour.parts],
    )


def _indicator(park: Park, one: Heard) -> IndicatorView:
    number = one.indicator
    return IndicatorView(
        equipment=number.equipment,
        detector=one.detector,
        subject=number.subject,
        subject_title=title_at(park, number.subject),
        name=number.name,
        value=number.value,
        limit=number.limit,
        ratio=one.ratio,
        at=moment(number.at),
        heard=moment(one.heard),
    )
