"""One late sample, until the numbers that it changes can be read: with a year of history in the store, or a month.

Twenty machines report their state every ten minutes and count their parts; everything was computed when it came. Then
one report of a machine arrives that belongs into an afternoon 20 days ago: into the spool, by the drain into the lake,
through one cycle of the engine, until a reader finds the next version of its hour. The cycle begins when the sample is
stored; where the role waits for its turn, up to `analytics: every` is added. What is measured is done several times,
each into a day of its own, and the median counts.

    value        seconds with a year of history
    reference    seconds with a month; a ratio of about 1 says that the length of the history does not count
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

import polars as pl

from adapters.sample import INSTANT, SAMPLES
from adapters.stores.contract import Position, Store
from adapters.stores.lake import create, parts
from adapters.stores.lake.settings import LakeSettings
from analytics.engine import Engine
from analytics.jobs import Jobs, ranges_of
from analytics.timeline import Reader
from collector.clock import WallClock
from collector.deadletters import bounds_of
from collector.drain import Drain
from collector.links import Link, write_links
from collector.park import Park
from collector.records import Records
from collector.settings import RecordsSettings, StoreSettings
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.bench.kpi_park import Size, park

MACHINES: Final = 20
"""Machines that report."""

DAYS: Final = {"year": 365, "month": 30}
"""How long the histories are, in days."""

ROUNDS: Final = 5
"""Late samples."""

END: Final = datetime(2026, 3, 1, tzinfo=UTC)
"""Where both histories end."""

AGO: Final = timedelta(days=20)
"""How old the first late sample is; the others are a day younger each."""

LOOK: Final = 0.01
"""Seconds between two looks."""

_MINUTES: Final = 10
_DAY: Final = timedelta(days=1)


def measure() -> dict[str, object]:
    """Give the seconds from a late sample to the restated number."""
    seconds: dict[str, list[float]] = {}
    for name, days in DAYS.items():
        with tempfile.TemporaryDirectory(prefix="kpi-late-") as folder:
            _say(f"a {name} of history")
            seconds[name] = asyncio.run(_late(Path(folder), days))
            _say(f"{', '.join(f'{one:.2f}' for one in seconds[name])} s")
    year, month = (statistics.median(seconds[name]) for name in DAYS)
    return {
        "value": round(year, 3),
        "reference": round(month, 3),
        "ratio": round(month / year, 2),
        "unit": "s",
        "against": "the same with a month of history",
        "longest": round(max(seconds["year"]), 3),
        "machines": MACHINES,
    }


@dataclass(frozen=True, slots=True)
class Site:
    """What stands open."""

    park: Park
    store: Store
    records: Records
    spool: SqliteSpool
    folder: Path


async def _late(folder: Path, days: int) -> list[float]:
    """Fill a history, then bring late samples; give the seconds of each."""
    settings = LakeSettings(folder=folder / "lake")
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(create(settings))
        records = await stack.enter_async_context(Records(f"sqlite:///{folder / 'records.db'}"))
        spool = await stack.enter_async_context(
            SqliteSpool(folder / "spool.db", limit=2**30, linger=timedelta(milliseconds=5), keep=timedelta(minutes=10))
        )
        site = Site(park(Size(machines=MACHINES, days=1)), store, records, spool, folder)
        await _fill(site, days)
        engine = Engine(site.park, spool, create(settings), records)
        await engine.begin(END)
        await engine.cycle(END)
        took = [await _one(site, engine, number) for number in range(ROUNDS)]
        await engine.end()
    return took


async def _fill(site: Site, days: int) -> None:
    """Bring a history into the lake, and compute it."""
    begin = END - timedelta(days=days)
    for number in range(days):
        await site.store.write(_day(site.park, begin + number * _DAY), Position("history", number + 1))
    parts.QUIET = timedelta(0)  # type: ignore[misc]  # so that days are sealed at once
    await site.store.maintain()
    sources = dict.fromkeys(signal.source for signal in site.park.signals.values())
    links = [Link(name, "up", END, END, END, END, 1, 0, "") for name in sources]
    await site.records.run(lambda connection: write_links(connection, links))
    jobs = Jobs(Reader(site.park, site.store, site.records))
    frontiers = dict.fromkeys(site.park.equipment, END)
    step = timedelta(days=10)
    for number in range(0, days, step.days):
        since = begin + timedelta(days=number)
        await jobs.compute(ranges_of(site.park.equipment, since, min(since + step, END)), now=END, frontiers=frontiers)
        await site.store.maintain()
    _say(f"{days} days computed")


def _day(park: Park, day: datetime) -> pl.DataFrame:
    """Give a day of all machines: a state every ten minutes, of which each sixth is a stop, and a counter."""
    instants = pl.datetime_range(day, day + _DAY, f"{_MINUTES}m", closed="left", eager=True).cast(INSTANT)
    number = pl.int_range(len(instants), eager=True)
    frames = []
    for path in park.equipment:
        state = pl.select(pl.when(number % 6 == 0).then(pl.lit("DOWN")).otherwise(pl.lit("RUN"))).to_series()
        frames.append(_frame(f"{path}/state", instants, text=state))
        frames.append(_frame(f"{path}/total", instants, int=number * 20))
    return pl.concat(frames)


def _frame(signal: str, instants: pl.Series, **value: pl.Series) -> pl.DataFrame:
    given = pl.DataFrame({"time": instants, "received": instants, **value})
    rows = given.with_columns(signal=pl.lit(signal), status=pl.lit(0, pl.UInt32))
    missing = [pl.lit(None, SAMPLES[name]).alias(name) for name in SAMPLES if name not in rows.columns]
    return rows.with_columns(missing).select(SAMPLES.names()).cast(SAMPLES)


async def _one(site: Site, engine: Engine, number: int) -> float:
    """Bring one late sample, and wait until its day's next version can be read; give the seconds."""
    path = next(iter(site.park.equipment))
    late = END - AGO + number * _DAY + timedelta(hours=14, minutes=3)
    instant = pl.Series([late]).cast(INSTANT)
    sample = _frame(f"{path}/state", instant, text=pl.Series(["WAIT"]))
    drain = Drain(
        site.spool,
        site.store,
        site.records,
        settings=StoreSettings(settings=LakeSettings(folder=site.folder / "lake")),
        sources={},
        dead_letters=bounds_of(RecordsSettings()),
        clock=WallClock(),
        random=Random(0),  # noqa: S311 - it draws waits
    )
    async with create(LakeSettings(folder=site.folder / "lake")) as reader, asyncio.TaskGroup() as group:
        task = group.create_task(drain.run(), name="drain")
        began = time.perf_counter()
        await site.spool.append(sample, "late")
        end = await site.spool.end()
        await _until(lambda: _stored(site, end))
        stored = time.perf_counter() - began
        await engine.cycle(END)
        await _until(lambda: _restated(reader, path, late))
        took = time.perf_counter() - began
        drain.finish()
        await task
    _say(f"stored after {stored:.2f} s, readable after {took:.2f} s")
    return took


async def _until(asked: Callable[[], Awaitable[bool]]) -> None:
    """Look now and then until it is so."""
    while True:
        if await asked():
            return
        await asyncio.sleep(LOOK)


async def _stored(site: Site, end: int) -> bool:
    """Tell whether the store has what the spool holds up to a position."""
    return await site.spool.cursor(STORE) >= end


async def _restated(reader: Store, path: str, late: datetime) -> bool:
    """Tell whether the hour of the late sample has its next version."""
    hour = late.replace(minute=0)
    found = await reader.results(
        start=hour, end=hour + timedelta(microseconds=1), paths=[path], periods=["hour"], kpis=["idle_time"]
    )
    return found.height == 1 and found["version"].item() > 1


def _say(text: str) -> None:
    print(f"kpi-late: {text}", file=sys.stderr, flush=True)
