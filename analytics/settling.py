"""Settling: up to which instant windows are over for good, so that what changes in them later is a restatement.

A window of a machine is right once it is known what the machine did beyond its end, as far as that can matter
(`computing.margin` and `hold_for`). Above the machines it is right once it is so for each of them that is waited for:
one of which nothing more has become known for `WAITED` (its recording ended, its collector is away, its source is no
more) holds nobody up, and what comes of it afterwards is a restatement.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from analytics.computing import margin
from collector.park import Park

WAITED: Final = timedelta(days=1)
"""How long a machine is waited for of which nothing more becomes known."""

REFRESH: Final = timedelta(minutes=1)
"""How far a frontier may run ahead of the numbers of a machine that reports nothing."""


class Waiting:
    """Notes when more became known of machines, and so tells which are waited for.

    By the clock of whoever asks, not of the machines, of which one may be days off. It begins anew with each process.
    """

    def __init__(self) -> None:
        self._moved: dict[str, tuple[datetime, datetime]] = {}

    def see(self, frontiers: Mapping[str, datetime], now: datetime) -> None:
        """Take note of how far each machine is known, by path, at `now`; both UTC."""
        for path, frontier in frontiers.items():
            if path not in self._moved or self._moved[path][0] != frontier:
                self._moved[path] = frontier, now

    def still(self, computed: Mapping[str, datetime], now: datetime) -> dict[str, datetime]:
        """Give those of the machines that are waited for: more became known lately, or is still to be computed."""
        return {path: until for path, until in computed.items() if self._is_waited_for(path, until, now)}

    def _is_waited_for(self, path: str, until: datetime, now: datetime) -> bool:
        if path not in self._moved:
            self._moved[path] = until, now  # known once, by a source that is no more
        frontier, moved = self._moved[path]
        return now - moved < WAITED or frontier - until > REFRESH


def settled_until(park: Park, computed: Mapping[str, datetime]) -> dict[str, datetime]:
    """Give up to which instant windows are over for good, by path of the machine, line, factory or park, UTC.

    Args:
        park: as it is configured.
        computed: up to which instant each machine that is waited for was computed, by path, UTC.

    Returns:
        Nothing for paths under which no machine is waited for: whatever windows they have were told for good.
    """
    settled: dict[str, datetime] = {}
    for path, machine in park.equipment.items():
        if path not in computed:
            continue
        until = computed[path] - margin(machine) - machine.hold_for
        factory, line, _ = path.split("/")
        for above in {path, f"{factory}/{line}", factory, park.id}:
            settled[above] = min(settled.get(above, until), until)
    return settled
