"""Inputs that could not become samples."""

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import Field, StrictBool

from api.views.shape import View, example

MOST: Final = 1000
"""Letters that one request may replay."""


class DeadLetterView(View):
    """One input that could not become a sample, kept as it came."""

    id: int
    """Names it; to who sees the whole park, later letters have greater numbers."""

    source: str
    """Name of the source it came from."""

    address: str
    """Topic, node or item, as the source names it; empty where none is known."""

    signal: str | None
    """Path of the signal it was meant for; null where none is known."""

    reason: str
    """Why it is no sample, and what to do."""

    form: Literal["input", "sample", "admitted"]
    """`input`: the payload is what came, as it came; `sample`: a sample as it was decoded, refused by its type or its
    time; `admitted`: one as it was to be stored, refused by the store."""

    payload: str
    """The beginning of what came, 4,096 bytes at most; empty once the letter is settled."""

    encoding: Literal["utf-8", "base64"]
    """How `payload` is written: as text, or in base64 where it is no text."""

    size: int
    """Bytes kept of what came; more than `payload` shows where it is long."""

    cut: bool
    """Whether it was too long to be kept whole: then it cannot be replayed."""

    first: datetime
    """When it came first."""

    last: datetime
    """When it came last."""

    count: int
    """How often it came."""

    first_time: datetime | None
    """Of a sample: its own time when it came first; null where it has none, or the payload holds it."""

    last_time: datetime | None
    """Of a sample: its own time when it came last."""

    state: Literal["open", "replayed", "dropped"]
    """`open`; `replayed`: it became samples; `dropped`: a person dropped it."""

    settled: datetime | None
    """When it was replayed or dropped; null while it is open."""

    note: str
    """What became of it, or why it was dropped; empty while it is open."""


class ReplayRequest(View):
    """Which letters to replay."""

    model_config = example({"ids": [4711, 4712], "dry_run": True})

    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(min_length=1, max_length=MOST)
    """Numbers of letters, 1 to 1,000."""

    dry_run: StrictBool = False
    """true: only tell what would become of them."""


class DropRequest(View):
    """Which letters to drop, and why."""

    model_config = example({"ids": [4711], "because": "the sensor was taken away in May"})

    ids: list[Annotated[int, Field(ge=1, lt=2**63)]] = Field(min_length=1, max_length=MOST)
    """Numbers of letters, 1 to 1,000."""

    because: str = Field(min_length=1, max_length=1000, pattern=r"\S")
    """Why nothing is to become of them, 1 to 1,000 characters; kept with each letter."""


class DroppedView(View):
    """What became of one letter that was to be dropped."""

    id: int
    """Names it."""

    result: Literal["dropped", "settled", "unknown"]
    """`dropped`: its payload is gone, its count and the reason stay; `settled`: it was replayed or dropped before, and
    nothing was done; `unknown`: there is no such letter, or none any more."""

    detail: str
    """Of a settled letter what became of it."""


class DropView(View):
    """What became of the letters that were to be dropped."""

    items: list[DroppedView]
    """One per number, in the order asked for, each once."""


class ReplayedView(View):
    """What became of one letter, or would."""

    id: int
    """Names it."""

    result: Literal["replayed", "refused", "settled", "unknown"]
    """`replayed`: it became samples; `refused`: it is none even now, and stays; `settled`: it was replayed or dropped
    before, and nothing was done; `unknown`: there is no such letter, or none any more."""

    samples: int
    """Samples that it became."""

    between: int
    """Arrivals between the first and the last, of which no sample can be made: nobody knows when they were."""

    detail: str
    """Why it is no sample even now, or what of it is not; of a settled letter what became of it."""


class ReplayView(View):
    """What became of the letters asked for."""

    items: list[ReplayedView]
    """One per number, in the order asked for, each once."""

    dry_run: bool
    """Whether nothing was done."""
