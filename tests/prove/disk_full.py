"""Fill the collector's disk to the last byte, and free it again: sources are held back, it says so, nothing is missing.

Two installations: one has its spool alone on the disk that is full, so that the records can tell how its link stands;
the other has all it has there: configuration, spool, records and log.
"""

import asyncio
from collections import Counter
from typing import Any, Final

from tests.prove.installation import Installation
from tests.prove.mqtt_load import MqttLoad
from tests.prove.scene import SETTLED, Scene, tell
from tests.servers.small_disk import SmallDisk, missing

ROUNDS: Final = 6
"""How often each of the two disks is filled, when nobody says otherwise."""

MIB: Final = 48
"""Size of the disk; the collector leaves the last 16 MiB free, whoever fills it does not."""

FULL: Final = 3.0
"""Seconds that the disk stays full after the collector came to stand."""

PATIENCE: Final = 60.0
"""Seconds in which the collector must come to stand on a full disk, and go on afterwards."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent and what was found on both disks together, and how often the link said that it is held."""
    if reason := missing():
        return {"sent": 0, "stored": 0, "lost": 0, "doubled": 0, "skipped": reason}
    return asyncio.run(filled_up(ROUNDS if rounds is None else rounds, FULL))


async def filled_up(rounds: int, seconds: float) -> dict[str, object]:
    """Fill each disk so many times, for so many seconds."""
    both: Counter[str] = Counter()
    for alone in (True, False):
        both.update(await _filled_up(rounds, seconds, alone=alone))
    return {**both, "seconds": round(both["seconds"], 1)}


async def _filled_up(rounds: int, seconds: float, *, alone: bool) -> dict[str, Any]:
    async with Scene(MqttLoad()) as scene:
        folder = scene.folder / "park"
        with SmallDisk(folder / "spool" if alone else folder, mib=MIB) as disk:
            installation = scene.install(spool={"path": "spool/spool.db"})
            held = 0
            async with installation.living() as process:
                await installation.connected(process)
                scene.begin()
                for number in range(rounds):
                    await asyncio.sleep(SETTLED)
                    disk.fill()
                    at = await _stands(scene)
                    if alone:
                        await _says_so(installation)
                        held += 1
                    await asyncio.sleep(seconds)
                    assert process.returncode is None, f"the collector ended:\n{installation.log}"
                    disk.free()
                    await _goes_on(scene, at)
                    tell(f"disk filled {number + 1} of {rounds} times, {'the spool' if alone else 'all'} on it")
                await scene.end()
                await scene.arrived()
            return await scene.outcome(faults=rounds, held=held, dead_lettered=await installation.dead_letters())


async def _stands(scene: Scene) -> int:
    """Wait until nothing more is stored for a second, though the load goes on; give how much is."""
    async with asyncio.timeout(PATIENCE):
        before, now = -1, _number(await scene.stored())
        while now > before:
            await asyncio.sleep(1)
            before, now = now, _number(await scene.stored())
        return now


async def _says_so(installation: Installation) -> None:
    """Wait until the link says that it is held, and why."""
    async with asyncio.timeout(PATIENCE):
        link = (await installation.links())["broker"]
        while link.state != "held" or "full" not in link.problem:
            await asyncio.sleep(0.05)
            link = (await installation.links())["broker"]


async def _goes_on(scene: Scene, at: int) -> None:
    """Wait until more is stored than `at`."""
    async with asyncio.timeout(PATIENCE):
        while _number(await scene.stored()) <= at:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


def _number(stored: dict[str, int]) -> int:
    return sum(stored.values())
