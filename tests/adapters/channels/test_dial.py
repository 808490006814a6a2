"""A conversation that blocks can be cut at any time, and leaves no thread and no link."""

import asyncio
import socket
import threading
from collections.abc import Callable

import pytest

from adapters.channels.dial import converse
from tests.conformance.channel import AT_ONCE, Silence


def read(link: socket.socket) -> bytes:
    return link.recv(1)


async def test_it_gives_what_the_conversation_gives() -> None:
    async with Silence() as peer:
        assert await converse("localhost", peer.port, 5, lambda link: link.getpeername()[1]) == peer.port
        async with asyncio.timeout(AT_ONCE):
            await peer.left.wait()


async def test_it_raises_what_the_conversation_raises() -> None:
    def fail(link: socket.socket) -> None:
        raise LookupError(link.family)

    async with Silence() as peer:
        with pytest.raises(LookupError):
            await converse("127.0.0.1", peer.port, 5, fail)


@pytest.mark.parametrize("end", ["timeout", "cancel"])
async def test_it_ends_when_the_time_is_over_and_when_it_is_cancelled(end: str) -> None:
    ended = threading.Event()

    def wait(link: socket.socket) -> bytes:
        try:
            return read(link)
        finally:
            ended.set()

    async with Silence() as peer, asyncio.timeout(AT_ONCE):
        talk = asyncio.create_task(converse("127.0.0.1", peer.port, 0.2 if end == "timeout" else 60, wait), name="talk")
        await peer.reached.wait()
        if end == "cancel":
            talk.cancel()
        with pytest.raises(TimeoutError if end == "timeout" else asyncio.CancelledError):
            await talk
        assert ended.is_set()
        await peer.left.wait()


@pytest.mark.parametrize(
    ("host", "error"), [("127.0.0.1", ConnectionRefusedError), ("nobody.invalid", socket.gaierror)]
)
async def test_nobody_there(host: str, error: type[OSError], free_port: Callable[[], int]) -> None:
    with pytest.raises(error):
        await converse(host, free_port(), 5, read)


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
            return port

    return find
