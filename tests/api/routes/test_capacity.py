"""What the coming shifts have to spare, by machine and by class."""

import base64
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import polars as pl
import pytest

from collector.park import Park
from tests.api.client import asking, items, problem, walk
from tests.api.plant import GRINDER, HOB, PARK, PRESS, Plant

URL = "/api/v1/capacity"
CLASSES = {HOB: "gear-cutter", "gears/hobbing/hob-02": "gear-cutter", GRINDER: "grinder", PRESS: "grinder"}


def classed() -> Park:
    """Give the park with classes for some of its machines."""
    factories = tuple(
        factory.model_copy(
            update={
                "lines": tuple(
                    line.model_copy(
                        update={
                            "equipment": tuple(
                                one.model_copy(update={"equipment_class": CLASSES.get(one.path)})
                                for one in line.equipment
                            )
                        }
                    )
                    for line in factory.lines
                )
            }
        )
        for factory in PARK.factories
    )
    return Park.model_construct(**{name: getattr(PARK, name) for name in Park.model_fields} | {"factories": factories})


@pytest.fixture
async def api(plant: Plant) -> AsyncIterator[httpx.AsyncClient]:
    async with plant.parts() as parts, asking(replace(parts, park=classed(), narrowed={}), key=plant.key) as client:
        yield client


async def test_lines_and_machines_are_told_with_their_class(api: httpx.AsyncClient) -> None:
    rows = await items(api, URL, path="gears", days=2)
    assert list(dict.fromkeys((row["path"], row["equipment_class"], row["machines"]) for row in rows)) == [
        ("gears/hobbing", None, 2),
        (HOB, "gear-cutter", 1),
        ("gears/hobbing/hob-02", "gear-cutter", 1),
        ("gears/grinding", None, 1),
        (GRINDER, "grinder", 1),
    ]
    former = await items(api, "/api/v1/idle-capacity", path="gears", days=2)
    assert [{name: row[name] for name in former[0]} for row in rows] == former


async def test_classes_are_sums_over_their_machines_whatever_factory_they_stand_in(api: httpx.AsyncClient) -> None:
    rows = await items(api, URL, by="class")
    assert {row["path"] for row in rows} == {None}
    assert [row["equipment_class"] for row in rows] == sorted(row["equipment_class"] for row in rows)
    machines = [row for row in await items(api, URL) if row["path"].count("/") == 2]
    for row in rows:
        same = [
            one
            for one in machines
            if (one["equipment_class"], one["start"], one["name"])
            == (row["equipment_class"], row["start"], row["name"])
        ]
        assert row["planned_s"] == pytest.approx(sum(one["planned_s"] for one in same))
        assert row["machines"] == len(same) > 0
    assert sum(row["machines"] for row in rows) == len(machines)
    assert {row["equipment_class"] for row in rows} == {"", "gear-cutter", "grinder"}
    own = await items(api, URL, by="class", path="gears")
    assert {(row["equipment_class"], row["machines"]) for row in own} == {("gear-cutter", 2), ("grinder", 1)}


@pytest.mark.parametrize("by", ["machine", "class"])
async def test_pages_add_up_to_the_whole(api: httpx.AsyncClient, by: str) -> None:
    asked = {"days": 9, "start": "2026-11-24T09:00:00Z", "by": by}
    whole = await items(api, URL, **asked)
    pages = await walk(api, URL, limit=7, **asked)
    assert len(pages) > 3
    assert [row for page in pages for row in page] == whole


async def test_a_page_of_classes_reads_their_machines_alone(plant: Plant) -> None:
    async with plant.parts() as given:
        asked: list[Sequence[str]] = []
        own = given.store()

        async def results(**wanted: Any) -> pl.DataFrame:
            asked.append(sorted(wanted["paths"]))
            return await own.results(**wanted)

        store = SimpleNamespace(name="lake", results=results)
        parts = replace(given, park=classed(), narrowed={}, store=lambda: store)
        async with asking(parts, key=plant.key) as client:
            pages = await walk(client, URL, by="class", days=9, limit=20, start="2026-11-24T09:00:00Z")
    assert pages[0][0]["equipment_class"] == ""
    assert asked[0] == ["moulds/injection/im-02"]
    assert [HOB, "gears/hobbing/hob-02"] in asked
    assert asked[-1] == sorted([GRINDER, PRESS])


async def test_a_token_of_another_age_is_none(api: httpx.AsyncClient) -> None:
    query: dict[str, Any] = {"days": 2, "limit": 1, "by": "machine"}
    token = (await api.get(URL, params=query)).json()["next_page_token"]
    name, *_ = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    for begins in (-62135596800000000, 253402300799000000, 2**62):
        made_up = base64.urlsafe_b64encode(orjson.dumps([name, begins, 0, 0, ""])).decode().rstrip("=")
        answer = await api.get(URL, params={**query, "page_token": made_up})
        assert [one["name"] for one in problem(answer, 422, "invalid-parameter")["errors"]] == ["page_token"]


@pytest.mark.parametrize(
    ("parameters", "status", "kind"),
    [
        ({"path": "nowhere"}, 404, "unknown-asset"),
        ({"days": 0}, 422, "invalid-parameter"),
        ({"days": 93}, 422, "invalid-parameter"),
        ({"by": "line"}, 422, "invalid-parameter"),
        ({"page_token": "WyIiLDFd"}, 422, "invalid-parameter"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, Any], status: int, kind: str
) -> None:
    problem(await api.get(URL, params=parameters), status, kind)
