"""Let 1 KB a second through to the store for a while, under load: it goes on, takes no memory, and all is stored then.

load ─► Mosquitto ─► collector ─► relay, narrow ─► InfluxDB
"""

import asyncio
from typing import Final

from tests.prove.memory import Memory
from tests.prove.mqtt_load import MqttLoad
from tests.prove.scene import SETTLED, Scene, tell
from tests.servers.relay import Relay

ROUNDS: Final = 2
"""How often the way becomes narrow, when nobody says otherwise."""

SECONDS: Final = 120.0
"""How long it stays narrow."""

RATE: Final = 1024
"""Bytes a second that pass then."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, what passed while the way was narrow, and how much memory that took."""
    return asyncio.run(slowed(ROUNDS if rounds is None else rounds, SECONDS))


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
                    before = sum((await scene.stored()).values())
                    await asyncio.sleep(seconds / 2)
                    passed += sum((await scene.stored()).values()) - before
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
