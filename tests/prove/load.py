"""What a load is: numbers that a real server is given, each once, and what must have become of them.

open ──► source, signals ──► send … stop ──► what was sent, found and told of ──► Verdict
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from collector.gaps import Gap


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of the numbers that were sent."""

    sent: int
    """Numbers that their server said it has: acknowledged by the broker, taken by the OPC UA server."""

    stored: int
    """Different ones of them found in the store."""

    lost: int
    """How many are missing without an excuse: nobody was told, or their sender keeps everything."""

    doubled: int
    """How many are in the store more than once, counted by what is too much."""

    gap_covered: int
    """How many are missing, and lie in a gap that the ledger shows as open or unfillable."""

    gaps: int
    """Gaps of the source in the ledger."""

    gaps_filled: int
    """How many of them the ledger shows as filled: they excuse nothing."""

    def __add__(self, other: "Verdict") -> "Verdict":
        """Judge two loads together."""
        return Verdict(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


class Load(Protocol):
    """What is sent. All its signals have the type int and belong to one piece of equipment."""

    @property
    def equipment(self) -> str:
        """Name of that equipment; the load's folder, and its verdict, are called after it."""

    @property
    def link(self) -> str:
        """Name of its source: whose gaps count."""

    @property
    def kept(self) -> bool:
        """Whether its server keeps everything for a collector that is away: then no gap excuses what is missing."""

    @property
    def source(self) -> Mapping[str, object]:
        """The source, as an item of a line file's `sources`."""

    @property
    def signals(self) -> Sequence[Mapping[str, object]]:
        """Its signals, as a line file's `signals`."""

    @property
    def sent(self) -> Mapping[int, datetime]:
        """What counts as sent: number to the time of its sample, UTC."""

    async def open(self, folder: Path, stack: AsyncExitStack) -> None:
        """Start the server in a folder that is there, to be stopped with `stack`; all else is asked after this."""

    async def send(self, stop: asyncio.Event) -> None:
        """Send until told to stop; return when all that was sent counts as sent. Cancelled where the proof fails."""


def judge(load: Load, found: Sequence[int], gaps: Sequence[Gap]) -> Verdict:
    """Judge what was found in the store, and the gaps of all sources.

    Numbers below 0 are no load. What was not acknowledged counts neither as sent nor as stored, but as doubled if it
    is there twice. A gap excuses what is missing in it, [start, end), unless it says that it was filled, or the load's
    server keeps everything.
    """
    sent = load.sent
    numbers = [number for number in found if number >= 0]
    there = set(numbers)
    own = [gap for gap in gaps if gap.source == load.link]
    told = [gap for gap in own if gap.state != "filled"]
    missing = [time for number, time in sent.items() if number not in there]
    untold = [time for time in missing if load.kept or not any(_covers(gap, time) for gap in told)]
    return Verdict(
        sent=len(sent),
        stored=len(there & sent.keys()),
        lost=len(untold),
        doubled=len(numbers) - len(there),
        gap_covered=len(missing) - len(untold),
        gaps=len(own),
        gaps_filled=len(own) - len(told),
    )


def _covers(gap: Gap, time: datetime) -> bool:
    return gap.end is not None and gap.start <= time < gap.end
