"""Health scores: what they are made of, and of which machines."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from analytics.alertlog import fold
from analytics.faults.contract import Indicator, nanoseconds
from analytics.healthlog import write_health
from collector.records import Records
from tests.analytics.plant import line, machine, park
from tests.api.client import asking, asking_of, items, problem, walk, with_records
from tests.api.plant import GRINDER, HOB, NOW, PARK, PRESS, Plant, alerts

URL = "/api/v1/health-scores"


def number(equipment: str, value: float) -> tuple[str, Indicator]:
    signal = f"{equipment}/spindle_temperature"
    return "ewma", Indicator(equipment, signal, "high", nanoseconds(timedelta()), value, 4.0)


@pytest.fixture
async def client(plant: Plant, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client of a park in which the hob has an alert, the grinder a number near its limit, the press neither."""
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        hot = next(one for one in alerts() if one.equipment == HOB and one.active)
        await records.run(lambda c: fold(c, [hot], now=NOW, suppressed=lambda _: ""))
        await records.run(lambda c: write_health(c, PARK, [number(GRINDER, 3.0), number(PRESS, 0.4)], NOW))
        async with asking_of(plant, records) as client:
            yield client


async def test_a_score_tells_its_parts_in_both_languages(client: httpx.AsyncClient) -> None:
    grinder, hob, press = await items(client, URL)
    assert (grinder["equipment"], hob["equipment"], press["equipment"]) == (GRINDER, HOB, PRESS)
    assert hob == {
        "equipment": HOB,
        "title": {"zh": "1 号滚齿机", "en": "Hobbing machine 1"},
        "score": 40.0,
        "at": "2026-11-24T08:15:00Z",
        "parts": [
            {
                "detector": "limit",
                "title": {"zh": "超限", "en": "Limit exceeded"},
                "subject": f"{HOB}/spindle_temperature",
                "subject_title": {"zh": "主轴温度", "en": "Spindle temperature"},
                "name": "high:80",
                "kind": "alert",
                "lost": 60.0,
                "ratio": None,
                "severity": "high",
            }
        ],
    }
    assert grinder["score"] == 90.0
    assert [(one["kind"], one["lost"], one["ratio"]) for one in grinder["parts"]] == [("indicator", 10.0, 0.75)]
    assert (press["score"], press["parts"][0]["lost"]) == (100.0, 0.0)


async def test_they_are_asked_for_by_path(client: httpx.AsyncClient) -> None:
    assert [one["equipment"] for one in await items(client, URL, path="moulds")] == [PRESS]
    assert [one["equipment"] for one in await items(client, URL, path=["moulds", HOB])] == [HOB, PRESS]
    assert len(await items(client, URL, path=["riverside", "moulds"])) == 3
    assert await items(client, URL, path="gears/hobbing/washer") == []
    problem(await client.get(URL, params={"path": "gears/hobing"}), 404, "unknown-asset")


async def test_pages_add_up_to_the_whole(client: httpx.AsyncClient) -> None:
    pages = await walk(client, URL, limit=2)
    assert [len(page) for page in pages] == [2, 1]
    assert [one for page in pages for one in page] == await items(client, URL)


@pytest.mark.every_database
async def test_pages_lose_no_machine_in_whatever_order_the_database_has_paths(plant: Plant, records: Records) -> None:
    paths = [f"works/line/{name}" for name in ("hob-2", "hob1", "hob_3", "Hob4", "hob-11")]
    other = park(line("works/line", *(machine(path) for path in paths)))
    await records.run(lambda c: write_health(c, other, [number(path, 3.0) for path in paths], NOW))
    async with plant.parts(open_page=True) as parts:
        made = replace(with_records(parts, records), park=other)
        async with asking(made, peer="127.0.0.1", host="localhost") as client:
            pages = await walk(client, URL, limit=1)
    assert [one["equipment"] for page in pages for one in page] == sorted(paths)


async def test_a_park_that_nobody_looks_at_has_none(api: httpx.AsyncClient) -> None:
    assert await items(api, URL) == []
