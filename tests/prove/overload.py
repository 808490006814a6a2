"""Ten times the usual load, for minutes, while the store stands still: the collector's memory stays where it was.

    load ─► Mosquitto, which keeps what is not taken ─► collector ─► spool, soon full ─► InfluxDB, stopped (SIGSTOP)

First comes the usual load, with the store running: what the collector takes then is idle. It may take little
more afterwards. A message has ten values, so that the collector has more to do than whoever sends.
"""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from math import sin
from typing import Any, Final

from tests.prove.installation import Installation
from tests.prove.memory import Memory
from tests.prove.mqtt_load import TOPICS, MqttLoad
from tests.prove.scene import SETTLED, Scene, tell

ROUNDS: Final = 1
"""How often the store stands still, when nobody says otherwise."""

SECONDS: Final = 150.0
"""How long it stands still."""

WARM: Final = 20.0
"""Seconds of the usual load before."""

USUAL: Final = 15
"""Messages every 50 ms: 300 a second, 3,000 values."""

TIMES: Final = 10
"""How many times as many there are then."""

GROWTH: Final = 50.0
"""MiB that the collector may take more than idle while the store stands still."""

CATCHING_UP: Final = 100.0
"""The same while it brings the store up to date, at full speed."""

SPOOL: Final = 2**20
"""Bytes that the spool may hold: a few seconds of ten times the usual load."""

PATIENCE: Final = 60.0
"""Seconds in which the spool must be full then."""

VALUES: Final = 9
"""Values in a message besides its number."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent and found, and what memory the collector took."""
    return asyncio.run(overloaded(ROUNDS if rounds is None else rounds, SECONDS, WARM))


async def overloaded(rounds: int, seconds: float, warm: float) -> dict[str, object]:
    """Have the store stand still so many times under ten times the load that it bore for `warm` seconds."""
    load = WideLoad(burst=USUAL)
    async with Scene(load) as scene:
        installation = scene.install(spool={"limit": SPOOL}, store={"timeout": "5 s"})
        held = 0
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(warm)
            memory, after = Memory(process.pid), Memory(process.pid)
            for number in range(rounds):
                os.kill(scene.influx.pid, signal.SIGSTOP)
                load.burst = TIMES * USUAL
                async with memory:
                    await asyncio.sleep(seconds)
                    held += await _held_back(installation, load.link)
                os.kill(scene.influx.pid, signal.SIGCONT)
                load.burst = USUAL
                async with after:
                    await asyncio.sleep(SETTLED)
                tell(f"store stopped {number + 1} of {rounds} times; memory grew by {memory.growth} MiB")
            async with after:
                await scene.end()
                await scene.arrived()
            assert process.returncode is None, f"the collector ended:\n{installation.log}"
        return await scene.outcome(
            faults=rounds,
            held=held,
            idle_mib=round(memory.idle, 1),
            memory_mib=memory.growth,
            catching_up_mib=after.growth,
            dead_lettered=await installation.dead_letters(),
            failed=[
                f"memory grew by {one.growth} MiB {when}, {most} are allowed"
                for one, when, most in ((memory, "meanwhile", GROWTH), (after, "afterwards", CATCHING_UP))
                if one.growth > most
            ],
        )


async def _held_back(installation: Installation, link: str) -> bool:
    """Wait until the link says that its samples cannot be made durable."""
    async with asyncio.timeout(PATIENCE):
        while (await installation.links())[link].state != "held":  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
    return True


class WideLoad(MqttLoad):
    """Messages with ten values each, of which one is the number."""

    _waves = 0

    @property
    def signals(self) -> Sequence[Mapping[str, object]]:
        """A signal for the number and one for each other value, for each topic."""
        more = [
            {
                "name": f"m{n}-{v}",
                "source": self.link,
                "topic": f"proof/m{n}",
                "value": f"v{v}",
                "time": "t",
                "type": "float",
            }
            for n in range(TOPICS)
            for v in range(VALUES)
        ]
        return [*super().signals, *more]

    def publish(self, **more: Any) -> None:
        """Publish one message."""
        self._waves += 1
        super().publish(**{f"v{v}": sin(self._waves * (v + 1)) for v in range(VALUES)}, **more)
