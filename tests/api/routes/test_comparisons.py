"""Comparisons of two periods, as flat rows."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import polars as pl
import pytest

from tests.api.client import asking, items, problem, walk
from tests.api.plant import HOB, Plant

URL = "/api/v1/comparisons"
WINDOWS = {
    "start": "2026-11-22T16:00:00Z",
    "end": "2026-11-24T16:00:00Z",
    "before_start": "2026-11-20T16:00:00Z",
    "before_end": "2026-11-22T16:00:00Z",
}


async def test_rows_are_those_of_the_comparison_of_each_path(api: httpx.AsyncClient) -> None:
    paths = ["moulds", HOB]
    rows = await items(api, URL, path=paths, **WINDOWS)
    assert [(row["path"], row["kind"], row["name"]) for row in rows] == sorted(
        (row["path"], row["kind"], row["name"]) for row in rows
    )
    for path in paths:
        told = (await api.get("/api/v1/reports/comparison", params={"path": path, **WINDOWS})).json()["items"]
        expected = sorted(told, key=lambda row: (row["kind"], row["name"]))
        found = [row for row in rows if row["path"] == path]
        for row, same in zip(found, expected, strict=True):
            assert {name: row[name] for name in same} == {
                name: pytest.approx(value) if isinstance(value, float) else value for name, value in same.items()
            }
        assert {row["kind"] for row in expected} == {"kpi", "loss", "reason"}


async def test_pages_add_up_to_the_whole(api: httpx.AsyncClient) -> None:
    asked = {"path": ["gears", "moulds", HOB], **WINDOWS}
    whole = await items(api, URL, **asked)
    pages = await walk(api, URL, limit=17, **asked)
    assert len(pages) > 3
    assert [row for page in pages for row in page] == whole


async def test_paths_are_read_together(plant: Plant) -> None:
    async with plant.parts() as given:
        asked: list[Any] = []
        own = given.store()

        async def results(**wanted: Any) -> pl.DataFrame:
            asked.append(wanted["paths"])
            return await own.results(**wanted)

        store = SimpleNamespace(name="lake", results=results)
        async with asking(replace(given, narrowed={}, store=lambda: store), key=plant.key) as client:
            rows = await items(client, URL, path=["gears", "moulds", HOB], **WINDOWS)
    assert {row["path"] for row in rows} == {"gears", "moulds", HOB}
    assert asked == [["gears", HOB, "moulds"]] * 2  # the days before, and those after


async def test_without_a_path_the_park_is_meant(api: httpx.AsyncClient) -> None:
    assert {row["path"] for row in await items(api, URL, **WINDOWS)} == {"riverside"}


async def test_the_former_address_says_where_to_go(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/v1/reports/comparison", params=WINDOWS)
    assert answer.headers["link"] == '</api/v1/comparisons>; rel="successor-version"'
    assert "deprecation" in answer.headers


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"path": "gears/hobing"}, 404, "unknown-asset"),
        ({"path": [HOB] * 51}, 422, "invalid-parameter"),
        ({"before_start": "2020-01-01T00:00:00Z"}, 422, "invalid-parameter"),
        ({"end": WINDOWS["start"]}, 422, "invalid-parameter"),
        ({"end": "2026-11-22T17:00:00Z", "start": "2026-11-22T16:30:00Z"}, 422, "invalid-parameter"),
        ({"page_token": "WyIiLDFd"}, 422, "invalid-parameter"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, change: dict[str, Any], status: int, kind: str
) -> None:
    problem(await api.get(URL, params={**WINDOWS, **change}), status, kind)
