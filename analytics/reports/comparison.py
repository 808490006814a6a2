"""Comparison of two periods: what changed from one to the other, and whether by more than it varies anyway.

    comparison   kind: str (kpi, loss, reason)   name: str (slug of the KPI, column of the loss, `loss/reason`)
                 before, after, change: f64      a KPI's value of the whole period; of losses and reasons the share of
                                                 planned time (`not_scheduled_time`: of calendar time), so that periods
                                                 of unequal length compare
                 before_s, after_s: f64          seconds; null for KPIs
                 days_before, days_after: int    days that have a value
                 coverage_before, coverage_after: f64    share of planned time with a known state
                 lower, upper: f64               limits of normal variation of the mean of the days after; 0 at least
                 outside: int                    days before that lie outside their own natural process limits
                 verdict: str                    within, exceeds, too_few_days

Normal variation is that of the days before, by the chart of individual values and moving ranges (Shewhart; ISO 7870-2
control charts; Wheeler, Understanding Variation). The mean moving range of days that follow each other, divided by
d2 = 1.128, estimates their standard deviation s. A single day lies within mean ± 3 s = mean ± 2.66 * mean moving range,
the natural process limits. The mean of the m days after lies within

    mean ± 3 s √(1/n + 1/m)

where nothing but chance moves it: 3-sigma limits for a mean of m values, widened by what n days leave open about the
mean before. Fewer than 8 days before say too little about s. Where `outside` is more than 0 the days before were not
steady, and what is normal is less certain than it looks. Each day counts alike in this, whatever was planned on it;
days without a value are passed over: nothing was planned, or nothing is known of what was. Else a link that was down
for a day would be a day of idleness.
"""

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

import polars as pl

from analytics.kpis.contract import CALENDAR, PLANNED, Loss, loss_time
from analytics.reports.sums import STANDING

FEWEST: Final = 8
"""Days that the period before must have."""

COMPARISON: Final = pl.Schema(
    {
        "kind": pl.String(),
        "name": pl.String(),
        "before": pl.Float64(),
        "after": pl.Float64(),
        "change": pl.Float64(),
        "before_s": pl.Float64(),
        "after_s": pl.Float64(),
        "days_before": pl.Int64(),
        "days_after": pl.Int64(),
        "coverage_before": pl.Float64(),
        "coverage_after": pl.Float64(),
        "lower": pl.Float64(),
        "upper": pl.Float64(),
        "outside": pl.Int64(),
        "verdict": pl.String(),
    }
)
"""Columns of a comparison."""

LOSSES: Final = (
    loss_time(Loss.NOT_SCHEDULED),
    loss_time(Loss.PLANNED_STOP),
    loss_time(Loss.UNKNOWN),
    *(loss_time(Loss(stop)) for stop in STANDING if stop != Loss.PLANNED_STOP.value),
    "speed_loss_time",
    "quality_loss_time",
    "productive_time",
)
"""The columns of the account that are compared."""

_UNKNOWN: Final = loss_time(Loss.UNKNOWN)

_OF_EVERY_DAY: Final = frozenset({loss_time(Loss.NOT_SCHEDULED), _UNKNOWN})
"""Losses that are known of days of which nothing else is."""

_KNOWN: Final = (pl.col(PLANNED) == 0) | (pl.col(PLANNED) > pl.col(_UNKNOWN))
"""True for days of which something is known, or nothing was planned."""

_D2: Final = 1.128
"""Mean range of two values of a normal distribution, in standard deviations (ISO 7870-2)."""

_ROUNDING: Final = 1e-9
"""By how much sums of floats may miss a limit."""


def compared(
    before: pl.DataFrame, after: pl.DataFrame, wholes: tuple[Mapping[str, Any], Mapping[str, Any]], kpis: Sequence[str]
) -> pl.DataFrame:
    """Compare the KPIs and losses of two periods.

    Args:
        before: the days of the one, by day: the columns of ACCOUNT, and one for each of `kpis`.
        after: the days of the other.
        wholes: the account and the KPIs of the one and of the other as a whole.
        kpis: slugs.

    Returns:
        Columns of `COMPARISON`: KPIs, then losses.
    """
    told = (before.filter(_KNOWN), after.filter(_KNOWN))
    rows = [
        _row("kpi", slug, (told[0][slug], told[1][slug]), (wholes[0][slug], wholes[1][slug]), (None, None))
        for slug in kpis
    ]
    for name in LOSSES:
        base = CALENDAR if name == loss_time(Loss.NOT_SCHEDULED) else PLANNED
        share = pl.when(pl.col(base) > 0).then(pl.col(name) / pl.col(base))
        days = (before, after) if name in _OF_EVERY_DAY else told
        daily = tuple(one.select(share).to_series() for one in days)
        seconds = tuple(whole[name] for whole in wholes)
        ratios = tuple(_ratio(whole[name], whole[base]) for whole in wholes)
        rows.append(_row("loss", name, (daily[0], daily[1]), (ratios[0], ratios[1]), (seconds[0], seconds[1])))
    return covered(pl.DataFrame(rows, schema=COMPARISON), wholes)


def covered(rows: pl.DataFrame, wholes: tuple[Mapping[str, Any], Mapping[str, Any]]) -> pl.DataFrame:
    """Say of either period how much of what was planned is known."""
    shares = [_ratio(whole[PLANNED] - whole[_UNKNOWN], whole[PLANNED]) for whole in wholes]
    return rows.with_columns(
        coverage_before=pl.lit(shares[0], pl.Float64), coverage_after=pl.lit(shares[1], pl.Float64)
    )


def compared_reasons(
    before: tuple[pl.DataFrame, pl.DataFrame], after: tuple[pl.DataFrame, pl.DataFrame]
) -> pl.DataFrame:
    """Compare the reasons of stops in two periods; each is given as its days' accounts and its `REASONS`.

    Returns:
        Columns of `COMPARISON`, the greatest share of either period first.
    """
    told = [_by_day(*one) for one in (before, after)]
    planned = [float(accounts[PLANNED].sum()) for accounts, _ in (before, after)]
    rows = []
    for name in sorted(set(told[0]) | set(told[1])):
        daily, seconds = [], []
        for number, (accounts, _) in enumerate((before, after)):
            found = told[number].get(name, pl.DataFrame(schema={"day": pl.Date, "seconds": pl.Float64}))
            each = accounts.select("day", PLANNED, _UNKNOWN).join(found, on="day", how="left", maintain_order="left")
            share = pl.when(pl.col(PLANNED) > pl.col(_UNKNOWN)).then(pl.col("seconds").fill_null(0.0) / pl.col(PLANNED))
            daily.append(each.select(share).to_series())
            seconds.append(float(found["seconds"].sum()))
        ratios = (_ratio(seconds[0], planned[0]), _ratio(seconds[1], planned[1]))
        rows.append(_row("reason", name, (daily[0], daily[1]), ratios, (seconds[0], seconds[1])))
    greatest = pl.max_horizontal("before", "after")
    return pl.DataFrame(rows, schema=COMPARISON).sort(greatest, descending=True, nulls_last=True, maintain_order=True)


def _by_day(accounts: pl.DataFrame, reasons: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Give the seconds per day of every reason, by `loss/reason`."""
    named = (
        reasons.filter(pl.col("day").is_in(accounts["day"].implode()))
        .group_by(pl.concat_str("loss", "reason", separator="/").alias("name"), "day")
        .agg(pl.col("seconds").sum())
    )
    return {str(name): part.drop("name") for (name,), part in named.partition_by("name", as_dict=True).items()}


def _row(
    kind: str,
    name: str,
    daily: tuple[pl.Series, pl.Series],
    values: tuple[float | None, float | None],
    seconds: tuple[float | None, float | None],
) -> dict[str, Any]:
    before, after = (one.drop_nulls().drop_nans() for one in daily)
    change = None if None in values else values[1] - values[0]  # type: ignore[operator]
    row: dict[str, Any] = dict.fromkeys(COMPARISON)
    row |= {
        "kind": kind,
        "name": name,
        "before": values[0],
        "after": values[1],
        "change": change,
        "before_s": seconds[0],
        "after_s": seconds[1],
        "days_before": len(before),
        "days_after": len(after),
        "verdict": "too_few_days",
    }
    if len(before) >= FEWEST and len(after) > 0:
        row |= _judged(before, after)
    return row


def _judged(before: pl.Series, after: pl.Series) -> dict[str, Any]:
    """Hold the days after against the limits of the days before."""
    frame = before.to_frame("value").select(
        mean=pl.col("value").mean(), range=pl.col("value").diff().abs().mean(), count=pl.len()
    )
    mean, moving_range, count = frame.row(0)
    sigma = moving_range / _D2
    natural, spread = 3 * sigma + _ROUNDING, 3 * sigma * sqrt(1 / count + 1 / len(after)) + _ROUNDING
    then: float = after.to_frame("value").select(pl.col("value").mean()).item()
    return {
        "lower": max(mean - spread, 0.0),
        "upper": mean + spread,
        "outside": int(((before - mean).abs() > natural).sum()),
        "verdict": "within" if mean - spread <= then <= mean + spread else "exceeds",
    }


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
