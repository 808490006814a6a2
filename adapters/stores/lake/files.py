"""Files in a folder of this machine, written through to the disk, or on object storage."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Final

import polars as pl
from polars.io.plugins import register_io_source

ROWS_OF_GROUP: Final = 16 * 1024
"""Rows that a file keeps together; a reader skips a group by its least and greatest values. One signal's day in files
that are not yet merged takes a quarter less to read than with twice as many, and files take a tenth more room."""

COMPRESSION_LEVEL: Final = 1
"""Of zstd: higher ones take longer and save little on sorted rows."""

_LENIENT: Final = pl.ScanCastOptions(
    integer_cast="upcast",
    float_cast="upcast",
    datetime_cast=["nanosecond-downcast", "convert-timezone"],
    missing_struct_fields="insert",
    extra_struct_fields="ignore",
)
"""What other programs write that a column of a table holds as well."""


_NUMBERS: Final = frozenset({"max_retries"})
"""Options that Polars wants as numbers, where deltalake wants all as text."""


class Folder:
    """One folder; paths are relative to it. Methods block and raise OSError or ComputeError."""

    def __init__(self, place: str | Path, options: Mapping[str, str]) -> None:
        self.local = place if isinstance(place, Path) else None
        """The folder on this machine; None on object storage."""
        self.uri = str(place).rstrip("/")
        """Its address, as deltalake and Polars take it."""
        self.options = dict(options)
        """Options of the object storage, as deltalake takes them."""
        self._options = {name: int(text) if name in _NUMBERS else text for name, text in options.items()} or None

    def inside(self, name: str) -> "Folder":
        """Give a folder in this one."""
        return Folder(self.local / name if self.local is not None else f"{self.uri}/{name}", self.options)

    def write(self, path: str, frames: Iterator[pl.DataFrame], columns: pl.Schema) -> int:
        """Write a new file, durable when this returns; give its bytes.

        Args:
            path: of the file, which is not there yet.
            frames: its rows, one frame after the other; the next is asked for when there is room for it.
            columns: columns of the frames.
        """
        written: list[int] = []
        fresh = self.local is not None and _make_folder((self.local / path).parent)
        _joined(frames, columns).sink_parquet(
            f"{self.uri}/{path}",
            compression_level=COMPRESSION_LEVEL,
            row_group_size=ROWS_OF_GROUP,
            storage_options=self._options,
            sinked_paths_callback=lambda sinked: written.extend(file.num_bytes for file in sinked.paths),
        )
        if self.local is not None:
            _sync(self.local / path)
            _sync((self.local / path).parent)
            if fresh:
                _sync((self.local / path).parent.parent)
        return sum(written)

    def remove(self, path: str) -> None:
        """Delete a file that no commit names, if it is there; on object storage leave it to the next clean-up."""
        if self.local is not None:
            (self.local / path).unlink(missing_ok=True)

    def scan(self, paths: Sequence[str], columns: pl.Schema) -> pl.LazyFrame:
        """Give the rows of files, in no order that counts; they are read when they are collected.

        A column that a file does not have is null; those that are not asked for are passed over.
        """
        if not paths:
            return columns.to_frame(eager=False)
        return pl.scan_parquet(
            [f"{self.uri}/{path}" for path in paths],
            schema=columns,
            cast_options=_LENIENT,
            missing_columns="insert",
            extra_columns="ignore",
            glob=False,
            hive_partitioning=False,
            storage_options=self._options,
        )

    def sync(self, path: str) -> None:
        """See that a file which somebody else wrote is on disk, and its name too, if it is there."""
        if self.local is not None:
            with suppress(FileNotFoundError):
                _sync(self.local / path)
                _sync((self.local / path).parent)


def _joined(frames: Iterator[pl.DataFrame], columns: pl.Schema) -> pl.LazyFrame:
    """Give frames, one after the other, with these columns in this order."""
    first = next(frames, columns.to_frame())
    second = next(frames, None)
    if second is None:
        return first.select(columns.names()).lazy()

    def source(
        names: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        del names, predicate, rows, size  # nothing is asked of what is written whole
        for frame in chain((first, second), frames):
            yield frame.select(columns.names())

    return register_io_source(source, schema=columns)


def _make_folder(folder: Path) -> bool:
    """Make a folder where it is not there; tell whether it was not."""
    fresh = not folder.exists()
    folder.mkdir(parents=True, exist_ok=True)
    return fresh


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
