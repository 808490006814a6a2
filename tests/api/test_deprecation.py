"""Deprecated addresses say so, in their answers and in the description."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query
from fastapi.routing import iter_route_contexts

from api.app import create_app
from api.deprecation import Deprecations, replaced_by, replacement, tell_deprecation
from tests.api.client import asking
from tests.api.plant import HOB, Plant

LINK = re.compile(r'<(/api/v1/[^<>{}]+)>; rel="successor-version"')


def small() -> FastAPI:
    """Make an application with one deprecated route and one that is not."""
    app = FastAPI()
    app.add_middleware(Deprecations)
    gone = datetime(2028, 1, 2, 3, tzinfo=UTC)

    @app.get(
        "/old/{path:path}/states",
        deprecated=True,
        dependencies=[replaced_by("/api/v1/new/{path}", since=datetime(2027, 1, 1, tzinfo=UTC), until=gone)],
    )
    async def old(path: str, number: Annotated[int, Query()] = 0) -> list[str]:
        """Give the old form."""
        return [path] * number

    @app.get("/new/{path:path}")
    async def new(path: str) -> str:
        return path

    return app


async def ask(app: FastAPI, url: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://park") as client:
        return await client.get(url)


async def test_answers_say_since_when_until_when_and_where_to_go() -> None:
    for query, status in (("", 200), ("?number=x", 422)):
        answer = await ask(small(), f"/old/gears/hob%20%C3%A4/states{query}")
        assert answer.status_code == status
        assert answer.headers["deprecation"] == "@1798761600"
        assert answer.headers["sunset"] == "Sun, 02 Jan 2028 03:00:00 GMT"
        assert answer.headers["link"] == '</api/v1/new/gears/hob%20%C3%A4>; rel="successor-version"'


async def test_other_answers_say_nothing() -> None:
    for path in ("/new/gears", "/nothing"):
        assert not {"deprecation", "sunset", "link"} & (await ask(small(), path)).headers.keys()


def test_the_description_names_the_successor() -> None:
    app = small()
    described = app.openapi()
    tell_deprecation(app, described)
    told = described["paths"]["/old/{path}/states"]["get"]
    assert told["deprecated"] is True
    assert told["description"] == (
        "Give the old form.\n\nDeprecated since 2027-01-01, works until 2028-01-02: use `/api/v1/new/{path}`."
    )


@pytest.fixture
async def routes(plant: Plant) -> list[Any]:
    """Give the route table of the API."""
    async with plant.parts() as parts:
        return list(iter_route_contexts(create_app(parts).routes))


async def test_every_deprecated_route_names_a_successor_that_there_is(routes: list[Any], plant: Plant) -> None:
    there = {route.path_format for route in routes}
    deprecated = [route for route in routes if getattr(route, "deprecated", None)]
    assert [route.path for route in routes if replacement(route)] == [route.path for route in deprecated]
    async with plant.parts() as parts, asking(parts, key=plant.key) as client:
        described = (await client.get("/openapi.json")).json()["paths"]
        for route in deprecated:
            replaced = replacement(route)
            assert replaced is not None
            assert replaced.successor.partition("?")[0] in there, route.path
            assert replaced.until > replaced.since
            for method in route.methods:
                address = route.path_format.replace("{path}", HOB)
                headers = (await client.request(method, address)).headers
                assert headers["deprecation"] == f"@{int(replaced.since.timestamp())}", address
                assert parsedate_to_datetime(headers["sunset"]) == replaced.until, address
                assert LINK.search(headers["link"]), address
                told = described[route.path_format][method.lower()]
                assert told["deprecated"] is True
                assert f"`{replaced.successor}`" in told["description"]
