"""Late, out of order, twice: the store holds each sample once, and what was said twice is told."""

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from adapters.registry import store_kind
from adapters.sample import SAMPLES
from adapters.stores.contract import Store
from collector.assembly import ingest, open_records
from collector.conflictlog import read_doubles
from collector.conflicts import Conflict, Doubles
from collector.load import Config, load
from tests.collector.fakes import NOON, Link, Script, batch, numbers, row
from tests.collector.test_assembly import INSTALLATION, LINE, PARK

FORCE = "works/line/press/force"
YEARS = timedelta(days=3650)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "lines").mkdir()
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "parkline.yaml").write_text(INSTALLATION)
    (tmp_path / "lines" / "line.yaml").write_text(LINE)
    (tmp_path / "lines" / "recorded.csv").write_text("time,item,value\n")
    return load(tmp_path)


def lake(config: Config) -> Store:
    kind = store_kind("lake")
    return kind.create(kind.settings.model_validate({"folder": config.folder / "lake"}))


async def deliver(config: Config, batches: list[pl.DataFrame]) -> pl.DataFrame:
    """Let a source deliver these, one after the other, and give what the store then holds."""
    source = Script()
    source.plan(Link().give(*(source.delivery(one) for one in batches)).end())
    async with lake(config) as store:
        await ingest(config, [source], store)
        found = await store.samples([FORCE], NOON - 2 * YEARS, NOON + YEARS)
        return found.collect().select(*SAMPLES)


async def doubles(config: Config) -> Doubles:
    async with open_records(config) as records:
        return (await records.run(read_doubles)).get("plc", Doubles())


async def test_the_store_holds_each_once_in_whatever_order_they_came(config: Config) -> None:
    now, long_ago = numbers(range(200)), numbers(range(200, 300), since=NOON - YEARS)
    shuffled = pl.concat([now, long_ago]).sample(fraction=1.0, shuffle=True, seed=7)
    found = await deliver(config, [shuffled[at : at + 30] for at in range(0, 300, 30)])
    assert_frame_equal(found, pl.concat([long_ago, now]))
    assert await doubles(config) == Doubles()


async def test_redelivered_and_overlapping_samples_change_nothing_and_are_counted(config: Config) -> None:
    samples = numbers(range(100))
    once = await deliver(config, [samples])
    again = await deliver(config, [samples[:60], samples[40:], samples[::-1]])
    assert_frame_equal(again, once)
    told = await doubles(config)
    assert (told.duplicates, told.conflicts) == (120, 0)


async def test_of_two_values_at_one_instant_the_later_counts_and_both_are_told(config: Config) -> None:
    found = await deliver(config, [batch(row(FORCE, float=1.5)), batch(row(FORCE, float=2.5))])
    assert found["float"].to_list() == [2.5]
    assert await doubles(config) == Doubles(0, 1, Conflict(FORCE, NOON, "1.5", "2.5"))
