"""Let 1 KB a second through to the store for a while, under load: it goes on, takes no memory, and all is stored then.

load ─► Mosquitto ─► collector ─► relay, narrow ─► InfluxDB
"""

import asyncio
import time
from typing import Final

from tests.prove.memory import Memory
from tests.prove.mqtt_load import MqttLoad
from tests.prove.scene import SETTLED, Scene, tell
from tests.servers.relay import Relay

ROUNDS: Final = 2
"""How often the way becomes narrow, when nobody says otherwise."""

SECONDS: Final = 120.0
"""How long it stays narrow."""

PATIENCE: Final = 60.0
"""Seconds at most between two samples that pass then, once the collector has found how much goes at once."""

RATE: Final = 1024
"""Bytes a second that pass then."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, what passed while the way was narrow, and how much memory that took."""
    return asyncio.run(slowed(ROUNDS if rounds is None else rounds, SECONDS))


async def _more(scene: Scene, stored: int) -> int:
    """Give how much is stored now, once it is more; as much as before where nothing comes for long."""
    until = time.monotonic() + PATIENCE
    while True:
        now = sum((await scene.stored()).values())
        if now > stored or time.monotonic() > until:
            return now
        await asyncio.sleep(0.5)


async def slowed(rounds: int, seconds: float, answer: str = "10 s") -> dict[str, object]:
    """Make the way narrow so many times, for so many seconds; the collector waits for one `answer` so long."""
    async with Scene(MqttLoad()) as scene, Relay(scene.influx.front_port) as relay:
        installation = scene.install(store={"url": f"http://127.0.0.1:{relay.port}", "timeout": answer})
        passed = 0
        async with installation.living() as process:
            await installation.connected(process)
            async with Memory(process.pid) as memory:
                scene.begin()
                await asyncio.sleep(SETTLED)
                for number in range(rounds):
                    relay.narrow(RATE)
                    await asyncio.sleep(seconds / 2)
                    before = passed - sum((await scene.stored()).values())
                    await asyncio.sleep(seconds / 2)
                    passed = before + await _more(scene, passed - before)
                    relay.narrow(None)
                    tell(f"{number + 1} of {rounds} times slow; {passed} samples stored then")
                    await asyncio.sleep(SETTLED)
                await scene.end()
                await scene.arrived()
        return await scene.outcome(
            faults=rounds,
            stored_when_slow=passed,
            memory_mib=memory.growth,
            dead_lettered=await installation.dead_letters(),
            failed=[] if passed else ["nothing was stored while the way was narrow"],
        )
