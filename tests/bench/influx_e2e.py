"""From the spool to InfluxDB, counted back: the drain, against the fastest plain client and the batching WriteApi.

The spool is filled before the clock runs. The drain reads it, encodes, writes and commits as in a collector. The plain
client has the very lines that the store writes, as bytes in memory, and does nothing but post them without compression
over parallel connections, in the best of several settings: what it reaches is what InfluxDB takes. The WriteApi gets
the same values as points. Each run has a database of its own. They take turns, since a machine is not equally fast all
the time: the ratio is the median of those of runs next to each other, and the rates are medians, too. All write through
the nginx that stands for the address of InfluxDB 1.8.

Whether the collector or InfluxDB is the limit shows where neither takes the other's processor, as on machines of their
own: the server has one half of the processors here, and whoever writes the other. `ratio_shared` is of runs in which
both have all processors, and what the drain needs of them InfluxDB does not get; posting bytes needs nearly nothing.
"""

import asyncio
import gc
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import SystemRandom
from statistics import median
from typing import Final
from urllib.parse import urlencode

import polars as pl
from influxdb_client.client.influxdb_client import InfluxDBClient

from adapters.stores.influxdb import create, encode
from adapters.stores.influxdb.settings import InfluxSettings
from adapters.stores.influxdb.writer import BLOCK
from collector.clock import WallClock
from collector.deadletters import bounds_of
from collector.drain import Drain
from collector.records import Records
from collector.settings import RecordsSettings, SpoolSettings, StoreSettings
from collector.spool.contract import Spool
from collector.spool.sqlite import SqliteSpool
from tests.bench.points import point, prepared, samples
from tests.servers.influxdb import InfluxServer

SAMPLES_SENT: Final = 1_000_000
"""Samples of one run of the drain, and of the plain client: ten full batches of a drain."""

POINTS: Final = 50_000
"""Samples of one run of the WriteApi, which is slower."""

DELIVERED: Final = 2_000
"""Samples in one delivery of a source, which is one entry of the spool."""

ROUNDS: Final = 5
"""Runs of each side."""

PLAIN: Final = ((2, 1_000_000), (4, 1_000_000), (4, 700_000), (8, 700_000))
"""Settings of the plain client: connections, bytes in a request at most."""


UNIT: Final = "us"
"""What the times of the lines count: the coarsest unit that holds them, which the store takes, too."""


@dataclass(frozen=True, slots=True)
class Load:
    """What every side has to carry, and where to."""

    samples: pl.DataFrame
    influx: InfluxServer
    folder: Path


@dataclass(frozen=True, slots=True)
class Rates:
    """What the sides reached next to each other, in samples/s."""

    drain: float
    plain: float
    points: float

    def __str__(self) -> str:
        """Give them as a person reads them."""
        return f"drain {self.drain:.0f}, plain {self.plain:.0f}, points {self.points:.0f} samples/s"


def measure() -> dict[str, object]:
    """Give samples/s of the drain; as references those of the plain client, and of the WriteApi with points."""
    return asyncio.run(_measured())


async def _measured() -> dict[str, object]:
    every = sorted(os.sched_getaffinity(0))
    half = len(every) // 2
    load = samples(SAMPLES_SENT)
    try:
        apart = await _rounds(load, set(every[:half]), set(every[half:])) if half else []
    finally:
        _bind(set(every))
    shared = await _rounds(load, set(every), set(every))
    rounds = apart or shared
    return {
        "value": round(median(one.drain for one in rounds)),
        "reference": round(median(one.plain for one in rounds)),
        "ratio": round(median(one.drain / one.plain for one in rounds), 2),
        "unit": "samples/s",
        "against": "the same lines posted by the fastest plain client",
        "processors": f"{half} for InfluxDB, {len(every) - half} for the writer" if half else "shared",
        "write_api": round(median(one.points for one in rounds)),
        "write_api_ratio": round(median(one.drain / one.points for one in rounds), 1),
        "ratio_shared": round(median(one.drain / one.plain for one in shared), 2),
        "write_api_ratio_shared": round(median(one.drain / one.points for one in shared), 1),
        "samples": SAMPLES_SENT,
    }


async def _rounds(load: pl.DataFrame, servers: set[int], writers: set[int]) -> list[Rates]:
    """Measure all sides in turn, the server on some processors and whoever writes on some."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        (folder / "influx").mkdir()
        _bind(servers)  # what is started now stays there
        async with InfluxServer(folder / "influx") as influx:
            _bind(writers)
            carried = Load(load, influx, folder)
            lines = bodies(load)
            trials = {setting: await _plain(carried, lines[setting[1]], setting[0]) for setting in PLAIN}
            connections, size = max(trials, key=lambda setting: trials[setting])
            where = f"{len(servers | writers)} processors, {len(servers & writers)} shared"
            print(f"{where}: plain with {connections} connections, {size} bytes a request", file=sys.stderr)
            rounds = []
            for number in range(ROUNDS):
                sides = {
                    "drain": lambda: _drained(carried),
                    "plain": lambda: _plain(carried, lines[size], connections),
                    "points": lambda: _points(carried),
                }
                order = list(sides)[:: 1 if number % 2 else -1]
                rounds.append(Rates(**{side: await sides[side]() for side in order}))
                print(f"round {number + 1}: {rounds[-1]}", file=sys.stderr)
            return rounds


def _bind(processors: set[int]) -> None:
    """Have all threads of this process run on these processors only, and what they start."""
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), processors)


def bodies(load: pl.DataFrame) -> dict[int, list[bytes]]:
    """Give the lines of samples as the store writes them, by the size of a request."""
    batches = load.iter_slices(BLOCK)
    rows = [encode.in_unit(encode.sample_lines(encode.storable(batch)[0]), UNIT) for batch in batches]
    return {
        size: [encode.sample_body(piece) for batch in rows for piece in encode.pieces(batch, size)]
        for size in {size for _, size in PLAIN}
    }


async def _drained(load: Load) -> float:
    """Fill a spool, and drain it; give samples/s."""
    with tempfile.TemporaryDirectory(dir=load.folder) as name:
        folder = Path(name)
        settings = SpoolSettings(path=folder / "spool.db")
        spool = SqliteSpool(settings.path, limit=settings.limit, linger=settings.linger, keep=timedelta(0))
        async with Records(f"sqlite:///{folder / 'records.db'}") as records, spool:
            await asyncio.gather(*(spool.append(part, "plc") for part in load.samples.iter_slices(DELIVERED)))
            return await _run(load, lambda database: _drain(load, spool, records, database), load.samples.height)


async def _drain(load: Load, spool: Spool, records: Records, database: str) -> float:
    """Drain a spool into an open store; give the seconds that it took."""
    influx = InfluxSettings(url=load.influx.url, bucket=database)
    async with create(influx) as store:
        drain = Drain(
            spool,
            store,
            records,
            settings=StoreSettings(kind="influxdb", settings=influx),
            sources={},
            dead_letters=bounds_of(RecordsSettings()),
            clock=WallClock(),
            random=SystemRandom(),
        )
        drain.finish()
        begun = time.perf_counter()
        await drain.pump()
        return time.perf_counter() - begun


async def _plain(load: Load, lines: list[bytes], connections: int) -> float:
    """Post lines over some connections; give samples/s."""

    async def post(database: str) -> float:
        left, failed = iter(lines), []
        lock = threading.Lock()

        def work() -> None:
            try:
                _post(load.influx.front_port, database, left, lock)
            except OSError as error:
                failed.append(error)

        begun = time.perf_counter()
        threads = [threading.Thread(target=work) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            await asyncio.to_thread(thread.join)
        assert not failed, failed
        return time.perf_counter() - begun

    return await _run(load, post, load.samples.height)


def _post(port: int, database: str, left: Iterator[bytes], lock: threading.Lock) -> None:
    """Post bodies one after another over one connection; raises OSError where one is not taken."""
    target = f"/api/v2/write?{urlencode({'bucket': database, 'precision': UNIT})}"
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            with lock:
                body = next(left, None)
            if body is None:
                return
            wire.sendall(f"POST {target} HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(body)}\r\n\r\n".encode())
            wire.sendall(body)
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += wire.recv(65536)
            if not answer.startswith(b"HTTP/1.1 204"):
                raise OSError(answer)


async def _points(load: Load) -> float:
    """Write points through the batching WriteApi; give samples/s."""
    rows = prepared(load.samples[:POINTS])

    def write(database: str) -> float:
        begun = time.perf_counter()
        with InfluxDBClient(load.influx.url, token="", org="-") as client, client.write_api() as api:
            for row in rows:
                api.write(database, record=point(row))
        return time.perf_counter() - begun

    return await _run(load, lambda database: asyncio.to_thread(write, database), POINTS)


async def _run(load: Load, work: Callable[[str], Awaitable[float]], count: int) -> float:
    """Do some work on a database of its own, count what it stored, and drop it; give samples/s by the time it tells."""
    database = f"bench_{time.monotonic_ns()}"
    await load.influx.query(f"CREATE DATABASE {database}")
    gc.collect()
    seconds = await work(database)
    rows = await load.influx.query('SELECT COUNT("status") FROM "sample"', database)
    assert rows[0]["count"] == count, f"{rows[0]['count']} of {count} samples are stored"
    await load.influx.query(f"DROP DATABASE {database}")
    return count / seconds
