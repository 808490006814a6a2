"""Alerts of those who may see one factory: what is there for them, and what of the others shows in it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from analytics.alertlog import fold
from analytics.alerts import Alert
from api.auth import create_key
from api.roles import Role
from collector.park import Park, Severity
from collector.records import Records
from tests.api.client import asking, items, problem, with_records
from tests.api.plant import GRINDER, HOB, NOW, PARK, PRESS, Plant, alerts

URL = "/api/v1/alerts"

MINE, HIS = (next(one for one in alerts() if one.equipment == path and one.active) for path in (HOB, PRESS))

Asking: TypeAlias = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


def link(source: str, line: str, machines: int) -> Alert:
    """Give the alert of a link that is lost."""
    said = {"source": source, "since": "09:00", "problem": "no answer", "machines": str(machines)}
    began = NOW - timedelta(minutes=5)
    return Alert(line, f"source:{source}", "link", "lost", Severity.HIGH, "link.lost", "down", began, parameters=said)


OURS = link("hobbing-opcua", "gears/hobbing", 4)
"""The link that both factories use; it is the gear works'."""

PARKS = replace(OURS, equipment="riverside", signal="network:riverside", code="link.network", parameters={})


def shared() -> Park:
    """Give the park with a machine of the mould shop whose signals come over the gear works' link."""
    gears, moulds = PARK.factories
    [line] = moulds.lines
    press, *rest = line.equipment
    signals = tuple(one.model_copy(update={"source": "hobbing-opcua"}) for one in press.signals)
    changed = line.model_copy(update={"equipment": (press.model_copy(update={"signals": signals}), *rest)})
    return Park.model_construct(
        **{name: getattr(PARK, name) for name in Park.model_fields}
        | {"factories": (gears, moulds.model_copy(update={"lines": (changed,)}))}
    )


@pytest.fixture
async def records(tmp_path: Path) -> AsyncIterator[Records]:
    """Give records of a lost network: its alert suppresses that of the gear works' link, which suppresses the press."""
    causes = {OURS.id: PARKS.id, HIS.id: OURS.id, MINE.id: OURS.id}
    async with Records(f"sqlite:///{tmp_path}/records.db") as records:
        await records.run(
            lambda c: fold(c, [PARKS, OURS, MINE, HIS], now=NOW, suppressed=lambda alert: causes.get(alert.id, ""))
        )
        yield records


@pytest.fixture
async def asked_by(plant: Plant, records: Records) -> AsyncIterator[Asking]:
    async with plant.parts() as whole:
        parts = replace(with_records(whole, records), park=shared())

        def holding(factories: set[str] | None, role: Role = Role.ENGINEER) -> AbstractAsyncContextManager[Any]:
            _, text = records.run_now(
                lambda c: create_key(c, "key", now=NOW, expires=None, roles=[role], factories=factories)
            )
            return asking(parts, key=text)

        yield holding


@pytest.mark.parametrize(
    ("factories", "seen"),
    [
        (None, {MINE.id, HIS.id, OURS.id, PARKS.id}),
        ({"gears"}, {MINE.id, OURS.id}),
        ({"moulds"}, {HIS.id}),
        ({"gears", "moulds"}, {MINE.id, OURS.id, HIS.id}),
        (set(), set()),
        ({"nowhere"}, set()),
    ],
)
async def test_an_alert_is_there_for_those_who_may_see_its_factory(
    asked_by: Asking, factories: set[str] | None, seen: set[str]
) -> None:
    async with asked_by(factories) as client:
        assert {one["id"] for one in await items(client, URL)} == seen
        for alert in (MINE, HIS, OURS, PARKS):
            answer = await client.get(f"{URL}/{alert.id}")
            assert answer.status_code == (200 if alert.id in seen else 404), alert


@pytest.mark.parametrize(
    ("method", "where", "body"),
    [
        ("GET", "", None),
        ("POST", "/acknowledgement", None),
        ("POST", "/comments", {"comment": "x"}),
        ("POST", "/shelving", {"until": "2026-11-24T17:00:00+08:00", "reason": "x"}),
        ("DELETE", "/shelving", None),
        ("POST", "/reset", None),
    ],
)
async def test_one_of_another_factory_is_as_one_that_is_none(
    asked_by: Asking, method: str, where: str, body: dict[str, str] | None
) -> None:
    none = "0123456789abcdef"
    async with asked_by({"gears"}) as client:
        foreign = problem(await client.request(method, f"{URL}/{HIS.id}{where}", json=body), 404, "unknown-alert")
        absent = problem(await client.request(method, f"{URL}/{none}{where}", json=body), 404, "unknown-alert")
    assert {name: str(value).replace(HIS.id, none) for name, value in foreign.items()} == {
        name: str(value) for name, value in absent.items()
    }
    async with asked_by(None) as client:
        assert len((await client.get(f"{URL}/{HIS.id}")).json()["events"]) == 1


async def test_what_suppresses_it_from_elsewhere_is_the_park_and_no_id(asked_by: Asking) -> None:
    async with asked_by({"moulds"}) as client:
        one = (await client.get(f"{URL}/{HIS.id}")).json()
        assert (one["suppressed_by"], one["events"][0]["comment"]) == ("park", "park")
        assert [listed["suppressed_by"] for listed in await items(client, URL)] == ["park"]
    async with asked_by({"gears"}) as client:
        assert (await client.get(f"{URL}/{MINE.id}")).json()["suppressed_by"] == OURS.id
        assert (await client.get(f"{URL}/{OURS.id}")).json()["suppressed_by"] == "park"
    async with asked_by(None) as client:
        one = (await client.get(f"{URL}/{HIS.id}")).json()
        assert (one["suppressed_by"], one["events"][0]["comment"]) == (OURS.id, OURS.id)


async def test_alerts_are_asked_for_by_detector_and_by_group(asked_by: Asking) -> None:
    async with asked_by(None) as client:
        assert {one["id"] for one in await items(client, URL, detector="link")} == {OURS.id, PARKS.id}
        assert len(await items(client, URL, detector=["link", "limit"])) == 3
        assert [one["id"] for one in await items(client, URL, group=HIS.id)] == [HIS.id]
        told = problem(await client.get(URL, params={"detector": "limits"}), 422, "invalid-parameter")
        assert "detector" in told["errors"][0]["name"]
        assert "limit" in told["detail"]
    async with asked_by({"gears"}) as client:
        assert await items(client, URL, group=HIS.id) == []


async def test_they_are_had_as_a_table(asked_by: Asking) -> None:
    async with asked_by({"gears"}) as client:
        answer = await client.get(URL, params={"fields": "equipment,message"}, headers={"Accept": "text/csv"})
    header, *rows = answer.text.splitlines()
    assert header == "equipment,message.zh,message.en"
    assert len(rows) == 2
    assert GRINDER not in answer.text
