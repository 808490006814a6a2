"""What people do about alerts, by who may, and the history that it leaves."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics.alertlog import fold
from analytics.alerts import Alert, Contribution
from api.auth import create_key
from api.parts import Parts
from api.roles import Role
from collector.records import Records
from tests.api.client import asking, items, problem, with_records
from tests.api.plant import HOB, NOW, Plant, alerts

ALERT = replace(alerts()[0], latching=True, contributions=(Contribution(f"{HOB}/spindle_temperature", 0.75),))
URL = f"/api/v1/alerts/{ALERT.id}"
SHELF = {"until": "2026-11-24T17:00:00+08:00", "reason": " 换主轴轴承 "}


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        await found(records, ALERT)
        yield records


@pytest.fixture
async def parts(plant: Plant, records: Records) -> AsyncIterator[Parts]:
    async with plant.parts() as parts:
        yield with_records(parts, records)


@pytest.fixture
async def api(parts: Parts, records: Records) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that may operate."""
    async with asking(parts, key=await key(records, Role.ENGINEER)) as client:
        yield client


async def key(records: Records, *roles: Role) -> str:
    _, text = await records.run(lambda c: create_key(c, "maintenance", now=NOW, expires=None, roles=roles))
    return text


async def found(records: Records, *these: Alert) -> None:
    await records.run(lambda c: fold(c, these, now=NOW, suppressed=lambda _: ""))


async def done(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_an_alert_is_told_with_its_history(api: httpx.AsyncClient) -> None:
    told = await done(await api.get(URL))
    assert told["events"] == [
        {
            "id": f"{ALERT.id}-1",
            "number": 1,
            "at": "2026-11-24T08:15:00Z",
            "kind": "raised",
            "person": "",
            "comment": "",
            "state": "unacknowledged",
            "count": 1,
        }
    ]
    assert told["contributions"] == [
        {
            "signal": f"{HOB}/spindle_temperature",
            "title": {"zh": "主轴温度", "en": "Spindle temperature"},
            "share": 0.75,
        }
    ]
    [listed] = await items(api, "/api/v1/alerts")
    assert told == listed | {"events": told["events"]}


async def test_an_acknowledgement_counts_once_and_names_who(api: httpx.AsyncClient) -> None:
    first = await done(await api.post(f"{URL}/acknowledgement", json={"comment": "on my way", "person": "李工"}))
    assert (first["state"], first["acknowledged"]) == ("acknowledged", "2026-11-24T08:15:00Z")
    assert first["person"] == "李工 (maintenance)"
    assert (first["events"][-1]["kind"], first["events"][-1]["comment"]) == ("acknowledged", "on my way")
    assert await done(await api.post(f"{URL}/acknowledgement")) == first


async def test_comments_are_kept(api: httpx.AsyncClient) -> None:
    told = await done(await api.post(f"{URL}/comments", json={"comment": "bearing is loud"}))
    assert [(one["kind"], one["person"], one["comment"]) for one in told["events"][1:]] == [
        ("commented", "maintenance", "bearing is loud")
    ]
    assert told["state"] == "unacknowledged"


async def test_a_long_history_is_read_in_parts(api: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.routes.alerts.EVENTS_AT_MOST", 3)
    for number in range(2, 6):
        told = await done(await api.post(f"{URL}/comments", json={"comment": f"{number}"}))
    assert [(one["number"], one["comment"]) for one in told["events"]] == [(3, "3"), (4, "4"), (5, "5")]
    earlier = await done(await api.get(URL, params={"before": 3}))
    assert [one["number"] for one in earlier["events"]] == [1, 2]
    assert {name: value for name, value in earlier.items() if name != "events"} == {
        name: value for name, value in told.items() if name != "events"
    }


async def test_a_shelf_hides_until_it_is_taken_back(api: httpx.AsyncClient) -> None:
    told = await done(await api.post(f"{URL}/shelving", json=SHELF))
    assert (told["state"], told["shelved_until"]) == ("shelved", "2026-11-24T09:00:00Z")
    assert told["events"][-1]["comment"] == "换主轴轴承"
    assert await items(api, "/api/v1/alerts", state="shelved") != []
    told = await done(await api.delete(f"{URL}/shelving"))
    assert (told["state"], told["shelved_until"]) == ("unacknowledged", None)
    assert await done(await api.delete(f"{URL}/shelving")) == told


async def test_what_latches_is_reset_when_its_cause_is_gone(api: httpx.AsyncClient, records: Records) -> None:
    answer = problem(await api.post(f"{URL}/reset"), 409, "not-now")
    assert "can be reset when that is gone" in answer["detail"]
    await found(records, replace(ALERT, ended=NOW - timedelta(minutes=1)))
    assert (await done(await api.get(URL)))["state"] == "latched_unacknowledged"
    await api.post(f"{URL}/acknowledgement")
    told = await done(await api.post(f"{URL}/reset", json={"comment": "cooled down"}))
    assert told["state"] == "normal"
    assert [one["kind"] for one in told["events"]] == ["raised", "returned", "acknowledged", "reset", "closed"]


@pytest.mark.parametrize(
    ("where", "body", "said"),
    [
        ("shelving", {"until": "2026-11-24T08:15:00Z", "reason": "x"}, "a shelf ends in the future"),
        ("shelving", {"until": "2026-12-01T08:15:01Z", "reason": "x"}, "for longer than 7 days"),
        ("shelving", SHELF | {"reason": " "}, "say why it is shelved"),
        ("shelving", {"reason": "x"}, "until"),
        ("comments", {"comment": ""}, "comment"),
        ("comments", {"comment": "\x00"}, "NUL"),
        ("comments", {"comment": "x" * 1001}, "comment"),
        ("acknowledgement", {"coment": "typo"}, "coment"),
    ],
)
async def test_what_cannot_be_is_refused(api: httpx.AsyncClient, where: str, body: dict[str, str], said: str) -> None:
    before = await done(await api.get(URL))
    assert said in problem(await api.post(f"{URL}/{where}", json=body), 422, "invalid-parameter")["detail"]
    assert await done(await api.get(URL)) == before


@pytest.mark.parametrize(
    ("where", "body", "field"),
    [
        ("shelving", SHELF | {"reason": " "}, "reason"),
        ("shelving", SHELF | {"until": "2026-11-24T08:15:00Z"}, "until"),
        ("comments", {"comment": " "}, "comment"),
    ],
)
async def test_what_is_refused_names_the_field(
    api: httpx.AsyncClient, where: str, body: dict[str, str], field: str
) -> None:
    answer = problem(await api.post(f"{URL}/{where}", json=body), 422, "invalid-parameter")
    assert [one["name"] for one in answer["errors"]] == [field]


async def test_an_alert_that_is_none_is_told(api: httpx.AsyncClient) -> None:
    stranger = "/api/v1/alerts/0123456789abcdef"
    problem(await api.get(stranger), 404, "unknown-alert")
    problem(await api.post(f"{stranger}/acknowledgement"), 404, "unknown-alert")
    problem(await api.delete(f"{stranger}/shelving"), 404, "unknown-alert")
    problem(await api.get("/api/v1/alerts/nonsense"), 422, "invalid-parameter")


async def test_a_key_that_only_reads_does_nothing(parts: Parts, records: Records) -> None:
    async with asking(parts, key=await key(records, Role.VIEWER)) as reader:
        for where in ("acknowledgement", "reset"):
            problem(await reader.post(f"{URL}/{where}"), 403, "forbidden")
        problem(await reader.post(f"{URL}/comments", json={"comment": "x"}), 403, "forbidden")
        problem(await reader.post(f"{URL}/shelving", json=SHELF), 403, "forbidden")
        problem(await reader.delete(f"{URL}/shelving"), 403, "forbidden")
        assert len((await done(await reader.get(URL)))["events"]) == 1
