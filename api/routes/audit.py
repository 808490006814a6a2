"""The audit."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends, Query, Response, Security

from api.access import allowed
from api.answers import GivenShape
from api.auditlog import Row, Wanted, read_audit
from api.paging import Paging, paging
from api.parts import GivenParts
from api.roles import Scope
from api.seals import Seal
from api.views.audit import AuditView
from api.views.shape import Paged, listed
from api.window import MaybeEnd, MaybeStart, check_window

router = APIRouter(tags=["audit"], dependencies=[Security(allowed(Scope.AUDIT))])

_EXAMPLE: Final[dict[str, Any]] = {
    "items": [
        {
            "number": 48211,
            "at": "2026-11-24T08:15:04.120331Z",
            "event": "answer",
            "caller": "key:5f0c1b7e",
            "name": "gear works, maintenance",
            "kind": "key",
            "peer": "10.20.3.40",
            "method": "GET",
            "operation": "listKpis",
            "path": "/api/v1/kpis",
            "query": "path=gears&period=shift",
            "status": 200,
            "factories": ["gears"],
            "rows": 100,
            "bytes": 41377,
            "duration_s": 0.018344,
            "missing": 0,
            "request_id": "8d43063e3ce22865",
            "hash": "e464d1dab9df08788fd67224d3ad7558079a69d16991146be09d22ca79d72c0a",
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQ4MjExXQ",
}


@router.get(
    "/audit",
    summary="Read who asked for what",
    response_model=Paged[AuditView],
    responses=listed(_EXAMPLE),
)
async def list_audit(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=5000))],
    caller: Annotated[str | None, Query(max_length=300, description="Id of who asked. Left out: everybody.")] = None,
    method: Annotated[
        list[Literal["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]] | None,
        Query(max_length=10, description="HTTP methods; may be repeated. Left out: whatever method."),
    ] = None,
    status: Annotated[
        list[Literal["2xx", "3xx", "4xx", "5xx"]] | None,
        Query(max_length=4, description="Classes of HTTP status; may be repeated. Left out: whatever status."),
    ] = None,
    prefix: Annotated[
        str | None,
        Query(max_length=1000, description="What the path begins with, such as `/api/v1/alerts`. Left out: anything."),
    ] = None,
    start: MaybeStart = None,
    end: MaybeEnd = None,
    order: Annotated[
        Literal["newest", "oldest"], Query(description="Which rows come first: the newest, or the oldest.")
    ] = "newest",
) -> Response:
    """Give who asked for what in [start, end), and what they were answered; the newest first.

    Needs the scope `audit`. Reads are in it a second after they were answered, writes when they are. Who may not see
    every factory is shown the rows of callers who were granted some of theirs and no others.
    """
    check_window(start, end)
    wanted = Wanted(
        caller=caller,
        methods=method or None,
        classes=[int(one[0]) for one in status] if status else None,
        start=start,
        end=end,
        prefix=prefix,
    )
    after = page.after(int)
    seal = await parts.sealed()
    asked = partial(
        read_audit,
        wanted=wanted if parts.grants is None else replace(wanted, grants=parts.grants),
        limit=page.limit + 1,
        after=None if after is None else seal.meant("audit", after[0]),
        newest_first=order == "newest",
    )
    rows = await parts.records().run(asked)
    shown = rows[: page.limit]
    token = page.token((seal.number("audit", shown[-1].number),)) if len(rows) > len(shown) else None
    return shape.page(AuditView, [_view(row, seal) for row in shown], token)


def _view(row: Row, seal: Seal) -> AuditView:
    entry = row.entry
    return AuditView.model_construct(
        number=seal.number("audit", row.number),
        at=entry.at,
        event=entry.event,
        caller=entry.caller,
        name=entry.name,
        kind=row.kind,
        peer=entry.peer,
        method=entry.method,
        operation=entry.operation,
        path=entry.path,
        query=entry.query,
        status=entry.status,
        factories=None if entry.factories is None else list(entry.factories),
        rows=entry.rows,
        bytes=entry.bytes,
        duration_s=None if entry.duration_us is None else entry.duration_us / 1_000_000,
        missing=entry.missing,
        request_id=entry.request_id,
        hash=row.hash,
    )
