"""The Sparkplug source on a real Mosquitto: rebirths, deaths, losses, and what edge nodes are told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from adapters.sample import Status
from adapters.sources.contract import Delivery, FilledBy, GapKind, Redecodes, SourceLostError, SourceRefusedError
from adapters.sources.sparkplug import create
from tests.adapters.sparkplug.peer import PASSWORD, SIGNALS, USER, EdgePeer, edge_peer, point, points, settings
from tests.conformance.source import PATIENCE, Received
from tests.servers.edge_node import DOUBLE, Change, EdgeNode, Metric
from tests.servers.mosquitto import Mosquitto, Publisher

pytestmark = pytest.mark.system

SECOND = timedelta(seconds=1)
FLOAT = SIGNALS["float"]


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[EdgePeer]:
    async with edge_peer(tmp_path, reorder="100 ms", rebirth="1 s") as peer:
        yield peer


def now() -> datetime:
    """Give the present to the millisecond."""
    instant = datetime.now(UTC)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


async def until(deliveries: AsyncIterator[Delivery], condition: Callable[[Received], bool]) -> Received:
    """Read and settle until the condition holds."""
    received = Received()
    async with asyncio.timeout(PATIENCE):
        while not condition(received):
            delivery = await anext(deliveries)
            received.add(delivery)
            await delivery.settle()
    return received


def has(signal: str, **columns: Any) -> Callable[[Received], bool]:
    """Tell whether a sample of the signal with these columns is there."""
    wanted = pl.all_horizontal(pl.col("signal") == signal, *(pl.col(key) == value for key, value in columns.items()))
    return lambda received: received.samples.filter(wanted).height > 0


def gone(received: Received) -> bool:
    """Tell whether all signals are said to be gone."""
    said = received.samples.filter(pl.col("status") == int(Status.BAD_NO_COMMUNICATION))
    return set(said["signal"]) == set(SIGNALS.values())


class Listener:
    """Somebody else on the broker, who keeps what comes on one topic."""

    def __init__(self, port: int, topic: str) -> None:
        self.heard: list[Any] = []
        self._news = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.username_pw_set(USER, PASSWORD)
        self._client.on_message = self._on_message
        self._client.on_connect = lambda client, *_: client.subscribe(topic, qos=1)
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        self.heard.append(orjson.loads(bytes(message.payload)))
        self._loop.call_soon_threadsafe(self._news.set)

    async def until(self, count: int) -> list[Any]:
        """Wait until so many messages have come."""
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < count:
                await self._news.wait()
                self._news.clear()
        return self.heard

    async def stop(self) -> None:
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)


async def test_present_values_are_there_at_once_though_nothing_changes(peer: EdgePeer) -> None:
    await peer.node.report("press", Change("float", 4.5, now()))
    async with peer.source.connect() as deliveries:
        received = await until(deliveries, has(FLOAT, float=4.5))
    assert peer.node.asked == 1
    assert not peer.source.resumes
    assert received.refusals.is_empty()


async def test_an_edge_node_that_dies_makes_its_signals_bad_and_its_birth_good_again(peer: EdgePeer) -> None:
    changed = now()
    await peer.node.report("press", Change("float", 4.5, changed))
    async with peer.source.connect() as deliveries:
        await until(deliveries, has(FLOAT, float=4.5))
        await peer.node.die()
        received = await until(deliveries, gone)
        died = received.samples.filter(pl.col("signal") == FLOAT)["time"].max()
        [gap] = [gap for one in received.deliveries for gap in one.gaps]
        assert set(gap.signals) == set(SIGNALS.values())
        assert gap.kind is GapKind.OUTAGE
        await peer.node.connect()
        again = await until(deliveries, has(FLOAT, float=4.5, status=0))
        assert again.samples.filter(pl.col("signal") == FLOAT)["time"].max() > died  # type: ignore[operator]
        filled = [part for one in again.deliveries for part in one.filled if FLOAT in part.signals]
        assert filled
        assert all(part.by is FilledBy.REBIRTH for part in filled)
        assert filled[-1].start <= gap.start + SECOND


async def test_a_device_that_is_lost_is_lost_alone(peer: EdgePeer) -> None:
    async with peer.source.connect() as deliveries:
        await until(deliveries, lambda received: received.samples.height >= len(SIGNALS))
        await peer.node.lose("press")
        await until(deliveries, gone)


async def test_lost_messages_are_a_gap_and_a_rebirth_tells_what_they_held(peer: EdgePeer) -> None:
    async with peer.source.connect() as deliveries:
        before = now()
        await peer.node.report("press", Change("float", 1.0, before))
        await until(deliveries, has(FLOAT, float=1.0))
        within = now() + timedelta(milliseconds=20)
        peer.node.metrics["press"]["float"] = Metric(DOUBLE, 2.0, within)  # reported by the message that is lost
        await asyncio.sleep(0.05)  # the change lies before the next message, in the edge node's own time
        births = peer.node.births
        await peer.node.report("press", Change("text", "x", now()), skip=1)
        received = await until(deliveries, has(FLOAT, float=2.0))
        assert peer.node.births == births + 1
    gaps = [gap for one in received.deliveries for gap in one.gaps if gap.kind is GapKind.SEQUENCE]
    assert any(FLOAT in gap.signals and gap.start <= within < gap.end for gap in gaps)
    [filled] = {(part.start, part.by) for one in received.deliveries for part in one.filled if FLOAT in part.signals}
    assert filled == (within, FilledBy.REBIRTH)


async def test_a_link_that_was_down_is_filled_for_what_has_not_changed(peer: EdgePeer) -> None:
    old = now() - timedelta(minutes=5)
    await peer.node.report("press", Change("float", 1.0, old), Change("int", 7, old))
    async with peer.source.connect() as deliveries:
        await until(deliveries, has(FLOAT, float=1.0))
        peer.relay.cut()
        with pytest.raises(SourceLostError):
            await until(deliveries, lambda _: False)
    changed = now()
    await peer.node.report("press", Change("int", 8, changed))
    async with peer.source.connect() as deliveries:
        received = await until(deliveries, has(SIGNALS["int"], int=8))
    starts = {signal: part.start for one in received.deliveries for part in one.filled for signal in part.signals}
    assert starts[FLOAT] < changed - 30 * SECOND
    assert starts[SIGNALS["int"]] == changed


async def test_late_values_fill_a_gap(peer: EdgePeer) -> None:
    async with peer.source.connect() as deliveries:
        await until(deliveries, lambda received: received.samples.height >= len(SIGNALS))
        late = [Change("float", float(n), now() - n * SECOND, historical=True) for n in (30, 20, 10)]
        await peer.node.report("press", *late)
        received = await until(deliveries, has(FLOAT, float=10.0))
    [filled] = [part for one in received.deliveries for part in one.filled if part.by is FilledBy.REDELIVERY]
    assert (filled.start, filled.end, filled.signals) == (late[0].time, late[2].time, (FLOAT,))


async def test_data_before_the_birth_is_decoded_with_it(peer: EdgePeer) -> None:
    peer.node.answers = False
    source = create("other", settings(peer.relay.port), points())
    async with source.connect() as deliveries:
        await peer.node.report("press", Change("float", 3.5, now()))
        peer.node.bear()
        received = await until(deliveries, has(FLOAT, float=3.5))
    assert received.refusals.is_empty()


async def test_it_asks_again_who_does_not_answer(peer: EdgePeer) -> None:
    peer.node.answers = False
    source = create("other", settings(peer.relay.port, rebirth="600 ms"), points())
    async with source.connect() as deliveries:
        reader = asyncio.ensure_future(anext(deliveries))
        async with asyncio.timeout(PATIENCE):
            while peer.node.asked < 2:  # noqa: ASYNC110 - the edge node counts in a thread of its own
                await asyncio.sleep(0.01)
        reader.cancel()


async def test_it_never_asks_where_it_may_not(peer: EdgePeer) -> None:
    source = create("other", settings(peer.relay.port, rebirth="0 s"), points())
    async with source.connect() as deliveries:
        peer.node.bear()
        await until(deliveries, lambda received: received.samples.height >= len(SIGNALS))
    assert peer.node.asked == 0


async def test_edge_nodes_are_told_whether_their_host_is_there(peer: EdgePeer) -> None:
    listener = Listener(peer.broker.port, "spBv1.0/STATE/park")
    source = create("other", settings(peer.relay.port, host_id="park"), points())
    try:
        async with source.connect():
            [first] = await listener.until(1)
            assert first["online"] is True
            assert abs(first["timestamp"] - datetime.now(UTC).timestamp() * 1000) < 60_000
        assert (await listener.until(2))[1] == {"online": False, "timestamp": first["timestamp"]}
        async with source.connect():
            await listener.until(3)
            peer.relay.cut()
            assert [one["online"] for one in await listener.until(4)] == [True, False, True, False]
    finally:
        await listener.stop()


async def test_who_says_that_a_present_host_is_not_there_is_contradicted(peer: EdgePeer) -> None:
    listener = Listener(peer.broker.port, "spBv1.0/STATE/park")
    source = create("other", settings(peer.relay.port, host_id="park"), points())
    try:
        async with source.connect() as deliveries, Publisher(peer.broker.port, user=USER, password=PASSWORD) as other:
            await listener.until(1)
            reader = asyncio.ensure_future(until(deliveries, lambda _: False))
            await other.publish("spBv1.0/STATE/park", b'{"online":false,"timestamp":1}', retain=True)
            assert [one["online"] for one in (await listener.until(3))[:3]] == [True, False, True]
            reader.cancel()
            received = await asyncio.gather(reader, return_exceptions=True)
            assert isinstance(received[0], asyncio.CancelledError)
    finally:
        await listener.stop()


async def test_what_may_not_be_read_is_refused(tmp_path: Path) -> None:
    acl = f"user {USER}\ntopic readwrite spBv1.0/works/+/gateway/#\n"
    async with Mosquitto(tmp_path, users={USER: PASSWORD}, acl=acl) as broker:
        nobody = [point("x", "a")]
        source = create("edge", settings(broker.port, password="wrong"), nobody)
        with pytest.raises(SourceRefusedError, match="user"):
            async with source.connect():
                pass


async def test_what_was_refused_can_be_decoded_again(tmp_path: Path) -> None:
    # With QoS 1 the broker has the first birth before the source asks, which so gets the next, with what is reported.
    async with edge_peer(tmp_path, qos=1) as peer:
        mended = create("edge", settings(peer.relay.port), [point("x", "float"), point("y", "int", "int")])
        wrong = create("edge", settings(peer.relay.port), [point("x", "Float")])
        await peer.node.report("press", Change("float", 4.5, now()))
        async with wrong.connect() as deliveries:
            received = await until(deliveries, lambda received: received.refusals.height > 0)
    letter = received.refusals.row(0, named=True)
    assert "the birth has no metric 'Float'; it has 'float', 'int'" in letter["reason"]
    assert isinstance(mended, Redecodes)
    again = mended.decode_again(letter["address"], letter["signal"], letter["payload"], letter["received"])
    assert again.samples.select("signal", "float").rows() == [("x", 4.5)]
    assert again.refusals.is_empty()


async def test_edge_nodes_that_publish_with_qos_1_get_their_receipts(tmp_path: Path) -> None:
    async with edge_peer(tmp_path, qos=1, receive_maximum=10) as peer, peer.source.connect() as deliveries:
        for n in range(50):
            await peer.node.report("press", Change("int", n, now()))
        await until(deliveries, has(SIGNALS["int"], int=49))


async def test_an_edge_node_alone_is_enough(tmp_path: Path) -> None:
    async with (
        Mosquitto(tmp_path) as broker,
        EdgeNode(broker.port, {"": {"Supply": Metric(DOUBLE, 24.0, now())}}) as node,
    ):
        source = create("edge", settings(broker.port, user="", password=None), [point("v", "Supply", device="")])
        async with source.connect() as deliveries:
            await until(deliveries, has("v", float=24.0))
            await node.report("", Change("Supply", 23.5, now()))
            await until(deliveries, has("v", float=23.5))
