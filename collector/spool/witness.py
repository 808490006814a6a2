"""A second file that tells which entries were made durable, should the first one forget it.

A line for each entry is added after its commit: checksum, identity of the spool, position, samples, least and greatest
time (ns since 1970), source. It is not synced: it costs no time, and a power cut may take the last lines, as long as
it leaves the database. But where a disk loses what it said it had synced, or flips a bit in the write-ahead log, so
that SQLite takes what follows for a torn tail, or somebody deletes the log, the lines are there: the spool then knows
what it has lost, goes on after the last position that was ever given, and tells the loss.

It is cut back to its last `KEPT` lines when it has `MOST` bytes: what those before tell of has long been in the file.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.spool.tables import Header, seal

MOST: Final = 4 * 2**20
"""Bytes, after which it is cut back."""

KEPT: Final = 20_000
"""Lines that are left: more entries than the write-ahead log holds before it is carried into the file."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An entry that was made durable."""

    log: str
    """Identity of its spool."""

    position: int
    """Where it stands."""

    rows: int
    """How many samples it holds."""

    start: int
    """Least time of its samples, ns since 1970."""

    stop: int
    """Greatest time of its samples, ns since 1970."""

    source: str
    """Name of the source."""

    @property
    def header(self) -> Header:
        """What the entry's header said, as far as it is known."""
        return Header(self.position, self.rows, 0, self.source, self.start, self.stop, 0, 0)


class Witness:
    """The file beside a spool that remembers what was appended."""

    def __init__(self, spool: Path) -> None:
        self.path = spool.with_name(f"{spool.name}.witness")
        self._file: int | None = None

    def known(self) -> bool:
        """Tell whether it remembers anything."""
        return bool(self.read())

    def forget(self) -> None:
        """Remember nothing any more."""
        self.close()
        self.path.unlink(missing_ok=True)

    def add(self, log: str, entries: Iterable[Header]) -> None:
        """Remember entries that are durable now; a disk that refuses is no reason to fail them."""
        lines = b"".join(_line(log, entry) for entry in entries)
        try:
            if self._file is None:
                flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
                self._file = os.open(self.path, flags, 0o644)
            # In one write: lines of several processes do not mix.
            os.write(self._file, lines)
            if os.fstat(self._file).st_size > MOST:
                self._cut_back(self._file)
        except OSError:
            self.close()

    def read(self) -> list[Seen]:
        """Give what it remembers, in the order of writing; lines that are not whole are left out."""
        try:
            lines = self.path.read_bytes().split(b"\n")
        except OSError:
            return []
        return [seen for line in lines if (seen := _seen(line)) is not None]

    def headers(self, log: str) -> dict[int, Header]:
        """Give what it remembers of one spool, by position."""
        return {one.position: one.header for one in self.read() if one.log == log}

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _cut_back(self, file: int) -> None:
        lines = self.path.read_bytes().splitlines(keepends=True)[-KEPT:]
        os.ftruncate(file, 0)
        os.write(file, b"".join(lines))


def _line(log: str, entry: Header) -> bytes:
    source = entry.source.replace("\n", " ")
    fields = (log, entry.position, entry.rows, entry.start, entry.stop, source)
    return f"{seal(*fields):08x} {' '.join(map(str, fields))}\n".encode(errors="surrogatepass")


def _seen(line: bytes) -> Seen | None:
    try:
        crc, log, position, rows, start, stop, source = line.decode(errors="surrogatepass").split(" ", 6)
        seen = Seen(log, int(position), int(rows), int(start), int(stop), source)
        whole = int(crc, 16) == seal(log, seen.position, seen.rows, seen.start, seen.stop, source)
    except ValueError:
        return None
    return seen if whole else None
