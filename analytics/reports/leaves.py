"""Leaves of the loss tree: of every window the parts of its calendar time that are not divided further, as flat rows.

    path, period, name, start, end    the window
    loss: str       not_scheduled, planned_stop, unknown, unplanned_stop, idle, off, setup, micro_stop;
                    and of production speed_loss, quality_loss, productive, unjudged
    reason: str     of stops why: empty where nobody says; null for all others, which have no reasons
    seconds: f64    of what is above a machine in machine-seconds; parts that took no time have no row
    share: f64      of the window's calendar time, 0 to 1
    times: i64      how many such stops began in the window; null where not counted, and where there are no reasons
    version, computed, told   of the window, as results have them; `told` is its `reason`

The rows of a window add up to its calendar time, and their shares to 1.
"""

from typing import Final

import polars as pl

from analytics.kpis.contract import CALENDAR, Loss, loss_time
from analytics.reports.sums import DIGITS, STANDING
from analytics.restatement import WINDOW, told_by_reason
from analytics.results import accounts_of
from analytics.spans import MOMENT

UNJUDGED: Final = "unjudged"
"""Production of which it cannot be said how good it was."""

LEAVES: Final = (
    Loss.NOT_SCHEDULED.value,
    Loss.PLANNED_STOP.value,
    Loss.UNKNOWN.value,
    Loss.UNPLANNED_STOP.value,
    Loss.IDLE.value,
    Loss.OFF.value,
    Loss.SETUP.value,
    Loss.MICRO_STOP.value,
    "speed_loss",
    "quality_loss",
    "productive",
    UNJUDGED,
)
"""The losses that are not divided further, in the order of the tree."""

COLUMNS: Final = pl.Schema(
    {
        "path": pl.String(),
        "period": pl.String(),
        "name": pl.String(),
        "start": MOMENT,
        "end": MOMENT,
        "loss": pl.String(),
        "reason": pl.String(),
        "seconds": pl.Float64(),
        "share": pl.Float64(),
        "times": pl.Int64(),
        "version": pl.Int64(),
        "computed": MOMENT,
        "told": pl.String(),
    }
)
"""Columns of leaves."""

_NOTHING: Final = 0.001
"""Seconds that are what is left of rounding."""

_WHOLE: Final = (*WINDOW, "loss")


def leaves(results: pl.DataFrame) -> pl.DataFrame:
    """Give the leaves of windows: columns of `COLUMNS`, by path, period, start, loss and reason.

    Args:
        results: columns of `RESULTS`: every number of the account of each window, and all seconds and stops by reason.
    """
    wide = accounts_of(results).with_columns(
        unjudged_time=(pl.col(loss_time(Loss.PRODUCING)) - pl.col("judged_time")).clip(lower_bound=0.0)
    )
    wholes = wide.unpivot(
        [f"{leaf}_time" for leaf in LEAVES], index=list(WINDOW), variable_name="loss", value_name="whole"
    ).with_columns(pl.col("loss").str.strip_suffix("_time"))
    told = told_by_reason(results).select(*_WHOLE, pl.col("reason").fill_null(""), "seconds", "stops")
    stands = pl.col("loss").is_in(STANDING)
    rest = (
        wholes.join(told.group_by(_WHOLE).agg(pl.col("seconds").sum()), on=_WHOLE, how="left")
        .with_columns(left=pl.col("whole") - pl.col("seconds").fill_null(0.0))
        .filter(pl.col("left") > pl.when(stands).then(_NOTHING).otherwise(0.0))
        .select(
            *_WHOLE,
            reason=pl.when(stands).then(pl.lit("")),
            seconds="left",
            stops=pl.lit(None, pl.Float64),
        )
    )
    # What no reason tells of, in results older than reasons, stands beside what nobody gave a reason for.
    parts = (
        pl.concat([told.filter(stands & (pl.col("seconds") > 0)), rest])
        .group_by(*_WHOLE, "reason")
        .agg(pl.col("seconds").sum(), times=pl.when(pl.col("stops").null_count() == 0).then(pl.col("stops").sum()))
    )
    about = results.group_by(WINDOW).agg(
        pl.col("version").max(),
        pl.col("computed").max(),
        told=pl.col("reason").filter(pl.col("version") == pl.col("version").max()).first(),
    )
    windows = wide.select(*WINDOW, "name", "end", CALENDAR).join(about, on=WINDOW)
    return (
        parts.join(windows, on=WINDOW)
        .with_columns(share=(pl.col("seconds") / pl.col(CALENDAR)).round_sig_figs(DIGITS))
        .select(COLUMNS.names())
        .cast(COLUMNS)
        .sort(*_WHOLE, "reason")
    )
