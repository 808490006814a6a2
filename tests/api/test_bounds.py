"""What a request may be: nothing that comes in a body or an address makes the API fail, or wait for long."""

import asyncio
import gzip
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from api.auth import create_key
from api.bounds import LONGEST_ADDRESS
from api.parts import Parts
from api.roles import Role
from collector.records import Records
from collector.settings import ApiSettings
from tests.api.client import asking, problem, with_records
from tests.api.plant import HOB, NOW, Plant

DROP = "/api/v1/dead-letters/drop"
"""A route with a body."""

AS_JSON = {"Content-Type": "application/json"}

UNREADABLE: Final = {
    "no JSON": b"hello",
    "half": b'{"ids": [1,',
    "deep arrays": b"[" * 100_000,
    "deep arrays that end": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep in a field": b'{"ids": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "long integer": b'{"ids": [' + b"9" * 5000 + b"]}",
    "NUL": b'{"because": "a\\u0000b", "ids": [1], "comment": "a\\u0000b", "reason": "\\u0000"}',
    "NUL in a name": b'{"a\\u0000": 1}',
    "NUL after backslashes": b'{"because": "\\\\\\u0000"}',
    "UTF-16": '{"ids": [1], "because": "a\0b"}'.encode("utf-16"),
    "no UTF-8": b'{"because": "\xff\xfe", "ids": [1]}',
    "bytes": bytes(range(256)),
    "gzip": gzip.compress(b"{}"),
}
"""Bodies that no route can read."""

STRANGE: Final = {
    "nothing": b"",
    "no object": b"[1, 2]",
    "number": b"1e400",
    "not a number": b"NaN",
    "large numbers": b'{"ids": [1e400, 1e30], "until": 1e400, "hours": Infinity, "number": 18446744073709551616}',
    "twice": b'{"ids": [1], "ids": "x", "because": 1, "because": [], "comment": {}, "comment": 0}',
    "half a character": b'{"because": "\\ud800", "ids": [1], "comment": "\\udfff", "reason": "\\ud800", "x": 1}',
    "half a character in a name": b'{"\\ud800": 1}',
    "many unknown names": b"{" + b",".join(b'"x%d": 1' % number for number in range(20_000)) + b"}",
    "long name": b'{"' + b"x" * 900_000 + b'": 1}',
}
"""Bodies that can be read and fit no route."""


@pytest.fixture
async def strong(plant: Plant, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that may do everything, as often as it likes, on records of its own."""
    async with plant.parts() as whole, Records(f"sqlite:///{tmp_path}/records.db") as records:
        parts = bounded(whole, rate={"per_second": 0})
        roles = list(Role)
        _, key = await records.run(
            lambda connection: create_key(connection, "strong", now=NOW, expires=None, roles=roles)
        )
        async with asking(with_records(parts, records), key=key) as client:
            yield client


def routes_with_bodies(described: dict[str, Any]) -> list[tuple[str, str]]:
    """Give method and address of every route that takes a body."""
    filled = {"path": HOB, "alert": "0123456789abcdef"}
    return [
        (method.upper(), re.sub(r"{(\w+)}", lambda name: filled.get(name[1], "1"), path))
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if "requestBody" in operation
    ]


async def test_no_body_makes_a_route_fail(strong: httpx.AsyncClient) -> None:
    routes = routes_with_bodies((await strong.get("/openapi.json")).json())
    assert len(routes) > 5
    for name, body in (UNREADABLE | STRANGE).items():
        for method, path in routes:
            answer = await strong.request(method, path, content=body, headers=AS_JSON)
            assert 400 <= answer.status_code < 500, (name, method, path, answer.text)
            assert len(answer.content) < 20_000, (name, method, path)
            if name in UNREADABLE:
                problem(answer, 422, "invalid-parameter")


async def test_a_backslash_before_a_zero_is_no_nul(strong: httpx.AsyncClient) -> None:
    body = rb'{"ids": [1], "because": "C:\\u0000 is a path"}'
    assert (await strong.post(DROP, content=body, headers=AS_JSON)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/alerts?signal=%00",
        "/api/v1/dead-letters?reason=a%00b",
        "/api/v1/equipment/gears%00/states",
        "/api/v1/kpis?%00=1",
    ],
)
async def test_an_address_holds_no_nul(strong: httpx.AsyncClient, path: str) -> None:
    body = problem(await strong.get(path), 422, "invalid-parameter")
    assert body["errors"][0]["in"] in {"path", "query"}


def bounded(parts: Parts, **keys: object) -> Parts:
    return replace(parts, settings=ApiSettings.model_validate(keys))


async def test_a_body_over_the_limit_is_refused_before_it_is_read(plant: Plant) -> None:
    taken: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        taken.append(1)
        yield b"x" * 1025

    async with plant.parts() as parts, asking(bounded(parts, body_limit="1 KiB"), key=plant.key) as client:
        told = problem(
            await client.post(DROP, content=body(), headers={"Content-Length": "1025"}), 413, "body-too-large"
        )
    assert told["detail"] == "the body has 1025 bytes; 1024 bytes are allowed"
    assert not taken


async def test_a_body_is_counted_where_it_does_not_say_its_length(strong: httpx.AsyncClient) -> None:
    sent: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        while len(sent) < 1000:
            sent.append(1)
            yield b" " * 2**16

    told = problem(await strong.post(DROP, content=body(), headers=AS_JSON), 413, "body-too-large")
    assert told["detail"] == "the body has more; 1048576 bytes are allowed"
    assert len(sent) == 17


async def test_the_limit_itself_is_allowed(plant: Plant) -> None:
    async with plant.parts() as parts, asking(bounded(parts, body_limit="1 KiB"), key=plant.key) as client:
        answer = await client.post(DROP, content=b"{}".ljust(1024), headers=AS_JSON)
    assert answer.status_code in {403, 422}


async def never(first: bytes) -> AsyncIterator[bytes]:
    yield first
    await asyncio.Event().wait()


async def test_a_body_that_does_not_come_is_not_waited_for(plant: Plant) -> None:
    async with plant.parts() as parts, asking(bounded(parts, body_time="100ms"), key=plant.key) as client:
        told = problem(await client.post(DROP, content=never(b'{"ids"'), headers=AS_JSON), 408, "body-too-slow")
    assert told["detail"] == "the body did not arrive within 0.1 s, of which 6 bytes did"


async def test_nobody_reads_the_body_of_who_has_no_key(plant: Plant) -> None:
    async with plant.parts() as parts, asking(parts) as client, asyncio.timeout(5):
        problem(await client.post(DROP, content=never(b""), headers=AS_JSON), 401, "unauthorized")


async def test_a_long_address_is_refused(api: httpx.AsyncClient) -> None:
    for path in (f"/api/v1/kpis?kpi={'x' * LONGEST_ADDRESS}", f"/api/v1/{'x' * LONGEST_ADDRESS}"):
        told = problem(await api.get(path), 414, "address-too-long")
        assert f"{LONGEST_ADDRESS} are allowed" in told["detail"]
    assert (await api.get(f"/api/v1/{'x' * (LONGEST_ADDRESS - 20)}")).status_code == 404
