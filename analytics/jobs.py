"""The jobs: from touched ranges to stored results. Safe to run again at any time.

    touched ─► reach on to the next report ─► blocks ─► timeline ─► times ─► roll-up ─► KPIs ─► store

A block's windows are those that its ranges touch, whole. Its results and those of everything above its machines
are written together; the machines that the block does not compute enter the sums with their stored times.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl
import structlog

from adapters.sample import is_bad
from adapters.stores.contract import Store
from analytics.calendar import SHARES, WINDOWS, plan
from analytics.kpis.contract import TIMES as KPI_TIMES
from analytics.results import results, times_of
from analytics.rollup import foreign, rollup
from analytics.timeline import Reader
from analytics.touched import TOUCHED, blocks, joined, whole
from analytics.windows import KEY, times

log = structlog.get_logger()

NEAR = timedelta(days=7)
"""Ranges of one machine this near to each other are computed as one, which spares asking what lies between."""

_DAY = timedelta(days=1)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Jobs:
    """Computes the results of one park."""

    reader: Reader
    """Reads timelines; its store also takes the results."""

    unmapped: set[tuple[str, str]] = field(default_factory=set)
    """Signals and raw values that no state is configured for, as far as they have been told."""

    @property
    def _store(self) -> Store:
        return self.reader.store

    async def compute(
        self, touched: pl.DataFrame, *, now: datetime, frontiers: Mapping[str, datetime] | None = None
    ) -> int:
        """Compute every window that `touched` ranges may have changed, and store the results.

        Args:
            touched: columns of `touched.TOUCHED`; equipment without a state signal is passed over.
            now: the present, UTC.
            frontiers: frontiers by equipment that replace those of the links, as in `Reader.timeline`.

        Returns:
            How many results were written.

        Raises:
            StoreError: the store does not answer or forbids; what was written may be a part, run it again.
            RecordsError: the records do not answer.
        """
        if frontiers is None:
            frontiers = await self.reader.frontiers(now)
        ranges = joined(touched.filter(pl.col("equipment").is_in(list(frontiers))), NEAR)
        if ranges.is_empty():
            return 0
        ranges = await self._reaching_on(ranges, frontiers)
        written = 0
        for block in blocks(ranges):
            written += await self._block(block, now, frontiers)
        return written

    async def _reaching_on(self, ranges: pl.DataFrame, frontiers: Mapping[str, datetime]) -> pl.DataFrame:
        """Let each range reach to the next report after it, or to the frontier where there is none; never beyond that.

        Where a report moves the change before it (`bridge: middle`), it reaches back by as much as that can be.
        """
        state_of = {path: self.reader.state_signal(path) for path in ranges["equipment"].unique().to_list()}
        last = await self._store.last(list(state_of.values()), max(frontiers.values()) + _DAY)
        newest = dict(last.select("signal", pl.col("time").dt.cast_time_unit("us")).iter_rows())
        rows = []
        for equipment, start, end in ranges.iter_rows():
            signal = state_of[equipment]
            frontier = frontiers[equipment]
            later = newest.get(signal)
            reach = None if later is None or later < end else await self._next_report(signal, end, frontier)
            machine = self.reader.park.equipment[equipment]
            back = machine.hold_for if machine.bridge == "middle" else timedelta(0)
            rows.append((equipment, start - back, min(frontier, max(end, reach or frontier))))
        reaching = pl.DataFrame(rows, schema=TOUCHED, orient="row").filter(pl.col("start") < pl.col("end"))
        return joined(reaching, timedelta(0))

    async def _next_report(self, signal: str, after: datetime, before: datetime) -> datetime | None:
        """Give the time of the first report with a value in [after, before); None where there is none."""
        step = _DAY
        while after < before:
            upto = min(after + step, before)
            found = await self._store.samples([signal], after, upto)
            first = found.filter(~is_bad(pl.col("status"))).select(pl.col("time").dt.cast_time_unit("us").min())
            time: datetime | None = first.collect().item()
            if time is not None:
                return time
            after, step = upto, step * 2
        return None

    async def _block(self, ranges: pl.DataFrame, now: datetime, frontiers: Mapping[str, datetime]) -> int:
        windows, shares = self._planned(ranges)
        if windows.is_empty():
            return 0
        machines = windows["equipment"].unique(maintain_order=True).to_list()
        spans = await self.reader.timeline(machines, *whole(windows), now=now, frontiers=frontiers)
        self._tell_unmapped(spans)
        computed = times(spans, windows, shares)
        above = await self._above(computed)
        rows = results(pl.concat([computed, above]), now)
        if len(rows):
            await self._store.write_results(rows)
        return len(rows)

    def _planned(self, ranges: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Give the windows that ranges touch and the planned work in them, each with its `equipment`."""
        park = self.reader.park
        alike = defaultdict(list)
        for path in ranges["equipment"].unique(maintain_order=True):
            alike[park.calendar_of(path), park.factory_of(path).zone].append(path)
        windows, shares = [_empty(WINDOWS)], [_empty(SHARES)]
        for (calendar, zone), paths in alike.items():
            members = ranges.filter(pl.col("equipment").is_in(paths))
            planned = plan(calendar, zone, *whole(members))
            touching = members.rename({"start": "from", "end": "to"}).join_where(
                planned.windows, pl.col("start") < pl.col("to"), pl.col("end") > pl.col("from")
            )
            chosen = touching.select("equipment", *WINDOWS.names()).unique(maintain_order=True)
            windows.append(chosen)
            shares.append(
                chosen.select("equipment", "period", begins="start")
                .join(planned.shares, on=["period", "begins"], how="inner")
                .select("equipment", *SHARES.names())
            )
        return pl.concat(windows), pl.concat(shares)

    async def _above(self, computed: pl.DataFrame) -> pl.DataFrame:
        """Give the times of every line, factory and park window that holds a computed one."""
        park = self.reader.park
        changed = rollup(computed, park)
        if changed.is_empty():
            return changed
        start, end = changed.select(first=pl.col("start").min(), last=pl.col("start").max()).row(0)
        stored = await self._store.results(
            start=start,
            end=end + (2 * _DAY if foreign(park) else _MICROSECOND),
            paths=list(park.equipment),
            kpis=KPI_TIMES,
        )
        others = times_of(stored).join(computed, on=KEY, how="anti")
        return rollup(pl.concat([computed, others]), park).join(changed, on=KEY, how="semi")

    def _tell_unmapped(self, spans: pl.DataFrame) -> None:
        """Say once which raw values no state is configured for."""
        odd = spans.filter((pl.col("state") == "unknown") & pl.col("raw").is_not_null())
        for equipment, raw, seen in odd.group_by("equipment", "raw").len().sort("equipment", "raw").iter_rows():
            signal = self.reader.park.signals[self.reader.state_signal(equipment)]
            if raw not in signal.states and (signal.path, raw) not in self.unmapped:
                self.unmapped.add((signal.path, raw))
                log.warning("state unmapped", signal=signal.path, value=raw, spans=seen, mend="add it to `states`")


def _empty(schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(schema={"equipment": pl.String(), **schema})


def ranges_of(equipment: Iterable[str], start: datetime, end: datetime) -> pl.DataFrame:
    """Give [start, end) as touched by each of these machines."""
    return pl.DataFrame([(path, start, end) for path in equipment], schema=TOUCHED, orient="row")
