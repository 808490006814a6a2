"""The spool: samples made durable, against a plain file with the same bytes and the same syncs; and reading back.

Eight sources deliver batches of 1,000 to 10,000 samples, each its next when the last one is safe, as the intake does.
The samples are a park's: 20 signals a source, numbers with noise, counters, switches, state texts, times that jitter.
What is timed is the spool's own API, from frames to acknowledgement, in the groups that it makes itself; then all is
read back in pieces of 100,000 rows, decoded into frames.

The reference takes the same frames to the same bytes with as many threads, group by group as the spool did, writes them
to a plain file, and syncs once a group: `ratio` is what positions, cursors, checksums and recovery cost.

Two more references do nothing but write and sync bytes that are there before. For `ratio_uncompressed` they are the
same frames as Arrow IPC without compression, as a log writes that does not compress; `ratio_prebuilt` gets the bytes
that the spool has compressed, a tenth of those, so that what is missing there is the compression. Rounds alternate, and
of each way the median counts. The files stand in the working directory: a disk in memory does not sync.
"""

import asyncio
import io
import itertools
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final
from unittest import mock

import polars as pl

from adapters.sample import SAMPLES
from collector.spool.entry import Encoded, encode
from collector.spool.file import Bounds, SpoolFile
from collector.spool.sqlite import SqliteSpool
from collector.spool.writer import ENCODERS

SOURCES: Final = 8
"""Sources that deliver at once."""

SIZES: Final = (1_000, 2_000, 5_000, 10_000)
"""Samples in a batch, in turn."""

BATCHES: Final = 48
"""Batches of each source in a round."""

ROUNDS: Final = 5
"""Rounds of each way."""

PIECE: Final = 100_000
"""Rows that are asked for at once when all is read back."""


def measure() -> dict[str, object]:
    """Give durable samples/s of the spool and of the plain file, and samples/s read back."""
    batches = [[_batch(source, n) for n in range(len(SIZES))] for source in range(SOURCES)]
    rows = SOURCES * sum(batches[0][n % len(SIZES)].height for n in range(BATCHES))
    ours, plain, prebuilt, uncompressed, reading, syncs = [], [], [], [], [], []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
            folder = Path(name)
            took, read, groups = asyncio.run(_spool(folder, batches, rows))
            ours.append(took)
            reading.append(read)
            plain.append(_plain(folder / "plain", groups))
            prebuilt.append(_prebuilt(folder / "prebuilt", [[one.body for one in group] for group in groups]))
            uncompressed.append(_prebuilt(folder / "uncompressed", [list(map(_arrow, group)) for group in groups]))
            syncs.append(len(groups))
        print(
            f"round {number}: {rows / took:,.0f} rows/s in {syncs[-1]} commits,"
            f" plain {rows / plain[-1]:,.0f}, prebuilt {rows / prebuilt[-1]:,.0f},"
            f" uncompressed {rows / uncompressed[-1]:,.0f}, read {rows / read:,.0f}",
            file=sys.stderr,
        )
    value, reference = rows / statistics.median(ours), rows / statistics.median(plain)
    return {
        "value": round(value),
        "reference": round(reference),
        "ratio": round(value / reference, 2),
        "unit": "durable samples/s",
        "ratio_uncompressed": round(value * statistics.median(uncompressed) / rows, 2),
        "ratio_prebuilt": round(value * statistics.median(prebuilt) / rows, 2),
        "read_rows_s": round(rows / statistics.median(reading)),
        "commits": round(statistics.median(syncs)),
    }


def _batch(source: int, number: int) -> pl.DataFrame:
    """Give a batch of 20 signals of one source."""
    rows, lot = SIZES[number], random.Random(source * 100 + number)  # noqa: S311 - the same each time
    kinds = [n % 20 for n in range(rows)]
    begun = 1_780_000_000_000_000_000 + number * 10**10
    times = [begun + n * 10**6 + lot.randrange(900_000) for n in range(rows)]
    frame = pl.DataFrame(
        {
            "signal": [f"press-works/line-{source}/machine-{kind // 5}/signal-{kind}" for kind in kinds],
            "time": times,
            "float": [round(lot.gauss(80, 3), 3) if kind < 14 else None for kind in kinds],
            "int": [n if 14 <= kind < 17 else None for n, kind in enumerate(kinds)],
            "bool": [n % 7 == 0 if kind in {17, 18} else None for n, kind in enumerate(kinds)],
            "text": ["RUNNING" if kind == 19 else None for kind in kinds],
            "status": [0] * rows,
            # Received message by message, of 50 samples each.
            "received": [times[n - n % 50] + 5_000_000 for n in range(rows)],
        }
    )
    return frame.select(pl.col(name).cast(dtype) for name, dtype in SAMPLES.items())


async def _spool(
    folder: Path, batches: list[list[pl.DataFrame]], rows: int
) -> tuple[float, float, list[list[Encoded]]]:
    """Append all, and read it back; give the seconds of both, and what was committed together."""
    groups: list[list[Encoded]] = []
    append = SpoolFile.append

    def noted(file: SpoolFile, entries: Sequence[Encoded], bounds: Bounds) -> object:
        groups.append(list(entries))
        return append(file, entries, bounds)

    async def send(source: int) -> None:
        for n in range(BATCHES):
            await spool.append(batches[source][n % len(SIZES)], f"source-{source}")

    spool = SqliteSpool(folder / "spool.db", limit=2**40, linger=timedelta(milliseconds=5), keep=timedelta(0))
    with mock.patch.object(SpoolFile, "append", noted):
        async with spool:
            begun = time.perf_counter()
            await asyncio.gather(*(send(source) for source in range(SOURCES)))
            took = time.perf_counter() - begun
            begun = time.perf_counter()
            after = count = 0
            while count < rows:
                chunk = await spool.read(after, PIECE)
                after, count = chunk.upto, count + chunk.samples.height
            read = time.perf_counter() - begun
    return took, read, groups


def _plain(path: Path, groups: list[list[Encoded]]) -> float:
    """Encode, write and sync group by group; give the seconds."""
    frames = [[pl.read_ipc_stream(one.body) for one in group] for group in groups]
    with ThreadPoolExecutor(ENCODERS) as encoders:
        begun = time.perf_counter()
        with path.open("wb", buffering=0) as file:
            for group in frames:
                for one in encoders.map(encode, group, itertools.repeat("source")):
                    file.write(one.body)
                os.fsync(file.fileno())
        return time.perf_counter() - begun


def _arrow(entry: Encoded) -> bytes:
    """Give the samples of an entry as Arrow IPC without compression."""
    body = io.BytesIO()
    pl.read_ipc_stream(entry.body).write_ipc_stream(body, compat_level=pl.CompatLevel.oldest())
    return body.getvalue()


def _prebuilt(path: Path, groups: list[list[bytes]]) -> float:
    """Write and sync group by group what is encoded already; give the seconds."""
    begun = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for group in groups:
            for body in group:
                file.write(body)
            os.fsync(file.fileno())
    return time.perf_counter() - begun
