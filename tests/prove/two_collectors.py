"""Two collectors use one client id, by mistake: a person is told, they do not fight, and nothing is missing or doubled.

A broker gives a session to whoever connects last. The two take it away from each other a few times; then one of them
says that another client uses the client id, and leaves the other alone for a minute. What either has not acknowledged,
the broker delivers to the other. Both write into one store. At last the second is stopped, and the first takes up
again.

A third collector, on the first one's spool, does not even start.
"""

import asyncio
from typing import Final

from tests.prove.installation import Installation
from tests.prove.mqtt_load import MqttLoad
from tests.prove.scene import SETTLED, Scene, tell

SECONDS: Final = 30.0
"""For how long both run."""

FIGHTS: Final = 10
"""Connections of both, in that time, beyond which they fight."""

RETRIED: Final = 120.0
"""Seconds in which the one that is left takes up again."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and how often they connected."""
    del rounds
    return asyncio.run(_prove(SECONDS))


async def _prove(seconds: float) -> dict[str, object]:
    failed = []
    load = MqttLoad()
    async with Scene(load) as scene:
        second, first = scene.install(folder="second"), scene.install(folder="first")
        async with first.living() as process:
            await first.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
            failed += await _third(first)
            async with second.living() as other:
                await second.connected(other)
                before = first.connections + second.connections - 1
                told = await _told(first, second, load.link, seconds)
                connections = first.connections + second.connections - before
                tell(f"two collectors with one client id connected {connections} times")
            if not told:
                failed.append("nobody says that another client uses the client id")
            if connections > FIGHTS:
                failed.append(f"they connected {connections} times in {seconds:g} s")
            async with asyncio.timeout(RETRIED):
                while (await first.links())[load.link].state != "up":  # noqa: ASYNC110 - another process tells
                    await asyncio.sleep(0.5)
            await asyncio.sleep(SETTLED)
            await scene.end()
            await scene.arrived()
        return await scene.outcome(connections=connections, failed=failed)


async def _told(first: Installation, second: Installation, link: str, seconds: float) -> bool:
    """Let both run; tell whether one of them says what is wrong."""
    told = False
    until = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.5)
        for one in (first, second):
            stands = (await one.links())[link]
            told = told or (stands.state == "refused" and "another client uses the client_id" in stands.problem)
    return told


async def _third(installation: Installation) -> list[str]:
    """Start a collector beside the one that runs; give what is wrong about how it ends."""
    async with asyncio.timeout(RETRIED), installation.living() as process:
        code = await process.wait()
    if code and "collects into" in installation.log:
        return []
    return [f"a second collector on one spool ended with code {code} and does not say why"]
