"""A machine played from a recording: real servers that real sources connect to.

    recording ─ replay source ─► Machine ─┬─► OPC UA server (asyncua), a node per signal
                                          └─► MQTT broker (amqtt), a topic per group of signals

It offers what the line file asks for: nodes and topics, JSON payloads laid out by the value paths. Nothing of
parkline's ingest is used on this side of the wire but the reader of recorded files.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol, Self
from urllib.parse import urlsplit

import orjson
import polars as pl

from adapters.registry import source_kind
from adapters.sample import VALUE_TYPES, is_bad
from adapters.sources.contract import Point
from collector.park import Park, Signal, SourceConfig

BAD_WAITING: Final = 0x8032_0000
"""BadWaitingForInitialData: what an OPC UA variable says before its first value."""

BURST: Final = 256
"""Values written before others get a turn on the event loop."""


IN_FLIGHT: Final = 200
"""MQTT messages that may wait for their acknowledgement before more are published."""

GLANCE: Final = 0.005
"""Seconds between two looks at what is in flight."""


class Peer(Protocol):
    """One server of the machine: takes samples of the signals that one source reads."""

    ahead: int
    """How many samples it can hold that the collector has not taken yet."""

    async def write(self, samples: pl.DataFrame) -> None:
        """Offer samples (columns of `SAMPLES`), in order, to whoever listens."""


class OpcUaPeer:
    """The machine's OPC UA server: a variable per signal, under one object."""

    ahead = 5000  # half of the queue that the line file asks for, should all of them be one node's

    def __init__(self, config: SourceConfig, signals: Sequence[Signal]) -> None:
        self._endpoint = str(config.settings.model_dump()["endpoint"])
        self._signals = signals
        self._write: dict[str, Callable[[Any, int, datetime], Any]] = {}

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Self]:
        """Listen at the endpoint that the source's settings name."""
        from asyncua import ua
        from asyncua.server.server import Server

        kinds: dict[str, tuple[Any, Any]] = {
            "float": (ua.VariantType.Double, 0.0),
            "int": (ua.VariantType.Int64, 0),
            "bool": (ua.VariantType.Boolean, False),
            "text": (ua.VariantType.String, ""),
        }
        waiting = ua.StatusCode(ua.UInt32(BAD_WAITING))
        server = Server()
        await server.init()
        server.set_endpoint(self._endpoint)
        server.set_server_name("parkline demo machine")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        machine = await server.nodes.objects.add_object(await server.register_namespace("urn:parkline:demo"), "Machine")
        for signal in self._signals:
            uri, _, name = str(signal.address.model_dump()["node"]).removeprefix("nsu=").partition(";")
            node = ua.NodeId.from_string(f"ns={await server.register_namespace(uri)};{name}")
            kind, first = kinds[signal.type]
            await machine.add_variable(node, signal.name, first, kind)
            await server.write_attribute_value(node, ua.DataValue(ua.Variant(), waiting))
            self._write[signal.path] = _writer(server, node, kind)
        async with server:
            yield self

    async def write(self, samples: pl.DataFrame) -> None:
        """Set each value, with its source time and status, as the machine would."""
        rows = samples.select("signal", "time", _value(), "status").iter_rows()
        for count, (signal, time, value, status) in enumerate(rows):
            await self._write[signal](value, status, time)
            if count % BURST == 0:
                await asyncio.sleep(0)


def _writer(server: Any, node: Any, kind: Any) -> Callable[[Any, int, datetime], Any]:
    from asyncua import ua

    def write(value: Any, status: int, time: datetime) -> Any:
        offered = ua.Variant() if value is None else ua.Variant(value, kind)
        return server.write_attribute_value(
            node,
            ua.DataValue(offered, ua.StatusCode(ua.UInt32(status)), _time(time), _time(datetime.now(UTC))),
        )

    return write


def _time(instant: datetime) -> Any:
    """Give an instant as asyncua's own type: the same, to the microsecond."""
    from asyncua import ua

    return ua.DateTime(*instant.timetuple()[:6], instant.microsecond, UTC)


class MqttPeer:
    """The machine's MQTT gateway: a broker, and one JSON message per topic and instant."""

    ahead = 50_000  # the broker keeps them in memory

    def __init__(self, config: SourceConfig, signals: Sequence[Signal]) -> None:
        settings = config.settings.model_dump()
        self._bind = f"{settings['host']}:{settings['port']}"
        self._addresses = {signal.path: signal.address.model_dump() for signal in signals}
        self._broker: Any = None

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Self]:
        """Listen where the source's settings say."""
        from amqtt.broker import Broker

        self._broker = Broker(
            {
                "listeners": {"default": {"type": "tcp", "bind": self._bind, "max_connections": 100}},
                "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
            }
        )
        await self._broker.start()
        try:
            yield self
        finally:
            await self._broker.shutdown()

    async def write(self, samples: pl.DataFrame) -> None:
        """Publish the samples, those of one topic and instant in one message, at QoS 1."""
        messages: dict[tuple[str, datetime, int], dict[str, Any]] = {}
        rows = samples.select("signal", pl.col("time").dt.cast_time_unit("us"), _value(), "status").iter_rows()
        for signal, time, value, status in rows:
            address = self._addresses[signal]
            payload = messages.setdefault((address["topic"], time, status), {})
            _put(payload, address["time"], time)
            _put(payload, address["status"], status)
            _put(payload, address["value"], value)
        for (topic, _, _), payload in messages.items():
            await self._broker.internal_message_broadcast(topic, orjson.dumps(payload, option=orjson.OPT_UTC_Z), 1)
        # amqtt gives up on an acknowledgement after 5 s: it is given no more than is soon acknowledged.
        await asyncio.sleep(0)
        while any(session.inflight_out_count > IN_FLIGHT for session, _ in self._broker.sessions.values()):  # noqa: ASYNC110 - amqtt has no event
            await asyncio.sleep(GLANCE)


def _put(payload: dict[str, Any], path: str, value: Any) -> None:
    """Set `a.b.c` in nested objects; an empty path is not offered."""
    if not path:
        return
    *parents, leaf = path.split(".")
    for parent in parents:
        payload = payload.setdefault(parent, {})
    payload[leaf] = value


def _value() -> pl.Expr:
    """The one value of each row, as a Python object of its own type."""
    return pl.struct(VALUE_TYPES).map_elements(_only, return_dtype=pl.Object).alias("value")


def _only(row: Mapping[str, Any]) -> Any:
    return next((value for value in row.values() if value is not None), None)


PEERS: Final[Mapping[str, type[OpcUaPeer] | type[MqttPeer]]] = {"opcua": OpcUaPeer, "mqtt": MqttPeer}
"""Which server the machine offers to which kind of source."""


@dataclass(frozen=True, slots=True)
class Played:
    """What was offered at one time."""

    sent: pl.DataFrame
    """The samples, columns of `SAMPLES`."""

    counts: dict[str, int]
    """Samples by source, of these."""

    fraction: float
    """How much of the recording is played, 0 to 1."""


class Machine:
    """A recording, played into the servers that the sources of a park connect to."""

    def __init__(
        self, park: Park, recordings: Sequence[Path], *, pace: float | None = None, begin: datetime | None = None
    ) -> None:
        """Make it; nothing listens before `serve`.

        Args:
            park: whose sources it serves.
            recordings: files to play, one after the other.
            pace: how many times real time; None: as fast as it goes.
            begin: recorded time, UTC, from which the pace is kept; what was recorded earlier is played at once.
        """
        self._signals = park.signals
        self._sources = {name: one for name, one in park.sources.items() if one.kind in PEERS}
        self._recordings = recordings
        self._pace = pace
        self._begin = begin
        self._peers: dict[str, Peer] = {}

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of the sources that it serves."""
        return tuple(self._sources)

    def ahead(self, source: str) -> int:
        """Give how many samples its server for `source` can hold that the collector has not taken yet."""
        return PEERS[self._sources[source].kind].ahead

    @asynccontextmanager
    async def serve(self) -> AsyncIterator[Self]:
        """Open its servers; they close with the block."""
        async with AsyncExitStack() as stack:
            for name, config in self._sources.items():
                signals = [signal for signal in self._signals.values() if signal.source == name]
                self._peers[name] = await stack.enter_async_context(PEERS[config.kind](config, signals).serve())
            yield self

    async def play(self) -> AsyncIterator[Played]:
        """Play the recording once; what is yielded has been offered, and the next is played when it is asked for."""
        kind = source_kind("replay")
        settings = kind.settings.model_validate(
            {"files": self._recordings, "pace": self._pace, "begin": self._begin, "rows": BURST}
        )
        points = [
            Point(signal.path, signal.type, kind.address.model_validate({"item": signal.item or signal.name}))
            for signal in self._signals.values()
            if signal.source in self._peers
        ]
        owner = pl.col("signal").replace_strict({s.path: s.source for s in self._signals.values()})
        source: Any = kind.create("recording", settings, points)
        async with source.connect() as deliveries:
            async for delivery in deliveries:
                counts = {}
                for (name,), part in delivery.samples.group_by(owner.alias("source"), maintain_order=True):
                    await self._peers[str(name)].write(part)
                    counts[str(name)] = part.height
                yield Played(delivery.samples, counts, source.progress.share)
                await delivery.settle()


def port_of(config: SourceConfig) -> int:
    """Give the port that a source's settings name.

    Raises:
        ValueError: they name none.
    """
    settings = config.settings.model_dump()
    port = settings.get("port") or urlsplit(str(settings.get("endpoint", ""))).port
    if port is None:
        msg = f"{config.name}: its settings name no port"
        raise ValueError(msg)
    return int(port)


async def first_activity(park: Park, recordings: Sequence[Path]) -> datetime | None:
    """Give the first instant of which any machine's state is known, UTC: where playing at a pace may begin."""
    kind = source_kind("replay")
    states = [machine.state for machine in park.equipment.values() if machine.state is not None]
    points = [
        Point(state.path, state.type, kind.address.model_validate({"item": state.item or state.name}))
        for state in states
    ]
    if not points:
        return None
    source = kind.create("recording", kind.settings.model_validate({"files": recordings}), points)
    async with source.connect() as deliveries:
        async for delivery in deliveries:
            known = delivery.samples.filter(~is_bad(pl.col("status")))
            if known.height:
                instant = known["time"].dt.cast_time_unit("us")[0]
                return instant if isinstance(instant, datetime) else None
    return None
