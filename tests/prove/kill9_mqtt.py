"""Kill the collector again and again while a publisher sends with QoS 1: every sample is in the store, once.

Each message carries a number of its own and a time of its own, and counts as sent when Mosquitto has acknowledged it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from collector.gaps import Gap
from tests.prove.killing import killed_under, until_stored
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import Mosquitto, Publisher

ROUNDS: Final = 20
"""How often the collector is killed, when nobody says otherwise."""

TOPICS: Final = 10
"""Topics that the messages are spread over."""

BURST: Final = 100
"""Messages sent at once, then a pause."""

PAUSE: Final = 0.05
"""Seconds between two bursts."""

SIGNAL: Final = "      - {name: m%d, source: broker, topic: proof/m%d, value: n, time: t, type: int}"


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, and what was found."""
    return {**killed_under([MqttLoad()], ROUNDS if rounds is None else rounds)["by-mqtt"]}


class MqttLoad:
    """Messages of QoS 1 to a real Mosquitto, which keeps them while the collector is dead."""

    equipment = "by-mqtt"

    def __init__(self) -> None:
        self._sent = 0

    async def open(self, folder: Path, stack: AsyncExitStack) -> None:
        """Start Mosquitto and connect a publisher."""
        broker = Mosquitto(folder, max_inflight_messages=1000, max_queued_messages=0)
        self._broker = await stack.enter_async_context(broker)
        self._publisher = await stack.enter_async_context(Publisher(broker.port))

    @property
    def source(self) -> str:
        """The broker."""
        return f"  - {{name: broker, kind: mqtt, host: 127.0.0.1, port: {self._broker.port}, client_id: proof}}"

    @property
    def signals(self) -> str:
        """A signal for each topic."""
        return "\n".join((f"  - id: {self.equipment}", "    signals:", *(SIGNAL % (n, n) for n in range(TOPICS))))

    async def send(self, stop: asyncio.Event) -> None:
        """Publish; return when Mosquitto has acknowledged all."""
        sent = []
        while not stop.is_set():
            for _ in range(BURST):
                payload = orjson.dumps({"n": self._sent, "t": datetime.now(UTC)})
                sent.append(self._publisher.send(f"proof/m{self._sent % TOPICS}", payload))
                self._sent += 1
            await asyncio.sleep(PAUSE)
        await self._publisher.taken(sent)

    async def arrived(self, influx: InfluxServer) -> None:
        """Wait until all is stored."""
        await until_stored(influx, self.equipment, 'COUNT("int")', self._sent)

    def verdict(self, found: Sequence[int], gaps: Sequence[Gap]) -> dict[str, int]:
        """Nothing may be missing, whatever gap is told of; and every outage was made good."""
        over = [gap for gap in gaps if gap.source == "broker" and gap.end is not None]
        return {
            "sent": self._sent,
            "stored": len(set(found)),
            "lost": len(set(range(self._sent)) - set(found)),
            "doubled": len(found) - len(set(found)),
            "gaps": len(over),
            "gaps_filled": sum(gap.state == "filled" for gap in over),
        }
