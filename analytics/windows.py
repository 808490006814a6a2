"""Windows: how the planned time of every hour, shift and day was spent.

    spans      `spans.SPANS`, covering every window from its start as far as is known
    windows    equipment: str   and columns of `calendar.WINDOWS`
    shares     equipment: str   and columns of `calendar.SHARES`
    result     `TIMES`

A window that still runs is cut at the end of its machine's last span: its `end` says how far its numbers reach, and
what is not known yet is in none of them. It is replaced as it grows, since its start stays. Windows that begin beyond
the last span have no row.

Seconds come from sums that run along the spans of a machine: each window's edge looks its sums up, and the difference
of two edges is the time between them. That costs one look-up per edge, however many spans lie between.
"""

from typing import Final

import polars as pl

from analytics.kpis.contract import OVERTIME, PLANNED, STATE_TIMES, state_time
from analytics.kpis.contract import TIMES as KPI_TIMES
from analytics.spans import MOMENT
from collector.park import EquipmentState

KEY: Final = ("path", "period", "start")
"""What tells a window apart."""

TIMES: Final = pl.Schema(
    {
        "path": pl.String(),
        "period": pl.String(),
        "name": pl.String(),
        "start": MOMENT,
        "end": MOMENT,
        **{name: pl.Float64() for name in KPI_TIMES},
    }
)
"""Columns of windows with their times: path of a machine (or of what is above it), the window as in
`calendar.WINDOWS`, and the seconds of `kpis.contract.TIMES`."""

_PRODUCING: Final = state_time(EquipmentState.PRODUCING)


def times(spans: pl.DataFrame, windows: pl.DataFrame, shares: pl.DataFrame) -> pl.DataFrame:
    """Give one row per window that has begun, as the module tells; in the order of `windows`."""
    sums = _sums(spans)
    reach = spans.group_by("equipment").agg(reach=pl.col("end").max())
    begun = (
        windows.join(reach, on="equipment", how="inner", maintain_order="left")
        .filter(pl.col("start") < pl.col("reach"))
        .with_columns(end=pl.min_horizontal("end", "reach"))
    )
    planned = _between(sums, shares).group_by("equipment", "period", start="begins").agg(pl.col(STATE_TIMES).sum())
    whole = _between(sums, begun.select("equipment", "period", "start", "end"))
    produced = whole.select("equipment", "period", "start", produced=_PRODUCING)
    window = ["equipment", "period", "start"]
    return (
        begun.join(planned, on=window, how="left", maintain_order="left")
        .join(produced, on=window, how="left", maintain_order="left")
        .with_columns(pl.col(*STATE_TIMES, "produced").fill_null(0))
        .with_columns((pl.col("produced") - pl.col(_PRODUCING)).alias(OVERTIME))
        .with_columns(pl.sum_horizontal(STATE_TIMES).alias(PLANNED))
        .with_columns((pl.col(KPI_TIMES) / 1e6).round(6))  # Polars multiplies by 1e-6, which is not exact
        .rename({"equipment": "path"})
        .select(TIMES.names())
    )


def _sums(spans: pl.DataFrame) -> pl.DataFrame:
    """Give, for each span, the microseconds in each state from its machine's first span to its start."""
    lasted = (pl.col("end") - pl.col("start")).dt.total_microseconds()
    return (
        spans.select("equipment", "state", "start", "end", lasted=lasted)
        .with_columns(
            pl.when(pl.col("state") == state.value).then("lasted").otherwise(0).alias(state_time(state))
            for state in EquipmentState
        )
        .with_columns((pl.col(STATE_TIMES).cum_sum() - pl.col(STATE_TIMES)).over("equipment"))
        .select("equipment", "state", *STATE_TIMES, since="start", ends="end")
        .sort("since")
    )


def _between(sums: pl.DataFrame, intervals: pl.DataFrame) -> pl.DataFrame:
    """Add the microseconds in each state within each interval [start, end) of a machine."""
    indexed = intervals.with_row_index("interval")
    before, after = (_at(sums, indexed, edge).sort("interval") for edge in ("start", "end"))
    return intervals.with_columns(after[name] - before[name] for name in STATE_TIMES)


def _at(sums: pl.DataFrame, intervals: pl.DataFrame, edge: str) -> pl.DataFrame:
    """Give the microseconds in each state up to one edge of each interval; columns `interval` and `STATE_TIMES`."""
    found = (
        intervals.select("interval", "equipment", at=edge)
        .sort("at")
        .join_asof(sums, left_on="at", right_on="since", by="equipment", check_sortedness=False)
    )
    lasted = (pl.min_horizontal("at", "ends") - pl.col("since")).dt.total_microseconds()
    return found.select(
        "interval",
        *(
            (pl.col(state_time(state)) + pl.when(pl.col("state") == state.value).then(lasted).otherwise(0))
            .fill_null(0)
            .alias(state_time(state))
            for state in EquipmentState
        ),
    )
