"""Made-up results, as the jobs would have stored them: accounts of windows, and the seconds of reasons."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from adapters.stores.contract import RESULTS
from analytics.kpis.contract import ACCOUNT, LOSS_TIMES, NULLABLE

HOUR = 3600.0
"""Seconds."""


def account(**given: float | None) -> dict[str, float | None]:
    """Give an account; times that are not given are 0, counts null, and sums are those of their parts."""
    made: dict[str, float | None] = {name: None if name in NULLABLE else 0.0 for name in ACCOUNT}
    made |= given
    losses = {name: made[name] or 0.0 for name in LOSS_TIMES}
    whole = sum(losses.values())
    made |= {"calendar_time": whole, "planned_time": whole - losses["not_scheduled_time"]}
    return made


def judged(producing: float, ideal: float, ideal_good: float, **given: float | None) -> dict[str, float | None]:
    """Give the account of a machine whose production is judged throughout."""
    good = min(ideal_good, producing)
    return account(
        producing_time=producing,
        judged_time=producing,
        ideal_time=ideal,
        ideal_good_time=ideal_good,
        productive_time=good,
        quality_loss_time=min(ideal, producing) - good,
        speed_loss_time=max(producing - ideal, 0.0),
        speed_excess_time=max(ideal - producing, 0.0),
        **given,
    )


def window(
    path: str,
    period: str,
    start: datetime,
    end: datetime,
    numbers: Mapping[str, float | None],
    *,
    name: str = "",
    reasons: Mapping[str, float] | None = None,
    stops: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Give the results of one window; `reasons` are seconds and `stops` how many, by `loss/reason`."""
    planned, unknown = numbers["planned_time"] or 0.0, numbers["unknown_time"] or 0.0
    row: dict[str, Any] = dict.fromkeys(RESULTS) | {
        "path": path,
        "period": period,
        "name": name,
        "start": start,
        "end": end,
        "coverage": 1 - unknown / planned if planned else None,
        "computed": end,
        "version": 1,
        "reason": "",
        "note": "",
    }
    told = {**numbers, **{f"loss:{key}": seconds for key, seconds in (reasons or {}).items()}}
    told |= {f"stops:{key}": times for key, times in (stops or {}).items()}
    rows = [{**row, "kpi": kpi, "value": value} for kpi, value in told.items()]
    return pl.DataFrame([{key: one[key] for key in RESULTS} for one in rows], schema=RESULTS)


def local(day: date, zone: str, at: time = time()) -> datetime:
    """Give the instant of a local time of day, UTC."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def whole_day(
    path: str,
    day: date,
    zone: str,
    numbers: Mapping[str, float | None],
    reasons: Mapping[str, float] | None = None,
    stops: Mapping[str, float] | None = None,
) -> pl.DataFrame:
    """Give the results of one local day."""
    end = local(day + timedelta(days=1), zone)
    return window(path, "day", local(day, zone), end, numbers, reasons=reasons, stops=stops)
