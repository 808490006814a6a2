"""The frontier: up to which instant it can be told what a machine did.

    link      frontier
    up        its horizon: silence means no change, as far as the collector's heartbeat reaches
    held      its horizon, which stands still: samples wait to be made durable, and will come
    down      moves on with the clock; the time since the link broke is a gap, bridged up to `hold_for`
    refused   the same: a machine that nobody can read is unknown, not left out
    ended     the last sample of the recording; what came after it was not recorded

A machine whose state several sources tell is known as far as the slowest of them: its frontier is the earliest.

What was played as a line's (`parkline replay`) has a link of its own, by the name that `source_of` gives; a machine's
frontier is the later of the two.

Times are the machine's own: a clock that is off is off by the same amount at the frontier. When no sample was ever
seen there is no frontier. While the collector itself is away its links' rows stand still, and so do the frontiers; it
reports what it missed when it is back.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import polars as pl

from analytics.spans import GAPS, Machine
from collector.gaps import Gap
from collector.links import Link
from collector.park import Equipment, Line, Park, Signal

_ADRIFT = frozenset({"down", "refused"})
"""States of a link in which time goes on without reports."""


def frontier(link: Link | None, now: datetime) -> datetime | None:
    """Give the frontier of the machines whose state comes over `link`, UTC; None where nothing can be told."""
    if link is None or link.last_time is None or link.last_received is None:
        return None
    if link.state in _ADRIFT:
        return link.last_time + max(now - link.last_received, timedelta(0))
    return link.horizon


def frontiers(park: Park, links: Mapping[str, Link], now: datetime) -> dict[str, datetime]:
    """Give the frontier of every machine that has one, by path, UTC."""
    found: dict[str, datetime] = {}
    for line in (line for factory in park.factories for line in factory.lines):
        recorded = frontier(links.get(source_of(line)), now)
        for equipment in line.equipment:
            if equipment.state_inputs:
                known = [one for one in (_live(equipment, links, now), recorded) if one is not None]
                if known:
                    found[equipment.path] = max(known)
    return found


def _live(equipment: Equipment, links: Mapping[str, Link], now: datetime) -> datetime | None:
    """Give how far all sources of a machine's state have come; None where one has not begun."""
    sources = {signal.source for signal in equipment.state_inputs}
    reached = [frontier(links.get(source), now) for source in sources]
    known = [one for one in reached if one is not None]
    return min(known) if len(known) == len(reached) else None


def source_of(line: Line) -> str:
    """Give the name under which what is played as a line's is entered in links, gaps and dead letters."""
    return f"recording-{line.path.replace('/', '-')}"


def machine(equipment: Equipment, until: datetime | None) -> Machine | None:
    """Give a machine as spans need it; None for equipment whose state nothing tells."""
    return Machine(equipment, until) if equipment.state_inputs else None


def gaps_of(signals: Iterable[Signal], links: Mapping[str, Link], ledger: Iterable[Gap]) -> pl.DataFrame:
    """Give the gaps that concern these inputs of states, columns of `spans.GAPS`.

    Those of the ledger that are not filled, and the time since the horizon of a link that is down.
    """
    missing = [gap for gap in ledger if gap.state != "filled"]
    rows = []
    for signal in signals:
        rows += [
            (signal.equipment, signal.path, gap.start, gap.end)
            for gap in missing
            if gap.source == signal.source and (not gap.signals or signal.path in gap.signals)
        ]
        link = links.get(signal.source)
        if link is not None and link.state in _ADRIFT and link.horizon is not None:
            rows.append((signal.equipment, signal.path, link.horizon, None))
    return pl.DataFrame(rows, schema=GAPS, orient="row")
