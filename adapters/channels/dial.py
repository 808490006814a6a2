"""A conversation in a library that blocks, over a link that can be cut.

The link is opened by the event loop, the conversation runs in a thread of its own. When the time is over or the caller
is cancelled, the link is shut down under the conversation, which so comes to its end at once.
"""

import asyncio
import socket
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final, TypeVar

HEAD_START: Final = 0.25
"""Seconds that one address of a host has before the next is dialled, too."""

T = TypeVar("T")


async def converse(host: str, port: int, seconds: float, conversation: Callable[[socket.socket], T]) -> T:
    """Open a link and have `conversation` use it; it closes what it makes of the link, which itself is closed here.

    Raises:
        TimeoutError: it was not over after `seconds`.
        OSError: no link came up; or what `conversation` raises.
    """
    async with asyncio.timeout(seconds):
        with await _connected(host, port) as link:
            link.settimeout(seconds)
            return await _in_thread(link, conversation)


async def _connected(host: str, port: int) -> socket.socket:
    """Connect to whichever of the host's addresses answers first (RFC 8305).

    The next one is dialled as soon as one has failed, and after `HEAD_START` at the latest: one that says nothing takes
    no time from the others.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    left = found[::-1]
    dialled: set[asyncio.Task[socket.socket]] = set()
    under_way: set[asyncio.Task[socket.socket]] = set()
    problem: BaseException = OSError("it has no address")
    try:
        while left or under_way:
            if left:
                under_way.add(asyncio.create_task(_dialled(*left.pop()), name="dial"))
                dialled |= under_way
            done, under_way = await asyncio.wait(
                under_way, timeout=HEAD_START if left else None, return_when=asyncio.FIRST_COMPLETED
            )
            for one in done:
                failed = one.exception()
                if failed is None:
                    dialled.discard(one)
                    return one.result()
                problem = failed
        raise problem
    finally:
        await _hung_up(dialled)


async def _dialled(family: int, kind: int, protocol: int, name: str, address: Any) -> socket.socket:
    """Connect to one address, as `getaddrinfo` gives it."""
    del name
    link = socket.socket(family, kind, protocol)
    try:
        link.settimeout(0.0)
        await asyncio.get_running_loop().sock_connect(link, address)
    except BaseException:
        link.close()
        raise
    return link


async def _hung_up(dialled: Collection[asyncio.Task[socket.socket]]) -> None:
    """End what was dialled and is not wanted any more."""
    for one in dialled:
        if one.cancel() or one.cancelled():
            continue
        if one.exception() is None:
            one.result().close()
    if dialled:
        await asyncio.wait(dialled)


async def _in_thread(link: socket.socket, conversation: Callable[[socket.socket], T]) -> T:
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(1, "channel")
    with link.dup() as lever:  # TLS takes the link's own descriptor away
        talk = loop.run_in_executor(pool, conversation, link)
        try:
            return await asyncio.shield(talk)
        except asyncio.CancelledError:
            with suppress(OSError):
                lever.shutdown(socket.SHUT_RDWR)
            await asyncio.wait([talk])
            if not talk.cancelled():
                talk.exception()  # it is known why
            raise
        finally:
            pool.shutdown(wait=False)
