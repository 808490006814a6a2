"""Exports: files of rows, made while the caller does something else, and downloaded when they are done."""

import asyncio
import os
import re
from datetime import timedelta
from typing import Annotated, Any, Final

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Path, Request, Response, Security
from starlette.datastructures import Headers
from starlette.responses import FileResponse
from starlette.types import Receive, Send
from starlette.types import Scope as Connected

from api import exportlog
from api.access import allowed
from api.answers import GivenShape
from api.callers import Caller
from api.errors import (
    EXPORT_NOT_DONE,
    INVALID_PARAMETER,
    MEDIA_TYPE,
    RANGE_NOT_SATISFIABLE,
    TOO_MANY_EXPORTS,
    UNKNOWN_ASSET,
    UNKNOWN_EXPORT,
    Fault,
    Kind,
    ProblemError,
)
from api.exportfiles import MEDIA_TYPES, file_of
from api.exportlog import Export, ExportState
from api.exportreach import check_paths, reach_of
from api.paging import Paging, instant, microseconds, paging
from api.parts import GivenParts, Parts
from api.roles import Scope
from api.views.exports import ExportRequest, ExportView
from api.views.shape import TOKEN, Paged, documented, listed
from collector.records import hold

router = APIRouter(tags=["exports"], dependencies=[Security(allowed(Scope.EXPORT))])

DAYS_AT_MOST: Final = {"samples": timedelta(days=366), "states": timedelta(days=366)}
"""The longest windows of these."""

OTHERS_AT_MOST: Final = timedelta(days=3700)
"""The longest window of all others."""

KEPT: Final = 1000
"""Exports of one caller that are remembered, whatever became of them."""

RETRY_AFTER_S: Final = 60
"""When somebody may try again who has too many exports under way."""

_GONE: Final = (
    "its file is not there; ask for another export (where several processes answer, an administrator must give them "
    "one folder: `api: exports: folder`)"
)

_RANGE: Final = re.compile(r"bytes=(\d{1,18})-(\d{0,18})|bytes=-(\d{1,18})")
"""One range (RFC 9110, 14.1.2); others may be passed over, and are."""

_EXPORT: Final[dict[str, Any]] = {
    "id": "8b0f6a8f4fd14d5f9f4f7a1f0c2e9d3b",
    "asked": {
        "what": "samples",
        "paths": ["gears/hobbing"],
        "start": "2026-11-01T00:00:00Z",
        "end": "2026-12-01T00:00:00Z",
        "format": "parquet",
        "lang": "en",
    },
    "state": "done",
    "progress": 1.0,
    "rows": 51840000,
    "bytes": 412905113,
    "sha256": "e464d1dab9df08788fd67224d3ad7558079a69d16991146be09d22ca79d72c0a",
    "problem": "",
    "created": "2026-12-01T06:00:00Z",
    "begun": "2026-12-01T06:00:01Z",
    "ended": "2026-12-01T06:01:12Z",
    "expires": "2026-12-02T06:01:12Z",
    "file": "/api/v1/exports/8b0f6a8f4fd14d5f9f4f7a1f0c2e9d3b/file",
}

OfExport = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of the export.")]
Exporting = Annotated[Caller, Security(allowed(Scope.EXPORT))]


_BYTES: Final = {
    media: {"schema": {"type": "string", "contentMediaType": media}, "example": "the bytes of the file"}
    for media in MEDIA_TYPES.values()
}


def _problem(kind: Kind, detail: str) -> dict[str, Any]:
    """Give the OpenAPI entry of a problem."""
    example = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "instance": _EXPORT["file"],
        "remedy": kind.remedy,
    }
    schema = {"$ref": "#/components/schemas/ProblemView"}
    return {"description": kind.title + ".", "content": {MEDIA_TYPE: {"schema": schema, "example": example}}}


_MADE: Final[dict[int | str, dict[str, Any]]] = {
    202: {
        "content": {"application/json": {"example": _EXPORT}},
        "headers": {"Location": {"description": "Address of the export.", "schema": {"type": "string"}}},
    },
    404: _problem(UNKNOWN_ASSET, "there is no asset 'gears/hobbing/hob-9'"),
    429: _problem(TOO_MANY_EXPORTS, "20 of your exports wait already"),
}
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file.", "content": _BYTES},
    206: {"description": "The bytes of the file that `Range` asks for.", "content": _BYTES},
    409: _problem(EXPORT_NOT_DONE, "the export is running"),
    416: _problem(RANGE_NOT_SATISFIABLE, "the file has 412905113 bytes"),
}


@router.post(
    "/exports",
    status_code=202,
    summary="Have rows made into a file",
    responses=_MADE,
)
async def create_export(parts: GivenParts, caller: Exporting, asked: ExportRequest, response: Response) -> ExportView:
    """Have rows made into a file, which can be downloaded when `state` is `done`.

    `Location` is where it is told how far it is. Its rows are those of the lists: `samples` as they rest, `kpis` as
    `/kpis`, `losses` as `/losses`, `states` and `alerts` likewise. One's exports are made one after the other.
    Needs a key with the scope `export`.
    """
    _check(parts, asked)
    reach = reach_of(parts, asked.paths)
    most = parts.settings.exports.waiting

    def enter(connection: sa.Connection) -> Export | str:
        hold(connection)  # of many who ask at once each counts those before it
        waiting, every = exportlog.count_exports(connection, caller.id)
        if waiting >= most:
            return f"{most} of your exports wait already"
        if every >= KEPT:
            return f"{KEPT} of your exports are remembered, those that are over for a week; delete some"
        return exportlog.create_export(connection, caller.id, asked.model_dump(mode="json"), reach, now=parts.now())

    export = await parts.records().run(enter)
    if isinstance(export, str):
        raise ProblemError(TOO_MANY_EXPORTS, export, headers={"Retry-After": str(RETRY_AFTER_S)})
    response.headers["Location"] = f"/api/v1/exports/{export.id}"
    return _view(export)


@router.get(
    "/exports",
    summary="Read one's exports",
    response_model=Paged[ExportView],
    responses=listed({"items": [_EXPORT], "next_page_token": TOKEN}),
)
async def list_exports(
    parts: GivenParts,
    caller: Exporting,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
) -> Response:
    """Give the exports that the caller has asked for, the newest first; nobody is shown those of others.

    Needs a key with the scope `export`.
    """
    position = page.after(int, str)
    after = None if position is None else (instant(position[0]), str(position[1]))

    def read(connection: sa.Connection) -> list[Export]:
        found: list[Export] = []
        last = after
        while len(found) <= page.limit:
            some = exportlog.read_exports(connection, caller.id, after=last, limit=page.limit + 1)
            found += [export for export in some if export.open_to(caller.factories)]
            if len(some) <= page.limit:
                break
            last = some[-1].created, some[-1].id
        return found

    found = await parts.records().run(read)
    shown = found[: page.limit]
    token = page.token((microseconds(shown[-1].created), shown[-1].id)) if len(found) > len(shown) else None
    return shape.page(ExportView, [_view(export) for export in shown], token)


@router.get("/exports/{export}", summary="Read how far an export is", responses=documented(_EXPORT))
async def read_export(parts: GivenParts, caller: Exporting, export: OfExport) -> ExportView:
    """Give one of the caller's exports as it stands. Needs a key with the scope `export`."""
    return _view(await _own(parts, caller, export))


@router.delete("/exports/{export}", status_code=204, summary="Delete an export and its file")
async def delete_export(parts: GivenParts, caller: Exporting, export: OfExport) -> None:
    """Delete one of the caller's exports, its file with it; one that waits or is being made is made no more.

    Needs a key with the scope `export`.
    """
    own = await _own(parts, caller, export)
    await parts.records().run(lambda connection: exportlog.delete_export(connection, own.id))
    path = file_of(parts.settings.exports.folder, own.stem, ExportRequest.model_validate(own.asked).format)
    await asyncio.to_thread(path.unlink, missing_ok=True)


@router.get(
    "/exports/{export}/file", summary="Download the file of an export", response_class=Response, responses=_FILE
)
async def download_export(request: Request, parts: GivenParts, caller: Exporting, export: OfExport) -> Response:
    """Give the file of one of the caller's exports, or a part of it.

    A download that broke off is resumed with `Range: bytes=N-` and `If-Range` with the `ETag` of the first answer,
    which is the SHA-256 of the file. Grants that the caller does not have any more close the export. Needs a key with
    the scope `export`.
    """
    own = await _own(parts, caller, export)
    if own.state is not ExportState.DONE:
        raise ProblemError(EXPORT_NOT_DONE, f"the export is {own.state}" + (f": {own.problem}" if own.problem else ""))
    asked = ExportRequest.model_validate(own.asked)
    path = file_of(parts.settings.exports.folder, own.stem, asked.format)
    try:
        there = await asyncio.to_thread(os.stat, path)
    except FileNotFoundError as error:
        raise ProblemError(EXPORT_NOT_DONE, _GONE) from error
    if there.st_size != own.bytes:
        raise ProblemError(EXPORT_NOT_DONE, "its file is damaged; ask for another export")
    response = _Download(
        path,
        media_type=MEDIA_TYPES[asked.format],
        filename=f"parkline-{asked.what}-{asked.start:%Y%m%d}-{asked.end:%Y%m%d}.{asked.format}",
        stat_result=there,
        headers={"ETag": f'"{own.sha256}"', "Cache-Control": "private, no-cache"},
    )
    response.check(request.headers)
    return response


class _Download(FileResponse):
    """A file, or one range of it."""

    def check(self, headers: Headers) -> None:
        """Answer 416 where the file has no byte of the range that is asked for."""
        asked = headers.get("range")
        condition = headers.get("if-range")
        matching = condition is None or condition in {self.headers["etag"], self.headers["last-modified"]}
        match = _RANGE.fullmatch(asked or "")
        if match is None or not matching:
            return
        assert self.stat_result is not None  # noqa: S101 - it is given above
        size = self.stat_result.st_size
        if (int(match[1]) >= size) if match[1] else (int(match[3]) == 0 or size == 0):
            raise ProblemError(
                RANGE_NOT_SATISFIABLE, f"the file has {size} bytes", headers={"Content-Range": f"bytes */{size}"}
            )

    async def __call__(self, scope: Connected, receive: Receive, send: Send) -> None:
        """Answer; what is no single range is passed over."""
        match = _RANGE.fullmatch(Headers(scope=scope).get("range", ""))
        if match is None or (match[1] and match[2] and int(match[2]) < int(match[1])):
            scope = {**scope, "headers": [(name, value) for name, value in scope["headers"] if name != b"range"]}
        await super().__call__(scope, receive, send)


def _check(parts: Parts, asked: ExportRequest) -> None:
    """Answer 404 or 422 where this cannot be made."""
    most = DAYS_AT_MOST.get(asked.what, OTHERS_AT_MOST)
    if asked.start >= asked.end:
        raise _wrong(parameter="end", detail=f"it must lie after `start` ({asked.start:%Y-%m-%dT%H:%M:%SZ})")
    if asked.end - asked.start > most:
        raise _wrong(
            parameter="end", detail=f"the window of {asked.what} may span {most.days} days at most; ask for it in parts"
        )
    if asked.period is not None and asked.what not in {"kpis", "losses"}:
        raise _wrong(parameter="period", detail=f"{asked.what} have no kinds of windows; leave it out")
    check_paths(parts, asked.paths, signals=asked.what == "samples")


def _wrong(*, parameter: str, detail: str) -> ProblemError:
    return ProblemError(INVALID_PARAMETER, f"{parameter}: {detail}", faults=[Fault("body", parameter, detail)])


async def _own(parts: Parts, caller: Caller, number: str) -> Export:
    """Give one of the caller's exports; that of others is not there, nor one of what the caller may see no more."""
    export = await parts.records().run(lambda connection: exportlog.read_export(connection, number))
    if export is None or export.owner != caller.id or not export.open_to(caller.factories):
        raise ProblemError(UNKNOWN_EXPORT, f"you have no export {number}")
    return export


def _view(export: Export) -> ExportView:
    done = export.state is ExportState.DONE
    return ExportView(
        id=export.id,
        asked=ExportRequest.model_validate(export.asked),
        state=export.state.value,
        progress=export.progress,
        rows=export.rows,
        bytes=export.bytes,
        sha256=export.sha256 or None,
        problem=export.problem,
        created=export.created,
        begun=export.begun,
        ended=export.ended,
        expires=export.expires,
        file=f"/api/v1/exports/{export.id}/file" if done else None,
    )
