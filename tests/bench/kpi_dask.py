"""The month of `kpi-month` by two workers of Dask against one: the same tasks, the same accounts.

Each side is a fresh set of processes that read the lake themselves. The cluster is Dask's own, its workers are spawned
and have one thread each; Polars has one thread in each of them. `engine: local` is measured beside it: one process that
carries two tasks out at once, with as many threads as Polars takes, and so has no more processors to gain here. What is
timed begins when the processes are up and ends with the last account.

    value        seconds by two workers
    reference    seconds by one worker
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import polars as pl

from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from analytics.accounts import KEY
from analytics.jobs import ranges_of
from analytics.planning import Planner
from analytics.reasons import PERSONS
from analytics.spans import GAPS
from analytics.workers import DaskWorkers, Local, Workers
from tests.bench import kpi_data
from tests.bench.kpi_park import BEGIN, Size, park

SIDES: Final = {"two workers": 2, "one worker": 1, "local": 0}
"""Each with its workers of Dask; 0: none, in one process."""


def measure() -> dict[str, object]:
    """Give the seconds by two workers and in one process."""
    size = kpi_data.wanted()
    lake = kpi_data.lake(size)
    with tempfile.TemporaryDirectory(prefix="kpi-dask-") as name:
        folder = Path(name)
        seconds = {side: _apart(side, lake, size, folder) for side in SIDES}
        for side, took in seconds.items():
            _say(f"{side}: {took:.1f} s")
        results = {side: pl.read_parquet(folder / f"{side}.parquet") for side in seconds}
        for side, result in results.items():
            assert result.equals(results["local"]), f"{side} and one process differ"
    two, one, local = (seconds[side] for side in SIDES)
    return {
        "value": round(two, 2),
        "reference": round(one, 2),
        "ratio": round(one / two, 2),
        "unit": "s",
        "against": "one worker of one thread",
        "local": round(local, 2),
        "local_ratio": round(local / two, 2),
        "windows": results["local"].height,
        "machines": size.machines,
        "days": size.days,
    }


def _apart(side: str, lake: Path, size: Size, folder: Path) -> float:
    """Run one side in a process of its own; give its seconds."""
    before = os.environ.get("POLARS_MAX_THREADS")
    if SIDES[side]:
        os.environ["POLARS_MAX_THREADS"] = "1"
    try:
        context = multiprocessing.get_context("spawn")
        answer: Any = context.Queue()
        process = context.Process(target=_there, args=(side, lake, size, folder, answer), name=side)
        process.start()
        took: float = answer.get()
        process.join()
    finally:
        if before is None:
            os.environ.pop("POLARS_MAX_THREADS", None)
        else:
            os.environ["POLARS_MAX_THREADS"] = before
    assert process.exitcode == 0, f"{side} ended with {process.exitcode}"
    return took


def _there(side: str, lake: Path, size: Size, folder: Path, answer: Any) -> None:
    """Carry all tasks out in this process or on a cluster of its own; leave the accounts in a file."""
    answer.put(asyncio.run(_dask(side, lake, size, folder) if SIDES[side] else _one(side, lake, size, folder)))


async def _one(side: str, lake: Path, size: Size, folder: Path) -> float:
    return await _compute(Local(), lake, size, folder / f"{side}.parquet")


async def _dask(side: str, lake: Path, size: Size, folder: Path) -> float:
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=SIDES[side],
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        asynchronous=True,
        memory_limit=0,
    )
    async with cluster, DaskWorkers(cluster.scheduler_address, "lake", LakeSettings(folder=lake)) as workers:
        return await _compute(workers, lake, size, folder / f"{side}.parquet")


async def _compute(workers: Workers, lake: Path, size: Size, result: Path) -> float:
    whole = park(size)
    frontiers = dict.fromkeys(whole.equipment, size.end)
    planner = Planner(whole, pl.DataFrame(schema=GAPS), pl.DataFrame(schema=PERSONS), frontiers)
    async with create(LakeSettings(folder=lake)) as store:
        began = time.perf_counter()
        tasks = planner.tasks(ranges_of(whole.equipment, BEGIN, size.end))
        accounts = [computed.accounts async for _, computed in workers.compute(store, tasks)]
        took = time.perf_counter() - began
    pl.concat(accounts).unique(KEY, keep="any").sort(KEY).write_parquet(result)
    return took


def _say(text: str) -> None:
    print(f"kpi-dask: {text}", file=sys.stderr, flush=True)
