"""From the spool to InfluxDB, counted back: the drain, against the fastest plain client and the batching WriteApi.

The spool is filled before the clock runs. The drain reads it, encodes, writes and commits as in a collector. The plain
client has the very lines that the store writes, as bytes in memory, and does nothing but post them without compression
over parallel connections, in the best of several settings: what it reaches is what InfluxDB takes. The WriteApi gets
the same values as points. Each run has a database of its own. They take turns, since a machine is not equally fast all
the time: the ratio is the median of those of runs next to each other, and the rates are medians, too. All write through
the nginx that stands for the address of InfluxDB 1.8.
"""

import asyncio
import gc
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
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

SAMPLES_SENT: Final = 500_000
"""Samples of one run of the drain, and of the plain client: five full batches of a drain."""

POINTS: Final = 50_000
"""Samples of one run of the WriteApi, which is slower."""

DELIVERED: Final = 2_000
"""Samples in one delivery of a source, which is one entry of the spool."""

ROUNDS: Final = 7
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


def measure() -> dict[str, object]:
    """Give samples/s of the drain; as references those of the plain client, and of the WriteApi with points."""
    return asyncio.run(_measured())


async def _measured() -> dict[str, object]:
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        folder = Path(name)
        (folder / "influx").mkdir()
        async with InfluxServer(folder / "influx") as influx:
            load = Load(samples(SAMPLES_SENT), influx, folder)
            lines = bodies(load.samples)
            trials = {setting: await _plain(load, lines[setting[1]], setting[0]) for setting in PLAIN}
            connections, size = max(trials, key=lambda setting: trials[setting])
            rounds = []
            for number in range(ROUNDS):
                rates: dict[str, float] = {}
                for side in ("drain", "plain", "points")[:: 1 if number % 2 else -1]:
                    if side == "drain":
                        rates[side] = await _drained(load)
                    elif side == "plain":
                        rates[side] = await _plain(load, lines[size], connections)
                    else:
                        rates[side] = await _points(load)
                rounds.append(rates)
                told = ", ".join(f"{side} {rate:.0f}" for side, rate in sorted(rates.items()))
                print(f"round {number + 1}: {told} samples/s", file=sys.stderr)
    return {
        "value": round(median(rates["drain"] for rates in rounds)),
        "reference": round(median(rates["plain"] for rates in rounds)),
        "ratio": round(median(rates["drain"] / rates["plain"] for rates in rounds), 2),
        "unit": "samples/s",
        "against": f"the same lines posted by a plain client, {connections} connections, {size} bytes a request",
        "write_api": round(median(rates["points"] for rates in rounds)),
        "write_api_ratio": round(median(rates["drain"] / rates["points"] for rates in rounds), 1),
        "samples": SAMPLES_SENT,
    }


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
