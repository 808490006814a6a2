"""Touched: which machines' numbers new samples may have changed, and from when on.

    touched    equipment: str   start, end: datetime[us, UTC]        [start, end); columns of `TOUCHED`
               signals: list[str]   those with new samples; none where it was no sample that touched it
               causes: list[str]    why, as a restatement tells it; see `Cause`

A sample changes what a machine did from its own time until the next one of its signal. What is computed may always be
more than what has changed, never less: so ranges are widened and joined freely.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import polars as pl

from analytics.spans import MOMENT

TOUCHED: Final = pl.Schema(
    {
        "equipment": pl.String(),
        "start": MOMENT,
        "end": MOMENT,
        "signals": pl.List(pl.String()),
        "causes": pl.List(pl.String()),
    }
)
"""Columns of touched ranges."""


class Cause(StrEnum):
    """Why numbers that were told already are computed again, in the order in which several are named."""

    LATE = "late samples"
    """Samples came after the window was computed."""
    FILLED = "gap filled"
    """What a source had missed was brought in later."""
    GAP = "gap"
    """It became known that a source may have missed samples."""
    CALENDAR = "calendar changed"
    """The calendar plans other work for the window."""
    MAP = "map changed"
    """States, ideal cycles, reasons or how long is bridged are configured differently."""
    REASON = "stop reason changed"
    """Somebody said, or took back, why a machine stood."""
    ASKED = "recomputed"
    """Somebody asked for it."""


BLOCK: Final = 512
"""Days of machines that are computed together: what bounds the memory of a large backlog."""

TOGETHER: Final = 32
"""Successive days that are computed together at most."""

_DAY: Final = timedelta(days=1)


def touched(samples: pl.DataFrame, equipment_of: Mapping[str, str]) -> pl.DataFrame:
    """Give what samples touch, one range per machine and UTC day; columns of `TOUCHED`, by equipment and start.

    Args:
        samples: columns of `adapters.sample.SAMPLES`, in any order.
        equipment_of: machine by the path of each signal that its numbers come from; other signals touch nothing.
    """
    inputs = pl.DataFrame(
        list(equipment_of.items()), schema={"signal": pl.String, "equipment": pl.String}, orient="row"
    )
    return (
        samples.lazy()
        .select("signal", time=pl.col("time").dt.cast_time_unit("us"))
        .join(inputs.lazy(), on="signal", how="inner")
        .group_by("equipment", day=pl.col("time").dt.truncate("1d"))
        .agg(
            start=pl.col("time").min(),
            end=pl.col("time").max() + timedelta(microseconds=1),
            signals=pl.col("signal").unique().sort(),
        )
        .with_columns(causes=pl.lit([Cause.LATE.value], pl.List(pl.String)))
        .sort("equipment", "start")
        .select(TOUCHED.names())
        .collect()
    )


def joined(ranges: pl.DataFrame, within: timedelta) -> pl.DataFrame:
    """Join ranges of one machine that overlap or lie no more than `within` apart; by equipment and start."""
    ordered = ranges.select(TOUCHED.names()).sort("equipment", "start")
    reach = pl.col("end").cum_max().shift().over("equipment")
    apart = (pl.col("start") - reach > within).fill_null(value=True)
    every = (pl.col(name).explode(empty_as_null=False).unique().drop_nulls().sort() for name in ("signals", "causes"))
    return (
        ordered.with_columns(run=apart.cum_sum())
        .group_by("equipment", "run", maintain_order=True)
        .agg(pl.col("start").min(), pl.col("end").max(), *every)
        .select(TOUCHED.names())
    )


def blocks(ranges: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut ranges into blocks that are computed one after the other, from the oldest days to the newest.

    A block holds the ranges of some machines within `TOGETHER` successive days, `BLOCK` days of machines at most: what
    is read beyond the edges of windows is little beside what lies between them. Ranges are cut at midnight, UTC.
    """
    days = by_day(ranges)
    if days.is_empty():
        return
    first = pl.col("day").min()
    cut = days.with_columns(stretch=((pl.col("day") - first).dt.total_days() // TOGETHER))
    for stretches in cut.drop("day").partition_by("stretch", maintain_order=True):
        ordered = stretches.sort("equipment", "start")
        for part in _of_machines(ordered):
            yield joined(part, timedelta(0))


def _of_machines(ordered: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut days of machines, by machine, into parts of `BLOCK` at most, between machines."""
    part: list[pl.DataFrame] = []
    for rows in ordered.partition_by("equipment", maintain_order=True):
        if part and sum(map(len, part)) + len(rows) > BLOCK:
            yield pl.concat(part)
            part = []
        part.append(rows)
    if part:
        yield pl.concat(part)


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


def whole(ranges: pl.DataFrame) -> tuple[datetime, datetime]:
    """Give the interval that holds every range; there is one at least."""
    start, end = ranges.select(pl.col("start").min(), pl.col("end").max()).row(0)
    return start, end
