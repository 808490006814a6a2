"""The Sparkplug source: a host application of Sparkplug B that listens, and asks for rebirths.

    connect ──► will, session, subscriptions ──► STATE online ──► rebirth asked of each edge node
            ──► messages ──► decode ──► delivery ──► settle ──► PUBACK (for those who publish with QoS 1)

Sparkplug publishes with QoS 0 in sessions that no broker keeps: what is sent while the link is down is gone. So every
link begins with nothing known; the rebirths tell how all stands, and which signals have missed nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Self

import orjson
import polars as pl

from adapters.sample import INSTANT, REFUSALS
from adapters.sources.contract import Delivery, Points
from adapters.sources.mqtt.columns import Message
from adapters.sources.mqtt.link import Link, Notice
from adapters.sources.sparkplug import topics
from adapters.sources.sparkplug.decode import Decoded, Decoder, rebirth
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings

TICK: Final = 0.5
"""Seconds after which the passing of time is looked at, when no message comes."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class SparkplugSource:
    """The edge nodes on one broker, as a source of their metrics."""

    def __init__(self, name: str, settings: SparkplugSettings, points: Points[SparkplugAddress]) -> None:
        """Prepare; nothing is opened before `connect`."""
        self._name = name
        self._settings = settings
        self._decoder = Decoder(name, points, settings)
        self._alive: datetime | None = None

    @property
    def name(self) -> str:
        """The name its line file gives it."""
        return self._name

    @property
    def resumes(self) -> bool:
        """Never: no broker keeps a session of Sparkplug. What was missed is told by rebirths and by late values."""
        return False

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open the link; yield its deliveries until it breaks.

        Raises:
            SourceUnreachableError: no answer, or a broker that says later.
            SourceRefusedError: credentials, certificate, protocol version, or no topic that may be read.
            SourceLostError: from the iterator.
        """
        settings = self._settings
        host = _Host(settings.host_id) if settings.host_id else None
        link = Link(
            self._name,
            settings.link,
            settings.client_id or f"parkline-{self._name}",
            host.notice(online=False) if host is not None else None,
        )
        try:
            await link.open([*([host.topic] if host is not None else []), *self._decoder.topics])
            if host is not None:
                link.announce(host.notice(online=True))
            alive = None if self._alive is None else (self._alive - _EPOCH) // timedelta(microseconds=1) * 1000
            opened = self._decoder.opened(time.monotonic(), time.time_ns(), alive)
            deliveries = _Deliveries(link, self._decoder, host)
            deliveries.begin(opened, self._denied(link))
            try:
                yield deliveries
            finally:
                self._alive = link.alive
                if host is not None:
                    link.announce(host.notice(online=False))
        finally:
            await link.close()

    def decode_again(self, address: str, signal: str | None, payload: bytes, received: datetime) -> Delivery:
        """Decode a message that was refused; what data calls by alias is known only while its edge node is followed."""
        instant = (received - _EPOCH) // timedelta(microseconds=1) * 1000
        decoded = self._decoder.again(Message(address, payload, len(payload), instant), signal)
        return Delivery(decoded.samples, decoded.refusals)

    def _denied(self, link: Link) -> pl.DataFrame:
        """Give the topics that the broker refuses, as refusals."""
        denied = link.denied
        return pl.DataFrame(
            {
                "source": [self._name] * len(denied),
                "address": list(denied),
                "signal": [None] * len(denied),
                "payload": [b""] * len(denied),
                "reason": list(denied.values()),
                "received": pl.repeat(datetime.now(UTC), len(denied), dtype=INSTANT, eager=True),
            },
            schema=REFUSALS,
        )


class _Host:
    """This host application, as it tells edge nodes whether it is there (Sparkplug B 3.0, 6.4.31)."""

    def __init__(self, host_id: str) -> None:
        self.topic = topics.state(host_id)
        self._timestamp = time.time_ns() // 1_000_000

    def notice(self, *, online: bool) -> Notice:
        """Give the message; all of one link have the same time stamp, so that a late will is known for what it is."""
        return Notice(self.topic, orjson.dumps({"online": online, "timestamp": self._timestamp}))

    def denied_by(self, messages: Sequence[Message]) -> bool:
        """Tell whether the last word about this host is that it is not there: the will of an earlier link of it."""
        last = next((one for one in reversed(messages) if one.topic == self.topic), None)
        if last is None:
            return False
        try:
            state = orjson.loads(last.payload)
        except orjson.JSONDecodeError:
            return True
        return not (isinstance(state, dict) and state.get("online") is True)


class _Deliveries:
    """The messages of one link, as deliveries."""

    def __init__(self, link: Link, decoder: Decoder, host: _Host | None) -> None:
        self._link = link
        self._decoder = decoder
        self._host = host
        self._opening: Delivery | None = None
        self._next_tick = 0.0

    def begin(self, opened: Decoded, denied: pl.DataFrame) -> None:
        """Ask for the first rebirths; what opening the link has told, and what was denied, is the first delivery."""
        refusals = pl.concat([opened.refusals, denied])
        self._opening = self._told(replace(opened, refusals=refusals))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        delivery, self._opening = self._opening, None
        while delivery is None:
            delivery = await self._turn()
        return delivery

    async def _turn(self) -> Delivery | None:
        """Wait for messages or for the next tick; give what is to be delivered, if anything is."""
        clock = time.monotonic()
        if clock >= self._next_tick:
            self._next_tick = clock + TICK
            if (ticked := self._told(self._decoder.tick(clock, time.time_ns()))) is not None:
                return ticked
        try:
            async with asyncio.timeout(self._next_tick - clock):
                messages, owed = await self._link.take()
        except TimeoutError:
            return None
        host = self._host
        if host is not None:
            if host.denied_by(messages):
                self._link.announce(host.notice(online=True))
            messages = [one for one in messages if one.topic != host.topic]
        return self._told(self._decoder.decode(messages, time.monotonic()), owed)

    def _told(self, decoded: Decoded, owed: Sequence[int] = ()) -> Delivery | None:
        """Ask for rebirths; give the delivery of what was decoded, where there is anything to deliver or to settle."""
        for topic in decoded.asked:
            self._link.publish(topic, rebirth(time.time_ns()))
        if decoded.empty and not owed:
            return None
        settle = partial(self._settle, owed)
        return Delivery(decoded.samples, decoded.refusals, decoded.gaps, filled=decoded.filled, settle=settle)

    async def _settle(self, owed: Sequence[int]) -> None:
        self._link.acknowledge(owed)
