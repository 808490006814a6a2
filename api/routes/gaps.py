"""The gap ledger."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Path, Query, Response

from adapters.sources.contract import GapKind
from api.answers import GivenShape
from api.errors import UNKNOWN_GAP, ProblemError
from api.lookup import sources_asked
from api.paging import Paging, instant, microseconds, paging
from api.parts import GivenParts
from api.seals import Seal
from api.views.gaps import GapView
from api.views.shape import LAST_YEAR, TOKEN, Paged, documented, listed
from api.window import MaybeEnd, MaybeStart, check_window
from collector.gaps import Gap, read_gap, read_gaps
from collector.sight import Sight

router = APIRouter(tags=["sources"])

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)

_GAP: Final[dict[str, Any]] = {
    "id": 17,
    "source": "hobbing-opcua",
    "signals": [],
    "start": "2026-11-24T08:12:05.051Z",
    "end": "2026-11-24T08:15:11.430Z",
    "cause": "no answer to the keep-alive",
    "kind": "outage",
    "state": "filled",
    "filled_by": "history",
    "samples": 1861,
    "resolved": "2026-11-24T08:15:24.019Z",
    "reason": "",
    "part_of": 12,
}

_EXAMPLE: Final = {"items": [_GAP], "next_page_token": TOKEN}


@router.get(
    "/gaps", summary="Read where samples may be missing", response_model=Paged[GapView], responses=listed(_EXAMPLE)
)
async def list_gaps(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    source: Annotated[
        list[str] | None, Query(max_length=100, description="Names of sources; may be repeated. Left out: all of them.")
    ] = None,
    state: Annotated[
        list[Literal["open", "filled", "unfillable"]] | None,
        Query(max_length=3, description="What became of them; may be repeated. Left out: whatever became of them."),
    ] = None,
    kind: Annotated[
        list[GapKind] | None, Query(max_length=10, description="What happened; may be repeated. Left out: whatever.")
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> Response:
    """Give the gaps that touch [start, end), by start.

    A gap is filled when the store has what was missed; filling it has its results computed again.
    """
    check_window(start, end)
    sources = sources_asked(parts, source)
    after = page.after(int, int)
    seal = await parts.sealed()
    asked = partial(
        read_gaps,
        start=start or _FIRST,
        end=end or _LAST,
        sources=sources,
        states=state,
        kinds=kind,
        sight=parts.sight,
        after=None if after is None else (instant(after[0]), seal.meant("gap", after[1])),
        limit=page.limit + 1,
    )
    gaps = await parts.records().run(asked)
    shown = gaps[: page.limit]
    token = page.token(_position(shown[-1], seal)) if len(gaps) > len(shown) else None
    return shape.page(GapView, [_gap(gap, parts.sight, seal) for gap in shown], token)


@router.get("/gaps/{id}", summary="Read one gap", operation_id="readGap", responses=documented(_GAP))
async def read_one_gap(
    parts: GivenParts, number: Annotated[int, Path(alias="id", ge=1, lt=2**63, description="Its number.")]
) -> GapView:
    """Give one gap, whatever became of it."""
    seal = await parts.sealed()
    gap = await parts.records().run(partial(read_gap, number=seal.meant("gap", number), sight=parts.sight))
    if gap is None:
        raise ProblemError(UNKNOWN_GAP, f"there is no gap {number}")
    return _gap(gap, parts.sight, seal)


def _position(gap: Gap, seal: Seal) -> tuple[int, int]:
    return microseconds(gap.start), seal.number("gap", gap.id)


def _gap(gap: Gap, sight: Sight | None, seal: Seal) -> GapView:
    seen = [path for path in gap.signals if sight is None or sight.sees(path)]
    whole = len(seen) == len(gap.signals) and (bool(seen) or sight is None or gap.source not in sight.shared)
    return GapView.model_validate(
        {
            "id": seal.number("gap", gap.id),
            "source": gap.source,
            "signals": seen,
            "start": gap.start,
            "end": gap.end,
            "cause": gap.cause,
            "kind": gap.kind,
            "state": gap.state,
            "filled_by": gap.filled_by,
            "samples": gap.samples if whole else None,
            "resolved": gap.resolved,
            "reason": gap.reason,
            "part_of": None if gap.part_of is None else seal.number("gap", gap.part_of),
        }
    )
