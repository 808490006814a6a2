"""The spool's database file: its tables, and what is done to them in one thread, by one connection.

    state     one row: identity, bytes held, position of the newest entry, position up to which entries are dropped
    entries   position, rows, bytes, appended (µs since 1970), checksum, body (`collector.spool.entry`)
    cursors   consumer, position
    damaged   entries that could not be read back: as `entries`, and why

`collector.spool.sqlite` tells the design; this module holds its SQL and turns SQLite's errors into texts.
"""

import os
import shutil
import sqlite3
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.spool.contract import SpoolError, SpoolFullError
from collector.spool.entry import checksum

APPLICATION: Final = 0x70_6B_6C_6E
"""SQLite's application_id of a spool, `pkln`."""

FORMAT: Final = 1
"""Version of the tables; SQLite's user_version."""

RESERVE: Final = 16 * 2**20
"""Bytes of disk that appends leave free, so that cursors can still move and the spool can be emptied."""

BUSY: Final = 30.0
"""Seconds to wait for another process's transaction; its transactions take milliseconds."""

_PAGE: Final = 8192
_CHECKPOINT: Final = 8 * 2**20
_TRIM_ENTRIES: Final = 256
_TRIM_BYTES: Final = 8 * 2**20

_ENTRY: Final = """
    position INTEGER PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, appended INTEGER NOT NULL,
    checksum INTEGER NOT NULL, body BLOB NOT NULL
"""

_TABLES: Final = (
    """
    CREATE TABLE state (
        one INTEGER PRIMARY KEY CHECK (one = 1), log TEXT NOT NULL, bytes INTEGER NOT NULL, end INTEGER NOT NULL,
        dropped INTEGER NOT NULL
    )
    """,
    f"CREATE TABLE entries ({_ENTRY})",
    "CREATE TABLE cursors (consumer TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID",
    f"CREATE TABLE damaged ({_ENTRY}, reason TEXT NOT NULL)",
)

_DISK_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_FORBIDDEN: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


@dataclass(frozen=True, slots=True)
class Blob:
    """One entry to append."""

    rows: int
    """How many samples it holds."""

    body: bytes
    """Its bytes."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One entry read back."""

    position: int
    """Where it stands."""

    rows: int
    """How many samples it holds."""

    checksum: int
    """CRC-32 of `body` when it was written."""

    body: bytes
    """Its bytes, as the disk gave them."""


@dataclass(frozen=True, slots=True)
class State:
    """What the whole spool says of itself."""

    log: str
    """Identity, made with the file."""

    bytes: int
    """Bytes of the entries it holds."""

    end: int
    """Position of the newest entry ever appended; 0 before the first."""

    dropped: int
    """Position up to which entries are dropped."""


class SpoolFile:
    """One connection to one spool; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._explaining():
            _make_folder(path.parent)
            self._connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        try:
            with self._explaining():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection; the last one to close empties the write-ahead log into the file."""
        self._connection.close()

    def state(self) -> State:
        """Read what the spool says of itself."""
        with self._explaining():
            return self._state()

    def cursor(self, consumer: str) -> int:
        """Read a consumer's position; 0 for one never heard of."""
        with self._explaining():
            query = "SELECT position FROM cursors WHERE consumer = ?"
            row = self._connection.execute(query, (consumer,)).fetchone()
            return 0 if row is None else int(row[0])

    def read(self, after: int, rows: int) -> tuple[list[Stored], State]:
        """Read the entries after `after` until they hold `rows` samples, with the state of the same instant."""
        entries: list[Stored] = []
        with self._explaining(), self._transaction("DEFERRED"):
            state = self._state()
            query = "SELECT position, rows, checksum, body FROM entries WHERE position > ? ORDER BY position"
            for row in self._connection.execute(query, (after,)):
                entries.append(Stored(*row))
                rows -= entries[-1].rows
                if rows <= 0:
                    break
        return entries, state

    def advance(self, cursors: Mapping[str, int], *, required: Collection[str], before: int) -> bool:
        """Move `cursors` on and drop some of what nobody needs, in one transaction; tell whether there is more to drop.

        An entry is dropped when the `required` consumers have passed it, and all others have or it was appended before
        `before` (µs since 1970).
        """
        with self._explaining(), self._transaction():
            self._connection.executemany(
                "INSERT INTO cursors VALUES (?, ?) ON CONFLICT (consumer) DO UPDATE SET position = excluded.position"
                " WHERE excluded.position > cursors.position",
                cursors.items(),
            )
            return self._trim(required, before)

    def append(self, blobs: Sequence[Blob], *, now: int, limit: int) -> list[int | SpoolFullError]:
        """Append in one transaction, on disk when this returns.

        Gives each blob's position, or why it has no room: one that would make the spool hold more than `limit` bytes,
        and all after it, so that order is kept. An empty spool takes a blob of any size.
        """
        with self._explaining(), self._transaction():
            state = self._state()
            held, end = state.bytes, state.end
            space = self._space()
            results: list[int | SpoolFullError] = []
            full: SpoolFullError | None = None
            for blob in blobs:
                size = len(blob.body)
                full = full or self._no_room(held, size, limit, space)
                if full is not None:
                    results.append(full)
                    continue
                held, end, space = held + size, end + 1, space - size
                self._connection.execute(
                    "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?)",
                    (end, blob.rows, size, now, checksum(blob.body), blob.body),
                )
                results.append(end)
            self._connection.execute("UPDATE state SET bytes = ?, end = ?", (held, end))
        return results

    def set_aside(self, position: int, reason: str) -> None:
        """Move an entry that cannot be read to the damaged ones."""
        with self._explaining(), self._transaction():
            self._connection.execute(
                "INSERT OR IGNORE INTO damaged SELECT *, ? FROM entries WHERE position = ?", (reason, position)
            )
            self._connection.execute(
                "UPDATE state SET bytes = bytes - (SELECT coalesce(sum(bytes), 0) FROM entries WHERE position = ?)",
                (position,),
            )
            self._connection.execute("DELETE FROM entries WHERE position = ?", (position,))

    def _state(self) -> State:
        row = self._connection.execute("SELECT log, bytes, end, dropped FROM state").fetchone()
        return State(*row)

    def _trim(self, required: Collection[str], before: int) -> bool:
        """Drop old entries that nobody needs, few enough not to hold up an append; tell whether there are more."""
        cursors = dict(self._connection.execute("SELECT consumer, position FROM cursors").fetchall())
        needed = min(cursors.get(consumer, 0) for consumer in required)
        wanted = min(cursors.values(), default=0)
        query = "SELECT position, bytes, appended FROM entries WHERE position <= ? ORDER BY position LIMIT ?"
        upto = freed = count = 0
        for position, size, appended in self._connection.execute(query, (needed, _TRIM_ENTRIES)):
            if position > wanted and appended >= before:
                count = 0
                break
            upto, freed, count = position, freed + size, count + 1
            if freed >= _TRIM_BYTES:
                break
        if upto:
            self._connection.execute("DELETE FROM entries WHERE position <= ?", (upto,))
            self._connection.execute("UPDATE state SET bytes = bytes - ?, dropped = ?", (freed, upto))
        return count == _TRIM_ENTRIES or freed >= _TRIM_BYTES

    def _space(self) -> int:
        """Give the bytes that can be appended before the disk is too full: what is free in the file and beside it."""
        (pages,) = self._connection.execute("PRAGMA freelist_count").fetchone()
        (size,) = self._connection.execute("PRAGMA page_size").fetchone()
        return shutil.disk_usage(self._path.parent).free + int(pages) * int(size) - RESERVE

    def _no_room(self, held: int, size: int, limit: int, space: int) -> SpoolFullError | None:
        if held and held + size > limit:
            return SpoolFullError(
                f"the spool {self._path} holds {held:,} of {limit:,} bytes: see why the store does not take them,"
                " or raise `spool: limit:` in parkline.yaml"
            )
        return self._disk_full() if size > space else None

    def _disk_full(self) -> SpoolFullError:
        return SpoolFullError(f"the disk of the spool {self._path} is full: make room on it, or move `spool: path:`")

    def _prepare(self) -> None:
        connection = self._connection
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != APPLICATION:
            msg = f"{self._path} is a database of something else; set `spool: path:` to a file of its own"
            raise SpoolError(msg)
        if version > FORMAT:
            msg = f"the spool {self._path} was made by a newer parkline (format {version}); install that one again"
            raise SpoolError(msg)
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            msg = f"the file system of the spool {self._path} cannot share memory; put it on a local disk"
            raise SpoolError(msg)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT // _PAGE}")
        if not tables:
            self._create()

    def _create(self) -> None:
        with self._transaction():
            # Another process may have made them meanwhile.
            (tables,) = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables:
                return
            for table in _TABLES:
                self._connection.execute(table)
            self._connection.execute("INSERT INTO state VALUES (1, ?, 0, 0, 0)", (uuid.uuid4().hex,))
            self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {FORMAT}")

    @contextmanager
    def _transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        self._connection.execute(f"BEGIN {kind}")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            # SQLite has rolled back by itself after some errors, such as a full disk.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        """Say in words for a person what SQLite or the system says in codes."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            if code in _DISK_FULL:
                raise self._disk_full() from error
            if code & 0xFF in _BROKEN:
                what = "is damaged; move it away (what can be read of it stays readable) and a new one is made"
            elif code & 0xFF in _FORBIDDEN:
                what = "cannot be written; let the user of this process write the file and its folder"
            elif code & 0xFF == sqlite3.SQLITE_BUSY:
                what = f"is locked for more than {BUSY:g} s; find the process that holds it"
            else:
                what = "cannot be used; check its disk"
            msg = f"the spool {self._path} {what} ({error})"
            raise SpoolError(msg) from error
        except MemoryError as error:
            msg = f"there is no memory left for the spool {self._path}; give this machine more"
            raise SpoolError(msg) from error
        except OSError as error:
            msg = f"the spool {self._path} cannot be made ({error}); set `spool: path:` to a place that can be written"
            raise SpoolError(msg) from error


def _make_folder(folder: Path) -> None:
    """Make a folder that is still there after a power cut."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    if os.name != "posix":
        return
    entry = os.open(folder.parent, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
