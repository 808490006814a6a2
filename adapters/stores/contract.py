"""What every store promises.

    open() ──► write(samples, upto), …        the drain, one writer
           ──► samples(), last(), results()    readers, also in other processes
           ──► close()

- Writing is idempotent. The same batch written twice leaves the store as after once: a sample is keyed by
  (signal, time), and of two samples with one key the one written later counts.
- A write that returns is durable. One that raises may have stored a part; the drain writes the batch again.
- Rows that the store will never take come back as refusals, and all others of the batch are stored.
- `written(log)` tells a store that counts positions itself how far it came, so that a drain that died
  between the write and its cursor's commit does not append twice. Stores whose writes overwrite say None.
- A store that counts positions refuses no rows: after a drain died, nobody would ask again for what it refused.
- Readers get UTC, nothing twice, ordered by signal and time.
- Results (rows of `RESULTS`) are keyed by (path, period, start, kpi); the row computed last counts. Those that an older
  parkline stored have version 1, no reason and no note.
- `extent` tells what samples there are, so that they can be copied into another store.
- `buckets` sums a signal up where its samples rest, so that a year of it need not travel to be drawn.
- A store that a person can have set up (bucket, retention, mapping) is a `SetUp` besides.
- A store that can do a part of the work of the next batch while one is written is a `Prepares` besides.
- A store that can leave out samples that repeat, for less than it costs to give them, is a `TellsChanges` besides.

`tests/conformance/store.py` holds each promise as a test; both stores pass it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Protocol, Self, runtime_checkable

import polars as pl

from adapters.sample import INSTANT, REFUSALS, SAMPLES, ValueType

RESULTS: Final = pl.Schema(
    {
        "path": pl.String(),
        "period": pl.String(),
        "name": pl.String(),
        "start": pl.Datetime("us", "UTC"),
        "end": pl.Datetime("us", "UTC"),
        "kpi": pl.String(),
        "value": pl.Float64(),
        "coverage": pl.Float64(),
        "computed": pl.Datetime("us", "UTC"),
        "version": pl.Int64(),
        "reason": pl.String(),
        "note": pl.String(),
    }
)
"""One number about one window: `path` is `factory[/line[/equipment]]`, or the park's name for the whole
park; `period` is `hour`, `shift` or `day`; `name` the shift's name (empty for hours and days); [start, end)
the window in UTC; `kpi` a slug of the catalogue; `value` null where the number is not defined; `coverage`
the share of planned time with known state, 0 to 1 (null when nothing was planned); `computed` when, in UTC; `version`
the number of times the window has been told, from 1; `reason` why it was told again, empty for the first; `note` why
`value` is null or what is odd about it, empty where nothing is. The last three are never null."""

EXTENT: Final = pl.Schema({"signal": pl.String(), "first": INSTANT, "last": INSTANT})
"""One row per signal that has samples: its path, and the times of its first and its last one."""


REFUSED: Final = pl.Schema({**REFUSALS, "time": INSTANT})
"""What a store refuses: a row per sample, with its signal and its time; `source` and `address` are empty, `payload` is
how the store was given it."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far a batch reaches in the spool it was read from."""

    log: str
    """Identity of the spool, stable for its life."""

    upto: int
    """Position after the batch's last entry; positions grow."""


class StoreError(Exception):
    """A store did not do what it was asked; `store` names it and the text says what to do."""

    def __init__(self, store: str, reason: str) -> None:
        super().__init__(f"{store}: {reason}")
        self.store = store
        self.reason = reason

    def __reduce__(self) -> tuple[type[Self], tuple[str, str]]:
        """Let it travel between processes."""
        return type(self), (self.store, self.reason)


class StoreUnavailableError(StoreError):
    """No answer, or an answer that means later (429, 5xx). Trying again may help."""

    def __init__(self, store: str, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(store, reason)
        self.retry_after = retry_after
        """Seconds the store asked to wait; None where it did not say."""


class StoreRefusedError(StoreError):
    """The store forbids it (401, 403, unknown database or bucket). A person must act; samples stay in the spool."""


class Store(Protocol):
    """One place where samples and results rest."""

    @property
    def name(self) -> str:
        """What to call it in logs and errors: its kind and its folder or address, never a secret."""

    async def __aenter__(self) -> Self:
        """Open it.

        Raises:
            StoreUnavailableError: it does not answer.
            StoreRefusedError: it answers, and forbids.
        """

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close it within 5 s."""

    async def check(self) -> None:
        """Ask whether it would take a write now; raises as `write` does."""

    async def written(self, log: str) -> int | None:
        """Tell up to which position of the spool `log` it has stored; None where it keeps no such count."""

    async def write(self, samples: pl.DataFrame, position: Position) -> pl.DataFrame:
        """Store a batch (columns of `SAMPLES`) durably.

        Returns:
            The rows that it will never take: columns of `REFUSED`.

        Raises:
            StoreUnavailableError: try the same batch again, after `retry_after`.
            StoreRefusedError: a person must act first.
        """

    async def samples(self, signals: Collection[str], start: datetime, end: datetime) -> pl.LazyFrame:
        """Give the samples of `signals` with start <= time < end, columns of `SAMPLES`, by signal and time."""

    async def last(self, signals: Collection[str], before: datetime, *, since: datetime | None = None) -> pl.DataFrame:
        """Give each signal's last sample with time < before (at most one row each), columns of `SAMPLES`.

        With `since` only samples with time >= since are looked for: a signal that never reported has all that there is
        looked through.
        """

    async def buckets(
        self, signal: str, kind: ValueType, start: datetime, end: datetime, width: timedelta
    ) -> pl.DataFrame:
        """Sum up the samples of one signal with start <= time < end, bucket by bucket.

        Args:
            signal: its path.
            kind: which values: those that were stored as another type do not count.
            start: where the first bucket begins, UTC.
            end: where the last one ends, which may be shorter than the others, UTC.
            width: of a bucket, 1 µs or more.

        Returns:
            Columns of `adapters.stores.buckets.columns(kind)`, one row per bucket, also for those without samples, by
            start. No more is held in memory at once than the signal's samples of one day.
        """

    async def extent(self) -> pl.DataFrame:
        """Tell which signals have samples, and from when to when: columns of `EXTENT`, by signal."""

    async def count(self, start: datetime, end: datetime) -> int:
        """Tell how many samples have start <= time < end: never fewer, and more where some are not yet merged."""

    async def write_results(self, results: pl.DataFrame) -> None:
        """Store results (columns of `RESULTS`) durably; raises as `write` does."""

    async def results(
        self,
        *,
        start: datetime,
        end: datetime,
        paths: Collection[str] | None = None,
        periods: Sequence[str] | None = None,
        kpis: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Give the results whose windows begin in [start, end), columns of `RESULTS`, by path, period, start, kpi."""

    async def maintain(self) -> None:
        """Do the housekeeping it needs now and then (compaction); harmless at any time, may do nothing."""


@runtime_checkable
class Prepares(Protocol):
    """A store that can work ahead: while one batch travels, it encodes the next one."""

    async def prepare(self, samples: pl.DataFrame) -> None:
        """Do what writing this batch needs and needs no answer, beside `write` of the one before.

        `write` of the very same frame may follow, or not, or only after others: what was made ahead is kept for one
        batch, the last that was announced, and changes nothing of what is stored and refused.
        """


CHANGES: Final = pl.Schema({name: kind for name, kind in SAMPLES.items() if name != "received"})
"""Columns of samples without those that repeat."""


@runtime_checkable
class TellsChanges(Protocol):
    """A store that finds where samples differ while it reads them, and gives those alone."""

    async def changes(
        self, signals: Collection[str], start: datetime, end: datetime, whole: Sequence[tuple[datetime, datetime]] = ()
    ) -> pl.LazyFrame:
        """Give the samples of `signals` with start <= time < end that tell something, by signal and time.

        These are all samples that differ from the one before them of their signal in value or status, the last one
        before each of them, and the first and the last of all; within the intervals of `whole`, and first after them,
        every sample. It may be more, never less. Whoever looks at a sample, the one before it and the one after it
        alone so finds every change as it is among all samples.

        Returns:
            Columns of `CHANGES`.
        """


@runtime_checkable
class SetUp(Protocol):
    """A store whose place (bucket, database, retention, mapping) can be made and changed by a person's command."""

    async def set_up(self) -> list[str]:
        """Make what is missing and change what differs from the settings, before the store is opened.

        Returns:
            What was made, changed or found right, one line each for a person.

        Raises:
            StoreUnavailableError: it does not answer.
            StoreRefusedError: the credentials do not allow it; the text says which do.
        """
