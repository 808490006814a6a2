"""What lies behind one number."""

from typing import Annotated, Final, TypeAlias

import orjson
from fastapi import APIRouter, Path, Query, Response

from analytics.explaining import Window, WindowError, explain
from analytics.timeline import Reader
from analytics.wording import Language
from api.deprecation import replaced_by
from api.errors import wrong
from api.lookup import equipment_at
from api.parts import GivenParts, Parts
from api.views.explain import ExplanationView
from api.views.kpis import StoredPeriod
from api.views.shape import Instant, documented

router = APIRouter(tags=["kpis"])

Lang: TypeAlias = Annotated[Language, Query(description="Language of notes, reasons of restatements and days.")]
"""The parameter `lang`."""

_LONGEST: Final = 64

_EXAMPLE: Final = {
    "path": "gears/hobbing/hob-01",
    "period": "hour",
    "name": "",
    "start": "2026-11-23T16:00:00Z",
    "end": "2026-11-23T17:00:00Z",
    "time_zone": "Asia/Shanghai",
    "version": 2,
    "computed": "2026-11-24T08:00:07.201Z",
    "reason": "late samples",
    "coverage": 1.0,
    "kpis": [
        {
            "slug": "availability",
            "value": 0.75,
            "unit": "1",
            "formula": "APT / PBT",
            "inputs": {"producing_time": 2700.0, "planned_time": 3600.0, "planned_stop_time": 0.0},
            "note": "",
        }
    ],
    "losses": [{"loss": "calendar_time", "depth": 0, "seconds": 3600.0, "share": 1.0}],
    "account": {"calendar_time": 3600.0, "producing_time": 2700.0},
    "stops": [{"loss": "unplanned_stop", "reason": "jam", "seconds": 900.0, "times": 1}],
    "intervals": [
        {
            "start": "2026-11-23T16:00:00Z",
            "end": "2026-11-23T16:15:00Z",
            "loss": "unplanned_stop",
            "reason": "jam",
            "state": "unplanned_stop",
            "raw": "INTERRUPTED",
        }
    ],
    "steps": [
        {
            "signal": "gears/hobbing/hob-01/parts",
            "role": "total_count",
            "time": "2026-11-23T16:16:00Z",
            "before": 1200.0,
            "value": 1201.0,
            "delta": 1.0,
            "kind": "count",
        }
    ],
    "products": [{"since": "2026-11-20T08:00:00Z", "product": "GEAR-20", "ideal": 60.0}],
    "signals": ["gears/hobbing/hob-01/execution", "gears/hobbing/hob-01/parts"],
    "gaps": [
        {
            "start": "2026-11-23T16:20:00Z",
            "end": "2026-11-23T16:21:00Z",
            "cause": "link lost",
            "kind": "outage",
            "state": "filled",
        }
    ],
    "days": {"2026-11-24": "stocktaking"},
    "lacks": "",
    "restatements": [
        {
            "version": 1,
            "computed": "2026-11-23T17:00:04Z",
            "replaced": "2026-11-24T08:00:07.201Z",
            "reason": "late samples",
            "changes": {"availability": [0.5, 0.75]},
        }
    ],
}


@router.get(
    "/explanations",
    summary="Explain the numbers of a window",
    response_model=ExplanationView,
    responses=documented(_EXAMPLE),
)
async def read_explanation(
    parts: GivenParts,
    path: Annotated[str, Query(max_length=300, description="Path of the machine, `factory/line/equipment`.")],
    start: Annotated[
        Instant,
        Query(description="`start` of the window, as its KPIs have it, or any instant in it; RFC 3339 with a zone."),
    ],
    period: Annotated[StoredPeriod, Query(description="Kind of the window.")] = "day",
    lang: Lang = "en",
) -> Response:
    """Give the losses, stops, intervals, counter steps, gaps and restatements behind the numbers of one window.

    It is made from the samples as they are now; `version`, `kpis` and `restatements` are as they are stored.
    """
    machine = equipment_at(parts.park, path)
    try:
        asked = Window.at(parts.park, machine.path, period, start)
    except WindowError as error:
        raise wrong(parameter="start", detail=str(error)) from error
    return await _explained(parts, asked, lang)


@router.get(
    "/equipment/{path:path}/explanation",
    summary="Explain the numbers of a window",
    response_model=ExplanationView,
    responses=documented(_EXAMPLE),
    deprecated=True,
    dependencies=[replaced_by("/api/v1/explanations?path={path}")],
)
async def explain_equipment_window(
    parts: GivenParts,
    path: Annotated[str, Path(description="Path of the machine, `factory/line/equipment`.")],
    window: Annotated[
        str,
        Query(
            max_length=_LONGEST,
            description="A local day (`2026-03-02`), the hour that holds a local time (`2026-03-02T06:00`), or a shift "
            "that begins on a day (`2026-03-02/night`).",
        ),
    ],
    lang: Lang = "en",
) -> Response:
    """Give what `/explanations` gives, of a window as people write it, local to the machine's factory."""
    machine = equipment_at(parts.park, path)
    try:
        asked = Window.of(parts.park, machine.path, window)
    except WindowError as error:
        raise wrong(parameter="window", detail=str(error)) from error
    return await _explained(parts, asked, lang)


async def _explained(parts: Parts, window: Window, language: Language) -> Response:
    async with parts.reading() as store:
        told = await explain(Reader(parts.park, store, parts.records()), window, now=parts.now(), language=language)
    return Response(orjson.dumps(told.as_json(language), option=orjson.OPT_UTC_Z), media_type="application/json")
