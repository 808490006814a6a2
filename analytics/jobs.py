"""The jobs: from touched ranges to stored results. Safe to run again at any time.

    touched ─► reach on to the next report ─► tasks ─► workers ─► accounts ─► publishing ─► store

A task's windows are those that its ranges touch, whole. Its results and those of everything above its machines
are written together.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from analytics.computing import Computed, Task
from analytics.planning import planner
from analytics.publishing import Publisher
from analytics.reaching import reaching_on
from analytics.timeline import Reader
from analytics.touched import TOUCHED, Cause, joined, whole
from analytics.workers import Local, Workers

NEAR = timedelta(hours=1)
"""Ranges of one machine this near to each other are computed as one, which spares asking what lies between."""

_WINDOW = timedelta(days=2)
"""How far a window may reach beyond what touches it: a day that a clock change makes longer, a shift over midnight."""


@dataclass(frozen=True, slots=True)
class Jobs:
    """Computes the results of one park."""

    reader: Reader
    """Reads what is known; its store also takes the results, its records what they replace."""

    workers: Workers = field(default_factory=Local)
    """Carry out the tasks."""

    publisher: Publisher = field(init=False)
    """Stores what comes of them."""

    def __post_init__(self) -> None:
        reader = self.reader
        object.__setattr__(self, "publisher", Publisher(reader.park, reader.store, reader.records))

    async def compute(
        self,
        touched: pl.DataFrame,
        *,
        now: datetime,
        frontiers: Mapping[str, datetime] | None = None,
        settled: Mapping[str, datetime] | None = None,
        heard: Callable[[Task, Computed], None] | None = None,
    ) -> int:
        """Compute every window that `touched` ranges may have changed, and store the results.

        Args:
            touched: columns of `touched.TOUCHED`; equipment whose state nothing tells is passed over.
            now: the present, UTC.
            frontiers: frontiers by equipment that replace those of the links, as in `Reader.timeline`.
            settled: as `Publisher.publish` takes it.
            heard: is given what came of each task once its results are stored.

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
        ranges = await reaching_on(self.reader.store, self.reader.park, ranges, frontiers)
        if ranges.is_empty():
            return 0
        start, end = whole(ranges)
        paths = ranges["equipment"].unique(maintain_order=True).to_list()
        planned = await planner(self.reader, paths, start - _WINDOW, end + _WINDOW, frontiers)
        written = 0
        async for task, computed in self.workers.compute(self.reader.store, planned.tasks(ranges)):
            written += await self.publisher.publish(task, computed, now=now, settled=settled)
            if heard is not None:
                heard(task, computed)
        return written


def ranges_of(equipment: Iterable[str], start: datetime, end: datetime, *causes: Cause) -> pl.DataFrame:
    """Give [start, end) as touched by each of these machines, for these causes."""
    named = [cause.value for cause in causes]
    rows: list[tuple[str, datetime, datetime, list[str], list[str]]] = [
        (path, start, end, [], named) for path in equipment
    ]
    return pl.DataFrame(rows, schema=TOUCHED, orient="row")
