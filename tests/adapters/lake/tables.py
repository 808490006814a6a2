"""Tables of the lake, past any store, and what is asked of them in tests."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import SAMPLE_ROWS, Layout, sample_rows
from adapters.stores.lake.parts import Merge, Part
from adapters.stores.lake.table import Table
from tests.conformance.store import batch

TARGET = 128 * 2**20
"""Bytes that a merged file should have."""


def sample_table(folder: Path, layout: Layout = SAMPLE_ROWS) -> Table:
    """Open the table of samples of the lake in a folder."""
    table = Table(Folder(folder / "samples", {}), layout)
    table.open()
    return table


def listed(samples: Table) -> list[Part]:
    """Give the files of a table."""
    names = ("path", "day", "level", "rows", "size", "added")
    return [Part(*row) for row in samples.files().select(names).iter_rows()]


def rows_of(*rows: dict[str, Any]) -> Callable[[int], pl.DataFrame]:
    """Give what `Table.append` asks for."""
    return lambda written: sample_rows(batch(*rows), written)


def merge(samples: Table, *parts: Part, level: int = 1, target: int = TARGET) -> None:
    """Merge files, all of them where none are named."""
    samples.merge(Merge(parts or tuple(listed(samples)), level), target, threading.Event())
