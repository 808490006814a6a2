"""From the spool to the lake, and what a reader then sees.

    samples/s        a spool that was filled before, drained into an empty lake as in a collector, and counted back;
                     beside it Polars' plain `write_delta` appends the same batches from memory: no spool to read, no
                     order, nothing synced. Both take turns; the best run of each counts
    latency          beside a steady load, samples that a reader with a store of its own waits for
    files            how many files a day has after all this
    a day of many    one signal out of one large day, as the collector left it and after it was sealed

`PARKLINE_BENCH_DAY` is the number of rows of the large day (100,000,000 unless it says another); 1.5 GB of disk a 100
million rows while it runs. Temporary files are in the working directory.
"""

import asyncio
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import polars as pl
from deltalake import DeltaTable

from adapters.sample import INSTANT, SAMPLES
from adapters.stores.contract import Position, Store
from adapters.stores.lake import create, parts
from adapters.stores.lake.settings import LakeSettings
from collector.clock import WallClock
from collector.deadletters import bounds_of
from collector.drain import Drain
from collector.records import Records
from collector.settings import RecordsSettings, SpoolSettings, StoreSettings
from collector.spool.contract import Spool
from collector.spool.sqlite import SqliteSpool

DRAINED: Final = 6_000_000
"""Samples of one run."""

ROUNDS: Final = 3
"""Runs of each side."""

SIGNALS: Final = 2_000
"""Signals that they are spread over."""

DELIVERED: Final = 2_000
"""Samples in one delivery of a source, which is one entry of the spool."""

BATCH: Final = StoreSettings.model_fields["batch"].default
"""Rows in one write."""

STEADY: Final = 100_000
"""Samples a second of the steady load."""

WATCHED: Final = 20.0
"""Seconds for which a reader waits for new samples."""

MARKER: Final = "works/line-0/machine-0/marker"
"""The signal that the reader waits for."""

DAY: Final = datetime(2026, 3, 1, tzinfo=UTC)
"""The day that the samples are of."""

DAY_ROWS: Final = int(os.environ.get("PARKLINE_BENCH_DAY", "100_000_000"))
"""Rows of the large day."""

DAY_NS: Final = 24 * 3600 * 10**9

BEGIN: Final = int(DAY.timestamp()) * 10**9


def measure() -> dict[str, object]:
    """Give samples/s of the drain into the lake, with Polars' own appends as reference, and what readers get."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        return asyncio.run(_measured(Path(name)))


async def _measured(folder: Path) -> dict[str, object]:
    ours: list[float] = []
    plain: list[float] = []
    for number in range(ROUNDS):
        for side in (_drained, _plain)[:: 1 if number % 2 else -1]:
            with tempfile.TemporaryDirectory(dir=folder) as name:
                gc.collect()
                (ours if side is _drained else plain).append(await side(Path(name)))
        _say(f"round {number + 1}: drain {ours[-1]:.0f}, plain {plain[-1]:.0f} samples/s")
    with tempfile.TemporaryDirectory(dir=folder) as name:
        latency = await _latency(Path(name))
    with tempfile.TemporaryDirectory(dir=folder) as name:
        day = await _large_day(Path(name))
    return {
        "value": round(max(ours)),
        "reference": round(max(plain)),
        "ratio": round(max(ours) / max(plain), 2),
        "unit": "samples/s",
        "against": "Polars write_delta of the same batches from memory, unordered and not synced",
        **latency,
        **day,
    }


def batches(rows: int, size: int) -> Iterator[pl.DataFrame]:
    """Give `rows` samples of one day in frames of `size`: each signal in turn, values with two decimals."""
    number = pl.int_range(size, eager=True)
    signal = number % SIGNALS
    step = DAY_NS // max(rows // SIGNALS + 1, 1)
    plain = pl.DataFrame(
        {
            "signal": pl.select(
                pl.format("works/line-{}/machine-{}/signal-{}", signal // 100, signal // 10, signal % 10)
            ).to_series(),
            "number": number,
            "noise": number.hash(7) % 1_000_003,
        }
    )
    for begin in range(0, rows, size):
        at = BEGIN + (pl.col("number") + begin) // SIGNALS * step + (pl.col("noise") % 1_000_000).cast(pl.Int64)
        frame = plain.select(
            "signal",
            at.cast(INSTANT).alias("time"),
            ((pl.col("noise") + begin) % 10_007 * 0.01).alias("float"),
            *(pl.lit(None, SAMPLES[name]).alias(name) for name in ("int", "bool", "text")),
            pl.lit(0, pl.UInt32).alias("status"),
            (at + 5_000_000).cast(INSTANT).alias("received"),
        )
        yield frame.head(rows - begin)


async def _drained(folder: Path) -> float:
    """Fill a spool, and drain it into a lake; give samples/s."""
    async with _collector(folder) as (spool, records):
        for many in batches(DRAINED, 20 * DELIVERED):
            await asyncio.gather(*(spool.append(part, "plc") for part in many.iter_slices(DELIVERED)))
        drain = _drain(spool, records, folder)
        drain.finish()
        begun = time.perf_counter()
        await drain.run()
        seconds = time.perf_counter() - begun
    async with _lake(folder) as lake:
        stored = await lake.count(DAY, DAY + timedelta(days=1))
        assert stored == DRAINED, f"{stored} of {DRAINED} samples are stored"
    return DRAINED / seconds


async def _plain(folder: Path) -> float:
    """Append the same batches as Polars does it; give samples/s."""
    days = [rows.with_columns(day=pl.col("time").dt.date()) for rows in batches(DRAINED, BATCH)]
    of_types: dict[str, pl.DataType] = {
        "time": pl.Datetime("us", "UTC"),
        "received": pl.Datetime("us", "UTC"),
        "status": pl.Int64(),
    }

    def append() -> None:
        for rows in days:
            rows.cast(pl.Schema({**rows.schema, **of_types})).write_delta(
                folder / "plain", mode="append", delta_write_options={"partition_by": "day"}
            )

    begun = time.perf_counter()
    await asyncio.to_thread(append)
    seconds = time.perf_counter() - begun
    assert DeltaTable(folder / "plain").count() == DRAINED
    return DRAINED / seconds


async def _latency(folder: Path) -> dict[str, object]:
    """Drain a steady load, and wait for one sample after the other; tell how long, and how many files the day has."""
    waited: list[float] = []

    async def load(spool: Spool) -> None:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for number, part in enumerate(batches(2 * int(STEADY * WATCHED), DELIVERED)):
            await asyncio.sleep(begun + number * DELIVERED / STEADY - loop.time())
            await spool.append(part, "plc")

    async def watch(spool: Spool) -> None:
        one = next(batches(1, 1)).with_columns(signal=pl.lit(MARKER))
        loop = asyncio.get_running_loop()
        until = loop.time() + WATCHED
        async with _lake(folder) as reader:
            while loop.time() < until:
                one = one.with_columns(pl.col("time") + pl.duration(seconds=1, time_unit="ns"))
                begun = loop.time()
                await spool.append(one, "plc")
                while True:
                    if await _newest(reader) == one["time"].item():
                        break
                    await asyncio.sleep(0.02)
                waited.append(loop.time() - begun)

    async with _collector(folder) as (spool, records), asyncio.TaskGroup() as group:
        drain = _drain(spool, records, folder)
        group.create_task(drain.run())
        sender = group.create_task(load(spool))
        await watch(spool)
        sender.cancel()
        drain.finish()
    _say(f"reading latency: {statistics.median(waited):.2f} s, {max(waited):.2f} s at most, of {len(waited)} samples")
    return {
        "latency_s": round(statistics.median(waited), 2),
        "latency_max_s": round(max(waited), 2),
        "files_after_load": _files(folder),
    }


async def _large_day(folder: Path) -> dict[str, object]:
    """Fill a day, ask it for one signal, seal it, and ask it again."""
    async with _lake(folder) as lake:
        begun = time.perf_counter()
        for number, rows in enumerate(batches(DAY_ROWS, BATCH)):
            await lake.write(rows, Position("bench", number + 1))
        rate = DAY_ROWS / (time.perf_counter() - begun)
        files = _files(folder)
        _say(f"a day of {DAY_ROWS} rows: written at {rate:.0f} samples/s, {files} files")
        loose = await _asked(lake)
        parts.QUIET = timedelta(0)  # type: ignore[misc]  # so that it need not be left alone for ten minutes first
        begun = time.perf_counter()
        while True:
            await lake.maintain()
            if all("/l9-" in file for file in DeltaTable(folder / "lake" / "samples").file_uris()):
                break
        seconds = time.perf_counter() - begun
        sealed = await _asked(lake)
    _say(f"one signal of it: {max(loose):.3f} s at most, {max(sealed):.3f} s sealed (which took {seconds:.0f} s)")
    return {
        "day_rows": DAY_ROWS,
        "day_write": round(rate),
        "day_files": files,
        "day_files_sealed": _files(folder),
        "query_s": round(max(sealed), 3),
        "query_before_sealing_s": round(max(loose), 3),
    }


async def _asked(lake: Store) -> list[float]:
    """Ask for the day of one signal, and of others; give the seconds of each."""
    seconds = []
    for number in (0, 7, 1_234, 1_999, 42):
        signal = f"works/line-{number // 100}/machine-{number // 10}/signal-{number % 10}"
        begun = time.perf_counter()
        found = await (await lake.samples([signal], DAY, DAY + timedelta(days=1))).collect_async()
        seconds.append(time.perf_counter() - begun)
        assert found.height == len(range(number, DAY_ROWS, SIGNALS)), f"{found.height} samples of {signal}"
    return seconds


async def _newest(reader: Store) -> datetime | None:
    """Give the time of the newest marker that a reader sees."""
    found = await reader.last([MARKER], DAY + timedelta(days=1))
    return None if found.is_empty() else found["time"].item()


@asynccontextmanager
async def _collector(folder: Path) -> AsyncIterator[tuple[Spool, Records]]:
    """Open the spool and the records of a collector."""
    settings = SpoolSettings(path=folder / "spool.db")
    spool = SqliteSpool(settings.path, limit=settings.limit, linger=settings.linger, keep=timedelta(0))
    async with Records(f"sqlite:///{folder / 'records.db'}") as records, spool:
        yield spool, records


def _lake(folder: Path) -> Store:
    return create(LakeSettings(folder=folder / "lake"))


def _drain(spool: Spool, records: Records, folder: Path) -> Drain:
    return Drain(
        spool,
        _lake(folder),
        records,
        settings=StoreSettings(settings=LakeSettings(folder=folder / "lake")),
        sources={},
        dead_letters=bounds_of(RecordsSettings()),
        clock=WallClock(),
        random=Random(0),  # noqa: S311 - it draws waits
    )


def _files(folder: Path) -> int:
    """Give how many files the table of samples has."""
    return len(DeltaTable(folder / "lake" / "samples").file_uris())


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
