"""Texts that are code elsewhere: in every parameter and every field of every route they are texts, and find nothing.

What is asked comes from the description (`tests.api.fillings`), so that a new route is covered unasked.
"""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
import sqlalchemy as sa
from fastapi import FastAPI

from api.app import create_app
from api.auth import create_key
from api.errors import MEDIA_TYPE
from api.parts import Parts
from api.roles import Role
from collector.records import METADATA
from tests.api.fillings import V1, Ask, Operation, Things, UnfilledError, asked, operations
from tests.api.plant import BEGIN, HOB, PARK, Plant

PAYLOADS = (
    "' OR '1'='1",
    "'; DROP TABLE alerts; --",
    "x' UNION SELECT id, secret FROM api_keys --",
    '"; DROP MEASUREMENT sample; --',
    "/.*/",
    "%",
    "\\' OR 1=1 --",
    "../moulds",
    "%2e%2e/%2e%2e/x",
    "\u2019 OR \u20191\u2019=\u20191",
    "${jndi:ldap://x}",
    "\u202e\x1b[31m",
    "a" * 3000,
)

FOREIGN = re.compile(r"moulds|injection|im-0[12]|模具|注塑|Mould|Injection")
"""What names the other factory."""

THINGS = Things(
    {
        "factory": "gears",
        "line": "gears/hobbing",
        "equipment": HOB,
        "signal": f"{HOB}/parts",
        "source": "hobbing-opcua",
        "alert": "0123456789abcdef",
        "letter": "1",
        "gap": "1",
        "reason": "1",
        "export": "0" * 32,
        "dataset": "states/gears",
        "webhook": "0" * 16,
        "view": "no-view",
    }
)

OF_AN_ORDER = {"order", "lang", "period", "by", "format", "include", "operators"}
"""Parameters that filter nothing."""


@dataclass(frozen=True, slots=True)
class Door:
    """The API as somebody from one factory comes in."""

    app: FastAPI
    parts: Parts
    client: httpx.AsyncClient


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def door(plant: Plant, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    folder = tmp_path_factory.mktemp("injected") / "plant"
    shutil.copytree(plant.folder, folder)
    async with Plant(folder, "").parts() as parts:
        made = partial(create_key, name="k", now=BEGIN, expires=None, roles=[Role.ADMIN], factories={"gears"})
        _, key = await parts.records().run(made)
        app = create_app(parts)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=("10.0.0.9", 40000))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://parkline.example", headers={"X-API-Key": key}
        ) as client:
            yield Door(app, parts, client)


def texts(app: FastAPI, operation: Operation) -> Iterator[tuple[str, str]]:
    """Give where an operation takes texts: `path` or `query`, and the name."""
    told = app.openapi()["paths"][f"{V1}{operation.path}"][operation.method.lower()]
    for one in told.get("parameters", ()):
        if one["in"] in {"path", "query"} and '"string"' in str(one["schema"]).replace("'", '"'):
            yield one["in"], one["name"]


def attacks(app: FastAPI, operation: Operation, payload: str) -> Iterator[tuple[str, Ask]]:
    """Give requests that have the payload in one place each, and where that is."""
    whole = asked(operation, THINGS, park=PARK.id)
    address, _, query = whole.url.partition("?")
    pairs = dict(pair.split("=", 1) for pair in query.split("&")) if query else {}
    for where, name in texts(app, operation):
        if where == "query":
            said = "&".join(f"{one}={value}" for one, value in {**pairs, name: quote(payload, safe="")}.items())
            yield f"query {name}", Ask(operation.method, f"{address}?{said}", whole.body)
        else:
            path = V1 + operation.path.replace(f"{{{name}}}", quote(payload, safe=""))
            for other in operation.names:
                path = path.replace(f"{{{other}}}", "1")
            yield f"path {name}", Ask(operation.method, f"{path}?{query}" if query else path, whole.body)
    for keys in places(whole.body):
        body = deepcopy(whole.body)
        at: Any = body
        for key in keys[:-1]:
            at = at[key]
        at[keys[-1]] = payload
        yield f"body {'.'.join(map(str, keys))}", Ask(operation.method, whole.url, body)


def places(body: Any, *before: Any) -> Iterator[tuple[Any, ...]]:
    """Give where texts stand in a body."""
    if isinstance(body, dict | list):
        for key, value in body.items() if isinstance(body, dict) else enumerate(body):
            yield from places(value, *before, key)
    elif isinstance(body, str):
        yield before


async def rows(parts: Parts) -> dict[str, int]:
    """Count the rows of every table that tells of machines."""

    def count(connection: sa.Connection) -> dict[str, int]:
        return {
            name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for name, table in METADATA.tables.items()
            if name in {"alerts", "gaps", "dead_letters", "sources", "links", "api_keys", "drains"}
        }

    return await parts.records().run(count)


@pytest.mark.asyncio(loop_scope="module")
async def test_code_in_a_text_is_a_text(door: Door) -> None:
    before = await rows(door.parts)
    assert before["alerts"]
    cases, wrong = 0, []
    for operation in operations(door.app):
        for payload in PAYLOADS:
            for where, ask in attacks(door.app, operation, payload):
                answer = await door.client.request(ask.method, ask.url, json=ask.body)
                cases += 1
                if found := fault(operation, where, payload, answer):
                    wrong.append(f"{operation.id}, {where}, {payload[:40]!r}: {answer.status_code} {found}")
    assert not wrong, "\n".join(wrong)
    assert cases > 100 * len(PAYLOADS)
    assert await rows(door.parts) == before


def fault(operation: Operation, where: str, payload: str, answer: httpx.Response) -> str:
    """Say what is wrong with an answer; empty: nothing."""
    if answer.status_code >= 500:
        return "failed"
    if answer.status_code >= 400:
        if answer.headers["content-type"] != MEDIA_TYPE or answer.status_code not in {404, 409, 414, 422}:
            return "is no problem that tells what is wrong"
    elif where.startswith("query ") and where[6:] not in OF_AN_ORDER and operation.reads and not is_empty(answer):
        return f"found something: {answer.text[:200]}"
    told = answer.text.replace(payload, "")
    return "" if FOREIGN.search(told.replace("../moulds", "")) is None else f"tells of another factory: {told[:300]}"


def is_empty(answer: httpx.Response) -> bool:
    """Tell whether an answer has no rows."""
    return not answer.content or answer.json().get("items") == []


@pytest.mark.parametrize("wild", ["%", "_", "%%", "no_float", "n%t", "NO\\ FLOAT", "[a-z]"])
async def test_what_is_a_pattern_elsewhere_is_taken_as_it_is(plant: Plant, wild: str) -> None:
    async with plant.parts(open_page=True) as parts:
        transport = httpx.ASGITransport(create_app(parts), client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def count(reason: str) -> int:
                answer = await client.get(f"{V1}/dead-letters", params={"reason": reason})
                return len(answer.json()["items"])

            assert await count("NO FLOAT") > 0
            assert await count(wild) == 0


def test_an_operation_that_nobody_can_ask_is_told() -> None:
    odd = Operation("odd", "GET", "/odd/{thing}", {}, ("thing",), (), has_body=False, needs=frozenset())
    with pytest.raises(UnfilledError):
        asked(odd, THINGS, park=PARK.id)
