"""The embedded spool: one SQLite database, shared by the processes of one machine.

**An entry** is a batch of one source: an Arrow IPC stream, compressed, whose schema stands in it (`entry`). So a spool
that was written under one configuration drains under the next, whatever signals there are by then, and any Arrow
library reads what `parkline spool export` or a person digs out. Beside it stand its position, its source, the least
and the greatest time of its samples, when it came, and checksums (`tables`): an entry that is dropped, or cannot be
read, still tells what gap it makes. The file's format has a number; older ones are brought to it when it is opened
(`format`), newer ones are refused.

**Invariants.**

- What `append` has returned for was synced: write-ahead log, `synchronous=FULL`. Syncs are dear and bytes are not, so
  one thread per process writes, and appends that wait together share a transaction, of so many rows, bytes or
  milliseconds at most (`writer`). When one of a group has no room, those after it get none either.
- Positions are given in the transaction that appends, one by one from 1, and never again. Every position up to the
  newest is an entry, is dropped, or is in a hole that was told. A cursor never goes back.
- An entry is read whole, by its checksum, or not at all.
- What is dropped before the required consumers have it, or cannot be read, is a loss, noted in the transaction that
  drops it. `collector.losses` carries it to the gap ledger before it is forgotten.

**Bounded** by bytes (`limit`), by age, and by the disk, whose last 16 MiB appends leave free. First what the store has
makes room, though slower consumers have not read it; then the append is refused, its sender is held back, and the text
says what to do; where a person chose `drop_oldest`, the oldest go instead (`dropping`). The file does not shrink: what
was dropped is used again.

**What may happen.**

- *A power cut, a killed process.* The end of the write-ahead log is torn: an unfinished transaction, that nobody was
  told of. SQLite leaves it out when the file is opened again.
- *A disk that loses what it had synced, a log that is deleted.* A second file, not synced, remembers what was appended
  (`witness`): what it knows and the spool does not is a loss, with source and times, and its positions are not given
  again. Where that is gone as well, a store that remembers a greater position takes it out of use (`commit`).
- *A flipped bit in an entry.* Its checksum differs: it is set aside in the table `damaged`, told, and those around it
  are read on. A flip beside the body alone loses nothing.
- *A flipped bit anywhere else,* in a page of SQLite's own, in what the spool says of itself, in a cursor, in the log.
  Rows that positions hang on have checksums, entries must follow each other, and SQLite checks its pages: the file is
  found damaged before anything wrong is believed. The collector then saves what can be read, page by page, into a new
  file of the same identity (`salvage`), when it starts or while it runs: a machine that nobody attends must go on. The
  damaged file stays beside it. Other processes wait, and take up the new one. `parkline spool repair` does the same by
  hand.
- *A full disk.* Appends are refused, with what to do. Cursors still move: a commit without room lets go the file that
  was kept for this day (`ballast`), so that the store empties the spool.
- *A read-only disk, a file of somebody else's, a folder that cannot be made.* Refused, with what to do.
- *A clock that is set.* Ages are told by a clock of the spool's own, which goes on with the machine's monotonic clock
  while a process lives, and never back (`ages`): only a clock that is set forward while nothing runs makes entries
  older.

**Shared.** Any process may read, and move cursors. Dropping is left to the process that feeds the required consumers,
and mending to the one that appends. A process that waits for entries is woken by its own appends at once, and finds
those of others every 100 ms. Readers never wait for the writer, nor it for them; two writers wait for each other for
milliseconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import polars as pl
import structlog

from adapters.sample import SAMPLES, no_samples
from collector.spool import salvage
from collector.spool.contract import STORE, Chunk, Loss, SpoolDamagedError, SpoolError, WhenFull
from collector.spool.entry import DamagedError, decode
from collector.spool.file import Bounds, SpoolFile, Stored
from collector.spool.writer import Append, Commit, Writer

T = TypeVar("T")

POLL: Final = 0.1
"""Seconds between two looks for what other processes appended."""

DECODERS: Final = 2
"""Threads that decode."""

AGE: Final = timedelta(days=36500)
"""For how long it keeps what is not passed when nobody says: for ever."""

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
        age: timedelta = AGE,
        when_full: WhenFull = "hold",
        required: Collection[str] = (STORE,),
        mends: bool = False,
    ) -> None:
        """Prepare; nothing is opened yet.

        Args:
            path: the file.
            limit: bytes of samples it may hold.
            linger: how long a commit waits for more batches to share its fsync.
            keep: how long entries that the required consumers have are kept for slower ones.
            age: how long entries are kept that the required consumers do not have.
            when_full: what an append does that has no room.
            required: consumers that an entry is not dropped before.
            mends: whether it saves what can be read when the file is damaged; for the one process that appends.
        """
        self._path = path
        self._bounds = Bounds(limit, int(age.total_seconds() * 1e6), when_full)
        self._linger = linger.total_seconds()
        self._keep = keep.total_seconds()
        self._required = tuple(required)
        self._mends = mends
        self._identity = ""
        self._grew = asyncio.Event()
        self._renewing = asyncio.Lock()
        self._open: _Open | None = None
        self._entered = False
        self._why: SpoolDamagedError | None = None

    @property
    def log(self) -> str:
        """Identity of this spool; empty before it is opened."""
        return self._identity

    async def __aenter__(self) -> Self:
        """Open it, recover it, make it where it is not there; raises SpoolError."""
        await self._begin()
        self._entered = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Finish the appends under way and close it."""
        del kind, error, trace
        async with self._renewing:
            self._entered = False
            opened, self._open = self._open, None
            if opened is not None:
                await asyncio.to_thread(opened.close)

    async def append(self, samples: pl.DataFrame, source: str) -> int:
        """Make a batch of one source durable; give the position after it. A batch without rows makes no entry.

        Raises:
            TypeError: the columns are not those of `adapters.sample.SAMPLES`.
            SpoolFullError: there is no room now; append the same batch again later.
            SpoolError: the disk refuses (read-only, broken).
        """
        if samples.is_empty():
            return await self.end()
        if samples.schema != SAMPLES:
            msg = f"a spool takes the columns of SAMPLES, not {samples.schema}"
            raise TypeError(msg)

        async def put(opened: _Open) -> int:
            done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
            opened.writer.put(Append(samples, source, done))
            return await done

        return await self._safely(put)

    async def read(self, after: int, rows: int) -> Chunk:
        """Give the entries after position `after`, whole, until at least `rows` rows are read or none are left."""
        return await self._reading(lambda opened: opened.read(after, rows))

    async def cursor(self, consumer: str) -> int:
        """Give a consumer's committed position; 0 for one never heard of."""
        return await self._reading(lambda opened: opened.reading.cursors().get(consumer, 0))

    async def commit(self, consumer: str, position: int) -> None:
        """Remember that `consumer` has dealt with everything up to `position`; never goes back."""

        async def put(opened: _Open) -> None:
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            opened.writer.put(Commit(consumer, position, done))
            await done

        await self._safely(put)

    async def losses(self) -> list[Loss]:
        """Give the losses that are not yet forgotten, by id."""
        return await self._reading(lambda opened: opened.reading.losses())

    async def forget(self, upto: int) -> None:
        """Forget the losses with ids up to `upto`: they stand in the gap ledger."""
        await self._reading(lambda opened: opened.reading.forget(upto))

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
        return (await self._reading(lambda opened: opened.reading.state())).end

    async def size(self) -> int:
        """Give the bytes of samples it holds."""
        return (await self._reading(lambda opened: opened.reading.state())).bytes

    def _opened(self) -> "_Open":
        if self._open is None:
            msg = f"the spool {self._path} is not open; enter its block first"
            raise SpoolError(msg)
        return self._open

    async def _reading(self, work: "Callable[[_Open], T]") -> T:
        """Do what one of the file's connections does, in the thread that reads."""

        async def do(opened: _Open) -> T:
            return await asyncio.get_running_loop().run_in_executor(opened.readers, work, opened)

        return await self._safely(do)

    async def _safely(self, work: "Callable[[_Open], Awaitable[T]]") -> T:
        """Do it; where the file turns out to be damaged, mend that and do it again."""
        if self._renewing.locked() or self._replaced() or self._open is None:
            await self._renew(self._open, None)
        opened = self._opened()
        try:
            return await work(opened)
        except SpoolDamagedError as error:
            if not self._mends:
                raise
            await self._renew(opened, error)
            return await work(self._opened())

    def _replaced(self) -> bool:
        """Tell whether another process has put another file in the place of the open one."""
        try:
            return self._open is not None and self._path.stat().st_ino != self._open.reading.inode
        except OSError:
            return False  # what is open can still be used

    async def _renew(self, opened: "_Open | None", error: SpoolDamagedError | None) -> None:
        """Open it anew, unless that has been done; where it is damaged, after it is saved."""
        async with self._renewing:
            if self._open is not opened or not self._entered:
                return
            if opened is not None:
                if error is None and not self._replaced():
                    return
                if error is not None:
                    _log.error("spool damaged", path=str(self._path), reason=str(error))
                    await asyncio.to_thread(salvage.keep_log, self._path)
                # Should it not be opened again now, the next who wants it tries.
                self._open, self._why = None, error
                await asyncio.to_thread(opened.close)
            await self._begin(self._why)

    async def _begin(self, error: SpoolDamagedError | None = None) -> None:
        writing, reading = await asyncio.to_thread(self._files, error)
        self._why = None
        writer = Writer(
            writing,
            bounds=self._bounds,
            linger=self._linger,
            keep=self._keep,
            required=self._required,
            appended=self._wake,
        )
        self._open = _Open(writing, reading, writer)
        self._identity = self._open.log
        writer.start()

    def _files(self, error: SpoolDamagedError | None) -> tuple[SpoolFile, SpoolFile]:
        """Open the two connections; where this one mends, after what is damaged has been saved."""
        writing = self._file(error)
        try:
            return writing, SpoolFile(self._path, required=self._required)
        except BaseException:
            writing.close()
            raise

    def _file(self, error: SpoolDamagedError | None) -> SpoolFile:
        if not self._mends:
            return SpoolFile(self._path, required=self._required)
        try:
            file = salvage.mended(self._path, self._required, error, log=self._identity if error else "")
            file.take_ballast()
        except OSError as problem:
            msg = f"the damaged spool {self._path} cannot be saved ({problem}): make room on its disk, or mend the disk"
            raise SpoolError(msg) from problem
        return file

    def _wake(self) -> None:
        self._grew.set()
        self._grew = asyncio.Event()


class _Open:
    """What an open spool holds: a connection that writes, one that reads, and threads."""

    def __init__(self, writing: SpoolFile, reading: SpoolFile, writer: Writer) -> None:
        self.reading = reading
        self.writer = writer
        self.readers = ThreadPoolExecutor(1, "spool reader")
        self.log = reading.state().log
        self._decoders = ThreadPoolExecutor(DECODERS, "spool decoder")
        self._writing = writing

    def close(self) -> None:
        self.writer.close()
        self.readers.shutdown(wait=True)
        self._decoders.shutdown(wait=True)
        self.reading.close()
        self._writing.close()

    def read(self, after: int, rows: int) -> Chunk:
        """Read and decode entries; what cannot be decoded is set aside."""
        entries, upto = self.reading.read(after, rows)
        missed = upto - after > len(entries)
        frames = [no_samples()]
        for entry, decoded in zip(entries, self._decoders.map(_decoded, entries), strict=True):
            if isinstance(decoded, pl.DataFrame):
                frames.append(decoded)
                continue
            missed = True
            source = "" if entry.header is None else entry.header.source
            _log.error("spool entry damaged", position=entry.position, source=source, reason=str(decoded))
            self.reading.set_aside(entry.position, str(decoded))
        return Chunk(pl.concat(frames, rechunk=True), upto, missed)


def _decoded(entry: Stored) -> pl.DataFrame | DamagedError:
    try:
        return decode(entry.body, entry.body_crc)
    except DamagedError as error:
        return error
