"""The OPC UA source keeps the promises of a live source, with two servers of different families."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from adapters.sample import VALUE_TYPES, ValueType
from adapters.sources.contract import Point, Source
from adapters.sources.opcua import create
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from tests.conformance.history import HistorySourceConformance
from tests.conformance.source import LiveSourceConformance, Report
from tests.servers.asyncua_server import AsyncuaServer
from tests.servers.node_opcua import NodeOpcua
from tests.servers.opcua_write import Write, node_id
from tests.servers.relay import Relay

NODES: Final[Mapping[str, tuple[str, object]]] = {
    "float": ("Double", 0.0),
    "int": ("Int64", 0),
    "bool": ("Boolean", False),
    "text": ("String", ""),
}
"""Built-in type and first value of one node for each type; its name is the type's."""


class ServerPeer:
    """A server behind a wire that can be cut, and the source that reads it."""

    def __init__(self, server: NodeOpcua | AsyncuaServer, relay: Relay) -> None:
        self._server = server
        self._relay = relay
        self.signals: Mapping[ValueType, str] = {kind: f"f/l/press/{kind}" for kind in VALUE_TYPES}
        self.source = self._source("press")
        self.refused = self._source("intruder", user="engineer", password="wrong")

    async def publish(self, reports: Sequence[Report]) -> None:
        """Write the reports' values with their source times."""
        await self._server.write(
            *(
                Write(
                    report.signal.rpartition("/")[2],
                    report.value,
                    time=report.time,
                    status="Good" if report.value is not None else "BadNoData",
                )
                for report in reports
            )
        )

    async def publish_malformed(self, signal: str) -> None:
        """Write a number that is none."""
        await self._server.write(Write(signal.rpartition("/")[2], float("nan")))

    async def break_link(self) -> None:
        """Cut the wire."""
        self._relay.cut()

    async def stop(self) -> None:
        """Take the wire away."""
        await self._relay.stop()

    async def start(self) -> None:
        """Put the wire back."""
        await self._relay.start()

    def _source(self, name: str, **credentials: str) -> Source:
        settings = OpcuaSettings.model_validate(
            {
                "endpoint": f"opc.tcp://127.0.0.1:{self._relay.port}/park",
                "publishing_interval": timedelta(milliseconds=50),
                "sampling_interval": timedelta(0),
                "queue_margin": 100,
                "trigger": "timestamp",
                **credentials,
            }
        )
        return create(name, settings, self._points())

    def _points(self) -> list[Point[OpcuaAddress]]:
        return [Point(self.signals[kind], kind, OpcuaAddress(node=node_id(kind))) for kind in VALUE_TYPES]


class KeepingPeer(ServerPeer):
    """A server that keeps what its nodes say, but for one."""

    def __init__(self, server: NodeOpcua | AsyncuaServer, relay: Relay) -> None:
        super().__init__(server, relay)
        self.begin = datetime.now(UTC).replace(microsecond=0) + timedelta(
            seconds=1
        )  # times are written to the millisecond
        self.forgetful = "f/l/press/forgetful"

    def _points(self) -> list[Point[OpcuaAddress]]:
        forgetful = Point("f/l/press/forgetful", "float", OpcuaAddress(node=node_id("forgetful")))
        return [*super()._points(), forgetful]


@pytest.mark.system
class TestNodeOpcua(LiveSourceConformance):
    @pytest.fixture
    async def peer(self, node_opcua: NodeOpcua) -> AsyncIterator[ServerPeer]:
        await node_opcua.add(NODES)
        async with Relay(node_opcua.port) as relay:
            yield ServerPeer(node_opcua, relay)


@pytest.mark.system
class TestAsyncuaServer(LiveSourceConformance):
    @pytest.fixture
    async def peer(self, asyncua_server: AsyncuaServer) -> AsyncIterator[ServerPeer]:
        await asyncua_server.add(NODES)
        async with Relay(asyncua_server.port) as relay:
            yield ServerPeer(asyncua_server, relay)


@pytest.mark.system
class TestHistoryOfNodeOpcua(HistorySourceConformance):
    @pytest.fixture
    async def peer(self, node_opcua: NodeOpcua) -> AsyncIterator[KeepingPeer]:
        await node_opcua.add(NODES, historize=True)
        await node_opcua.add({"forgetful": ("Double", 0.0)})
        async with Relay(node_opcua.port) as relay:
            yield KeepingPeer(node_opcua, relay)
