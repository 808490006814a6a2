"""The spool: many small batches made durable at once, against one transaction each.

Both write the same bytes to the same kind of file, and sync before they say so.
"""

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import polars as pl

from adapters.sample import INSTANT, SAMPLES
from collector.spool.entry import encode
from collector.spool.sqlite import SqliteSpool

SENDERS: Final = 40
"""Sources that deliver at once."""

BATCHES: Final = 50
"""Batches of each."""

ROWS: Final = 100
"""Samples in a batch."""


def measure() -> dict[str, object]:
    """Give samples/s of the spool, and of one transaction a batch as reference."""
    total = SENDERS * BATCHES * ROWS
    ours = total / _timed(lambda folder: asyncio.run(_spool(folder)))
    plain = total / _timed(_plain)
    return {"value": round(ours), "reference": round(plain), "ratio": round(ours / plain, 2), "unit": "samples/s"}


def _timed(work: Callable[[Path], None]) -> float:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        begun = time.perf_counter()
        work(Path(folder))
        return time.perf_counter() - begun


def _batch() -> pl.DataFrame:
    at = pl.datetime_range(
        pl.lit(0).cast(INSTANT), pl.lit(ROWS - 1).cast(INSTANT), interval="1ns", eager=True, time_unit="ns"
    )
    given = pl.DataFrame(
        {
            "signal": [f"works/line/machine-{n % 10}/force" for n in range(ROWS)],
            "time": at.cast(INSTANT),
            "float": [n * 0.37 for n in range(ROWS)],
            "received": at.cast(INSTANT),
        }
    )
    return given.select(
        (pl.col(name) if name in given.columns else pl.lit(0 if name == "status" else None)).cast(dtype).alias(name)
        for name, dtype in SAMPLES.items()
    )


async def _spool(folder: Path) -> None:
    batch = _batch()

    async def send() -> None:
        for _ in range(BATCHES):
            await spool.append(batch.clone(), "plc")

    spool = SqliteSpool(folder / "spool.db", limit=2**40, linger=timedelta(milliseconds=5), keep=timedelta(0))
    async with spool:
        await asyncio.gather(*(send() for _ in range(SENDERS)))


def _plain(folder: Path) -> None:
    batch = _batch()
    connection = sqlite3.connect(folder / "plain.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE entries (position INTEGER PRIMARY KEY, body BLOB)")
    for _ in range(SENDERS * BATCHES):
        connection.execute("INSERT INTO entries (body) VALUES (?)", (encode(batch),))
    connection.close()
