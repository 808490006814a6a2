"""The source: what `adapters.sources.contract` asks, put together from the parts of this folder.

session.py        connect and log in
subscription.py   subscribe to the points' nodes
link.py           publish, hold back, break
history.py        read what the server has kept itself
decode.py         bytes to batches
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from adapters.sources.contract import Delivery, Points, SourceRefusedError
from adapters.sources.opcua.changes import Refused
from adapters.sources.opcua.decode import decode_again
from adapters.sources.opcua.faults import TROUBLE, opening, plain_cancellation
from adapters.sources.opcua.history import OpcuaHistory
from adapters.sources.opcua.link import Link
from adapters.sources.opcua.session import close_session, open_session
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from adapters.sources.opcua.subscription import monitor, subscribe

_log = structlog.get_logger()

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class OpcuaSource:
    """One OPC UA server."""

    def __init__(self, name: str, settings: OpcuaSettings, points: Points[OpcuaAddress]) -> None:
        """Read `points` from the server of `settings`; nothing is opened before `connect`."""
        self._name = name
        self._settings = settings
        self._points = points

    @property
    def name(self) -> str:
        """The name its line file gives it."""
        return self._name

    @property
    def resumes(self) -> bool:
        """False: what changes while the link is down is not sent later."""
        return False

    @property
    def remembers(self) -> bool:
        """Whether the server is asked for its history."""
        return self._settings.history and self._settings.time != "received"

    @asynccontextmanager
    async def history(self) -> AsyncIterator[OpcuaHistory]:
        """Open the server's history, in a session of its own; raises as `connect` does while opening."""
        client, session = await open_session(self._name, self._settings)
        try:
            yield OpcuaHistory(self._name, self._settings, session, self._points)
        finally:
            await close_session(self._name, client)

    def decode_again(self, address: str, signal: str | None, payload: bytes, received: datetime) -> Delivery:
        """Decode a change as it came from the server; its node may have another id by now, so its signal counts."""
        arrival = (received - _EPOCH) // timedelta(microseconds=1) * 1000
        change = Refused(0, payload, "", arrival)
        decoded = decode_again(self._name, self._points, self._settings.time, change, signal, node=address)
        return Delivery(decoded.samples, decoded.refusals)

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open the link; the first delivery has every node's present value, and a refusal for each node not served.

        Raises:
            SourceUnreachableError: no answer while opening, or one that means later.
            SourceRefusedError: an answer that forbids opening; none of the nodes is served.
            SourceLostError: from the iterator, when the open link breaks.
        """
        name, settings, points = self._name, self._settings, self._points
        client, session = await open_session(name, settings)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(close_session, name, client)
            try:
                with plain_cancellation():
                    terms = await subscribe(name, settings, session)
                    link = Link(name, settings, client, session, terms, points)
                    stack.push_async_callback(link.stop)
                    absent = await monitor(name, settings, session, terms, points)
            except TROUBLE as error:
                raise opening(name, settings, error) from error
            if len(absent) == len(points):
                more = f" (and so for all {len(points)} nodes)" if len(points) > 1 else ""
                raise SourceRefusedError(name, absent[0].reason + more)
            if absent:
                _log.warning("opcua nodes not served", source=name, nodes=len(absent), first=absent[0].reason)
                link.tell(absent)
            _log.info("opcua link open", source=name, nodes=len(points) - len(absent))
            yield link
