"""A month of a whole park, 98 million samples in the lake: the KPIs of every hour and shift, with their losses.

The tasks of the jobs are carried out as in the role, one after the other in one process, which reads the lake through
its store. DuckDB (`kpi_month_duckdb`) and pandas (`kpi_month_pandas`) compute the same from the same Parquet files.
Before anything is timed all three give the same numbers for a small month, and after it for the large one: every window
and column to 1e-6.

Each side runs in a fresh process, after all files were read once. What is timed begins when its modules are imported
and ends when its result is in a file. Ours and DuckDB take turns, and the median of each counts; pandas runs once, and
has its files read by Polars, which favours it.

    value            seconds of ours
    reference        seconds of DuckDB in SQL that is right for every lake
    duckdb_by_row    seconds of DuckDB in SQL that takes the order of rows in sealed files for granted
    cpu_s        seconds of processor time of each: on a machine that is shared they vary less
    peak_mib     what each process had in memory at most

`kpi_data` tells where the samples are kept and how large a month is made.
"""

import asyncio
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from analytics.computing import Computed, Task
from analytics.jobs import ranges_of
from analytics.kpis.catalogue import BY_SLUG
from analytics.planning import Planner
from analytics.reasons import PERSONS
from analytics.spans import GAPS
from analytics.workers import Local
from tests.bench import kpi_data, kpi_month_duckdb, kpi_month_pandas
from tests.bench.kpi_park import BEGIN, Size, park
from tests.bench.kpi_tables import COLUMNS, KEY, RATIOS, write_tables

SMALL: Final = Size(machines=8, days=9)
"""The month on which all agree first; the clocks of Chicago go forward in it."""

ROUNDS: Final = 3
"""How often ours and DuckDB are timed."""

EXACT: Final = 1e-6
"""By how much seconds, parts and ratios may differ."""


def measure() -> dict[str, object]:
    """Give the seconds of ours, of DuckDB and of pandas, and what each had in memory."""
    size = kpi_data.wanted()
    with tempfile.TemporaryDirectory(prefix="kpi-month-") as name:
        folder = Path(name)
        _say(f"all agree on {SMALL.machines} machines and {SMALL.days} days")
        for side in SIDES:
            _run(side, SMALL, folder)
        agree(folder)
        lake = kpi_data.lake(size)
        samples = sum(pl.scan_parquet(file).select(pl.len()).collect().item() for file in kpi_data.files(lake))
        _read(kpi_data.files(lake))
        seconds: dict[str, list[float]] = {side: [] for side in SIDES}
        cpu: dict[str, list[float]] = {side: [] for side in SIDES}
        peak: dict[str, float] = {}
        for number in range(ROUNDS):
            for side in SIDES if not number else [side for side in SIDES if side != "pandas"]:
                took = _run(side, size, folder)
                seconds[side].append(took["seconds"])
                cpu[side].append(took["cpu"])
                peak[side] = max(took["mebibytes"], peak.get(side, 0))
                _say(f"{side}: {took['seconds']:.1f} s, {took['cpu']:.1f} s of CPU, {took['mebibytes']:.0f} MiB")
            agree(folder)
    ours, duckdb, by_row, pandas = (statistics.median(seconds[side]) for side in SIDES)
    return {
        "value": round(ours, 2),
        "reference": round(duckdb, 2),
        "ratio": round(duckdb / ours, 2),
        "unit": "s",
        "against": "DuckDB SQL over the same Parquet files, on 2 threads, each signal's samples in order of time",
        "duckdb_by_row": round(by_row, 2),
        "duckdb_by_row_ratio": round(by_row / ours, 2),
        "pandas": round(pandas, 1),
        "pandas_ratio": round(pandas / ours, 2),
        "machines": size.machines,
        "days": size.days,
        "samples": samples,
        "cpu_s": {side: round(statistics.median(took), 1) for side, took in cpu.items()},
        "peak_mib": {side: round(mebibytes) for side, mebibytes in peak.items()},
    }


def ours(lake: Path, size: Size) -> pl.DataFrame:
    """Compute a month from a lake as the jobs do: columns `KEY` and `COLUMNS` of `kpi_tables`."""
    whole = park(size)
    frontiers = dict.fromkeys(whole.equipment, size.end)
    planner = Planner(whole, pl.DataFrame(schema=GAPS), pl.DataFrame(schema=PERSONS), frontiers)
    tasks = planner.tasks(ranges_of(whole.equipment, BEGIN, size.end))
    values = [BY_SLUG[name].value.alias(name) if name in RATIOS else pl.col(name) for name in COLUMNS]

    async def compute() -> list[pl.DataFrame]:
        async with create(LakeSettings(folder=lake)) as store:
            return [_wanted(task, computed, size) async for task, computed in Local().compute(store, tasks)]

    return pl.concat(asyncio.run(compute())).unique(KEY, keep="any").select(*KEY, *values)


def _wanted(task: Task, computed: Computed, size: Size) -> pl.DataFrame:
    """Give the accounts of hours and shifts that lie in the month as a whole."""
    whole = task.windows.filter(
        pl.col("period").is_in(["hour", "shift"]), pl.col("start") >= BEGIN, pl.col("end") <= size.end
    )
    accounts = computed.accounts.rename({"path": "equipment"}).join(whole, on=KEY, how="semi")
    return accounts.with_columns(pl.col("start").to_physical())


def _ours(lake: Path, tables: Path, size: Size, result: Path) -> None:
    del tables  # it has the park's own calendars
    ours(lake, size).write_parquet(result)


def _duckdb(lake: Path, tables: Path, size: Size, result: Path) -> None:
    kpi_month_duckdb.compute(kpi_data.files(lake), tables, size, result, by_row=False)


def _duckdb_by_row(lake: Path, tables: Path, size: Size, result: Path) -> None:
    kpi_month_duckdb.compute(kpi_data.files(lake), tables, size, result, by_row=True)


def _pandas(lake: Path, tables: Path, size: Size, result: Path) -> None:
    kpi_month_pandas.compute(kpi_data.files(lake), tables, size, result)


SIDES: Final[dict[str, Callable[[Path, Path, Size, Path], None]]] = {
    "ours": _ours,
    "duckdb": _duckdb,
    "duckdb by row": _duckdb_by_row,
    "pandas": _pandas,
}
"""Each computes from a lake and tables of `kpi_tables` into a file."""


def agree(folder: Path) -> None:
    """See that the results of all sides in a folder are the same.

    Raises:
        AssertionError: they are not; it says for which side, how many windows and in which columns.
    """
    first, *others = ((side, pl.read_parquet(folder / f"{side}.parquet").sort(KEY)) for side in SIDES)
    for side, result in others:
        assert result.select(KEY).equals(first[1].select(KEY)), f"{first[0]} and {side} have other windows"
        differs = pl.concat(
            [first[1].select(COLUMNS), result.select(pl.all().exclude(KEY).name.suffix(" there"))], how="horizontal"
        ).select(
            (
                ((pl.col(name) - pl.col(f"{name} there")).abs() > EXACT).fill_null(value=False)
                | (pl.col(name).is_null() != pl.col(f"{name} there").is_null())
            )
            .sum()
            .alias(name)
            for name in COLUMNS
        )
        odd = {name: count for name, count in differs.row(0, named=True).items() if count}
        assert not odd, f"{first[0]} and {side} differ, of {result.height} windows in {odd}"


def _run(side: str, size: Size, folder: Path) -> dict[str, float]:
    """Run one side in a process of its own; give its `seconds`, its `cpu` seconds and its `mebibytes`."""
    lake = kpi_data.lake(size)
    write_tables(size, folder)
    process = multiprocessing.get_context("spawn").Process(target=_there, args=(side, lake, size, folder), name=side)
    process.start()
    process.join()
    assert process.exitcode == 0, f"{side} ended with {process.exitcode}"
    told: dict[str, float] = json.loads((folder / f"{side}.json").read_text(encoding="utf-8"))
    return told


def _there(side: str, lake: Path, size: Size, folder: Path) -> None:
    """Run one side in this process, and leave what it took in a file."""
    began, used = time.perf_counter(), time.process_time()
    SIDES[side](lake, folder, size, folder / f"{side}.parquet")
    told = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - used, "mebibytes": _peak()}
    (folder / f"{side}.json").write_text(json.dumps(told), encoding="utf-8")


def _peak() -> float:
    """Give what this process had in memory at most, in mebibytes; what its parent had is not in it."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def _read(files: list[str]) -> None:
    """Read all files once, so that no side waits for the disk."""
    for file in files:
        with Path(file).open("rb") as opened:
            while opened.read(2**24):
                pass


def _say(text: str) -> None:
    print(f"kpi-month: {text}", file=sys.stderr, flush=True)
