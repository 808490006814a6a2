"""The tables of a spool's file, format 2, and how each row tells by itself whether it is whole.

    state     one row: identity, bytes held, position of the newest entry, position up to which entries are dropped,
              number of the newest loss, the spool's clock and the wall clock that goes with it (µs)
    entries   position, rows, bytes, source, least and greatest sample time (ns since 1970), appended (µs of the
              spool's clock), CRC-32 of the body, CRC-32 of all these, body (`collector.spool.entry`)
    cursors   consumer, position
    losses    what was dropped unread or cannot be read: as `collector.spool.contract.Loss`, times in µs since 1970
    holes     first and last position of entries that are gone, and why: each was told as a loss, or was not needed
    damaged   entries as they were found, for a person to look at

SQLite has no checksums of pages in its main file, so every row that matters ends in one of its own, `crc`: a bit that
a disk has flipped is never taken for a position or a cursor. Bodies stand last in their rows: what tells of an entry is
read from the page of the table itself, and survives when the pages of the body do not.
"""

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from collector.spool.contract import Loss, SpoolDamagedError

APPLICATION: Final = 0x70_6B_6C_6E
"""SQLite's application_id of a spool, `pkln`."""

FORMAT: Final = 2
"""Version of the tables; SQLite's user_version."""

PAGE: Final = 8192
"""Bytes in a page: a small commit writes three of them, and a body of 60 KB needs few."""

_ENTRY: Final = """
    position INTEGER PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, source TEXT NOT NULL,
    start INTEGER NOT NULL, stop INTEGER NOT NULL, appended INTEGER NOT NULL, body_crc INTEGER NOT NULL,
    crc INTEGER NOT NULL
"""

CREATED: Final = {
    "state": """
        CREATE TABLE state (
            one INTEGER PRIMARY KEY CHECK (one = 1), log TEXT NOT NULL, bytes INTEGER NOT NULL, end INTEGER NOT NULL,
            dropped INTEGER NOT NULL, lost INTEGER NOT NULL, clock INTEGER NOT NULL, wall INTEGER NOT NULL,
            crc INTEGER NOT NULL
        )""",
    "entries": f"CREATE TABLE entries ({_ENTRY}, body BLOB NOT NULL)",
    "cursors": "CREATE TABLE cursors (consumer TEXT PRIMARY KEY, position INTEGER NOT NULL, crc INTEGER NOT NULL)",
    "losses": """
        CREATE TABLE losses (
            id INTEGER PRIMARY KEY, source TEXT NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
            samples INTEGER NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, crc INTEGER NOT NULL
        )""",
    "holes": "CREATE TABLE holes (first INTEGER PRIMARY KEY, last INTEGER NOT NULL, reason TEXT NOT NULL)",
    "damaged": f"CREATE TABLE damaged ({_ENTRY}, reason TEXT NOT NULL, body BLOB NOT NULL)",
}
"""The tables by name, and what makes each."""

STATE: Final = "log, bytes, end, dropped, lost, clock, wall, crc"
"""The columns of a `State`."""

HEADER: Final = "position, rows, bytes, source, start, stop, appended, body_crc, crc"
"""The columns of a `Header`."""

LOSS: Final = "id, source, start, stop, samples, kind, reason, crc"
"""The columns of a loss."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_US: Final = timedelta(microseconds=1)


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

    lost: int
    """Number of the newest loss ever noted; 0 before the first."""

    clock: int
    """The spool's clock when this was written, µs."""

    wall: int
    """The wall clock at that instant, µs since 1970."""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands beside the body of an entry."""

    position: int
    """Where it stands."""

    rows: int
    """How many samples it holds."""

    bytes: int
    """Size of its body."""

    source: str
    """Name of the source of its samples; empty where an older parkline did not write it."""

    start: int
    """Least time of its samples, ns since 1970."""

    stop: int
    """Greatest time of its samples, ns since 1970."""

    appended: int
    """When it was appended, µs of the spool's clock."""

    body_crc: int
    """CRC-32 of its body."""


def seal(*values: object) -> int:
    """Give the CRC-32 of a row's values."""
    return zlib.crc32("\x1f".join(map(str, values)).encode(errors="surrogatepass"))


def row_of(values: State | Header) -> tuple[Any, ...]:
    """Give a row with its checksum."""
    # Not by `astuple`, which copies every value.
    fields = [getattr(values, name) for name in values.__slots__]
    return (*fields, seal(*fields))


def state_of(row: tuple[Any, ...] | None) -> State | None:
    """Read a row of `STATE`; None where it is not whole."""
    return State(*row[:-1]) if row is not None and row[-1] == seal(*row[:-1]) else None


def header_of(row: tuple[Any, ...]) -> Header | None:
    """Read a row of `HEADER`; None where it is not whole."""
    return Header(*row[:-1]) if row[-1] == seal(*row[:-1]) else None


def cursor_of(consumer: object, position: object, crc: object) -> int:
    """Read a cursor; raises SpoolDamagedError where it is not whole."""
    if crc != seal("cursor", consumer, position) or not isinstance(position, int):
        msg = f"the cursor of {consumer!r} is not what was written"
        raise SpoolDamagedError(msg)
    return position


def loss_row(loss: Loss) -> tuple[Any, ...]:
    """Give a row of `LOSS`."""
    row = (loss.id, loss.source, micros(loss.start), micros(loss.end), loss.samples, loss.kind, loss.reason)
    return (*row, seal(*row))


def loss_of(row: tuple[Any, ...]) -> Loss | None:
    """Read a row of `LOSS`; None where it is not whole."""
    if row[-1] != seal(*row[:-1]):
        return None
    number, source, start, stop, samples, kind, reason = row[:-1]
    return Loss(number, source, instant(start), instant(stop), samples, kind, reason)


def micros(at: datetime) -> int:
    """Give an instant as µs since 1970."""
    return (at - _EPOCH) // _US


def instant(us: int) -> datetime:
    """Give the instant so many µs after 1970, in UTC."""
    return _EPOCH + us * _US
