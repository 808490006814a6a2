"""The guard of connections: what uvicorn and its parser, httptools, leave without a bound.

    headers, or a TLS handshake, not within `header_time`     the connection is closed
    headers over `LONGEST_HEAD`                               431 `headers-too-large`
    no HTTP at all; no header `Host`, or more than one        400 `malformed-request`
    connections over `api: connections`                       503 `too-many-connections`; a quarter more: closed at once
    a body still coming long after its answer                 closed after `api: header_time`
    an answer of which a client takes less than 1 KiB/s       closed after `api: answer_time`

uvicorn itself closes what is idle between two requests (5 s), stops reading where 64 KiB wait to be read, and stops a
route where 64 KiB of its answer wait to be taken; a client that starts something and never ends it keeps it waiting for
ever, though. One timer per connection runs while the connection waits for its client, and none while a route works.
"""

import asyncio
import resource
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import orjson
import structlog
import uvicorn
from fastapi import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from api.errors import (
    HEADERS_TOO_LARGE,
    MALFORMED_REQUEST,
    MEDIA_TYPE,
    RETRY_AFTER_S,
    TOO_MANY_CONNECTIONS,
    Kind,
    ProblemError,
    answer,
)
from api.headers import REFUSAL
from collector.settings import ApiSettings

LONGEST_HEAD: Final = 64 * 2**10
"""Bytes of a request line and headers, and of all that frames a body, at most."""

SLOWEST: Final = 1024
"""Bytes of a waiting answer that a client must take, per second."""

_OTHER_FILES: Final = 256
"""File descriptors that the process needs beside its connections."""

_log = structlog.get_logger()


class Guarded(HttpToolsProtocol):
    """One connection; `guarded` makes the class for some settings."""

    settings: ApiSettings

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._waits: asyncio.TimerHandle | None = None
        self._stalls: asyncio.TimerHandle | None = None
        self._untold = 0
        """Bytes that came and are neither body nor a head that has ended."""
        self._in_body = False
        self._crowded = False
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Begin to wait for the first request."""
        super().connection_made(transport)
        most = self.settings.connections
        self._crowded = len(self.connections) > most
        if len(self.connections) > most + most // 4 + 1:
            transport.abort()
        else:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        super().connection_lost(exc)
        self._stop_waiting()
        self._unstall()

    def data_received(self, data: bytes) -> None:
        """Read what came; an end of a head that is still missing is waited for."""
        if self._refused:
            return
        if self._untold > LONGEST_HEAD:
            if self._in_body:
                self.transport.abort()
            else:
                self._refuse(HEADERS_TOO_LARGE, _too_large())
            return
        self._untold += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._idle and self._waits is None and self.timeout_keep_alive_task is None:
            self._wait()

    def on_headers_complete(self) -> None:
        """Hand the request on, or have it refused."""
        self._untold = 0
        self._in_body = True
        self._stop_waiting()
        self.app = self._answering()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Count what is no body."""
        self._untold -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for the next request where this one was answered before it had ended."""
        self._untold = 0
        self._in_body = False
        super().on_message_complete()
        if self._idle:
            self._stop_waiting()
            self._wait()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that nobody asked for."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._stall()
        elif self._in_body and self._idle:
            self._unset_keepalive_if_required()
            self._wait()

    def timeout_keep_alive_handler(self) -> None:
        """Close, and see to it that the close ends."""
        super().timeout_keep_alive_handler()
        self._stall()

    def pause_writing(self) -> None:
        """See whether the client takes what waits for it."""
        super().pause_writing()
        self._stall()

    def resume_writing(self) -> None:
        """Note that the client has taken it."""
        super().resume_writing()
        if not self.transport.is_closing():
            self._unstall()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(MALFORMED_REQUEST, msg)

    @property
    def _idle(self) -> bool:
        """Whether every request that came was answered."""
        return self.cycle is None or self.cycle.response_complete  # type: ignore[redundant-expr]  # None until a request came

    def _answering(self) -> Any:
        """Give the application that answers the request whose headers are complete."""
        if sum(len(name) + len(value) + 4 for name, value in self.headers) > LONGEST_HEAD:
            return _refusing(HEADERS_TOO_LARGE, _too_large(), {"Connection": "close"})
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (not hosts and self.parser.get_http_version() == "1.1"):  # RFC 9112, 3.2
            detail = f"the request has {hosts} headers `Host`, of which proxies may take another one; send one"
            return _refusing(MALFORMED_REQUEST, detail, {"Connection": "close"})
        if self._crowded:
            wait = {"Retry-After": str(RETRY_AFTER_S), "Connection": "close"}
            detail = f"there are {self.settings.connections} connections, as many as are allowed"
            return _refusing(TOO_MANY_CONNECTIONS, detail, wait)
        return self.config.loaded_app

    def _wait(self) -> None:
        self._waits = self.loop.call_later(self.settings.header_time.total_seconds(), self._give_up, "headers")

    def _stop_waiting(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _stall(self, left: int | None = None) -> None:
        """Look after a while how much of what waits the client has taken."""
        self._unstall()
        size = self.transport.get_write_buffer_size() if left is None else left
        self._stalls = self.loop.call_later(self.settings.answer_time.total_seconds(), self._look, size)

    def _unstall(self) -> None:
        if self._stalls is not None:
            self._stalls.cancel()
            self._stalls = None

    def _look(self, before: int) -> None:
        left = self.transport.get_write_buffer_size()
        if before - left < SLOWEST * self.settings.answer_time.total_seconds():
            self._give_up("answer")
        else:
            self._stall(left)

    def _give_up(self, waiting_for: str) -> None:
        self._waits = None
        _log.debug("slow client", client=self.client, waited_for=waiting_for)
        self.transport.abort()

    def _refuse(self, kind: Kind, detail: str) -> None:
        """Answer without a request, and close once the client had time to read it: a close would cut it off."""
        if not self._idle:
            self.transport.abort()
            return
        self._refused = True
        self.transport.write(_written(kind, detail, self.server_state.default_headers))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._stop_waiting()
        self._wait()


class Server(uvicorn.Server):
    """Serves guarded connections, and leaves signals to who runs it."""

    def __init__(self, config: uvicorn.Config, settings: ApiSettings) -> None:
        super().__init__(config)
        self._handshake = settings.header_time.total_seconds()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen; a TLS handshake has as long as headers have, for which uvicorn knows no setting (60 s)."""
        await super().startup(sockets=[])
        context = self.config.ssl
        for one in sockets or ():
            serving = await asyncio.get_running_loop().create_server(
                self._connection,
                sock=one,
                ssl=context,
                ssl_handshake_timeout=None if context is None else self._handshake,
                backlog=self.config.backlog,
            )
            self.servers.append(serving)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    def _connection(self) -> asyncio.Protocol:
        state, app_state = self.server_state, self.lifespan.state
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=state, app_state=app_state
        )
        return made


def guarded(settings: ApiSettings) -> type[Guarded]:
    """Make the class of connections that are guarded as these settings say."""
    return type("Guarded", (Guarded,), {"settings": settings})


def make_room(connections: int) -> int:
    """Let the process open as many files as these connections need; give how many connections there is room for."""
    needed = connections + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return connections if soft == resource.RLIM_INFINITY else min(connections, soft - _OTHER_FILES)


def _too_large() -> str:
    return f"request line and headers have more than {LONGEST_HEAD} bytes"


def _refusing(kind: Kind, detail: str, headers: dict[str, str]) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Request(scope), ProblemError(kind, detail, headers={**REFUSAL, **headers}))(scope, receive, send)

    return refuse


def _written(kind: Kind, detail: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    body = orjson.dumps(
        {"type": kind.type, "title": kind.title, "status": kind.status, "detail": detail, "remedy": kind.remedy}
    )
    lines = [b"%s: %s\r\n" % header for header in headers]
    named = {
        "content-type": MEDIA_TYPE,
        "content-length": len(body),
        **REFUSAL,
        "connection": "close",
    }
    lines += [f"{name}: {value}\r\n".encode() for name, value in named.items()]
    return STATUS_LINE[kind.status] + b"".join(lines) + b"\r\n" + body
