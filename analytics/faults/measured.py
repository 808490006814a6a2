"""Measured values: what of the samples a detector of numbers looks at."""

from collections.abc import Collection, Mapping

import polars as pl

from adapters.sample import Status, is_bad
from analytics.faults.contract import Carried, in_order


def measured(
    samples: pl.DataFrame, signals: Collection[str], carried: Mapping[str, Carried]
) -> tuple[pl.DataFrame, int]:
    """Give the numbers of signals that are neither Bad nor outside the signal's valid range, in order.

    A value outside its range is a sensor that errs, not a machine that does.

    Args:
        samples: columns of `adapters.sample.SAMPLES`.
        signals: paths of the signals.
        carried: by signal; `last` is the newest sample looked at, ns since 1970.

    Returns:
        signal, ns (since 1970) and value (f64), by signal and time; and how many came too late.
    """
    usable = samples.lazy().filter(
        pl.col("signal").is_in(list(signals)) & ~is_bad(pl.col("status")) & (pl.col("status") != Status.UNCERTAIN_RANGE)
    )
    values = usable.with_columns(value=pl.coalesce("float", pl.col("int").cast(pl.Float64))).collect()
    ordered, late = in_order(values.filter(pl.col("value").is_not_null()), carried)
    return ordered.select("signal", "ns", "value"), late
