"""People say why machines stood, by who may; the later counts, and what is taken back stays in sight."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics.stopreasons import read_reason_news
from api.auth import create_key
from api.parts import Parts
from api.roles import Role
from collector.park import StopReason, Title
from collector.records import Records
from tests.api.client import asking, asking_as, items, problem, walk, with_records
from tests.api.plant import GRINDER, HOB, NOW, PARK, PRESS, Plant

URL = f"/api/v1/equipment/{HOB}/stop-reasons"
SAID: dict[str, Any] = {
    "start": "2026-11-24T07:10:00Z",
    "end": "2026-11-24T15:45:00+08:00",
    "reason": "tool-change",
    "note": " 刀具崩刃 ",
}
REASONS = {
    "tool-change": StopReason(title=Title(zh="换刀", en="Tool change")),
    "lunch": StopReason(loss="planned_stop"),
}


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        yield records


@pytest.fixture
async def parts(plant: Plant, records: Records) -> AsyncIterator[Parts]:
    """Give the parts of the plant's API with reasons for stops, on records of their own."""
    async with plant.parts() as parts:
        yield replace(with_records(parts, records), park=PARK.model_copy(update={"stop_reasons": REASONS}))


@pytest.fixture
async def api(parts: Parts, records: Records) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that may operate."""
    async with asking(parts, key=await key(records, Role.ENGINEER)) as client:
        yield client


async def key(records: Records, *roles: Role) -> str:
    _, text = await records.run(lambda c: create_key(c, "shift lead", now=NOW, expires=None, roles=roles))
    return text


async def test_the_reasons_of_the_park_are_told(api: httpx.AsyncClient) -> None:
    assert await items(api, "/api/v1/stop-reasons") == [
        {"code": "lunch", "title": {"zh": "lunch", "en": "lunch"}, "loss": "planned_stop"},
        {"code": "tool-change", "title": {"zh": "换刀", "en": "Tool change"}, "loss": "unplanned_stop"},
    ]


async def test_what_was_said_is_told_and_is_news(api: httpx.AsyncClient, records: Records) -> None:
    answer = await api.post(URL, json=SAID)
    assert answer.status_code == 201
    said = answer.json()
    assert said == {
        "id": said["id"],
        "equipment": HOB,
        "start": "2026-11-24T07:10:00Z",
        "end": "2026-11-24T07:45:00Z",
        "reason": "tool-change",
        "note": "刀具崩刃",
        "by": "shift lead",
        "at": "2026-11-24T08:15:00Z",
        "revoked": None,
    }
    assert await items(api, URL) == [said]
    [news] = await records.run(lambda connection: read_reason_news(connection, after=0))
    assert (news.id, news.equipment, news.reason) == (said["id"], HOB, "tool-change")


async def test_what_is_taken_back_stays_in_sight(api: httpx.AsyncClient) -> None:
    said = (await api.post(URL, json=SAID)).json()
    answer = await api.delete(f"{URL}/{said['id']}")
    assert answer.status_code == 200
    assert answer.json() == said | {"revoked": "2026-11-24T08:15:00Z"}
    assert (await api.delete(f"{URL}/{said['id']}")).json() == answer.json()
    assert await items(api, URL) == [answer.json()]


async def test_only_what_was_said_of_the_machine_and_the_interval_comes(api: httpx.AsyncClient) -> None:
    for hour in range(4):
        times = {"start": f"2026-11-24T0{hour}:00:00Z", "end": f"2026-11-24T0{hour}:30:00Z"}
        await api.post(URL, json=SAID | times)
    await api.post(f"/api/v1/equipment/{GRINDER}/stop-reasons", json=SAID)
    whole = await items(api, URL)
    assert [row["start"][11:13] for row in whole] == ["00", "01", "02", "03"]
    within = {"start": "2026-11-24T01:10:00Z", "end": "2026-11-24T02:00:00Z"}
    assert await items(api, URL, **within) == whole[1:2]
    pages = await walk(api, URL, limit=3)
    assert pages == [whole[:3], whole[3:]]


async def test_a_key_that_only_reads_says_nothing(parts: Parts, records: Records, api: httpx.AsyncClient) -> None:
    said = (await api.post(URL, json=SAID)).json()
    async with asking(parts, key=await key(records, Role.VIEWER)) as reader:
        problem(await reader.post(URL, json=SAID), 403, "forbidden")
        problem(await reader.delete(f"{URL}/{said['id']}"), 403, "forbidden")
        assert await items(reader, URL) == [said]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reason": "tool-chnge"}, "reason: 'tool-chnge' is no stop reason of the park; did you mean `tool-change`?"),
        ({"reason": ""}, "reason: "),
        ({"end": "2026-11-24T07:10:00Z"}, "end: it must lie after `start`"),
        ({"end": "2026-12-25T07:10:01Z"}, "end: it may lie 31 days after `start` at most"),
        ({"start": "yesterday"}, "start: 'yesterday' is no instant"),
        ({"note": "\0"}, "a text of the body holds the character NUL"),
        ({"note": "x" * 1001}, "note: "),
        ({"loss": "idle"}, "loss: "),
    ],
)
async def test_what_cannot_be_said_is_a_problem(api: httpx.AsyncClient, change: dict[str, str], said: str) -> None:
    told = problem(await api.post(URL, json=SAID | change), 422, "invalid-parameter")
    assert told["detail"].startswith(said)
    assert [error["in"] for error in told["errors"]] == ["body"]
    assert await items(api, URL) == []


async def test_a_park_without_reasons_says_where_they_are_written(parts: Parts, records: Records) -> None:
    async with asking(replace(parts, park=PARK), key=await key(records, Role.ENGINEER)) as client:
        told = problem(await client.post(URL, json=SAID), 422, "invalid-parameter")
        assert "`stop_reasons:` in park.yaml" in told["detail"]
        assert await items(client, "/api/v1/stop-reasons") == []


async def test_what_is_not_there_is_a_problem(api: httpx.AsyncClient) -> None:
    elsewhere = "/api/v1/equipment/gears/hobbing/hob-1/stop-reasons"
    assert HOB in problem(await api.post(elsewhere, json=SAID), 404, "unknown-asset")["detail"]
    problem(await api.get(elsewhere), 404, "unknown-asset")
    problem(await api.delete(f"{elsewhere}/1"), 404, "unknown-asset")
    problem(await api.delete(f"{URL}/4711"), 404, "unknown-stop-reason")
    said = (await api.post(URL, json=SAID)).json()
    other = f"/api/v1/equipment/{GRINDER}/stop-reasons/{said['id']}"
    problem(await api.delete(other), 404, "unknown-stop-reason")
    assert (await items(api, URL))[0]["revoked"] is None


async def test_who_may_see_one_factory_says_and_reads_nothing_of_another(
    parts: Parts, records: Records, api: httpx.AsyncClient
) -> None:
    url = f"/api/v1/equipment/{PRESS}/stop-reasons"
    said = (await api.post(url, json=SAID)).json()
    alone, engineer = replace(parts, park=parts.park.only(["gears"])), Role.ENGINEER
    async with (
        asking_as(parts, records, ["gears"], role=engineer) as client,
        asking_as(alone, records, None, role=engineer) as otherwise,
    ):
        for method, address, body in (
            ("GET", url, None),
            ("POST", url, SAID),
            ("DELETE", f"{url}/{said['id']}", None),
            ("DELETE", f"{URL}/{said['id']}", None),
        ):
            answer = await client.request(method, address, json=body)
            assert answer.status_code == 404, (method, address)
            assert answer.content == (await otherwise.request(method, address, json=body)).content
        problem(await client.delete(f"{URL}/{said['id']}"), 404, "unknown-stop-reason")
        assert (await client.post(URL, json=SAID)).status_code == 201
    assert await items(api, url) == [said]
