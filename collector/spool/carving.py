"""Reads a spool's pages one by one, without SQLite: what stands on a page that is whole is found, whatever else is not.

SQLite gives up at the first page that makes no sense, and everything behind that page is out of reach. A spool's rows
carry checksums of their own, so they need no tree around them: every leaf page of every table, of the file and of its
write-ahead log, is looked through, and what its checksum confirms is taken. The layout is that of SQLite's file format
(sqlite.org/fileformat2.html, sections 1.6 and 4).
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from collector.spool.contract import Loss
from collector.spool.tables import PAGE, Header, State, header_of, loss_of, seal, state_of

_LEAF: Final = 0x0D
_FILE_HEADER: Final = 100
_WAL_HEADER: Final = 32
_FRAME_HEADER: Final = 24

_STATE: Final = 9
_HEADER: Final = 9
_CURSOR: Final = 3
_LOSS: Final = 8
"""Columns of the tables; an entry has one more than its header."""

Value = int | float | str | bytes | None


@dataclass(slots=True)
class Carved:
    """What was found of a spool."""

    states: list[State] = field(default_factory=list)
    """Every version of its state that is whole."""

    entries: dict[int, tuple[Header, bytes | None]] = field(default_factory=dict)
    """By position what stands beside an entry, and its body; None where the body is not whole."""

    cursors: dict[str, int] = field(default_factory=dict)
    """Every consumer's furthest position."""

    losses: dict[int, Loss] = field(default_factory=dict)
    """Losses by number, also those that were forgotten since."""

    @property
    def empty(self) -> bool:
        """Whether nothing of a spool was found."""
        return not (self.states or self.entries or self.cursors)


class _Pages:
    """The pages of a file and of its write-ahead log."""

    def __init__(self, file: Path, log: Path) -> None:
        self._file = file.open("rb")
        self._size = file.stat().st_size
        self._frames: list[tuple[int, int]] = []
        self._latest: dict[int, int] = {}
        self._log = log.open("rb") if log.exists() else None
        if self._log is not None:
            salt = self._read_frames(log.stat().st_size)
            for offset, (number, own) in enumerate(self._frames):
                if own == salt or number not in self._latest:
                    self._latest[number] = offset

    def close(self) -> None:
        self._file.close()
        if self._log is not None:
            self._log.close()

    def all(self) -> Iterator[tuple[int, bytes]]:
        """Give every page, with its number, of the file and then of the log, in the order of writing."""
        for number in range(1, self._size // PAGE + 1):
            yield number, self._in_file(number)
        for offset, (number, _) in enumerate(self._frames):
            yield number, self._in_log(offset)

    def chain(self, number: int, size: int, *, logged: bool) -> bytes:
        """Give `size` bytes from the overflow pages that begin with `number`; fewer where the chain breaks."""
        found = bytearray()
        while number and len(found) < size:
            page = self._in_log(self._latest[number]) if logged and number in self._latest else self._in_file(number)
            if len(page) < PAGE:
                break
            (number,) = struct.unpack_from(">I", page)
            found += page[4:]
        return bytes(found[:size])

    def _read_frames(self, size: int) -> int:
        """Find the log's frames; give the salt of the newest ones, which the header names."""
        assert self._log is not None  # noqa: S101 - the caller has looked
        header = self._log.read(_WAL_HEADER)
        for start in range(_WAL_HEADER, size - _FRAME_HEADER - PAGE + 1, _FRAME_HEADER + PAGE):
            self._log.seek(start)
            number, _, salt = struct.unpack(">IIQ", self._log.read(16))
            self._frames.append((number, salt))
        (salt,) = struct.unpack_from(">Q", header, 16) if len(header) == _WAL_HEADER else (0,)
        return int(salt)

    def _in_file(self, number: int) -> bytes:
        self._file.seek((number - 1) * PAGE)
        return self._file.read(PAGE)

    def _in_log(self, offset: int) -> bytes:
        assert self._log is not None  # noqa: S101 - there are frames
        self._log.seek(_WAL_HEADER + offset * (_FRAME_HEADER + PAGE) + _FRAME_HEADER)
        return self._log.read(PAGE)


def carve(file: Path, log: Path) -> Carved:
    """Find what can be read of a spool's file and its write-ahead log; either may be cut, or have flipped bits.

    Raises:
        OSError: the disk does not give them.
    """
    found = Carved()
    pages = _Pages(file, log)
    try:
        for number, page in pages.all():
            for rowid, size, payload, overflow in _cells(number, page):
                _take(found, pages, rowid, size, payload, overflow)
    finally:
        pages.close()
    return found


def _take(found: Carved, pages: _Pages, rowid: int, size: int, payload: bytes, overflow: int) -> None:
    """Take one row, if it is one of ours and whole."""
    if overflow == 0:
        _understand(found, rowid, tuple(_values(payload)))
        return
    # What tells of an entry stands on its own page; only its body goes on elsewhere.
    head = _values(payload)
    header = header_of((rowid, *head[1:9])) if len(head) == _HEADER else None
    if header is None or not 0 < size - header.bytes < PAGE:
        return
    for logged in (True, False):
        whole = payload + pages.chain(overflow, size - len(payload), logged=logged)
        _keep(found, header, whole[-header.bytes :])


def _understand(found: Carved, rowid: int, row: tuple[Any, ...]) -> None:
    """Take a row that stands on one page, if it is one of ours and whole."""
    if len(row) == _STATE and isinstance(row[1], str):
        if (state := state_of(row[1:])) is not None:
            found.states.append(state)
    elif len(row) == _HEADER + 1:
        if (header := header_of((rowid, *row[1:_HEADER]))) is not None and isinstance(row[-1], bytes):
            _keep(found, header, row[-1])
    elif len(row) == _CURSOR and isinstance(row[0], str) and isinstance(row[1], int):
        if row[2] == seal("cursor", row[0], row[1]):
            found.cursors[row[0]] = max(row[1], found.cursors.get(row[0], 0))
    elif len(row) == _LOSS and (loss := loss_of((rowid, *row[1:]))) is not None:
        found.losses[rowid] = loss


def _keep(found: Carved, header: Header, body: bytes) -> None:
    """Take an entry; of two with one position the one appended later, which was given it after a power cut."""
    whole = zlib.crc32(body) == header.body_crc
    known = found.entries.get(header.position)
    better = known is None or header.appended > known[0].appended
    if better or (known is not None and known[1] is None and header == known[0]):
        found.entries[header.position] = (header, body if whole else None)


def _cells(number: int, page: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    """Give the cells of a page, if it is a leaf of a table: rowid, size of the row, its part here, overflow page."""
    start = _FILE_HEADER if number == 1 else 0
    if len(page) < PAGE or page[start] != _LEAF:
        return
    (count,) = struct.unpack_from(">H", page, start + 3)
    for place in range(start + 8, min(start + 8 + 2 * count, PAGE - 1), 2):
        (at,) = struct.unpack_from(">H", page, place)
        try:
            size, at = _varint(page, at)
            rowid, at = _varint(page, at)
            local = _local(size)
            if at + local > PAGE or size <= 0:
                continue
            overflow = struct.unpack_from(">I", page, at + local)[0] if local < size else 0
        except (IndexError, struct.error):
            continue
        yield rowid, size, page[at : at + local], overflow


def _local(size: int) -> int:
    """Give how many bytes of a row of `size` bytes stand on its leaf (section 1.6)."""
    most, least = PAGE - 35, (PAGE - 12) * 32 // 255 - 23
    if size <= most:
        return size
    local = least + (size - least) % (PAGE - 4)
    return local if local <= most else least


def _values(payload: bytes) -> list[Value]:
    """Read the values of a row as far as they are there."""
    values: list[Value] = []
    try:
        end, at = _varint(payload, 0)
        kinds = []
        while at < end:
            kind, at = _varint(payload, at)
            kinds.append(kind)
        at = end
        for kind in kinds:
            value, at = _value(payload, at, kind)
            values.append(value)
    except (IndexError, struct.error, ValueError):
        pass
    return values


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    """Read one value (section 2.1); raises IndexError where it is not all there."""
    if kind == 0:
        return None, at
    if kind in {8, 9}:
        return kind - 8, at
    if kind == 7:  # noqa: PLR2004 - a float
        return struct.unpack_from(">d", payload, at)[0], at + 8
    size = (kind - 12) // 2 if kind >= 12 else (1, 2, 3, 4, 6, 8)[kind - 1]  # noqa: PLR2004 - text and blobs from 12 on
    part = payload[at : at + size]
    if len(part) < size:
        raise IndexError
    if kind < 12:  # noqa: PLR2004 - an integer
        return int.from_bytes(part, "big", signed=True), at + size
    return (part.decode(errors="surrogateescape") if kind % 2 else part), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read an integer of 1 to 9 bytes (section 1.6); raises IndexError where it is not all there."""
    value = 0
    for n in range(8):
        byte = data[at + n]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the last byte of it
            return value, at + n + 1
    value = value << 8 | data[at + 8]
    return (value - 2**64 if value >= 2**63 else value), at + 9
