"""What every source promises.

A source turns one foreign protocol into deliveries of samples. Spooling, retrying and storing are the
collector's; a source that waits to try again by itself is a bug.

    connect() ──► delivery, delivery, … ──► the block ends, the link closes
        │              └─ SourceLostError      the collector connects again
        ├─ SourceUnreachableError              the collector waits, then tries again
        └─ SourceRefusedError                  the collector waits long, and tells a person

- A source never drops silently. What cannot become a sample is a refusal in the same delivery; when its
  own bounded queue is full it stops reading, and where the peer cannot be held back it breaks the link or
  reports the interval in `Delivery.gaps`.
- `settle` is the sender's receipt. It is awaited once, in the order of the deliveries, after the samples
  are on disk; never before. A delivery that is never settled is owed again by a sender that can repeat.
- Samples carry the paths of the points the source was given; a source invents no names. Values stand in
  the column of the type they had on the wire, or, where the wire knows text only, of the type the point declares.
- Bad input never stops good input: one refused value does not hold up its neighbours.
- A finite source (a recorded file) ends its iterator when all was delivered; a live one never does.
- Leaving the block closes the link within 5 s, also when cancelled.

Some sources keep a history of their own, and can be asked for what was missed (`HistorySource`):

    history() ──► read(signals, start, end) ──► delivery, delivery, … ──► the next read, or the block ends

- What it gives is decoded as what a link delivers, in bounded pages, however much there is. It is owed no
  receipt.
- It is a link of its own: asking disturbs no link that is open.
- What it gave nothing for, and does not name in `gaps`, is known: nothing happened there.

`tests/conformance/source.py` holds each promise as a test.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar, runtime_checkable

import polars as pl
from pydantic import BaseModel

from adapters.sample import ValueType, no_refusals

A_co = TypeVar("A_co", bound=BaseModel, covariant=True)
"""The address model of one kind of source."""


@dataclass(frozen=True, slots=True)
class Point(Generic[A_co]):
    """One signal as its source sees it."""

    signal: str
    """Path of the signal, `factory/line/equipment/signal`: the `signal` of its samples."""

    type: ValueType
    """Declared type of its values."""

    address: A_co
    """Where the source finds it: the model that the source's kind registers."""


class GapKind(StrEnum):
    """What made a gap, in one word that programs read; its cause tells the same in words for a person."""

    OUTAGE = "outage"
    """The link was not open, or its session was not resumed."""

    STOPPED = "stopped"
    """The collector was not running."""

    OVERFLOW = "overflow"
    """A queue of the sender overflowed."""

    SEQUENCE = "sequence"
    """Messages never arrived: their numbers skip."""

    REJECTED = "rejected"
    """The store refused samples; they are dead letters."""

    DROPPED = "dropped"
    """The spool dropped samples before they were stored, as a person chose."""

    DAMAGED = "damaged"
    """What came, or what the spool holds, cannot be read."""


class FilledBy(StrEnum):
    """What filled a gap."""

    REDELIVERY = "redelivery"
    """The sender had kept what was missed, and sent it again."""

    REBIRTH = "rebirth"
    """A Sparkplug node told anew how everything stands."""

    HISTORY = "history"
    """The source was asked for its own history."""

    RECORDING = "recording"
    """A person gave a recorded file."""

    LETTERS = "letters"
    """The store had refused it; its dead letters were replayed."""


@dataclass(frozen=True, slots=True)
class Missed:
    """An interval in which the source knows that it may have missed samples."""

    start: datetime
    """First instant that may be missing, UTC."""

    end: datetime
    """First instant known again, UTC."""

    cause: str
    """What happened, in words for a person."""

    signals: tuple[str, ...] = ()
    """Paths concerned; empty means every signal of the source."""

    kind: GapKind = GapKind.OUTAGE
    """What happened, in one word."""


@dataclass(frozen=True, slots=True)
class Filled:
    """An interval of a gap in which nothing is missing any more: the source delivered it late, or knows its values.

    What reaches over a gap's ends, or into no gap, has no effect; a gap that is filled in part stays open in the rest.
    """

    start: datetime
    """First instant known again, UTC."""

    end: datetime
    """First instant that this says nothing of, UTC."""

    signals: tuple[str, ...]
    """Paths concerned; never empty."""

    by: FilledBy = FilledBy.REDELIVERY
    """How it was filled."""


async def _owe_nothing() -> None:
    """Receipt of a sender that is owed none."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Samples that arrived together, as columns, and the receipt their sender is owed."""

    samples: pl.DataFrame
    """Columns of `adapters.sample.SAMPLES`, in order of arrival."""

    refusals: pl.DataFrame = field(default_factory=no_refusals)
    """Columns of `adapters.sample.REFUSALS`: inputs that could not become samples."""

    gaps: tuple[Missed, ...] = ()
    """Intervals that the source knows it missed: overflow bits, sequence gaps, a session not resumed."""

    filled: tuple[Filled, ...] = ()
    """Parts of gaps, of this delivery's or of earlier ones, that these samples fill."""

    settle: Callable[[], Awaitable[None]] = _owe_nothing
    """Awaited once, after samples, refusals and gaps are safe on disk; never before."""


class SourceError(Exception):
    """A source broke off; `source` names which, `__cause__` says why."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class SourceUnreachableError(SourceError):
    """Nobody answered. Waiting may help."""


class SourceLostError(SourceError):
    """An open link broke. Connecting again may help."""

    def __init__(self, source: str, reason: str, *, alive: datetime | None = None) -> None:
        super().__init__(source, reason)
        self.alive = alive
        """Last instant at which the link was known to work, UTC; None where the source cannot tell."""


class SourceRefusedError(SourceError):
    """The peer said no: credentials, certificate, session. Waiting alone will not help; a person must act."""


class Source(Protocol):
    """One configured link to one device, broker or recorded file."""

    @property
    def name(self) -> str:
        """The name its line file gives it: unique in the park, used in logs and gaps."""

    @property
    def resumes(self) -> bool:
        """Whether what was missed while disconnected is redelivered after the next `connect` of this link.

        Asked after `connect` has succeeded: an MQTT broker that still held the session says True, and
        the collector then records the outage as filled.
        """

    def connect(self) -> AbstractAsyncContextManager[AsyncIterator[Delivery]]:
        """Open the link; yield its deliveries until it ends (a file) or breaks.

        Raises:
            SourceUnreachableError: no answer while opening.
            SourceRefusedError: an answer that forbids opening.
            SourceLostError: from the iterator, when the open link breaks.
        """


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a finite source is."""

    share: float
    """Part of all there is that has been read, 0 to 1."""

    rows: int
    """Samples and refusals delivered so far."""


@runtime_checkable
class FiniteSource(Source, Protocol):
    """A source that ends by itself, and can tell how far it is."""

    @property
    def progress(self) -> Progress:
        """How far it is since the last `connect`; for a progress bar, asked after any delivery."""


class History(Protocol):
    """A source's own history, open to be read."""

    def read(self, signals: Sequence[str], start: datetime, end: datetime) -> AsyncGenerator[Delivery, None]:
        """Give all samples of `signals` with times within [start, end), UTC, page by page, each signal's in order.

        The `gaps` of these deliveries name the parts of what was asked of which the source has no history, and why:
        nobody can fill them by asking again. Closed before its end, it leaves nothing open at the source.

        Raises:
            SourceLostError: from the iterator, when the link breaks or the source says later; asking again may help.
        """


@runtime_checkable
class HistorySource(Source, Protocol):
    """A source that may have a history of its own."""

    @property
    def remembers(self) -> bool:
        """Whether it may be asked: as it is configured."""

    def history(self) -> AbstractAsyncContextManager[History]:
        """Open its history. Leaving the block closes it within 5 s, also when cancelled.

        Raises:
            SourceUnreachableError: no answer while opening.
            SourceRefusedError: an answer that forbids opening.
        """


@runtime_checkable
class Redecodes(Source, Protocol):
    """A source that can decode again what it refused: once its points are mended, refused inputs become samples."""

    def decode_again(self, address: str, signal: str | None, payload: bytes, received: datetime) -> Delivery:
        """Give what a refused input is under the points that the source has now; nothing is opened, nobody asked.

        Args:
            address: as its refusal had it.
            signal: as its refusal had it: the point to decode it for; None: every point that it speaks of.
            payload: as its refusal had it, whole.
            received: when it arrived, UTC: the `received` of its samples, and their time where it has none of its own.

        Returns:
            Samples, and refusals for what is none even now, or was no input in the first place (a topic that the
            broker denies). No gaps, and nothing to settle.
        """


@runtime_checkable
class RestartedSource(Source, Protocol):
    """A source that can tell when its sender started, because a sender that crashes forgets a part of what it held."""

    @property
    def restarted(self) -> datetime | None:
        """When the sender started, UTC, no earlier than it did; None: nobody knows.

        Asked after `connect` has succeeded. What `resumes` promises does not hold for an outage that began before.
        """


Points = Sequence[Point[A_co]]
"""The points of one source, in the order of the line file; never empty."""
