"""The dead letters: read and export them, replay them once what refused them is mended, or drop them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from io import BytesIO
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Depends, Path, Query, Response, Security
from fastapi.responses import StreamingResponse

from api.access import allowed
from api.answers import GivenShape
from api.callers import Caller
from api.errors import UNKNOWN_LETTER, ProblemError
from api.lookup import known_sources
from api.paging import Paging, paging
from api.parts import GivenParts
from api.roles import Scope
from api.seals import Seal
from api.views.deadletters import (
    DeadLetterView,
    DroppedView,
    DropRequest,
    DropView,
    ReplayedView,
    ReplayRequest,
    ReplayView,
)
from api.views.shape import TOKEN, Paged, documented, listed
from collector.deadletters import Choice, DeadLetter, read_dead_letters, readable, settle_dead_letters
from collector.letterfile import LetterFormat, write_letters

router = APIRouter(tags=["sources"])

_SHOWN: Final = 4096
"""Bytes of a payload that are shown."""

_AT_ONCE: Final = 200
"""Letters that an export reads at once: 13 MB of payloads at most."""

_MEDIA: Final = {"jsonl": "application/jsonl", "csv": "text/csv"}
"""Media type of each format of an export."""

_LETTER: Final[dict[str, Any]] = {
    "id": 4711,
    "source": "press-mqtt",
    "address": "gears/press/press-02/force",
    "signal": "gears/press/press-02/force",
    "reason": "'ERR' is no float; mend the sensor's firmware or declare the signal as text",
    "form": "input",
    "payload": "ERR",
    "encoding": "utf-8",
    "size": 3,
    "cut": False,
    "first": "2026-11-24T08:12:04.9Z",
    "last": "2026-11-24T09:12:04.9Z",
    "count": 3600,
    "first_time": "2026-11-24T08:12:04.9Z",
    "last_time": "2026-11-24T09:12:04.9Z",
    "state": "replayed",
    "settled": "2026-11-24T10:00:00Z",
    "note": "became 2 samples; 3598 arrivals between the first and the last are not among them (asked by shift lead)",
}

_EXAMPLE: Final = {"items": [_LETTER], "next_page_token": TOKEN}

_REPLAYED: Final = {
    "items": [{"id": 4711, "result": "replayed", "samples": 2, "between": 3598, "detail": ""}],
    "dry_run": False,
}

_DROPPED: Final = {"items": [{"id": 4711, "result": "dropped", "detail": ""}]}

_FILES: Final = {
    "application/jsonl": orjson.dumps(_LETTER, option=orjson.OPT_APPEND_NEWLINE).decode(),
    "text/csv": "id,source,address,payload,reason,count\n4711,press-mqtt,force,ERR,'ERR' is no float,3600\n",
}

_EXPORTED: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The letters as a file.",
        "content": {media: {"schema": {"type": "string"}, "example": file} for media, file in _FILES.items()},
    }
}

_NO_NUL: Final = r"^[^\x00]*$"
"""What a database takes as text."""

Standing = Literal["open", "replayed", "dropped", "all"]
"""How letters stand."""

OfSource = Annotated[str | None, Query(description="Name of one source. Left out: all of them.")]
OfSignal = Annotated[
    str | None,
    Query(
        max_length=300,
        pattern=_NO_NUL,
        description="Path of one signal, or of an asset: then of every signal below it.",
    ),
]
WithReason = Annotated[
    str, Query(max_length=200, pattern=_NO_NUL, description="Text that the reason holds, in any case.")
]
InState = Annotated[Standing, Query(description="How they stand.")]


@router.get(
    "/dead-letters",
    summary="Read what could not become a sample",
    response_model=Paged[DeadLetterView],
    responses=listed(_EXAMPLE),
)
async def list_dead_letters(
    parts: GivenParts,
    shape: GivenShape,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    source: OfSource = None,
    signal: OfSignal = None,
    reason: WithReason = "",
    state: InState = "open",
) -> Response:
    """Give the dead letters, the newest first, each with its reason and how often it came.

    Of a source that also carries signals of factories that the caller may not see, inputs as they came are left out:
    they may hold values of those.
    """
    choice = _choice(parts, source, signal, reason, state)
    after = page.after(int)
    seal = await parts.sealed()
    before = seal.meant("letter", after[0]) if after else None
    letters = await parts.records().run(
        lambda connection: read_dead_letters(connection, choice, limit=page.limit + 1, before_id=before)
    )
    shown = letters[: page.limit]
    token = page.token((seal.number("letter", shown[-1].id),)) if len(letters) > len(shown) else None
    return shape.page(DeadLetterView, [_letter(letter, seal) for letter in shown], token)


@router.get(
    "/dead-letters/export",
    summary="Export dead letters as a file",
    response_class=StreamingResponse,
    responses=_EXPORTED,
)
async def export_dead_letters(
    parts: GivenParts,
    file_format: Annotated[
        Literal["jsonl", "csv"], Query(alias="format", description="`jsonl`: an object a line; `csv`: with a header.")
    ] = "jsonl",
    source: OfSource = None,
    signal: OfSignal = None,
    reason: WithReason = "",
    state: InState = "all",
) -> StreamingResponse:
    """Give dead letters with their whole payloads, the newest first, as `parkline deadletter export` writes them."""
    choice = _choice(parts, source, signal, reason, state)
    written = _written(parts, choice, LetterFormat(file_format))
    first = await anext(written)  # what goes wrong before anything is sent is answered as a problem

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for block in written:
            yield block

    named = {"Content-Disposition": f'attachment; filename="dead-letters.{file_format}"'}
    return StreamingResponse(body(), media_type=_MEDIA[file_format], headers=named)


@router.get("/dead-letters/{id:int}", summary="Read one dead letter", responses=documented(_LETTER))
async def read_dead_letter(
    parts: GivenParts,
    number: Annotated[int, Path(alias="id", ge=1, lt=2**63, description="Its number.")],
    whole: Annotated[bool, Query(description="true: the whole payload, 64 KiB at most.")] = False,  # noqa: FBT002 - a parameter of the query
) -> DeadLetterView:
    """Give one dead letter, however it stands."""
    seal = await parts.sealed()
    found = await _found(parts, seal, [number])
    if not found:
        raise ProblemError(UNKNOWN_LETTER, f"there is no dead letter {number}, or none any more")
    return _letter(found[number], seal, None if whole else _SHOWN)


@router.post("/dead-letters/replay", summary="Replay dead letters", responses=documented(_REPLAYED))
async def replay_dead_letters(
    parts: GivenParts, asked: ReplayRequest, caller: Annotated[Caller, Security(allowed(Scope.OPERATE))]
) -> ReplayView:
    """Decode open letters again as the files are configured now, and store the samples that they become.

    Needs a key with the scope `operate`. A letter is replayed once: asking again tells what became of it.
    """
    ids = list(dict.fromkeys(asked.ids))
    seal = await parts.sealed()
    choice = Choice(ids=_meant(seal, ids), sight=parts.sight)
    replayed = await parts.replay(choice, asked.dry_run, caller.name)
    told = {seal.number("letter", one.letter.id): one for one in replayed}
    found = await _found(parts, seal, ids)
    items = []
    for number in ids:
        if (one := told.get(number)) is not None:
            items.append(
                ReplayedView(id=number, result=one.fate, samples=one.samples, between=one.between, detail=one.detail)
            )
        elif (letter := found.get(number)) is not None:
            items.append(ReplayedView(id=number, result="settled", samples=0, between=0, detail=letter.note))
        else:
            items.append(ReplayedView(id=number, result="unknown", samples=0, between=0, detail=""))
    return ReplayView(items=items, dry_run=asked.dry_run)


@router.post("/dead-letters/drop", summary="Drop dead letters", responses=documented(_DROPPED))
async def drop_dead_letters(
    parts: GivenParts, asked: DropRequest, caller: Annotated[Caller, Security(allowed(Scope.OPERATE))]
) -> DropView:
    """Settle open letters of which nothing is to become; their payloads go, their counts and the reason stay.

    Needs a key with the scope `operate`.
    """
    ids = list(dict.fromkeys(asked.ids))
    note = f"{asked.because.strip()} (asked by {caller.name})"
    seal = await parts.sealed()
    there = [letter.id for letter in (await _found(parts, seal, ids)).values()]
    settle = partial(settle_dead_letters, notes=dict.fromkeys(there, note), state="dropped", now=parts.now())
    dropped = {seal.number("letter", number) for number in await parts.records().run(settle)}
    found = await _found(parts, seal, ids)
    items = []
    for number in ids:
        if number in dropped:
            items.append(DroppedView(id=number, result="dropped", detail=""))
        elif (letter := found.get(number)) is not None:
            items.append(DroppedView(id=number, result="settled", detail=letter.note))
        else:
            items.append(DroppedView(id=number, result="unknown", detail=""))
    return DropView(items=items)


def _choice(parts: GivenParts, source: str | None, signal: str | None, reason: str, state: Standing) -> Choice:
    one = known_sources(parts, [source])[0] if source is not None else None
    return Choice(None, one, signal, reason, None if state == "all" else state, parts.sight)


async def _written(parts: GivenParts, choice: Choice, file_format: LetterFormat) -> AsyncIterator[bytes]:
    """Give a file of letters in blocks; the first may be empty."""
    seal = await parts.sealed()
    before = None
    while True:
        read = partial(read_dead_letters, choice=choice, limit=_AT_ONCE, before_id=before)
        letters = await parts.records().run(read)
        block = BytesIO()
        named = [replace(letter, id=seal.number("letter", letter.id)) for letter in letters]
        write_letters(block, named, file_format, header=before is None)
        yield block.getvalue()
        if len(letters) < _AT_ONCE:
            return
        before = letters[-1].id


def _meant(seal: Seal, ids: list[int]) -> tuple[int, ...]:
    return tuple(seal.meant("letter", number) for number in ids)


async def _found(parts: GivenParts, seal: Seal, ids: list[int]) -> dict[int, DeadLetter]:
    """Give those of these letters that there are, however they stand, by what they are called."""
    choice = Choice(ids=_meant(seal, ids), state=None, sight=parts.sight)
    letters = await parts.records().run(lambda connection: read_dead_letters(connection, choice, limit=len(ids)))
    return {seal.number("letter", letter.id): letter for letter in letters}


def _letter(letter: DeadLetter, seal: Seal, most: int | None = _SHOWN) -> DeadLetterView:
    payload, encoding = readable(letter.payload, most)
    return DeadLetterView(
        id=seal.number("letter", letter.id),
        source=letter.source,
        address=letter.address,
        signal=letter.signal,
        reason=letter.reason,
        form=letter.form,
        payload=payload,
        encoding=encoding,
        size=len(letter.payload),
        cut=letter.cut,
        first=letter.first,
        last=letter.last,
        count=letter.count,
        first_time=letter.first_time,
        last_time=letter.last_time,
        state=letter.state,
        settled=letter.settled,
        note=letter.note,
    )
