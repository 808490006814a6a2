"""The park, its factories and lines: as lists, by path, and as far as the caller may see them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from collector.park import Park
from collector.records import Records
from tests.api.client import asking, asking_as, items, problem, walk
from tests.api.plant import HOB, PARK, PRESS, Plant


async def test_the_park_says_how_much_there_is(api: httpx.AsyncClient) -> None:
    [park] = await items(api, "/api/v1/parks")
    assert park == {
        "path": "riverside",
        "id": "riverside",
        "title": {"zh": "河滨智造产业园", "en": "Riverside Manufacturing Park"},
        "factories": 2,
        "lines": 3,
        "equipment": 6,
        "signals": 23,
    }
    assert (await api.get("/api/v1/parks/riverside")).json() == park
    body = problem(await api.get("/api/v1/parks/riversid"), 404, "unknown-asset")
    assert body["detail"] == "there is no park 'riversid'; did you mean riverside?"


async def test_factories_are_told_by_path(api: httpx.AsyncClient) -> None:
    gears, moulds = await items(api, "/api/v1/factories")
    assert gears == {
        "path": "gears",
        "id": "gears",
        "title": {"zh": "齿轮厂", "en": "Gear Works"},
        "park": "riverside",
        "time_zone": "Asia/Shanghai",
        "calendar": "always",
        "lines": 2,
        "equipment": 4,
        "signals": 15,
    }
    assert (await api.get("/api/v1/factories/gears")).json() == gears
    assert (moulds["path"], moulds["time_zone"], moulds["lines"]) == ("moulds", "Europe/Berlin", 1)
    assert await items(api, "/api/v1/factories", path="moulds") == [moulds]
    problem(await api.get("/api/v1/factories/gear"), 404, "unknown-asset")
    problem(await api.get("/api/v1/factories", params={"path": "gear"}), 404, "unknown-asset")


async def test_lines_are_told_by_path(api: httpx.AsyncClient) -> None:
    grinding, hobbing, injection = await items(api, "/api/v1/lines")
    assert hobbing == {
        "path": "gears/hobbing",
        "id": "hobbing",
        "title": {"zh": "滚齿线", "en": "Hobbing"},
        "factory": "gears",
        "calendar": "always",
        "sources": ["hobbing-opcua"],
        "bottleneck": None,
        "equipment": 3,
        "signals": 11,
    }
    assert (await api.get("/api/v1/lines/gears/hobbing")).json() == hobbing
    assert await items(api, "/api/v1/lines", path="gears") == [grinding, hobbing]
    assert await items(api, "/api/v1/lines", path=["moulds", "gears/hobbing"]) == [hobbing, injection]
    assert await walk(api, "/api/v1/lines", limit=2) == [[grinding, hobbing], [injection]]
    body = problem(await api.get("/api/v1/lines/gears/hobing"), 404, "unknown-asset")
    assert body["detail"] == "there is no line 'gears/hobing'; did you mean gears/hobbing?"
    problem(await api.get("/api/v1/lines/gears/hobbing/hob-01"), 404, "unknown-asset")


async def test_a_line_names_its_bottleneck_and_its_own_calendar(plant: Plant) -> None:
    gears, moulds = PARK.factories
    line = gears.lines[0].model_copy(update={"bottleneck": "hob-02", "calendar": "two-shifts"})
    factories = (gears.model_copy(update={"lines": (line,)}), moulds)
    park = Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": factories})
    async with plant.parts() as parts, asking(replace(parts, park=park), key=plant.key) as client:
        told = (await client.get("/api/v1/lines/gears/hobbing")).json()
        assert (told["bottleneck"], told["calendar"]) == ("gears/hobbing/hob-02", "two-shifts")
        machine = (await client.get("/api/v1/equipment/gears/hobbing/hob-02")).json()
        assert machine["calendar"] == "two-shifts"


async def test_fields_are_chosen_and_tables_are_had(api: httpx.AsyncClient) -> None:
    asked = await api.get("/api/v1/lines", params={"fields": "path,title"}, headers={"Accept": "text/csv"})
    assert asked.text.splitlines()[:2] == ["path,title.zh,title.en", "gears/grinding,磨齿线,Grinding"]
    body = problem(await api.get("/api/v1/lines", params={"fields": "pat"}), 422, "invalid-parameter")
    assert "rows have no field 'pat'" in body["detail"]


LINES = {"gears": ["gears/grinding", "gears/hobbing"], "moulds": ["moulds/injection"]}

PATHS = ("riverside", "gears", "moulds", "gears/hobbing", "moulds/injection", "moulds/injecton", "nobody", HOB, PRESS)

ASKED: list[tuple[str, dict[str, Any]]] = [
    *((f"{kind}/{path}", {}) for kind in ("parks", "factories", "lines", "equipment") for path in PATHS),
    *((f"signals/{path}", {}) for path in (f"{HOB}/door", f"{PRESS}/door", f"{PRESS}/dor")),
    *(
        (kind, asked)
        for kind in ("factories", "lines", "equipment", "signals")
        for asked in ({}, {"limit": 1}, {"path": "moulds"}, {"path": ["gears", PRESS]}, {"path": "riverside"})
    ),
    ("signals", {"source": "injection-opcua"}),
    ("parks", {}),
    ("assets", {}),
]


@pytest.mark.parametrize("factories", [["gears"], ["moulds"], ["gears", "moulds"], ["closed-long-ago"], []])
async def test_what_is_not_granted_is_not_there(plant: Plant, tmp_path: Path, factories: list[str]) -> None:
    async with plant.parts() as whole, Records(f"sqlite:///{tmp_path}/records.db") as records:
        alone = replace(whole, park=PARK.only(factories), narrowed={})
        async with (
            asking_as(whole, records, factories) as client,
            asking_as(alone, records, None) as otherwise,
        ):
            lines = [one["path"] for one in await items(client, "/api/v1/lines")]
            assert lines == [path for name in factories for path in LINES.get(name, ())]
            for address, asked in ASKED:
                answer = await client.get(f"/api/v1/{address}", params=asked)
                lonely = await otherwise.get(f"/api/v1/{address}", params=asked)
                if asked.get("path") == "riverside":  # the park's whole is for those who may see all of it
                    assert answer.status_code == 404, (address, asked)
                    continue
                assert (answer.status_code, answer.content) == (lonely.status_code, lonely.content), (address, asked)
