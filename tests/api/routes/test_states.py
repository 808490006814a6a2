"""State timelines."""

from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from analytics.machinestates import MachineNews, tell_states
from analytics.progress import write_computed
from analytics.statenews import Known, StateNews
from collector.links import Link, write_links
from collector.records import Records
from tests.api.client import asking_of, items, problem, walk
from tests.api.plant import GRINDER, HOB, INJECTION_LOST, NOW, PRESS, WASHER, Plant, links

DAY = {"start": "2026-11-24T00:00:00Z", "end": "2026-11-25T00:00:00Z"}


def at(path: str) -> str:
    return f"/api/v1/equipment/{path}/states"


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


async def test_the_spans_of_a_day_follow_each_other_to_where_the_source_has_spoken(api: httpx.AsyncClient) -> None:
    body = (await api.get(at(HOB), params=DAY)).json()
    spans = body["items"]
    assert body["path"] == HOB
    assert (body["start"], body["end"]) == (DAY["start"], DAY["end"])
    assert spans[0]["start"] == DAY["start"]
    assert all(one["end"] == other["start"] for one, other in pairwise(spans))
    assert spans[-1]["end"] == body["known_until"] == "2026-11-24T08:14:58Z"
    assert {"state": "producing", "raw": "ACTIVE"}.items() <= next(s for s in spans if s["raw"] == "ACTIVE").items()


async def test_the_time_a_link_is_down_is_unknown_after_hold_for(api: httpx.AsyncClient) -> None:
    body = (await api.get(at(PRESS), params=DAY)).json()
    last = body["items"][-1]
    assert last["state"] == "unknown"
    assert last["raw"] is None
    assert timedelta(0) <= instant(last["start"]) - INJECTION_LOST <= timedelta(minutes=10)
    assert instant(last["end"]) == NOW


async def test_pages_add_up_to_the_whole(api: httpx.AsyncClient) -> None:
    whole = await items(api, at(HOB), **DAY)
    pages = await walk(api, at(HOB), **DAY, limit=3)
    assert len(pages) > 3
    assert [span for page in pages for span in page] == whole


async def test_equipment_without_a_state_signal_has_no_spans(api: httpx.AsyncClient) -> None:
    body = (await api.get(at(WASHER), params=DAY)).json()
    assert body["items"] == []
    assert body["known_until"] is None


async def test_what_was_played_as_a_line_is_known_to_its_end(plant: Plant, tmp_path: Path) -> None:
    last = NOW - timedelta(days=1)
    ended = Link("recording-gears-grinding", "ended", NOW, NOW, last, NOW, 12, 0, "")
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        await records.run(lambda connection: write_links(connection, [ended]))
        async with asking_of(plant, records) as client:
            range_ = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-24T00:00:00Z"}
            played = (await client.get(at(GRINDER), params=range_)).json()
            beside = (await client.get(at(HOB), params=range_)).json()
    assert instant(played["known_until"]) == instant(played["items"][-1]["end"]) == last + timedelta(microseconds=1)
    assert beside == {**beside, "items": [], "known_until": None}


async def test_an_unknown_machine_is_a_problem_that_names_near_ones(api: httpx.AsyncClient) -> None:
    body = problem(await api.get(at("gears/hobbing/hob-1"), params=DAY), 404, "unknown-asset")
    assert HOB in body["detail"]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"end": "2026-11-24T00:00:00Z"}, "end"),
        ({"end": "2026-12-26T00:00:00Z"}, "end"),
        ({"start": "yesterday"}, "start"),
        ({"start": "2026-11-24T00:00:00"}, "start"),
        ({"start": "0"}, "start"),
        ({"start": "1969-12-31T23:59:59Z"}, "start"),
        ({"end": "9999-12-31T23:59:59Z"}, "end"),
        ({"start": "2026-02-30T00:00:00Z"}, "start"),
        ({"limit": "0"}, "limit"),
        ({"limit": "10001"}, "limit"),
    ],
)
async def test_a_wrong_parameter_is_named(api: httpx.AsyncClient, change: dict[str, Any], name: str) -> None:
    body = problem(await api.get(at(HOB), params={**DAY, **change}), 422, "invalid-parameter")
    assert [fault["name"] for fault in body["errors"]] == [name]


async def test_any_zone_is_read_and_utc_is_answered(api: httpx.AsyncClient) -> None:
    local = {"start": "2026-11-24T08:00:00+08:00", "end": "2026-11-25T08:00:00+08:00"}
    assert (await api.get(at(HOB), params=local)).json() == (await api.get(at(HOB), params=DAY)).json()


async def test_states_of_several_machines_are_those_of_each(api: httpx.AsyncClient) -> None:
    asked = {"path": ["gears/hobbing", GRINDER], **DAY}
    rows = await items(api, "/api/v1/states", **asked)
    machines = [GRINDER, HOB, "gears/hobbing/hob-02"]
    assert list(dict.fromkeys(row["path"] for row in rows)) == machines
    for path in machines:
        own = [{name: row[name] for name in row if name != "path"} for row in rows if row["path"] == path]
        assert own == await items(api, at(path), **DAY)
    pages = await walk(api, "/api/v1/states", limit=7, **asked)
    assert len(pages) > 3
    assert [row for page in pages for row in page] == rows


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"path": []}, "path"),
        ({"path": [HOB] * 51}, "path"),
        ({"end": "2026-12-26T00:00:00Z"}, "end"),
        ({"limit": "10001"}, "limit"),
    ],
)
async def test_states_of_several_machines_are_bounded(
    api: httpx.AsyncClient, change: dict[str, Any], name: str
) -> None:
    answer = await api.get("/api/v1/states", params={"path": HOB, **DAY, **change})
    assert [fault["name"] for fault in problem(answer, 422, "invalid-parameter")["errors"]] == [name]


async def test_more_machines_than_fit_are_told(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.routes.states.MACHINES_AT_MOST", 4)
    answer = await api.get("/api/v1/states", params={"path": "riverside", **DAY})
    assert problem(answer, 422, "invalid-parameter")["detail"].endswith(
        "they have 5 machines; ask for 4 at most at once"
    )


async def test_what_machines_do_now_is_the_last_of_what_they_did(api: httpx.AsyncClient) -> None:
    rows = {row["path"]: row for row in await items(api, "/api/v1/states/current")}
    assert sorted(rows) == list(rows)
    assert WASHER not in rows
    week = {"start": "2026-11-20T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
    for path, row in rows.items():
        last = (await items(api, at(path), **week))[-1]
        assert (row["state"], row["raw"], row["since"]) == (last["state"], last["raw"], last["start"])
    assert rows[HOB]["known_until"] == "2026-11-24T08:14:58Z"
    assert rows[PRESS]["state"] == "unknown"
    pages = await walk(api, "/api/v1/states/current", limit=2)
    assert [row for page in pages for row in page] == list(rows.values())
    assert [row["path"] for row in await items(api, "/api/v1/states/current", path="moulds")] == [
        PRESS,
        "moulds/injection/im-02",
    ]


async def test_what_the_feed_told_last_is_what_machines_do_now(plant: Plant, tmp_path: Path) -> None:
    since, until = NOW - timedelta(days=40), NOW - timedelta(seconds=20)
    off = Known(since, "off", "POWER_OFF")

    def enter(connection: sa.Connection) -> None:
        write_links(connection, links())
        tell_states(connection, [MachineNews(HOB, (off,), [StateNews(off, None, None)])], now=NOW)
        tell_states(connection, [MachineNews(GRINDER, (off,), [StateNews(off, None, None)])], now=NOW)
        write_computed(connection, {HOB: until, GRINDER: NOW - timedelta(hours=1)})

    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        await records.run(enter)
        async with asking_of(plant, records) as client:
            rows = {row["path"]: row for row in await items(client, "/api/v1/states/current")}
    assert rows[HOB]["state"] == "off"  # for longer than samples are looked back for
    assert (instant(rows[HOB]["since"]), instant(rows[HOB]["known_until"])) == (since, until)
    assert rows[GRINDER]["state"] != "off"  # that was told an hour ago
    assert instant(rows[GRINDER]["known_until"]) > until


async def test_what_was_played_is_told_as_it_was_at_its_end(plant: Plant, tmp_path: Path) -> None:
    last = NOW - timedelta(days=1)
    ended = Link("recording-gears-grinding", "ended", NOW, NOW, last, NOW, 12, 0, "")
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        await records.run(lambda connection: write_links(connection, [ended]))
        async with asking_of(plant, records) as client:
            rows = {row["path"]: row for row in await items(client, "/api/v1/states/current")}
            spans = await items(client, at(GRINDER), start="2026-11-22T00:00:00Z", end="2026-11-24T00:00:00Z")
    assert (rows[GRINDER]["state"], rows[GRINDER]["since"]) == (spans[-1]["state"], spans[-1]["start"])
    assert instant(rows[GRINDER]["known_until"]) == last + timedelta(microseconds=1)
    silent = rows[HOB]
    assert silent == {"path": HOB, "state": "unknown", "raw": None, "since": None, "known_until": None}
