"""A conversation in a library that blocks, over a link that can be cut.

The link is opened by the event loop, the conversation runs in a thread of its own. When the time is over or the caller
is cancelled, the link is shut down under the conversation, which so comes to its end at once.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

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
    """Connect to the first of the host's addresses that answers."""
    loop = asyncio.get_running_loop()
    problem = OSError("it has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        link = socket.socket(family, kind, protocol)
        link.settimeout(0.0)
        try:
            await loop.sock_connect(link, address)
        except OSError as error:
            link.close()
            problem = error
        except BaseException:
            link.close()
            raise
        else:
            return link
    raise problem


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
