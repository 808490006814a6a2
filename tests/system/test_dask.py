"""Tasks on a real Dask cluster: spawned workers that read the lake themselves give what one process gives."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from distributed import LocalCluster

from adapters.stores.contract import Position, StoreUnavailableError
from adapters.stores.lake import create
from adapters.stores.lake.settings import LakeSettings
from analytics.accounts import KEY
from analytics.jobs import Jobs, ranges_of
from analytics.timeline import Reader
from analytics.workers import DaskWorkers, Local, Workers
from collector.links import write_links
from collector.records import Records
from tests.analytics.plant import at, line, link, machine, park, samples

pytestmark = pytest.mark.system

DAY = 86_400
PATHS = [f"works/line/m{number}" for number in range(3)]
PLANT = park(line("works/line", *(machine(path, micro_stop=timedelta(minutes=2)) for path in PATHS)))


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Open records, empty."""
    async with Records(f"sqlite:///{tmp_path / 'records.db'}") as opened:
        yield opened


@pytest.fixture
async def cluster() -> AsyncIterator[LocalCluster]:
    """Two workers, spawned, with one thread each."""
    made = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        asynchronous=True,
        memory_limit=0,
    )
    async with made:
        yield made


async def filled(folder: Path) -> LakeSettings:
    """Fill a lake with three days of three machines."""
    settings = LakeSettings(folder=folder)
    async with create(settings) as store:
        for number, path in enumerate(PATHS):
            reports = [(3600.0 * hour + 60 * number, ("RUN", "STOP", "WAIT")[hour % 3]) for hour in range(72)]
            await store.write(samples(f"{path}/state", reports), Position("log", number + 1))
    return settings


async def results(settings: LakeSettings, workers: Workers, records: Records) -> pl.DataFrame:
    """Have everything computed, and give what was stored."""
    async with create(settings) as store:
        jobs = Jobs(Reader(PLANT, store, records), workers)
        await jobs.compute(ranges_of(PATHS, at(0), at(3 * DAY)), now=at(3 * DAY))
        return await store.results(start=at(-DAY), end=at(4 * DAY))


async def test_two_workers_give_what_one_process_gives(cluster: LocalCluster, tmp_path: Path, records: Records) -> None:
    await records.run(lambda connection: write_links(connection, [link(last=3 * DAY)]))
    here = await results(await filled(tmp_path / "here"), Local(), records)
    settings = await filled(tmp_path / "there")
    async with DaskWorkers(cluster.scheduler_address, "lake", settings) as workers:
        there = await results(settings, workers, records)
    assert here.height > 1000
    assert there.sort(*KEY, "kpi").equals(here.sort(*KEY, "kpi"))


async def test_a_store_that_a_worker_cannot_open_is_told_as_its_own_error(
    cluster: LocalCluster, tmp_path: Path, records: Records
) -> None:
    await records.run(lambda connection: write_links(connection, [link(last=3 * DAY)]))
    settings = await filled(tmp_path / "here")
    nowhere = LakeSettings(folder=Path("/proc/nowhere"))
    async with DaskWorkers(cluster.scheduler_address, "lake", nowhere) as workers:
        with pytest.raises(Exception, match="nowhere") as caught:
            await results(settings, workers, records)
    assert type(caught.value).__name__ in {"StoreRefusedError", "StoreUnavailableError"}


async def test_a_scheduler_that_is_not_there_says_what_to_do(tmp_path: Path, records: Records) -> None:
    await records.run(lambda connection: write_links(connection, [link(last=3 * DAY)]))
    settings = await filled(tmp_path / "here")
    async with DaskWorkers("tcp://127.0.0.1:9", "lake", settings) as workers:
        with pytest.raises(StoreUnavailableError, match="start one with `dask scheduler`"):
            await results(settings, workers, records)


async def test_a_scheduler_without_workers_says_what_to_do(tmp_path: Path, records: Records) -> None:
    await records.run(lambda connection: write_links(connection, [link(last=3 * DAY)]))
    settings = await filled(tmp_path / "here")
    alone = LocalCluster(n_workers=0, host="127.0.0.1", dashboard_address="127.0.0.1:0", asynchronous=True)
    async with alone, DaskWorkers(alone.scheduler_address, "lake", settings, patience=0.1) as workers:
        with pytest.raises(StoreUnavailableError, match="start some with `dask worker tcp://"):
            await results(settings, workers, records)
        alone.scale(1)
        await alone
        assert (await results(settings, workers, records)).height > 1000


async def test_what_a_killed_worker_had_in_hand_is_computed_by_the_other(
    cluster: LocalCluster, tmp_path: Path, records: Records
) -> None:
    await records.run(lambda connection: write_links(connection, [link(last=3 * DAY)]))
    here = await results(await filled(tmp_path / "here"), Local(), records)
    settings = await filled(tmp_path / "there")
    process = cluster.workers[0].process.process
    async with DaskWorkers(cluster.scheduler_address, "lake", settings) as workers, asyncio.TaskGroup() as group:
        there = group.create_task(results(settings, workers, records))
        process.kill()
    assert there.result().sort(*KEY, "kpi").equals(here.sort(*KEY, "kpi"))
