"""InfluxDB is away for longer than the spool may hold samples: sources are held back, and nothing is missing.

The spool takes what comes until its oldest entry is older than `age`. From then on the collector acknowledges and reads
no more: Mosquitto keeps what is published, and the queues of the OPC UA server run over, which the server says and the
gap ledger shows.
"""

import asyncio
from typing import Final

from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad
from tests.prove.scene import SETTLED, Scene, tell

ROUNDS: Final = 1
"""How often the store goes away, when nobody says otherwise."""

AGE: Final = 10.0
"""Seconds for which the spool holds samples that the store has not taken."""

AWAY: Final = 30.0
"""Seconds for which the store is away."""

LOOK: Final = 0.5
"""Seconds between two looks at the links."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and for how long the sources were held back."""
    return shown(ROUNDS if rounds is None else rounds)


def shown(rounds: int = ROUNDS, *, age: float = AGE, away: float = AWAY) -> dict[str, object]:
    """Let the store be away so often, for so many seconds, with a spool that holds samples for `age` seconds."""
    return asyncio.run(_prove(rounds, age, away))


async def _prove(rounds: int, age: float, away: float) -> dict[str, object]:
    held, failed = 0.0, []
    async with Scene(MqttLoad(), OpcuaLoad()) as scene:
        installation = scene.install(spool={"age": f"{age:g} s"})
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
            for number in range(rounds):
                await scene.influx.kill()
                looks = [await _held(scene) for _ in range(round(away / LOOK))]
                held += LOOK * sum(looks)
                if not looks[-1]:
                    failed.append(f"after {away:g} s without the store the sources are not held back")
                await scene.influx.start()
                tell(f"store away {number + 1} of {rounds} times, sources held back for {LOOK * sum(looks):.1f} s")
                await asyncio.sleep(SETTLED)
            await scene.end()
            await scene.arrived()
        return await scene.outcome(outages=rounds, away_s=away, age_s=age, held_s=round(held, 1), failed=failed)


async def _held(scene: Scene) -> bool:
    """Wait a little; tell whether all sources are held back then."""
    await asyncio.sleep(LOOK)
    return all(link.state == "held" for link in (await scene.installation.links()).values())
