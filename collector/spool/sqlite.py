"""The embedded spool: one SQLite database, shared by the processes of one machine.

**Durable.** Write-ahead log, `synchronous=FULL`: a transaction that has returned was synced to disk. Appends are
expensive in syncs, not in bytes, so one thread per process writes, and appends that wait together share one
transaction (`collector.spool.writer`). What a crash tears off is the end of the write-ahead log, an unfinished
transaction that nobody was told of; SQLite leaves it out when it opens the file again.

**In order.** Positions are given in the transaction that appends, one by one from 1, and never again. An entry is read
whole or not at all. When one append of a group has no room, those after it get none either.

**Bounded.** `limit` counts the bytes of entries. The file does not shrink: what was dropped is used again. The last
16 MiB of a disk are left free, so that cursors still move and the spool can be emptied when nothing else can be done.

**Whole.** Each entry has a checksum. One that cannot be read back is moved to the table `damaged`, logged, and reported
to whoever was reading as `missed`; the entries around it are read on.

**Shared.** Any process may read and move cursors. Dropping is left to the process that feeds the required consumers. A
process that waits for entries is woken by its own appends at once, and finds those of others every 100 ms.

Readers never wait for the writer, nor it for them; two writers wait for each other for milliseconds.
"""

import asyncio
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import polars as pl
import structlog

from adapters.sample import SAMPLES, no_samples
from collector.spool.contract import STORE, Chunk, Loss, SpoolError
from collector.spool.entry import DamagedError, decode
from collector.spool.file import SpoolFile
from collector.spool.writer import Append, Commit, Writer

T = TypeVar("T")

POLL: Final = 0.1
"""Seconds between two looks for what other processes appended."""

_log = structlog.get_logger(__name__)


class SqliteSpool:
    """A spool in a SQLite database; see `collector.spool.contract.Spool`."""

    def __init__(
        self,
        path: Path,
        *,
        limit: int,
        linger: timedelta,
        keep: timedelta,
        required: Collection[str] = (STORE,),
    ) -> None:
        self._path = path
        self._limit = limit
        self._linger = linger.total_seconds()
        self._keep = keep.total_seconds()
        self._required = tuple(required)
        self._identity = ""
        self._grew = asyncio.Event()
        self._open: _Open | None = None

    @property
    def log(self) -> str:
        """Identity of this spool; empty before it is opened."""
        return self._identity

    async def __aenter__(self) -> Self:
        """Open it, recover it, make it where it is not there; raises SpoolError."""
        writing = await asyncio.to_thread(SpoolFile, self._path)
        try:
            reading = await asyncio.to_thread(SpoolFile, self._path)
        except SpoolError:
            writing.close()
            raise
        writer = Writer(
            writing,
            limit=self._limit,
            linger=self._linger,
            keep=self._keep,
            required=self._required,
            appended=self._wake,
        )
        self._open = _Open(writing, reading, writer, ThreadPoolExecutor(1, "spool reader"))
        writer.start()
        self._identity = (await self._reading(reading.state)).log
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Finish the appends under way and close it."""
        del kind, error, trace
        opened, self._open = self._opened(), None
        await asyncio.to_thread(opened.close)

    async def append(self, samples: pl.DataFrame, source: str) -> int:
        """Make a batch of one source durable; give the position after it. A batch without rows makes no entry.

        Raises:
            TypeError: the columns are not those of `adapters.sample.SAMPLES`.
            SpoolFullError: there is no room now; append the same batch again later.
            SpoolError: the disk refuses (read-only, broken).
        """
        del source
        opened = self._opened()
        if samples.is_empty():
            return await self.end()
        if samples.schema != SAMPLES:
            msg = f"a spool takes the columns of SAMPLES, not {samples.schema}"
            raise TypeError(msg)
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        # Polars holds a frame's lock while it writes to a Python file, which needs the GIL: a caller that looks at the
        # same frame meanwhile would hold the one and wait for the other. A clone has the data and a lock of its own.
        opened.writer.put(Append(samples.clone(), done))
        return await done

    async def read(self, after: int, rows: int) -> Chunk:
        """Give the entries after position `after`, whole, until at least `rows` rows are read or none are left."""
        opened = self._opened()
        return await self._reading(lambda: _read(opened.reading, after, rows))

    async def cursor(self, consumer: str) -> int:
        """Give a consumer's committed position; 0 for one never heard of."""
        opened = self._opened()
        return await self._reading(lambda: opened.reading.cursor(consumer))

    async def commit(self, consumer: str, position: int) -> None:
        """Remember that `consumer` has dealt with everything up to `position`; never goes back."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._opened().writer.put(Commit(consumer, position, done))
        await done

    async def losses(self) -> list[Loss]:
        """Give the losses that are not yet forgotten, by id."""
        return []

    async def forget(self, upto: int) -> None:
        """Forget the losses with ids up to `upto`: they stand in the gap ledger."""

    async def grown(self, after: int, patience: float) -> bool:
        """Wait until there is an entry after `after`, for `patience` seconds at most; tell whether there is."""
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while True:
            grew = self._grew
            if await self.end() > after:
                return True
            wait = min(POLL, until - loop.time())
            if wait <= 0:
                return False
            try:
                async with asyncio.timeout(wait):
                    await grew.wait()
            except TimeoutError:
                continue

    async def end(self) -> int:
        """Give the position after the newest entry."""
        opened = self._opened()
        return (await self._reading(opened.reading.state)).end

    async def size(self) -> int:
        """Give the bytes of samples it holds."""
        opened = self._opened()
        return (await self._reading(opened.reading.state)).bytes

    def _opened(self) -> "_Open":
        if self._open is None:
            msg = f"the spool {self._path} is not open; enter its block first"
            raise SpoolError(msg)
        return self._open

    async def _reading(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._opened().readers, work)

    def _wake(self) -> None:
        self._grew.set()
        self._grew = asyncio.Event()


class _Open:
    """What an open spool holds: a connection that writes, one that reads, and a thread for each."""

    def __init__(self, writing: SpoolFile, reading: SpoolFile, writer: Writer, readers: ThreadPoolExecutor) -> None:
        self.reading = reading
        self.writer = writer
        self.readers = readers
        self._writing = writing

    def close(self) -> None:
        self.writer.close()
        self.readers.shutdown(wait=True)
        self.reading.close()
        self._writing.close()


def _read(file: SpoolFile, after: int, rows: int) -> Chunk:
    """Read and decode entries; what cannot be decoded is set aside."""
    entries, state = file.read(after, rows)
    to_the_end = sum(entry.rows for entry in entries) < rows
    upto = max(after, state.end) if to_the_end else entries[-1].position
    missed = upto - after > len(entries)
    frames = [no_samples()]
    for entry in entries:
        try:
            frames.append(decode(entry.body, entry.checksum))
        except DamagedError as error:
            missed = True
            _log.error("spool entry damaged", position=entry.position, rows=entry.rows, reason=str(error))
            file.set_aside(entry.position, str(error))
    return Chunk(pl.concat(frames, rechunk=True), upto, missed)
