"""Answers are compressed as the client asks, and only where it is of use."""

import gzip
import zlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import zstandard
from fastapi import FastAPI, Response
from fastapi.responses import StreamingResponse

from api.answers import Form
from api.compression import Compression
from tests.api.client import asking
from tests.api.plant import Plant

LONG = "/api/v1/kpis?limit=200"
"""A list whose JSON is long enough to be compressed."""


async def raw(client: httpx.AsyncClient, url: str, encoding: str, **headers: str) -> tuple[httpx.Response, bytes]:
    """Give an answer and its body as it is on the wire."""
    async with client.stream("GET", url, headers={"Accept-Encoding": encoding, **headers}) as answer:
        return answer, b"".join([part async for part in answer.aiter_raw()])


def plain_of(body: bytes, encoding: str) -> bytes:
    """Undo what an answer's Content-Encoding says."""
    if encoding == "gzip":
        return gzip.decompress(body)
    return zstandard.decompress(body) if encoding == "zstd" else body


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("zstd", "zstd"),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0", "gzip"),
        ("GZIP", "gzip"),
        ("*", "zstd"),
        ("br", ""),
        ("deflate", ""),
        ("identity", ""),
        ("", ""),
        ("gzip;q=nonsense", ""),
    ],
)
async def test_an_answer_is_compressed_as_the_client_accepts(api: httpx.AsyncClient, asked: str, given: str) -> None:
    plain, whole = await raw(api, LONG, "identity")
    answer, body = await raw(api, LONG, asked)
    assert answer.headers.get("content-encoding", "") == given
    assert "Accept-Encoding" in answer.headers["vary"]
    assert answer.headers["content-length"] == str(len(body))
    assert answer.headers["etag"] == plain.headers["etag"]
    assert plain_of(body, given) == whole
    assert not given or len(body) * 4 < len(whole)


@pytest.mark.parametrize("form", Form)
async def test_every_form_but_parquet_is_compressed(api: httpx.AsyncClient, form: Form) -> None:
    answer, _ = await raw(api, LONG, "zstd", Accept=form)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(form)
    assert ("content-encoding" in answer.headers) == (form is not Form.PARQUET)


async def test_problems_and_the_page_are_compressed_and_small_answers_are_not(api: httpx.AsyncClient) -> None:
    long = "x" * 600
    assert (await api.get(f"/api/v1/{long}", headers={"Accept-Encoding": "gzip"})).headers["content-encoding"] == "gzip"
    assert (await api.get("/web/page.js")).headers["content-encoding"] in {"gzip", "zstd"}
    assert "content-encoding" not in (await api.get("/healthz")).headers


async def blocks(given: list[bytes]) -> AsyncIterator[bytes]:
    for block in given:
        yield block


def small() -> FastAPI:
    """Make an application with answers of every kind."""
    app = FastAPI()
    app.add_middleware(Compression)

    @app.get("/events")
    async def events() -> Response:
        return StreamingResponse(blocks([b"data: 1\n\n" * 200] * 3), media_type="text/event-stream")

    @app.get("/stream")
    async def stream() -> Response:
        return StreamingResponse(blocks([b'{"a": 1}\n' * 2000] * 50), media_type="application/jsonl")

    @app.get("/api/file")
    async def file() -> Response:
        ranges = {"Accept-Ranges": "bytes", "ETag": '"file"'}
        return Response(b"a,b\r\n" * 999, media_type="text/csv", headers=ranges)

    @app.get("/page")
    async def page() -> Response:
        ranges = {"Accept-Ranges": "bytes", "ETag": '"page"'}
        return Response(b"<p>" * 999, media_type="text/html", headers=ranges)

    return app


async def sent(app: FastAPI, path: str) -> list[dict[str, Any]]:
    """Give the messages of an answer to a client that takes gzip."""
    messages: list[dict[str, Any]] = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"accept-encoding", b"gzip")],
        "asgi": {"version": "3.0", "spec_version": "2.4"},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        messages.append(message)

    await app(scope, receive, send)
    return messages


def header(messages: list[dict[str, Any]], name: bytes) -> bytes:
    return b", ".join(value for there, value in messages[0]["headers"] if there == name)


async def test_events_leave_at_once_as_they_are() -> None:
    messages = await sent(small(), "/events")
    assert header(messages, b"content-encoding") == b""
    assert [message["body"] for message in messages[1:4]] == [b"data: 1\n\n" * 200] * 3


async def test_a_stream_is_compressed_as_it_comes() -> None:
    messages = await sent(small(), "/stream")
    assert header(messages, b"content-encoding") == b"gzip"
    assert header(messages, b"content-length") == b""
    body = b"".join(message["body"] for message in messages[1:])
    assert len(messages) > 2
    assert zlib.decompress(body, 31) == b'{"a": 1}\n' * 2000 * 50
    assert len(body) * 20 < 900_000


async def test_a_file_that_may_be_resumed_is_never_compressed() -> None:
    messages = await sent(small(), "/api/file")
    assert header(messages, b"content-encoding") == b""
    assert header(messages, b"accept-ranges") == b"bytes"
    assert header(messages, b"etag") == b'"file"'


async def test_what_is_compressed_promises_neither_ranges_nor_equal_bytes() -> None:
    messages = await sent(small(), "/page")
    assert header(messages, b"content-encoding") == b"gzip"
    assert header(messages, b"accept-ranges") == b""
    assert header(messages, b"etag") == b'W/"page"'


async def test_an_export_is_compressed(plant: Plant) -> None:
    async with plant.parts() as parts, asking(parts, key=plant.key) as client:
        answer, body = await raw(client, "/api/v1/dead-letters/export", "zstd")
        plain = await client.get("/api/v1/dead-letters/export", headers={"Accept-Encoding": "identity"})
    assert answer.headers["content-encoding"] == "zstd"
    assert zstandard.ZstdDecompressor().decompressobj().decompress(body) == plain.content
