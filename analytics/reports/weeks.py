"""Weeks and months as results: what the stored days of a path add up to, with every number that a day has.

Weeks are those of ISO 8601, from Monday, months those of the calendar, both in the zone whose days the path goes by: a
factory's own, and for the park that of its first factory. Times, counts, and seconds and stops by reason are sums over
the days; every ratio is computed again from the sums. So is the coverage, which is thereby weighted by planned time.

    start      midnight of the first local day, whether it has results or not
    end        end of the last day that has results, so that a running week ends where its running day does
    name       2026-W10, 2026-03
    version    1 + how many times its days have been restated: a week is restated when a day of it is
    reason     why they were, each cause once
    computed   that of the day that was computed last

A day that is told for the first time, or grows, makes its week grow: that is no restatement. Fed with days as they were
known at an instant (`restatement.as_of`), weeks are as they were known then.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

import polars as pl

from adapters.stores.contract import RESULTS
from analytics.accounts import ACCOUNTS
from analytics.kpis.contract import ACCOUNT
from analytics.localtime import MICROSECOND, midnight
from analytics.notes import notes
from analytics.reports import sums
from analytics.reports.scope import Days, zones
from analytics.restatement import LOSS, STOPS
from analytics.results import results
from analytics.rollup import bottlenecks
from analytics.spans import MOMENT
from analytics.touched import Cause
from collector.park import Park

Longer: TypeAlias = Literal["week", "month"]
"""The periods that are sums of stored days."""

LONGEST: Final[Mapping[Longer, timedelta]] = {"week": timedelta(days=7, hours=3), "month": timedelta(days=31, hours=3)}
"""How long a period lasts at most, with clocks set back in it."""

_EVERY: Final[Mapping[Longer, str]] = {"week": "1w", "month": "1mo"}
_ALWAYS: Final = Days(date(1969, 12, 31), date(2201, 1, 2))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_BOTTLENECK: Final = "oee_bottleneck"
_CAUSES: Final = {cause.value: place for place, cause in enumerate(Cause)}


def days_needed(park: Park, paths: Collection[str], kpis: Collection[str] | None) -> tuple[list[str], list[str] | None]:
    """Tell of which paths and numbers the days are needed for these numbers of the weeks of these paths.

    A line needs the machine that limits it besides, where its OEE is asked for. No numbers at all (None) are all.
    """
    limits = bottlenecks(park) if kpis is None or _BOTTLENECK in kpis else {}
    wanted = sorted({*paths, *(limits[path] for path in paths if path in limits)})
    if kpis is None:
        return wanted, None
    reasons = {slug.partition(":")[2] for slug in kpis if slug.startswith((LOSS, STOPS))}
    return wanted, [*ACCOUNT, *(prefix + reason for reason in sorted(reasons) for prefix in (LOSS, STOPS))]


def weeks(days: pl.DataFrame, park: Park, period: Longer) -> pl.DataFrame:
    """Give the weeks or months of stored days.

    Args:
        days: columns of `RESULTS`, period `day`; for a number to be whole, all days of its week are here.
        park: what the paths lie in.
        period: which.

    Returns:
        Columns of `RESULTS`, by path, period, start and KPI.
    """
    if days.is_empty():
        return RESULTS.to_frame()
    of = zones(park, days["path"].unique().to_list())
    summed = sums.by_period(sums.days(days, of, _ALWAYS), period)
    windows = summed.with_columns(
        pl.lit(period).alias("period"), pl.Series("start", _starts(summed, of), dtype=MOMENT), name="period"
    )
    told = windows.join(_told(days, of, period), on=("path", "first"))
    rows = _with_bottlenecks(results(told.select(ACCOUNTS.names()), _EPOCH, notes(park)), park)
    said = told.select("path", "start", "computed", "version", "reason")
    numbers = rows.drop("computed", "version", "reason").join(said, on=("path", "start"))
    every = pl.concat([numbers.select(RESULTS.names()), _by_reason(days, of, told, period)])
    return every.with_columns(pl.col("value", "coverage").round_sig_figs(sums.DIGITS)).sort("path", "start", "kpi")


def beginning_of(day: date, period: Longer, zone: ZoneInfo) -> datetime:
    """Give when the week or month begins that holds a local day, UTC."""
    first = day - timedelta(days=day.weekday()) if period == "week" else day.replace(day=1)
    return _EPOCH + midnight(zone, first) * MICROSECOND


def _starts(summed: pl.DataFrame, of: Mapping[str, str]) -> list[datetime]:
    """Give when each period begins, by its path and first day."""
    return [
        _EPOCH + midnight(ZoneInfo(of[path]), first) * MICROSECOND
        for path, first in summed.select("path", "first").iter_rows()
    ]


def _told(days: pl.DataFrame, of: Mapping[str, str], period: Longer) -> pl.DataFrame:
    """Give when periods were computed, how often they were restated and why: path, first, computed, version, reason."""
    newest = pl.col("version") == pl.col("version").max()
    each = days.group_by("path", "start").agg(
        pl.col("version").max(), pl.col("computed").max(), pl.col("reason").filter(newest).first()
    )
    dated = _dated(each, of).with_columns(first=_first(period))
    causes = pl.col("reason").filter(pl.col("version") > 1).str.split(", ").explode(empty_as_null=False).unique()
    told = dated.group_by("path", "first").agg(
        pl.col("computed").max(), (1 + (pl.col("version") - 1).sum()).alias("version"), causes
    )
    reasons = [", ".join(sorted(filter(None, some), key=_place)) for some in told["reason"].to_list()]
    return told.with_columns(reason=pl.Series(reasons, dtype=pl.String))


def _first(period: Longer) -> pl.Expr:
    """Give the first day of the period that a `day` is in."""
    return pl.col("day").dt.truncate(_EVERY[period])


def _place(cause: str) -> tuple[int, str]:
    return _CAUSES.get(cause, len(_CAUSES)), cause


def _dated(rows: pl.DataFrame, of: Mapping[str, str]) -> pl.DataFrame:
    """Add the local day on which a window begins."""
    return pl.concat(
        rows.filter(pl.col("path").is_in([path for path, name in of.items() if name == zone])).with_columns(
            day=pl.col("start").dt.convert_time_zone(zone).dt.date()
        )
        for zone in dict.fromkeys(of.values())
    )


def _with_bottlenecks(rows: pl.DataFrame, park: Park) -> pl.DataFrame:
    """Fill in the OEE of the machine that limits each line, where it is among the rows."""
    limits = {machine: line for line, machine in bottlenecks(park).items()}
    found = rows.filter((pl.col("kpi") == "oee") & pl.col("path").is_in(list(limits))).select(
        "start",
        path=pl.col("path").replace_strict(limits, return_dtype=pl.String),
        kpi=pl.lit(_BOTTLENECK),
        limiting="value",
    )
    told = pl.col("limiting").is_not_null()
    return (
        rows.join(found, on=("path", "start", "kpi"), how="left", maintain_order="left")
        .with_columns(
            value=pl.coalesce("value", "limiting"), note=pl.when(told).then(pl.lit("")).otherwise(pl.col("note"))
        )
        .select(RESULTS.names())
    )


def _by_reason(days: pl.DataFrame, of: Mapping[str, str], told: pl.DataFrame, period: Longer) -> pl.DataFrame:
    """Give the seconds and stops by reason of periods: columns of `RESULTS`; stops only where every day has."""
    counted = pl.when(pl.col("stops").null_count() == 0).then(pl.col("stops").sum())
    window = ("path", "first", "period", "name", "start", "end", "computed", "version", "reason")
    each = (
        sums.reasons(days, of, _ALWAYS)
        .group_by("path", pl.concat_str("loss", "reason", separator="/").alias("of"), first=_first(period))
        .agg(pl.col("seconds").sum(), counted.alias("stops"))
        .join(told.select(window), on=("path", "first"))
        .with_columns(coverage=pl.lit(None, pl.Float64), note=pl.lit(""))
    )
    seconds, stops = (
        each.with_columns(kpi=pl.lit(prefix) + pl.col("of"), value=column).select(RESULTS.names())
        for prefix, column in ((LOSS, "seconds"), (STOPS, "stops"))
    )
    return pl.concat([seconds, stops.drop_nulls("value")])
