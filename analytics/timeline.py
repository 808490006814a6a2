"""The timeline: what machines did within an interval, read from the store and the records.

The shell of `analytics.spans`: it reads the state signals' samples of the interval, as far back as a gap can
reach into it, the ledger's gaps and the links, and leaves the rest to the pure core. The jobs and the API use it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import Connection

from adapters.stores.contract import Store
from analytics.frontier import frontiers, gaps_of, machine
from analytics.spans import SPANS, spans
from collector.gaps import Gap, read_gaps
from collector.links import Link, read_links
from collector.park import Park
from collector.records import Records


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads timelines of one park."""

    park: Park
    """Whose machines."""

    store: Store
    """Where their samples rest."""

    records: Records
    """Where gaps and links are noted."""

    def state_signal(self, equipment: str) -> str:
        """Give the path of a machine's state signal; empty for equipment that has none."""
        state = self.park.equipment[equipment].state
        return "" if state is None else state.path

    async def frontiers(self, now: datetime) -> dict[str, datetime]:
        """Give the frontier of every machine that has one, UTC; raises RecordsError."""
        return frontiers(self.park, await self.records.run(read_links), now)

    async def timeline(
        self,
        equipment: Collection[str],
        start: datetime,
        end: datetime,
        *,
        now: datetime,
        frontiers: Mapping[str, datetime] | None = None,
    ) -> pl.DataFrame:
        """Give the spans of machines within [start, end), by equipment and start.

        A machine's spans follow each other without a hole and end at `end` or, where that comes first, at
        its frontier: what is not known yet has no span. Before its first report it is `unknown`. Equipment
        without a state signal has no spans.

        Args:
            equipment: paths of machines.
            start: first instant, UTC.
            end: first instant no longer asked for, UTC.
            now: the present, UTC: how far the frontier of a machine goes whose link is down.
            frontiers: frontiers by equipment that replace those of the links, UTC; for recordings that no link
                brought.

        Returns:
            Columns of `analytics.spans.SPANS`.

        Raises:
            StoreError: the store does not answer or forbids.
            RecordsError: the records do not answer.
        """
        if frontiers is None:
            frontiers = await self.frontiers(now)
        told = (machine(self.park.equipment[path], frontiers.get(path)) for path in equipment)
        machines = [one for one in told if one is not None]
        if not machines or start >= end:
            return pl.DataFrame(schema=SPANS)
        hold = max(one.hold_for for one in machines)
        signals = [one.signal for one in machines]
        earlier = await self.store.last(signals, start - hold)
        inside = await self.store.samples(signals, start - hold, end + hold)
        gaps = await self._gaps(signals, _oldest(earlier, start - hold), end)
        return spans(inside, earlier, gaps, machines, start, end)

    async def _gaps(self, signals: Collection[str], start: datetime, end: datetime) -> pl.DataFrame:
        """Give the gaps that concern these state signals; columns of `analytics.spans.GAPS`."""
        states = [self.park.signals[signal] for signal in signals]
        sources = sorted({state.source for state in states})

        def read(connection: Connection) -> tuple[list[Gap], dict[str, Link]]:
            return read_gaps(connection, start=start, end=end, sources=sources), read_links(connection)

        ledger, links = await self.records.run(read)
        return gaps_of(states, links, ledger)


def _oldest(samples: pl.DataFrame, otherwise: datetime) -> datetime:
    """Give the time of the oldest of these samples: from there on a gap can matter."""
    first = samples["time"].dt.cast_time_unit("us").min()
    return first.astimezone(UTC) if isinstance(first, datetime) else otherwise
