"""Publishing to a real Mosquitto keeps every promise of a channel, in the clear and with TLS."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from adapters.channels.contract import Channel
from adapters.channels.mqtt import create
from adapters.channels.mqtt.settings import MqttSettings
from tests.adapters.channels.mqtt.subscriber import Script, Subscriber
from tests.conformance.channel import SHORT, ChannelConformance, FarEnd, Received, Silence
from tests.servers.mosquitto import Mosquitto

PASSWORD = "geheim-4711"
BUSY = b"\x20\x03\x00\x89\x00"
"""CONNACK of MQTT 5: server busy."""


class MqttFarEnd:
    hidden = (PASSWORD, "wrong-pass")

    def __init__(
        self, broker: Mosquitto, subscriber: Subscriber, busy: Script, silence: Silence, make: Callable[..., Channel]
    ) -> None:
        self.silence = silence
        self.channel = make(broker.tls_port or broker.port)
        self.refused = make(broker.tls_port or broker.port, password="wrong-pass")
        self.busy = make(busy.port, tls=None)
        self.silent = make(silence.port, timeout=SHORT)
        self.patient = make(silence.port, timeout="1 min")
        self._broker = broker
        self._subscriber = subscriber

    async def received(self) -> Received:
        message = await self._subscriber.messages.get()
        assert message.qos == 1
        assert message.properties is not None
        properties = message.properties.json()
        assert properties["ContentType"] == "application/json"
        marks = dict(properties["UserProperty"])
        body = orjson.loads(message.payload)
        assert message.topic == f"works/alerts/{body['severity']}"
        assert marks == {"id": body["id"], "event": body["type"], "severity": body["severity"]}
        return Received(marks["id"], f"{body['title']}\n{body['text']}")

    async def stop(self) -> None:
        await self._broker.stop()

    async def start(self) -> None:
        await self._broker.start()
        await self._subscriber.ready()


class MqttConformance(ChannelConformance):
    tls: bool

    @pytest.fixture
    async def far(self, tmp_path: Path) -> AsyncIterator[FarEnd]:
        def make(port: int, **settings: Any) -> Channel:
            written = {"host": "localhost", "port": port, "topic": "works/alerts/{severity}", "user": "alerts"}
            written |= {"password": PASSWORD, "tls": {"ca": broker.ca} if self.tls else None}
            return create("看板", MqttSettings.model_validate({**written, **settings}))

        async with (
            Mosquitto(tmp_path, users={"alerts": PASSWORD}, tls=self.tls) as broker,
            Subscriber(broker.port, "works/alerts/#", user="alerts", password=PASSWORD) as subscriber,
            Script(BUSY) as busy,
            Silence() as silence,
        ):
            yield MqttFarEnd(broker, subscriber, busy, silence, make)


@pytest.mark.system
class TestInTheClear(MqttConformance):
    tls = False


@pytest.mark.system
class TestTls(MqttConformance):
    tls = True
