"""Reports made of stored results: what a path came to over some days, and how two periods of it compare.

Pure: `analytics.reports.reading` reads what it needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import polars as pl

from adapters.stores.contract import RESULTS
from analytics.kpis.contract import ACCOUNT
from analytics.notes import Notes, notes
from analytics.reports import sums
from analytics.reports.comparison import compared, compared_reasons, covered
from analytics.reports.scope import Days, Period, Scope, zones
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


@dataclass(frozen=True, slots=True)
class Own:
    """What the store has of one path, by local day."""

    accounts: pl.DataFrame
    reasons: pl.DataFrame

    @classmethod
    def of(cls, read: Mapping[str, pl.DataFrame], scope: Scope, days: Days) -> Self:
        """Make the accounts and the reasons of a path of what was read."""
        found, zone = read.get(scope.path, RESULTS.to_frame()), zones(scope.park, [scope.path])
        accounts, reasons = sums.days(found, zone, days), sums.reasons(found, zone, days)
        return cls(accounts, pl.concat([reasons, sums.unexplained(accounts, reasons)]))


def report_of(
    scope: Scope, period: Period, days: Days, own: Own, below: pl.DataFrame | None, comparison: Comparison | None
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

    own: Mapping[str, Own]
    """What the store has of them, by path."""

    days: pl.DataFrame
    """Their days, with KPIs."""

    wholes: pl.DataFrame
    """Their periods as a whole, with KPIs."""

    @classmethod
    def of(cls, read: Mapping[str, pl.DataFrame], asked: Sequence[tuple[Scope, Days]], about: Notes) -> Self:
        """Make it of what was read."""
        own = {scope.path: Own.of(read, scope, days) for scope, days in asked}
        accounts = pl.concat(one.accounts for one in own.values())
        wholes = sums.with_kpis(sums.summed(accounts, "path"), about)
        return cls(own, sums.with_kpis(accounts, about), wholes)


def compared_of(
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
        both = (wholes[0], wholes[1])
        rows = compared(then.days.filter(of), now.days.filter(of), both, slugs)
        own = [(side.own[scope.path].accounts, side.own[scope.path].reasons) for side in (then, now)]
        reasons = covered(compared_reasons(own[0], own[1]), both)
        found.append(Comparison(days_before, days_after, pl.concat([rows, reasons])))
    return found


def _row(accounts: pl.DataFrame, path: str) -> dict[str, Any] | None:
    found = accounts.filter(pl.col("path") == path)
    return found.row(0, named=True) if found.height else None
