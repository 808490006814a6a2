"""Settling: up to which instant windows are over for good, so that what changes in them later is a restatement.

A window of a machine is right once it is known what the machine did beyond its end, as far as that can matter
(`computing.margin` and `hold_for`). Above the machines it is right once it is so for each of them that is known at all.
"""

from collections.abc import Mapping
from datetime import datetime

from analytics.computing import margin
from collector.park import Park


def settled_until(park: Park, computed: Mapping[str, datetime]) -> dict[str, datetime]:
    """Give up to which instant windows are over for good, by path of the machine, line, factory or park, UTC.

    Args:
        park: as it is configured.
        computed: up to which instant each machine was computed, by path, UTC.

    Returns:
        Nothing for paths under which no machine was computed: whatever windows they have were told for good.
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
