"""Kill the collector again and again under load: what the proofs of kill -9 share. What all proofs share is `scene`."""

import asyncio
import random
import signal
from typing import Final

from tests.prove.installation import Installation
from tests.prove.load import Load, Verdict
from tests.prove.scene import SETTLED, Scene, tell

LONGEST_LIFE: Final = 1.2
"""Seconds at most that a collector lives once it is connected."""

SEED: Final = 20240517
"""Decides when something dies: a proof that failed must be repeatable."""


def killed_under(rounds: int, *loads: Load) -> dict[str, Verdict]:
    """Kill the collector so many times under all these loads at once; give each load's verdict, by its equipment."""
    return asyncio.run(_killed_under(rounds, loads))[0]


def outcome_under(rounds: int, *loads: Load) -> dict[str, object]:
    """Kill the collector so many times under all these loads at once; give the line of the table."""
    return asyncio.run(_killed_under(rounds, loads))[1]


async def _killed_under(rounds: int, loads: tuple[Load, ...]) -> tuple[dict[str, Verdict], dict[str, object]]:
    async with Scene(*loads) as scene:
        installation = scene.install()
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
        await live_and_die(installation, rounds)
        async with installation.living() as process:
            await installation.connected(process)
            await asyncio.sleep(SETTLED)
            await scene.end()
            await scene.arrived()
        return await scene.verdicts(), await scene.outcome(kills=rounds)


async def live_and_die(installation: Installation, rounds: int) -> None:
    """Start the collector and kill it at a random moment, so many times; every fourth dies before it is connected."""
    lot = random.Random(SEED)  # noqa: S311 - repeatable
    for number in range(rounds):
        async with installation.living() as process:
            if number % 4 != 3:
                await installation.connected(process)
            await asyncio.sleep(lot.uniform(0, LONGEST_LIFE))
            process.send_signal(signal.SIGKILL)
        tell(f"collector killed {number + 1} of {rounds} times")
