"""One connection to the spool's SQLite database: opening, transactions, and SQLite's errors in words for a person."""

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NoReturn

from collector.spool.contract import SpoolDamagedError, SpoolError, SpoolFullError
from collector.spool.tables import APPLICATION, CREATED, FORMAT, PAGE

RESERVE: Final = 16 * 2**20
"""Bytes of disk that appends leave free, so that cursors can still move and the spool can be emptied."""

BUSY: Final = 30.0
"""Seconds to wait for another process's transaction; its transactions take milliseconds."""

CHECKPOINT: Final = 16 * 2**20
"""Bytes of the write-ahead log after which it is carried into the file; entries dropped by then are not carried."""

_FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE})
_FORBIDDEN: Final = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM})
# SQLITE_ERROR is what our own statements get when the table of tables is damaged.
_BROKEN: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})


class Database:
    """One connection; used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make an empty one; raises SpoolError."""
        self.path = path
        with self.explaining():
            _make_folder(path.parent)
            self.connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
            # Text with a flipped bit is still read: what it belongs to has a checksum.
            self.connection.text_factory = lambda text: text.decode(errors="surrogateescape")
        try:
            with self.explaining():
                self.format = self._prepared()
                self.inode = path.stat().st_ino
        except BaseException:
            self.connection.close()
            raise

    def close(self) -> None:
        """Close the connection; the last one to close empties the write-ahead log into the file."""
        self.connection.close()

    def execute(self, query: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one statement."""
        return self.connection.execute(query, values)

    def space(self) -> int:
        """Give the bytes that can be appended before the disk is too full: what is free in the file and beside it."""
        (pages,) = self.execute("PRAGMA freelist_count").fetchone()
        return shutil.disk_usage(self.path.parent).free + int(pages) * PAGE - RESERVE

    def disk_full(self) -> SpoolFullError:
        """Give the error of a disk that has no room."""
        return SpoolFullError(f"the disk of the spool {self.path} is full: make room on it, or move `spool: path:`")

    @contextmanager
    def transaction(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """Do all that the block does, or nothing; on disk when the block is left. Raises SpoolError."""
        with self.explaining():
            self.execute(f"BEGIN {kind}")
            try:
                yield
                self.execute("COMMIT")
            finally:
                # SQLite has rolled back by itself after some errors, such as a full disk.
                if self.connection.in_transaction:
                    self.execute("ROLLBACK")

    @contextmanager
    def explaining(self) -> Iterator[None]:
        """Say in words for a person what SQLite or the system says in codes."""
        try:
            yield
        except sqlite3.Error as error:
            raise self._explained(error) from error
        except MemoryError as error:
            msg = f"there is no memory left for the spool {self.path}; give this machine more"
            raise SpoolError(msg) from error
        except OSError as error:
            msg = f"the spool {self.path} cannot be made ({error}); set `spool: path:` to a place that can be written"
            raise SpoolError(msg) from error

    def give_up(self, why: str) -> NoReturn:
        """Raise the error of a file that is not what was written."""
        raise self._damaged(why)

    def _damaged(self, why: object) -> SpoolDamagedError:
        return SpoolDamagedError(
            f"the spool {self.path} is damaged ({why}); the collector saves what can be read of it when it starts, and"
            " `parkline spool repair` does it by hand"
        )

    def _explained(self, error: sqlite3.Error) -> SpoolError:
        code = getattr(error, "sqlite_errorcode", 0)
        if code in _FULL:
            return self.disk_full()
        if code & 0xFF in _BROKEN:
            return self._damaged(error)
        if code & 0xFF in _FORBIDDEN:
            what = "cannot be written; let the user of this process write the file and its folder"
        elif code & 0xFF == sqlite3.SQLITE_BUSY:
            what = f"is locked for more than {BUSY:g} s; find the process that holds it"
        else:
            what = "cannot be used; check its disk"
        return SpoolError(f"the spool {self.path} {what} ({error})")

    def _prepared(self) -> int:
        """Do as `_prepare`, again while another process makes the file: SQLite does not wait to change to its log."""
        until = time.monotonic() + BUSY
        while True:
            try:
                return self._prepare()
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise
                time.sleep(0.01)

    def _prepare(self) -> int:
        """Set the connection up; give the format of its tables, 0 where there are none yet."""
        version = self._format()
        self.execute(f"PRAGMA page_size = {PAGE}")
        (mode,) = self.execute("PRAGMA journal_mode = WAL").fetchone()
        if mode != "wal":
            msg = f"the file system of the spool {self.path} cannot share memory; put it on a local disk"
            raise SpoolError(msg)
        self.execute("PRAGMA synchronous = FULL")
        self.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT // PAGE}")
        return version

    def _format(self) -> int:
        """Tell the format by the tables that are there: what the header says of it is one flipped bit away."""
        tables = dict(self.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())
        if not tables:
            return 0
        # After the tables: another process may make them now, and it marks the file in the same transaction.
        (application,) = self.execute("PRAGMA application_id").fetchone()
        (version,) = self.execute("PRAGMA user_version").fetchone()
        ours = {name: sql.strip() for name, sql in CREATED.items()}
        if {name: sql for name, sql in tables.items() if name in ours} == ours:
            if (application, version) != (APPLICATION, FORMAT):
                self.give_up("its header is not what was written")
            return FORMAT
        if application == APPLICATION and version > FORMAT:
            msg = f"the spool {self.path} was made by a newer parkline (format {version}); install that one again"
            raise SpoolError(msg)
        if {"state", "entries", "cursors", "damaged"} <= tables.keys():
            if (application, version) != (APPLICATION, 1):
                self.give_up("its header is not what was written")
            return 1
        msg = f"{self.path} is a database of something else; set `spool: path:` to a file of its own"
        raise SpoolError(msg)


def _make_folder(folder: Path) -> None:
    """Make a folder that is still there after a power cut."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make durable what a folder says is in it."""
    if os.name != "posix":
        return
    entry = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(entry)
    finally:
        os.close(entry)
