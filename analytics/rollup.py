"""Roll-up: the accounts of lines, factories and the park are the sums over their machines.

KPIs are computed from the sums (`analytics.kpis`), which weighs each machine by its time. What a machine does not count
is left out of a sum, and is null where no machine below counts it. Windows are added up where they begin together, so
that lines and factories have the hours and days of their own zone. A shift of a line is the sum over the machines whose
shift begins then, named as the first of them names it.

The park has the hours and days of its first factory's zone. A factory in another zone counts by its hours: each in the
hour and the day of the park in which it begins.
"""

import polars as pl

from analytics.accounts import ACCOUNTS, BY_REASON, KEY
from analytics.kpis.contract import ACCOUNT, NULLABLE
from collector.park import Equipment, Line, Park


def rollup(accounts: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give the accounts of everything above the machines that `accounts` tells of.

    Args:
        accounts: columns of `accounts.ACCOUNTS`; for a sum to be whole, every machine under it has its rows here.
        park: what lies under what.

    Returns:
        Columns of `accounts.ACCOUNTS`, by path, period and start.
    """
    if accounts.is_empty():
        return accounts
    order = {path: number for number, path in enumerate(park.equipment)}
    ranked = accounts.with_columns(
        rank=pl.col("path").replace_strict(order, default=len(order), return_dtype=pl.UInt32)
    )
    return (
        _above(ranked, park)
        .group_by(KEY)
        .agg(pl.col("name").sort_by("rank").first(), pl.col("end").max(), *map(_sum, ACCOUNT))
        .select(ACCOUNTS.names())
        .sort(KEY)
    )


def rollup_reasons(seconds: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give the seconds and stops by reason of everything above the machines that `seconds` tells of.

    Args:
        seconds: columns of `accounts.BY_REASON`; for a sum to be whole, every machine under it has its rows here.
        park: what lies under what.

    Returns:
        Columns of `accounts.BY_REASON`, by path, period, start, loss and reason. Stops are null where those of one
        machine are.
    """
    if seconds.is_empty():
        return seconds
    key = (*KEY, "loss", "reason")
    stops = pl.when(pl.col("stops").null_count() == 0).then(pl.col("stops").sum())
    summed = _above(seconds, park).group_by(key).agg(pl.col("seconds").sum(), stops)
    return summed.select(BY_REASON.names()).sort(key)


def foreign(park: Park) -> frozenset[str]:
    """Give the factories whose zone is not the park's."""
    return frozenset(one.id for one in park.factories if one.time_zone != park.factories[0].time_zone)


def bottlenecks(park: Park) -> dict[str, str]:
    """Give the path of the machine that limits each line, by the line's path.

    It is the one that `bottleneck` of the line names, else the one with the longest ideal cycle (of several the first);
    a line of which no ideal cycle is known has none.
    """
    found = ((line, _bottleneck(line)) for factory in park.factories for line in factory.lines)
    return {line.path: machine.path for line, machine in found if machine is not None}


def _bottleneck(line: Line) -> Equipment | None:
    named = [machine for machine in line.equipment if machine.id == line.bottleneck]
    judged = [machine for machine in line.equipment if _cycle(machine) > 0]
    return named[0] if named else max(judged, key=_cycle, default=None)


def _cycle(machine: Equipment) -> float:
    """Give the longest ideal cycle of a machine in seconds; 0 where none is known."""
    cycles = [*machine.products.values(), *([machine.ideal_cycle] if machine.ideal_cycle else [])]
    return max((cycle.total_seconds() for cycle in cycles), default=0.0)


def _sum(name: str) -> pl.Expr:
    total = pl.col(name).sum()
    return pl.when(pl.col(name).count() > 0).then(total) if name in NULLABLE else total


def _above(rows: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give rows of machines as rows of their line, of their factory and of the park."""
    parts = pl.col("path").str.split("/")
    line = rows.with_columns(path=parts.list.slice(0, 2).list.join("/"))
    factory = rows.with_columns(path=parts.list.get(0))
    return pl.concat([line, factory, _in_zone_of_park(factory, park).with_columns(path=pl.lit(park.id))])


def _in_zone_of_park(rows: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give rows whose windows begin where the park's do."""
    abroad = pl.col("path").is_in(sorted(foreign(park)))
    home, away = rows.filter(~abroad), rows.filter(abroad)
    local = pl.col("start").dt.convert_time_zone(park.factories[0].time_zone)
    hours = away.filter(pl.col("period") == "hour")
    return pl.concat(
        [
            home,
            away.filter(pl.col("period") == "shift"),
            *(
                hours.with_columns(period=pl.lit(period), start=local.dt.truncate(every).dt.convert_time_zone("UTC"))
                for period, every in (("hour", "1h"), ("day", "1d"))
            ),
        ]
    )
