"""What a client has is not sent again, and HEAD is answered as GET."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from api import freshness
from api.freshness import Freshness, Heads

PATHS = ("/api/v1/assets", "/api/v1/kpis?limit=5", "/api/v1/alerts", "/openapi.json")


@pytest.mark.parametrize("path", PATHS)
async def test_what_has_not_changed_is_not_sent_again(api: httpx.AsyncClient, path: str) -> None:
    first = await api.get(path)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    again = await api.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert again.headers["cache-control"] == first.headers["cache-control"] == "private, no-cache"
    assert again.headers.get("vary") == first.headers.get("vary")
    assert not {"content-type", "content-length", "content-encoding"} & again.headers.keys()


async def test_data_depends_on_who_asks_and_how(api: httpx.AsyncClient) -> None:
    for path in ("/api/v1/kpis?limit=5", "/api/v1/assets", "/api/v1/dead-letters/export", "/api/v1/nothing"):
        named = (await api.get(path)).headers["vary"].split(", ")
        assert {"Accept", "Accept-Encoding", "Authorization", "X-API-Key"} <= set(named)
        assert len(named) == len(set(named))


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("*", 304),
        (' W/"a" ,{tag}', 304),
        ('"a", {strong}', 304),
        ('W/"a", "b"', 200),
        ("{bare}", 200),
        ('"', 200),
        ("", 200),
    ],
)
async def test_tags_are_compared_weakly(api: httpx.AsyncClient, asked: str, status: int) -> None:
    tag = (await api.get("/api/v1/assets")).headers["etag"]
    strong = tag.removeprefix("W/")
    given = asked.format(tag=tag, strong=strong, bare=strong.strip('"'))
    assert (await api.get("/api/v1/assets", headers={"If-None-Match": given})).status_code == status


async def test_another_answer_has_another_tag(api: httpx.AsyncClient) -> None:
    answers = [
        await api.get(path, headers={"Accept": form})
        for path, form in (
            ("/api/v1/kpis?limit=5", "application/json"),
            ("/api/v1/kpis?limit=6", "application/json"),
            ("/api/v1/kpis?limit=5", "text/csv"),
        )
    ]
    assert len({answer.headers["etag"] for answer in answers}) == 3


async def test_problems_and_streams_have_no_tag(api: httpx.AsyncClient) -> None:
    for path in ("/api/v1/nothing", "/api/v1/dead-letters/export"):
        answer = await api.get(path, headers={"If-None-Match": "*"})
        assert answer.status_code in {200, 404}
        assert "etag" not in answer.headers
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", [*PATHS, "/api/v1/dead-letters/export", "/", "/healthz", "/web/page.js"])
async def test_head_is_get_without_the_body(api: httpx.AsyncClient, path: str) -> None:
    got, head = await api.get(path), await api.head(path)
    assert head.status_code == got.status_code == 200
    assert head.content == b""
    dated = {"date", "ratelimit", "ratelimit-policy", "x-request-id"}
    assert {name: value for name, value in head.headers.items() if name not in dated} == {
        name: value for name, value in got.headers.items() if name not in dated
    }


async def test_head_tells_what_get_would_refuse(api: httpx.AsyncClient) -> None:
    assert (await api.head("/api/v1/nothing")).status_code == 404
    assert (await api.head("/api/v1/kpis", headers={"X-API-Key": "wrong"})).status_code == 401
    assert (await api.head("/api/v1/dead-letters/drop")).status_code in {404, 405, 422}
    tag = (await api.get("/api/v1/assets")).headers["etag"]
    assert (await api.head("/api/v1/assets", headers={"If-None-Match": tag})).status_code == 304


async def test_the_page_is_not_sent_again_either(api: httpx.AsyncClient) -> None:
    tag = (await api.get("/")).headers["etag"]
    assert (await api.get("/", headers={"If-None-Match": tag})).status_code == 304


def small(asked: list[str]) -> FastAPI:
    """Make an application with answers of every kind; `asked` is told which went out."""
    app = FastAPI()
    app.add_middleware(Freshness)
    app.add_middleware(Heads)

    async def events() -> AsyncIterator[bytes]:
        asked.append("event")
        yield b"data: 1\n\n"

    @app.get("/events")
    async def stream() -> Response:
        return StreamingResponse(events(), media_type="text/event-stream")

    @app.get("/own")
    async def own() -> Response:
        return Response(b"own", headers={"ETag": '"own"', "Cache-Control": "max-age=5"})

    @app.get("/secret")
    async def secret() -> Response:
        return Response(b"secret", headers={"Cache-Control": "no-store"})

    @app.get("/linked")
    async def linked(then: str) -> Response:
        return Response(b"rows", headers={"Link": f'</linked?page_token={then}>; rel="next"'})

    return app


async def ask(path: str, method: str = "GET", **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(small([])), base_url="http://park") as client:
        return await client.request(method, path, headers=headers)


async def test_an_answer_keeps_a_tag_of_its_own() -> None:
    answer = await ask("/own")
    assert (answer.headers["etag"], answer.headers["cache-control"]) == ('"own"', "max-age=5")
    known = await ask("/own", **{"If-None-Match": 'W/"own"'})
    assert (known.status_code, known.headers["etag"], known.content) == (304, '"own"', b"")


async def test_what_is_not_to_be_kept_gets_no_tag() -> None:
    answer = await ask("/secret", **{"If-None-Match": "*"})
    assert (answer.status_code, answer.headers.get("etag")) == (200, None)


async def test_a_new_link_to_the_next_page_is_a_new_answer() -> None:
    first, second = await ask("/linked?then=a"), await ask("/linked?then=b")
    assert first.content == second.content
    assert first.headers["etag"] != second.headers["etag"]
    assert "link" in (await ask("/linked?then=a", **{"If-None-Match": first.headers["etag"]})).headers


async def test_a_large_answer_passes_without_a_tag(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshness, "MOST", 3)
    assert "etag" not in (await ask("/linked?then=a")).headers


async def test_a_stream_begins_before_its_first_event() -> None:
    asked: list[str] = []
    sent: list[tuple[str, list[str]]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append((message["type"], list(asked)))

    scope = {"type": "http", "method": "GET", "path": "/events", "raw_path": b"/events", "query_string": b""}
    await small(asked)({**scope, "headers": [], "asgi": {"version": "3.0", "spec_version": "2.4"}}, receive, send)
    assert sent[0] == ("http.response.start", [])


async def test_head_of_a_stream_ends_at_once() -> None:
    answer = await ask("/events", "HEAD")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")


async def test_allowed_methods_name_head_beside_get() -> None:
    assert (await ask("/own", "DELETE")).headers["allow"] == "GET, HEAD"
