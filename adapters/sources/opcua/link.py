"""An open link: publish requests out, notifications in, deliveries to whoever reads.

    server ──► PublishResponse ──► backlog (bytes, bounded) ──► decode ──► Delivery
       ▲                              │ full
       └── PublishRequest ◄───────────┘ not sent until there is room again

A few PublishRequests are always under way, so that the server never waits for one. Responses are put into the backlog
as they came and are decoded when somebody reads: many small ones then cost as much as one large one, and a slow reader
gets large batches. When the backlog is full no request is sent. The server then keeps the values in its own queues, and
when those overflow it marks the values before which some are lost, which the decoder turns into gaps.

The link breaks when the connection does, when the server ends session or subscription, and when it is silent for too
long although it was asked to speak. What had arrived until then is still delivered first.
"""

import asyncio
import time
from collections import deque
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Self

import structlog
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.status_codes import get_name_and_doc
from asyncua.ua.uaerrors import BadTimeout, BadTooManyPublishRequests

from adapters.sources.contract import Delivery, Points, SourceLostError
from adapters.sources.opcua.binary import MalformedError
from adapters.sources.opcua.decode import Absent, Arrival, Decoded, Decoder, absent
from adapters.sources.opcua.faults import TROUBLE, breaking
from adapters.sources.opcua.notification import Notification, read_notification
from adapters.sources.opcua.session import Session
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from adapters.sources.opcua.subscription import Terms

REQUESTS: Final = 4
"""PublishRequests under way: one being answered, and some for the server to answer next."""

BACKLOG: Final = 16 * 2**20
"""Bytes of notifications that wait to be read, before no more are asked for."""

PER_DELIVERY: Final = 512 * 2**10
"""Bytes of notifications that go into one delivery: ten to twenty thousand changes, decoded in some 20 ms."""

_OVERHEAD: Final = 100
"""Bytes that a notification takes whatever it says."""

_NUMBERS: Final = 2**32 - 1
"""How many sequence numbers there are: after the last comes 1."""

_RENEW_AT: Final = 0.75
"""When in the life of a secure channel's keys new ones are asked for (OPC 10000-4, 5.5.2.1)."""

_log = structlog.get_logger()


class Link:
    """One open link; an iterator of deliveries."""

    def __init__(
        self,
        source: str,
        settings: OpcuaSettings,
        client: Client,
        session: Session,
        terms: Terms,
        points: Points[OpcuaAddress],
    ) -> None:
        """Begin to publish; `stop` ends it."""
        self._source = source
        self._client = client
        self._session = session
        self._terms = terms
        self._patience = max(settings.keepalive, 2 * terms.heartbeat).total_seconds()
        self._heard = time.time_ns()
        self._quiet_since = asyncio.get_running_loop().time()
        self._decoder = Decoder(source, points, settings.time, self._heard)
        self._ready: deque[Decoded] = deque()
        self._backlog: deque[Arrival] = deque()
        self._size = 0
        self._room = asyncio.Event()
        self._room.set()
        self._news = asyncio.Event()
        self._failure: BaseException | None = None
        self._next: int | None = None
        self._acknowledgements: list[ua.SubscriptionAcknowledgement] = []
        self._publishers = REQUESTS
        self._tasks: list[asyncio.Task[None]] = []
        for number in range(1, REQUESTS + 1):
            self._spawn(self._publish(), f"publish {number}")
        self._spawn(self._watch(), "watch")
        self._spawn(self._renew(), "renew")

    def __aiter__(self) -> Self:
        """Iterate over the deliveries."""
        return self

    async def __anext__(self) -> Delivery:
        """Give the next delivery; raises SourceLostError once the link is broken and all that came is delivered."""
        while True:
            if self._ready or self._backlog:
                decoded = self._ready.popleft() if self._ready else self._decoder.decode(self._fetch())
                if decoded.samples.height or decoded.refusals.height or decoded.gaps:
                    return Delivery(decoded.samples, decoded.refusals, decoded.gaps)
            elif self._failure is not None:
                raise self._failure
            else:
                self._news.clear()
                await self._news.wait()

    def tell(self, absentees: Sequence[Absent]) -> None:
        """Have the next delivery say which points the server does not serve."""
        self._ready.append(absent(self._source, absentees, time.time_ns()))
        self._news.set()

    async def stop(self) -> None:
        """End all that is under way; the session stays open."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _fetch(self) -> list[Arrival]:
        """Take the next arrivals out of the backlog, as many as make a delivery."""
        taken: list[Arrival] = []
        size = 0
        while self._backlog and size < PER_DELIVERY:
            taken.append(self._backlog.popleft())
            size += _size(taken[-1].notification)
        self._size -= size
        if self._size < BACKLOG // 2 and not self._room.is_set():
            self._quiet_since = asyncio.get_running_loop().time()
            self._room.set()
        return taken

    async def _publish(self) -> None:
        """Keep one PublishRequest under way, while there is room for what answers it."""
        while True:
            await self._room.wait()
            acknowledgements, self._acknowledgements = self._acknowledgements, []
            try:
                body = await self._session.publish_raw(acknowledgements)
            except BadTimeout:
                continue
            except BadTooManyPublishRequests:
                self._publishers -= 1
                if self._publishers:
                    return
                raise
            self._take(body)

    def _take(self, body: bytes) -> None:
        """Put what arrived into the backlog."""
        received = time.time_ns()
        try:
            notification = read_notification(body)
        except MalformedError as error:
            reason = f"a message of the server cannot be read ({error})"
            raise self._lost(reason) from error
        ua.StatusCode(ua.UInt32(notification.result)).check()
        self._heard, self._quiet_since = received, asyncio.get_running_loop().time()
        if notification.subscription != self._terms.id:
            _log.warning("opcua foreign subscription", source=self._source, subscription=notification.subscription)
            return
        self._backlog.append(Arrival(notification, received, self._missing(notification)))
        self._size += _size(notification)
        if self._size >= BACKLOG and self._room.is_set():
            _log.info("opcua server held back", source=self._source, waiting=self._size)
            self._room.clear()
        if notification.ended is not None:
            reason = f"the server ended the subscription with {get_name_and_doc(notification.ended)[0]}"
            raise self._lost(reason)
        self._news.set()

    def _missing(self, notification: Notification) -> int:
        """Acknowledge a notification; tell how many before it never arrived."""
        if not notification.content:
            return 0
        number = notification.sequence
        self._acknowledgements.append(
            ua.SubscriptionAcknowledgement(SubscriptionId=self._terms.id, SequenceNumber=number)
        )
        skipped = 0 if self._next is None else (number - self._next) % _NUMBERS
        if skipped > _NUMBERS // 2:  # an old one once more: it is no news about what is missing
            return 0
        self._next = number % _NUMBERS + 1
        return skipped

    async def _watch(self) -> None:
        """Break the link when the server, although asked, says nothing for too long."""
        clock = asyncio.get_running_loop().time
        while True:
            await self._room.wait()
            silence = clock() - self._quiet_since
            if silence >= self._patience and self._room.is_set():
                reason = f"the server said nothing for {silence:.1f} s; the network or the server is down"
                raise self._lost(reason)
            await asyncio.sleep(max(self._patience - silence, 0))

    async def _renew(self) -> None:
        """Renew the keys of the secure channel before they expire."""
        while True:
            await asyncio.sleep(self._client.secure_channel_timeout / 1000 * _RENEW_AT)
            await self._client.open_secure_channel(renew=True)
            self._client.uaclient.revolve_security_token()

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(work, name=f"opcua {self._source} {name}")
        task.add_done_callback(self._ended)
        self._tasks.append(task)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Have the reader learn why a task failed: first of all the first."""
        error = None if task.cancelled() else task.exception()
        if error is None or self._failure is not None:
            return
        self._failure = error
        if isinstance(error, TROUBLE):
            self._failure = self._lost(breaking(error))
            self._failure.__cause__ = error
        self._news.set()

    def _lost(self, reason: str) -> SourceLostError:
        alive = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self._heard // 1000)
        return SourceLostError(self._source, reason, alive=alive)


def _size(notification: Notification) -> int:
    return notification.size + _OVERHEAD
