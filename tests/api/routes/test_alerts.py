"""Alerts: what they say, how they are filtered and paged."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics.alertlog import write_alerts
from collector.records import Records
from tests.api.client import asking_of, items, problem, walk
from tests.api.plant import HOB, NOW, Plant, alerts

URL = "/api/v1/alerts"


async def test_an_alert_tells_what_happened_in_both_languages(api: httpx.AsyncClient) -> None:
    newest = (await items(api, URL))[0]
    assert newest == {
        "id": alerts()[0].id,
        "equipment": HOB,
        "signal": f"{HOB}/spindle_temperature",
        "detector": "limit",
        "detector_title": {"zh": "超限", "en": "Limit exceeded"},
        "severity": "high",
        "priority": "high",
        "message": {
            "zh": "主轴温度：83.4 Cel，高于上限 80 Cel",  # noqa: RUF001 - Chinese punctuation
            "en": "Spindle temperature: 83.4 Cel is above its limit of 80 Cel",
        },
        "value": "83.4",
        "began": "2026-11-24T07:39:00Z",
        "occurred": "2026-11-24T07:39:00Z",
        "ended": None,
        "active": True,
        "count": 1,
        "chattering": False,
        "state": "unacknowledged",
        "raised": "2026-11-24T08:15:00Z",
        "changed": "2026-11-24T08:15:00Z",
        "acknowledged": None,
        "person": "",
        "shelved_until": None,
        "suppressed_by": "",
        "group": alerts()[0].id,
        "contributions": [],
    }


@pytest.mark.parametrize(
    ("parameters", "count"),
    [
        ({}, 20),
        ({"active": "true"}, 3),
        ({"active": "false"}, 17),
        ({"path": "riverside"}, 20),
        ({"path": "moulds"}, 1),
        ({"path": ["moulds", "gears/grinding"]}, 6),
        ({"severity": "critical"}, 1),
        ({"state": "unacknowledged"}, 3),
        ({"state": ["shelved", "normal"]}, 17),
        ({"signal": f"{HOB}/spindle_temperature"}, 6),
        ({"signal": f"{HOB}/parts"}, 0),
        ({"start": "2026-11-24T07:00:00Z", "active": "false"}, 0),
        ({"end": "2026-11-24T00:00:00Z", "active": "true"}, 0),
    ],
)
async def test_alerts_are_filtered(api: httpx.AsyncClient, parameters: dict[str, Any], count: int) -> None:
    assert len(await items(api, URL, **parameters)) == count


async def test_those_that_began_last_come_first(api: httpx.AsyncClient) -> None:
    began = [alert["began"] for alert in await items(api, URL)]
    assert began == sorted(began, reverse=True)


async def test_pages_stay_in_step_while_alerts_are_written(plant: Plant, tmp_path: Path) -> None:
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        before = alerts()
        await records.run(lambda connection: write_alerts(connection, before))
        async with asking_of(plant, records) as client:
            first = (await client.get(URL, params={"limit": 5})).json()
            newer = [replace(one, began=NOW + timedelta(minutes=1)) for one in before]
            await records.run(lambda connection: write_alerts(connection, newer))
            second = await items(client, URL, limit=100, page_token=first["next_page_token"])
    shown = [alert["id"] for alert in first["items"] + second]
    assert shown == [one.id for one in sorted(before, key=lambda one: one.began, reverse=True)]


async def test_pages_add_up_to_the_whole(api: httpx.AsyncClient) -> None:
    pages = await walk(api, URL, limit=7)
    assert [len(page) for page in pages] == [7, 7, 6]
    assert [alert for page in pages for alert in page] == await items(api, URL)


@pytest.mark.parametrize(
    ("parameters", "status", "kind"),
    [
        ({"path": "gears/milling"}, 404, "unknown-asset"),
        ({"signal": HOB}, 404, "unknown-asset"),
        ({"severity": "grave"}, 422, "invalid-parameter"),
        ({"active": "perhaps"}, 422, "invalid-parameter"),
        ({"state": "gone"}, 422, "invalid-parameter"),
        ({"limit": 1001}, 422, "invalid-parameter"),
        ({"start": "2026-11-24T07:00:00Z", "end": "2026-11-24T07:00:00Z"}, 422, "invalid-parameter"),
    ],
)
async def test_what_cannot_be_asked_is_a_problem(
    api: httpx.AsyncClient, parameters: dict[str, Any], status: int, kind: str
) -> None:
    problem(await api.get(URL, params=parameters), status, kind)
