"""The gap ledger."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query

from api.lookup import known_sources
from api.paging import Paging, paging
from api.parts import GivenParts
from api.views.gaps import GapView
from api.views.shape import LAST_YEAR, Paged, documented
from api.window import MaybeEnd, MaybeStart, check_window
from collector.gaps import Gap, read_gaps

router = APIRouter(tags=["sources"])

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)

_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "id": 17,
            "source": "hobbing-opcua",
            "signals": [],
            "start": "2026-11-24T08:12:05.051Z",
            "end": "2026-11-24T08:15:11.430Z",
            "cause": "no answer to the keep-alive",
            "state": "open",
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}


@router.get("/gaps", summary="Read where samples may be missing", responses=documented(_EXAMPLE))
async def list_gaps(
    parts: GivenParts,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    source: Annotated[
        list[str] | None, Query(max_length=100, description="Names of sources; may be repeated. Left out: all of them.")
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> Paged[GapView]:
    """Give the gaps that touch [start, end), by start."""
    check_window(start, end)
    sources = known_sources(parts.park, source) if source else None
    gaps = await parts.records().run(
        lambda connection: read_gaps(connection, start=start or _FIRST, end=end or _LAST, sources=sources)
    )
    if (after := page.after(str, int)) is not None:
        gaps = [gap for gap in gaps if _position(gap) > after]
    shown = gaps[: page.limit]
    token = page.token(_position(shown[-1])) if len(gaps) > len(shown) else None
    return Paged[GapView](items=[_gap(gap) for gap in shown], next_page_token=token)


def _position(gap: Gap) -> tuple[str, int]:
    return gap.start.isoformat(timespec="microseconds"), gap.id


def _gap(gap: Gap) -> GapView:
    return GapView.model_validate(
        {
            "id": gap.id,
            "source": gap.source,
            "signals": list(gap.signals),
            "start": gap.start,
            "end": gap.end,
            "cause": gap.cause,
            "state": gap.state,
        }
    )
