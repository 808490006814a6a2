"""The loss tree: where calendar time went, each loss beneath what it is a part of, and the Pareto of stops.

    tree     loss: str (column of the account, or `unjudged_time`)   depth: int   seconds: f64
             of_calendar, of_planned: f64   shares, 0 to 1; null when there is none of it, or none is planned
             count: f64   failures, of unplanned stops; else null
    pareto   loss, reason: str            why it stood; an empty reason: nobody says
             times: i64                   how many stops began in the period
             seconds: f64                 how long they lasted in all, in seconds; of a line in machine-seconds
             share, cumulative: f64       shares of the seconds of all rows, 0 to 1; cumulative with the rows above
             mean_seconds: f64            seconds / times, in seconds
             the longest first

The Pareto tells of what stood in the way of production: all stops but planned ones. A stop across an edge of the period
lasts in it as long as it is in it, and is counted where it begins (`analytics.accounts` tells what one stop is).
`mean_seconds` is null where no stop began; `times` where a day of them was stored by a parkline that did not count.
"""

from collections.abc import Mapping
from typing import Any, Final

import polars as pl

from analytics.kpis.contract import CALENDAR, PLANNED, PRODUCTION_TIMES, Loss, loss_time
from analytics.reports.sums import STANDING

UNJUDGED: Final = "unjudged_time"
"""Production of which it cannot be said how good it was: no counter, or no ideal cycle."""

_PRODUCING: Final = loss_time(Loss.PRODUCING)

DEPTHS: Final = {
    CALENDAR: 0,
    loss_time(Loss.NOT_SCHEDULED): 1,
    PLANNED: 1,
    loss_time(Loss.PLANNED_STOP): 2,
    loss_time(Loss.UNKNOWN): 2,
    loss_time(Loss.UNPLANNED_STOP): 2,
    loss_time(Loss.IDLE): 2,
    loss_time(Loss.OFF): 2,
    loss_time(Loss.SETUP): 2,
    loss_time(Loss.MICRO_STOP): 2,
    _PRODUCING: 2,
    **dict.fromkeys((*PRODUCTION_TIMES, UNJUDGED), 3),
}
"""The lines of the tree in their order, each with how deep it lies."""

TREE: Final = pl.Schema(
    {
        "loss": pl.String(),
        "depth": pl.Int64(),
        "seconds": pl.Float64(),
        "of_calendar": pl.Float64(),
        "of_planned": pl.Float64(),
        "count": pl.Float64(),
    }
)
"""Columns of the tree."""

PARETO: Final = pl.Schema(
    {
        "loss": pl.String(),
        "reason": pl.String(),
        "times": pl.Int64(),
        "seconds": pl.Float64(),
        "share": pl.Float64(),
        "cumulative": pl.Float64(),
        "mean_seconds": pl.Float64(),
    }
)
"""Columns of the Pareto."""


def tree(account: Mapping[str, Any]) -> pl.DataFrame:
    """Give the loss tree of one account: columns of `TREE`, in the order of `DEPTHS`."""
    seconds = {name: account[name] for name in DEPTHS if name != UNJUDGED}
    seconds[UNJUDGED] = max(account[_PRODUCING] - account["judged_time"], 0.0)
    rows = [
        {
            "loss": name,
            "depth": depth,
            "seconds": seconds[name],
            "of_calendar": _share(seconds[name], account[CALENDAR]),
            "of_planned": None if name in _NOT_PLANNED else _share(seconds[name], account[PLANNED]),
            "count": account["failure_count"] if name == loss_time(Loss.UNPLANNED_STOP) else None,
        }
        for name, depth in DEPTHS.items()
    ]
    return pl.DataFrame(rows, schema=TREE)


def pareto(reasons: pl.DataFrame) -> pl.DataFrame:
    """Give the stops by reason: columns of `PARETO`, the longest first.

    Args:
        reasons: columns of `REASONS`, of everything that is to be counted together.
    """
    chosen = [loss for loss in STANDING if loss != Loss.PLANNED_STOP.value]
    whole = pl.col("seconds").sum()
    return (
        reasons.filter(pl.col("loss").is_in(chosen))
        .group_by("loss", "reason")
        .agg(whole, times=pl.when(pl.col("stops").null_count() == 0).then(pl.col("stops").sum()).cast(pl.Int64))
        .filter(pl.col("seconds") > 0)
        .sort("seconds", "loss", "reason", descending=[True, False, False])
        .with_columns(
            share=pl.col("seconds") / whole,
            cumulative=pl.col("seconds").cum_sum() / whole,
            mean_seconds=pl.when(pl.col("times") > 0).then(pl.col("seconds") / pl.col("times")),
        )
        .select(PARETO.names())
    )


_NOT_PLANNED: Final = frozenset({CALENDAR, loss_time(Loss.NOT_SCHEDULED)})


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
