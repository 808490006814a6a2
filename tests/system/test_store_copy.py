"""A lake copied into a real InfluxDB and back by the command, killed on the way: nothing missing, nothing changed."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.registry import store_kind
from adapters.sample import SAMPLES
from adapters.stores.contract import RESULTS, Position, Store
from tests.servers.influxdb import InfluxServer

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
ROWS = 25_000
"""Samples of each signal."""
SIGNALS = {
    "works/line/press/force": pl.col("n").cast(pl.Float64).truediv(7).alias("float"),
    "works/line/press/parts": pl.col("n").cast(pl.Int64).alias("int"),
    "works/line/press/state": (pl.lit('the "door", №') + pl.col("n").mod(5).cast(pl.String)).alias("text"),
    "works/line/press/door": (pl.col("n") % 3 == 0).alias("bool"),
}
DAYS = timedelta(days=3)


def lake(folder: Path) -> Store:
    kind = store_kind("lake")
    return kind.create(kind.settings.model_validate({"folder": folder}))


def samples() -> pl.DataFrame:
    """Give samples of three days, an odd number of nanoseconds apart, some of them Bad."""
    numbers = pl.DataFrame({"n": range(ROWS)})
    time = pl.lit(NOON).dt.cast_time_unit("ns") + pl.duration(nanoseconds=pl.col("n") * 10_367_999_971, time_unit="ns")
    rows = [
        numbers.select(
            pl.lit(path).alias("signal"),
            time.alias("time"),
            value,
            pl.when(pl.col("n") % 1000 == 7).then(0x8000_0000).otherwise(0).alias("status"),
            time.alias("received"),
        )
        for path, value in SIGNALS.items()
    ]
    whole = pl.concat(rows, how="diagonal_relaxed").with_columns(
        pl.when(pl.col("status") == 0).then(pl.col(kind)).alias(kind) for kind in ("float", "int", "bool", "text")
    )
    return whole.select(SAMPLES.names()).cast(SAMPLES)


def results() -> pl.DataFrame:
    hours = [NOON + timedelta(hours=n) for n in range(48)]
    told = ("oee", 0.5, None, NOON + DAYS, 2, "late samples", "")
    rows = [("works/line", "hour", "", at, at + timedelta(hours=1), *told) for at in hours]
    return pl.DataFrame(rows, RESULTS, orient="row")


def installation(folder: Path) -> Path:
    """Write the smallest installation there is; the stores are named on the command line."""
    (folder / "lines").mkdir(parents=True)
    (folder / "parkline.yaml").write_text("store: {kind: lake}\n")
    (folder / "park.yaml").write_text(
        "id: park\ncalendars: {always: {shifts: [{name: all, start: '00:00', end: '00:00'}]}}\n"
        "factories: [{id: works, time_zone: UTC, calendar: always}]\n"
    )
    (folder / "lines" / "line.yaml").write_text(
        "line: line\nfactory: works\n"
        "sources: [{name: broker, kind: mqtt, host: 127.0.0.1}]\n"
        "equipment: [{id: press, signals: [{name: force, source: broker, topic: force, type: float}]}]\n"
    )
    return folder


def parkline(park: Path, *words: str) -> list[str]:
    return [sys.executable, "-m", "collector", *words, "-c", str(park), "-o", "json"]


async def everything(store: Store) -> tuple[pl.DataFrame, pl.DataFrame]:
    async with store:
        held = (await store.samples(list(SIGNALS), NOON - DAYS, NOON + 2 * DAYS)).collect()
        return held, await store.results(start=NOON - DAYS, end=NOON + 2 * DAYS)


@pytest.mark.timeout(180)
async def test_a_store_is_copied_whole_though_the_copy_is_killed(tmp_path: Path) -> None:
    park = installation(tmp_path / "park")
    async with lake(tmp_path / "old") as store:
        await store.write(samples(), Position("spool", 1))
        await store.write_results(results())
    (tmp_path / "influx").mkdir()
    async with InfluxServer(tmp_path / "influx") as influx:
        there = f"influxdb:url={influx.url},bucket=park"
        setup = await asyncio.to_thread(subprocess.run, parkline(park, "store", "setup", "--store", there), check=True)
        assert setup.returncode == 0
        copy = parkline(park, "store", "copy", f"lake:{tmp_path / 'old'}", "--to", there)
        process = await asyncio.create_subprocess_exec(*copy)
        async with asyncio.timeout(60):
            while not await influx.query('SELECT count("status") FROM "sample"', "park"):  # noqa: ASYNC110 - of a server
                await asyncio.sleep(0.05)
        assert process.returncode is None, "it was done before it could be killed"
        process.kill()
        await process.wait()
        again = await asyncio.to_thread(subprocess.run, copy, check=True, capture_output=True)
        told = orjson.loads(again.stdout)
        assert told["samples"] + told["present"] == ROWS * len(SIGNALS)
        assert told["refused"] == 0
        back = parkline(park, "store", "copy", there, "--to", f"lake:{tmp_path / 'new'}")
        await asyncio.to_thread(subprocess.run, back, check=True, capture_output=True)
    old, new = await everything(lake(tmp_path / "old")), await everything(lake(tmp_path / "new"))
    assert old[0].height == ROWS * len(SIGNALS)
    assert_frame_equal(new[0], old[0])
    assert old[1].height == 48
    assert_frame_equal(new[1], old[1])
