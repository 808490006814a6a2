"""Results: accounts become the rows of numbers that the store keeps, and come back as accounts.

One row is one number about one window (`adapters.stores.contract.RESULTS`). Every KPI of the catalogue has a row for
every window, null where it is not defined, with a note that says why. The columns of accounts are among them, so that
what is above a machine can be summed up from what was stored of it.

A KPI of level `equipment` is null above a machine. `oee_bottleneck` is null until the job fills it in for lines.
"""

from datetime import datetime
from typing import Final

import polars as pl

from adapters.stores.contract import RESULTS
from analytics.kpis.catalogue import BY_SLUG
from analytics.kpis.contract import ACCOUNT, NULLABLE, PLANNED, Kpi, Loss, loss_time
from analytics.notes import UNKNOWN_PRODUCTS, WITHDRAWN, Notes, is_machine, lacks, listed, remark
from analytics.spans import MOMENT

_KEY: Final = ("path", "period", "start")
_WINDOW: Final = ("path", "period", "name", "start", "end")
_SLUGS: Final = tuple(sorted(BY_SLUG))
_UNKNOWN: Final = pl.col(loss_time(Loss.UNKNOWN))


def coverage() -> pl.Expr:
    """Give the share of planned time with a known state, 0 to 1; null when nothing was planned."""
    return pl.when(pl.col(PLANNED) > 0).then(1 - _UNKNOWN / pl.col(PLANNED))


def results(
    accounts: pl.DataFrame, computed: datetime, notes: Notes | None = None, unknown: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Give every KPI of every window: columns of `RESULTS`, by path, period, start and kpi.

    Args:
        accounts: columns of `accounts.ACCOUNTS`, one row per window.
        computed: when, UTC.
        notes: what the park's machines lack; None: nothing.
        unknown: products made whose ideal cycle is not known: columns of `notes.UNKNOWN_PRODUCTS`; None: none.
    """
    about = Notes() if notes is None else notes
    wide = _with_unknown(accounts, unknown).sort(_KEY)
    values = wide.with_columns(
        coverage=coverage(), **{f"value {slug}": _value(BY_SLUG[slug], about) for slug in _SLUGS}
    )
    told = values.select(
        *_WINDOW,
        "coverage",
        value=pl.concat_list(f"value {slug}" for slug in _SLUGS),
        note=pl.concat_list(remark(BY_SLUG[slug], pl.col(f"value {slug}"), about) for slug in _SLUGS),
    )
    rows = told.explode("value", "note")
    return rows.with_columns(
        kpi=pl.Series(_SLUGS, dtype=pl.String).gather(pl.int_range(len(rows), eager=True) % len(_SLUGS)),
        computed=pl.lit(computed, RESULTS["computed"]),
        version=pl.lit(1, pl.Int64),
        reason=pl.lit(""),
    ).select(RESULTS.names())


def accounts_of(results: pl.DataFrame) -> pl.DataFrame:
    """Give the accounts among stored results: columns of `accounts.ACCOUNTS`, one row per window, in order.

    Windows that were withdrawn have none.
    """
    kept = results.filter(pl.col("kpi").is_in(ACCOUNT) & (pl.col("note") != WITHDRAWN))
    values = (pl.col("value").filter(pl.col("kpi") == name).last().alias(name) for name in ACCOUNT)
    windows = kept.group_by(_KEY, maintain_order=True).agg(pl.col("name").last(), pl.col("end").max(), *values)
    counted = (pl.col(name) if name in NULLABLE else pl.col(name).fill_null(0.0) for name in ACCOUNT)
    return windows.select(*_WINDOW, *counted)


def _with_unknown(accounts: pl.DataFrame, unknown: pl.DataFrame | None) -> pl.DataFrame:
    """Add the products of each window that nobody configured, as a text; null where there are none."""
    if unknown is None or unknown.is_empty():
        return accounts.with_columns(unknown=pl.lit(None, pl.String))
    texts = listed(unknown.select(UNKNOWN_PRODUCTS).cast({"start": MOMENT}))
    return accounts.join(texts, on=_KEY, how="left")


def _value(kpi: Kpi, notes: Notes) -> pl.Expr:
    """Give a KPI of an account, null where it cannot be."""
    above = kpi.value if kpi.above is None else kpi.above
    if kpi.level == "equipment":
        above = pl.lit(None, pl.Float64)
    whole = kpi.value if above is kpi.value else pl.when(is_machine()).then(kpi.value).otherwise(above)
    return pl.when(~lacks(kpi, notes)).then(whole).cast(pl.Float64)
