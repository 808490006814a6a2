"""The catalogue of data: what there is for whom, how new and how good it is, and that it is had as it says."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import httpx
import polars as pl
import pytest
import sqlalchemy as sa

from adapters.sources.contract import GapKind
from adapters.stores.contract import RESULTS, Store
from analytics.ledger import write_superseded
from analytics.restatement import SUPERSEDED
from api.auth import create_key
from api.callers import Caller
from api.catalogue import entries, entry_of
from api.datasets import TYPES, fields_of
from api.meanings import MEANINGS
from api.roles import Role
from api.views.exports import ExportRequest
from api.views.open_data import OpenRowView
from collector.gaps import add_gap
from collector.links import write_links
from collector.opendata import AtLeast, OpenDataSettings, OpenView
from collector.park import Park, Title
from collector.records import Records
from collector.resolution import close_gap
from tests.api.client import asking, asking_as, items, problem, walk, with_records
from tests.api.plant import GRINDER, HOB, INJECTION_LOST, NOW, PARK, PRESS, WASHER, Plant, links

URL: Final = "/api/v1/catalogue"
LINKED: Final = "application/ld+json"
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        yield records


async def ids(client: httpx.AsyncClient, **parameters: Any) -> list[str]:
    return [one["id"] for one in await items(client, URL, limit=500, **parameters)]


async def one(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    answer = await client.get(f"{URL}/{name}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_there_is_a_dataset_of_each_kind_for_each_that_it_tells_of(api: httpx.AsyncClient) -> None:
    found = await ids(api)
    assert found == sorted(found)
    wide = {"capacity", "kpis-day", "kpis-hour", "kpis-month", "kpis-shift", "kpis-week", "losses"}
    expected = {f"{kind}/{factory}" for kind in TYPES if kind != "samples" for factory in ("gears", "moulds")}
    expected |= {f"{kind}/riverside" for kind in wide} | {f"samples/{path}" for path in PARK.equipment}
    assert set(found) == expected


async def test_one_is_found_as_it_is_in_the_list(plant: Plant) -> None:
    city = OpenView(title=Title(en="For the city"), dataset="kpis", by="park", since=date(2026, 1, 1))
    async with plant.parts() as parts:
        whole = replace(parts, open_data=OpenDataSettings(views={"city": city}))
        for factories in (None, frozenset({"gears"}), frozenset[str]()):
            caller = Caller("key:1", "one", frozenset(), factories, frozenset({"city"}))
            seen = whole.seen_by(caller)
            there = list(entries(seen, caller))
            assert [entry_of(seen, caller, entry.id) for entry in there] == there
            every = {entry.id for entry in entries(whole, replace(caller, factories=None))}
            hidden = every - {entry.id for entry in there}
            for name in (*hidden, "states", "states/", "open/", "open/other", "strange/gears", "samples/gears", ""):
                assert entry_of(seen, caller, name) is None


async def test_a_dataset_says_what_it_means_and_whose_it_is(api: httpx.AsyncClient) -> None:
    samples = await one(api, f"samples/{HOB}")
    assert samples["title"] == {"zh": "1 号滚齿机样本", "en": "Samples, Hobbing machine 1"}
    assert samples["owner"]["name"] == {"zh": "齿轮厂", "en": "Gear Works"}
    assert samples["publisher"]["name"]["en"] == "Riverside Manufacturing Park"
    assert samples["extent"] == {"path": HOB, "factories": 1, "lines": 1, "equipment": 1, "signals": 4}
    warm = next(variable for variable in samples["variables"] if variable["name"] == f"{HOB}/spindle_temperature")
    assert (warm["unit"], warm["type"], warm["role"]) == ("Cel", "float", "measurement")
    assert (warm["low"], warm["high"]) == (-20.0, 150.0)
    assert warm["title"] == {"zh": "主轴温度", "en": "Spindle temperature"}
    numbers = await one(api, "kpis-shift/gears")
    assert (numbers["period"], numbers["updated"], numbers["access"]) == ("shift", "each shift", "granted")
    assert numbers["computed"] == "/api/v1/kpis/catalogue"
    assert "ISO 22400-2:2014" in numbers["standards"]
    [oee] = [variable for variable in numbers["variables"] if variable["name"] == "oee"]
    assert oee["source"].startswith("ISO 22400-2")
    fields = {field["name"]: field for field in numbers["fields"]}
    assert (fields["coverage"]["unit"], fields["start"]["type"], fields["value"]["type"]) == ("1", "instant", "number")
    assert fields["version"]["meaning"]["en"].startswith("How many times the window has been told")
    park = await one(api, "losses/riverside")
    assert (park["access"], park["extent"]["factories"], park["extent"]["equipment"]) == ("internal", 2, 6)


async def test_lists_are_filtered_paged_and_tables(api: httpx.AsyncClient) -> None:
    assert await ids(api, kind=["gaps", "alerts"]) == ["alerts/gears", "alerts/moulds", "gaps/gears", "gaps/moulds"]
    assert await ids(api, path="gears/hobbing") == [f"samples/{path}" for path in (HOB, f"{HOB[:-1]}2", WASHER)]
    assert await ids(api, path=PRESS, kind="states") == []
    assert {name.partition("/")[2] for name in await ids(api, path="riverside", kind="losses")} == {
        "riverside",
        "gears",
        "moulds",
    }
    pages = await walk(api, URL, limit=7)
    assert [row["id"] for page in pages for row in page] == await ids(api)
    assert {len(page) for page in pages[:-1]} == {7}
    problem(await api.get(URL, params={"kind": "sample"}), 422, "invalid-parameter")
    problem(await api.get(URL, params={"path": "gear"}), 404, "unknown-asset")
    answer = await api.get(URL, params={"fields": "id,age_s,title", "kind": "states"}, headers={"Accept": "text/csv"})
    assert answer.text.splitlines()[0] == "id,title.zh,title.en,age_s"
    parquet = await api.get(URL, headers={"Accept": "application/vnd.apache.parquet"})
    table = pl.read_parquet(BytesIO(parquet.content))
    assert table["id"].to_list() == await ids(api)
    assert table.schema["quality.coverage"] == pl.Float64()


async def test_forms_that_there_are_not_are_refused(api: httpx.AsyncClient) -> None:
    answer = await api.get(URL, headers={"Accept": "text/turtle"})
    assert LINKED in problem(answer, 406, "not-acceptable")["detail"]
    problem(await api.get(f"{URL}/gaps/gears", headers={"Accept": "text/csv"}), 406, "not-acceptable")
    problem(await api.get(URL, params={"fields": "id"}, headers={"Accept": LINKED}), 422, "invalid-parameter")
    either = await api.get(URL, headers={"Accept": f"{LINKED};q=0.5, application/json"})
    assert either.headers["content-type"] == "application/json"
    assert "Accept" in either.headers["vary"]


async def test_every_address_answers_in_its_forms(api: httpx.AsyncClient) -> None:
    asked = 0
    for dataset in await items(api, URL, path="gears", limit=500):
        if dataset["kind"] == "samples" and dataset["extent"]["path"] != HOB:
            continue  # the other machines' are alike
        for request in dataset["requests"]:
            if request["method"] == "POST":
                assert ExportRequest.model_validate(request["body"]).what == dataset["exports"][0]
                continue
            forms = [form for form in request["forms"] if form != "text/event-stream"]
            form = forms[asked % len(forms)]
            answer = await api.get(request["address"], headers={"Accept": form})
            assert answer.status_code == 200, (request["address"], form, answer.text)
            assert answer.headers["content-type"].startswith(form)
            asked += 1
    assert asked > 25


async def test_fields_are_those_that_rows_have(api: httpx.AsyncClient) -> None:
    checked = 0
    for dataset in await items(api, URL, path="moulds", limit=500):
        rows = (await api.get(dataset["requests"][0]["address"])).json()["items"]
        if rows:
            assert rows[0].keys() <= {field["name"] for field in dataset["fields"]}, dataset["id"]
            checked += 1
    assert checked > 10


def test_every_field_is_told_in_chinese_too() -> None:
    models = {kind.rows for kind in TYPES.values()} | {OpenRowView}
    for rows in models:
        meanings = {field.name: field.meaning for field in fields_of(rows)}
        assert MEANINGS[rows].keys() == meanings.keys(), rows
        assert [name for name, told in meanings.items() if not re.search("[\u4e00-\u9fff].*。$", told.zh)] == []
        assert [name for name, told in meanings.items() if re.search("采样|报警|换型", told.zh)] == []  # as the page


async def test_age_is_how_long_ago_the_newest_data_was(api: httpx.AsyncClient) -> None:
    assert (await one(api, "states/gears"))["age_s"] < 10
    down = (NOW - INJECTION_LOST).total_seconds()
    for name in ("states/moulds", "kpis-day/moulds", "kpis-hour/moulds", "losses/moulds", f"samples/{PRESS}"):
        told = await one(api, name)
        assert told["age_s"] == pytest.approx(down, abs=5), name
        assert datetime.fromisoformat(told["last"]) == NOW - timedelta(seconds=told["age_s"])
        assert told["first"] == "2026-11-20T23:00:00Z"  # its day in Berlin
    assert (await one(api, "sources/moulds"))["age_s"] == 1  # the collector still speaks of it


async def test_coverage_is_weighted_by_planned_time(plant: Plant, api: httpx.AsyncClient) -> None:
    async with plant.store() as store:
        asked: dict[str, Any] = {"paths": ["moulds"], "periods": ["day"], "kpis": ["planned_time"]}
        days = await store.results(start=NOW - 7 * DAY, end=NOW, **asked)
    planned = days.filter(pl.col("coverage").is_not_null())
    known = sum(value * share for value, share in planned.select("value", "coverage").iter_rows())
    expected = known / sum(planned["value"])
    assert (await one(api, "kpis-day/moulds"))["quality"]["coverage"] == pytest.approx(expected)
    assert 0.5 < expected < 1
    assert planned["coverage"].n_unique() > 1
    assert (await one(api, f"samples/{WASHER}"))["quality"]["coverage"] is None


async def test_gaps_count_for_what_they_concern(api: httpx.AsyncClient) -> None:
    async def gaps(name: str) -> tuple[int, int]:
        quality = (await one(api, name))["quality"]
        return quality["open_gaps"], quality["unfillable_gaps"]

    assert await gaps("states/moulds") == (1, 0)
    assert await gaps(f"samples/{PRESS}") == (1, 0)
    assert await gaps("gaps/gears") == (0, 1)
    assert await gaps(f"samples/{GRINDER}") == (0, 1)
    assert await gaps(f"samples/{HOB}") == (0, 0)  # its gap was filled
    assert await gaps("kpis-day/riverside") == (1, 1)


def told_again(path: str, period: str, version: int) -> dict[str, Any]:
    start = NOW - 3 * DAY
    row = {"path": path, "period": period, "name": "", "start": start, "end": start + HOUR, "version": version}
    told = {"computed": start + HOUR, "made_for": "", "reason": "gap filled", "coverage": 1.0, "values": "{}"}
    return row | told


async def note(records: Records) -> None:
    """Enter what the catalogue tells of: gaps, restatements and links of both factories."""
    rows = [told_again(HOB, "hour", 1), told_again(HOB, "hour", 2), told_again("gears", "hour", 1)]
    rows += [told_again("moulds", "day", 1), told_again(PRESS, "hour", 1), told_again("riverside", "hour", 1)]
    old = [told_again("gears", "day", 1)]

    def enter(connection: sa.Connection) -> None:
        write_links(connection, links())
        write_superseded(connection, pl.DataFrame(rows, schema=SUPERSEDED), NOW - DAY)
        write_superseded(connection, pl.DataFrame(old, schema=SUPERSEDED), NOW - 8 * DAY)
        span = (NOW - 2 * HOUR, NOW - HOUR)
        for source, machine in (("hobbing-opcua", HOB), ("injection-opcua", PRESS)):
            add_gap(connection, source, [f"{machine}/parts"], *span, "lost", kind=GapKind.SEQUENCE)
        closed = add_gap(connection, "injection-opcua", [], *span, "lost", kind=GapKind.OVERFLOW)
        close_gap(connection, closed, "it has no history", NOW)
        add_gap(connection, "hobbing-opcua", [], NOW - 9 * DAY, NOW - 8 * DAY, "lost", kind=GapKind.OUTAGE)

    await records.run(enter)


async def test_restatements_count_with_all_below(plant: Plant, records: Records) -> None:
    await note(records)
    async with plant.parts() as parts, asking_as(parts, records, None) as client:

        async def again(name: str) -> Any:
            return (await one(client, name))["quality"]["restatements"]

        assert await again("kpis-hour/gears") == 3
        assert await again("kpis-day/gears") == 0  # that was before
        assert await again("kpis-hour/moulds") == 1
        assert await again("kpis-month/moulds") == 1  # of one of its days
        assert await again("kpis-hour/riverside") == 5
        assert await again("alerts/gears") is None


async def test_who_sees_one_factory_is_told_of_nothing_else(plant: Plant, records: Records) -> None:
    await note(records)
    async with plant.parts() as parts, asking_as(parts, records, ["moulds"]) as client:
        found = await items(client, URL, limit=500)
        assert {row["id"] for row in found} == {
            *(f"{kind}/moulds" for kind in TYPES if kind != "samples"),
            f"samples/{PRESS}",
            f"samples/{PRESS[:-1]}2",
        }
        by_id = {row["id"]: row for row in found}
        assert by_id["kpis-hour/moulds"]["quality"]["restatements"] == 1
        assert by_id["states/moulds"]["quality"] | {"coverage": 0} == {
            "coverage": 0,
            "open_gaps": 1,
            "unfillable_gaps": 1,
            "restatements": 1,
        }
        for form in ("application/json", "text/csv", LINKED):
            text = (await client.get(URL, headers={"Accept": form})).text
            assert "moulds" in text
            for word in ("gears", "齿轮", "hobbing", "kpis-hour/riverside"):
                assert word not in text, (form, word)
        problem(await client.get(URL, params={"path": "gears"}), 404, "unknown-asset")
        foreign = [
            problem(await client.get(f"{URL}/{name}"), 404, "unknown-dataset")
            for name in ("states/gears", f"samples/{HOB}", "losses/riverside", "states/nowhere")
        ]
        assert {told["detail"].partition("'")[0] for told in foreign} == {"there is no dataset "}
    async with plant.parts() as parts, asking_as(parts, records, []) as client:
        assert await items(client, URL) == []
        graph = (await client.get(URL, headers={"Accept": LINKED})).json()
        assert (graph["datasets"], graph["total"]) == ([], 0)


class Counting:
    """A store that counts what it is asked."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.asked: list[dict[str, Any]] = []

    @property
    def name(self) -> str:
        return self._store.name

    async def results(self, **asked: Any) -> pl.DataFrame:
        self.asked.append(asked)
        return await self._store.results(**asked)


@contextmanager
def statements() -> Iterator[list[str]]:
    told: list[str] = []

    def note_one(connection: Any, cursor: Any, statement: str, *more: Any) -> None:
        del connection, cursor, more
        if any(table in statement for table in ("FROM links", "FROM gaps", "FROM superseded", "FROM open_pools")):
            told.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note_one)
    try:
        yield told
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note_one)


async def test_a_page_costs_the_same_however_many_datasets_it_has(plant: Plant) -> None:
    async with plant.store() as own, plant.parts(store=lambda: counting) as parts, asking(parts, key=plant.key) as api:  # type: ignore[arg-type, return-value]  # only what the catalogue asks
        counting = Counting(own)
        for limit in (1, 500):
            with statements() as told:
                await items(api, URL, limit=limit)
            assert len(told) == 3
        recent = [asked for asked in counting.asked if asked["start"] > NOW - 10 * DAY]
        always = [asked for asked in counting.asked if asked not in recent]
        assert (len(recent), len(always)) == (2, 2)
        assert not set(always[0]["paths"]) & set(always[1]["paths"])  # nothing is asked twice
        await items(api, URL, limit=500)
        assert len(counting.asked) == 5
        assert all(asked["kpis"] == ["planned_time"] for asked in counting.asked)
        asked_for_days = recent[0]["periods"]
        assert asked_for_days == ["day"]


async def test_the_begin_of_data_is_looked_for_again_after_an_hour(plant: Plant) -> None:
    time = {"now": NOW}
    async with plant.store() as own, plant.parts(store=lambda: counting) as parts:  # type: ignore[arg-type, return-value]  # as above
        counting = Counting(own)
        later: Callable[[], datetime] = lambda: time["now"]  # noqa: E731 - a clock
        async with asking(replace(parts, now=later), key=plant.key) as api:
            await one(api, "states/gears")
            time["now"] = NOW + HOUR - timedelta(seconds=1)
            await one(api, "states/gears")
            assert len(counting.asked) == 3
            time["now"] = NOW + HOUR
            await one(api, "states/gears")
            assert len(counting.asked) == 5


async def test_states_of_many_machines_are_asked_for_in_parts(plant: Plant) -> None:
    gears, moulds = PARK.factories
    [line] = moulds.lines
    press = line.equipment[0]
    many = tuple(
        press.model_copy(update={"path": f"{line.path}/m-{number}", "id": f"m-{number}", "signals": ()})
        for number in range(120)
    )
    factories = (gears, moulds.model_copy(update={"lines": (line.model_copy(update={"equipment": many}),)}))
    park = Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": factories})
    async with plant.parts() as parts, asking(replace(parts, park=park), key=plant.key) as api:
        told = await one(api, "states/moulds")
        addresses = [
            request["address"] for request in told["requests"] if request["address"].startswith("/api/v1/states?")
        ]
        assert [address.count("path=") for address in addresses] == [50, 50, 20]
        for address in addresses:
            assert (await api.get(address)).status_code == 200


VIEWS: Final = OpenDataSettings(
    views={
        "city": OpenView(
            title=Title(zh="城市", en="For the city"),
            dataset="kpis",
            by="park",
            since=date(2026, 1, 1),
            licence="CC-BY-4.0",
            contact="open@park.example",
            drop=("unit",),
        ),
        "partner": OpenView(
            title=Title(en="For a partner"),
            dataset="alerts",
            by="class",
            since=date(2026, 1, 1),
            at_least=AtLeast(factories=1, machines=1, rest=0),
            contract="with X, in folder 7",
        ),
    }
)


@pytest.mark.parametrize("factories", [None, ["gears"]])
async def test_views_of_open_data_are_told_to_who_may_read_them(
    plant: Plant, records: Records, factories: list[str] | None
) -> None:
    roles, views = [Role.VIEWER], ["city"]
    made = partial(create_key, name="k", now=NOW, expires=None, roles=roles, factories=factories, views=views)
    _, key = await records.run(made)
    async with plant.parts() as own, asking(replace(with_records(own, records), open_data=VIEWS), key=key) as client:
        assert await ids(client, kind="open") == ["open/city"]
        city = await one(client, "open/city")
        assert city["title"] == {"zh": "城市", "en": "For the city"}
        assert (city["access"], city["licence"], city["owner"]["contact"]) == (
            "public",
            "CC-BY-4.0",
            "open@park.example",
        )
        assert (city["extent"], city["last"], city["quality"]["coverage"]) == (None, None, None)
        assert "unit" not in {field["name"] for field in city["fields"]}
        assert [variable["name"] for variable in city["variables"]][:2] == ["utilisation", "availability"]
        [request] = city["requests"]
        assert request["scope"] == "open"
        problem(await client.get(f"{URL}/open/partner"), 404, "unknown-dataset")
    made = partial(create_key, name="p", now=NOW, expires=None, roles=roles, factories=factories, views=["partner"])
    _, key = await records.run(made)
    async with plant.parts() as own, asking(replace(with_records(own, records), open_data=VIEWS), key=key) as client:
        assert (await one(client, "open/partner"))["access"] == "agreed"


async def test_too_many_gaps_are_not_counted(plant: Plant, records: Records, monkeypatch: pytest.MonkeyPatch) -> None:
    await note(records)
    monkeypatch.setattr("api.evidence.GAPS_AT_MOST", 2)
    async with plant.parts() as parts, asking_as(parts, records, None) as client:
        quality = (await one(client, "states/gears"))["quality"]
    assert (quality["open_gaps"], quality["unfillable_gaps"]) == (None, None)


async def test_a_park_that_never_lived_has_a_catalogue(plant: Plant, records: Records) -> None:
    class Empty:
        name = "empty"

        async def results(self, **asked: Any) -> pl.DataFrame:
            del asked
            return RESULTS.to_frame()

    async with plant.parts(store=Empty) as parts, asking_as(parts, records, None) as client:  # type: ignore[arg-type]  # only what the catalogue asks
        for dataset in await items(client, URL, limit=500):
            assert (dataset["first"], dataset["last"], dataset["age_s"]) == (None, None, None)
            assert dataset["quality"]["coverage"] is None
        assert (await client.get(URL, headers={"Accept": LINKED})).status_code == 200
