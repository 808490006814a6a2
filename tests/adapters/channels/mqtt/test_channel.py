"""What a broker may say, and what Mosquitto does say: rights, retained notices, certificates."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import uvloop

from adapters.channels.contract import Channel, ChannelError, ChannelRefusedError, ChannelUnreachableError
from adapters.channels.mqtt import create
from adapters.channels.mqtt.settings import MqttSettings
from tests.adapters.channels.mqtt.subscriber import Script, Subscriber
from tests.conformance.channel import NOTICE, failure, send
from tests.servers.mosquitto import Mosquitto

CONNACK = b"\x20\x03\x00\x00\x00"


def andon(port: int, **settings: Any) -> Channel:
    return create(
        "andon", MqttSettings.model_validate({"host": "localhost", "port": port, "timeout": "5 s", **settings})
    )


def connack(reason: int) -> bytes:
    return bytes([0x20, 3, 0, reason, 0])


def puback(reason: int) -> bytes:
    return bytes([0x40, 4, 0, 1, reason, 0])


def disconnect(reason: int) -> bytes:
    return bytes([0xE0, 2, reason, 0])


@pytest.mark.parametrize(
    ("answers", "sort", "said"),
    [
        ([connack(0x84)], ChannelRefusedError, "it does not speak MQTT 5"),
        ([connack(0x85)], ChannelRefusedError, "another one"),
        ([connack(0x86)], ChannelRefusedError, "`user` and `password`"),
        ([connack(0x88)], ChannelUnreachableError, "tried again"),
        ([connack(0x89)], ChannelUnreachableError, "tried again"),
        ([connack(0x8A)], ChannelRefusedError, "banned"),
        ([connack(0x9F)], ChannelUnreachableError, "tried again"),
        ([CONNACK, puback(0x87)], ChannelRefusedError, "the right to connect, and to publish"),
        ([CONNACK, puback(0x90)], ChannelRefusedError, "another one"),
        ([CONNACK, puback(0x97)], ChannelUnreachableError, "tried again"),
        ([CONNACK, disconnect(0x8B)], ChannelUnreachableError, "tried again"),
        ([CONNACK, disconnect(0x95)], ChannelRefusedError, "larger than it takes"),
        ([CONNACK, disconnect(0x9A)], ChannelRefusedError, "`retain: false`"),
        ([CONNACK, disconnect(0x9B)], ChannelRefusedError, "QoS 1"),
        ([], ChannelUnreachableError, "closed the link without a word"),
        ([b"HTTP/1.1 400 Bad Request\r\n\r\n"], ChannelUnreachableError, "closed the link without a word"),
        ([CONNACK], ChannelUnreachableError, "closed the link without a receipt"),
    ],
)
async def test_an_answer(answers: list[bytes], sort: type[ChannelError], said: str) -> None:
    async with Script(*answers) as broker:
        error = await failure(andon(broker.port))
    assert type(error) is sort
    assert said in error.reason
    assert "localhost:" in error.reason


@pytest.mark.parametrize("reason", [0x00, 0x10])
async def test_a_receipt(reason: int) -> None:
    async with Script(CONNACK, puback(reason)) as broker:
        assert "parkline/alerts/high: " in (await send(andon(broker.port), NOTICE)).answer


@pytest.mark.system
async def test_a_topic_that_the_broker_forbids(tmp_path: Path) -> None:
    acl = "user alerts\ntopic write works/alerts/#\ntopic read works/#\n"
    async with Mosquitto(tmp_path, users={"alerts": "geheim"}, acl=acl) as broker:
        login = {"user": "alerts", "password": "geheim"}
        await send(andon(broker.port, topic="works/alerts/a", **login), NOTICE)
        error = await failure(andon(broker.port, topic="works/state/a", **login))
        stranger = await failure(andon(broker.port))
    assert isinstance(error, ChannelRefusedError)
    assert "the topic 'works/state/a'" in error.reason
    assert isinstance(stranger, ChannelRefusedError)


@pytest.mark.system
async def test_a_retained_notice_waits_for_who_comes_later(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path) as broker:
        await send(andon(broker.port, topic="andon/{equipment}", retain=True), NOTICE)
        await send(andon(broker.port, topic="andon/passing"), NOTICE)
        async with Subscriber(broker.port, "andon/#") as subscriber, asyncio.timeout(5):
            message = await subscriber.messages.get()
        assert (message.topic, message.retain) == ("andon/works/line-1/press-01", True)
        assert subscriber.messages.empty()


@pytest.mark.system
async def test_a_notice_that_is_larger_than_the_broker_takes(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, options={"message_size_limit": 100}) as broker:
        error = await failure(andon(broker.port))
    assert isinstance(error, ChannelUnreachableError)
    assert "larger than it takes" in error.reason


@pytest.mark.system
async def test_certificates(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, tls=True, client_certificates=True) as broker:
        own = broker.authority.sign("alerts")
        tls = {"ca": broker.ca, "certificate": own.certificate, "key": own.key}
        await send(andon(broker.tls_port, tls=tls), NOTICE)
        stranger = await failure(andon(broker.tls_port, tls={}))
        nameless = await failure(andon(broker.tls_port, tls={"ca": broker.ca}))
        missing = await failure(andon(broker.tls_port, tls={"ca": tmp_path / "nowhere.pem"}))
    assert isinstance(stranger, ChannelRefusedError)
    assert "is not trusted" in stranger.reason
    assert isinstance(nameless, ChannelError)
    assert isinstance(missing, ChannelRefusedError)
    assert "nowhere.pem" in missing.reason


@pytest.mark.system
async def test_tls_on_one_side_only(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, tls=True) as broker:
        to_plain = await failure(andon(broker.port, tls={"ca": broker.ca}))
        to_tls = await failure(andon(broker.tls_port))
    assert isinstance(to_plain, ChannelError)
    assert isinstance(to_tls, ChannelUnreachableError)


@pytest.mark.system
def test_on_the_loop_that_production_runs_on(tmp_path: Path) -> None:
    async def both() -> None:
        async with Mosquitto(tmp_path, tls=True) as broker, Subscriber(broker.port, "parkline/#") as subscriber:
            await send(andon(broker.port), NOTICE)
            await send(andon(broker.tls_port, tls={"ca": broker.ca}), NOTICE)
            async with asyncio.timeout(5):
                for _ in "12":
                    await subscriber.messages.get()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(both())
