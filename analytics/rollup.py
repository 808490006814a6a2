"""Roll-up: the times of lines, factories and the park are the sums over their machines.

Ratios are computed from the sums (`analytics.kpis`), which weighs each machine by its planned time. Windows are added
up where they begin together, so that lines and factories have the hours and days of their own zone. A shift of a line
is the sum over the machines whose shift begins then, named as the first of them names it.

The park has the hours and days of its first factory's zone. A factory in another zone counts by its hours: each in the
hour and the day of the park in which it begins.
"""

import polars as pl

from analytics.kpis.contract import TIMES as KPI_TIMES
from analytics.windows import KEY, TIMES
from collector.park import Park


def rollup(times: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give the times of everything above the machines that `times` tells of.

    Args:
        times: columns of `windows.TIMES`; for a sum to be whole, every machine under it has its rows here.
        park: what lies under what.

    Returns:
        Columns of `windows.TIMES`, by path, period and start.
    """
    if times.is_empty():
        return times
    factory = times.with_columns(path=pl.col("path").str.split("/").list.get(0))
    line = times.with_columns(path=pl.col("path").str.split("/").list.slice(0, 2).list.join("/"))
    whole = _in_zone_of_park(factory, park).with_columns(path=pl.lit(park.id))
    return (
        pl.concat([line, factory, whole])
        .group_by(KEY, maintain_order=True)
        .agg(pl.col("name").first(), pl.col("end").max(), pl.col(KPI_TIMES).sum())
        .select(TIMES.names())
        .sort(KEY)
    )


def foreign(park: Park) -> frozenset[str]:
    """Give the factories whose zone is not the park's."""
    return frozenset(one.id for one in park.factories if one.time_zone != park.factories[0].time_zone)


def _in_zone_of_park(times: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give times whose windows begin where the park's do."""
    abroad = pl.col("path").is_in(sorted(foreign(park)))
    home, away = times.filter(~abroad), times.filter(abroad)
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
