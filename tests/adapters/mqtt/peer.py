"""What stands at the other end of an MQTT source: Mosquitto, behind a relay that a test can cut."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import SecretStr

from adapters.sample import VALUE_TYPES, ValueType
from adapters.sources.contract import Point, Source
from adapters.sources.mqtt import create
from adapters.sources.mqtt.settings import MqttAddress, MqttSettings
from tests.conformance.source import Report
from tests.servers.mosquitto import Mosquitto, Publisher
from tests.servers.relay import Relay

USER, PASSWORD = "collector", "s3cret"
"""Whom the broker of a peer admits."""

SIGNALS: Mapping[ValueType, str] = {kind: f"f/l/e/{kind}" for kind in VALUE_TYPES}
"""A signal of each type; its topic is `line/<type>`, its payload `{"t": <RFC 3339>, "v": <value>}`."""


def points() -> list[Point[MqttAddress]]:
    """Give a point for each of `SIGNALS`."""
    return [Point(path, kind, MqttAddress(topic=f"line/{kind}", value="v", time="t")) for kind, path in SIGNALS.items()]


def settings(port: int, **others: Any) -> MqttSettings:
    """Give settings for the broker on loopback at `port`."""
    return MqttSettings(**({"host": "127.0.0.1", "port": port, "user": USER, "password": SecretStr(PASSWORD)} | others))


@dataclass(frozen=True, slots=True)
class MosquittoPeer:
    """A broker, a relay before it, and sources that connect through the relay."""

    broker: Mosquitto
    relay: Relay
    publisher: Publisher
    source: Source
    refused: Source

    @property
    def signals(self) -> Mapping[ValueType, str]:
        return SIGNALS

    async def publish(self, reports: Sequence[Report]) -> None:
        kinds = {path: kind for kind, path in SIGNALS.items()}
        sent = [
            self.publisher.send(f"line/{kinds[one.signal]}", orjson.dumps({"t": one.time, "v": one.value}))
            for one in reports
        ]
        await self.publisher.taken(sent)

    async def publish_malformed(self, signal: str) -> None:
        kinds = {path: kind for kind, path in SIGNALS.items()}
        await self.publisher.publish(f"line/{kinds[signal]}", b'{"v": ')

    async def break_link(self) -> None:
        self.relay.cut()

    async def stop(self) -> None:
        await self.relay.stop()

    async def start(self) -> None:
        await self.relay.start()


@asynccontextmanager
async def mosquitto_peer(
    folder: Path, *, protocol: Literal["5", "3.1.1"] = "5", **options: Any
) -> AsyncIterator[MosquittoPeer]:
    """Start a broker that admits `USER` alone, and all that stands around it."""
    async with (
        Mosquitto(folder, users={USER: PASSWORD}, **options) as broker,
        Relay(broker.port) as relay,
        Publisher(broker.port, user=USER, password=PASSWORD) as publisher,
    ):
        source = create("broker", settings(relay.port, protocol=protocol), points())
        stranger = settings(relay.port, protocol=protocol, password=SecretStr("guessed"))
        yield MosquittoPeer(broker, relay, publisher, source, create("stranger", stranger, points()))
