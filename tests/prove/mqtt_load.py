"""A load of MQTT messages with QoS 1, each with a number and a time of its own, to a real Mosquitto.

A message counts as sent when the broker has acknowledged it. While the broker is away the publisher keeps what was not
acknowledged, and sends it again.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from tests.servers.mosquitto import Mosquitto

TOPICS: Final = 10
"""Topics that the messages are spread over; a signal each."""

PAUSE: Final = 0.05
"""Seconds between two bursts."""

UNACKNOWLEDGED: Final = 20_000
"""Messages that may wait for the broker; then the publisher waits. MQTT has identifiers for 65,535."""

PATIENCE: Final = 60.0
"""Seconds in which the broker must have acknowledged the last message."""


class MqttLoad:
    """Messages of QoS 1, which Mosquitto keeps while the collector is away."""

    def __init__(
        self,
        *,
        equipment: str = "by-mqtt",
        burst: int = 100,
        kept: bool = True,
        persistence: bool = True,
        options: Mapping[str, object] | None = None,
        source: Mapping[str, object] | None = None,
    ) -> None:
        """Configure it.

        Args:
            equipment: its equipment.
            burst: messages sent every `PAUSE`.
            kept: whether nothing may be missing, whatever gap is told of.
            persistence: whether Mosquitto keeps sessions over its end.
            options: other lines of mosquitto.conf.
            source: other keys of the source, such as `port` for a relay's; may be given later, in `more`.
        """
        self.equipment = equipment
        self.link = "broker"
        self.kept = kept
        self.more = dict(source or {})
        """Keys of the source besides its own, or instead of them."""
        self.burst = burst
        """Messages sent every `PAUSE`; may be changed while it sends."""
        self._persistence = persistence
        self._options = options
        self._times: dict[int, datetime] = {}
        self._taken: dict[int, datetime] = {}
        self._unacknowledged: dict[int, int] = {}
        self._acknowledged: deque[int] = deque()
        self._broker: Mosquitto | None = None
        self._client: Client | None = None

    @property
    def broker(self) -> Mosquitto:
        """The broker, once the load is open."""
        assert self._broker is not None, "the load is not open"
        return self._broker

    @property
    def source(self) -> Mapping[str, object]:
        """The broker."""
        own = {"name": self.link, "kind": "mqtt", "host": "127.0.0.1", "port": self.broker.port, "client_id": "proof"}
        return own | self.more

    @property
    def signals(self) -> Sequence[Mapping[str, object]]:
        """A signal for each topic."""
        common = {"source": self.link, "value": "n", "time": "t", "type": "int"}
        return [{"name": f"m{n}", "topic": f"proof/m{n}", **common} for n in range(TOPICS)]

    @property
    def sent(self) -> Mapping[int, datetime]:
        """What the broker has acknowledged."""
        return self._taken

    @property
    def waiting(self) -> int:
        """How many messages the broker has not acknowledged yet."""
        return len(self._unacknowledged)

    async def open(self, folder: Path, stack: AsyncExitStack) -> None:
        """Start Mosquitto and connect a publisher."""
        limits = {"max_inflight_messages": 1000, "max_queued_messages": 0}
        broker = Mosquitto(folder, persistence=self._persistence, options={**limits, **(self._options or {})})
        self._broker = await stack.enter_async_context(broker)
        self._client = client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        client.max_inflight_messages_set(1000)
        client.reconnect_delay_set(0.1, 0.1)  # type: ignore[arg-type]  # a float does
        client.on_publish = lambda _client, _data, identifier, *_: self._acknowledged.append(identifier)
        await asyncio.to_thread(client.connect, "127.0.0.1", broker.port)
        client.loop_start()
        stack.push_async_callback(asyncio.to_thread, client.loop_stop)
        stack.callback(client.disconnect)

    async def send(self, stop: asyncio.Event) -> None:
        """Publish; return when Mosquitto has acknowledged all."""
        while not stop.is_set():
            self.heed()
            if len(self._unacknowledged) < UNACKNOWLEDGED:
                for _ in range(self.burst):
                    self.publish()
            await asyncio.sleep(PAUSE)
        async with asyncio.timeout(PATIENCE):
            while self._unacknowledged:
                self.heed()
                await asyncio.sleep(PAUSE)

    async def taken_again(self) -> None:
        """Wait until the broker acknowledges again: a message that is published from now on."""
        number = len(self._times)
        async with asyncio.timeout(PATIENCE):
            while not any(taken >= number for taken in reversed(self._taken)):  # noqa: ASYNC110 - `send` counts them
                await asyncio.sleep(PAUSE)

    def publish(self, **more: Any) -> None:
        """Publish one message; `more` goes into its payload."""
        assert self._client is not None, "the load is not open"
        number, now = len(self._times), datetime.now(UTC)
        self._times[number] = now
        payload = orjson.dumps({"n": number, "t": now, **more})
        self._unacknowledged[self._client.publish(f"proof/m{number % TOPICS}", payload, qos=1).mid] = number

    def heed(self) -> None:
        """Count what has been acknowledged meanwhile."""
        while self._acknowledged:
            number = self._unacknowledged.pop(self._acknowledged.popleft())
            self._taken[number] = self._times[number]
