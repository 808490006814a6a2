"""The coming shifts of machines, and their past ones, as `analytics.reports.capacity` takes them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import polars as pl

from analytics.calendar import windows_of, work
from analytics.reports.capacity import HISTORY, SPENT, WINDOWS
from collector.park import Park

_TURNING: Final = 0
"""The weekday of shifts in a rotation, where a weekday means nothing."""


def coming(park: Park, machines: Iterable[str], start: datetime, end: datetime) -> pl.DataFrame:
    """Give the shifts that begin before `end` and are not over at `start`: columns of `capacity.WINDOWS`, and `begins`.

    A shift under way at `start` counts from there; `begins` is when it began.
    """
    frames = [pl.DataFrame(schema={**WINDOWS, "begins": WINDOWS["start"]})]
    planned: dict[tuple[object, ...], pl.DataFrame] = {}
    for path in machines:
        calendar, zone = park.calendar_of(path), park.factory_of(path).zone
        maintenance = park.equipment[path].maintenance
        alike = (calendar, zone, maintenance)
        if alike not in planned:
            shifts = windows_of(calendar, zone, start, end).filter(
                (pl.col("period") == "shift") & (pl.col("start") < end) & (pl.col("end") > start)
            )
            shifts = shifts.select("name", start=pl.col("start").clip(lower_bound=start), end="end", begins="start")
            if shifts.height:
                until: datetime = shifts.select(pl.col("end").max()).item()
                shifts = _with_work(shifts, work(calendar, maintenance, zone, start, until))
            planned[alike] = shifts
        if planned[alike].height:
            frames.append(
                planned[alike].select(
                    pl.lit(path).alias("path"),
                    "name",
                    "start",
                    "end",
                    _weekday(park, path, "begins"),
                    "planned_s",
                    "maintenance_s",
                    "begins",
                )
            )
    return pl.concat(frames)


def past(park: Park, results: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Give the past shifts of machines among stored results: columns of `capacity.HISTORY`.

    Args:
        park: whose machines.
        results: columns of `RESULTS`, period `shift`.
        windows: what `coming` gave; what began with the first of a machine's, or later, is not past.
    """
    values = (pl.col("value").filter(pl.col("kpi") == name).last().fill_null(0.0).alias(name) for name in SPENT)
    first = windows.group_by("path").agg(pl.col("begins").min())
    shifts = (
        results.filter(pl.col("kpi").is_in(SPENT))
        .group_by("path", "start", maintain_order=True)
        .agg(pl.col("name").last(), pl.col("end").max(), *values)
        .join(first, on="path", how="inner")
        .filter(pl.col("start") < pl.col("begins"))
    )
    parts = [
        part.with_columns(_weekday(park, str(path), "start"))
        for (path,), part in shifts.partition_by("path", as_dict=True, maintain_order=True).items()
    ]
    return pl.concat([HISTORY.to_frame(), *(part.select(HISTORY.names()).cast(HISTORY) for part in parts)])


def _weekday(park: Park, path: str, begins: str) -> pl.Expr:
    if park.calendar_of(path).rotation is not None:
        return pl.lit(_TURNING, pl.Int8).alias("weekday")
    return pl.col(begins).dt.convert_time_zone(park.factory_of(path).time_zone).dt.weekday().alias("weekday")


def _with_work(shifts: pl.DataFrame, planned: pl.DataFrame) -> pl.DataFrame:
    """Add the planned seconds of each shift, and what of them maintenance takes."""
    pieces = planned.rename({"start": "from", "end": "to", "name": "what"})
    seconds = (
        (pl.min_horizontal("end", "to") - pl.max_horizontal("start", "from")).dt.total_microseconds() / 1_000_000
    ).alias("seconds")
    within = shifts.join_where(pieces, pl.col("start") < pl.col("to"), pl.col("end") > pl.col("from"))
    sums = (
        within.with_columns(seconds)
        .group_by("name", "begins")
        .agg(
            planned_s=pl.col("seconds").sum(),
            maintenance_s=pl.col("seconds").filter(pl.col("kind") == "maintenance").sum(),
        )
    )
    return shifts.join(sums, on=["name", "begins"], how="left", maintain_order="left").with_columns(
        pl.col("planned_s", "maintenance_s").fill_null(0.0)
    )
