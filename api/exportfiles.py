"""Files of exports: where they are, and how they are written, piece by piece and within bounds.

    frames ──► <stem>.parquet.part ──► whole: <stem>.parquet

Never more than a few pieces are in memory. A file under its own name is whole; what ends in `.part` is not, and whoever
finds it after a crash deletes it. Names hold nothing that a caller has written: a stem is the id of an export and of
one attempt to make it, so that two processes with one folder never write to the same file.
"""

import errno
import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Literal, TypeAlias

import polars as pl
from polars.io.plugins import register_io_source

from api.answers import INSTANT
from api.nulls import emptied
from collector.spreadsheet import guarded

Format: TypeAlias = Literal["parquet", "csv", "arrow"]
"""How rows are written."""

MEDIA_TYPES: Final[dict[Format, str]] = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv",
    "arrow": "application/vnd.apache.arrow.file",
}
"""The media type of each."""

PART: Final = ".part"
"""How the name of a file ends that is not whole."""

ROWS_OF_GROUP: Final = 256 * 1024
"""Rows that a file keeps together: of Parquet a row group, of Arrow a record batch."""

_OURS: Final = re.compile(r"([0-9a-f]{32,48})\.(parquet|csv|arrow)(\.part)?")


class TooLargeError(Exception):
    """A file would exceed a bound; the text says which, and what to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How large a file may become."""

    rows: int
    """Rows at most."""

    bytes: int
    """Bytes at most."""

    spare: int
    """Bytes that must stay free on its disk."""


@dataclass(slots=True)
class Written:
    """How much of a file is written."""

    rows: int = 0
    """Rows."""

    bytes: int = 0
    """Bytes."""


def file_of(folder: Path, stem: str, form: Format) -> Path:
    """Give the file of an export."""
    return folder / f"{stem}.{form}"


def found_files(folder: Path) -> dict[Path, str]:
    """Give the files of exports that are in a folder, with their stems; what is none of ours is left out."""
    names = [(path, _OURS.fullmatch(path.name)) for path in folder.iterdir()] if folder.is_dir() else []
    return {path: match[1] for path, match in names if match is not None}


def delete_files(paths: Iterable[Path]) -> None:
    """Delete files, as far as they are there; raises OSError."""
    for path in paths:
        path.unlink(missing_ok=True)


def write(
    path: Path, frames: Iterable[pl.DataFrame], columns: pl.Schema, form: Format, bounds: Bounds, written: Written
) -> str:
    """Write a file, whole or not at all; give its SHA-256.

    Args:
        path: of the file.
        frames: its rows, one frame after the other.
        columns: columns of the frames.
        form: how they are written.
        bounds: how large it may become.
        written: is told how much is written, as it goes on.

    Raises:
        TooLargeError: it would exceed a bound.
        OSError: the disk does not take it.
    """
    part = path.with_name(path.name + PART)
    try:
        part.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[form](part, _within(frames, part, bounds, written), columns)
        written.bytes = part.stat().st_size
        _check(part, bounds, written)
        with part.open("rb") as file:
            os.fsync(file.fileno())
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return digest


def _within(frames: Iterable[pl.DataFrame], part: Path, bounds: Bounds, written: Written) -> Iterator[pl.DataFrame]:
    """Pass on frames; count them, and stop where a bound would be exceeded."""
    for frame in frames:
        written.rows += frame.height
        written.bytes = part.stat().st_size if part.exists() else 0
        _check(part, bounds, written)
        yield frame


def _check(part: Path, bounds: Bounds, written: Written) -> None:
    remedy = "ask for less, or in parts"
    if written.rows > bounds.rows:
        msg = f"it has more than {bounds.rows:,} rows (`api: exports: rows`); {remedy}"
        raise TooLargeError(msg)
    if written.bytes > bounds.bytes:
        msg = (
            f"your files would have more than the {bounds.bytes:,} bytes that are left to them (`api: exports: bytes`)"
            f"; delete exports that you have downloaded, or {remedy}"
        )
        raise TooLargeError(msg)
    disk = os.statvfs(part.parent)
    if disk.f_bavail * disk.f_frsize < bounds.spare:
        raise OSError(errno.ENOSPC, f"less than {bounds.spare:,} bytes would stay free (`api: exports: spare`)")


def _write_csv(part: Path, frames: Iterable[pl.DataFrame], columns: pl.Schema) -> None:
    with part.open("wb") as file:
        _csv(columns.to_frame(), file, header=True)
        for frame in frames:
            _csv(frame, file, header=False)


def _csv(frame: pl.DataFrame, file: IO[bytes], *, header: bool) -> None:
    guarded(frame).write_csv(file, include_header=header, datetime_format=INSTANT, line_terminator="\r\n")


def _write_parquet(part: Path, frames: Iterable[pl.DataFrame], columns: pl.Schema) -> None:
    _sunk(frames, columns, lambda rows: rows.sink_parquet(part, row_group_size=ROWS_OF_GROUP))


def _write_arrow(part: Path, frames: Iterable[pl.DataFrame], columns: pl.Schema) -> None:
    # not as string views: their buffers keep the texts of rows that were filtered out, which others may not see
    plain = pl.CompatLevel.oldest()
    bare = (emptied(frame) for frame in frames)
    _sunk(bare, columns, lambda rows: rows.sink_ipc(part, record_batch_size=ROWS_OF_GROUP, compat_level=plain))


def _sunk(frames: Iterable[pl.DataFrame], columns: pl.Schema, sink: Callable[[pl.LazyFrame], object]) -> None:
    """Write frames as Polars asks for them; raise what they raised, which Polars tells in words of its own."""
    failed: list[BaseException] = []

    def source(
        names: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        del names, predicate, rows, size  # nothing is asked of what is written whole
        try:
            yield from frames
        except BaseException as error:
            failed.append(error)
            raise

    try:
        sink(register_io_source(source, schema=columns))
    except (pl.exceptions.PolarsError, OSError) as error:
        raise (failed[0] if failed else error) from None


_WRITERS: Final[dict[Format, Callable[[Path, Iterable[pl.DataFrame], pl.Schema], None]]] = {
    "parquet": _write_parquet,
    "csv": _write_csv,
    "arrow": _write_arrow,
}
