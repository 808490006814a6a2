"""How well alerts serve people: the numbers, whose alerts they count, and the period."""

from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from analytics.alertlog import fold, read_events, read_standings
from analytics.performance import TARGETS, performance
from api.auth import create_key
from api.roles import Role
from api.routes import alert_performance
from collector.records import Records
from tests.api.client import asking, asking_of, problem, with_records
from tests.api.plant import HOB, NOW, PRESS, Plant, alerts

URL = "/api/v1/alerts/performance"
DAY = {"start": "2026-11-24T00:00:00Z", "end": "2026-11-25T00:00:00Z"}


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Give records in which the three alerts that last were raised: two of one factory, one of the other."""
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        lasting = [one for one in alerts() if one.active]
        await records.run(lambda c: fold(c, lasting, now=NOW, suppressed=lambda _: ""))
        yield records


@pytest.fixture
async def client(plant: Plant, records: Records) -> AsyncIterator[httpx.AsyncClient]:
    async with asking_of(plant, records) as client:
        yield client


async def told(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.get(URL, params=asked)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_it_tells_what_the_command_tells_with_shares_from_0_to_1(
    client: httpx.AsyncClient, records: Records
) -> None:
    start, end = NOW.replace(hour=0, minute=0), NOW.replace(hour=0, minute=0) + timedelta(days=1)
    events = await records.run(lambda c: read_events(c, start=start, end=end))
    lived = await records.run(lambda c: read_standings(c, start=start, end=end))
    wanted = performance(events, lived, start, end)
    body = await told(client, **DAY)
    assert (body["annunciations"], body["occurrences"]) == (3, 3)
    assert body["paths"] == ["riverside"]
    assert body["short"] is True
    assert [one["metric"] for one in body["measures"]] == [one.metric for one in TARGETS]
    for measure, one in zip(wanted.measures, body["measures"], strict=True):
        factor = 0.01 if measure.target.unit == "%" else 1.0
        assert one["value"] == (None if measure.value is None else pytest.approx(measure.value * factor)), one
        assert one["verdict"] == measure.verdict
    shares = {one["metric"]: (one["value"], one["unit"], one["target"]) for one in body["measures"]}
    assert shares["priority_high"] == (pytest.approx(2 / 3), "1", 0.05)
    assert {one["equipment"]: one["share"] for one in body["top"]}[HOB] == pytest.approx(1 / 3)


async def test_it_counts_the_alerts_below_the_paths_asked_for(client: httpx.AsyncClient) -> None:
    assert (await told(client, **DAY, path="moulds"))["annunciations"] == 1
    body = await told(client, **DAY, path=[HOB, PRESS])
    assert (body["annunciations"], body["paths"]) == (2, [HOB, PRESS])
    assert (await told(client, **DAY, path=["gears", "riverside"]))["paths"] == ["riverside"]


async def key(records: Records, factories: set[str]) -> str:
    made = partial(create_key, name="k", now=NOW, expires=None, roles=[Role.VIEWER], factories=factories)
    return (await records.run(made))[1]


async def test_it_counts_no_alert_of_a_factory_that_is_not_granted(plant: Plant, records: Records) -> None:
    async with plant.parts() as whole:
        parts = with_records(whole, records)
        for granted, count in (({"gears"}, 2), ({"moulds"}, 1), (set[str](), 0), ({"nowhere"}, 0)):
            text = await key(records, granted)
            async with asking(parts, key=text) as client:
                body = await told(client, **DAY)
                assert (body["annunciations"], len(body["top"])) == (count, count)
                assert body["paths"] == sorted(granted - {"nowhere"})
                problem(await client.get(URL, params={"path": "riverside"}), 404, "unknown-asset")


async def test_without_a_window_it_has_the_thirty_days_before_now(client: httpx.AsyncClient) -> None:
    body = await told(client)
    assert (body["start"], body["end"], body["short"]) == ("2026-10-25T08:15:00Z", "2026-11-24T08:15:00Z", False)


async def test_rates_are_per_operator(client: httpx.AsyncClient) -> None:
    one, two = (await told(client, **DAY))["measures"][0], (await told(client, **DAY, operators=2))["measures"][0]
    assert one["value"] == pytest.approx(2 * two["value"])


async def test_too_long_a_window_and_too_many_events_are_told(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = {"start": "2025-01-01T00:00:00Z", "end": "2026-11-24T00:00:00Z"}
    assert "366 days" in problem(await client.get(URL, params=long), 422, "invalid-parameter")["detail"]
    monkeypatch.setattr(alert_performance, "MOST", 2)
    assert "more than 2 events" in problem(await client.get(URL, params=DAY), 422, "invalid-parameter")["detail"]
    assert (await told(client, **DAY, path="gears"))["annunciations"] == 2
