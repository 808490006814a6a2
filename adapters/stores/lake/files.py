"""Files in a folder of this machine, written through to the disk, or on object storage."""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Final

import polars as pl
from deltalake._internal import DeltaFileSystemHandler

ROWS_OF_GROUP: Final = 128 * 1024
"""Rows that a file keeps together; a reader skips a group by its least and greatest values."""

COMPRESSION_LEVEL: Final = 1
"""Of zstd: higher ones take longer and save little on sorted rows."""


class Folder:
    """One folder; paths are relative to it. Methods block and raise OSError."""

    def __init__(self, place: str | Path, options: Mapping[str, str]) -> None:
        self.local = place if isinstance(place, Path) else None
        """The folder on this machine; None on object storage."""
        self.uri = str(place).rstrip("/")
        """Its address, as deltalake and Polars take it."""
        self.options = dict(options)
        """Options of the object storage."""

    def inside(self, name: str) -> "Folder":
        """Give a folder in this one."""
        return Folder(self.local / name if self.local is not None else f"{self.uri}/{name}", self.options)

    def write(self, path: str, rows: pl.DataFrame) -> int:
        """Write a new file, durable when this returns; give its bytes."""
        whole = BytesIO()
        rows.write_parquet(whole, compression_level=COMPRESSION_LEVEL, row_group_size=ROWS_OF_GROUP)
        content = whole.getbuffer()
        if self.local is None:
            stream = DeltaFileSystemHandler(self.uri, self.options).open_output_stream(path)
            stream.write(bytes(content))
            stream.close()  # type: ignore[attr-defined]  # deltalake's stub misses it
        else:
            _write_through(self.local / path, content)
        return len(content)

    def remove(self, path: str) -> None:
        """Delete a file that no commit names, if it is there; on object storage leave it to the next clean-up."""
        if self.local is not None:
            (self.local / path).unlink(missing_ok=True)

    def scan(self, paths: Sequence[str], columns: pl.Schema) -> pl.LazyFrame:
        """Give the rows of files, in no order that counts; they are read when they are collected."""
        if not paths:
            return columns.to_frame(eager=False)
        return pl.scan_parquet(
            [f"{self.uri}/{path}" for path in paths],
            schema=columns,
            glob=False,
            hive_partitioning=False,
            storage_options=self.options or None,
        )

    def sync(self, path: str) -> None:
        """See that a file which somebody else wrote is on disk, and its name too, if it is there."""
        if self.local is not None:
            with suppress(FileNotFoundError):
                _sync(self.local / path)
                _sync((self.local / path).parent)


def _write_through(file: Path, content: memoryview) -> None:
    fresh = not file.parent.exists()
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("xb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    _sync(file.parent)
    if fresh:
        _sync(file.parent.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
