"""Kill InfluxDB again and again while the collector writes to it: every sample is in it in the end, once."""

import asyncio
import random
from typing import Final

from tests.prove.killing import SEED
from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad
from tests.prove.scene import SETTLED, Scene, tell

ROUNDS: Final = 30
"""How often InfluxDB is killed, when nobody says otherwise."""

LONGEST_LIFE: Final = 2.0
"""Seconds at most that InfluxDB lives once it answers."""

LONGEST_DEATH: Final = 0.5
"""Seconds at most before it is started again, but for every second death."""

NOTICED: Final = 3.0
"""Seconds that every second death lasts: several turns of the drain, so that it meets one also on a slow machine."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and how often the collector found the store away when it asked."""
    return asyncio.run(_prove(ROUNDS if rounds is None else rounds))


async def _prove(rounds: int) -> dict[str, object]:
    lot = random.Random(SEED)  # noqa: S311 - repeatable
    async with Scene(MqttLoad(), OpcuaLoad()) as scene:
        installation = scene.install()
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
            for number in range(rounds):
                await asyncio.sleep(lot.uniform(0, LONGEST_LIFE))
                await scene.influx.kill()
                death = lot.uniform(0, LONGEST_DEATH)
                await asyncio.sleep(max(death, NOTICED) if number % 2 else death)
                await scene.influx.start()
                tell(f"InfluxDB killed {number + 1} of {rounds} times")
            await asyncio.sleep(SETTLED)
            await scene.end()
            await scene.arrived()
        return await scene.outcome(kills=rounds, noticed=installation.log.count("store unavailable"))
