"""Withdrawal: windows that were told, and that the calendar does not have any more.

A shift that begins at another time is another window, and so are the hours and days of another time zone; the old ones
would stand beside them for ever, and their time count twice. So they are told once more, without numbers and with a
note, as a restatement of what they said. Numbers above the machines are summed up without them; where no machine has
the window any more, they are withdrawn too.

    windows    path: str   period: str   start: datetime[us, UTC]
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Final

import polars as pl

from adapters.stores.contract import RESULTS
from analytics.accounts import KEY
from analytics.calendar import windows_of
from analytics.notes import WITHDRAWN
from analytics.touched import Cause
from collector.park import Park

CALLED: Final = (Cause.CALENDAR.value, Cause.ASKED.value)
"""Causes for which it is looked for windows that are no more."""


def looked_at(ranges: pl.DataFrame) -> pl.DataFrame:
    """Give those of touched ranges (columns of `touched.TOUCHED`) in which windows may be no more."""
    return ranges.filter(pl.col("causes").list.set_intersection(list(CALLED)).list.len() > 0)


def gone(stored: pl.DataFrame, ranges: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give the windows of machines that are stored, touch ranges of theirs, and are none of their calendar.

    Args:
        stored: columns of `RESULTS`.
        ranges: what `looked_at` gives.
        park: as it is configured now.
    """
    windows = (
        stored.group_by(KEY)
        .agg(pl.col("end").max())
        .join_where(
            ranges.select(pl.col("equipment"), since="start", until="end"),
            pl.col("path") == pl.col("equipment"),
            pl.col("start") < pl.col("until"),
            pl.col("end") > pl.col("since"),
        )
        .select(*KEY, "end")
        .unique()
    )
    if windows.is_empty():
        return windows.select(KEY)
    start, end = windows.select(pl.col("start").min(), pl.col("end").max()).row(0)
    there = _there(windows["path"].unique(maintain_order=True), park, start, end)
    return windows.join(there, on=KEY, how="anti").select(KEY)


def above(windows: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Give the windows of lines, factories and the park into which windows of machines are summed up."""
    parts = pl.col("path").str.split("/")
    lifted = (parts.list.head(2).list.join("/"), parts.list.first(), pl.lit(park.id))
    return pl.concat([windows.with_columns(path=path) for path in lifted]).unique(maintain_order=True)


def withdrawn(stored: pl.DataFrame, windows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Give the rows of stored `windows` without their numbers: columns of `RESULTS`."""
    return (
        stored.join(windows, on=KEY, how="semi")
        .with_columns(
            value=pl.lit(None, pl.Float64),
            coverage=pl.lit(None, pl.Float64),
            computed=pl.lit(now, RESULTS["computed"]),
            version=pl.lit(1, pl.Int64),
            reason=pl.lit(""),
            note=pl.lit(WITHDRAWN),
        )
        .select(RESULTS.names())
    )


def _there(paths: Iterable[str], park: Park, start: datetime, end: datetime) -> pl.DataFrame:
    """Give the windows of machines that touch [start, end): path, period, start."""
    alike = defaultdict(list)
    for path in paths:
        alike[id(park.calendar_of(path)), park.factory_of(path).zone].append(path)  # the park keeps its calendars
    found = []
    for (_, zone), members in alike.items():
        windows = windows_of(park.calendar_of(members[0]), zone, start, end)
        found.append(pl.DataFrame({"path": members}).join(windows.select("period", "start"), how="cross"))
    return pl.concat(found)
