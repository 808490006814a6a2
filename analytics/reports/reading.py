"""Reports read from the store: the shell around the sums, the tree, the comparison and the capacity.

What is read is made into numbers beside the event loop, which has others to answer: it may take tenths of a second.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import polars as pl

from adapters.stores.contract import RESULTS, Store
from analytics.kpis.contract import ACCOUNT
from analytics.notes import Notes, notes
from analytics.reports import sums
from analytics.reports.capacity import BACK, SPENT, capacity, of_lines
from analytics.reports.coming import coming, past
from analytics.reports.comparison import compared, compared_reasons
from analytics.reports.scope import Days, Period, Scope, zone_of, zones
from analytics.reports.tree import pareto, tree
from analytics.rollup import bottlenecks
from collector.park import Park


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed from one period to another."""

    before: Days
    """The days before."""

    after: Days
    """The days after."""

    rows: pl.DataFrame
    """Columns of `comparison.COMPARISON`: KPIs, losses, reasons."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one path came to over some days."""

    scope: Scope
    """Of what."""

    period: Period
    """What it is divided into."""

    days: Days
    """Which local days were asked for."""

    rows: pl.DataFrame
    """path, period, first, start, end, days, *ACCOUNT, coverage and a column per derived KPI: of the path itself and of
    every machine below it that was read, by path and first. Empty where the store has nothing."""

    daily: pl.DataFrame
    """The same of the path itself by day."""

    whole: dict[str, Any] | None
    """The same of the path itself over all days, as one row; None where the store has nothing."""

    machines: pl.DataFrame
    """The same of each machine below over all days, in the order of the files; empty where none was read."""

    losses: pl.DataFrame
    """Columns of `tree.TREE`, over all days."""

    stops: pl.DataFrame
    """Columns of `tree.PARETO`, over all days."""

    comparison: Comparison | None
    """How it compares with the days before, where they were asked for."""

    @property
    def own(self) -> pl.DataFrame:
        """The rows of the path itself, by first."""
        return self.rows.filter(pl.col("path") == self.scope.path)


async def read_report(
    store: Store, scope: Scope, period: Period, days: Days, before: Days | None = None, *, machines: bool = True
) -> Report:
    """Read a report.

    Args:
        store: where the results rest.
        scope: of what.
        period: what it is divided into.
        days: of which local days.
        before: days to compare them with.
        machines: whether the machines below are told of, too.

    Raises:
        StoreError: the store does not answer or forbids.
    """
    read = await _own(store, [(scope, days)])
    then = {} if before is None else await _own(store, [(scope, before)])
    below = [path for path in scope.machines if path != scope.path] if machines else []
    found = await _results(store, scope.park, [(path, days) for path in below], ACCOUNT) if below else None

    def made() -> Report:
        comparison = None if before is None else _compared([(scope, before, days)], then, read)[0]
        return _report(scope, period, days, _Own.of(read, scope, days), found, comparison)

    return await asyncio.to_thread(made)


async def read_comparisons(store: Store, asked: Sequence[tuple[Scope, Days, Days]]) -> list[Comparison]:
    """Read how two periods compare, the one before first, of several paths of one park; raises StoreError."""
    before = await _own(store, [(scope, days) for scope, days, _ in asked])
    after = await _own(store, [(scope, days) for scope, _, days in asked])
    return await asyncio.to_thread(_compared, asked, before, after)


async def read_capacity(store: Store, scope: Scope, start: datetime, days: int) -> pl.DataFrame:
    """Read what the machines and lines at and below a path have to spare in the shifts of the coming days.

    Args:
        store: where the results rest.
        scope: of what.
        start: from when on, UTC.
        days: shifts that begin within so many times 24 h.

    Returns:
        Columns of `capacity.CAPACITY`: every line before its machines, in the order of the files, each by start. A
        machine asked for alone comes without its line.

    Raises:
        StoreError: the store does not answer or forbids.
    """
    found = await store.results(
        start=start - BACK, end=start, paths=list(scope.machines), periods=["shift"], kpis=list(SPENT)
    )

    def made() -> pl.DataFrame:
        windows = coming(scope.park, scope.machines, start, start + timedelta(days=days))
        machines = capacity(windows.drop("begins"), past(scope.park, found, windows))
        lines = of_lines(machines.clear() if scope.is_machine else machines)
        place = pl.DataFrame({"path": lines_and_machines(scope)}, schema={"path": pl.String}).with_row_index("place")
        return pl.concat([lines, machines]).join(place, on="path").sort("place", "start", "name").drop("place")

    return await asyncio.to_thread(made)


def lines_and_machines(scope: Scope) -> list[str]:
    """Give the paths of the lines and machines of a scope in the order of the files, lines before their machines."""
    return list(dict.fromkeys(part for path in scope.machines for part in (path.rpartition("/")[0], path)))


@dataclass(frozen=True, slots=True)
class _Own:
    """What the store has of one path, by local day."""

    accounts: pl.DataFrame
    reasons: pl.DataFrame

    @classmethod
    def of(cls, read: Mapping[str, pl.DataFrame], scope: Scope, days: Days) -> Self:
        """Make the accounts and the reasons of a path of what was read."""
        found, zone = read.get(scope.path, RESULTS.to_frame()), zones(scope.park, [scope.path])
        accounts, reasons = sums.days(found, zone, days), sums.reasons(found, zone, days)
        return cls(accounts, pl.concat([reasons, sums.unexplained(accounts, reasons)]))


async def _own(store: Store, asked: Sequence[tuple[Scope, Days]]) -> dict[str, pl.DataFrame]:
    """Read all numbers of the days of paths, by path."""
    found = await _results(store, asked[0][0].park, [(scope.path, days) for scope, days in asked], None)
    return {str(path): part for (path,), part in found.partition_by("path", as_dict=True).items()}


async def _results(
    store: Store, park: Park, asked: Sequence[tuple[str, Days]], kpis: Collection[str] | None
) -> pl.DataFrame:
    """Read results of paths, of the days of each at least."""
    edges = [days.instants(zone_of(park, path)) for path, days in asked]
    return await store.results(
        start=min(start for start, _ in edges),
        end=max(end for _, end in edges),
        paths=[path for path, _ in asked],
        periods=["day"],
        kpis=None if kpis is None else list(kpis),
    )


def _report(
    scope: Scope, period: Period, days: Days, own: _Own, below: pl.DataFrame | None, comparison: Comparison | None
) -> Report:
    """Make a report of what was read; `below`: of the machines below, None: of none."""
    accounts, machines = own.accounts, [path for path in scope.machines if path != scope.path]
    if below is None:
        machines = []
    else:
        accounts = pl.concat([accounts, sums.days(below, zones(scope.park, machines), days)])
    about, limits = notes(scope.park), bottlenecks(scope.park)
    wholes = sums.with_bottlenecks(sums.with_kpis(sums.summed(accounts, "path"), about), limits)
    rows = sums.with_bottlenecks(sums.with_kpis(sums.by_period(accounts, period), about), limits, "first")
    whole = _row(wholes, scope.path)
    order = pl.DataFrame({"path": machines}, schema={"path": pl.String})
    return Report(
        scope=scope,
        period=period,
        days=days,
        rows=rows,
        daily=sums.with_kpis(sums.by_period(own.accounts, "day"), about),
        whole=whole,
        machines=order.join(wholes, on="path", maintain_order="left"),
        losses=tree(whole) if whole else tree(dict.fromkeys(ACCOUNT, 0.0)).clear(),
        stops=pareto(own.reasons),
        comparison=comparison,
    )


@dataclass(frozen=True, slots=True)
class _Side:
    """What some paths came to in one of two periods."""

    own: Mapping[str, _Own]
    """What the store has of them, by path."""

    days: pl.DataFrame
    """Their days, with KPIs."""

    wholes: pl.DataFrame
    """Their periods as a whole, with KPIs."""

    @classmethod
    def of(cls, read: Mapping[str, pl.DataFrame], asked: Sequence[tuple[Scope, Days]], about: Notes) -> Self:
        """Make it of what was read."""
        own = {scope.path: _Own.of(read, scope, days) for scope, days in asked}
        accounts = pl.concat(one.accounts for one in own.values())
        wholes = sums.with_kpis(sums.summed(accounts, "path"), about)
        return cls(own, sums.with_kpis(accounts, about), wholes)


def _compared(
    asked: Sequence[tuple[Scope, Days, Days]], before: Mapping[str, pl.DataFrame], after: Mapping[str, pl.DataFrame]
) -> list[Comparison]:
    """Compare two periods of each path, of what was read of either."""
    about = notes(asked[0][0].park)
    then = _Side.of(before, [(scope, days) for scope, days, _ in asked], about)
    now = _Side.of(after, [(scope, days) for scope, _, days in asked], about)
    slugs = [kpi.slug for kpi in sums.main_kpis()]
    nothing = {**dict.fromkeys(ACCOUNT, 0.0), **dict.fromkeys(slugs)}
    found = []
    for scope, days_before, days_after in asked:
        of = pl.col("path") == scope.path
        wholes = [_row(side.wholes, scope.path) or nothing for side in (then, now)]
        rows = compared(then.days.filter(of), now.days.filter(of), (wholes[0], wholes[1]), slugs)
        own = [(side.own[scope.path].accounts, side.own[scope.path].reasons) for side in (then, now)]
        found.append(Comparison(days_before, days_after, pl.concat([rows, compared_reasons(own[0], own[1])])))
    return found


def _row(accounts: pl.DataFrame, path: str) -> dict[str, Any] | None:
    found = accounts.filter(pl.col("path") == path)
    return found.row(0, named=True) if found.height else None
