"""Where time went, as rows that add up."""

from itertools import groupby
from typing import Any

import httpx
import polars as pl
import pytest

from tests.api.client import items, problem, walk
from tests.api.plant import GRINDER, HOB, PARK

URL = "/api/v1/losses"
DAYS = {"start": "2026-11-21T00:00:00Z", "end": "2026-11-25T00:00:00Z"}


@pytest.mark.parametrize("period", ["hour", "shift", "day", "week", "month"])
async def test_the_rows_of_a_window_add_up_to_its_calendar_time(api: httpx.AsyncClient, period: str) -> None:
    window = {"start": "2026-10-31T16:00:00Z", "end": "2026-11-25T00:00:00Z"}
    asked: dict[str, Any] = {"path": [HOB, GRINDER, "moulds", "riverside"], "period": period, **window}
    rows = await items(api, URL, limit=10_000, **asked)
    numbers = await items(api, "/api/v1/kpis", kpi="calendar_time", **asked)
    told = {(row["path"], row["start"]): row for row in numbers}
    keys = [(row["path"], row["start"], row["loss"], row["reason"] or "") for row in rows]
    assert keys == sorted(set(keys))
    seen = set()
    for window_of, group in groupby(rows, lambda row: (row["path"], row["start"])):
        parts = list(group)
        assert sum(row["seconds"] for row in parts) == pytest.approx(told[window_of]["value"])
        assert sum(row["share"] for row in parts) == pytest.approx(1.0)
        assert {(row["name"], row["end"], row["version"]) for row in parts} == {
            tuple(told[window_of][name] for name in ("name", "end", "version"))
        }
        seen.add(window_of)
    assert seen == told.keys()


async def test_stops_are_told_by_reason_with_how_many_began(api: httpx.AsyncClient) -> None:
    rows = await items(api, URL, path=HOB, loss=["idle", "unplanned_stop"], **DAYS)
    assert {(row["loss"], row["reason"]) for row in rows} == {("idle", "READY"), ("unplanned_stop", "INTERRUPTED")}
    numbers = await items(
        api, "/api/v1/kpis", path=HOB, period="day", kpi=["loss:idle/READY", "stops:idle/READY"], **DAYS
    )
    seconds, stops = ([row["value"] for row in numbers if row["kpi"].startswith(of)] for of in ("loss:", "stops:"))
    idle = [row for row in rows if row["loss"] == "idle"]
    assert [row["seconds"] for row in idle] == seconds
    assert [row["times"] for row in idle] == stops


async def test_pages_add_up_to_the_whole(api: httpx.AsyncClient) -> None:
    for asked in ({"period": "hour", **DAYS}, {}):
        whole = await items(api, URL, limit=10_000, **asked)
        pages = await walk(api, URL, limit=61, **asked)
        assert len(pages) > 1
        assert [row for page in pages for row in page] == whole


async def test_without_a_window_the_newest_of_everything_is_told(api: httpx.AsyncClient) -> None:
    rows = await items(api, URL)
    lines = [line.path for factory in PARK.factories for line in factory.lines]
    assert {row["path"] for row in rows} >= {"riverside", "gears", "moulds", HOB, *lines}
    assert {row["period"] for row in rows} == {"day"}
    assert {row["start"] for row in rows if row["path"] == HOB} == {"2026-11-23T16:00:00Z"}


async def test_losses_are_had_as_tables(api: httpx.AsyncClient) -> None:
    asked = {"path": HOB, "fields": "loss,reason,seconds", **DAYS}
    rows = await items(api, URL, **asked)
    assert [list(row) for row in rows] == [["loss", "reason", "seconds"]] * len(rows)
    answer = await api.get(URL, params=asked, headers={"Accept": "application/vnd.apache.parquet"})
    assert pl.read_parquet(answer.content).to_dicts() == rows


@pytest.mark.parametrize(
    ("parameters", "status", "kind"),
    [
        ({"path": "gears/hobing"}, 404, "unknown-asset"),
        ({"loss": "producing"}, 422, "invalid-parameter"),
        ({"period": "year"}, 422, "invalid-parameter"),
        ({"start": DAYS["start"]}, 422, "invalid-parameter"),
        ({"as_of": DAYS["start"]}, 422, "invalid-parameter"),
        ({"limit": 10_001}, 422, "invalid-parameter"),
        ({"period": "hour", "start": "2026-01-01T00:00:00Z", "end": "2026-12-01T00:00:00Z"}, 422, "invalid-parameter"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, Any], status: int, kind: str
) -> None:
    problem(await api.get(URL, params=parameters), status, kind)
