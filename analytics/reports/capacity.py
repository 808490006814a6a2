"""Idle capacity: what the coming shifts have to spare, for work on contract.

    windows    path: str   name: str (of the shift)   start, end: datetime[us, UTC]   weekday: int
               planned_s, maintenance_s: f64      planned work, and what of it planned maintenance takes
    history    path: str   name: str   start, end   weekday: int   *SPENT: f64, seconds of a past shift's account
    capacity   the windows, and  typical_busy_s, typical_stops_s, idle_s, idle_safe_s: f64   based_on: int
               coverage: f64   note: str

A coming shift is held against those that are like it: of the same machine, the same shift by name, begun on the same
local weekday (1 to 7; 0 in a rotation, where a weekday means nothing). Where these are fewer than `FEWEST`, on a
Saturday that is worked for once, it is held against the same shift on all weekdays, and `note` says so. Of each,

    available   planned_time - planned_stop_time
    busy        (producing_time + setup_time) / (available - unknown_time)
    stops       (unplanned_stop_time + micro_stop_time) / (available - unknown_time)

and of the coming one, with available_s = planned_s - maintenance_s,

    typical_busy_s    available_s * median of busy
    typical_stops_s   available_s * median of stops
    idle_s            available_s - typical_busy_s - typical_stops_s, 0 at least
    idle_safe_s       available_s * lower quartile of (idle_time + off_time) / available; idle_s at most: in three of
                      four such shifts there was at least as much, and time that nobody knows of is not offered

Shares, not seconds: so that a shift that is shortened or partly over has its part of it. Past shifts of which less than
half is known do not count. Fewer than `FEWEST` in all say too little, and the numbers are null. Those of a line are the
sums over its machines, in machine-seconds; machines without numbers are left out, and `note` says how many.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

import polars as pl

from analytics import wording
from analytics.kpis.contract import PLANNED, Loss, loss_time
from analytics.spans import MOMENT

BACK: Final = timedelta(weeks=8)
"""How far back past shifts are looked at."""

FEWEST: Final = 4
"""Past shifts that typical use is told from, at least."""

KNOWN: Final = 0.5
"""Share of its planned time that must be known of a past shift for it to count."""

SPENT: Final = (
    PLANNED,
    loss_time(Loss.PLANNED_STOP),
    loss_time(Loss.UNKNOWN),
    loss_time(Loss.PRODUCING),
    loss_time(Loss.SETUP),
    loss_time(Loss.UNPLANNED_STOP),
    loss_time(Loss.MICRO_STOP),
    loss_time(Loss.IDLE),
    loss_time(Loss.OFF),
)
"""The columns of the account that use is told from."""

_KEY: Final = {"path": pl.String(), "name": pl.String(), "start": MOMENT, "end": MOMENT}

WINDOWS: Final = pl.Schema({**_KEY, "weekday": pl.Int8(), "planned_s": pl.Float64(), "maintenance_s": pl.Float64()})
"""Columns of coming shifts."""

HISTORY: Final = pl.Schema({**_KEY, "weekday": pl.Int8()} | dict.fromkeys(SPENT, pl.Float64()))
"""Columns of past shifts."""

CAPACITY: Final = pl.Schema(
    {
        **_KEY,
        "planned_s": pl.Float64(),
        "maintenance_s": pl.Float64(),
        "typical_busy_s": pl.Float64(),
        "typical_stops_s": pl.Float64(),
        "idle_s": pl.Float64(),
        "idle_safe_s": pl.Float64(),
        "based_on": pl.Int64(),
        "coverage": pl.Float64(),
        "note": pl.String(),
    }
)
"""Columns of idle capacity: `based_on` is how many past shifts typical use comes from, `coverage` the share of their
planned time with a known state, `note` why numbers are null or incomplete."""

_NUMBERS: Final = ("typical_busy_s", "typical_stops_s", "idle_s", "idle_safe_s")


def capacity(windows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Give what machines have to spare in the coming `windows`: columns of `CAPACITY`, by path and start."""
    left = pl.col("planned_s") - pl.col("maintenance_s")
    enough = pl.col("based_on") >= FEWEST
    idle = (left * (1 - pl.col("busy") - pl.col("stops"))).clip(lower_bound=0.0)
    few = wording.FEW_SHIFTS.expression(found="based_on", needed=pl.lit(FEWEST))
    other = pl.lit(wording.ALL_WEEKDAYS.en)
    return (
        _like(windows, history)
        .with_columns(
            typical_busy_s=pl.when(enough).then(left * pl.col("busy")),
            typical_stops_s=pl.when(enough).then(left * pl.col("stops")),
            idle_s=pl.when(enough).then(idle),
            idle_safe_s=pl.when(enough).then(pl.min_horizontal(left * pl.col("spare"), idle)),
            note=pl.when(~enough).then(few).when("other").then(other).otherwise(pl.lit("")),
        )
        .select(CAPACITY.names())
        .cast(CAPACITY)
        .sort("path", "start", "name")
    )


def of_lines(machines: pl.DataFrame) -> pl.DataFrame:
    """Give what lines have to spare: the sums over their machines whose shifts begin together, columns of `CAPACITY`.

    `based_on` is that of the machine with the fewest past shifts; null numbers are those of a line without any machine
    that has some.
    """
    line = machines.with_columns(path=pl.col("path").str.split("/").list.slice(0, 2).list.join("/"))
    return _together(line).select(CAPACITY.names())


def of_classes(machines: pl.DataFrame, classes: Mapping[str, str]) -> pl.DataFrame:
    """Give what classes of machines have to spare, summed as `of_lines` sums them, whatever line they stand in.

    Args:
        machines: columns of `CAPACITY`.
        classes: the class of each machine, by path; empty: none was configured.

    Returns:
        Columns of `CAPACITY`, `path` being the class, and `machines`: i64, how many are in the sum.
    """
    return _together(machines.with_columns(pl.col("path").replace_strict(classes, return_dtype=pl.String)))


def _together(machines: pl.DataFrame) -> pl.DataFrame:
    """Sum up the rows of one path whose shifts begin together: columns of `CAPACITY`, and `machines`: how many."""
    told = pl.col("idle_s").is_not_null()
    silent = (~told).sum()
    note = pl.when(silent > 0).then(wording.LEFT_OUT.expression(silent=silent, machines=pl.len())).otherwise(pl.lit(""))
    summed = [pl.when(told.any()).then(pl.col(name).sum()) for name in _NUMBERS]
    return (
        machines.group_by("path", "start", "name")
        .agg(
            pl.col("end").max(),
            pl.col("planned_s", "maintenance_s").sum(),
            *summed,
            pl.col("based_on").filter(told).min().fill_null(0),
            pl.col("coverage").filter(told).mean(),
            note=note,
            machines=pl.len(),
        )
        .select(*CAPACITY, "machines")
        .cast(pl.Schema({**CAPACITY, "machines": pl.Int64()}))
        .sort("path", "start", "name")
    )


def _like(windows: pl.DataFrame, history: pl.DataFrame) -> pl.DataFrame:
    """Add to each window how shifts like it are spent, and whether those are of `other` weekdays."""
    same, every = _typical(history, "path", "name", "weekday"), _typical(history, "path", "name")
    by_weekday = windows.join(same, on=["path", "name", "weekday"], how="left").with_columns(other=pl.lit(value=False))
    few = (pl.col("based_on") < FEWEST).fill_null(value=True)
    others = (
        by_weekday.filter(few)
        .select(windows.columns)
        .join(every, on=["path", "name"], how="left")
        .with_columns(pl.col("based_on").fill_null(0), other=pl.lit(value=True))
    )
    return pl.concat([by_weekday.filter(~few), others])


def _typical(history: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Give how shifts are spent: *by, busy, stops, spare: f64 shares, based_on, coverage."""
    available = pl.col(PLANNED) - pl.col(loss_time(Loss.PLANNED_STOP))
    known = available - pl.col(loss_time(Loss.UNKNOWN))
    busy = pl.col(loss_time(Loss.PRODUCING)) + pl.col(loss_time(Loss.SETUP))
    stops = pl.col(loss_time(Loss.UNPLANNED_STOP)) + pl.col(loss_time(Loss.MICRO_STOP))
    spare = pl.col(loss_time(Loss.IDLE)) + pl.col(loss_time(Loss.OFF))
    covered = 1 - pl.col(loss_time(Loss.UNKNOWN)) / pl.col(PLANNED)
    return (
        history.filter((available > 0) & (known > 0) & (covered >= KNOWN))
        .group_by(by)
        .agg(
            busy=(busy / known).median(),
            stops=(stops / known).median(),
            spare=(spare / available).quantile(0.25, "linear"),
            based_on=pl.len().cast(pl.Int64),
            coverage=covered.mean(),
        )
    )
