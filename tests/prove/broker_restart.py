"""Restart Mosquitto in order, with and without persistence, while it is published to.

With persistence it keeps the collector's session over its end: nothing may be missing, whatever gap is told of.
Without, the session is gone with all it held: what is missing must lie in a gap that is not filled. The publisher
repeats what was not acknowledged.
"""

import asyncio
import random
from dataclasses import asdict
from typing import Final

from tests.prove.killing import SEED
from tests.prove.load import Verdict
from tests.prove.mqtt_load import MqttLoad
from tests.prove.scene import SETTLED, Scene, tell

ROUNDS: Final = 10
"""How often Mosquitto is restarted, when nobody says otherwise; every other time it has persistence."""

LONGEST_LIFE: Final = 2.0
"""Seconds at most that Mosquitto lives once collector and publisher are connected again."""

LONGEST_DEATH: Final = 0.5
"""Seconds at most before it is started again."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give both parts judged together, and how each came out."""
    rounds = ROUNDS if rounds is None else rounds
    kept = asyncio.run(restarted(rounds - rounds // 2, persistence=True))
    gone = asyncio.run(restarted(rounds // 2, persistence=False))
    return {**asdict(kept + gone), "restarts": rounds, "persistent": asdict(kept), "forgetful": asdict(gone)}


async def restarted(rounds: int, *, persistence: bool) -> Verdict:
    """Restart a broker so many times; give what became of what it acknowledged."""
    lot = random.Random(SEED)  # noqa: S311 - repeatable
    load = MqttLoad(kept=persistence, persistence=persistence)
    async with Scene(load) as scene:
        installation = scene.install()
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
            for number in range(rounds):
                await asyncio.sleep(lot.uniform(0, LONGEST_LIFE))
                connections = installation.connections
                await load.broker.stop()
                await asyncio.sleep(lot.uniform(0, LONGEST_DEATH))
                await load.broker.start()
                await installation.reconnected(connections)
                await load.taken_again()
                kind = "with" if persistence else "without"
                tell(f"broker {kind} persistence restarted {number + 1} of {rounds} times")
            await asyncio.sleep(SETTLED)
            await scene.end()
            await scene.arrived()
        return (await scene.verdicts())[load.equipment]
