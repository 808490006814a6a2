"""The MQTT source on a real Mosquitto: what is acknowledged when, what is kept, and what is told when it goes wrong."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest

from adapters.sample import PAYLOAD_KEPT, ValueType
from adapters.sources.contract import (
    Delivery,
    Point,
    SourceError,
    SourceLostError,
    SourceRefusedError,
    SourceUnreachableError,
)
from adapters.sources.mqtt.link import Link
from adapters.sources.mqtt.settings import MqttAddress, MqttSettings
from adapters.sources.mqtt.source import MqttSource
from tests.adapters.mqtt.peer import MosquittoPeer, mosquitto_peer, points, settings
from tests.conformance.source import PATIENCE, receive, reports_of
from tests.servers.mosquitto import Mosquitto, Publisher, mosquitto
from tests.servers.relay import Relay

__all__ = ["mosquitto"]

pytestmark = pytest.mark.system

CONNACK = b"\x20\x03\x00\x00\x00"
"""The answer of a broker of MQTT 5 that takes the link and has no session."""


def plain(topic: str, kind: ValueType = "int") -> Point[MqttAddress]:
    """A point whose signal is called as its topic, and whose payload is the value."""
    return Point(topic, kind, MqttAddress(topic=topic))


def source_at(port: int, *of: Point[MqttAddress], **others: Any) -> MqttSource:
    return MqttSource("broker", MqttSettings(**({"host": "127.0.0.1", "port": port} | others)), of)


async def take(deliveries: AsyncIterator[Delivery], rows: int, *, settle: bool = True) -> pl.DataFrame:
    """Read until there are so many samples."""
    frames: list[pl.DataFrame] = []
    async with asyncio.timeout(PATIENCE):
        while sum(frame.height for frame in frames) < rows:
            delivery = await anext(deliveries)
            frames.append(delivery.samples)
            if settle:
                await delivery.settle()
    return pl.concat(frames)


def counted(numbers: Sequence[int]) -> list[bytes]:
    return [b"%d" % n for n in numbers]


def link_of(deliveries: AsyncIterator[Delivery]) -> Link:
    """Give the link that deliveries come from."""
    link = deliveries._link  # type: ignore[attr-defined]
    assert isinstance(link, Link)
    return link


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until the condition holds."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - the source has no event for what a test looks into
            await asyncio.sleep(0)


@asynccontextmanager
async def scripted(
    script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Listen at the port given; play the script to the one who connects, then wait until they close the link."""
    closed = asyncio.Event()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await script(reader, writer)
        await writer.drain()
        await reader.read()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        closed.set()

    async with await asyncio.start_server(play, "127.0.0.1", 0) as server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            async with asyncio.timeout(PATIENCE):
                await closed.wait()


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[MosquittoPeer]:
    async with mosquitto_peer(tmp_path) as peer:
        yield peer


class TestReceipts:
    async def test_what_was_not_settled_before_the_link_was_cut_comes_again(self, peer: MosquittoPeer) -> None:
        reports = reports_of(peer)
        async with peer.source.connect() as deliveries:
            await peer.publish(reports)
            await receive(deliveries, reports, settle=False)
            peer.relay.cut()
        async with peer.source.connect() as deliveries:
            assert peer.source.resumes
            await receive(deliveries, reports)

    async def test_of_deliveries_only_those_settled_are_acknowledged(self, peer: MosquittoPeer) -> None:
        first = reports_of(peer)
        second = reports_of(peer, start=datetime(2024, 5, 18, tzinfo=UTC))
        async with peer.source.connect() as deliveries:
            await peer.publish(first)
            await receive(deliveries, first)
            await peer.publish(second)
            await receive(deliveries, second, settle=False)
        async with peer.source.connect() as deliveries:
            again = await receive(deliveries, second)
        assert not any(again.has([report]) for report in first)

    async def test_a_receipt_of_an_old_link_is_not_sent_on_the_new_one(self, mosquitto: Mosquitto) -> None:
        source = source_at(mosquitto.port, plain("n"))
        async with Publisher(mosquitto.port) as publisher:
            async with source.connect() as deliveries:
                await publisher.publish("n", b"1")
                old = await anext(deliveries)
            async with source.connect() as deliveries:
                await take(deliveries, 1, settle=False)
                await old.settle()
            async with source.connect() as deliveries:
                assert (await take(deliveries, 1))["int"].to_list() == [1]

    async def test_the_broker_sends_no_more_than_the_receive_maximum(self, mosquitto: Mosquitto) -> None:
        source = source_at(mosquitto.port, plain("n"), plain("bell"), receive_maximum=10)
        async with Publisher(mosquitto.port) as publisher, source.connect() as deliveries:
            await publisher.publish("n", *counted(range(30)))
            unsettled: list[Delivery] = []
            while sum(one.samples.height for one in unsettled) < 10:
                unsettled.append(await anext(deliveries))
            await publisher.publish("bell", b"1", qos=0)
            bell = await anext(deliveries)
            assert bell.samples["signal"].to_list() == ["bell"]
            for one in [*unsettled, bell]:
                await one.settle()
            rest = await take(deliveries, 20)
        assert rest["int"].to_list() == list(range(10, 30))

    async def test_a_full_window_is_delivered_at_once(self, mosquitto: Mosquitto) -> None:
        source = source_at(mosquitto.port, plain("n"), receive_maximum=5, linger=timedelta(seconds=1))
        async with Publisher(mosquitto.port) as publisher, source.connect() as deliveries:
            await publisher.publish("n", *counted(range(40)))
            async with asyncio.timeout(2):
                assert (await take(deliveries, 40))["int"].to_list() == list(range(40))


class TestBackPressure:
    @pytest.mark.parametrize("qos", [0, 1])
    async def test_reading_stops_while_nothing_is_taken_and_nothing_is_lost(self, tmp_path: Path, qos: int) -> None:
        async with Mosquitto(tmp_path, max_inflight_messages=1000) as broker:
            source = source_at(broker.port, plain("n"), batch=10, protocol="3.1.1")
            async with Publisher(broker.port) as publisher, source.connect() as deliveries:
                await publisher.publish("n", *counted(range(500)), qos=qos)
                link = link_of(deliveries)
                await until(lambda: link._wire.held)
                assert len(link._messages) == 10
                first = await anext(deliveries)
                await first.settle()
                assert first.samples.height == 10
                rest = await take(deliveries, 490)
        assert rest["int"].to_list() == list(range(10, 500))

    async def test_long_payloads_count_by_their_bytes(self, mosquitto: Mosquitto) -> None:
        source = source_at(mosquitto.port, plain("n", "text"), max_payload=2**23, linger=timedelta(seconds=1))
        async with Publisher(mosquitto.port) as publisher, source.connect() as deliveries:
            await publisher.publish("n", *[b"x" * 2**22 for _ in range(6)])
            first = await anext(deliveries)
            assert first.samples.height == 4
            await first.settle()
            await take(deliveries, 2)

    async def test_a_link_that_is_held_back_for_long_is_not_given_up(self, mosquitto: Mosquitto) -> None:
        source = source_at(mosquitto.port, plain("n"), batch=10, keepalive=timedelta(seconds=1))
        async with Publisher(mosquitto.port) as publisher, source.connect() as deliveries:
            await publisher.publish("n", *counted(range(30)))
            link = link_of(deliveries)
            loop = asyncio.get_running_loop()
            asleep_until = loop.time() + 2.5
            while loop.time() < asleep_until:
                await asyncio.sleep(0.1)
                assert not link._over
            assert link._wire.held
            assert (await take(deliveries, 30))["int"].to_list() == list(range(30))

    async def test_what_had_come_before_the_link_broke_is_delivered(self, mosquitto: Mosquitto) -> None:
        async with (
            Relay(mosquitto.port) as relay,
            Publisher(mosquitto.port) as publisher,
            source_at(relay.port, plain("n"), batch=10).connect() as deliveries,
        ):
            await publisher.publish("n", *counted(range(500)), qos=0)
            link = link_of(deliveries)
            await until(lambda: link._wire.unread > 0)
            relay.cut()
            numbers: list[int] = []

            async def read() -> None:
                async for delivery in deliveries:
                    numbers.extend(delivery.samples["int"])

            with pytest.raises(SourceLostError):
                await read()
        assert len(numbers) > 10
        assert numbers == list(range(len(numbers)))


class TestSession:
    async def test_it_outlives_the_broker(self, tmp_path: Path) -> None:
        async with mosquitto_peer(tmp_path) as peer:
            reports = reports_of(peer)
            async with peer.source.connect() as deliveries:
                await peer.publish(reports)
                await receive(deliveries, reports, settle=False)
                await peer.broker.stop()
                with pytest.raises(SourceLostError):
                    await anext(deliveries)
            await peer.broker.start()
            async with peer.source.connect() as deliveries:
                assert peer.source.resumes
                await receive(deliveries, reports)

    async def test_a_broker_that_forgot_it_is_not_said_to_resume(self, tmp_path: Path) -> None:
        async with mosquitto_peer(tmp_path, persistence=False) as peer:
            resumed = []
            for _ in range(2):
                async with peer.source.connect():
                    resumed.append(peer.source.resumes)
            await peer.broker.kill()
            await peer.broker.start()
            async with peer.source.connect():
                resumed.append(peer.source.resumes)
        assert resumed == [False, True, False]

    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    @pytest.mark.parametrize("other", [{"qos": 0}, {"session_expiry": timedelta(0)}])
    async def test_without_a_session_nothing_is_said_to_resume(
        self, mosquitto: Mosquitto, protocol: str, other: dict[str, Any]
    ) -> None:
        source = source_at(mosquitto.port, plain("n"), protocol=protocol, **other)
        for _ in range(2):
            async with source.connect():
                assert not source.resumes

    async def test_what_a_publisher_sends_with_qos_0_is_told_as_missed(self, mosquitto: Mosquitto) -> None:
        async with Relay(mosquitto.port) as relay, Publisher(mosquitto.port) as publisher:
            source = source_at(relay.port, plain("once"), plain("kept"))
            async with source.connect() as deliveries:
                await publisher.publish("once", b"1", qos=0)
                await publisher.publish("kept", b"1", qos=1)
                await take(deliveries, 2)
                relay.cut()
                with pytest.raises(SourceLostError) as caught:
                    await anext(deliveries)
            await relay.stop()
            with pytest.raises(SourceUnreachableError):
                async with source.connect():
                    pass
            await relay.start()
            async with source.connect() as deliveries:
                assert source.resumes
                opening = await anext(deliveries)
        (gap,) = opening.gaps
        assert gap.signals == ("once",)
        assert gap.start == caught.value.alive
        assert gap.start < gap.end
        assert "QoS 1" in gap.cause

    async def test_a_topic_left_over_from_an_earlier_configuration_is_given_up(self, mosquitto: Mosquitto) -> None:
        async with source_at(mosquitto.port, plain("old"), plain("new")).connect():
            pass
        async with Publisher(mosquitto.port) as publisher:
            await publisher.publish("old", b"1")
            async with source_at(mosquitto.port, plain("new")).connect() as deliveries:
                delivery = await anext(deliveries)
                await delivery.settle()
                assert delivery.samples.is_empty()
                assert delivery.refusals["address"].to_list() == ["old"]
                assert "no signal of broker has the topic 'old'" in delivery.refusals["reason"][0]
                await publisher.publish("new", b"1")
                await take(deliveries, 1)
                await publisher.publish("old", b"2")
                await publisher.publish("new", b"2")
                last = await anext(deliveries)
                assert last.refusals.is_empty()
                assert last.samples["signal"].to_list() == ["new"]

    async def test_collectors_that_share_a_load_get_each_message_once(self, mosquitto: Mosquitto) -> None:
        one, two = (source_at(mosquitto.port, plain("n"), client_id=name, share="park") for name in ("one", "two"))
        async with Publisher(mosquitto.port) as publisher, one.connect() as ones, two.connect() as twos:
            await publisher.publish("n", *counted(range(20)))
            numbers: list[int] = []
            readers = {asyncio.ensure_future(anext(reader)): reader for reader in (ones, twos)}
            while len(numbers) < 20:
                done, _ = await asyncio.wait(readers, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
                assert done
                for ready in done:
                    reader = readers.pop(ready)
                    numbers += ready.result().samples["int"].to_list()
                    readers[asyncio.ensure_future(anext(reader))] = reader
            for waiting in readers:
                waiting.cancel()
        assert sorted(numbers) == list(range(20))


class TestInput:
    async def test_several_signals_share_a_topic(self, mosquitto: Mosquitto) -> None:
        document = orjson.dumps({"axes": [{"load": 7}, {"load": 9.5}], "mode": "AUTO"})
        source = source_at(
            mosquitto.port,
            Point("x", "int", MqttAddress(topic="cnc", value="axes[0].load")),
            Point("y", "float", MqttAddress(topic="cnc", value="axes[1].load")),
            Point("mode", "text", MqttAddress(topic="cnc", value="mode")),
        )
        async with Publisher(mosquitto.port) as publisher, source.connect() as deliveries:
            await publisher.publish("cnc", document)
            samples = await take(deliveries, 3)
        assert samples.select("signal", "int", "float", "text").rows() == [
            ("x", 7, None, None),
            ("y", None, 9.5, None),
            ("mode", None, None, "AUTO"),
        ]

    async def test_a_retained_message_without_a_time_stamp_has_its_time_of_arrival(self, mosquitto: Mosquitto) -> None:
        async with Publisher(mosquitto.port) as publisher:
            await publisher.publish("n", b"7", retain=True)
            before = datetime.now(UTC)
            async with source_at(mosquitto.port, plain("n")).connect() as deliveries:
                samples = await take(deliveries, 1)
        assert samples["int"].to_list() == [7]
        assert samples["time"].to_list() == samples["received"].to_list()
        assert samples["time"].is_between(before, datetime.now(UTC)).all()

    async def test_a_burst_without_time_stamps_has_as_many_times(self, mosquitto: Mosquitto) -> None:
        async with (
            Publisher(mosquitto.port) as publisher,
            source_at(mosquitto.port, plain("n")).connect() as deliveries,
        ):
            await publisher.publish("n", *counted(range(500)))
            samples = await take(deliveries, 500)
        assert samples["time"].n_unique() == 500
        assert samples["time"].is_sorted()

    async def test_ten_megabytes_are_refused_and_their_neighbours_go_on(self, mosquitto: Mosquitto) -> None:
        async with (
            Publisher(mosquitto.port) as publisher,
            source_at(mosquitto.port, plain("n")).connect() as deliveries,
        ):
            await publisher.publish("n", b"1", b"9" * 10_000_000, b"2")
            received: list[Delivery] = []
            while sum(one.samples.height + one.refusals.height for one in received) < 3:
                received.append(await anext(deliveries))
                await received[-1].settle()
        samples = pl.concat(one.samples for one in received)
        refusals = pl.concat(one.refusals for one in received)
        assert samples["int"].to_list() == [1, 2]
        refusal = refusals.row(0, named=True)
        assert refusal["signal"] == "n"
        assert len(refusal["payload"]) == PAYLOAD_KEPT
        assert "10,000,000 bytes" in refusal["reason"]
        assert "max_payload" in refusal["reason"]


class TestLost:
    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    async def test_a_client_of_the_same_name_takes_over(self, mosquitto: Mosquitto, protocol: str) -> None:
        first = source_at(mosquitto.port, plain("n"), protocol=protocol, client_id="twin")
        second = source_at(mosquitto.port, plain("n"), protocol=protocol, client_id="twin")
        async with first.connect() as deliveries, second.connect():
            with pytest.raises(SourceLostError, match="another client with the client_id 'twin'"):
                await anext(deliveries)

    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    async def test_of_two_that_take_over_from_each_other_one_gives_up_and_says_so(
        self, tmp_path: Path, protocol: str
    ) -> None:
        """A broker that has just been started might be the reason, if it told; this one does not tell."""
        ends: list[type[SourceError]] = []
        async with Mosquitto(tmp_path, options={"sys_interval": 0}) as broker:
            first = source_at(broker.port, plain("n"), protocol=protocol, client_id="twin")
            second = source_at(broker.port, plain("n"), protocol=protocol, client_id="twin")
            while SourceRefusedError not in ends and len(ends) < 9:
                with pytest.raises(SourceError) as ended:
                    async with first.connect() as deliveries, second.connect():
                        await anext(deliveries)
                ends.append(ended.type)
        assert ends == [SourceLostError, SourceLostError, SourceRefusedError]
        assert "another client uses the client_id 'twin'" in ended.value.reason

    async def test_a_broker_tells_since_when_it_runs(self, mosquitto: Mosquitto) -> None:
        source = source_at(mosquitto.port, plain("n"))
        async with source.connect():
            pass
        async with source.connect():
            assert source.resumes
            assert source.restarted is not None
            before = source.restarted
        await mosquitto.stop()
        stopped = datetime.now(UTC)
        await mosquitto.start()
        async with source.connect():
            assert source.resumes
            assert source.restarted is not None
            assert before < stopped <= source.restarted

    async def test_what_a_resumed_session_tells_of_its_broker_at_once_is_no_input(self) -> None:
        """The session has the question of the link before: its answer may come before this link has asked."""

        def published(topic: bytes, payload: bytes) -> bytes:
            body = len(topic).to_bytes(2, "big") + topic + b"\x00" + payload
            return b"\x30" + bytes([len(body)]) + body

        async def resume(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1000)
            writer.write(b"\x20\x03\x01\x00\x00" + published(b"$SYS/broker/uptime", b"11 seconds"))
            for _ in range(2):
                subscribe = await reader.read(1000)
                writer.write(b"\x90\x04" + subscribe[2:4] + b"\x00\x01")
            writer.write(published(b"n", b"1"))

        async with scripted(resume) as port:
            source = source_at(port, plain("n"))
            async with source.connect() as deliveries:
                delivery = await anext(deliveries)
                assert source.restarted is not None
        assert delivery.refusals.is_empty()
        assert delivery.samples["int"].to_list() == [1]

    async def test_a_broker_that_says_why_it_closes_the_link(self) -> None:
        """Mosquitto 2.0 closes without a word; this answers as MQTT 5 asks a broker to (3.14.2.1)."""

        async def take_over(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1000)
            writer.write(CONNACK)
            subscribe = await reader.read(1000)
            writer.write(b"\x90\x04" + subscribe[2:4] + b"\x00\x01" + b"\xe0\x01\x8e")

        async with (
            scripted(take_over) as port,
            source_at(port, plain("n"), client_id="twin").connect() as deliveries,
        ):
            with pytest.raises(SourceLostError, match=r"another client connected .* the client_id 'twin'"):
                await anext(deliveries)

    async def test_a_broker_that_has_gone_silent_is_given_up(self, mosquitto: Mosquitto) -> None:
        async with (
            Relay(mosquitto.port) as relay,
            source_at(relay.port, plain("n"), keepalive=timedelta(seconds=1)).connect() as deliveries,
        ):
            relay.freeze()
            frozen = datetime.now(UTC)
            async with asyncio.timeout(4):
                with pytest.raises(SourceLostError, match="silent for") as caught:
                    await anext(deliveries)
        assert caught.value.alive is not None
        assert abs(caught.value.alive - frozen) < timedelta(seconds=1)

    async def test_a_silent_link_is_kept_alive(self, mosquitto: Mosquitto) -> None:
        async with source_at(mosquitto.port, plain("n"), keepalive=timedelta(seconds=1)).connect() as deliveries:
            with suppress(TimeoutError):
                async with asyncio.timeout(2.5):
                    await anext(deliveries)
            async with Publisher(mosquitto.port) as publisher:
                await publisher.publish("n", b"1")
                await take(deliveries, 1)

    async def test_the_broker_may_ask_for_another_keepalive(self, tmp_path: Path) -> None:
        async with (
            Mosquitto(tmp_path, options={"max_keepalive": 10}) as broker,
            source_at(broker.port, plain("n")).connect() as deliveries,
        ):
            assert link_of(deliveries)._client.keepalive == 10

    async def test_what_is_no_mqtt_is_told_so(self) -> None:
        async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n" + b"Server: none of the sort\r\n" * 9)

        async with scripted(babble) as port:
            with pytest.raises(SourceUnreachableError, match="is no MQTT 5"):
                async with source_at(port, plain("n")).connect():
                    pass

    async def test_who_takes_the_link_and_says_nothing_is_not_waited_for(self) -> None:
        async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            del writer
            await reader.read(100)

        async with scripted(listen) as port:
            with pytest.raises(SourceUnreachableError, match=r"takes the connection and does not answer within 0\.2 s"):
                async with source_at(port, plain("n"), timeout=timedelta(milliseconds=200)).connect():
                    pass


class TestRefused:
    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    async def test_a_wrong_password(self, peer: MosquittoPeer, protocol: str) -> None:
        wrong = settings(peer.broker.port, protocol=protocol, password="guessed")
        with pytest.raises(SourceRefusedError, match="check `user` and `password`") as caught:
            async with MqttSource("broker", wrong, points()).connect():
                pass
        assert "guessed" not in str(caught.value)

    async def test_no_user_where_one_is_needed(self, peer: MosquittoPeer) -> None:
        with pytest.raises(SourceRefusedError, match="a client without `user` and `password`"):
            async with source_at(peer.broker.port, plain("n")).connect():
                pass

    async def test_a_topic_that_may_not_be_read_is_a_refusal_and_others_go_on(self, tmp_path: Path) -> None:
        async with (
            _guarded(tmp_path, "open") as broker,
            Publisher(broker.port) as publisher,
            source_at(broker.port, plain("open"), plain("closed")).connect() as deliveries,
        ):
            opening = await anext(deliveries)
            await publisher.publish("open", b"1")
            await take(deliveries, 1)
        assert opening.samples.is_empty()
        assert opening.refusals["address"].to_list() == ["closed"]
        assert "'closed' (Not authorized); ask its administrator" in opening.refusals["reason"][0]

    @pytest.mark.parametrize("protocol", ["5", "3.1.1"])
    async def test_a_source_that_may_read_no_topic_is_refused(self, tmp_path: Path, protocol: str) -> None:
        async with _guarded(tmp_path, "open") as broker:
            with pytest.raises(SourceRefusedError, match="refuses the topic 'closed'"):
                async with source_at(broker.port, plain("closed"), protocol=protocol).connect():
                    pass


def _guarded(folder: Path, topic: str) -> Mosquitto:
    """A broker at which only `topic` may be subscribed."""
    config = folder / "dynamic-security.json"
    config.write_bytes(
        orjson.dumps(
            {
                "clients": [],
                "groups": [{"groupname": "all", "roles": [{"rolename": "reader"}], "clients": []}],
                "roles": [
                    {
                        "rolename": "reader",
                        "acls": [{"acltype": "subscribeLiteral", "topic": topic, "priority": 0, "allow": True}],
                    }
                ],
                "anonymousGroup": "all",
                "defaultACLAccess": {
                    "publishClientSend": True,
                    "publishClientReceive": True,
                    "subscribe": False,
                    "unsubscribe": True,
                },
            }
        )
    )
    (plugin,) = Path("/usr/lib").glob("*/mosquitto_dynamic_security.so")
    return Mosquitto(folder, options={"plugin": plugin, "plugin_opt_config_file": config})
