"""An open loop: a request leaves when it is due, whether or not those before it are answered.

A closed loop, as wrk's, waits for a slow server and so asks it less just when it is slow. Here latency counts from when
a request was due (nothing is left out by coordination), and a connection is opened whenever all others are busy.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

PATIENCE_S: Final = 30.0
"""Seconds after the last request within which all must be answered."""


@dataclass(slots=True)
class Answered:
    """What came of the requests."""

    seconds: list[float] = field(default_factory=list)
    """Of each, from when it was due until the last byte of its answer."""

    late: list[float] = field(default_factory=list)
    """Of each, by how much this client itself sent it after it was due."""

    bad: int = 0
    """How many were answered with anything but 200, or not at all."""

    connections: int = 0
    """How many connections it took."""


class _Connection(asyncio.Protocol):
    """One kept connection with one request at a time; answers must have a Content-Length."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._head = b""
        self._left = -1
        self._good = False
        self._done: Callable[[bool], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # it is one of TCP
        self._transport = transport

    def ask(self, request: bytes, done: Callable[[bool], None]) -> None:
        """Send; call `done` when it is answered."""
        assert self._transport is not None
        self._head, self._left, self._done = b"", -1, done
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._left < 0:
            self._head += data
            head, end, rest = self._head.partition(b"\r\n\r\n")
            if not end:
                return
            lines = head.lower().split(b"\r\n")
            self._good = lines[0].startswith(b"http/1.1 200")
            self._left = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
            data = rest
        self._left -= len(data)
        if self._left == 0:
            self._end(good=self._good)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._end(good=False)

    @property
    def is_open(self) -> bool:
        """Whether it can be asked."""
        return self._transport is not None

    def close(self) -> None:
        """Close it."""
        if self._transport is not None:
            self._transport.close()

    def _end(self, *, good: bool) -> None:
        done, self._done, self._left = self._done, None, -1
        if done is not None:
            done(good)


async def ask_steadily(host: str, port: int, request: bytes, *, per_second: float, seconds: float) -> Answered:
    """Ask the same so many times a second, at even distances."""
    loop = asyncio.get_running_loop()
    answered = Answered()
    free: list[_Connection] = []
    under_way: set[asyncio.Task[None]] = set()

    async def one(due: float) -> None:
        connection = free.pop() if free else None
        if connection is None or not connection.is_open:
            _, connection = await loop.create_connection(_Connection, host, port)
            answered.connections += 1
        ended: asyncio.Future[bool] = loop.create_future()
        answered.late.append(time.perf_counter() - due)
        connection.ask(request, ended.set_result)
        good = await ended
        answered.seconds.append(time.perf_counter() - due)
        answered.bad += not good
        free.append(connection)

    begun = time.perf_counter()
    for number in range(int(per_second * seconds)):
        due = begun + number / per_second
        if (wait := due - time.perf_counter()) > 0:
            await asyncio.sleep(wait)
        task = asyncio.create_task(one(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*under_way)
    for connection in free:
        connection.close()
    return answered
