"""What lies behind one number."""

from typing import Annotated, Final

import orjson
from fastapi import APIRouter, Path, Query, Response

from analytics.explaining import Window, WindowError, explain
from analytics.timeline import Reader
from api.errors import wrong
from api.lookup import equipment_at
from api.parts import GivenParts
from api.views.explain import ExplanationView

router = APIRouter(tags=["kpis"])

_LONGEST: Final = 64


@router.get(
    "/equipment/{path:path}/explanation",
    summary="Explain the numbers of a window",
    response_model=ExplanationView,
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
) -> Response:
    """Give the losses, stops, intervals, counter steps, gaps and restatements behind the numbers of one window.

    It is made from the samples as they are now; `version`, `kpis` and `restatements` are as they are stored.
    """
    machine = equipment_at(parts.park, path)
    try:
        asked = Window.of(parts.park, machine.path, window)
    except WindowError as error:
        raise wrong(parameter="window", detail=str(error)) from error
    async with parts.reading() as store:
        told = await explain(Reader(parts.park, store, parts.records()), asked, now=parts.now())
    return Response(orjson.dumps(told.as_json(), option=orjson.OPT_UTC_Z), media_type="application/json")
