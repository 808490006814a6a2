"""Results: times become the rows of numbers that the store keeps, and come back as times.

One row is one number about one window (`adapters.stores.contract.RESULTS`). Every KPI of the catalogue has a row for
every window, null where it is not defined; times are among them, so that what is above a machine can be
summed up from what was stored of it.
"""

from datetime import datetime
from typing import Final

import polars as pl

from adapters.stores.contract import RESULTS
from analytics.kpis.catalogue import KPIS
from analytics.kpis.contract import PLANNED, state_time
from analytics.kpis.contract import TIMES as KPI_TIMES
from analytics.windows import TIMES
from collector.park import EquipmentState

_WINDOW: Final = ("path", "period", "name", "start", "end")
_UNKNOWN: Final = pl.col(state_time(EquipmentState.UNKNOWN))


def coverage() -> pl.Expr:
    """Give the share of planned time with a known state, 0 to 1; null when nothing was planned."""
    return pl.when(pl.col(PLANNED) > 0).then(1 - _UNKNOWN / pl.col(PLANNED))


def results(times: pl.DataFrame, computed: datetime) -> pl.DataFrame:
    """Give every KPI of every window: columns of `RESULTS`, by path, period, start and kpi.

    Args:
        times: columns of `windows.TIMES`.
        computed: when, UTC.
    """
    wide = times.select(*_WINDOW, coverage=coverage(), **{kpi.slug: kpi.value for kpi in KPIS})
    return (
        wide.unpivot([kpi.slug for kpi in KPIS], index=[*_WINDOW, "coverage"], variable_name="kpi", value_name="value")
        .with_columns(computed=pl.lit(computed, RESULTS["computed"]))
        .select(RESULTS.names())
        .sort("path", "period", "start", "kpi")
    )


def times_of(results: pl.DataFrame) -> pl.DataFrame:
    """Give the times among stored results: columns of `windows.TIMES`, one row per window."""
    kept = results.filter(pl.col("kpi").is_in(KPI_TIMES))
    values = (pl.col("value").filter(pl.col("kpi") == name).sum().alias(name) for name in KPI_TIMES)
    return (
        kept.group_by("path", "period", "start", maintain_order=True)
        .agg(pl.col("name").last(), pl.col("end").max(), *values)
        .select(TIMES.names())
    )
