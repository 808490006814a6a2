"""A conversation that blocks can be cut at any time, and leaves no thread and no link."""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from adapters.channels import dial
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


def several(monkeypatch: pytest.MonkeyPatch, *ports: int) -> None:
    """Let a host have several addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port)) for port in ports]

    async def look_up(*_: Any, **__: Any) -> list[Any]:
        return found

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up)


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[int], Awaitable[None]]) -> list[socket.socket]:
    """Let `answer` be what comes of connecting to a port; give the links, in the order in which they were dialled."""
    links: list[socket.socket] = []

    async def connect(link: socket.socket, address: tuple[str, int]) -> None:
        links.append(link)
        await answer(address[1])

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    return links


async def test_an_address_that_says_nothing_takes_no_time_from_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(port: int) -> None:
        if port < 3:
            await asyncio.Event().wait()

    several(monkeypatch, 1, 2, 3)
    links = answering(monkeypatch, answer)
    async with asyncio.timeout(AT_ONCE):
        used = await converse("host", 25, 60, lambda link: link)
    assert [link is used for link in links] == [False, False, True]
    assert {link.fileno() for link in links} == {-1}


@pytest.mark.parametrize("end", ["timeout", "cancel"])
async def test_dialling_ends_when_the_time_is_over_and_when_it_is_cancelled(
    monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    both = asyncio.Event()

    async def answer(port: int) -> None:
        if port == 2:
            both.set()
        await asyncio.Event().wait()

    several(monkeypatch, 1, 2)
    links = answering(monkeypatch, answer)
    monkeypatch.setattr(dial, "HEAD_START", 0)
    talk = asyncio.create_task(converse("host", 25, 0.2 if end == "timeout" else 60, read), name="talk")
    async with asyncio.timeout(AT_ONCE):
        await both.wait()
        if end == "cancel":
            talk.cancel()
        with pytest.raises(TimeoutError if end == "timeout" else asyncio.CancelledError):
            await talk
    assert [link.fileno() for link in links] == [-1, -1]


async def test_after_one_that_refuses_the_next_is_dialled_at_once(
    monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    monkeypatch.setattr(dial, "HEAD_START", 60)
    async with Silence() as peer, asyncio.timeout(AT_ONCE):
        several(monkeypatch, free_port(), peer.port)
        assert await converse("host", 25, 60, lambda link: link.getpeername()[1]) == peer.port


async def test_of_two_that_answer_one_is_used_and_the_other_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    both = asyncio.Event()

    async def answer(port: int) -> None:
        if port == 2:
            both.set()
        await both.wait()

    several(monkeypatch, 1, 2)
    links = answering(monkeypatch, answer)
    monkeypatch.setattr(dial, "HEAD_START", 0)
    states = await converse("host", 25, 5, lambda _: [link.fileno() >= 0 for link in links])
    assert sorted(states) == [False, True]


@pytest.fixture
def free_port() -> Callable[[], int]:
    def find() -> int:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
            return port

    return find
