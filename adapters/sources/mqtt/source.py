"""The MQTT source: a persistent session whose messages are acknowledged when they are safe.

    connect ──► session, subscriptions ──► messages ──► decode ──► delivery ──► settle ──► PUBACK

The broker keeps what is published while the source is away and repeats what was not acknowledged, so a crash at any
moment loses nothing of QoS 1. What it may send twice it sends with the same time stamp, if the payload has one.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Self

import polars as pl

from adapters.sample import INSTANT, REFUSALS, no_samples
from adapters.sources.contract import (
    Delivery,
    Missed,
    Points,
    SourceLostError,
    SourceRefusedError,
    SourceUnreachableError,
)
from adapters.sources.mqtt import answers
from adapters.sources.mqtt.columns import Message
from adapters.sources.mqtt.decode import Decoder
from adapters.sources.mqtt.link import Link
from adapters.sources.mqtt.memory import Memory
from adapters.sources.mqtt.settings import MqttAddress, MqttSettings

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MqttSource:
    """One broker, as a source of the points that are published there."""

    def __init__(self, name: str, settings: MqttSettings, points: Points[MqttAddress]) -> None:
        """Prepare; nothing is opened before `connect`."""
        self._name = name
        self._settings = settings
        self._decoder = Decoder(name, points, settings.max_payload)
        self._resumed = False
        self._unkept: set[str] = set()
        self._alive: datetime | None = None
        self._memory = Memory()
        self._sys = any(topic.startswith("$SYS") for topic in self._decoder.topics)

    @property
    def name(self) -> str:
        """The name its line file gives it."""
        return self._name

    @property
    def resumes(self) -> bool:
        """Whether the broker still held the session, and so repeats what was missed.

        Messages that are published with QoS 0 are in no session: the first delivery reports them as missed.
        """
        return self._resumed

    @property
    def restarted(self) -> datetime | None:
        """When the broker started, UTC, where it says so: if it crashed, it resumes the session as it last saved it."""
        return self._memory.restarted

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open the link; yield its deliveries until it breaks.

        Raises:
            SourceUnreachableError: no answer, or a broker that says later.
            SourceRefusedError: credentials, certificate, protocol version, or no topic that may be read; from the
                iterator, when another client with the same client id takes the link over again and again.
            SourceLostError: from the iterator.
        """
        client_id = self._settings.client_id or f"parkline-{self._name}"
        link = Link(self._name, self._settings, client_id)
        try:
            try:
                await link.open(self._decoder.topics, asking=self._asking)
            except SourceUnreachableError:
                self._memory.failed(unanswered=link.unanswered)
                raise
            self._resumed = link.resumed
            self._memory.opened(datetime.now(UTC), link.started)
            try:
                yield _Deliveries(link, self._decoder, self._opening(link))
            except SourceLostError as error:
                if self._memory.broke(link.alive, link.started, closed=link.closed, unanswered=link.unanswered):
                    raise SourceRefusedError(self._name, answers.taken_over(client_id)) from error
                raise
            finally:
                self._unkept |= link.unkept
                self._alive = link.alive
        finally:
            await link.close()

    @property
    def _asking(self) -> bool:
        """Whether to ask since when the broker runs: where it keeps a session, and no person reads its own topics."""
        return self._memory.asks and self._settings.persistent and not self._sys

    def decode_again(self, address: str, signal: str | None, payload: bytes, received: datetime) -> Delivery:
        """Decode the payload of a message on the topic `address` as its points now say."""
        arrival = (received - _EPOCH) // timedelta(microseconds=1) * 1000
        decoded = self._decoder.again(Message(address, payload, len(payload), arrival), signal)
        return Delivery(decoded.samples, decoded.refusals)

    def _opening(self, link: Link) -> Delivery | None:
        """Give what is to be told before any message: topics refused, and what no session kept; None if nothing."""
        now = datetime.now(UTC)
        gaps: tuple[Missed, ...] = ()
        if link.resumed and self._alive is not None and (missed := self._decoder.signals(self._unkept)):
            gaps = (Missed(self._alive, now, _UNKEPT, missed),)
        if not gaps and not link.denied:
            return None
        refusals = pl.DataFrame(
            {
                "source": [self._name] * len(link.denied),
                "address": list(link.denied),
                "signal": [None] * len(link.denied),
                "payload": [b""] * len(link.denied),
                "reason": list(link.denied.values()),
                "received": pl.repeat(now, len(link.denied), dtype=INSTANT, eager=True),
            },
            schema=REFUSALS,
        )
        return Delivery(no_samples(), refusals, gaps)


_UNKEPT = "the publisher sends with QoS 0, which no session keeps while the link is down; have it send with QoS 1"


class _Deliveries:
    """The messages of one link, as deliveries."""

    def __init__(self, link: Link, decoder: Decoder, opening: Delivery | None) -> None:
        self._link = link
        self._decoder = decoder
        self._opening = opening

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        if self._opening is not None:
            opening, self._opening = self._opening, None
            return opening
        messages, owed = await self._link.take()
        decoded = self._decoder.decode(messages)
        if decoded.strangers:
            self._link.unsubscribe(sorted(decoded.strangers))
        return Delivery(decoded.samples, decoded.refusals, settle=partial(self._settle, owed))

    async def _settle(self, owed: Sequence[int]) -> None:
        self._link.acknowledge(owed)
