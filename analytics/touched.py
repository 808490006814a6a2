"""Touched: which machines' numbers new samples may have changed, and from when on.

    touched    equipment: str   start, end: datetime[us, UTC]        [start, end); columns of `TOUCHED`

A sample changes what a machine did from its own time until the next report. What is computed may always be more than
what has changed, never less: so ranges are widened and joined freely.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final

import polars as pl

from analytics.spans import MOMENT

TOUCHED: Final = pl.Schema({"equipment": pl.String(), "start": MOMENT, "end": MOMENT})
"""Columns of touched ranges."""

BLOCK: Final = 256
"""Days of machines that are computed together: what bounds the memory of a large backlog."""

_DAY: Final = timedelta(days=1)


def touched(samples: pl.DataFrame, equipment_of: Mapping[str, str]) -> pl.DataFrame:
    """Give what samples touch, one range per machine and UTC day; columns of `TOUCHED`.

    Args:
        samples: columns of `adapters.sample.SAMPLES`, in any order.
        equipment_of: machine by the path of its state signal; other signals touch nothing.
    """
    states = pl.DataFrame(
        list(equipment_of.items()), schema={"signal": pl.String, "equipment": pl.String}, orient="row"
    )
    return (
        samples.lazy()
        .select("signal", time=pl.col("time").dt.cast_time_unit("us"))
        .join(states.lazy(), on="signal", how="inner")
        .group_by("equipment", day=pl.col("time").dt.truncate("1d"))
        .agg(start=pl.col("time").min(), end=pl.col("time").max() + timedelta(microseconds=1))
        .sort("equipment", "start")
        .select(TOUCHED.names())
        .collect()
    )


def joined(ranges: pl.DataFrame, within: timedelta) -> pl.DataFrame:
    """Join ranges of one machine that overlap or lie no more than `within` apart; by equipment and start."""
    ordered = ranges.select(TOUCHED.names()).sort("equipment", "start")
    reach = pl.col("end").cum_max().shift().over("equipment")
    apart = (pl.col("start") - reach > within).fill_null(value=True)
    return (
        ordered.with_columns(run=apart.cum_sum())
        .group_by("equipment", "run", maintain_order=True)
        .agg(pl.col("start").min(), pl.col("end").max())
        .select(TOUCHED.names())
    )


def blocks(ranges: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut ranges into blocks that are computed one after the other, from the oldest day to the newest.

    A block holds `BLOCK` days of machines at most, within `BLOCK` successive days. Ranges are cut at midnight, UTC.
    """
    for days in _runs_of_days(by_day(ranges)):
        for part in days.iter_slices(BLOCK):
            yield joined(part, timedelta(0))


def by_day(ranges: pl.DataFrame) -> pl.DataFrame:
    """Cut ranges at midnight, UTC; columns of `TOUCHED` and `day`, by day and equipment."""
    first, last = pl.col("start").dt.date(), (pl.col("end") - timedelta(microseconds=1)).dt.date()
    midnight = pl.col("day").cast(MOMENT)
    return (
        ranges.with_columns(day=pl.date_ranges(first, last))
        .explode("day")
        .with_columns(start=pl.max_horizontal("start", midnight), end=pl.min_horizontal("end", midnight + _DAY))
        .sort("day", "equipment")
    )


def _runs_of_days(by_day: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Give successive days together, as long as they fit into one block; a day that does not fit alone, alone."""
    run: list[pl.DataFrame] = []
    began: date | None = None
    for rows in by_day.partition_by("day", maintain_order=True):
        day: date = rows.item(0, "day")
        full = sum(map(len, run)) + len(rows) > BLOCK
        if began is not None and (full or day - began >= BLOCK * _DAY):
            yield pl.concat(run)
            run, began = [], None
        run.append(rows)
        began = began or day
    if run:
        yield pl.concat(run)


def whole(ranges: pl.DataFrame) -> tuple[datetime, datetime]:
    """Give the interval that holds every range; there is one at least."""
    start, end = ranges.select(pl.col("start").min(), pl.col("end").max()).row(0)
    return start, end
