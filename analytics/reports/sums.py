"""Sums: stored results become accounts of local days, and those the accounts of weeks, months and whole reports.

A ratio is computed from the sums with the catalogue's own expression, never from other ratios.

    days       path: str   day: date   start, end: datetime[us, UTC]   *ACCOUNT: f64
               one row per path and local day; seconds, parts and kW.h
    reasons    path: str   day: date   loss, reason: str   seconds, stops: f64
               stops: how many began on that day; null in results of an older parkline, which did not count them
"""

from collections.abc import Mapping
from typing import Final

import polars as pl

from analytics.kpis.catalogue import KPIS
from analytics.kpis.contract import ACCOUNT, CALENDAR, NULLABLE, PLANNED, Kpi, Loss, loss_time
from analytics.notes import Notes, is_machine, lacks
from analytics.reports.scope import Days, Period, label
from analytics.restatement import told_by_reason
from analytics.spans import MOMENT

DAYS: Final = pl.Schema(
    {"path": pl.String(), "day": pl.Date(), "start": MOMENT, "end": MOMENT} | dict.fromkeys(ACCOUNT, pl.Float64())
)
"""Columns of the accounts of days, by path and day."""

REASONS: Final = pl.Schema(
    {
        "path": pl.String(),
        "day": pl.Date(),
        "loss": pl.String(),
        "reason": pl.String(),
        "seconds": pl.Float64(),
        "stops": pl.Float64(),
    }
)
"""Columns of seconds and stops per day and reason."""

DERIVED: Final = tuple(kpi for kpi in KPIS if kpi.slug not in ACCOUNT)
"""What is computed from an account; all other KPIs are columns of it."""

MAIN: Final = ("utilisation", "availability", "effectiveness", "quality_ratio", "oee", "teep")
"""What a report shows first, as far as the catalogue has it."""

DIGITS: Final = 12
"""Significant digits of what is computed anew for every answer: those after them depend on how many rows are computed
together (Polars multiplies by the reciprocal of a single divisor), and the same question has the same answer."""

COVERAGE: Final = "coverage"
"""The column of the share of planned time with a known state."""

_WEEK: Final[dict[Period, str]] = {"day": "1d", "week": "1w", "month": "1mo"}


def main_kpis() -> tuple[Kpi, ...]:
    """Give what a report shows first."""
    by_slug = {kpi.slug: kpi for kpi in KPIS}
    return tuple(by_slug[slug] for slug in MAIN if slug in by_slug)


def days(results: pl.DataFrame, zones: Mapping[str, str], wanted: Days) -> pl.DataFrame:
    """Give the accounts of local days among stored results: columns of `DAYS`, by path and day.

    Args:
        results: columns of `RESULTS`, period `day`.
        zones: the IANA name of the zone of every path in it.
        wanted: which local days; others are left out.
    """
    found = results.filter(pl.col("kpi").is_in(ACCOUNT))
    values = (pl.col("value").filter(pl.col("kpi") == name).last().alias(name) for name in ACCOUNT)
    wide = found.group_by("path", "start", maintain_order=True).agg(pl.col("end").max(), *values)
    counted = [name for name in ACCOUNT if name not in NULLABLE]
    return (
        _with_day(wide, zones, wanted)
        .filter(pl.col(CALENDAR).is_not_null())  # others were withdrawn
        .with_columns(pl.col(counted).fill_null(0.0))
        .select(DAYS.names())
        .cast(DAYS)
        .sort("path", "day")
    )


def reasons(results: pl.DataFrame, zones: Mapping[str, str], wanted: Days) -> pl.DataFrame:
    """Give the seconds and stops of every reason per local day: columns of `REASONS`, by path, day, loss and reason."""
    return (
        _with_day(told_by_reason(results), zones, wanted)
        .with_columns(pl.col("reason").fill_null(""), pl.col("seconds").fill_null(0.0))
        .select(REASONS.names())
        .sort("path", "day", "loss", "reason")
    )


def by_period(accounts: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Sum days up to days, weeks or months.

    Returns:
        path, period (its label), first: date, start, end: of the days that are in it, days: how many, *ACCOUNT; by
        path and first.
    """
    whole = summed(accounts.with_columns(first=pl.col("day").dt.truncate(_WEEK[period])), "path", "first")
    names = {first: label(first, period) for first in whole["first"].unique()}
    named = pl.col("first").replace_strict(list(names), list(names.values()), return_dtype=pl.String)
    return whole.select("path", named.alias("period"), pl.exclude("path"))


def summed(accounts: pl.DataFrame, *by: str) -> pl.DataFrame:
    """Sum accounts: *by, start: the first, end: the last, days: how many, *ACCOUNT; by these columns."""
    return (
        accounts.group_by(by)
        .agg(
            pl.col("start").min(), pl.col("end").max(), pl.col("day").n_unique().cast(pl.Int64).alias("days"), *_sums()
        )
        .sort(by)
    )


def with_kpis(accounts: pl.DataFrame, about: Notes) -> pl.DataFrame:
    """Add coverage and every KPI that an account does not hold, null where it is not defined or not configured.

    Args:
        accounts: with `path` and the columns of ACCOUNT.
        about: what the machines of the park lack, and all above them.
    """
    unknown = pl.col(loss_time(Loss.UNKNOWN))
    values = {
        kpi.slug: pl.when(~lacks(kpi, about))
        .then(pl.when(is_machine()).then(kpi.value).otherwise(_above(kpi)))
        .cast(pl.Float64)
        for kpi in DERIVED
    }
    coverage = pl.when(pl.col(PLANNED) > 0).then(1 - unknown / pl.col(PLANNED))
    return accounts.with_columns(coverage.alias(COVERAGE), **values)


def with_bottlenecks(rows: pl.DataFrame, limits: Mapping[str, str], *by: str) -> pl.DataFrame:
    """Give lines the OEE of the machine that limits them, where it is among the rows.

    Args:
        rows: what `with_kpis` gave.
        limits: path of the limiting machine, by path of the line.
        by: columns that tell the rows of one path apart.
    """
    line = pl.DataFrame(
        {"path": list(limits), "machine": list(limits.values())}, schema=dict.fromkeys(_LIMITS, pl.String)
    )
    found = rows.select(pl.col("path").alias("machine"), *by, limit="oee").join(line, on="machine")
    return (
        rows.join(found.select("path", *by, "limit"), on=["path", *by], how="left", maintain_order="left")
        .with_columns(oee_bottleneck="limit")
        .drop("limit")
    )


_LIMITS: Final = ("path", "machine")


def unexplained(accounts: pl.DataFrame, told: pl.DataFrame) -> pl.DataFrame:
    """Give the seconds of stops that no reason tells of, as reason "": columns of `REASONS`.

    So that what is shown by reason adds up to the accounts, also for results older than reasons.
    """
    return (
        accounts.select("path", "day", **{loss: pl.col(loss_time(Loss(loss))) for loss in STANDING})
        .unpivot(STANDING, index=["path", "day"], variable_name="loss", value_name="whole")
        .join(told.group_by("path", "day", "loss").agg(pl.col("seconds").sum()), on=["path", "day", "loss"], how="left")
        .select("path", "day", "loss", pl.lit("").alias("reason"), pl.col("whole") - pl.col("seconds").fill_null(0.0))
        .rename({"whole": "seconds"})
        .with_columns(stops=pl.lit(None, pl.Float64))
        .filter(pl.col("seconds") > _NOTHING)
        .cast(REASONS)
    )


STANDING: Final = tuple(
    loss.value for loss in (Loss.UNPLANNED_STOP, Loss.SETUP, Loss.MICRO_STOP, Loss.IDLE, Loss.OFF, Loss.PLANNED_STOP)
)
"""The losses that have reasons."""

_NOTHING: Final = 0.001
"""Seconds that are what is left of rounding."""


def _above(kpi: Kpi) -> pl.Expr:
    """Give how a KPI is computed above a machine."""
    if kpi.level == "equipment":
        return pl.lit(None, pl.Float64)
    return kpi.value if kpi.above is None else kpi.above


def _with_day(found: pl.DataFrame, zones: Mapping[str, str], wanted: Days) -> pl.DataFrame:
    """Add the local day on which a window begins, by the zone of its path."""
    parts = [
        found.filter(pl.col("path").is_in([path for path, name in zones.items() if name == zone])).with_columns(
            day=pl.col("start").dt.convert_time_zone(zone).dt.date()
        )
        for zone in dict.fromkeys(zones.values())
    ]
    if not parts:
        return found.with_columns(day=pl.lit(None, pl.Date)).clear()
    return pl.concat(parts).filter(pl.col("day").is_between(wanted.first, wanted.until, closed="left"))


def _sums() -> list[pl.Expr]:
    """Sum each column of the account; one that may be null is null where all are."""
    return [
        pl.when(pl.col(name).is_not_null().any()).then(pl.col(name).sum()) if name in NULLABLE else pl.col(name).sum()
        for name in ACCOUNT
    ]
