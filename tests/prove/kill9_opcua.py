"""Kill the collector again and again while a machine changes its values: what is missing lies in a gap it tells of.

An OPC UA server does not keep for a client that is gone what changed meanwhile, so a killed collector must lose
samples; it must lose none of them silently, and double none. Each change carries a number of its own, and counts as
sent when node-opcua has taken it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from collector.gaps import Gap
from tests.prove.killing import killed_under, until_stored
from tests.servers.influxdb import InfluxServer
from tests.servers.node_opcua import NodeOpcua
from tests.servers.opcua_write import Write, node_id

ROUNDS: Final = 20
"""How often the collector is killed, when nobody says otherwise."""

NODES: Final = 20
"""Nodes that change, each in every burst."""

PAUSE: Final = 0.15
"""Seconds between two bursts: the server looks at each node every 50 ms, and must see every change."""

SOURCE: Final = """\
  - name: plc
    kind: opcua
    endpoint: %s
    publishing_interval: 100ms
    sampling_interval: 50ms
    session_timeout: 10 s"""

SIGNAL: Final = '      - {name: o%d, source: plc, node: "%s", type: int}'


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one node."""

    number: int
    time: datetime


def prove(rounds: int | None) -> dict[str, object]:
    """Give what was sent, what was found, and how much of the rest the collector told of."""
    return {**killed_under([OpcuaLoad()], ROUNDS if rounds is None else rounds)["by-opcua"]}


class OpcuaLoad:
    """Changes of the nodes of a real node-opcua."""

    equipment = "by-opcua"

    def __init__(self) -> None:
        self._changes: list[Change] = []

    async def open(self, folder: Path, stack: AsyncExitStack) -> None:
        """Start node-opcua."""
        self._plc = stack.enter_context(NodeOpcua(folder))
        await self._plc.add({f"o{n}": ("Int32", -1) for n in range(NODES)})

    @property
    def source(self) -> str:
        """The server."""
        return SOURCE % self._plc.endpoint

    @property
    def signals(self) -> str:
        """A signal for each node."""
        signals = (SIGNAL % (n, node_id(f"o{n}")) for n in range(NODES))
        return "\n".join((f"  - id: {self.equipment}", "    signals:", *signals))

    async def send(self, stop: asyncio.Event) -> None:
        """Change every node again and again."""
        while not stop.is_set():
            now = datetime.now(UTC)
            now -= timedelta(microseconds=now.microsecond % 1000)
            burst = [Change(len(self._changes) + n, now) for n in range(NODES)]
            await self._plc.write(*(Write(f"o{n}", change.number, time=now) for n, change in enumerate(burst)))
            self._changes += burst
            await asyncio.sleep(PAUSE)

    async def arrived(self, influx: InfluxServer) -> None:
        """Wait until the last change is stored."""
        await until_stored(influx, self.equipment, 'MAX("int")', self._changes[-1].number)

    def verdict(self, found: Sequence[int], gaps: Sequence[Gap]) -> dict[str, int]:
        """What is missing must lie in a gap of the source; the values before the first change do not count."""
        numbers = [number for number in found if number >= 0]
        there = set(numbers)
        missing = [change for change in self._changes if change.number not in there]
        own = [gap for gap in gaps if gap.source == "plc"]
        untold = [change for change in missing if not any(_covers(gap, change) for gap in own)]
        return {
            "sent": len(self._changes),
            "stored": len(there),
            "lost": len(untold),
            "gap_covered": len(missing) - len(untold),
            "doubled": len(numbers) - len(there),
            "gaps": len(own),
        }


def _covers(gap: Gap, change: Change) -> bool:
    return gap.end is not None and gap.start <= change.time < gap.end
