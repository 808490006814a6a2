"""Why machines stood: what people say of it, and which reasons there are."""

from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Response, Security

from analytics.stopreasons import Said, add_reason, list_reasons, revoke_reason
from api.access import allowed
from api.answers import GivenShape
from api.callers import Caller
from api.errors import INVALID_PARAMETER, UNKNOWN_STOP_REASON, Fault, ProblemError
from api.lookup import equipment_at, titled
from api.paging import Paging, paging
from api.parts import GivenParts
from api.roles import Scope
from api.seals import Seal
from api.views.shape import LAST_YEAR, TOKEN, Paged, documented, listed
from api.views.stopreasons import SaidView, SayRequest, StopReasonView
from api.window import MaybeEnd, MaybeStart, check_window
from collector.config.problems import did_you_mean
from collector.park import Park

router = APIRouter(tags=["states"])

LONGEST: Final = timedelta(days=31)
"""The longest interval that one statement is about."""

_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC)

_SAID: Final[dict[str, Any]] = {
    "id": 17,
    "equipment": "gears/hobbing/hob-01",
    "start": "2026-11-24T07:10:00Z",
    "end": "2026-11-24T07:45:00Z",
    "reason": "tool-change",
    "note": "hob worn out before its time",
    "by": "shift lead",
    "at": "2026-11-24T08:02:11Z",
    "revoked": None,
}
_EXAMPLE: Final = {
    "items": [_SAID | {"revoked": "2026-11-24T09:00:00Z"}],
    "next_page_token": TOKEN,
}
_REASONS: Final = {
    "items": [{"code": "tool-change", "title": {"zh": "换刀", "en": "Tool change"}, "loss": "unplanned_stop"}],
    "next_page_token": TOKEN,
}

OfMachine = Annotated[str, Path(description="Path of the machine, `factory/line/equipment`.")]
Operator = Annotated[Caller, Security(allowed(Scope.ALERTS))]


@router.get(
    "/stop-reasons",
    summary="Read which stop reasons there are",
    response_model=Paged[StopReasonView],
    responses=listed(_REASONS),
)
async def list_stop_reasons(
    parts: GivenParts, shape: GivenShape, page: Annotated[Paging, Depends(paging(default=1000, most=1000))]
) -> Response:
    """Give every reason that the park declares, by code."""
    shown, token = page.of(parts.park.stop_reasons.items(), itemgetter(0))
    reasons = [StopReasonView(code=code, title=titled(one.title, code), loss=one.loss) for code, one in shown]
    return shape.page(StopReasonView, reasons, token)


@router.get(
    "/equipment/{path:path}/stop-reasons",
    summary="Read what people said of a machine's stops",
    response_model=Paged[SaidView],
    responses=listed(_EXAMPLE),
)
async def list_equipment_stop_reasons(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    path: OfMachine,
    start: MaybeStart = None,
    end: MaybeEnd = None,
) -> Response:
    """Give what was said of stops that touch [start, end), in the order in which it was said, also what was taken back.

    Of two that concern one instant the later counts.
    """
    check_window(start, end)
    equipment = equipment_at(parts.park, path)
    after = page.after(int)
    seal = await parts.sealed()
    asked = partial(
        list_reasons,
        equipment=equipment.path,
        start=start or _FIRST,
        end=end or _LAST,
        after=0 if after is None else seal.meant("said", after[0]),
        limit=page.limit + 1,
    )
    said = await parts.records().run(asked)
    shown = said[: page.limit]
    token = page.token((seal.number("said", shown[-1].id),)) if len(said) > len(shown) else None
    return shape.page(SaidView, [_view(one, seal) for one in shown], token)


@router.post(
    "/equipment/{path:path}/stop-reasons",
    summary="Say why a machine stood",
    status_code=201,
    responses={201: documented(_SAID)[200]},
)
async def add_equipment_stop_reason(
    parts: GivenParts, path: OfMachine, asked: SayRequest, caller: Operator
) -> SaidView:
    """Note why a machine stood within [start, end); it counts over signals, alarms and what was said before.

    Needs a key with the scope `alerts`. The numbers concerned are computed again, and say so.
    """
    equipment = equipment_at(parts.park, path)
    _check(parts.park, asked)
    add = partial(
        add_reason,
        equipment=equipment.path,
        start=asked.start,
        end=asked.end,
        reason=asked.reason,
        note=asked.note.strip(),
        by=caller.name,
        now=parts.now(),
    )
    seal = await parts.sealed()
    return _view(await parts.records().run(add), seal)


@router.delete(
    "/equipment/{path:path}/stop-reasons/{id}",
    summary="Take back what was said of a machine's stops",
    responses=documented(_SAID | {"revoked": "2026-11-24T09:00:00Z"}),
)
async def revoke_equipment_stop_reason(
    parts: GivenParts,
    path: OfMachine,
    number: Annotated[int, Path(alias="id", ge=1, lt=2**63, description="Its number.")],
    caller: Operator,
) -> SaidView:
    """Take back what somebody said; what was said before, or by signals and alarms, counts again.

    Needs a key with the scope `alerts`. A second time changes nothing.
    """
    del caller
    equipment = equipment_at(parts.park, path)
    seal = await parts.sealed()
    meant = seal.meant("said", number)
    revoke = partial(revoke_reason, equipment=equipment.path, number=meant, now=parts.now())
    said = await parts.records().run(revoke)
    if said is None:
        raise ProblemError(UNKNOWN_STOP_REASON, f"nothing numbered {number} was said of {equipment.path}")
    return _view(said, seal)


def _check(park: Park, asked: SayRequest) -> None:
    """Answer 422 for a reason that the park does not declare, or an interval that is none."""
    faults = []
    if asked.start >= asked.end:
        faults.append(Fault("body", "end", f"it must lie after `start` ({asked.start:%Y-%m-%dT%H:%M:%SZ})"))
    elif asked.end - asked.start > LONGEST:
        faults.append(Fault("body", "end", f"it may lie {LONGEST.days} days after `start` at most"))
    if not park.stop_reasons:
        faults.append(Fault("body", "reason", "the park declares none; write them under `stop_reasons:` in park.yaml"))
    elif asked.reason not in park.stop_reasons:
        near = did_you_mean(asked.reason, park.stop_reasons)
        faults.append(Fault("body", "reason", f"{asked.reason!r} is no stop reason of the park{near}"))
    if faults:
        detail = "; ".join(f"{fault.name}: {fault.detail}" for fault in faults)
        raise ProblemError(INVALID_PARAMETER, detail, faults=faults)


def _view(said: Said, seal: Seal) -> SaidView:
    return SaidView(
        id=seal.number("said", said.id),
        equipment=said.equipment,
        start=said.start,
        end=said.end,
        reason=said.reason,
        note=said.note,
        by=said.by,
        at=said.at,
        revoked=said.revoked,
    )
