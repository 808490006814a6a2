"""Set the collector's clock back and ahead by an hour, under load: nothing is missing or refused, no link breaks.

`back`, `ahead`            the clock is set, goes wrong for a while, and is set right again
`back_down`, `ahead_down`  the same, and it is set while both links are down: their gaps must be of the time that passed

The collector runs under libfaketime, which sets the wall clock of one process and leaves its monotonic clock alone.
Those who send have the right time.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from typing import Final

from tests.prove.installation import Installation
from tests.prove.mqtt_load import MqttLoad
from tests.prove.opcua_load import OpcuaLoad
from tests.prove.scene import SETTLED, Scene, tell
from tests.servers.relay import Relay

ROUNDS: Final = 8
"""How often the clock is set wrong, when nobody says otherwise; each kind as often as the others."""

KINDS: Final[Mapping[str, timedelta]] = {
    "back": timedelta(hours=-1),
    "ahead": timedelta(hours=1),
    "back_down": timedelta(hours=-1),
    "ahead_down": timedelta(hours=1),
}
"""By how much the clock is wrong, in the order in which they come."""

WRONG: Final = 4.0
"""Seconds that the clock stays wrong."""

PATIENCE: Final = 60.0
"""Seconds in which the collector must have the new time, and both links must be up again."""

LONGEST: Final = timedelta(minutes=10)
"""A gap that is longer has the step in it."""

NEAR: Final = timedelta(seconds=30)
"""How far the collector's clock may be from what it was set to."""


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent and found, and what a link or a gap did that it must not."""
    if library() is None:
        words = "needs libfaketime: apt install faketime"
        return {"sent": 0, "stored": 0, "lost": 0, "doubled": 0, "skipped": words}
    kinds = islice(cycle(KINDS), ROUNDS if rounds is None else rounds)
    return asyncio.run(stepped(tuple(kinds)))


def library() -> Path | None:
    """Find libfaketime for programs with threads; None where there is none."""
    return next(iter(sorted(Path("/usr").glob("lib*/**/faketime/libfaketimeMT.so.1"))), None)


async def stepped(kinds: Sequence[str]) -> dict[str, object]:
    """Set the clock wrong, and right again, in these of `KINDS` one after the other."""
    mqtt, opcua = MqttLoad(), OpcuaLoad()
    async with Scene(mqtt, opcua) as scene, Relay(mqtt.broker.port) as broker, Relay(opcua.plc.port) as plc:
        mqtt.more |= {"port": broker.port}
        opcua.more |= {"endpoint": f"opc.tcp://127.0.0.1:{plc.port}/park"}
        offset = scene.folder / "offset"
        offset.write_text("+0")
        installation = scene.install(environment={**os.environ, **_faked(offset)})
        clock = Clock(offset, installation, (broker, plc))
        async with installation.living() as process:
            await installation.connected(process)
            scene.begin()
            await asyncio.sleep(SETTLED)
            for number, kind in enumerate(kinds):
                await clock.go_wrong(kind)
                tell(f"clock set {kind} ({number + 1} of {len(kinds)} times)")
            await scene.end()
            await scene.arrived()
        insane = [
            gap for gap in await installation.gaps() if gap.end and not timedelta(0) <= gap.end - gap.start < LONGEST
        ]
        return await scene.outcome(
            faults=clock.made.total(),
            kinds=dict(clock.made),
            dead_lettered=await installation.dead_letters(),
            failed=[
                *clock.failed,
                *(f"a gap of {gap.source} goes from {gap.start} to {gap.end}" for gap in insane),
                *await installation.letters(),
            ],
        )


class Clock:
    """The collector's clock, and what came of setting it."""

    def __init__(self, offset: Path, installation: Installation, relays: tuple[Relay, ...]) -> None:
        self._offset = offset
        self._installation = installation
        self._relays = relays
        self.made: Counter[str] = Counter()
        """How often it was set wrong, by kind."""
        self.failed: list[str] = []
        """What a link did that it must not."""

    async def go_wrong(self, kind: str) -> None:
        """Be wrong for `WRONG` seconds, and then right."""
        downs, ups, sources = self._downs, self._ups, self._installation.sources
        down = kind.endswith("_down")
        if down:
            for relay in self._relays:
                await relay.stop()
            await _until(lambda: self._downs >= downs + sources)
        await self._set(KINDS[kind])
        if down:
            for relay in self._relays:
                await relay.start()
            await _until(lambda: self._ups >= ups + sources)
        before = self._downs
        await asyncio.sleep(WRONG)
        await self._set(timedelta(0))
        await asyncio.sleep(SETTLED)
        if self._downs > before:
            self.failed.append(f"a link broke when the clock was set ({kind})")
        self.made[kind] += 1

    async def _set(self, by: timedelta) -> None:
        """Set the clock; return when the collector has noted a time by it."""
        self._offset.write_text(f"{by.total_seconds():+.0f}")
        async with asyncio.timeout(PATIENCE):
            while True:
                links = await self._installation.links()
                if all(abs(link.seen - datetime.now(UTC) - by) < NEAR for link in links.values()):
                    return
                await asyncio.sleep(0.1)

    @property
    def _downs(self) -> int:
        return self._installation.log.count("source down")

    @property
    def _ups(self) -> int:
        return self._installation.log.count("source connected")


def _faked(offset: Path) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "NO_FAKE_STAT": "1",
    }


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not reached():  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
