"""The drain: from the spool to the store.

    spool.read ─► store.write ─► what it will never take: dead letters, gaps ─► cursor commit

It collects for a moment, or until a batch is full, and writes. While a full batch is written the next one is read, and
a store that can works ahead on it (`Prepares`), so that a drain that is behind keeps the store busy; more than these
two it never holds. Batches are written one by one, in the order of the spool, and the cursor moves when a batch is in
the store and its dead letters are in the records.

A store that is away is asked again with growing waits, or when it says so; one that refuses is asked every half minute,
and a person is told. Samples wait in the spool. A drain that dies between a write and its commit writes again what
follows its cursor, perhaps in other batches: a store that overwrites is left as after once, and one that appends tells
how far it came (`written`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from random import Random
from typing import Final, TypeVar

import polars as pl
import sqlalchemy as sa
import structlog

from adapters.stores.contract import Position, Prepares, Store, StoreError, StoreRefusedError, StoreUnavailableError
from collector.backoff import Backoff
from collector.clock import Clock, sleep_unless
from collector.deadletters import Bounds, write_dead_letters
from collector.drains import DrainState, write_drain
from collector.letter import refused_samples
from collector.lettergaps import withdraw_refused
from collector.records import Records, RecordsError
from collector.rejections import add_rejections
from collector.settings import StoreSettings
from collector.spool.contract import STORE, Chunk, Spool, SpoolError

T = TypeVar("T")

FIRST_WAIT: Final = 0.5
"""Seconds at most before a store that was away is asked again for the first time."""

LONGEST_WAIT: Final = 30.0
"""Seconds at most between two tries."""

REFUSED_WAIT: Final = 30.0
"""Seconds between two tries of a store that refuses."""

LOOK: Final = 0.5
"""Seconds between two looks whether it is to finish, while nothing comes."""

NOTED: Final = timedelta(seconds=1)
"""How often its row in the records is written while it works."""

MAINTAINED: Final = timedelta(minutes=5)
"""How often the store is asked to do its housekeeping."""

_log = structlog.get_logger(__name__)


class _LeftError(Exception):
    """The drain was told to leave, and something does not take what it is given."""


class Drain:
    """Feeds one store from one spool."""

    def __init__(
        self,
        spool: Spool,
        store: Store,
        records: Records,
        *,
        settings: StoreSettings,
        sources: Mapping[str, str],
        dead_letters: Bounds,
        clock: Clock,
        random: Random,
        noted: bool = True,
    ) -> None:
        """Prepare.

        Args:
            spool: an open spool.
            store: the store to feed; not yet open for `run`, open for `pump`.
            records: open records, for dead letters and the drain's row.
            settings: how much is written at once, and how long is collected.
            sources: signal path to its source's name, for dead letters.
            dead_letters: how many are kept.
            clock: what to wait by.
            random: what to draw waits from.
            noted: whether it writes its row in the records.
        """
        self._spool = spool
        self._store = store
        self._records = records
        self._settings = settings
        self._sources = sources
        self._dead_letters = dead_letters
        self._clock = clock
        self._random = random
        self._waits = Backoff(FIRST_WAIT, LONGEST_WAIT, random)
        self._noted = noted
        self._finishing = asyncio.Event()
        self._leaving = asyncio.Event()
        now = clock.now()
        self._state = DrainState(STORE, store.name, "down", now, now - NOTED, 0, 0, "not open yet")
        self._maintained = now
        self._full = False
        self._unnoted = False
        self._log = _log.bind(store=store.name)
        self.stored = 0
        """Samples that the store has taken."""
        self.refused = 0
        """Samples that the store will never take: dead letters."""

    def finish(self) -> None:
        """Let it end as soon as the spool is empty."""
        self._finishing.set()

    def leave(self) -> None:
        """Let it end as soon as the spool is empty or the store does not take a batch: the rest stays in the spool."""
        self._finishing.set()
        self._leaving.set()

    async def run(self) -> None:
        """Open the store, feed it, close it; for ever, unless it is told to finish or to leave."""
        while True:
            try:
                async with self._store:
                    await self.pump()
                    return
            except StoreError as error:
                await self._wait(error)
            except _LeftError:
                return
            except Exception as error:  # noqa: BLE001 - a bulkhead: a defect in a store's adapter must not stop the intake
                self._log.exception("store defect", again_in=REFUSED_WAIT)
                await self._change("refused", f"defect of its adapter: {error!r}; report it, with the log")
                await sleep_unless(self._clock, REFUSED_WAIT, self._leaving)
            if self._leaving.is_set():
                return

    async def pump(self) -> None:
        """Feed the open store; for ever, or until the spool is empty once it has been told to finish."""
        position = await self._insist(lambda: self._spool.cursor(STORE))
        self._state = replace(self._state, position=position)
        written = await self._asking(lambda: self._store.written(self._spool.log))
        if written is not None and written > position:
            position = written
            await self._insist(lambda: self._spool.commit(STORE, written))
        self._state = replace(self._state, position=position)
        await self._change("up", "")
        ahead: asyncio.Task[Chunk] | None = None
        try:
            while (chunk := await (ahead or self._next(position))) is not None:
                position = chunk.upto
                ahead = asyncio.create_task(self._read_ahead(position), name="drain ahead") if self._full else None
                await self._write(chunk)
                self._state = replace(self._state, position=position)
                await self._note()
                await self._maintain()
        finally:
            if ahead is not None:
                ahead.cancel()
                await asyncio.gather(ahead, return_exceptions=True)
        await self._note(now=True)

    async def _next(self, position: int) -> Chunk | None:
        """Collect; None when it is to finish and nothing is left."""
        while not await self._insist(lambda: self._spool.grown(position, 0 if self._finishing.is_set() else LOOK)):
            if self._finishing.is_set():
                return None
            await self._note()
            await self._maintain()
        if not self._full:
            await sleep_unless(self._clock, self._settings.flush.total_seconds(), self._finishing)
        return await self._read(position)

    async def _read(self, position: int) -> Chunk:
        chunk = await self._insist(lambda: self._spool.read(position, self._settings.batch))
        self._full = chunk.samples.height >= self._settings.batch
        return chunk

    async def _read_ahead(self, position: int) -> Chunk:
        """Read the next batch while one is written, and have the store work on it."""
        chunk = await self._read(position)
        if isinstance(self._store, Prepares) and not chunk.samples.is_empty():
            await self._store.prepare(chunk.samples)
        return chunk

    async def _write(self, chunk: Chunk) -> None:
        if chunk.missed:
            self._log.error("spool entries lost", after=self._state.position, upto=chunk.upto)
        if not chunk.samples.is_empty():
            place = Position(self._spool.log, chunk.upto)
            refused = await self._asking(lambda: self._store.write(chunk.samples, place))
            self.stored += chunk.samples.height - refused.height
            if not refused.is_empty():
                self.refused += refused.height
                letters = refused_samples(refused, chunk.samples).with_columns(self._source_of())
                await self._insist(lambda: self._records.run(partial(self._enter, letters)))
        if chunk.upto > self._state.position:
            await self._insist(lambda: self._spool.commit(STORE, chunk.upto))

    def _enter(self, letters: pl.DataFrame, connection: sa.Connection) -> None:
        write_dead_letters(connection, letters, bounds=self._dead_letters)
        add_rejections(connection, letters)
        withdraw_refused(connection, letters)

    def _source_of(self) -> pl.Expr:
        return pl.col("signal").replace_strict(self._sources, default="", return_dtype=pl.String).alias("source")

    async def _asking(self, work: Callable[[], Awaitable[T]]) -> T:
        """Ask the store until it has answered."""
        while True:
            try:
                answer = await work()
            except StoreError as error:
                await self._wait(error)
                if self._leaving.is_set():
                    raise _LeftError from error
                continue
            self._waits.reset()
            if self._state.state != "up":
                self._log.info("store up", position=self._state.position)
                await self._change("up", "")
            return answer

    async def _wait(self, error: StoreError) -> None:
        """Tell why the store does not take what it is given, and wait as long as makes sense."""
        if isinstance(error, StoreRefusedError):
            wait, state = REFUSED_WAIT, "refused"
        else:
            asked = error.retry_after if isinstance(error, StoreUnavailableError) else None
            wait, state = max(self._waits.next(), asked or 0.0), "down"
        log = self._log.error if state == "refused" else self._log.warning
        log(
            "store refuses" if state == "refused" else "store unavailable", reason=error.reason, again_in=round(wait, 1)
        )
        await self._change(state, error.reason)
        await sleep_unless(self._clock, wait, self._leaving)

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what the spool or the records must do, again and again until it is done."""
        waits = Backoff(FIRST_WAIT, LONGEST_WAIT, self._random)
        while True:
            try:
                return await work()
            except (SpoolError, RecordsError) as error:
                self._log.error("drain held", reason=str(error))
                await sleep_unless(self._clock, waits.next(), self._leaving)
                if self._leaving.is_set():
                    raise _LeftError from error

    async def _maintain(self) -> None:
        if self._clock.now() - self._maintained < MAINTAINED:
            return
        self._maintained = self._clock.now()
        await self._asking(self._store.maintain)

    async def _change(self, state: str, problem: str) -> None:
        since = self._state.since if state == self._state.state else self._clock.now()
        self._state = replace(self._state, state=state, problem=problem, since=since)
        await self._note(now=True)

    async def _note(self, *, now: bool = False) -> None:
        """Write its row, unless it was written just now."""
        instant = self._clock.now()
        if not self._noted or not (now or instant - self._state.seen >= NOTED):
            return
        try:
            end = await self._spool.end()
            self._state = replace(self._state, seen=instant, end=end)
            await self._records.run(lambda connection: write_drain(connection, self._state))
        except (SpoolError, RecordsError) as error:
            if not self._unnoted:  # it is tried every second: once is enough
                self._log.warning("drain not noted", reason=str(error))
            self._unnoted = True
        else:
            self._unnoted = False
