"""The wire between paho and the broker: asyncio carries the bytes, paho reads and writes them as from a socket.

paho reads a packet in three calls and writes each acknowledgement in one; on a socket every one of them is a system
call, and connecting blocks. Here they are slices of what asyncio read at once and parts of what it writes at once, and
names are resolved, links opened and TLS agreed on without blocking anybody.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

_SHUTDOWN = 2.0
"""Seconds that the other end has to close the link after the farewell, before it is cut."""


class Wire(asyncio.Protocol):
    """One link, seen from asyncio as a protocol and from paho as a socket (its `SocketLike`)."""

    def __init__(self, on_bytes: Callable[[], None], on_end: Callable[[Exception | None], None]) -> None:
        """Tell `on_bytes` that there is something to read, and `on_end` that the link has ended, with its error."""
        self._on_bytes = on_bytes
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._unread = b""
        self._at = 0
        self._unsent = bytearray()
        self._closed = asyncio.Event()
        self._ending = False
        self.held = False
        """Whether the link is not read from for now."""
        self.heard = datetime.now(UTC)
        """When bytes last came, UTC; at first, when the wire was made."""
        self.silent_since = self._loop.time()
        """The same by the loop's clock, and not before reading was last taken up again."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the open link (asyncio calls this)."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take what came (asyncio calls this)."""
        if self._ending:
            return
        self.heard = datetime.now(UTC)
        self.silent_since = self._loop.time()
        self._unread = self._unread[self._at :] + data if self.unread else data
        self._at = 0
        self._on_bytes()

    def connection_lost(self, exc: Exception | None) -> None:
        """Note the end (asyncio calls this)."""
        self._closed.set()
        self._on_end(exc)

    @property
    def connected(self) -> bool:
        """Whether the connection has ever come up."""
        return self._transport is not None

    @property
    def unread(self) -> int:
        """How many bytes wait to be read."""
        return len(self._unread) - self._at

    def look(self) -> tuple[bytes, int]:
        """Give what came and from where on it is unread, without reading it."""
        return self._unread, self._at

    def skip(self, at: int) -> None:
        """Take for read what stands before `at`."""
        self._at = at

    def drop(self) -> None:
        """Take for read all that came."""
        self._at = len(self._unread)

    def hold(self) -> None:
        """Stop reading from the link, so that the other end is held back."""
        if self._open is not None and not self.held:
            self.held = True
            self._open.pause_reading()

    def resume(self) -> None:
        """Read from the link again."""
        if self._open is not None and self.held:
            self.held = False
            self.silent_since = self._loop.time()
            self._open.resume_reading()

    def recv(self, buffer_size: int, /) -> bytes:
        """Give paho up to so many bytes of what came."""
        start = self._at
        piece = self._unread[start : start + buffer_size]
        if not piece:
            raise BlockingIOError
        self._at = start + len(piece)
        return piece

    def send(self, buffer: bytes | bytearray, /) -> int:
        """Take all that paho writes; it leaves together with what else is written in this turn of the loop."""
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent += buffer
        return len(buffer)

    def close(self) -> None:
        """Send what is written and close the link; harmless when it is closed."""
        if self._open is not None:
            self._flush()
            self._open.close()

    def fileno(self) -> int:
        """Give paho no file descriptor: it must not wait on one by itself."""
        return -1

    def setblocking(self, flag: bool, /) -> None:  # noqa: FBT001 - the signature of a socket
        """Do nothing: this never blocks."""

    async def end(self, farewell: bytes) -> None:
        """Send what is written and the farewell, wait until the other end has closed the link, or cut it after 2 s.

        Who has closed it has read all that was sent. Without waiting, a link opened at once afterwards would overtake
        the last receipts. What still comes is read and dropped. Without a farewell the link is closed from here.
        """
        if self._transport is None:
            return
        self._ending = True
        if farewell and self._open is not None:
            self.resume()
            self.send(farewell)
            self._flush()
        else:
            self.close()
        try:
            async with asyncio.timeout(_SHUTDOWN):
                await self._closed.wait()
        except TimeoutError:
            pass
        finally:
            self._transport.abort()

    @property
    def _open(self) -> asyncio.Transport | None:
        """The transport, unless it is not there yet or closes already."""
        return None if self._transport is None or self._transport.is_closing() else self._transport

    def _flush(self) -> None:
        if self._unsent and self._open is not None:
            self._open.write(bytes(self._unsent))
        self._unsent.clear()
