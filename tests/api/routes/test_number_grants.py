"""Numbers, states and capacities for those who may see one factory, or none: theirs, and nothing of the others."""

import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from api.auth import create_key
from api.roles import Role
from collector.records import Records
from tests.api.client import asking, items, problem, with_records
from tests.api.plant import HOB, NOW, PARK, PRESS, Plant

DAYS = {"start": "2026-11-21T00:00:00Z", "end": "2026-11-25T00:00:00Z"}
LOCAL_DAYS = {"start": "2026-11-22T16:00:00Z", "end": "2026-11-24T23:30:00Z"}
BEFORE = {"before_start": "2026-11-20T16:00:00Z", "before_end": "2026-11-22T23:30:00Z"}

LISTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("kpis", {"limit": 10_000}),
    ("kpis", {"limit": 10_000, "kpi": ["utilisation", "oee"], **DAYS}),
    ("kpis", {"period": "week"}),
    ("kpis", {"period": "month", "kpi": "utilisation", "start": "2026-10-01T00:00:00Z", "end": DAYS["end"]}),
    ("kpis", {"period": "day", "kpi": "utilisation", "as_of": "2026-11-24T09:00:00Z", **DAYS}),
    ("kpis/restatements", {}),
    ("losses", {}),
    ("losses", {"period": "week", **DAYS}),
    ("losses", {"period": "day", "loss": "idle", **DAYS}),
    ("comparisons", {**LOCAL_DAYS, **BEFORE}),
    ("capacity", {}),
    ("idle-capacity", {}),
    ("states/current", {}),
)
"""Lists that tell of all that there is, where nothing narrower is asked for."""

Asking: TypeAlias = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
async def asked(plant: Plant, tmp_path: Path) -> AsyncIterator[Asking]:
    """Give what makes a client whose key opens these factories (None: the park), of an API on a park of the plant."""
    for file in plant.folder.glob("records.db*"):
        shutil.copy(file, tmp_path / file.name)
    async with plant.parts() as parts, Records(f"sqlite:///{tmp_path}/records.db") as records:

        @asynccontextmanager
        async def client(*factories: str | None, park: Any = PARK) -> AsyncIterator[Any]:
            granted = None if None in factories else [one for one in factories if one]
            made = partial(create_key, name="k", now=NOW, expires=None, roles=[Role.VIEWER], factories=granted)
            _, text = await records.run(made)
            seen = replace(with_records(parts, records), park=park, narrowed={})
            async with asking(seen, key=text) as client:
                yield client

        yield client


def mine(row: dict[str, Any], factory: str) -> bool:
    return str(row["path"]).split("/", maxsplit=1)[0] == factory


async def test_each_sees_the_rows_of_its_own_factories(asked: Asking) -> None:
    async with asked("gears") as ours, asked("moulds") as theirs, asked(None) as whole, asked() as nobody:
        for url, parameters in LISTS:
            address = f"/api/v1/{url}"
            assert await items(nobody, address, **parameters) == [], url
            everything = await items(whole, address, **parameters)
            for factory, client in (("gears", ours), ("moulds", theirs)):
                rows = await items(client, address, **parameters)
                assert all(mine(row, factory) for row in rows), url
                if url != "comparisons":  # of the park, for whoever may see it and asks for nothing
                    assert rows == [row for row in everything if mine(row, factory)], url
                    assert rows or url == "kpis/restatements"


async def test_the_answer_is_that_of_a_park_without_the_others(asked: Asking) -> None:
    async with asked("gears") as ours, asked("gears", park=PARK.only(["gears"])) as alone:
        for url, parameters in (*LISTS, ("capacity", {"by": "class"}), ("reports/losses", {})):
            answer, otherwise = [await one.get(f"/api/v1/{url}", params=parameters) for one in (ours, alone)]
            assert answer.status_code == 200, answer.text
            if url != "reports/losses":
                assert answer.content == otherwise.content, url
            else:  # its sums are not rounded
                assert answer.json().keys() == otherwise.json().keys()
                assert answer.json()["path"] == otherwise.json()["path"] == "gears"


ONES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("kpis", {}),
    ("kpis/restatements", {}),
    ("losses", {}),
    ("comparisons", {**LOCAL_DAYS, **BEFORE}),
    ("capacity", {}),
    ("idle-capacity", {}),
    ("states", DAYS),
    ("states/current", {}),
    ("explanations", {"start": "2026-11-23T00:00:00Z"}),
    ("reports/losses", {}),
    ("reports/page", {}),
    ("reports/comparison", {**LOCAL_DAYS, **BEFORE}),
)
"""Addresses that can be asked for one path."""


async def test_what_others_have_is_nowhere(asked: Asking) -> None:
    """It answers as what is not there: the same text, for a caller of another factory and in a park without it."""
    async with asked("gears") as ours, asked("gears", park=PARK.only(["gears"])) as alone:
        for (url, parameters), path in product(ONES, ("riverside", "moulds", "moulds/injection", PRESS)):
            made_up = path.replace("moulds", "mould5").replace("riverside", "river5ide")
            bodies = [
                problem(await one.get(f"/api/v1/{url}", params={"path": at, **parameters}), 404, "unknown-asset")
                for one, at in ((ours, path), (alone, path), (ours, made_up))
            ]
            assert bodies[0] == bodies[1]
            assert bodies[0]["detail"] == bodies[2]["detail"].replace(made_up, path)
    async with asked("moulds") as theirs:
        for url, parameters in ONES:
            answer = await theirs.get(f"/api/v1/{url}", params={"path": PRESS, **parameters})
            assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("kind", ["states", "explanation"])
async def test_a_machine_of_others_has_no_address(asked: Asking, kind: str) -> None:
    parameters = DAYS if kind == "states" else {"window": "2026-11-23"}
    async with asked("gears") as ours, asked("moulds") as theirs, asked() as nobody:
        for client, status in ((ours, 404), (nobody, 404), (theirs, 200)):
            answer = await client.get(f"/api/v1/equipment/{PRESS}/{kind}", params=parameters)
            assert answer.status_code == status, answer.text


async def test_states_of_a_factory_are_those_of_its_machines(asked: Asking) -> None:
    async with asked("gears") as ours, asked("gears", "moulds") as both:
        rows = await items(ours, "/api/v1/states", path="gears", **DAYS)
        assert {row["path"].split("/")[0] for row in rows} == {"gears"}
        problem(await ours.get("/api/v1/states", params={"path": [HOB, PRESS], **DAYS}), 404, "unknown-asset")
        rows = await items(both, "/api/v1/states", path=[HOB, PRESS], **DAYS)
        assert {row["path"] for row in rows} == {HOB, PRESS}


@pytest.mark.parametrize("url", ["reports/losses", "reports/page"])
async def test_a_report_of_no_path_is_of_the_only_factory_or_of_none(asked: Asking, url: str) -> None:
    address = f"/api/v1/{url}"
    async with asked("gears") as ours, asked("gears", "moulds") as both, asked() as nobody:
        own = await ours.get(address)
        assert own.status_code == 200
        assert own.text == (await ours.get(address, params={"path": "gears"})).text
        told = problem(await both.get(address), 422, "invalid-parameter")
        assert [fault["name"] for fault in told["errors"]] == ["path"]
        assert "there are the factories gears, moulds" in told["detail"]
        assert "no factory that you may see" in problem(await nobody.get(address), 422, "invalid-parameter")["detail"]
        problem(await nobody.get(address, params={"path": "gears"}), 404, "unknown-asset")


async def test_the_newest_day_is_that_of_the_callers_own_factories(asked: Asking) -> None:
    """The mould shop has been silent for hours: the gear works' newest hour is not kept back by it, nor moved."""
    hour = {"period": "hour", "kpi": "utilisation"}
    async with asked("moulds") as theirs, asked("moulds", park=PARK.only(["moulds"])) as alone:
        rows = await items(theirs, "/api/v1/kpis", path=PRESS, **hour)
        assert rows == await items(alone, "/api/v1/kpis", path=PRESS, **hour)
        assert len(rows) == 1
