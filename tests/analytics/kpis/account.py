"""Accounts of made-up windows, and the KPIs of them."""

from typing import Any

import polars as pl

from analytics.accounts import ACCOUNTS
from analytics.kpis.catalogue import BY_SLUG
from analytics.kpis.contract import ACCOUNT, LOSS_TIMES, NULLABLE, STATE_TIMES
from tests.analytics.plant import BEGIN, at

HOUR = 3600.0
MINUTE = 60.0


def account(path: str = "works/line/press", *, start: float = 0, period: str = "day", **columns: Any) -> dict[str, Any]:
    """Give a row of `ACCOUNTS`; what is not given is 0 or not counted, sums of times are made of their parts."""
    row: dict[str, Any] = {name: None if name in NULLABLE else 0.0 for name in ACCOUNT} | columns
    row["planned_time"] = sum(row[name] for name in STATE_TIMES)
    row["calendar_time"] = sum(row[name] for name in LOSS_TIMES)
    ends = at(start + row["calendar_time"])
    return {"path": path, "period": period, "name": "", "start": at(start) if start else BEGIN, "end": ends, **row}


def accounts(*rows: dict[str, Any]) -> pl.DataFrame:
    """Give rows as `ACCOUNTS`."""
    return pl.DataFrame(list(rows), schema=ACCOUNTS)


def kpi(slug: str, **columns: Any) -> float | None:
    """Give one KPI of a machine with this account."""
    value: float | None = accounts(account(**columns)).select(BY_SLUG[slug].value).item()
    return value
