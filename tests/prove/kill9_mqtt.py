"""Kill the collector again and again while a publisher sends with QoS 1: every sample is in the store, once.

Mosquitto and InfluxDB are real; so is the collector, and so is SIGKILL. Each message carries a number of its own and a
time of its own, and counts as sent when Mosquitto has acknowledged it.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from tests.prove.killing import DATABASE, Victim, stored, tell, until_stored
from tests.servers.influxdb import InfluxServer
from tests.servers.mosquitto import Mosquitto, Publisher

ROUNDS: Final = 20
"""How often the collector is killed, when nobody says otherwise."""

SIGNALS: Final = 10
"""Topics that the messages are spread over."""

BURST: Final = 100
"""Messages sent at once, then a pause."""

PAUSE: Final = 0.05
"""Seconds between two bursts."""

SEED: Final = 20240517
"""Decides when the collector dies."""

LINE: Final = """\
line: line
factory: works
sources:
  - {name: broker, kind: mqtt, host: 127.0.0.1, port: %d, client_id: proof}
equipment:
  - id: machine
    signals:
%s
"""

SIGNAL: Final = "      - {name: s%d, source: broker, topic: proof/s%d, value: n, time: t, type: int}"


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, and what was found."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_prove(Path(folder), ROUNDS if rounds is None else rounds))


async def _prove(folder: Path, rounds: int) -> dict[str, object]:
    for part in ("broker", "influx"):
        (folder / part).mkdir()
    broker = Mosquitto(folder / "broker", max_inflight_messages=1000, max_queued_messages=0)
    async with broker, InfluxServer(folder / "influx") as influx, Publisher(broker.port) as publisher:
        await influx.query(f'CREATE DATABASE "{DATABASE}"')
        signals = "\n".join(SIGNAL % (n, n) for n in range(SIGNALS))
        victim = Victim(folder / "park", influx, LINE % (broker.port, signals), seed=SEED)
        async with victim.living() as process:
            await victim.connected(process)  # from here on the broker keeps a session for it
        begun = time.monotonic()
        publishing = asyncio.create_task(_publish(publisher))
        await victim.live_and_die(rounds)
        publishing.cancel()
        sent = await publishing
        seconds = time.monotonic() - begun
        tell(f"{sent} samples sent in {seconds:.0f} s")
        async with victim.living():
            await until_stored(influx, 'COUNT("int")', sent)
        found = [value for rows in (await stored(influx, "int")).values() for _, value in rows]
    return {
        "sent": sent,
        "stored": len(set(found)),
        "lost": len(set(range(sent)) - set(found)),
        "doubled": len(found) - len(set(found)),
        "rounds": victim.kills,
        "seconds": round(seconds, 1),
        "sent_per_s": round(sent / seconds),
    }


async def _publish(publisher: Publisher) -> int:
    """Publish until cancelled; give how many messages the broker has acknowledged: all of them, from 0 on."""
    sent = []
    number = 0
    try:
        while True:
            for _ in range(BURST):
                payload = orjson.dumps({"n": number, "t": datetime.now(UTC)})
                sent.append(publisher.send(f"proof/s{number % SIGNALS}", payload))
                number += 1
            await asyncio.sleep(PAUSE)
    except asyncio.CancelledError:
        await publisher.taken(sent)
        return number
