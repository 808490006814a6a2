"""Kill Mosquitto again and again while it is published to: what it lost with its memory, the gap ledger tells of.

Mosquitto acknowledges a message of QoS 1 when it is in memory, and writes its memory to disk now and then: here after
every hundred changes, which is what it can do under this load. What it had acknowledged and not yet written is gone,
and that loss is the broker's: no collector can get such a message. But it must not pass in silence: it counts as
`gap_covered` where the ledger has a gap that is not filled, and as `lost` where it has none.

Every other time the broker is killed a second time, as soon as it has acknowledged something and before the collector
is connected again: then something is lost for certain.
"""

import asyncio
import random
from typing import Final

from tests.prove.killing import SEED
from tests.prove.mqtt_load import MqttLoad
from tests.prove.scene import SETTLED, Scene, tell

ROUNDS: Final = 20
"""How often Mosquitto is killed under load, when nobody says otherwise; ten more times it is killed twice."""

LONGEST_LIFE: Final = 2.0
"""Seconds at most that Mosquitto lives once collector and publisher are connected again."""

LONGEST_DEATH: Final = 0.3
"""Seconds at most before it is started again."""

OPTIONS: Final = {"autosave_interval": 100, "autosave_on_changes": "true"}
"""Lines of mosquitto.conf: write all that is in memory after so many changes; a message makes a few."""

BURST: Final = 25
"""Messages sent at once: each write of its memory holds Mosquitto up."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what the broker acknowledged, what was found, and how much of the rest is told of."""
    return asyncio.run(_prove(ROUNDS if rounds is None else rounds))


async def _prove(rounds: int) -> dict[str, object]:
    lot = random.Random(SEED)  # noqa: S311 - repeatable
    load = MqttLoad(kept=False, burst=BURST, options=OPTIONS)
    async with Scene(load) as scene:
        installation = scene.install()
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
            for number in range(rounds):
                await asyncio.sleep(lot.uniform(0, LONGEST_LIFE))
                connections = installation.connections
                await load.broker.kill()
                await asyncio.sleep(lot.uniform(0, LONGEST_DEATH))
                await load.broker.start()
                if number % 2:
                    await load.taken_again()
                    await load.broker.kill()
                    await load.broker.start()
                await installation.reconnected(connections)
                await load.taken_again()
                tell(f"broker killed {number + 1} of {rounds} times")
            await asyncio.sleep(SETTLED)
            await scene.end()
            await scene.arrived()
        return await scene.outcome(kills=rounds + rounds // 2)
