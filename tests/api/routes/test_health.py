"""Health and readiness: each part that can fail, by name."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from adapters.stores.contract import Store, StoreRefusedError, StoreUnavailableError
from api.routes import health
from collector.drains import DrainState, write_drain
from collector.links import Link, write_links
from collector.records import Records, RecordsError
from tests.api.client import asking, with_records
from tests.api.plant import NOW, Plant, links


async def checks(client: httpx.AsyncClient, status: int) -> dict[str, Any]:
    answer = await client.get("/readyz")
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["ready"] == (status == 200) == all(check["ok"] for check in body["checks"])
    assert [check["name"] for check in body["checks"]] == ["collector", "records", "drain", "store"]
    return {check["name"]: check for check in body["checks"]}


async def test_the_process_says_that_it_runs(plant: Plant) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_it_is_ready_when_every_part_works(plant: Plant) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        await checks(client, 200)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (StoreUnavailableError("influxdb http://10.0.0.7:8086", "gone"), "answer"),
        (StoreRefusedError("x", "no"), "refuses"),
    ],
)
async def test_a_store_that_is_down_is_named_without_its_address(plant: Plant, error: Exception, word: str) -> None:
    async with plant.parts(troubles=[error]) as parts, asking(parts) as client:
        found = await checks(client, 503)
    assert not found["store"]["ok"]
    assert word in found["store"]["detail"]
    assert "10.0.0.7" not in str(found)
    assert found["records"]["ok"]


async def test_a_store_that_does_not_answer_is_down(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(self: Store) -> None:
        del self
        await asyncio.Event().wait()

    async with plant.parts() as parts, asking(parts) as client:
        monkeypatch.setattr(type(parts.store()), "check", silent)
        monkeypatch.setattr(health, "_PATIENCE_S", 0.01)
        found = await checks(client, 503)
    assert "no answer within" in found["store"]["detail"]


async def test_records_that_are_down_are_named(plant: Plant) -> None:
    def down() -> NoReturn:
        raise RecordsError

    async with plant.parts() as parts, asking(replace(parts, records=down)) as client:
        found = await checks(client, 503)
    assert not found["records"]["ok"]
    assert not found["collector"]["ok"]
    assert found["store"]["ok"]


async def test_a_collector_that_fell_silent_is_named(plant: Plant) -> None:
    async with plant.parts(now=NOW + timedelta(seconds=60)) as parts, asking(parts) as client:
        found = await checks(client, 503)
    assert found["collector"]["detail"] == "last heard of 61 s ago"


async def _with(plant: Plant, folder: Path, enter: Callable[[Any], None], status: int) -> dict[str, Any]:
    """Give the checks with records that hold what `enter` enters."""
    async with Records(f"sqlite:///{folder}/records.db") as records, plant.parts() as parts:
        await records.run(enter)
        async with asking(with_records(parts, records)) as client:
            return await checks(client, status)


async def test_a_collector_that_never_ran_is_named(plant: Plant, tmp_path: Path) -> None:
    found = await _with(plant, tmp_path, lambda connection: write_links(connection, []), 503)
    assert "has not reported yet" in found["collector"]["detail"]


async def test_recorded_files_read_to_their_end_need_no_collector(plant: Plant, tmp_path: Path) -> None:
    long_ago = NOW - timedelta(days=3)
    ended = [Link(one.source, "ended", long_ago, long_ago, long_ago, long_ago, 1, 0, "") for one in links()]
    found = await _with(plant, tmp_path, lambda connection: write_links(connection, ended), 200)
    assert "recorded file" in found["collector"]["detail"]


@pytest.mark.parametrize(
    ("state", "minutes", "waiting", "ok"),
    [
        ("up", 60, 10, True),
        ("down", 0.5, 10, True),
        ("down", 2, 10, False),
        ("down", 2, 0, True),
        ("refused", 0.5, 10, False),
    ],
)
async def test_a_stuck_drain_is_named(
    plant: Plant, tmp_path: Path, state: str, minutes: float, waiting: int, *, ok: bool
) -> None:
    since = NOW - timedelta(minutes=minutes)
    drain = DrainState("store", "lake", state, since, NOW, 100, 100 + waiting, "why")

    def enter(connection: Any) -> None:
        write_links(connection, links())
        write_drain(connection, drain)

    found = await _with(plant, tmp_path, enter, 200 if ok else 503)
    assert found["drain"]["ok"] == ok
