"""Recorded files, read from the disk a stretch at a time.

SHDR is read in blocks of whole lines, so that a file of any size needs little memory; tables are read whole, for they
are put in the order of time. A `.gz` that breaks off gives what could be read of it, and an oddity.
"""

import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import polars as pl

from adapters.sources.replay.reports import ODDITIES, RecordingError, Stretch
from adapters.sources.replay.settings import FileFormat, ReplaySettings
from adapters.sources.replay.shdr import ShdrReader
from adapters.sources.replay.tables import LINE, Table, csv_header, csv_table, layout_of, stretches

BLOCK: Final = 4 * 2**20
"""Bytes of text that are read at a time."""

LONGEST_LINE: Final = 16 * 2**20
"""Bytes without a line's end after which it is cut: no adapter writes such a line."""

_GZIP: Final = 31
"""What zlib calls a gzip stream."""


class Recording:
    """One recorded file."""

    def __init__(self, path: Path, settings: ReplaySettings) -> None:
        self._path = path
        self._settings = settings

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    @property
    def name(self) -> str:
        """The file's name, without its folders."""
        return self._path.name

    @property
    def size(self) -> int:
        """Bytes on the disk; raises OSError."""
        return self._path.stat().st_size

    @property
    def format(self) -> FileFormat:
        """How it is written."""
        if self._settings.format is not FileFormat.AUTO:
            return self._settings.format
        suffixes = [suffix.lower() for suffix in self._path.suffixes if suffix.lower() != ".gz"]
        known = {".csv": FileFormat.CSV, ".parquet": FileFormat.PARQUET}
        return known.get(suffixes[-1] if suffixes else "", FileFormat.SHDR)

    def check(self) -> None:
        """Look at the head of the file.

        Raises:
            OSError: it cannot be read.
            RecordingError: it is not what its format says.
        """
        if self.format is FileFormat.PARQUET:
            layout_of(self._parquet_columns(), self._settings.time_column)
            return
        head = b""
        with suppress(_BrokenOffError):
            head, _ = next(_blocks(self._path), (b"", 1.0))
        if self.format is FileFormat.CSV:
            layout_of(csv_header(head.partition(b"\n")[0])[0], self._settings.time_column)

    def read(self, wanted: Collection[str]) -> Iterator[Stretch]:
        """Read what is reported of the wanted items.

        Raises:
            OSError: it cannot be read.
            RecordingError: it is not what its format says.
        """
        if self.format is FileFormat.SHDR:
            return self._read_lines(wanted)
        table = self._csv() if self.format is FileFormat.CSV else self._parquet()
        settings, columns = self._settings, [column for column in table.rows.columns if column != LINE]
        layout = layout_of(columns, settings.time_column)
        return stretches(table, layout, wanted, zone=settings.time_zone, started=settings.started)

    def _read_lines(self, wanted: Collection[str]) -> Iterator[Stretch]:
        reader = ShdrReader(wanted, zone=self._settings.time_zone, started=self._settings.started)
        rest = b""
        try:
            for block, share in _blocks(self._path):
                whole, end, rest = (rest + block).rpartition(b"\n")
                if len(rest) > LONGEST_LINE:
                    whole, rest = whole + end + rest, b""
                if whole:
                    yield reader.read(whole, share=share)
        except _BrokenOffError as error:
            yield Stretch(oddities=_oddity(reader.line + 1, rest, error))
        else:
            if rest:
                yield reader.read(rest, share=1.0)

    def _csv(self) -> Table:
        content = bytearray()
        try:
            for block, _ in _blocks(self._path):
                content += block
        except _BrokenOffError as error:
            whole, _, rest = bytes(content).rpartition(b"\n")
            table = csv_table(whole)
            odd = _oddity(whole.count(b"\n") + 2, rest, error)
            return Table(table.rows, pl.concat([table.oddities, odd]), lossy=table.lossy)
        return csv_table(bytes(content))

    def _parquet(self) -> Table:
        with self._path.open("rb") as file, _parquet_errors():
            rows = pl.read_parquet(file, row_index_name=LINE, row_index_offset=1)
        return Table(rows, pl.DataFrame(schema=ODDITIES))

    def _parquet_columns(self) -> list[str]:
        with self._path.open("rb") as file, _parquet_errors():
            return list(pl.read_parquet_schema(file))


@contextmanager
def _parquet_errors() -> Iterator[None]:
    try:
        yield
    except pl.exceptions.ComputeError as error:
        msg = f"no Parquet file, or a damaged one ({error}); check its name, or set `format`"
        raise RecordingError(msg) from error


class _BrokenOffError(Exception):
    """A compressed file ends where it should not, or is damaged from here on; what came before it was given."""


def _blocks(path: Path) -> Iterator[tuple[bytes, float]]:
    """Give a file's text in blocks, and how much of the file is read after each, 0 to 1; raises _BrokenOffError."""
    with path.open("rb") as file:
        size = max(1, path.stat().st_size)
        inflate = _Inflate() if file.peek(2).startswith(b"\x1f\x8b") else None
        while raw := file.read(BLOCK):
            share = min(1.0, file.tell() / size)
            for block in [raw] if inflate is None else inflate.feed(raw):
                yield block, share
        if inflate is not None:
            inflate.end()


class _Inflate:
    """Unpacks gzip, one member after the other. Unlike `gzip.open` it gives all that stands before a damage."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(_GZIP)

    def feed(self, raw: bytes) -> Iterator[bytes]:
        """Give the text of the next bytes, in blocks; raises _BrokenOffError."""
        block = b""
        while raw or len(block) == BLOCK:
            if self._member.eof:  # another member follows, or the zeros that some tools fill a file up with
                raw = raw.lstrip(b"\0")
                if not raw:
                    return
                self._member = zlib.decompressobj(_GZIP)
            before = self._member.copy()
            try:
                block = self._member.decompress(raw, BLOCK)
            except zlib.error as error:
                yield _before_damage(before, raw)
                msg = f"the gzip stream is damaged from here on ({error}); copy the file again"
                raise _BrokenOffError(msg) from error
            raw = self._member.unused_data if self._member.eof else self._member.unconsumed_tail
            yield block

    def end(self) -> None:
        """Say that there are no more bytes; raises _BrokenOffError where there should be."""
        if not self._member.eof:
            msg = "the gzip stream breaks off here; copy the file again"
            raise _BrokenOffError(msg)


def _before_damage(member: "zlib._Decompress", raw: bytes) -> bytes:
    """Unpack what stands before the damage in some bytes: they are fed one at a time."""
    text = bytearray()
    with suppress(zlib.error):
        for n in range(len(raw)):
            text += member.decompress(raw[n : n + 1])
    return bytes(text)


def _oddity(line: int, rest: bytes, error: _BrokenOffError) -> pl.DataFrame:
    return pl.DataFrame([(line, rest, str(error))], schema=ODDITIES, orient="row")
