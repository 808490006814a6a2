"""Publishing: from accounts to stored results, with everything above the machines, and a version for what changed.

    accounts ─► roll-up ─► KPIs, seconds by reason ─► compared with what is stored ─┬─► changed rows ─► store
                                                                                   ├─► what they replace ─► records
                                                                                   └─► what is to be told ─► records

What a machine did not change is left alone, also in the numbers above it: the machines that a task does not compute
enter the sums with their stored accounts. A shift that the calendar does not have any more is withdrawn. What is
replaced, and which windows are to be told (`analytics.untold`), goes into the records before the store is written, so
that a kill between the two loses nothing; done again, it comes out the same. Before and after, the revision of the
results moves (`collector.revision`), for whoever keeps answers made of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import polars as pl
import sqlalchemy as sa
import structlog

from adapters.stores.contract import RESULTS, Store
from analytics.accounts import BY_REASON, KEY
from analytics.computing import Computed, Task
from analytics.ledger import write_superseded
from analytics.notes import WITHDRAWN, Notes, notes
from analytics.restatement import LOSS, STOPS, restated, told_by_reason
from analytics.results import accounts_of, results
from analytics.rollup import bottlenecks, foreign, rollup, rollup_reasons
from analytics.settling import settled_until
from analytics.touched import whole
from analytics.untold import Untold, WindowKey, news_of, write_untold
from analytics.withdrawal import above, gone, looked_at, withdrawn
from collector.park import Park
from collector.records import Records
from collector.revision import begin_revising, end_revising

_DAY: Final = timedelta(days=1)
_SHIFT: Final = timedelta(hours=25)
"""How long a shift lasts at most: a day, which a clock change makes longer."""

_MICROSECOND: Final = timedelta(microseconds=1)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Publisher:
    """Stores the results of one park."""

    park: Park
    """Whose machines."""

    store: Store
    """Takes the results."""

    records: Records
    """Take what they replace."""

    lacking: Notes = field(init=False)
    """What the park's machines lack."""

    unmapped: set[tuple[str, str]] = field(default_factory=set)
    """Machines and raw values that no state is configured for, as far as they have been told."""

    noted: dict[WindowKey, int] = field(default_factory=dict)
    """Versions of windows that were noted as untold, as far as they have not been told since."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lacking", notes(self.park))

    async def publish(
        self, task: Task, computed: Computed, *, now: datetime, settled: Mapping[str, datetime] | None = None
    ) -> int:
        """Store what came of a task, and give how many rows were written.

        Args:
            task: what was asked for.
            computed: what came of it.
            now: the present, UTC.
            settled: up to which instant each machine had been computed before, by path, UTC: a window that was not
                over then is not restated but grows. Of machines that are not in it, and without it, every stored
                window was told for good.

        Raises:
            StoreError: the store does not answer or forbids; what was written may be a part, do it again.
            RecordsError: the records do not answer.
        """
        self._tell_unmapped(computed.unmapped)
        if computed.accounts.is_empty():
            return 0
        looked = looked_at(task.ranges)
        changed = rollup(computed.accounts, self.park)
        stored = await self._stored(pl.concat([computed.accounts, changed]), looked)
        ended = gone(stored, looked, self.park)
        touched = pl.concat([changed.select(KEY), above(ended, self.park)]).unique()
        machines = stored.filter(pl.col("path").is_in(list(self.park.equipment))).join(ended, on=KEY, how="anti")
        others = machines.join(computed.accounts.select(KEY), on=KEY, how="anti")
        sums = _of(rollup(pl.concat([computed.accounts, accounts_of(others)]), self.park), touched)
        lost = told_by_reason(others.filter(pl.col("note") != WITHDRAWN)).select(BY_REASON.names())
        reasons = _of(rollup_reasons(pl.concat([computed.by_reason, lost]), self.park), touched)
        accounts = pl.concat([computed.accounts, sums])
        empty = pl.concat([ended, touched]).join(accounts, on=KEY, how="anti")
        rows = pl.concat(
            [
                self._with_bottlenecks(results(accounts, now, self.lacking, computed.products), machines),
                _reason_rows(accounts, pl.concat([computed.by_reason, reasons]), now),
                withdrawn(stored, empty, now),
            ]
        )
        before = stored.join(rows.select(KEY).unique(), on=KEY, how="semi")
        known = self._growing(before, settled)
        written, superseded = restated(rows, known, self._causes(task))
        if written.is_empty():
            return 0
        untold = self._untold(news_of(written, known), now)

        def write(connection: sa.Connection) -> str:
            write_superseded(connection, superseded, now)
            write_untold(connection, untold)
            return begin_revising(connection, now=now)

        revising = await self.records.run(write)
        self.noted.update({one.key: one.version for one in untold})
        await self.store.write_results(written)
        await self.records.run(partial(end_revising, write=revising))
        return len(written)

    async def _stored(self, accounts: pl.DataFrame, looked: pl.DataFrame) -> pl.DataFrame:
        """Give the stored results of these windows, and those of the machines that they are summed up with.

        Around ranges in which shifts may be no more, also all shifts.
        """
        start, end = accounts.select(first=pl.col("start").min(), last=pl.col("start").max()).row(0)
        end += _MICROSECOND
        periods = set(accounts["period"].unique())
        if not looked.is_empty():
            first, last = whole(looked)
            start, end, periods = min(start, first - _SHIFT), max(end, last), {*periods, "shift"}
        if foreign(self.park):
            return await self.store.results(start=start, end=end + 2 * _DAY)
        return await self.store.results(start=start, end=end, periods=sorted(periods))

    def _growing(self, stored: pl.DataFrame, settled: Mapping[str, datetime] | None) -> pl.DataFrame:
        """Mark stored windows that were not over when they were computed: their end is taken back by a microsecond."""
        if settled is None:
            return stored
        until = settled_until(self.park, settled)
        if not until:
            return stored
        least = pl.col("path").replace_strict(until, default=None, return_dtype=RESULTS["end"])
        grows = (pl.col("end") > least).fill_null(value=False)
        return stored.with_columns(end=pl.when(grows).then(pl.col("end") - _MICROSECOND).otherwise("end"))

    def _untold(self, news: pl.DataFrame, now: datetime) -> list[Untold]:
        """Give the windows that are to be noted as untold; those that run are noted once."""
        rows = (
            (WindowKey(path, period, start), version, end) for path, period, start, version, end in news.iter_rows()
        )
        return [Untold(key, version, end, now) for key, version, end in rows if self.noted.get(key) != version]

    def _with_bottlenecks(self, rows: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
        """Fill in the OEE of each line's bottleneck."""
        lines = pl.DataFrame(
            list(bottlenecks(self.park).items()), schema={"path": pl.String, "machine": pl.String}, orient="row"
        )
        oee = pl.concat([stored, rows]).filter(pl.col("kpi") == "oee").unique(KEY, keep="last")
        found = lines.join(oee.select(*KEY, "value"), left_on="machine", right_on="path", how="inner").select(
            *KEY, limiting="value", kpi=pl.lit("oee_bottleneck")
        )
        return (
            rows.join(found, on=[*KEY, "kpi"], how="left", maintain_order="left")
            .with_columns(
                value=pl.coalesce("value", "limiting"),
                note=pl.when(pl.col("limiting").is_not_null()).then(pl.lit("")).otherwise("note"),
            )
            .select(RESULTS.names())
        )

    def _causes(self, task: Task) -> pl.DataFrame:
        """Give why windows are computed: path, start, end, cause."""
        return (
            task.ranges.select("start", "end", path="equipment", cause="causes")
            .explode("cause", empty_as_null=False)
            .select("path", "start", "end", "cause")
        )

    def _tell_unmapped(self, unmapped: pl.DataFrame) -> None:
        """Say once which raw values no state is configured for."""
        for equipment, raw, seen in unmapped.iter_rows():
            state = self.park.equipment[equipment].state
            if state is not None and raw not in state.states and (equipment, raw) not in self.unmapped:
                self.unmapped.add((equipment, raw))
                log.warning("state unmapped", signal=state.path, value=raw, spans=seen, mend="add it to `states`")


def _of(rows: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Give the rows of these windows."""
    return rows.join(windows.select(KEY).unique(), on=KEY, how="semi")


def _reason_rows(accounts: pl.DataFrame, seconds: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Give seconds and stops by reason as rows of `RESULTS`."""
    windows = accounts.select("path", "period", "name", "start", "end")
    joined = seconds.join(windows, on=KEY, how="inner")
    told = [
        joined.with_columns(kpi=pl.format(prefix + "{}/{}", "loss", "reason"), value=pl.col(column))
        for prefix, column in ((LOSS, "seconds"), (STOPS, "stops"))
    ]
    return (
        pl.concat(told)
        .filter(pl.col("value").is_not_null())
        .with_columns(
            coverage=pl.lit(None, pl.Float64),
            computed=pl.lit(now, RESULTS["computed"]),
            version=pl.lit(1, pl.Int64),
            reason=pl.lit(""),
            note=pl.lit(""),
        )
        .select(RESULTS.names())
    )
