"""Opening: what was told stays as it was told, whatever becomes of samples, machines and the configuration."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest

from adapters.stores.contract import RESULTS, StoreUnavailableError
from analytics.alertlog import write_alerts
from analytics.alerts import Alert
from analytics.disclosure.cells import Cell, cut_of, pool_of
from analytics.disclosure.sources import BASE
from analytics.ledger import write_superseded
from analytics.opening import Ground, is_behind, open_pool, told_until
from analytics.openrows import readable, rows
from analytics.opentables import read_cells, read_progress
from analytics.restatement import restated
from collector.opendata import OpenDataSettings
from collector.park import Park, Severity
from collector.records import Records
from tests.analytics.opened import DAY, FIRST, ZONES, Rests, contract, opened, park_of, results, view

EVENING = datetime(2026, 3, 31, tzinfo=UTC)
WIDE = park_of(*[["mill"] * 5 + ["lathe"] * 5] * 4, zones=ZONES)
WEEK = [FIRST + number * DAY for number in range(7)]


@dataclass
class Bench:
    """A park, what rests in its store, and a clock."""

    records: Records
    park: Park = WIDE
    settings: OpenDataSettings = field(default_factory=lambda: opened(v=view()))
    rests: Rests = field(default_factory=Rests)
    now: datetime = EVENING

    def ground(self) -> Ground:
        return Ground(self.park, self.settings, self.rests.store, self.records, self.records, lambda: self.now)

    async def tell(self, name: str = "v", **keys: Any) -> list[Cell]:
        """Tell what is due of a view's pool, and give all cells of the view."""
        assert await open_pool(self.ground(), pool_of(self.settings.views[name]), **keys)
        return await self.cells(name)

    async def cells(self, name: str = "v") -> list[Cell]:
        cut = cut_of(self.settings.views[name], name, 0).name
        read = partial(read_cells, view=name, cut=cut, first=date.min, until=date.max, shown=False)
        return await self.records.run(read)

    def lives(self, computed: datetime = datetime(2026, 3, 2, tzinfo=UTC), **keys: Any) -> None:
        """Have the days of a week stored."""
        self.rests.put(results(self.park, WEEK, computed=computed, **keys))

    async def restate(self, at: datetime, path: str, changed: Mapping[str, float]) -> None:
        """Have late samples change the days of a machine."""
        stored = self.rests.rows.filter(pl.col("path") == path)
        new = results(self.park, WEEK, computed=at, changed={path: changed}, only=[path])
        causes = pl.DataFrame(
            schema={"path": pl.String, "start": RESULTS["start"], "end": RESULTS["end"], "cause": pl.String}
        )
        written, superseded = restated(new, stored, causes)
        assert len(superseded)
        await self.records.run(partial(write_superseded, superseded=superseded, replaced=at))
        self.rests.put(written)


@pytest.fixture
async def bench(records_url: str) -> Any:
    async with Records(records_url) as records:
        yield Bench(records)


pytestmark = pytest.mark.every_database


async def test_a_period_is_told_when_its_delay_is_over_and_not_before(bench: Bench) -> None:
    bench.lives()
    over = datetime(2026, 3, 2, 23, tzinfo=UTC) + timedelta(hours=1)  # of the factory under UTC
    bench.now = over + 2 * DAY - timedelta(microseconds=1)
    assert await bench.tell() == []
    assert not await is_behind(bench.ground(), "accounts")
    bench.now += timedelta(microseconds=1)
    assert await is_behind(bench.ground(), "accounts")
    cells = await bench.tell()
    assert [(cell.span.first, cell.grouped) for cell in cells] == [(FIRST, "lathe"), (FIRST, "mill")]
    assert all(cell.facets == (BASE, "unjudged") for cell in cells)
    asked = bench.rests.asked
    assert await bench.tell() == cells
    assert bench.rests.asked == asked  # nothing was due
    progress = await bench.records.run(partial(read_progress, pool="accounts"))
    assert told_until(bench.settings, "v", progress.until) == FIRST + DAY


async def test_days_are_those_of_each_factory(bench: Bench) -> None:
    bench.lives()
    assert [cell.sums["planned_time"] for cell in await bench.tell() if cell.facets] == [20 * 86_400] * 14


async def test_a_late_sample_changes_nothing_whenever_it_is_asked(bench: Bench) -> None:
    bench.settings = opened(v=view(), whole=view(by="park", period="week", delay="9 d"))
    bench.lives()
    path = next(iter(bench.park.equipment))
    bench.now = datetime(2026, 3, 12, tzinfo=UTC)
    before = await bench.tell()
    assert before
    await bench.restate(datetime(2026, 3, 15, tzinfo=UTC), path, {"producing_time": 5.0, "idle_time": 86_395.0})
    bench.now = EVENING
    assert (await bench.tell())[: len(before)] == before
    (week,) = (cell for cell in await bench.cells("whole") if cell.span.first == FIRST)
    daily = [cell.sums["producing_time"] or 0 for cell in before if cell.span.first in WEEK]
    assert week.sums["producing_time"] == pytest.approx(sum(daily))


async def test_who_asks_late_has_what_was_known_when_days_were_settled(bench: Bench) -> None:
    bench.lives()
    early = results(bench.park, WEEK, computed=EVENING)
    path = next(iter(bench.park.equipment))
    await bench.restate(datetime(2026, 3, 15, tzinfo=UTC), path, {"producing_time": 5.0, "idle_time": 86_395.0})
    cells = await bench.tell()
    monday = sum(cell.sums["producing_time"] or 0 for cell in cells if cell.span.first == FIRST)
    works = {one: park.zone for park in bench.park.factories for one in [park.id]}
    expected = sum(
        value
        for one, start, value in early.filter(pl.col("kpi") == "producing_time")
        .select("path", "start", "value")
        .iter_rows()
        if start.astimezone(works[one.split("/")[0]]).date() == FIRST
    )
    assert monday == pytest.approx(expected)


async def test_what_was_computed_for_the_first_time_later_counts_as_it_is(bench: Bench) -> None:
    bench.lives(computed=datetime(2026, 3, 29, tzinfo=UTC))  # the past was replayed
    assert sum(1 for cell in await bench.tell() if cell.facets) == 14


async def test_a_factory_that_comes_goes_or_changes_class_does_not_change_what_was_told(bench: Bench) -> None:
    bench.lives()
    before = await bench.tell()
    assert sum(1 for cell in before if cell.facets) == 14
    fewer = bench.park.only(["works1", "works2", "works3"])
    for park in (fewer, park_of(*[["saw"] * 10] * 4, zones=ZONES), park_of(*[["mill"] * 9] * 6)):
        bench.park = park
        bench.rests = Rests()
        bench.settings = opened(v=view(), week=view(period="week"))
        assert await bench.tell() == before
    weeks = [cell for cell in await bench.cells("week") if cell.facets]
    assert [(cell.span.first, cell.grouped) for cell in weeks] == [(FIRST, "lathe"), (FIRST, "mill")]
    assert [cell.factories for cell in weeks] == [4, 4]  # as the days were settled


async def test_a_silent_machine_is_in_no_cell(bench: Bench) -> None:
    path = next(iter(bench.park.equipment))
    silent = {"unknown_time": 86_400.0, "producing_time": 0.0, "idle_time": 0.0}
    bench.lives(changed={path: silent})
    (first, *_) = (cell for cell in await bench.tell() if cell.grouped == "mill" and cell.facets)
    assert first.machines == 19
    assert first.sums["unknown_time"] == 0


async def test_two_who_tell_at_once_tell_the_same_once(bench: Bench) -> None:
    bench.lives()
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(bench.tell())
    cells = await bench.cells()
    assert len(cells) == len({(cell.span, cell.grouped) for cell in cells})
    assert sum(1 for cell in cells if cell.facets) == 14


async def test_a_long_past_is_told_in_pieces(bench: Bench) -> None:
    bench.settings = opened(v=view(since=date(2025, 10, 1)))
    bench.lives()
    asked: list[int] = []

    def enough() -> bool:
        asked.append(len(asked))
        return len(asked) > 1

    assert not await open_pool(bench.ground(), "accounts", enough=enough)
    progress = await bench.records.run(partial(read_progress, pool="accounts"))
    assert told_until(bench.settings, "v", progress.until) == date(2025, 12, 2)
    assert sum(1 for cell in await bench.tell() if cell.facets) == 14


async def test_while_the_store_is_down_nothing_is_told_and_nothing_lost(bench: Bench) -> None:
    bench.lives()

    def down() -> Any:
        raise StoreUnavailableError(bench.rests.name, "no answer")

    with pytest.raises(StoreUnavailableError):
        await open_pool(replace(bench.ground(), store=down), "accounts")
    assert await bench.cells() == []
    assert sum(1 for cell in await bench.tell() if cell.facets) == 14


async def test_a_view_with_a_contract_stands_alone(bench: Bench) -> None:
    bench.settings = opened(bank=contract("equipment"), v=view())
    bench.lives()
    assert sum(1 for cell in await bench.tell("bank") if cell.facets) == 7 * 40
    assert sum(1 for cell in await bench.tell() if cell.facets) == 14
    assert readable(bench.settings, {"bank", "v", "other"}) == ["bank"]
    assert readable(bench.settings, {"v"}) == ["v"]
    bench.settings = opened(bank=contract("equipment"), alarms=view(dataset="alerts", kpis=[]))
    assert readable(bench.settings, {"bank", "alarms"}) == ["bank", "alarms"]


async def test_views_with_a_contract_are_held_against_each_other(bench: Bench) -> None:
    bench.park = park_of(*[["mill"] * 5] * 3, ["mill"] * 5 + ["lathe"] * 4)
    pair = {"at_least": {"factories": 2, "machines": 3, "rest": 0}, "contract": "with the bank"}
    bench.settings = opened(mills=view(**pair), whole=view(by="park", **pair), rows=contract("equipment"))
    bench.lives()
    assert sum(1 for cell in await bench.tell("mills") if cell.facets) == 7
    assert {cell.why.get(BASE) for cell in await bench.cells("whole") if cell.machines} == {"apart"}  # four lathes
    assert sum(1 for cell in await bench.cells("rows") if cell.facets) == 7 * 24


async def test_pseudonyms_are_in_no_order_and_the_same_in_views_that_share_them(bench: Bench) -> None:
    bench.settings = opened(
        a=contract("equipment", pseudonym_group="bank"),
        b=contract("equipment", pseudonym_group="bank", period="week"),
        c=contract("equipment"),
    )
    bench.lives()
    groups = {}
    for name in "abc":
        made = rows(bench.settings, name, [cell for cell in await bench.tell(name) if cell.shown])
        told = made.filter(pl.col("start") == FIRST)["group"].unique(maintain_order=True).to_list()
        assert told == sorted(told)
        groups[name] = told
    assert groups["a"] == groups["b"]
    assert not set(groups["a"]) & set(groups["c"])
    assert len(groups["a"]) == 40


async def test_rows_are_rounded_and_what_is_suppressed_is_null(bench: Bench) -> None:
    bench.settings = opened(
        v=view(kpis=["utilisation", "oee", "producing_time"], round={"utilisation": 0.05, "producing_time": 3600})
    )
    bench.lives()
    made = rows(bench.settings, "v", await bench.tell()).filter(pl.col("start") == FIRST)
    assert made["kpi"].to_list() == ["oee", "producing_time", "utilisation"] * 2
    by_kpi = {row["kpi"]: row for row in made.filter(pl.col("group") == "mill").to_dicts()}
    assert by_kpi["oee"]["suppressed"]
    assert by_kpi["oee"]["value"] is None
    assert not by_kpi["utilisation"]["suppressed"]
    assert by_kpi["utilisation"]["value"] * 20 == pytest.approx(round(by_kpi["utilisation"]["value"] * 20))
    assert by_kpi["producing_time"]["value"] % 3600 == 0
    assert by_kpi["utilisation"]["coverage"] == 1
    assert by_kpi["utilisation"]["name"] == "2026-03-02"


async def test_alerts_are_counted_by_the_day_they_began_on(bench: Bench) -> None:
    bench.settings = opened(v=view(dataset="alerts", kpis=[]))
    paths = [path for path, machine in bench.park.equipment.items() if machine.equipment_class == "mill"]
    began = datetime(2026, 3, 2, 20, tzinfo=UTC)  # in Shanghai the third has begun
    written = [
        Alert(path, f"{path}/level", "limit", severity.value, severity, "limit.high", "1", began, ended=began)
        for path in paths
        for severity in (Severity.LOW, Severity.HIGH)
    ]
    await bench.records.run(partial(write_alerts, alerts=written))
    told = {(c.span.first.day, c.grouped): dict(c.sums) for c in await bench.tell() if c.facets}
    none = dict.fromkeys(told[2, "mill"], 0.0)
    # of the factories under Asia/Shanghai, Europe/Berlin, UTC and Asia/Shanghai
    assert told[2, "mill"] == {**none, "alerts": 20, "alerts_low": 10, "alerts_high": 10}
    assert told[3, "mill"] == {**none, "alerts": 20, "alerts_low": 10, "alerts_high": 10}
    assert told[2, "lathe"] == none


async def test_machines_that_nothing_watches_have_no_alerts_to_hide_those_of_others(bench: Bench) -> None:
    bench.settings = opened(v=view(dataset="alerts", kpis=[]))
    bench.park = unwatched(WIDE, {"works2", "works3", "works4"})
    cells = await bench.tell()
    assert {(cell.factories, cell.machines, dict(cell.why)[BASE]) for cell in cells} == {(1, 5, "few")}


def unwatched(park: Park, factories: Collection[str]) -> Park:
    """Give a park with no limits in these factories."""
    text = park.model_dump()
    for factory in text["factories"]:
        if factory["id"] in factories:
            for signal in (one for line in factory["lines"] for m in line["equipment"] for one in m["signals"]):
                signal["limits"] = ()
    return Park.model_validate(text)


async def test_parts_of_which_only_some_are_known_count_for_nothing(bench: Bench) -> None:
    bench.settings = opened(v=view(by="park", kpis=["total_count", "good_count"]))
    alone = next(iter(bench.park.equipment))
    counted = {"total_count": 100.0, "good_count": 100.0}
    changed: dict[str, dict[str, float | None]] = {path: {**counted} for path in bench.park.equipment}
    bench.lives(changed={**changed, alone: {"total_count": 100.0}})
    first, *_ = await bench.tell()
    assert (first.sums["total_count"], first.sums["good_count"]) == (3900, 3900)


async def test_capacity_is_told_a_week_ahead_from_the_weeks_before(bench: Bench) -> None:
    bench.settings = opened(v=view(dataset="capacity", kpis=[], period="week", delay=timedelta(0)))
    half = {path: {"producing_time": 43_200.0, "idle_time": 43_200.0} for path in bench.park.equipment}
    past = [FIRST - number * DAY for number in range(1, 57)]
    bench.rests.put(results(bench.park, past, computed=EVENING, period="shift", changed=half))
    bench.now = datetime(2026, 2, 28, 15, 59, tzinfo=UTC)  # the Sunday of that week begins in Shanghai in a week
    assert await bench.tell() == []
    bench.now += timedelta(minutes=1)
    cells = await bench.tell()
    assert [(cell.span.first, cell.grouped, cell.facets) for cell in cells] == [
        (FIRST, "lathe", (BASE,)),
        (FIRST, "mill", (BASE,)),
    ]
    made = rows(bench.settings, "v", cells).filter(pl.col("group") == "mill")
    week = 7 * 20 * 86_400.0
    assert dict(made.select("kpi", "value").iter_rows()) == pytest.approx(
        {"planned_time": week, "idle_time": week / 2, "idle_safe_time": week / 2, "idle_share": 0.5}
    )
