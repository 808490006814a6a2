"""MQTT to InfluxDB: parkline against the script a user would write (paho's callback, WriteApi, Point).

Prepared QoS 1 messages are sent to Mosquitto as fast as it takes them; it queues what its reader has not taken.
"""

import asyncio
import select
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, TypeAlias

import orjson
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.bench import e2e
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import Mosquitto

MESSAGES: Final = 60_000
"""Samples, one a message."""

SIGNALS: Final = 20
"""Topics that they are spread over."""

LINE: Final = """\
line: bench
factory: works
sources:
  - {name: broker, kind: mqtt, host: 127.0.0.1, port: %d, client_id: bench, receive_maximum: 1000}
equipment:
  - id: machine
    signals:
%s
"""

Words: TypeAlias = tuple[str, str, list[str]]
"""Measurement and field that a side writes, and the command that runs it."""

Command: TypeAlias = Callable[[Path, Mosquitto, InfluxServer], Words]

SIGNAL: Final = "      - {name: s%d, source: broker, topic: bench/s%d, value: value, time: time, type: float}"


def measure() -> dict[str, object]:
    """Give samples/s of parkline, and of the plain script as reference."""
    ours = asyncio.run(_measured(_parkline))
    plain = asyncio.run(_measured(_plain))
    return e2e.compared(ours, plain, "paho callback + WriteApi + Point")


async def _measured(command: Command) -> e2e.Run:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("broker", "influx"):
            (folder / part).mkdir()
        broker = Mosquitto(folder / "broker", persistence=False, max_inflight_messages=1000, max_queued_messages=0)
        async with broker, InfluxServer(folder / "influx") as influx:
            await influx.query(f"CREATE DATABASE {e2e.DATABASE}")
            await asyncio.to_thread(_open_session, broker.port)
            measurement, field, words = command(folder, broker, influx)
            async with e2e.running(words, folder / "log") as process:
                try:
                    await asyncio.to_thread(_send, broker.port, range(1))
                    await e2e.until(influx, measurement, field, 1)
                    used, begun = e2e.processor_time(process), time.monotonic()
                    await asyncio.to_thread(_send, broker.port, range(1, MESSAGES + 1))
                    ended = await e2e.until(influx, measurement, field, MESSAGES + 1)
                except TimeoutError:
                    sys.stderr.write((folder / "log").read_text())
                    raise
                return e2e.Run(MESSAGES, ended - begun, e2e.processor_time(process) - used)


def _open_session(port: int) -> None:
    """Open the session `bench` with its subscriptions, and leave it: the broker keeps it."""
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = 3600
    client = Client(CallbackAPIVersion.VERSION2, client_id="bench", protocol=MQTTProtocolVersion.MQTTv5)
    client.on_connect = lambda client, *_: client.subscribe([(f"bench/s{n}", 1) for n in range(SIGNALS)])
    client.on_subscribe = lambda client, *_: client.disconnect()
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    client.loop_forever()


def _send(port: int, numbers: range) -> None:
    """Publish messages at QoS 1 as fast as the broker takes them; return when it has acknowledged all."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    packets = bytearray(bytes.fromhex("101000044d5154540402003c000462656e32"))
    for number in numbers:
        topic = f"bench/s{number % SIGNALS}".encode()
        instant = start + timedelta(milliseconds=number)
        payload = orjson.dumps({"value": number + 0.5, "time": instant})
        body = len(topic).to_bytes(2) + topic + (number % 65535 + 1).to_bytes(2) + payload
        packets += b"\x32" + _length(len(body)) + body
    with socket.create_connection(("127.0.0.1", port)) as wire:
        acks = 0
        view = memoryview(packets)
        wire.settimeout(0)
        while acks < 4 * len(numbers) + 4:
            readable, writable, _ = select.select([wire], [wire] if view else [], [], 10)
            if readable:
                acks += len(wire.recv(1 << 20))
            if writable:
                view = view[wire.send(view[: 1 << 16]) :]


def _length(size: int) -> bytes:
    """Encode a remaining length (MQTT 3.1.1, 2.2.3)."""
    coded = bytearray()
    while True:
        size, digit = size >> 7, size & 0x7F
        coded.append(digit | (0x80 if size else 0))
        if not size:
            return bytes(coded)


def _parkline(folder: Path, broker: Mosquitto, influx: InfluxServer) -> Words:
    signals = "\n".join(SIGNAL % (n, n) for n in range(SIGNALS))
    installation = e2e.install(folder / "park", influx, LINE % (broker.port, signals))
    return "sample", "float", [e2e.PARKLINE, "run", "--role", "collector", "-c", str(installation)]


def _plain(folder: Path, broker: Mosquitto, influx: InfluxServer) -> Words:
    del folder
    script = str(Path(__file__).with_name("plain_mqtt.py"))
    return "machine", "value", [sys.executable, script, str(broker.port), influx.url, e2e.DATABASE]
