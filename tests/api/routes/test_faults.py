"""Faults: scores and the numbers behind them, what machines were like, and the catalogue of detectors."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest

from analytics.alertlog import fold
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import Indicator, nanoseconds
from analytics.healthlog import write_health
from api.auth import create_key
from api.roles import Role
from collector.records import Records
from tests.api.client import asking, asking_of, items, problem, walk, with_records
from tests.api.plant import GRINDER, HOB, NOW, PARK, PRESS, WASHER, Plant, alerts


def number(equipment: str, name: str, value: float, detector: str = "ewma") -> tuple[str, Indicator]:
    signal = f"{equipment}/spindle_temperature"
    return detector, Indicator(equipment, signal, name, nanoseconds(timedelta(hours=1)), value, 4.0)


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Give records of two hours: the hob has an alert, the grinder a number that rises, the press one that is calm."""
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        hot = next(one for one in alerts() if one.equipment == HOB and one.active)
        await records.run(lambda c: fold(c, [hot], now=NOW, suppressed=lambda _: ""))
        calm = [number(PRESS, "high", 0.4), number(PRESS, "low", 0.2)]
        before = NOW - timedelta(hours=1)
        await records.run(lambda c: write_health(c, PARK, [number(GRINDER, "high", 2.0), *calm], before))
        await records.run(lambda c: write_health(c, PARK, [number(GRINDER, "high", 3.0)], NOW))
        yield records


@pytest.fixture
async def client(plant: Plant, records: Records) -> AsyncIterator[httpx.AsyncClient]:
    async with asking_of(plant, records) as client:
        yield client


async def test_faults_are_the_health_scores_under_a_better_name(client: httpx.AsyncClient) -> None:
    old = await client.get("/api/v1/health-scores")
    assert old.headers["link"] == '</api/v1/faults>; rel="successor-version"'
    assert (await client.get("/api/v1/faults")).json() == old.json()
    pages = await walk(client, "/api/v1/faults", limit=2)
    assert [len(page) for page in pages] == [2, 1]
    assert [one for page in pages for one in page] == old.json()["items"]


async def test_a_machine_tells_its_score_and_every_number(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"/api/v1/faults/{GRINDER}")).json()
    [listed] = await items(client, "/api/v1/faults", path=GRINDER)
    assert told == listed | {"indicators": told["indicators"]}
    assert told["indicators"] == [
        {
            "equipment": GRINDER,
            "detector": "ewma",
            "subject": f"{GRINDER}/spindle_temperature",
            "subject_title": {"zh": "主轴温度", "en": "Spindle temperature"},
            "name": "high",
            "value": 3.0,
            "limit": 4.0,
            "ratio": 0.75,
            "at": "1970-01-01T01:00:00Z",
            "heard": "2026-11-24T08:15:00Z",
        }
    ]


async def test_a_machine_that_nobody_looks_at_has_no_score(client: httpx.AsyncClient) -> None:
    told = (await client.get(f"/api/v1/faults/{WASHER}")).json()
    assert (told["score"], told["at"], told["parts"], told["indicators"]) == (None, None, [], [])
    problem(await client.get("/api/v1/faults/gears/hobbing"), 404, "unknown-asset")


async def test_indicators_are_flat_rows_in_pages(client: httpx.AsyncClient) -> None:
    rows = await items(client, "/api/v1/indicators")
    assert [(one["equipment"], one["name"], one["ratio"]) for one in rows] == [
        (GRINDER, "high", 0.75),
        (PRESS, "high", 0.1),
        (PRESS, "low", 0.05),
    ]
    for limit in (1, 2):
        pages = await walk(client, "/api/v1/indicators", limit=limit)
        assert [one for page in pages for one in page] == rows
    assert [one["name"] for one in await items(client, "/api/v1/indicators", path="moulds")] == ["high", "low"]


async def test_what_nobody_tells_for_a_day_is_no_indicator_any_more(plant: Plant, records: Records) -> None:
    async with plant.parts(open_page=True, now=NOW + timedelta(hours=23, minutes=30)) as parts:
        later = with_records(parts, records)
        async with asking(later, peer="127.0.0.1", host="localhost") as client:
            assert [one["equipment"] for one in await items(client, "/api/v1/indicators")] == [GRINDER]


async def test_history_has_a_row_per_machine_and_hour(client: httpx.AsyncClient) -> None:
    rows = await items(client, "/api/v1/faults/history")
    assert [(one["equipment"], one["hour"][11:13], one["newest"]) for one in rows] == [
        (GRINDER, "07", 100.0),
        (GRINDER, "08", 90.0),
        (HOB, "07", 40.0),
        (HOB, "08", 40.0),
        (PRESS, "07", 100.0),
        (PRESS, "08", 100.0),
    ]
    assert rows[1]["parts"][0]["ratio"] == 0.75
    pages = await walk(client, "/api/v1/faults/history", limit=4)
    assert [one for page in pages for one in page] == rows
    window = {"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T09:00:00Z"}
    assert len(await items(client, "/api/v1/faults/history", **window, path="gears")) == 2
    long = {"start": "2026-01-01T00:00:00Z", "end": "2026-11-24T09:00:00Z"}
    problem(await client.get("/api/v1/faults/history", params=long), 422, "invalid-parameter")


async def key(records: Records, factories: set[str]) -> str:
    made = partial(create_key, name="k", now=NOW, expires=None, roles=[Role.VIEWER], factories=factories)
    return (await records.run(made))[1]


async def test_nothing_is_told_of_a_factory_that_is_not_granted(plant: Plant, records: Records) -> None:
    async with plant.parts() as whole:
        parts = with_records(whole, records)
        for granted, machines in (({"gears"}, {GRINDER, HOB}), ({"moulds"}, {PRESS}), (set[str](), set[str]())):
            text = await key(records, granted)
            async with asking(parts, key=text) as client:
                for url in ("/api/v1/faults", "/api/v1/faults/history"):
                    assert {one["equipment"] for one in await items(client, url)} == machines
                numbers = {one["equipment"] for one in await items(client, "/api/v1/indicators")}
                assert numbers == machines - {HOB}
                for machine in (HOB, PRESS):
                    status = 200 if machine in machines else 404
                    assert (await client.get(f"/api/v1/faults/{machine}")).status_code == status


async def test_the_catalogue_has_every_detector_and_the_score(client: httpx.AsyncClient) -> None:
    rows = await items(client, "/api/v1/faults/detectors")
    assert [one["detector"] for one in rows] == [*(one.slug for one in DETECTORS), "health"]
    ewma = next(one for one in rows if one["detector"] == "ewma")
    assert ewma["learns"] is True
    assert ewma["settings"]["properties"]
    pages = await walk(client, "/api/v1/faults/detectors", limit=7)
    assert [one for page in pages for one in page] == rows
