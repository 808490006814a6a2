"""What a machine did, and when."""

from datetime import datetime, timedelta
from typing import Annotated, Final

import polars as pl
from fastapi import APIRouter, Depends, Path, Response

from analytics.frontier import frontier, frontiers
from analytics.recording import source_of
from analytics.timeline import Reader
from api.answers import GivenShape
from api.lookup import equipment_at, line_of
from api.paging import Paging, instant, paging
from api.parts import GivenParts, Parts
from api.views.shape import listed
from api.views.states import SpanView, TimelineView
from api.window import End, Start, check_window
from collector.links import read_links
from collector.park import Equipment

router = APIRouter(tags=["states"])

WINDOW_AT_MOST: Final = timedelta(days=31)
"""The longest window of one request."""

_MICROSECOND: Final = timedelta(microseconds=1)

_EXAMPLE: Final = {
    "items": [
        {
            "start": "2026-11-24T00:00:00Z",
            "end": "2026-11-24T08:12:04.9Z",
            "state": "producing",
            "raw": "ACTIVE",
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
    "path": "gears/hobbing/hob-01",
    "start": "2026-11-24T00:00:00Z",
    "end": "2026-11-25T00:00:00Z",
    "known_until": "2026-11-24T08:12:04.9Z",
}


@router.get(
    "/equipment/{path:path}/states",
    summary="Read the states of a machine",
    response_model=TimelineView,
    responses=listed(_EXAMPLE),
)
async def list_equipment_states(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=1000, most=10_000))],
    path: Annotated[str, Path(description="Path of the machine, `factory/line/equipment`.")],
    start: Start,
    end: End,
) -> Response:
    """Give what a machine did within [start, end) as spans, in order and without a hole; 31 days at most.

    A state holds until the next report. Where reports are missing for longer than the machine's `hold_for_s` it is
    `unknown`, never idle. What lies beyond `known_until` is not known yet and has no span.
    """
    check_window(start, end, most=WINDOW_AT_MOST)
    equipment = equipment_at(parts.park, path)
    after = page.after(int)
    begin = start if after is None else max(start, instant(after[0]))
    until = await _known_until(parts, equipment)
    async with parts.reading() as store:
        reader = Reader(parts.park, store, parts.records())
        frontiers = {} if until is None else {equipment.path: until}
        spans = await reader.timeline([equipment.path], begin, end, now=parts.now(), frontiers=frontiers)
    shown = spans.head(page.limit)
    token = None
    if spans.height > shown.height:
        token = page.token(shown.tail(1).select(pl.col("end").dt.timestamp("us")).row(0))
    items = shown.select("start", "end", "state", "raw")
    return shape.page(SpanView, items, token, path=equipment.path, start=start, end=end, known_until=until)


async def _known_until(parts: Parts, equipment: Equipment) -> datetime | None:
    """Tell up to when it is known what a machine did: by its link, or by what was played as its line."""
    if not equipment.state_inputs:
        return None
    links = await parts.records().run(read_links)
    now = parts.now()
    live = frontiers(parts.park, links, now).get(equipment.path)
    recorded = frontier(links.get(source_of(line_of(parts.park, equipment.path))), now)
    known = [live, None if recorded is None else recorded + _MICROSECOND]
    return max((one for one in known if one is not None), default=None)
