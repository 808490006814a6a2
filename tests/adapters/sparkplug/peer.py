"""What stands at the other end of a Sparkplug source: an edge node on Mosquitto, behind a relay that a test can cut."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from adapters.sample import VALUE_TYPES, ValueType
from adapters.sources.contract import Delivery, Point, Source
from adapters.sources.sparkplug import create
from adapters.sources.sparkplug.settings import SparkplugAddress, SparkplugSettings
from tests.conformance.source import Report
from tests.servers.edge_node import BOOLEAN, DOUBLE, INT64, STRING, Change, EdgeNode, Metric
from tests.servers.mosquitto import Mosquitto
from tests.servers.relay import Relay

USER, PASSWORD = "collector", "s3cret"
"""Whom the broker of a peer admits."""

DATATYPES: Mapping[ValueType, int] = {"float": DOUBLE, "int": INT64, "bool": BOOLEAN, "text": STRING}
"""How the metrics of a peer are typed."""

SIGNALS: Mapping[ValueType, str] = {kind: f"f/l/e/{kind}" for kind in VALUE_TYPES}
"""A signal of each type; its metric is called as its type, on the device `press` of the edge node `works/gateway`."""

KINDS: Mapping[str, ValueType] = {path: kind for kind, path in SIGNALS.items()}


def point(signal: str, metric: str, kind: ValueType = "float", device: str = "press") -> Point[SparkplugAddress]:
    """A point on the edge node."""
    return Point(signal, kind, SparkplugAddress(metric=metric, group="works", node="gateway", device=device))


def points() -> list[Point[SparkplugAddress]]:
    """Give a point for each of `SIGNALS`."""
    return [point(path, kind, kind) for kind, path in SIGNALS.items()]


def settings(port: int, **others: Any) -> SparkplugSettings:
    """Give settings for the broker on loopback at `port`."""
    given = {"host": "127.0.0.1", "port": port, "user": USER, "password": SecretStr(PASSWORD)}
    return SparkplugSettings(**(given | others))


class Asking:
    """A source whose link counts as open when the edge node has answered its first question."""

    def __init__(self, source: Source, node: EdgeNode) -> None:
        self._source = source
        self._node = node

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def resumes(self) -> bool:
        return self._source.resumes

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[Delivery]]:
        births = self._node.births
        async with self._source.connect() as deliveries:
            await self._node.until_births(births + 1)
            yield deliveries


@dataclass(frozen=True, slots=True)
class EdgePeer:
    """A broker, a relay before it, an edge node, and sources that connect through the relay."""

    broker: Mosquitto
    relay: Relay
    node: EdgeNode
    source: Source
    refused: Source

    @property
    def signals(self) -> Mapping[ValueType, str]:
        return SIGNALS

    async def publish(self, reports: Sequence[Report]) -> None:
        changes = [Change(KINDS[one.signal], one.value, one.time) for one in reports]
        await self.node.report_each("press", *changes)

    async def publish_malformed(self, signal: str) -> None:
        del signal
        await self.node.send("DDATA", "press", b"\xffno protobuf")

    async def break_link(self) -> None:
        self.relay.cut()

    async def stop(self) -> None:
        await self.relay.stop()

    async def start(self) -> None:
        await self.relay.start()


@asynccontextmanager
async def edge_peer(
    folder: Path, *, qos: int = 0, broker: Mapping[str, Any] | None = None, **others: Any
) -> AsyncIterator[EdgePeer]:
    """Start a broker that admits `USER` alone, an edge node, and all that stands around them."""
    metrics: dict[str, Metric] = {kind: Metric(datatype) for kind, datatype in DATATYPES.items()}
    async with (
        Mosquitto(folder, users={USER: PASSWORD}, **(broker or {})) as mosquitto,
        Relay(mosquitto.port) as relay,
        EdgeNode(mosquitto.port, {"": {}, "press": metrics}, user=USER, password=PASSWORD, qos=qos) as node,
    ):
        source = create("edge", settings(relay.port, **others), points())
        stranger = settings(relay.port, **(others | {"password": SecretStr("guessed")}))
        yield EdgePeer(mosquitto, relay, node, Asking(source, node), create("stranger", stranger, points()))
