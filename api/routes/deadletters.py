"""The dead letters."""

import base64
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from api.lookup import known_sources
from api.paging import Paging, paging
from api.parts import GivenParts
from api.views.deadletters import DeadLetterView
from api.views.shape import Paged, documented
from collector.deadletters import Choice, DeadLetter, read_dead_letters

router = APIRouter(tags=["sources"])

_SHOWN: Final = 4096
"""Bytes of a payload that are shown."""

_EXAMPLE: Final = {
    "items": [
        {
            "id": 4711,
            "source": "press-mqtt",
            "address": "gears/press/press-02/force",
            "signal": "gears/press/press-02/force",
            "reason": "'ERR' is no float; mend the sensor's firmware or declare the signal as text",
            "payload": "ERR",
            "encoding": "utf-8",
            "size": 3,
            "first": "2026-11-24T08:12:04.9Z",
            "last": "2026-11-24T09:12:04.9Z",
            "count": 3600,
        }
    ],
    "next_page_token": "WyI2ZWUyYjhhZWJjMjQiLDQyXQ",
}


@router.get("/dead-letters", summary="Read what could not become a sample", responses=documented(_EXAMPLE))
async def list_dead_letters(
    parts: GivenParts,
    page: Annotated[Paging, Depends(paging(default=100, most=1000))],
    source: Annotated[str | None, Query(description="Name of one source. Left out: all of them.")] = None,
) -> Paged[DeadLetterView]:
    """Give the dead letters, the newest first, each with its reason and how often it came."""
    one = known_sources(parts.park, [source])[0] if source is not None else None
    after = page.after(int)
    before = after[0] if after else None
    letters = await parts.records().run(
        lambda connection: read_dead_letters(connection, Choice(source=one), limit=page.limit + 1, before_id=before)
    )
    shown = letters[: page.limit]
    token = page.token((shown[-1].id,)) if len(letters) > len(shown) else None
    return Paged[DeadLetterView](items=[_letter(letter) for letter in shown], next_page_token=token)


def _letter(letter: DeadLetter) -> DeadLetterView:
    payload, encoding = _readable(letter.payload)
    return DeadLetterView.model_validate(
        {
            "id": letter.id,
            "source": letter.source,
            "address": letter.address,
            "signal": letter.signal,
            "reason": letter.reason,
            "payload": payload,
            "encoding": encoding,
            "size": len(letter.payload),
            "first": letter.first,
            "last": letter.last,
            "count": letter.count,
        }
    )


def _readable(payload: bytes) -> tuple[str, str]:
    """Give the beginning of a payload as text, or in base64 where it is no text."""
    beginning = payload[:_SHOWN]
    try:
        return beginning.decode(), "utf-8"
    except UnicodeDecodeError as error:
        if len(payload) > _SHOWN and error.reason == "unexpected end of data":  # the cut fell into a character
            return beginning[: error.start].decode(), "utf-8"
    return base64.b64encode(beginning).decode(), "base64"
