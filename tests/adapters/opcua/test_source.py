"""The OPC UA source against node-opcua: what arrives, what is missed, and what is said when something is wrong."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from structlog.testing import capture_logs

from adapters.sample import ValueType
from adapters.sources.contract import (
    Delivery,
    Point,
    Source,
    SourceLostError,
    SourceRefusedError,
    SourceUnreachableError,
)
from adapters.sources.opcua import create
from adapters.sources.opcua.settings import OpcuaAddress, OpcuaSettings
from tests.servers.asyncua_server import AsyncuaServer
from tests.servers.node_opcua import NodeOpcua
from tests.servers.opcua_write import NAMESPACE, Write, node_id
from tests.servers.relay import Relay

pytestmark = pytest.mark.system

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
PATIENCE = 20.0
UNKNOWN = 0x8034_0000


def point(name: str, type_: ValueType = "float", *, node: str = "") -> Point[OpcuaAddress]:
    return Point(f"f/l/press/{name}", type_, OpcuaAddress(node=node or node_id(name)))


def source(endpoint: str, points: Sequence[Point[OpcuaAddress]], **keys: Any) -> Source:
    quick = {"publishing_interval": "50 ms", "sampling_interval": "0 ms", "queue_margin": 100}
    return create("press", OpcuaSettings.model_validate({"endpoint": endpoint, **quick, **keys}), points)


class Reading:
    """What came of a link so far; `until` reads on."""

    def __init__(self, deliveries: AsyncIterator[Delivery]) -> None:
        self._deliveries = deliveries
        self._all: list[Delivery] = []

    async def until(self, enough: Callable[["Reading"], bool]) -> None:
        """Read until it is enough."""
        async with asyncio.timeout(PATIENCE):
            while not enough(self):
                self._all.append(await anext(self._deliveries))

    def of(self, name: str) -> pl.DataFrame:
        """Give a signal's samples."""
        samples = pl.concat([one.samples for one in self._all]) if self._all else pl.DataFrame({"signal": []})
        return samples.filter(pl.col("signal") == f"f/l/press/{name}")

    @property
    def refusals(self) -> list[dict[str, Any]]:
        """All refusals."""
        return [row for one in self._all for row in one.refusals.iter_rows(named=True)]

    @property
    def gaps(self) -> list[Any]:
        """All gaps."""
        return [gap for one in self._all for gap in one.gaps]


@asynccontextmanager
async def reading(of: Source) -> AsyncIterator[Reading]:
    async with of.connect() as deliveries:
        yield Reading(deliveries)


async def why_refused(of: Source) -> str:
    with pytest.raises(SourceRefusedError) as caught:
        async with of.connect():
            pass
    return caught.value.reason


async def why_unreachable(of: Source) -> str:
    with pytest.raises(SourceUnreachableError) as caught:
        async with of.connect():
            pass
    return caught.value.reason


async def exhausted(deliveries: AsyncIterator[Delivery]) -> None:
    """Read until the link breaks."""
    async with asyncio.timeout(PATIENCE):
        async for _ in deliveries:
            pass


async def test_every_value_of_a_burst_arrives_in_order_with_its_status_and_time(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"burst": ("Double", 0.0)})
    statuses = ("Good", "UncertainLastUsableValue")
    burst = [Write("burst", float(n), statuses[n % 2], NOON, ticks=n) for n in range(1, 3001)]
    async with reading(source(node_opcua.endpoint, [point("burst")])) as found:
        await found.until(lambda now: now.of("burst").height == 1)
        await node_opcua.write(*burst)
        await found.until(lambda now: now.of("burst").height == 3001)
        samples = found.of("burst")[1:]
        assert found.gaps == []
    assert samples["float"].to_list() == [float(n) for n in range(1, 3001)]
    assert samples["status"].to_list() == [(0, 0x4090_0000)[n % 2] for n in range(1, 3001)]
    base = int(NOON.timestamp()) * 10**9
    assert samples["time"].cast(pl.Int64).to_list() == [base + n * 100 for n in range(1, 3001)]


async def test_an_overflowing_queue_is_a_gap_of_its_signal_alone(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"fast": ("Int32", 0), "slow": ("Int32", 0)})
    points = [point("fast", "int"), point("slow", "int")]
    async with reading(source(node_opcua.endpoint, points, queue_margin=1)) as found:
        await found.until(lambda now: now.of("fast").height == 1 and now.of("slow").height == 1)
        start = datetime.now(UTC)
        await node_opcua.write(*(Write("fast", n) for n in range(1, 501)), Write("slow", 1))
        await found.until(lambda now: now.of("slow").height == 2 and now.of("fast").height > 1)
        values = found.of("fast")["int"].to_list()
        (gap,) = found.gaps
    assert values[-1] == 500
    assert len(values) < 500
    assert gap.signals == ("f/l/press/fast",)
    first = found.of("fast")["time"][1]
    assert gap.end - first < timedelta(microseconds=1)
    assert start - timedelta(seconds=1) < gap.start <= gap.end


async def test_a_node_that_is_not_there_is_one_refusal_and_the_others_go_on(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"here": ("Double", 1.5)})
    points = [
        point("nowhere"),
        point("here"),
        point("abroad", node="nsu=urn:elsewhere;s=x"),
        point("folder", node="ns=0;i=85"),
    ]
    async with reading(source(node_opcua.endpoint, points)) as found:
        await found.until(lambda now: now.of("here").height == 1)
        await node_opcua.write(Write("here", 2.5))
        await found.until(lambda now: now.of("here").height == 2)
        reasons = {row["signal"].rpartition("/")[2]: row["reason"] for row in found.refusals}
        assert len(found.refusals) == 3
    assert f"the server has no node {node_id('nowhere')} (BadNodeIdUnknown)" in reasons["nowhere"]
    assert "the server has no namespace 'urn:elsewhere'" in reasons["abroad"]
    assert f"'{NAMESPACE}'" in reasons["abroad"]
    assert "node ns=0;i=85 has no value (BadAttributeIdInvalid)" in reasons["folder"]
    assert found.of("nowhere")["status"].to_list() == [UNKNOWN]
    assert found.of("abroad")["status"].to_list() == [UNKNOWN]


async def test_a_link_none_of_whose_nodes_is_there_is_refused(node_opcua: NodeOpcua) -> None:
    before = await node_opcua.sessions()
    reason = await why_refused(source(node_opcua.endpoint, [point("nowhere"), point("neither")]))
    assert f"has no node {node_id('nowhere')}" in reason
    assert "for all 2 nodes" in reason
    await node_opcua.until_sessions(before)


async def test_a_node_deleted_later_is_a_bad_sample_and_one_refusal_and_the_others_go_on(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"doomed": ("Double", 1.5), "spared": ("Double", 1.5)})
    async with reading(source(node_opcua.endpoint, [point("doomed"), point("spared")])) as found:
        await found.until(lambda now: now.of("doomed").height == 1)
        await node_opcua.delete("doomed")
        await found.until(lambda now: bool(now.refusals))
        await node_opcua.write(Write("spared", 2.5))
        await found.until(lambda now: now.of("spared").height == 2)
        (refusal,) = found.refusals
        assert found.of("doomed")["status"].to_list() == [0, 0x8033_0000]
        assert found.of("doomed")["float"].to_list() == [1.5, None]
    assert refusal["address"] == node_id("doomed")
    assert "no longer has this node" in refusal["reason"]


@pytest.mark.parametrize(
    ("kind", "value", "reason"),
    [
        ("UInt64", 2**63, "beyond 2^63 - 1"),
        ("Double", float("inf"), "no finite number"),
        ("Double", [1.0, 2.0], "an array of Double"),
        ("ByteString", "abc", "a ByteString"),
    ],
)
async def test_a_value_that_cannot_be_stored_is_refused_and_the_others_go_on(
    node_opcua: NodeOpcua, kind: str, value: Any, reason: str
) -> None:
    await node_opcua.add({"odd": (kind, value), "even": ("Double", 1.5)})
    async with reading(source(node_opcua.endpoint, [point("odd"), point("even")])) as found:
        await found.until(lambda now: now.of("even").height == 1 and len(now.refusals) == 1)
        assert reason in found.refusals[0]["reason"]
        await node_opcua.write(Write("even", 2.5))
        await found.until(lambda now: now.of("even").height == 2)
        assert found.of("odd").is_empty()


async def test_a_server_that_falls_silent_is_lost_within_the_keepalive(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"quiet": ("Double", 1.5)})
    async with Relay(node_opcua.port) as relay:
        endpoint = f"opc.tcp://127.0.0.1:{relay.port}"
        async with source(endpoint, [point("quiet")], keepalive="1 s").connect() as deliveries:
            await anext(deliveries)
            relay.freeze()
            frozen = datetime.now(UTC)
            with pytest.raises(SourceLostError, match="said nothing") as caught:
                async with asyncio.timeout(2.5):
                    await anext(deliveries)
            assert caught.value.alive is not None
            assert timedelta(0) <= frozen - caught.value.alive + timedelta(milliseconds=100) < timedelta(seconds=1)
            closing = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - closing < 5


async def test_a_quiet_server_is_not_lost(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"quiet": ("Double", 1.5)})
    async with source(node_opcua.endpoint, [point("quiet")], keepalive="1 s").connect() as deliveries:
        await anext(deliveries)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.2):
                await anext(deliveries)


async def test_a_server_that_dies_is_lost_at_once_and_comes_back_with_the_present_values(tmp_path: Path) -> None:
    with NodeOpcua(tmp_path) as server:
        here = source(server.endpoint, [point("state", "text")])
        await server.add({"state": ("String", "RUN")})
        async with here.connect() as deliveries:
            assert (await anext(deliveries)).samples["text"].to_list() == ["RUN"]
            await asyncio.to_thread(server.kill)
            with pytest.raises(SourceLostError):
                async with asyncio.timeout(2):
                    await anext(deliveries)
        assert "cannot be reached" in await why_unreachable(here)
        await asyncio.to_thread(server.start)
        await server.add({"state": ("String", "STOP")})
        async with here.connect() as deliveries:
            assert (await anext(deliveries)).samples["text"].to_list() == ["STOP"]
            assert not here.resumes
            await asyncio.to_thread(server.stop)
            with pytest.raises(SourceLostError):
                async with asyncio.timeout(PATIENCE):
                    await anext(deliveries)


async def test_something_that_is_no_opc_ua_server_is_unreachable() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert "127.0.0.1" in await why_unreachable(source(f"opc.tcp://127.0.0.1:{port}", [point("x")]))


async def test_something_that_never_answers_is_unreachable_in_time() -> None:
    gone = asyncio.Event()

    async def ignore(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        gone.set()

    server = await asyncio.start_server(ignore, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(5):
        reason = await why_unreachable(source(f"opc.tcp://127.0.0.1:{port}", [point("x")], request_timeout="1 s"))
        await gone.wait()
    assert "did not answer within 1 s" in reason


@pytest.mark.parametrize("service", ["CreateSession", "CreateSubscription", "Read", "CreateMonitoredItems"])
async def test_a_server_that_answers_with_an_error_while_opening_is_unreachable(
    node_opcua: NodeOpcua, service: str
) -> None:
    await node_opcua.add({"x": ("Double", 1.5)})
    before = await node_opcua.sessions()
    await node_opcua.refuse(service, "BadTooManyOperations")
    try:
        assert "answered BadTooManyOperations" in await why_unreachable(source(node_opcua.endpoint, [point("x")]))
    finally:
        await node_opcua.refuse(service, None)
    await node_opcua.until_sessions(before)


async def test_a_server_that_refuses_to_publish_is_lost(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"x": ("Double", 1.5)})
    async with source(node_opcua.endpoint, [point("x")]).connect() as deliveries:
        await anext(deliveries)
        await node_opcua.refuse("Publish", "BadNoSubscription")
        try:
            await node_opcua.write(Write("x", 2.5))
            with pytest.raises(SourceLostError, match="BadNoSubscription"):
                await exhausted(deliveries)
        finally:
            await node_opcua.refuse("Publish", None)


async def test_many_nodes_are_made_in_requests_that_the_server_takes(node_opcua: NodeOpcua) -> None:
    names = [f"n{number}" for number in range(55)]
    await node_opcua.add({name: ("Int32", n) for n, name in enumerate(names)})
    async with reading(source(node_opcua.endpoint, [point(name, "int") for name in names])) as found:
        await found.until(lambda now: all(now.of(name).height for name in names))
        assert [found.of(name)["int"][0] for name in names] == list(range(55))


async def test_what_a_server_grants_less_of_is_logged(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"x": ("Double", 1.5)})
    keys = {"publishing_interval": "20 ms", "sampling_interval": "1 ms", "queue_margin": 1000, "keepalive": "1 s"}
    with capture_logs() as logs:
        async with source(node_opcua.endpoint, [point("x")], **keys).connect():
            pass
    told = {line["event"]: line for line in logs if line["log_level"] == "warning"}
    assert told["opcua server publishes slower than asked"]["publishing_interval"] == "0:00:00.050000"
    assert told["opcua server samples slower than asked"]["slowest"] == "0:00:00.050000"
    assert told["opcua server queues fewer values than asked"]["queue"] == 50_000
    assert told["opcua server queues fewer values than asked"]["shortest"] == 5000


async def test_equal_values_in_a_row_are_told_apart_when_asked(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"cycle": ("Double", 31.4)})
    writes = [Write("cycle", 31.4, time=NOON + timedelta(minutes=n)) for n in range(3)]
    async with reading(source(node_opcua.endpoint, [point("cycle")], trigger="timestamp")) as found:
        await found.until(lambda now: now.of("cycle").height == 1)
        await node_opcua.write(*writes)
        await found.until(lambda now: now.of("cycle").height == 4)
        assert found.of("cycle")["time"][1:].to_list() == [write.time for write in writes]


@pytest.mark.parametrize("choice", ["server", "received"])
async def test_the_chosen_time_counts(node_opcua: NodeOpcua, choice: str) -> None:
    await node_opcua.add({"x": ("Double", 1.5)})
    start = datetime.now(UTC) - timedelta(milliseconds=1)
    async with reading(source(node_opcua.endpoint, [point("x")], time=choice)) as found:
        await found.until(lambda now: now.of("x").height == 1)
        await node_opcua.write(Write("x", 2.5, time=NOON))
        await found.until(lambda now: now.of("x").height == 2)
        assert start <= found.of("x")["time"][1] <= datetime.now(UTC)


async def test_a_cancelled_connect_leaves_no_session(node_opcua: NodeOpcua) -> None:
    await node_opcua.add({"x": ("Double", 1.5)})
    before = await node_opcua.sessions()
    for after in (0.0, 0.01, 0.03):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(after), source(node_opcua.endpoint, [point("x")]).connect():
                await asyncio.Event().wait()
    async with source(node_opcua.endpoint, [point("x")]).connect() as deliveries:
        await anext(deliveries)
    await node_opcua.until_sessions(before)


async def test_asyncuas_own_server_is_read_alike(asyncua_server: AsyncuaServer) -> None:
    await asyncua_server.add(
        {"a": ("Double", 0.0), "b": ("String", "IDLE"), "c": ("UInt16", 0), "d": ("Boolean", False)}
    )
    points = [point("a"), point("b", "text"), point("c", "int"), point("d", "bool"), point("nowhere")]
    writes = [Write("a", n / 4, time=NOON + timedelta(milliseconds=n)) for n in range(1, 400)]
    async with reading(source(asyncua_server.endpoint, points)) as found:
        await asyncua_server.write(*writes, Write("b", "RUN"), Write("c", 65535), Write("d", value=True))
        await found.until(lambda now: now.of("a").height >= 400 and now.of("d").height == 2)
        assert found.of("a")["float"].to_list() == [n / 4 for n in range(400)]
        assert found.of("b")["text"].to_list() == ["IDLE", "RUN"]
        assert found.of("c")["int"].to_list() == [0, 65535]
        assert found.of("d")["bool"].to_list() == [False, True]
        assert found.of("nowhere")["status"].to_list() == [UNKNOWN]
