"""Planning: from touched ranges to tasks, each with its windows and all that is not in the store.

`planner` reads the ledger's gaps and what people said of stops, once for all ranges; the rest is pure.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from analytics.calendar import WINDOWS, WORK, windows_of, work
from analytics.computing import Task, margin
from analytics.frontier import machine
from analytics.spans import lookback
from analytics.stopreasons import read_reasons
from analytics.timeline import Reader, oldest
from analytics.touched import TOUCHED, blocks, whole
from collector.park import Calendar, Park
from collector.worktime import Maintenance


async def planner(
    reader: Reader, equipment: Collection[str], start: datetime, end: datetime, frontiers: Mapping[str, datetime]
) -> "Planner":
    """Make a planner for windows of these machines within [start, end), UTC.

    Raises:
        StoreError: the store does not answer or forbids.
        RecordsError: the records do not answer.
    """
    chosen = [reader.park.equipment[path] for path in equipment]
    wide = max((margin(one) + lookback(one) for one in chosen), default=timedelta(0))
    first, last = start - wide, end + wide
    machines = [one for each in chosen if (one := machine(each, frontiers.get(each.path))) is not None]
    earlier = await reader.store.last([signal.path for one in chosen for signal in one.state_inputs], first)
    gaps = await reader.gaps(machines, oldest(earlier, first), last)
    persons = await reader.records.run(lambda connection: read_reasons(connection, list(equipment), first, last))
    return Planner(reader.park, gaps, persons, frontiers)


@dataclass(frozen=True, slots=True)
class Planner:
    """Makes tasks for one park."""

    park: Park
    """Whose machines and calendars."""

    gaps: pl.DataFrame
    """Every gap that can concern the ranges: columns of `spans.GAPS`."""

    persons: pl.DataFrame
    """What people said of stops within them: columns of `reasons.PERSONS`."""

    frontiers: Mapping[str, datetime]
    """Frontiers by equipment, UTC."""

    def tasks(self, ranges: pl.DataFrame) -> Iterator[Task]:
        """Give the tasks that compute every window which `ranges` (columns of `TOUCHED`) touch."""
        for block in blocks(ranges):
            task = self.task(block)
            if not task.windows.is_empty():
                yield task

    def task(self, ranges: pl.DataFrame) -> Task:
        """Give the one task that computes every window which `ranges` touch."""
        return self.over(self._touched_windows(ranges), ranges)

    def over(self, windows: pl.DataFrame, ranges: pl.DataFrame | None = None) -> Task:
        """Give the one task that computes these windows: `equipment` and columns of `calendar.WINDOWS`."""
        paths = windows["equipment"].unique(maintain_order=True).to_list()
        return Task(
            equipment=tuple(self.park.equipment[path] for path in paths),
            until={path: self.frontiers[path] for path in paths if path in self.frontiers},
            ranges=pl.DataFrame(schema=TOUCHED) if ranges is None else ranges,
            windows=windows,
            work=self._work(windows),
            gaps=self.gaps.filter(pl.col("equipment").is_in(paths)),
            persons=self.persons.filter(pl.col("equipment").is_in(paths)),
            reasons=self.park.stop_reasons,
        )

    def _touched_windows(self, ranges: pl.DataFrame) -> pl.DataFrame:
        """Give the windows that ranges touch, whole."""
        windows = [_empty(WINDOWS)]
        for calendar, _, zone, paths in self._alike(ranges["equipment"].unique(maintain_order=True)):
            members = ranges.filter(pl.col("equipment").is_in(paths)).select("equipment", begins="start", ends="end")
            start, end = members.select(pl.col("begins").min(), pl.col("ends").max()).row(0)
            touching = members.join_where(
                windows_of(calendar, zone, start, end),
                pl.col("start") < pl.col("ends"),
                pl.col("end") > pl.col("begins"),
            )
            windows.append(touching.select("equipment", *WINDOWS.names()).unique(maintain_order=True))
        return pl.concat(windows)

    def _work(self, windows: pl.DataFrame) -> pl.DataFrame:
        """Give the work planned around windows, of each of their machines."""
        planned = [_empty(WORK)]
        for calendar, maintenance, zone, paths in self._alike(windows["equipment"].unique(maintain_order=True)):
            first, last = whole(windows.filter(pl.col("equipment").is_in(paths)))
            wide = max(margin(self.park.equipment[path]) for path in paths)
            pieces = work(calendar, maintenance, zone, first - wide, last + wide)
            planned.append(pl.DataFrame({"equipment": paths}).join(pieces, how="cross"))
        return pl.concat(planned)

    def _alike(
        self, equipment: Iterable[str]
    ) -> Iterator[tuple[Calendar, tuple[Maintenance, ...], ZoneInfo, list[str]]]:
        """Put machines together whose work is planned alike."""
        alike = defaultdict(list)
        for path in equipment:
            calendar, zone = self.park.calendar_of(path), self.park.factory_of(path).zone
            alike[id(calendar), self.park.equipment[path].maintenance, zone].append(path)  # the park keeps calendars
        for (_, maintenance, zone), paths in alike.items():
            yield self.park.calendar_of(paths[0]), maintenance, zone, paths


def _empty(schema: pl.Schema) -> pl.DataFrame:
    return pl.DataFrame(schema={"equipment": pl.String(), **schema})
