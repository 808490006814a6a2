"""Machines and signals: as lists, by path, and beside the addresses below them."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path

from analytics.kpis.catalogue import BY_SLUG
from api.app import create_app
from collector.park import Park
from collector.records import Records
from tests.api.client import asking, asking_as, items, problem, walk
from tests.api.plant import GRINDER, HOB, PARK, PRESS, WASHER, Plant


async def test_a_machine_says_what_it_is(api: httpx.AsyncClient) -> None:
    machine = (await api.get(f"/api/v1/equipment/{GRINDER}")).json()
    kpis = machine.pop("kpis")
    assert machine == {
        "path": GRINDER,
        "id": "grind-01",
        "title": {"zh": "1 号磨齿机", "en": "Grinding machine 1"},
        "factory": "gears",
        "line": "gears/grinding",
        "equipment_class": None,
        "calendar": "always",
        "hold_for_s": 600.0,
        "micro_stop_s": 0.0,
        "ideal_cycle_s": 90.0,
        "state_signal": f"{GRINDER}/execution",
        "has_state": True,
        "signals": 4,
    }
    assert {"utilisation", "effectiveness", "throughput_rate"} <= set(kpis)
    lacking = {"quality_ratio", "oee_bottleneck", "rework_ratio", "energy_per_part"}  # it has no such signals
    assert lacking == lacking & BY_SLUG.keys() - set(kpis)
    problem(await api.get("/api/v1/equipment/gears/hobbing/hob-9"), 404, "unknown-asset")
    problem(await api.get("/api/v1/equipment/gears/hobbing"), 404, "unknown-asset")


async def test_a_machine_without_a_state_has_no_kpis(api: httpx.AsyncClient) -> None:
    washer = (await api.get(f"/api/v1/equipment/{WASHER}")).json()
    assert (washer["has_state"], washer["state_signal"], washer["kpis"], washer["signals"]) == (False, None, [], 3)


async def test_kpis_that_need_an_ideal_cycle_come_with_one(api: httpx.AsyncClient) -> None:
    kpis = {path: (await api.get(f"/api/v1/equipment/{path}")).json()["kpis"] for path in (HOB, GRINDER)}
    assert "effectiveness" in set(kpis[GRINDER]) - set(kpis[HOB])
    assert set(kpis[HOB]) < set(kpis[GRINDER])


async def test_machines_are_filtered_and_come_in_pages(api: httpx.AsyncClient) -> None:
    whole = await items(api, "/api/v1/equipment")
    assert [machine["path"] for machine in whole] == sorted(PARK.equipment)
    assert [one for page in await walk(api, "/api/v1/equipment", limit=4) for one in page] == whole
    assert [one["line"] for one in await items(api, "/api/v1/equipment", path="moulds")] == ["moulds/injection"] * 2
    assert len(await items(api, "/api/v1/equipment", path=["gears/hobbing", PRESS])) == 4
    assert (await api.get(f"/api/v1/equipment/{HOB}")).json() in whole


async def test_machines_are_found_by_their_class(plant: Plant) -> None:
    gears, moulds = PARK.factories
    [line] = moulds.lines
    press, other = line.equipment
    press = press.model_copy(update={"equipment_class": "press", "micro_stop": timedelta(minutes=2)})
    line = line.model_copy(update={"equipment": (press, other)})
    factories = (gears, moulds.model_copy(update={"lines": (line,)}))
    park = Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": factories})
    async with plant.parts() as parts, asking(replace(parts, park=park), key=plant.key) as client:
        [found] = await items(client, "/api/v1/equipment", equipment_class=["press", "hobber"])
        assert (found["path"], found["equipment_class"], found["micro_stop_s"]) == (PRESS, "press", 120.0)
        assert await items(client, "/api/v1/equipment", equipment_class="hobber") == []


async def test_a_signal_says_what_it_is(api: httpx.AsyncClient) -> None:
    path = f"{HOB}/spindle_temperature"
    assert (await api.get(f"/api/v1/signals/{path}")).json() == {
        "path": path,
        "name": "spindle_temperature",
        "title": {"zh": "主轴温度", "en": "Spindle temperature"},
        "factory": "gears",
        "line": "gears/hobbing",
        "equipment": HOB,
        "type": "float",
        "unit": "Cel",
        "role": "measurement",
        "low": -20.0,
        "high": 150.0,
        "source": "hobbing-opcua",
        "states": {},
        "limits": [
            {
                "high": 80.0,
                "low": None,
                "hysteresis": 5.0,
                "severity": "high",
                "on_delay_s": 0.0,
                "off_delay_s": 0.0,
                "count": 1,
                "latching": False,
                "when": "always",
            }
        ],
    }
    state = (await api.get(f"/api/v1/signals/{HOB}/execution")).json()
    assert (state["states"]["ACTIVE"], state["states"]["OPTIONAL_STOP"]) == ("producing", "planned_stop")
    problem(await api.get(f"/api/v1/signals/{HOB}/dor"), 404, "unknown-asset")


async def test_signals_are_filtered_and_come_in_pages(api: httpx.AsyncClient) -> None:
    whole = await items(api, "/api/v1/signals")
    assert [signal["path"] for signal in whole] == sorted(PARK.signals)
    assert [one for page in await walk(api, "/api/v1/signals", limit=9) for one in page] == whole
    assert {one["equipment"] for one in await items(api, "/api/v1/signals", path=WASHER)} == {WASHER}
    assert len(await items(api, "/api/v1/signals", source=["grinding-mqtt", "injection-opcua"])) == 12
    assert len(await items(api, "/api/v1/signals", role="state")) == 5
    assert {one["name"] for one in await items(api, "/api/v1/signals", type=["bool", "text"])} == {"door", "execution"}
    assert await items(api, "/api/v1/signals", role="state", path=WASHER) == []
    problem(await api.get("/api/v1/signals", params={"source": "nobody"}), 404, "unknown-asset")
    problem(await api.get("/api/v1/signals", params={"role": "nothing"}), 422, "invalid-parameter")


async def test_the_states_of_a_signal_are_text_in_a_table(api: httpx.AsyncClient) -> None:
    parameters = {"path": HOB, "role": "state", "fields": "name,states,limits"}
    table = (await api.get("/api/v1/signals", params=parameters, headers={"Accept": "text/csv"})).text.splitlines()
    assert table[0] == "name,states,limits"
    assert table[1].startswith('execution,"{""ACTIVE"":""producing""')
    assert table[1].endswith(",[]")


async def test_a_source_of_another_factory_is_not_named(plant: Plant, tmp_path: Path) -> None:
    gears, moulds = PARK.factories
    [line] = moulds.lines
    press, other = line.equipment
    signals = tuple(one.model_copy(update={"source": "hobbing-opcua"}) for one in press.signals)
    line = line.model_copy(update={"equipment": (press.model_copy(update={"signals": signals}), other)})
    factories = (gears, moulds.model_copy(update={"lines": (line,)}))
    park = Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": factories})
    async with (
        plant.parts() as whole,
        Records(f"sqlite:///{tmp_path}/records.db") as records,
        asking_as(replace(whole, park=park, narrowed={}), records, ["moulds"]) as client,
    ):
        told = {one["path"]: one["source"] for one in await items(client, "/api/v1/signals")}
        tree = await client.get("/api/v1/assets")
        problem(await client.get("/api/v1/signals", params={"source": "hobbing-opcua"}), 404, "unknown-asset")
    assert {told[f"{PRESS}/door"], told["moulds/injection/im-02/door"]} == {None, "injection-opcua"}
    assert "hobbing" not in tree.text


async def test_every_address_is_answered_by_its_own_route(plant: Plant) -> None:
    async with plant.parts() as parts:
        known = [
            (method, route.path, compile_path(route.path)[0])
            for route in iter_route_contexts(create_app(parts).routes)
            for method in route.methods or ()
            if route.path
        ]
    assert len(known) > 40
    for method, path, _ in known:
        address = re.sub(r"{[^}:]*:path}", HOB, path)
        address = re.sub(r"{[^}]*}", "17", address)
        first = next(own for other, own, form in known if other == method and form.match(address))
        assert first == path, (method, address)
