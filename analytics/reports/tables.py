"""A report as tables: for programs in seconds and shares, for people in hours and per cent."""

from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from analytics.kpis.contract import PLANNED, Loss, loss_time
from analytics.reports.reading import Report
from analytics.reports.sums import COVERAGE, main_kpis


def everything(report: Report) -> dict[str, Any]:
    """Give all of a report; instants in UTC, times in seconds, ratios from 0 to 1."""
    told: dict[str, Any] = {
        "path": report.scope.path,
        "period": report.period,
        "time_zone": report.scope.zone.key,
        "first": report.days.first,
        "until": report.days.until,
        "whole": report.whole,
        "periods": report.own.drop("path").to_dicts(),
        "losses": report.losses.to_dicts(),
        "stops": report.stops.to_dicts(),
        "machines": report.machines.to_dicts(),
    }
    if report.comparison is not None:
        told["comparison"] = {
            "before": {"first": report.comparison.before.first, "until": report.comparison.before.until},
            "after": {"first": report.comparison.after.first, "until": report.comparison.after.until},
            "rows": report.comparison.rows.to_dicts(),
        }
    return told


def frame_of(report: Report, table: str) -> pl.DataFrame:
    """Give one table of a report: periods, machines, losses, stops or comparison; empty where it has none."""
    if table == "comparison":
        return pl.DataFrame() if report.comparison is None else report.comparison.rows
    frames = {
        "periods": report.rows,
        "machines": report.machines,
        "losses": report.losses.with_columns(path=pl.lit(report.scope.path)).select("path", pl.exclude("path")),
        "stops": report.stops.with_columns(path=pl.lit(report.scope.path)).select("path", pl.exclude("path")),
    }
    return frames[table]


def in_words(report: Report) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give the tables of a report for people, each with its title."""
    span = f"{report.scope.path}, {report.days.first} until {report.days.until}, {report.scope.zone.key}"
    own = [{report.period: row["period"], **_figures(row)} for row in report.own.iter_rows(named=True)]
    if report.whole is not None and len(own) > 1:
        own.append({report.period: "all", **_figures(report.whole)})
    yield f"Figures by {report.period}: {span}", own
    yield (
        "Losses",
        [
            {
                "time": "  " * row["depth"] + _name(row["loss"]),
                "hours": row["seconds"] / 3600,
                "of calendar %": _percent(row["of_calendar"]),
                "of planned %": _percent(row["of_planned"]),
                "failures": row["count"],
            }
            for row in report.losses.iter_rows(named=True)
        ],
    )
    yield (
        "Stops by reason",
        [
            {
                "loss": _name(row["loss"]),
                "reason": row["reason"] or "-",
                "hours": row["seconds"] / 3600,
                "share %": _percent(row["share"]),
                "cumulative %": _percent(row["cumulative"]),
            }
            for row in report.stops.iter_rows(named=True)
        ],
    )
    if report.machines.height:
        yield "Machines", [{"machine": row["path"], **_figures(row)} for row in report.machines.iter_rows(named=True)]
    if report.comparison is not None:
        before, after = report.comparison.before, report.comparison.after
        title = f"Change from {before.first} until {before.until} to {after.first} until {after.until}"
        rows = report.comparison.rows.filter(pl.max_horizontal("before", "after") > 0)
        yield title, [_change(row) for row in rows.head(_CHANGES).iter_rows(named=True)]


def _figures(row: Mapping[str, Any]) -> dict[str, Any]:
    hours = {
        f"{_name(name)} h": None if row[name] is None else row[name] / 3600
        for name in (PLANNED, loss_time(Loss.PRODUCING), loss_time(Loss.UNPLANNED_STOP))
    }
    ratios = {f"{slug.replace('_', ' ')} %": _percent(row[slug]) for slug in (*(k.slug for k in main_kpis()), COVERAGE)}
    return {**hours, **ratios}


def _change(row: Mapping[str, Any]) -> dict[str, Any]:
    limits = "-" if row["lower"] is None else f"{row['lower']:.1%} to {row['upper']:.1%}"
    return {
        "what": _name(row["name"]) if row["kind"] != "reason" else row["name"],
        "before %": _percent(row["before"]),
        "after %": _percent(row["after"]),
        "change": None if row["change"] is None else row["change"] * 100,
        "normal variation": limits,
        "days": f"{row['days_before']} / {row['days_after']}",
        "verdict": _VERDICTS[row["verdict"]] + (" *" if row["outside"] else ""),
    }


_CHANGES = 40
"""Rows of a comparison that a person reads."""

_VERDICTS = {
    "exceeds": "exceeds normal variation",
    "within": "within",
    "too_few_days": "too few days (n<8)",
}
"""What people read; `*` where the days before were not steady themselves."""


def _name(column: str) -> str:
    return column.removesuffix("_time").replace("_", " ")


def _percent(ratio: float | None) -> float | None:
    return None if ratio is None else ratio * 100
