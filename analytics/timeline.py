"""The timeline: what machines did within an interval, read from the store and the records.

The shell of `analytics.spans`: it reads the samples of what tells the states within the interval, as far beyond it as
they matter, the ledger's gaps and the links, and leaves the rest to the pure core. The jobs and the API use it.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from sqlalchemy import Connection

from adapters.stores.contract import Store
from analytics.frontier import frontiers, gaps_of, machine
from analytics.spans import GAPS, SPANS, Machine, lookback, signals_of, spans
from collector.gaps import Gap, read_gaps
from collector.links import Link, read_links
from collector.park import Park
from collector.records import Records


async def read_states(
    store: Store, machines: Sequence[Machine], start: datetime, end: datetime
) -> tuple[pl.LazyFrame, pl.DataFrame]:
    """Read what `spans` needs for the states of machines (one or more) within [start, end), UTC.

    Returns:
        The samples from `lookback` before `start` to `lookback` after `end`, by signal and time, and the last of each
        signal before those; columns of `adapters.sample.SAMPLES`.

    Raises:
        StoreError: the store does not answer or forbids.
    """
    reach = max(lookback(machine.configured) for machine in machines)
    signals = [signal.path for machine in machines for signal in signals_of(machine.configured)]
    earlier = await store.last(signals, start - reach)
    return await store.samples(signals, start - reach, end + reach), earlier


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

    def state_signals(self, equipment: str) -> list[str]:
        """Give the paths of the signals that tell a machine's state; none for equipment whose state nothing tells."""
        return [signal.path for signal in self.park.equipment[equipment].state_inputs]

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
        whose state nothing tells has no spans.

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
        inside, earlier = await read_states(self.store, machines, start, end)
        gaps = await self.gaps(machines, oldest(earlier, start), end)
        return await asyncio.to_thread(spans, inside, earlier, gaps, machines, start, end)  # it reads what is inside

    async def gaps(self, machines: Sequence[Machine], start: datetime, end: datetime) -> pl.DataFrame:
        """Give the gaps that concern what tells the states of machines; columns of `analytics.spans.GAPS`.

        Args:
            machines: whose; none have none.
            start: from where on gaps can matter, UTC: the time of the oldest sample that was read.
            end: first instant no longer asked for, UTC.

        Raises:
            RecordsError: the records do not answer.
        """
        if not machines:
            return pl.DataFrame(schema=GAPS)
        signals = [signal for machine in machines for signal in machine.inputs]
        reach = max(lookback(machine.configured) for machine in machines)
        sources = sorted({signal.source for signal in signals})

        def read(connection: Connection) -> tuple[list[Gap], dict[str, Link]]:
            known = read_gaps(connection, start=start - reach, end=end + reach, sources=sources)
            return known, read_links(connection)

        ledger, links = await self.records.run(read)
        return gaps_of(signals, links, ledger)


def oldest(samples: pl.DataFrame, otherwise: datetime) -> datetime:
    """Give the time of the oldest of these samples: from there on a gap can matter."""
    first = samples["time"].dt.cast_time_unit("us").min()
    return first.astimezone(UTC) if isinstance(first, datetime) else otherwise
