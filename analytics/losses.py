"""Losses: every instant of a machine's calendar time, and the loss that it belongs to.

What a machine did, what was planned and why it stood are laid over each other; the intervals cover exactly what the
spans cover. Of an interval the first of these that holds says which loss it is:

    1  nothing is planned                         not_scheduled; its state is kept: producing there is overtime
    2  a maintenance window                       planned_stop for the reason of its name, whatever the machine does:
                                                  also when it is tried out, or when nobody knows what it did
    3  it stands, and its reason has a loss       that loss (`StopReason.loss`)
    4  it stands or waits for less than           micro_stop
       `micro_stop`
    5  else                                       the loss of its state

- Point 3 is about the states unplanned_stop, idle and off; what a person says is also about planned_stop. It never
  makes a stop of production, of setup or of unknown time. A micro-stop stays one whether its reason is a failure or a
  wait; a reason that is setup or planned moves it.
- A micro-stop is a whole stretch of the states idle and unplanned_stop shorter than the machine's `micro_stop`,
  whatever the calendar cuts of it. So the spans given reach beyond [start, end) by `micro_stop` on both sides. A
  stretch that still lasts is a micro-stop until it is long enough.
- A stop has the reason that `reasons` found, else the raw value of its state, so that a manager sees FEED_HOLD; setup
  has what its raw value says. Losses that are no stops have no reason.

    spans       `spans.SPANS`
    work        equipment: str   start, end: datetime[us, UTC]   kind: str (planned, maintenance)   name: str
    stops       `reasons.STOP_REASONS`
    result      `INTERVALS`, by equipment and start; two that touch differ in something
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import polars as pl

from analytics.kpis.contract import Loss
from analytics.overlay import joined, overlay
from analytics.spans import MOMENT
from collector.park import Equipment, EquipmentState, StopReason

INTERVALS: Final = pl.Schema(
    {
        "equipment": pl.String(),
        "start": MOMENT,
        "end": MOMENT,
        "loss": pl.String(),
        "reason": pl.String(),
        "state": pl.String(),
        "raw": pl.String(),
    }
)
"""Columns of intervals: path of the machine, [start, end) in UTC, a `Loss`, why the machine stood (empty: nobody says),
its `EquipmentState`, and the raw value that comes from (empty: none)."""

REASONED: Final = (
    Loss.PLANNED_STOP,
    Loss.UNPLANNED_STOP,
    Loss.MICRO_STOP,
    Loss.IDLE,
    Loss.OFF,
    Loss.SETUP,
)
"""The losses that have reasons."""

_SHORT: Final = (EquipmentState.IDLE.value, EquipmentState.UNPLANNED_STOP.value)
"""States whose stretches are micro-stops when they are short."""

_MOVABLE: Final = (*_SHORT, EquipmentState.OFF.value)
"""States whose loss a reason can change."""


def losses(
    spans: pl.DataFrame,
    work: pl.DataFrame,
    stops: pl.DataFrame,
    machines: Sequence[Equipment],
    reasons: Mapping[str, StopReason],
    start: datetime,
    end: datetime,
) -> pl.DataFrame:
    """Give the intervals within [start, end), as the module tells.

    Args:
        spans: what the machines did, from `micro_stop` before `start` to `micro_stop` after `end`.
        work: what was planned; pieces of one machine do not overlap.
        stops: why they stood.
        machines: whose `micro_stop` counts; a machine that is not among them has no micro-stops.
        reasons: the park's reasons by code; a reason that is not among them changes no loss.
        start: first instant, UTC.
        end: first instant no longer asked for, UTC.
    """
    within = _micro(spans, machines).with_columns(
        pl.col("start").clip(lower_bound=pl.lit(start, MOMENT)), pl.col("end").clip(upper_bound=pl.lit(end, MOMENT))
    )
    told = overlay(
        within,
        work.select("equipment", "start", "end", "kind", "name"),
        stops.select("equipment", "start", "end", "by", told="reason"),
    )
    named = {code: reason.loss for code, reason in reasons.items()}
    says = pl.col("told").replace_strict(named, default=None, return_dtype=pl.String)
    loss = told.with_columns(_loss(says).alias("loss"), pl.col("raw").fill_null(""))
    return joined(loss.with_columns(reason=_reason()).select(INTERVALS.names()))


def _micro(spans: pl.DataFrame, machines: Sequence[Equipment]) -> pl.DataFrame:
    """Tell of each span whether it is part of a micro-stop: column `micro`."""
    shortest = pl.DataFrame(
        [(one.path, one.micro_stop) for one in machines if one.micro_stop],
        schema={"equipment": pl.String, "micro_stop": pl.Duration("us")},
        orient="row",
    )
    ordered = (
        spans.filter(pl.col("start") < pl.col("end"))
        .join(shortest, on="equipment", how="left")
        .sort("equipment", "start")
        .with_columns(short=pl.col("state").is_in(_SHORT))
    )
    fresh = pl.any_horizontal(
        pl.col("equipment").ne_missing(pl.col("equipment").shift()),
        pl.col("short").ne_missing(pl.col("short").shift()),
        pl.col("start").ne_missing(pl.col("end").shift()),
    )
    runs = ordered.with_columns(fresh=fresh)
    began = pl.when("fresh").then("start").forward_fill()
    ended = pl.when(pl.col("fresh").shift(-1, fill_value=True)).then("end").backward_fill()
    micro = pl.col("short") & (ended - began < pl.col("micro_stop")).fill_null(value=False)
    return runs.with_columns(micro=micro).drop("micro_stop", "short", "fresh")


def _loss(says: pl.Expr) -> pl.Expr:
    """Give the loss of a piece; `says` is the loss of its reason, null where it has none."""
    person = (pl.col("by") == "person").fill_null(value=False)
    movable = pl.col("state").is_in(_MOVABLE) | (person & (pl.col("state") == EquipmentState.PLANNED_STOP))
    stays_short = pl.col("micro") & says.is_in([Loss.UNPLANNED_STOP, Loss.IDLE])
    return (
        pl.when(pl.col("kind").is_null())
        .then(pl.lit(Loss.NOT_SCHEDULED.value))
        .when(pl.col("kind") == "maintenance")
        .then(pl.lit(Loss.PLANNED_STOP.value))
        .when(movable & says.is_not_null() & ~stays_short)
        .then(says)
        .when("micro")
        .then(pl.lit(Loss.MICRO_STOP.value))
        .otherwise("state")
    )


def _reason() -> pl.Expr:
    """Give the reason of a piece whose loss is known."""
    return (
        pl.when(pl.col("kind") == "maintenance")
        .then("name")
        .when(pl.col("loss").is_in(REASONED))
        .then(pl.coalesce("told", "raw"))
        .otherwise(pl.lit(""))
    )
