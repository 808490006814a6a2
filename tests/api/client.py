"""A client of an API in the same process."""

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import httpx

from api.app import create_app
from api.auth import create_key
from api.errors import MEDIA_TYPE
from api.parts import Parts
from api.roles import Role
from collector.records import Records
from tests.api.plant import Plant


@asynccontextmanager
async def asking(
    parts: Parts, *, key: str | None = None, peer: str = "10.0.0.9", host: str = "parkline.example"
) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client at address `peer` that asks for `host`, with a key or without."""
    transport = httpx.ASGITransport(create_app(parts), raise_app_exceptions=False, client=(peer, 40000))
    headers = {} if key is None else {"X-API-Key": key}
    async with httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers=headers) as client:
        yield client


async def items(client: httpx.AsyncClient, url: str, /, **parameters: Any) -> list[dict[str, Any]]:
    """Give the rows of a page."""
    answer = await client.get(url, params=parameters)
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["items"]
    return rows


async def walk(client: httpx.AsyncClient, url: str, /, **parameters: Any) -> list[list[dict[str, Any]]]:
    """Give all pages of a list."""
    pages = []
    token = ""
    while True:
        answer = await client.get(url, params={**parameters, "page_token": token})
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["items"])
        token = answer.json()["next_page_token"]
        if token is None:
            return pages


def problem(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """Hold an answer to be a problem of this kind, and give it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == MEDIA_TYPE
    body: dict[str, Any] = answer.json()
    assert body["type"] == f"/problems/{kind}"
    assert body["status"] == status
    assert body["instance"] == answer.request.url.path
    assert body["title"]
    assert body["detail"]
    return body


def with_records(parts: Parts, records: Records) -> Parts:
    """Give the same parts on other records."""
    return replace(parts, records=lambda: records)


@asynccontextmanager
async def asking_of(plant: Plant, records: Records) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client on this machine of the plant's API on other records; it needs no key."""
    async with AsyncExitStack() as stack:
        parts = with_records(await stack.enter_async_context(plant.parts(open_page=True)), records)
        yield await stack.enter_async_context(asking(parts, peer="127.0.0.1", host="localhost"))


@asynccontextmanager
async def asking_as(
    parts: Parts, records: Records, factories: Collection[str] | None, *, role: Role = Role.VIEWER
) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client whose key opens these factories (None: the whole park), on other records, where the key is."""
    made = partial(create_key, name="k", now=parts.now(), expires=None, roles=[role], factories=factories)
    _, text = await records.run(made)
    async with asking(with_records(parts, records), key=text) as client:
        yield client
