"""Tell the collector to stop, again and again, under load: it ends in order and in time, and nothing is missing.

Every third time InfluxDB is away while the collector stops, killed or frozen in turns: what it has taken then stays in
the spool.
"""

import asyncio
import os
import random
import signal
import time
from typing import Final

from tests.prove.killing import SEED
from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad
from tests.prove.scene import SETTLED, Scene, tell

ROUNDS: Final = 12
"""How often the collector is told to stop, when nobody says otherwise."""

LONGEST_LIFE: Final = 1.2
"""Seconds at most that it lives once it is connected."""

IN_TIME: Final = 10.0
"""Seconds in which it must have ended."""

ANSWERED: Final = 2.0
"""Seconds for which InfluxDB is away before the collector is told to stop."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and how long the collector took to stop at most."""
    return asyncio.run(_prove(ROUNDS if rounds is None else rounds))


async def _prove(rounds: int) -> dict[str, object]:
    lot = random.Random(SEED)  # noqa: S311 - repeatable
    slowest, failed = 0.0, []
    async with Scene(MqttLoad(), OpcuaLoad()) as scene:
        installation = scene.install()
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
        for number in range(rounds):
            away, frozen = number % 3 == 2, number % 6 == 5
            async with installation.living() as process:
                await installation.connected(process)
                if away:
                    await _away(scene, frozen=frozen)
                    await asyncio.sleep(ANSWERED)
                await asyncio.sleep(lot.uniform(0, LONGEST_LIFE))
                told = time.monotonic()
                process.send_signal(signal.SIGTERM)
                code = await process.wait()
            seconds = time.monotonic() - told
            slowest = max(slowest, seconds)
            if code or seconds > IN_TIME:
                failed.append(f"stop {number + 1} took {seconds:.1f} s and ended with code {code}")
            if away:
                await _back(scene, frozen=frozen)
            tell(f"collector stopped {number + 1} of {rounds} times, in {seconds:.1f} s, code {code}")
        async with installation.living() as process:
            await installation.connected(process)
            await asyncio.sleep(SETTLED)
            await scene.end()
            await scene.arrived()
        return await scene.outcome(stops=rounds, slowest_s=round(slowest, 1), failed=failed)


async def _away(scene: Scene, *, frozen: bool) -> None:
    if frozen:
        os.kill(scene.influx.pid, signal.SIGSTOP)
    else:
        await scene.influx.kill()


async def _back(scene: Scene, *, frozen: bool) -> None:
    if frozen:
        os.kill(scene.influx.pid, signal.SIGCONT)
    else:
        await scene.influx.start()
