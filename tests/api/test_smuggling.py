"""Requests that two servers read as different ones: they are refused, or their connection ends, and none hides another.

Asked as bytes, of the application as the role serves it.
"""

import io
import logging
from collections.abc import Iterator
from functools import partial

import pytest

from api.app import create_app
from api.auth import create_key
from api.errors import MEDIA_TYPE
from api.headers import SAFE
from api.roles import Role
from collector.log import LogFormat, LogLevel, configure
from tests.api.plant import BEGIN, Plant
from tests.api.wired import line, served

HOST = b"Host: park\r\n"

POST = b"POST /api/v1/exports HTTP/1.1\r\n" + HOST

HIDDEN = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n"
"""What is hidden in a body: it must not be answered."""

SMUGGLED = {
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 52\r\n\r\n{}" + HIDDEN,
    "the same length twice": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + HIDDEN,
    "lengths with commas": POST + b"Content-Length: 2, 2\r\n\r\n{}" + HIDDEN,
    "a length and chunks": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks and a length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + HIDDEN,
    "no chunks": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks, and then something": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a blank before the colon": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a header over two lines": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a sign": POST + b"Content-Length: +2\r\n\r\n{}" + HIDDEN,
    "less than nothing": POST + b"Content-Length: -1\r\n\r\n{}" + HIDDEN,
    "more than there is": POST + b"Content-Length: 99999999999999999999999999\r\n\r\n{}" + HIDDEN,
    "hexadecimal chunks": POST + b"Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" + HIDDEN,
    "lines that end in LF": POST.replace(b"\r\n", b"\n") + b"Content-Length: 2\n\n{}" + HIDDEN,
    "two hosts": b"GET /api/v1/kpis HTTP/1.1\r\n" + HOST + b"Host: evil\r\n\r\n" + HIDDEN,
    "no host": b"GET /api/v1/kpis HTTP/1.1\r\n\r\n" + HIDDEN,
    "NUL in a header": b"GET /api/v1/kpis HTTP/1.1\r\n" + HOST + b"X: a\x00b\r\n\r\n" + HIDDEN,
    "CR in a header": b"GET /api/v1/kpis HTTP/1.1\r\n" + HOST + b"X: a\rX-API-Key: b\r\n\r\n" + HIDDEN,
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n" + HIDDEN,
}


@pytest.mark.parametrize("sent", SMUGGLED.values(), ids=SMUGGLED.keys())
async def test_no_request_hides_another(plant: Plant, sent: bytes) -> None:
    async with plant.parts() as parts, served(create_app(parts), parts.settings) as port, line(port) as stranger:
        await stranger.send(sent)
        got = await stranger.rest()
    assert b'"status":"ok"' not in got
    assert got.count(b"HTTP/1.1 ") <= 1
    if got:
        head, _, body = got.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 ")
        assert b'"/problems/malformed-request"' in body
        told = head.decode().lower()
        assert f"content-type: {MEDIA_TYPE}" in told
        assert "connection: close" in told
        for name, value in SAFE.items():
            assert f"{name}: {value}".lower() in told


async def test_an_upgrade_is_passed_over(plant: Plant) -> None:
    wanted = (b"websocket\r\nSec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13", b"h2c\r\nHTTP2-Settings: AAMAAABk")
    async with plant.parts() as parts, served(create_app(parts), parts.settings) as port:
        for protocol in wanted:
            async with line(port) as stranger:
                start = b"GET /api/v1/kpis HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: "
                await stranger.send(start + protocol + b"\r\n\r\n")
                assert (await stranger.answer())[0] == 401


async def test_a_request_for_another_server_is_answered_as_one_for_this(plant: Plant) -> None:
    async with plant.parts() as parts, served(create_app(parts), parts.settings) as port, line(port) as stranger:
        await stranger.send(b"GET http://evil.example/api/v1/kpis HTTP/1.1\r\n" + HOST + b"\r\n")
        status, _, body = await stranger.answer()
    assert status == 401
    assert b"evil.example" not in body


EVIL = "\x1b[31m2026-11-24T08:15:00Z [error    ] forged\u2028\u202e"
"""A text that would be a line of the log by itself, in red."""


@pytest.fixture(params=LogFormat)
def log(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Listen to the log as a role writes it, libraries and all."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    text = io.StringIO()
    monkeypatch.setattr("sys.stderr", text)
    configure(request.param, LogLevel.DEBUG)
    yield text
    root.handlers[:] = before[0]
    root.setLevel(before[1])


async def test_what_strangers_send_is_no_line_of_the_log(plant: Plant, log: io.StringIO) -> None:
    evil = EVIL[1:].encode()  # ESC is refused where a header has it
    escaped = b"%0a%0d%1b[31m" + b"".join(b"%%%02x" % byte for byte in EVIL.encode())
    failing = [ZeroDivisionError(f"\n{EVIL}")]
    async with plant.parts(troubles=failing) as parts:
        made = partial(create_key, name="k", now=BEGIN, expires=None, roles=[Role.VIEWER])
        _, key = await parts.records().run(made)
        async with served(create_app(parts), parts.settings) as port:
            for path in (b"/api/v1/kpis?perid=" + escaped, b"/" + escaped, b"/api/v1/kpis"):
                for name in (b"User-Agent", b"X-Request-Id", b"Referer", b"Host", b"X-Forwarded-For"):
                    host = b"" if name == b"Host" else HOST
                    request = b"GET %s HTTP/1.1\r\n%s%s: %s\r\nX-API-Key: %s\r\n\r\n"
                    async with line(port) as stranger:
                        await stranger.send(request % (path, host, name, evil, key.encode()))
                        assert (await stranger.answer())[0] in {404, 422, 500}
    told = log.getvalue()
    assert "ZeroDivisionError" in told
    assert not {"\x1b", "\u2028", "\u202e", "\r"} & set(told)
    assert not [one for one in told.splitlines() if one.startswith(("2026-11-24T08:15:00Z", "[31m"))]
    if told.startswith("{"):
        assert all(one.startswith("{") and one.endswith("}") for one in told.splitlines())
