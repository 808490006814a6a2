"""One signal's day at 1 Hz as 1,000 points, through HTTP: from a lake and from InfluxDB.

The lake has a day of 100 signals: first as the drain leaves it (files of some batches each, partly merged), then sealed
into one sorted run, as it is soon after midnight. Each request is for another signal. Beside it Polars sums up the same
rows of the same files, in this process, and is asked for nothing but the result. InfluxDB has ten of the signals;
beside it stands its own question, asked over a kept connection. All take turns. Times are medians of `REQUESTS`
requests one after the other, in milliseconds.

InfluxDB goes through the day once per number, so the first request for a signal costs what its question costs
(`influxdb_first_ms`, against `influxdb_bare_ms`), the second has the API read the day (`influxdb_second_ms`), and those
after it are answered from memory unless samples came late (`influxdb_ms`): each signal is asked for ten times, for
another window each time.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

import httpx
import polars as pl
from deltalake import DeltaTable

from adapters.stores.contract import Position
from adapters.stores.influxdb import create as influxdb
from adapters.stores.influxdb.settings import InfluxSettings
from adapters.stores.lake import create as lake_of
from adapters.stores.lake.settings import LakeSettings
from tests.bench.api_server import BEGIN, DAY_S, pieces, sealed, serving, signal
from tests.servers.influxdb import InfluxServer

SIGNALS: Final = 100
"""Signals of the lake's line."""

IN_INFLUXDB: Final = 10
"""Signals in InfluxDB."""

BATCH: Final = 100_000
"""Rows of a batch of the drain."""

POINTS: Final = 1_000
"""What is asked for."""

REQUESTS: Final = 100
"""Requests of each kind."""

_BEGIN_NS: Final = int(BEGIN.timestamp()) * 10**9
_WIDTH_NS: Final = DAY_S * 10**9 // POINTS


def measure() -> dict[str, object]:
    """Give the median time of a request to the sealed lake, that of Polars as reference, and those of the others."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        return asyncio.run(_measured(Path(name)))


async def _measured(folder: Path) -> dict[str, object]:
    lake = await _lake(folder / "lake")
    influx = await _influx(folder / "influx")
    return {
        "value": lake["sealed_ms"],
        "reference": lake["sealed_polars_ms"],
        "ratio": round(lake["sealed_polars_ms"] / lake["sealed_ms"], 2),
        "unit": "ms",
        "against": "Polars, the same rows of the same files",
        **lake,
        **influx,
        "influxdb_ratio": round(influx["influxdb_bare_ms"] / influx["influxdb_first_ms"], 2),
        "requests": REQUESTS,
    }


async def _lake(folder: Path) -> dict[str, float]:
    stored = folder / "data" / "lake"
    async with (
        lake_of(LakeSettings(folder=stored)) as lake,
        serving(folder, "{ kind: lake, folder: data/lake }", SIGNALS) as client,
    ):
        for number, rows in enumerate(pieces(SIGNALS, DAY_S, BATCH)):
            await lake.write(rows, Position("bench", number + 1))
        found: dict[str, float] = {}
        for state in ("loose", "sealed"):
            if state == "sealed":
                await sealed(lake, stored)
            files = DeltaTable(stored / "samples").file_uris()
            api, polars = await _in_turn(
                lambda number: _asked(client, number % SIGNALS),
                partial(_in_thread, files),
            )
            found |= {f"{state}_files": len(files), **_told(state, api), f"{state}_polars_ms": _median(polars)}
            _say(f"lake, {state}: {found[f'{state}_ms']} ms, Polars {found[f'{state}_polars_ms']} ms")
        return found


async def _influx(folder: Path) -> dict[str, float]:
    (folder / "influx").mkdir(parents=True)
    async with InfluxServer(folder / "influx") as server:
        settings = InfluxSettings(url=server.url, bucket="park")
        async with influxdb(settings) as store:
            for number, rows in enumerate(pieces(IN_INFLUXDB, DAY_S, BATCH)):
                await store.write(rows, Position("bench", number + 1))
        stored = f"{{ kind: influxdb, url: {server.url}, bucket: park }}"
        async with serving(folder / "park", stored, IN_INFLUXDB) as client, httpx.AsyncClient(timeout=60) as bare:
            api, query = await _in_turn(
                lambda number: _asked(client, number % IN_INFLUXDB, number // IN_INFLUXDB),
                lambda number: _query(bare, server.url, number % IN_INFLUXDB),
                warming=0,
            )
    first, second = api[:IN_INFLUXDB], api[IN_INFLUXDB : 2 * IN_INFLUXDB]
    found = {
        **_told("influxdb", api),
        "influxdb_first_ms": _median(first),
        "influxdb_second_ms": _median(second),
        "influxdb_bare_ms": _median(query),
    }
    _say(f"InfluxDB: {found}")
    return found


async def _in_turn(*sides: Callable[[int], Awaitable[None]], warming: int = 5) -> list[list[float]]:
    """Measure sides in turn, after some turns that do not count; give their seconds."""
    seconds: list[list[float]] = [[] for _ in sides]
    for number in range(-warming, REQUESTS):
        for side, taken in zip(sides, seconds, strict=True):
            begun = time.perf_counter()
            await side(number)
            if number >= 0:
                taken.append(time.perf_counter() - begun)
    return seconds


async def _asked(client: httpx.AsyncClient, number: int, earlier: int = 0) -> None:
    """Ask the API for one signal's day, or one that began so many milliseconds earlier."""
    begin = BEGIN - timedelta(milliseconds=earlier)
    window = {"start": begin.isoformat(), "end": (begin + timedelta(days=1)).isoformat()}
    answer = await client.get("/api/v1/samples", params={"signal": signal(number), "points": POINTS, **window})
    assert answer.status_code == httpx.codes.OK, answer.text
    assert answer.content.count(b'"count":8') == POINTS, answer.text[:500]  # 86 or 87 in each


async def _in_thread(files: list[str], number: int) -> None:
    await asyncio.to_thread(_polars, files, number % SIGNALS)


def _polars(files: list[str], number: int) -> None:
    """Sum up one signal's day by Polars."""
    wanted = (pl.col("signal") == signal(number)) & pl.col("time_ns").is_between(
        _BEGIN_NS, _BEGIN_NS + DAY_S * 10**9, closed="left"
    )
    value = pl.col("float")
    rows = pl.scan_parquet(files, glob=False, hive_partitioning=False).filter(wanted)
    found = (
        rows.group_by((pl.col("time_ns") - _BEGIN_NS) // _WIDTH_NS)
        .agg(
            count=value.count(),
            bad=(pl.col("status") >= 2**31).sum(),
            min=value.min(),
            max=value.max(),
            mean=value.mean(),
            last=value.max_by("time_ns"),
        )
        .collect(engine="streaming")
    )
    assert found.height == POINTS


async def _query(client: httpx.AsyncClient, url: str, number: int) -> None:
    """Ask InfluxDB for one signal's day."""
    factory, line, equipment, name = signal(number).split("/")
    functions = ", ".join(f'{function}("float")' for function in ("min", "max", "mean", "last", "count"))
    where = f"factory = '{factory}' AND line = '{line}' AND equipment = '{equipment}' AND signal = '{name}'"
    statement = (
        f'SELECT {functions}, max("status") FROM "sample" WHERE {where} AND time >= {_BEGIN_NS} '  # noqa: S608 - all ours
        f"AND time < {_BEGIN_NS + DAY_S * 10**9} GROUP BY time({_WIDTH_NS}ns, {_BEGIN_NS % _WIDTH_NS}ns)"
    )
    answer = await client.get(f"{url}/query", params={"q": statement, "db": "park", "epoch": "ns"})
    assert len(answer.json()["results"][0]["series"][0]["values"]) == POINTS


def _told(name: str, seconds: list[float]) -> dict[str, float]:
    return {f"{name}_ms": _median(seconds), f"{name}_p95_ms": round(1000 * statistics.quantiles(seconds, n=20)[-1], 1)}


def _median(seconds: list[float]) -> float:
    return round(1000 * statistics.median(seconds), 1)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
