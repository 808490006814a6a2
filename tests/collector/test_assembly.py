"""The collector as a whole: a configuration in, samples in the store, and an ordered end."""

import asyncio
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from adapters.registry import SourceKind
from adapters.sources.contract import Points, Source, SourceLostError
from adapters.sources.replay import ReplayAddress, ReplaySettings
from adapters.stores.contract import Store, StoreUnavailableError
from collector import assembly
from collector.assembly import Totals, collect, ingest, sources_of
from collector.deadletters import read_dead_letters
from collector.links import Link as LinkState
from collector.links import read_links
from collector.load import Config, load
from tests.collector.fakes import NOON, Link, MemoryStore, Script, numbers, refusals, until

PARK = """\
id: test
calendars:
  always: {shifts: [{name: all, start: "00:00", end: "00:00"}]}
factories:
  - {id: works, time_zone: UTC, calendar: always}
"""

LINE = """\
line: line
factory: works
sources:
  - {name: plc, kind: replay, files: [recorded.csv]}
equipment:
  - id: press
    signals:
      - {name: force, source: plc, item: force, type: float}
      - {name: state, source: plc, item: state, type: text}
"""

INSTALLATION = """\
store: {kind: lake, flush: 10ms}
records: {url: "sqlite:///data/records.db"}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "lines").mkdir()
    (tmp_path / "park.yaml").write_text(PARK)
    (tmp_path / "parkline.yaml").write_text(INSTALLATION)
    (tmp_path / "lines" / "line.yaml").write_text(LINE)
    (tmp_path / "lines" / "recorded.csv").write_text("time,item,value\n2024-05-17T12:00:00Z,force,1.5\n")
    return load(tmp_path)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    store = MemoryStore()

    def open_store(_: Config) -> Store:
        return store

    monkeypatch.setattr(assembly, "open_store", open_store)
    return store


@pytest.fixture
def plc(monkeypatch: pytest.MonkeyPatch) -> Script:
    script = Script()

    def create(name: str, settings: ReplaySettings, points: Points[ReplayAddress]) -> Source:
        assert name == script.name
        assert settings.files[0].name == "recorded.csv"
        assert [(point.signal, point.type) for point in points] == [
            ("works/line/press/force", "float"),
            ("works/line/press/state", "text"),
        ]
        return script

    monkeypatch.setattr(assembly, "source_kind", lambda _: SourceKind(ReplaySettings, ReplayAddress, create))
    return script


def stored(store: MemoryStore) -> list[float]:
    return [value for batch in store.batches for value in batch["float"].to_list()]


async def links(config: Config) -> dict[str, LinkState]:
    async with assembly.open_records(config) as records:
        return await records.run(read_links)


def test_a_source_gets_its_settings_and_its_signals(config: Config, plc: Script) -> None:
    assert sources_of(config) == [plc]


async def test_what_arrives_is_stored_and_stopping_leaves_nothing_behind(
    config: Config, plc: Script, store: MemoryStore
) -> None:
    stop = asyncio.Event()
    link = Link().give(plc.delivery(numbers([1, 2])))
    plc.plan(link)
    collecting = asyncio.create_task(collect(config, stop))
    await until(lambda: stored(store) == [1, 2])
    link.give(plc.delivery(numbers([3])))
    await until(lambda: link.unread() == 0)
    stop.set()
    await asyncio.wait_for(collecting, 10)
    assert stored(store) == [1, 2, 3]
    assert plc.settled == [0, 1]
    assert link.left
    left = (await links(config))["plc"]
    assert (left.state, left.problem, left.samples) == ("down", "the collector was stopped", 3)


async def test_stopping_does_not_wait_for_a_store_that_is_away(
    config: Config, plc: Script, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembly, "DRAINED", 0.2)
    store.troubles.extend([StoreUnavailableError("memory", "nobody answers", retry_after=1000)] * 9)
    stop = asyncio.Event()
    plc.plan(Link().give(plc.delivery(numbers([1]))))
    collecting = asyncio.create_task(collect(config, stop))
    await until(lambda: plc.settled == [0] and len(store.troubles) == 8)
    stop.set()
    await asyncio.wait_for(collecting, 5)
    assert stored(store) == []
    store.troubles.clear()
    again = asyncio.Event()
    collecting = asyncio.create_task(collect(config, again))
    await until(lambda: stored(store) == [1])
    again.set()
    await collecting


async def test_finite_sources_are_in_the_store_when_ingest_returns(config: Config, store: MemoryStore) -> None:
    one, other = Script("one"), Script("other")
    one.plan(Link().give(*(one.delivery(numbers([n])) for n in range(100))).end())
    strange = pl.concat([numbers([100]), numbers([7], "works/line/press/nobody")])
    other.plan(Link().give(other.delivery(strange, refusals(b"{", source="other"))).end())
    store.never = ["works/line/press/state"]
    totals = await ingest(config, [one, other], store)
    assert totals == Totals(sent=103, stored=101, refused=2)
    assert sorted(stored(store)) == list(range(101))
    async with assembly.open_records(config) as records:
        letters = await records.run(lambda c: read_dead_letters(c, limit=10))
    assert {(letter.source, letter.payload) for letter in letters} == {
        ("other", b'{"float":7.0,"status":0}'),
        ("other", b"{"),
    }
    assert {name: link.state for name, link in (await links(config)).items()} == {"one": "ended", "other": "ended"}


async def test_ingest_counts_what_the_store_refuses(config: Config, store: MemoryStore) -> None:
    source = Script()
    source.plan(Link().give(source.delivery(numbers([1, 2]))).end())
    store.never = ["works/line/press/force"]
    assert await ingest(config, [source], store) == Totals(sent=2, stored=0, refused=2)


async def test_ingest_opens_the_installations_store(config: Config) -> None:
    source = Script()
    source.plan(Link().give(source.delivery(numbers([1, 2]))).end())
    assert await ingest(config, [source]) == Totals(sent=2, stored=2, refused=0)
    async with assembly.open_store(config) as lake:
        frame = await lake.samples(["works/line/press/force"], NOON, NOON + timedelta(days=1))
        assert frame.collect()["float"].to_list() == [1, 2]


async def test_ingest_leaves_no_spool_behind(config: Config, store: MemoryStore) -> None:
    source = Script()
    source.plan(Link().give(source.delivery(numbers([1]))).end())
    await ingest(config, [source], store)
    assert not any(path.is_dir() for path in config.installation.spool.path.parent.iterdir())


async def test_a_source_that_breaks_off_is_told_after_all_it_gave_is_stored(config: Config, store: MemoryStore) -> None:
    good, bad = Script("good"), Script("bad")
    good.plan(Link().give(good.delivery(numbers([1]))).end())
    bad.plan(Link().give(bad.delivery(numbers([2]))).break_off(SourceLostError("bad", "file cut off")))
    with pytest.raises(SourceLostError, match="file cut off"):
        await ingest(config, [good, bad], store)
    assert sorted(stored(store)) == [1, 2]


async def test_an_outage_of_the_store_during_ingest_is_waited_out(config: Config, store: MemoryStore) -> None:
    source = Script()
    source.plan(Link().give(source.delivery(numbers([1]))).end())
    store.troubles.append(StoreUnavailableError("memory", "too many requests", retry_after=0))
    assert (await ingest(config, [source], store)).stored == 1
