"""Every error is a problem that says what to do."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import httpx
import pytest

from adapters.stores.contract import Store, StoreRefusedError, StoreUnavailableError
from api import parts as parts_module
from api.errors import KINDS
from collector.records import RecordsError
from tests.api.client import asking, problem
from tests.api.plant import HOB, Plant

WINDOW = {"start": "2026-11-24T00:00:00Z", "end": "2026-11-25T00:00:00Z"}

FROM_THE_STORE: tuple[tuple[str, dict[str, str]], ...] = (
    ("/api/v1/kpis", {}),
    ("/api/v1/kpis", WINDOW),
    ("/api/v1/samples", {"signal": f"{HOB}/parts", **WINDOW}),
    (f"/api/v1/equipment/{HOB}/states", WINDOW),
)

FROM_THE_RECORDS = ("/api/v1/sources", "/api/v1/alerts", "/api/v1/gaps", "/api/v1/dead-letters")


def raising(error: Exception) -> Callable[[], NoReturn]:
    def get() -> NoReturn:
        raise error

    return get


async def test_an_address_with_nothing_is_a_problem(api: httpx.AsyncClient) -> None:
    for path in ("/nothing", "/api/v1/nothing", "/web/nothing.js", "/docs/ui/nothing", "/problems/nothing"):
        problem(await api.get(path), 404, "not-found")


async def test_a_wrong_method_is_a_problem_that_lists_the_right_ones(api: httpx.AsyncClient) -> None:
    answer = await api.post("/api/v1/assets")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD"


async def test_a_wrong_parameter_is_a_problem_that_says_what_to_write(api: httpx.AsyncClient) -> None:
    asked = {"signal": f"{HOB}/parts", "start": "2026-11-24 08:00", "end": WINDOW["end"]}
    body = problem(await api.get("/api/v1/samples", params=asked), 422, "invalid-parameter")
    fault = body["errors"][0]
    assert (fault["in"], fault["name"]) == ("query", "start")
    assert "write RFC 3339 with a zone" in fault["detail"]


async def test_a_misspelt_parameter_is_refused_and_the_right_one_named(api: httpx.AsyncClient) -> None:
    body = problem(
        await api.get("/api/v1/kpis", params={"perid": "day", "kpi": "utilisation"}), 422, "invalid-parameter"
    )
    assert [(fault["name"], fault["detail"]) for fault in body["errors"]] == [
        ("perid", "there is no such parameter; did you mean `period`?")
    ]
    for path, name in (("/api/v1/kpis/catalogue", "x"), ("/api/v1/assets", "below"), ("/api/v1/alerts", "page_tokn")):
        problem(await api.get(path, params={name: "1"}), 422, "invalid-parameter")


@pytest.mark.parametrize(("path", "parameters"), FROM_THE_STORE)
async def test_a_store_that_is_down_is_named_with_when_to_ask_again(
    plant: Plant, path: str, parameters: dict[str, str]
) -> None:
    down = StoreUnavailableError("influxdb http://127.0.0.1:8086", "connection refused", retry_after=17.2)
    async with plant.parts(troubles=[down]) as parts, asking(parts, key=plant.key) as client:
        answer = await client.get(path, params=parameters)
        assert "influxdb http://127.0.0.1:8086" in problem(answer, 503, "store-unavailable")["detail"]
        assert answer.headers["retry-after"] == "17"
        for other in FROM_THE_RECORDS:
            assert (await client.get(other)).status_code == 200, other


async def test_a_store_that_refuses_is_told_apart(plant: Plant) -> None:
    refusing = StoreRefusedError("influxdb", "401: wrong token; mend `store: token:`")
    async with plant.parts(troubles=[refusing]) as parts, asking(parts, key=plant.key) as client:
        answer = await client.get("/api/v1/kpis")
    problem(answer, 503, "store-refused")
    assert "retry-after" not in answer.headers


async def test_a_store_that_never_answers_is_not_waited_for_for_ever(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(self: Store, **question: Any) -> None:
        del self, question
        await asyncio.Event().wait()

    monkeypatch.setattr(parts_module, "PATIENCE_S", 0.01)
    async with plant.parts() as parts, asking(parts, key=plant.key) as client:
        monkeypatch.setattr(type(parts.store()), "results", silent)
        body = problem(await client.get("/api/v1/kpis"), 503, "store-unavailable")
    assert "no answer within" in body["detail"]


async def test_records_that_are_down_are_named(plant: Plant) -> None:
    down = raising(RecordsError("the records postgresql://db/parkline do not answer; check the database server"))
    async with plant.parts(open_page=True) as parts:
        lost = replace(parts, records=down)
        async with asking(lost, peer="127.0.0.1", host="localhost") as client:
            for path in FROM_THE_RECORDS:
                answer = await client.get(path)
                assert "postgresql://db/parkline" in problem(answer, 503, "records-unavailable")["detail"]
                assert answer.headers["retry-after"] == "5"
            assert (await client.get("/api/v1/kpis")).status_code == 200
            assert (await client.get("/api/v1/assets")).status_code == 200


async def test_a_key_cannot_be_judged_while_the_records_are_down(plant: Plant) -> None:
    async with plant.parts() as parts:
        lost = replace(parts, records=raising(RecordsError("gone")))
        async with asking(lost, key=plant.key) as client:
            problem(await client.get("/api/v1/assets"), 503, "records-unavailable")


async def test_a_failure_of_our_own_tells_a_stranger_nothing(plant: Plant) -> None:
    failing = ZeroDivisionError("secret of the house")
    async with plant.parts(troubles=[failing]) as parts, asking(parts, key=plant.key) as client:
        answer = await client.get("/api/v1/kpis")
    problem(answer, 500, "internal-error")
    assert "secret" not in answer.text


@pytest.mark.parametrize("kind", KINDS.values(), ids=str)
async def test_every_kind_explains_itself_at_its_type(plant: Plant, kind: Any) -> None:
    async with plant.parts() as parts, asking(parts) as client:
        answer = await client.get(kind.type)
    assert answer.status_code == 200
    assert answer.json() == {"type": kind.type, "status": kind.status, "title": kind.title, "remedy": kind.remedy}


def test_every_kind_is_in_the_list() -> None:
    source = (Path(__file__).parents[2] / "api" / "errors.py").read_text(encoding="utf-8")
    named = re.findall(r"^[A-Z_]+: Final = Kind\(\s*\"([a-z-]+)\"", source, re.MULTILINE)
    assert sorted(named) == sorted(KINDS)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/exports", "GET, POST, HEAD"),
        (f"/api/v1/equipment/{HOB}/stop-reasons", "GET, POST, HEAD"),
        ("/api/v1/webhooks/0123456789abcdef", "DELETE, GET, PATCH, HEAD"),
        ("/api/v1/dead-letters/drop", "POST"),
        ("/api/v1/alerts/0123456789abcdef/shelving", "DELETE, POST"),
        ("/healthz", "GET, HEAD"),
    ],
)
async def test_all_methods_of_an_address_are_listed(api: httpx.AsyncClient, path: str, methods: str) -> None:
    answer = await api.put(path)
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == methods


async def test_files_take_no_other_method(api: httpx.AsyncClient) -> None:
    for path in ("/web/page.js", "/docs/ui/swagger-ui.css"):
        answer = await api.put(path)
        problem(answer, 405, "method-not-allowed")
        assert "GET" in answer.headers["allow"]


async def test_a_value_of_a_list_is_told_under_the_name_of_its_parameter(api: httpx.AsyncClient) -> None:
    answer = await api.get("/api/v1/alerts", params={"state": ["normal", "unack", "ack"]})
    body = problem(answer, 422, "invalid-parameter")
    assert [(fault["in"], fault["name"]) for fault in body["errors"]] == [("query", "state")]
    assert body["detail"].startswith("state: Input should be 'normal', ")


@pytest.mark.parametrize("name", ["signal", "start", "limit"])
async def test_a_parameter_that_takes_one_value_and_has_two_is_refused(api: httpx.AsyncClient, name: str) -> None:
    asked = {"signal": f"{HOB}/parts", **WINDOW, "limit": "10"}
    twice = {**asked, name: [asked[name], asked[name]]}
    body = problem(await api.get("/api/v1/samples", params=twice), 422, "invalid-parameter")
    assert [fault["name"] for fault in body["errors"]] == [name]
    assert body["detail"] == f"{name}: it stands there 2 times and takes one value; ask once for each"
