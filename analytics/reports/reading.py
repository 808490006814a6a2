"""Reports read from the store: the shell around the sums, the tree, the comparison and the capacity."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl

from adapters.stores.contract import Store
from analytics.kpis.contract import ACCOUNT
from analytics.notes import notes
from analytics.reports import sums
from analytics.reports.capacity import BACK, SPENT, capacity, of_lines
from analytics.reports.coming import coming, past
from analytics.reports.comparison import compared, compared_reasons
from analytics.reports.scope import Days, Period, Scope, zone_of, zones
from analytics.reports.tree import pareto, tree
from analytics.rollup import bottlenecks


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
    own = await _read(store, scope, days)
    below = [path for path in scope.machines if path != scope.path] if machines else []
    accounts = own.accounts
    if below:
        found = await _results(store, scope, below, days, ACCOUNT)
        accounts = pl.concat([accounts, sums.days(found, zones(scope.park, below), days)])
    about, limits = notes(scope.park), bottlenecks(scope.park)
    wholes = sums.with_bottlenecks(sums.with_kpis(sums.summed(accounts, "path"), about), limits)
    rows = sums.with_bottlenecks(sums.with_kpis(sums.by_period(accounts, period), about), limits, "first")
    whole = _row(wholes, scope.path)
    order = pl.DataFrame({"path": below}, schema={"path": pl.String})
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
        comparison=None if before is None else await _compared(store, scope, before, days, own),
    )


async def read_comparison(store: Store, scope: Scope, before: Days, after: Days) -> Comparison:
    """Read how two periods compare; raises StoreError."""
    return await _compared(store, scope, before, after, await _read(store, scope, after))


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
    windows = coming(scope.park, scope.machines, start, start + timedelta(days=days))
    found = await store.results(
        start=start - BACK, end=start, paths=list(scope.machines), periods=["shift"], kpis=list(SPENT)
    )
    machines = capacity(windows.drop("begins"), past(scope.park, found, windows))
    lines = of_lines(machines.clear() if scope.is_machine else machines)
    place = pl.DataFrame({"path": lines_and_machines(scope)}, schema={"path": pl.String}).with_row_index("place")
    return pl.concat([lines, machines]).join(place, on="path").sort("place", "start", "name").drop("place")


def lines_and_machines(scope: Scope) -> list[str]:
    """Give the paths of the lines and machines of a scope in the order of the files, lines before their machines."""
    return list(dict.fromkeys(part for path in scope.machines for part in (path.rpartition("/")[0], path)))


@dataclass(frozen=True, slots=True)
class _Own:
    """What the store has of one path, by local day."""

    accounts: pl.DataFrame
    reasons: pl.DataFrame


async def _read(store: Store, scope: Scope, days: Days) -> _Own:
    """Read the accounts and the reasons of a path."""
    found = await _results(store, scope, [scope.path], days, None)
    zone = zones(scope.park, [scope.path])
    accounts, reasons = sums.days(found, zone, days), sums.reasons(found, zone, days)
    return _Own(accounts, pl.concat([reasons, sums.unexplained(accounts, reasons)]))


async def _results(
    store: Store, scope: Scope, paths: Collection[str], days: Days, kpis: Collection[str] | None
) -> pl.DataFrame:
    edges = [days.instants(zone_of(scope.park, path)) for path in paths]
    edges.append(days.instants(scope.zone))
    return await store.results(
        start=min(start for start, _ in edges),
        end=max(end for _, end in edges),
        paths=list(paths),
        periods=["day"],
        kpis=None if kpis is None else list(kpis),
    )


async def _compared(store: Store, scope: Scope, before: Days, after: Days, now: _Own) -> Comparison:
    then = await _read(store, scope, before)
    about = notes(scope.park)
    slugs = [kpi.slug for kpi in sums.main_kpis()]
    days = [sums.with_kpis(one.accounts, about) for one in (then, now)]
    wholes = [_row(sums.with_kpis(sums.summed(one.accounts, "path"), about), scope.path) for one in (then, now)]
    nothing = {**dict.fromkeys(ACCOUNT, 0.0), **dict.fromkeys(slugs)}
    rows = compared(days[0], days[1], (wholes[0] or nothing, wholes[1] or nothing), slugs)
    reasons = compared_reasons((then.accounts, then.reasons), (now.accounts, now.reasons))
    return Comparison(before, after, pl.concat([rows, reasons]))


def _row(accounts: pl.DataFrame, path: str) -> dict[str, Any] | None:
    found = accounts.filter(pl.col("path") == path)
    return found.row(0, named=True) if found.height else None
