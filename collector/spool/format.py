"""Makes the tables of a new spool, and brings those of an older parkline to this format.

Format 1 had no sources, no times and no checksum of what stands beside a body. Its tables are renamed in one
transaction; then its entries are moved, some at a time: each is read, and its times are taken from it. A process that
dies meanwhile leaves the rest to the next, and one that cannot be read is set aside and told, as any other.
"""

import time
import uuid
from dataclasses import replace
from typing import Final

import structlog

from collector.spool import rows
from collector.spool.database import Database
from collector.spool.entry import DamagedError, checksum, decode, span
from collector.spool.tables import APPLICATION, CREATED, FORMAT, Header, State

STEP: Final = 8 * 2**20
"""Bytes of bodies that are moved in one transaction."""

_OLD: Final = ("state", "entries", "cursors", "damaged")

_log = structlog.get_logger(__name__)


def prepare(database: Database) -> None:
    """Make the tables, or bring them to this format; raises SpoolError."""
    if database.format == 0:
        create(database, uuid.uuid4().hex)
    elif database.format == 1:
        _begin(database)
    if _exists(database, "old_entries"):
        _log.info("spool of an older format", path=str(database.path), format=1)
        while _move(database):
            pass


def create(database: Database, log: str) -> None:
    """Make the tables of a spool with that identity, unless another process has made them meanwhile."""
    with database.transaction():
        if _exists(database, "state"):
            return
        _tables(database)
        now = time.time_ns() // 1000
        rows.write_state(database, State(log, 0, 0, 0, 0, now, now))


def _tables(database: Database) -> None:
    for statement in CREATED.values():
        database.execute(statement.strip())
    database.execute(f"PRAGMA application_id = {APPLICATION}")
    database.execute(f"PRAGMA user_version = {FORMAT}")


def _begin(database: Database) -> None:
    with database.transaction():
        if _exists(database, "old_entries") or not _exists(database, "entries"):
            return
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version != 1:
            return
        for name in _OLD:
            database.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
        _tables(database)
        log, held, end, dropped = database.execute("SELECT log, bytes, end, dropped FROM old_state").fetchone()
        (latest,) = database.execute("SELECT coalesce(max(appended), 0) FROM old_entries").fetchone()
        now = time.time_ns() // 1000
        rows.write_state(database, State(log, held, end, dropped, 0, max(now, latest), now))
        for consumer, position in database.execute("SELECT consumer, position FROM old_cursors").fetchall():
            rows.write_cursor(database, consumer, position)
        for (position,) in database.execute("SELECT position FROM old_damaged").fetchall():
            rows.add_hole(database, position, position, "it was damaged before format 2")
        for name in ("state", "cursors", "damaged"):
            database.execute(f"DROP TABLE old_{name}")


def _move(database: Database) -> bool:
    """Move some entries of format 1; tell whether there may be more."""
    with database.transaction():
        if not _exists(database, "old_entries"):
            return False
        state = rows.read_state(database)
        moved, size = 0, 0
        query = "SELECT position, rows, bytes, appended, checksum, body FROM old_entries ORDER BY position"
        damaged: list[int] = []
        for position, count, held, appended, crc, body in database.execute(query):
            moved, size = position, size + held
            try:
                start, stop = span(decode(body, crc))
            except DamagedError:
                damaged.append(position)
                state = replace(state, bytes=state.bytes - held)
                rows.add_hole(database, position, position, "it was damaged before format 2")
            else:
                header = Header(position, count, held, "", start, stop, appended, checksum(body))
                rows.insert_entry(database, header, body)
            if size >= STEP:
                break
        for position in damaged:
            lost = rows.neighbours(database, position)
            state = rows.note(database, state, [lost], "damaged", f"entry {position} of the spool cannot be read")
        rows.write_state(database, state)
        if not moved:
            database.execute("DROP TABLE old_entries")
            return False
        database.execute("DELETE FROM old_entries WHERE position <= ?", (moved,))
        return True


def _exists(database: Database, table: str) -> bool:
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?"
    return bool(database.execute(query, (table,)).fetchone()[0])
