"""A month of one line as Parquet: 20 signals at 1 Hz, exported through the API, against Polars alone.

The export is asked for, waited for and downloaded in whole, and its hash is compared; `value` is rows by the seconds
from the request until it is done, as the API tells them (`begun`, `ended`); `whole` counts the looks and the download,
too. The reference reads the very same rows of the same lake with Polars and writes them into a Parquet file of the same
columns, sorted as they are, in a process of its own as the API is. Both take turns; the best run of each counts, since
a machine is not equally fast all the time. All days but the last are sealed, as in a lake that is looked after.

`PARKLINE_BENCH_EXPORT_DAYS` is the number of days (30 unless it says another): 1.7 million rows each.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import polars as pl
from deltalake import DeltaTable

from adapters.sample import INSTANT, SAMPLES
from adapters.stores.contract import Position
from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from api.exportfiles import ROWS_OF_GROUP
from tests.bench.api_server import BEGIN, DAY_S, samples, sealed, serving

SIGNALS: Final = 20
"""Signals of the line."""

DAYS: Final = int(os.environ.get("PARKLINE_BENCH_EXPORT_DAYS", "30"))
"""Days of the month."""

ROUNDS: Final = 3
"""Runs of each side."""


def measure() -> dict[str, object]:
    """Give rows/s of the export, with Polars' as reference."""
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as name:
        return asyncio.run(_measured(Path(name)))


async def _measured(folder: Path) -> dict[str, object]:
    stored = folder / "data" / "lake"
    rows = SIGNALS * DAY_S * DAYS
    async with (
        create(LakeSettings(folder=stored)) as lake,
        serving(folder, "{ kind: lake, folder: data/lake }", SIGNALS) as client,
    ):
        begun = time.perf_counter()
        for day in range(DAYS):
            await lake.write(samples(SIGNALS, day * DAY_S, DAY_S // 2), Position("bench", 2 * day + 1))
            await lake.write(samples(SIGNALS, day * DAY_S + DAY_S // 2, DAY_S // 2), Position("bench", 2 * day + 2))
        await sealed(lake, stored)
        _say(f"{rows} rows are stored and sealed after {time.perf_counter() - begun:.0f} s")
        files = DeltaTable(stored / "samples").file_uris()
        ours: list[dict[str, Any]] = []
        plain: list[float] = []
        for number in range(ROUNDS):
            for side in ("api", "polars")[:: 1 if number % 2 else -1]:
                if side == "api":
                    ours.append(await _exported(client, rows))
                else:
                    plain.append(rows / await asyncio.to_thread(_plain, files, folder / "plain.parquet"))
            _say(f"round {number + 1}: export {ours[-1]['rate']:.0f}, Polars {plain[-1]:.0f} rows/s")
    best = max(ours, key=lambda one: float(one["rate"]))
    return {
        "value": round(best["rate"]),
        "reference": round(max(plain)),
        "ratio": round(best["rate"] / max(plain), 2),
        "unit": "rows/s",
        "against": "Polars: scan of the same files, sink into one Parquet file",
        "rows": rows,
        "bytes": best["bytes"],
        "whole": round(max(one["whole"] for one in ours)),
        "download_mb_s": round(max(one["download"] for one in ours)),
    }


async def _exported(client: httpx.AsyncClient, rows: int) -> dict[str, Any]:
    """Export, wait and download; give rows/s and bytes."""
    window = {"start": BEGIN.isoformat(), "end": (BEGIN + timedelta(days=DAYS)).isoformat()}
    begun = time.perf_counter()
    asked = {"what": "samples", "paths": ["works/line-1"], "format": "parquet", **window}
    answer = await client.post("/api/v1/exports", json=asked)
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    while True:
        export: dict[str, Any] = (await client.get(answer.headers["location"])).json()
        if export["state"] in {"done", "failed"}:
            break
        await asyncio.sleep(0.1)
    assert export["state"] == "done", export
    assert export["rows"] == rows, export
    digest, downloading = hashlib.sha256(), time.perf_counter()
    async with client.stream("GET", export["file"]) as file:
        async for chunk in file.aiter_bytes(2**20):
            digest.update(chunk)
    ended = time.perf_counter()
    assert digest.hexdigest() == export["sha256"]
    await client.delete(answer.headers["location"])
    took = datetime.fromisoformat(export["ended"]) - datetime.fromisoformat(export["begun"])
    return {
        "rate": rows / took.total_seconds(),
        "whole": rows / (ended - begun),
        "bytes": export["bytes"],
        "download": export["bytes"] / 1e6 / (ended - downloading),
    }


def _plain(files: list[str], path: Path) -> float:
    """Read and write the rows with Polars, in another process; give the seconds."""
    command = [sys.executable, "-m", "tests.bench.api_export", str(path)]
    answer = subprocess.run(command, input=orjson.dumps(files), stdout=subprocess.PIPE, check=True)
    path.unlink()
    return float(answer.stdout)


def _write(files: list[str], path: str) -> float:
    """Read and write the rows; give the seconds."""
    made = {
        "time": pl.col("time_ns").cast(INSTANT).alias("time"),
        "received": pl.col("received_ns").cast(INSTANT).alias("received"),
        "status": pl.col("status").cast(pl.UInt32),
    }
    wanted = pl.col("signal").str.starts_with("works/line-1/")
    begun = time.perf_counter()
    rows = pl.scan_parquet(files, glob=False, hive_partitioning=False).filter(wanted)
    rows.select(made.get(name, pl.col(name)) for name in SAMPLES).sink_parquet(path, row_group_size=ROWS_OF_GROUP)
    return time.perf_counter() - begun


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    print(_write(orjson.loads(sys.stdin.buffer.read()), sys.argv[1]))
