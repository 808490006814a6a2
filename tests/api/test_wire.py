"""Clients that are slow, endless or many: none of them holds a connection for ever, and none hinders the others."""

import asyncio
import json
import resource
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.responses import StreamingResponse

from api.errors import MEDIA_TYPE
from api.wire import LONGEST_HEAD, make_room
from collector.settings import ApiSettings
from tests.api.wired import PATIENCE_S, Line, line, served

QUICK = ApiSettings.model_validate({"header_time": "200ms", "answer_time": "300ms"})
"""Times that a test can await."""

BLOCK = b"x" * 2**16

GET = b"GET /ready HTTP/1.1\r\nHost: park\r\n\r\n"


def small(given: list[int] | None = None) -> FastAPI:
    """Make an application; `given` is told of each block of an endless answer that was taken from the route."""
    app = FastAPI()

    @app.get("/ready")
    async def ready() -> str:
        return "ready"

    @app.get("/slow")
    async def slow() -> str:
        await asyncio.sleep(3 * QUICK.header_time.total_seconds())
        return "at last"

    @app.get("/endless")
    async def endless() -> Response:
        async def blocks() -> Any:
            while True:
                if given is not None:
                    given.append(len(BLOCK))
                await asyncio.sleep(0)  # else nothing could end it once its client has left
                yield BLOCK

        return StreamingResponse(blocks(), media_type="application/octet-stream")

    @app.get("/large")
    async def large() -> Response:
        return Response(BLOCK * 400)

    @app.post("/unread")
    async def unread() -> str:
        return "no need of it"

    @app.post("/read")
    async def read(request: Request) -> int:
        return len(await request.body())

    return app


def told(answer: tuple[int, dict[str, str], bytes], status: int, kind: str) -> None:
    """Hold an answer to be a problem of this kind, after which the connection is closed."""
    code, headers, body = answer
    assert code == status, body
    assert headers["content-type"] == MEDIA_TYPE
    assert headers["connection"] == "close"
    assert json.loads(body)["type"] == f"/problems/{kind}"


@pytest.mark.parametrize("begun", [b"", b"G", b"GET /ready HTTP/1.1\r\nHost: pa", b"\r\n\r\n"])
async def test_headers_that_never_end_are_not_waited_for(begun: bytes) -> None:
    async with served(small(), QUICK) as port, line(port) as mute, line(port) as other:
        await mute.send(begun)
        assert await mute.rest() == b""
        await other.rest()
    async with served(small(), QUICK) as port, line(port) as well:
        await well.send(GET)
        assert (await well.answer())[0] == 200


@pytest.mark.parametrize("text", [b"GET /ready HTTP/1.1\r\nX: " + b"a" * 900, b"\r\n" * 400])
async def test_headers_that_come_byte_by_byte_are_not_waited_for(text: bytes) -> None:
    async with served(small(), QUICK) as port, line(port) as slow:
        assert await slow.trickle(text, every=0.02) == b""


async def test_a_kept_connection_is_not_waited_for_either() -> None:
    async with served(small(), QUICK) as port, line(port) as slow:
        await slow.send(GET)
        assert (await slow.answer())[0] == 200
        assert await slow.trickle(b"\r\n" * 200, every=0.02) == b""


async def test_what_takes_long_is_waited_for() -> None:
    async with served(small(), QUICK) as port, line(port) as patient:
        await patient.send(GET.replace(b"ready", b"slow"))
        assert (await patient.answer())[2] == b'"at last"'
        await patient.send(GET)
        assert (await patient.answer())[2] == b'"ready"'


async def test_endless_headers_are_refused() -> None:
    async with served(small(), ApiSettings()) as port:
        for piece in (b"x" * 1000, b"\r\nX-Header: value" * 50):
            async with line(port) as endless:
                await endless.send(b"GET /ready HTTP/1.1\r\nX: ")
                answered = asyncio.create_task(endless.answer())
                for _ in range(2000):
                    await asyncio.sleep(0)
                    if answered.done():
                        break
                    await endless.send(piece)
                told(await answered, 431, "headers-too-large")


async def test_large_headers_are_refused_though_they_come_at_once() -> None:
    async with served(small(), ApiSettings()) as port, line(port) as large:
        fields = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 1000) for number in range(LONGEST_HEAD // 1000 + 1))
        await large.send(GET[:-2] + fields + b"\r\n")
        told(await large.answer(), 431, "headers-too-large")


@pytest.mark.parametrize(
    "nonsense",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"hello\r\n\r\n", b"GET ready HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nA\r\n\r\n"],
)
async def test_what_is_no_http_is_told_so(nonsense: bytes) -> None:
    async with served(small(), ApiSettings()) as port, line(port) as stranger:
        await stranger.send(nonsense)
        told(await stranger.answer(), 400, "malformed-request")


async def test_connections_beyond_the_limit_are_told_so_and_those_far_beyond_closed() -> None:
    settings = ApiSettings.model_validate({"connections": 2})
    async with served(small(), settings) as port:
        async with line(port) as first, line(port) as second:
            for one in (first, second):
                await one.send(GET)
                assert (await one.answer())[0] == 200
            async with line(port) as third:
                await third.send(GET)
                answer = await third.answer()
                told(answer, 503, "too-many-connections")
                assert answer[1]["retry-after"] == "5"
                await third.rest()
            async with line(port) as idle:
                async with line(port) as fifth:
                    assert await fifth.rest() == b""
                await idle.send(GET)
                assert (await idle.answer())[0] == 503
        async with asyncio.timeout(PATIENCE_S):
            while (await asked_anew(port)) != 200:  # until the server has noticed that the others left
                pass


async def asked_anew(port: int) -> int:
    """Give the status that a new connection is answered with; 0: it was closed."""
    async with line(port) as one:
        try:
            await one.send(GET)
            return (await one.answer())[0]
        except (asyncio.IncompleteReadError, ConnectionError):
            return 0


async def test_an_answer_before_the_end_of_the_body_arrives_and_the_connection_stays_good() -> None:
    async with served(small(), ApiSettings()) as port, line(port) as hasty:
        head = b"POST /unread HTTP/1.1\r\nHost: park\r\nContent-Length: 300000\r\n\r\n"
        await hasty.send(head + b"x" * 100_000)
        assert (await hasty.answer())[0] == 200
        await hasty.send(b"x" * 200_000 + GET)
        assert (await hasty.answer())[2] == b'"ready"'


async def test_the_rest_of_a_body_that_nobody_reads_is_not_waited_for() -> None:
    async with served(small(), QUICK) as port, line(port) as slow:
        await slow.send(b"POST /unread HTTP/1.1\r\nHost: park\r\nContent-Length: 300000\r\n\r\n")
        assert (await slow.answer())[0] == 200
        assert await slow.trickle(b"x" * 900, every=0.02) == b""


async def test_what_frames_a_body_is_bounded() -> None:
    async with served(small(), ApiSettings()) as port, line(port) as endless:
        await endless.send(b"POST /read HTTP/1.1\r\nHost: park\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n")
        closed = asyncio.create_task(endless.rest())
        for _ in range(2000):
            await asyncio.sleep(0)
            if closed.done():
                break
            try:
                await endless.send(b"X-Trailer: " + b"y" * 1000 + b"\r\n")
            except ConnectionError:
                break
        assert await closed == b""


async def test_a_route_stops_where_its_client_reads_nothing_and_the_client_is_left() -> None:
    given: list[int] = []
    async with served(small(given), QUICK) as port, line(port, receive_buffer=4096) as deaf:
        await deaf.send(GET.replace(b"ready", b"endless"))
        assert await asked_anew(port) == 200  # others are answered meanwhile
        await other_side_left(deaf)
    assert 0 < sum(given) < 16 * 2**20


async def test_a_large_answer_is_not_kept_for_who_reads_nothing() -> None:
    async with served(small(), QUICK) as port, line(port, receive_buffer=4096) as deaf:
        await deaf.send(GET.replace(b"ready", b"large"))
        await other_side_left(deaf)


async def other_side_left(deaf: Line) -> None:
    """Wait, without reading, until writing fails: the other side has closed."""
    async with asyncio.timeout(8):
        while True:
            try:
                await deaf.send(b" ")
            except ConnectionError:
                return
            await asyncio.sleep(0.02)


async def test_a_large_answer_reaches_who_reads_it() -> None:
    steadier = ApiSettings.model_validate({"answer_time": "1s"})
    async with served(small(), steadier) as port, line(port, receive_buffer=4096) as steady:
        await steady.send(GET.replace(b"ready", b"large"))
        status, _, body = await steady.answer()
        assert (status, len(body)) == (200, 400 * len(BLOCK))


def test_room_is_made_for_the_connections(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = [(1024, 4096)]
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: limits.append(new))
    assert make_room(500) == 500
    assert limits == [(1024, 4096)]
    assert make_room(2000) == 2000
    assert limits[-1] == (2256, 4096)
    assert make_room(20_000) == 3840
    assert limits[-1] == (4096, 4096)
    limits.append((resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert make_room(20_000) == 20_000
