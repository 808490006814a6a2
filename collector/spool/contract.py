"""What every spool promises.

    append(samples) ──► durable ──► read(after) … commit(consumer, position)

- `append` returns after the samples are on disk and will be there after a power cut. It gives the position
  of the new entry; positions grow and are never used twice.
- Entries are read back whole, in order, by any number of consumers in any process, each with a cursor of its own.
- An entry is dropped only when every required consumer has passed it, and every other consumer has passed it,
  or it is older than `keep`, or a new entry needs its room: collecting does not wait for an optional reader.
- When the spool holds `limit` bytes, its oldest entry that the required consumers have not passed is older than `age`,
  or the disk is full, `append` raises `SpoolFullError`: the caller keeps the batch, and holds back its sender until
  there is room. Only where a person chose `drop_oldest` are the oldest entries dropped instead.
- What was dropped unread by a required consumer, or cannot be read back, is a `Loss`. It is noted in the transaction
  that drops it, and stays until `forget`: who carries losses into the gap ledger does so at least once.
- The identity of the spool (`log`) is made with it and never changes.

`tests/conformance/spool.py` holds each promise as a test.
"""

from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Literal, Protocol, Self, TypeAlias

import polars as pl

STORE = "store"
"""The consumer that feeds the store; the one required consumer."""

WhenFull: TypeAlias = Literal["hold", "drop_oldest"]
"""What an append does that has no room: `hold` refuses it, `drop_oldest` drops the oldest entries, told as a loss."""

LossKind: TypeAlias = Literal["dropped", "damaged"]
"""How samples were lost: `dropped` to make room, as a person chose, or `damaged` by the disk."""


class SpoolError(Exception):
    """The spool cannot do its work; the text names the file and says what to do."""


class SpoolDamagedError(SpoolError):
    """Its file is not what was written: a salvage reads what can be read into a new one."""


class SpoolFullError(SpoolError):
    """No room: the limit is reached, or the disk is full.

    Room comes when the store takes batches, or a person makes it.
    """


@dataclass(frozen=True, slots=True)
class Chunk:
    """Entries read together."""

    samples: pl.DataFrame
    """Columns of `adapters.sample.SAMPLES`, in the order they were appended; empty when there was nothing to read."""

    upto: int
    """Position after the last entry read: what to commit once they are dealt with."""

    missed: bool = False
    """Whether entries after the asked position are gone: dropped unread (the consumer was too slow), or damaged."""


@dataclass(frozen=True, slots=True)
class Loss:
    """Samples of one source that were on disk and are no longer."""

    id: int
    """Number in this spool; grows, and is never used twice."""

    source: str
    """Name of the source they came from; empty: it can no longer be told, it may be any."""

    start: datetime
    """Least time of the samples, UTC."""

    end: datetime
    """Greatest time of the samples, UTC."""

    samples: int
    """How many there were; 0 where nobody can tell any more."""

    kind: LossKind
    """Whether they were dropped or damaged."""

    reason: str
    """What happened, in words for a person."""


class Spool(Protocol):
    """One durable log."""

    @property
    def log(self) -> str:
        """Identity of this spool, stable for its life."""

    async def __aenter__(self) -> Self:
        """Open it, recover it, make it where it is not there; raises SpoolError."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Finish the appends under way and close it."""

    async def append(self, samples: pl.DataFrame, source: str) -> int:
        """Make a batch of one source durable; give the position after it.

        Raises:
            SpoolFullError: there is no room now; append the same batch again later.
            SpoolError: the disk refuses (read-only, broken).
        """

    async def read(self, after: int, rows: int) -> Chunk:
        """Give the entries after position `after`, whole, until at least `rows` rows are read or none are left.

        Entries that turn out to be damaged count as read: then there may be fewer rows, and `missed` says so.
        """

    async def cursor(self, consumer: str) -> int:
        """Give a consumer's committed position; 0 for one never heard of."""

    async def commit(self, consumer: str, position: int) -> None:
        """Remember that `consumer` has dealt with everything up to `position`; never goes back.

        A position beyond the newest entry, of a store that remembers what a disk has lost, is not given again.
        """

    async def losses(self) -> list[Loss]:
        """Give the losses that are not yet forgotten, by id."""

    async def forget(self, upto: int) -> None:
        """Forget the losses with ids up to `upto`: they stand in the gap ledger."""

    async def grown(self, after: int, patience: float) -> bool:
        """Wait until there is an entry after `after`, for `patience` seconds at most; tell whether there is."""

    async def end(self) -> int:
        """Give the position after the newest entry."""

    async def size(self) -> int:
        """Give the bytes of samples it holds."""
