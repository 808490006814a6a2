"""Reports read from the store: the shell around the sums, the tree, the comparison and the capacity.

What is read is made into numbers beside the event loop, which has others to answer: it may take tenths of a second.
"""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import polars as pl

from adapters.stores.contract import Store
from analytics.kpis.contract import ACCOUNT
from analytics.reports.capacity import BACK, SPENT, capacity, of_lines
from analytics.reports.coming import coming, past
from analytics.reports.making import Comparison, Own, Report, compared_of, report_of
from analytics.reports.scope import Days, Period, Scope, zone_of
from collector.park import Park


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
        comparison = None if before is None else compared_of([(scope, before, days)], then, read)[0]
        return report_of(scope, period, days, Own.of(read, scope, days), found, comparison)

    return await asyncio.to_thread(made)


async def read_comparisons(store: Store, asked: Sequence[tuple[Scope, Days, Days]]) -> list[Comparison]:
    """Read how two periods compare, the one before first, of several paths of one park; raises StoreError."""
    before = await _own(store, [(scope, days) for scope, days, _ in asked])
    after = await _own(store, [(scope, days) for scope, _, days in asked])
    return await asyncio.to_thread(compared_of, asked, before, after)


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
