"""A report as tables: for programs in seconds and shares, for people in hours and per cent."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

import polars as pl

from analytics.kpis.contract import PLANNED, Loss, loss_time
from analytics.reports.making import Report
from analytics.reports.scope import Days, Scope
from analytics.reports.sums import COVERAGE, main_kpis
from analytics.reports.wording import reason_name, titled, word
from analytics.wording import Language
from collector.park import Park


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


def in_words(report: Report, language: Language = "en") -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give the tables of a report for people, each with its title, in a language."""
    said = partial(word, language)
    scope, one = report.scope, said(f"one.{report.period}")
    shown = [slug for slug in (*_SHOWN, COVERAGE) if report.rows[slug].is_not_null().any()]
    own = [
        {said(f"period.{report.period}"): row["period"], **_figures(row, shown, language)}
        for row in report.own.iter_rows(named=True)
    ]
    if report.whole is not None and len(own) > 1:
        own.append({said(f"period.{report.period}"): said("total"), **_figures(report.whole, shown, language)})
    yield said("title.by.period", one, scope.path, _range(report.days, language), scope.zone.key), own
    yield (
        said("tree"),
        [
            {
                said("tree.loss"): "  " * row["depth"] + said(row["loss"]),
                said("hours"): _hours(row["seconds"]),
                f"{said('of.calendar')} %": _percent(row["of_calendar"]),
                f"{said('of.planned')} %": _percent(row["of_planned"]),
                said("failures"): row["count"],
            }
            for row in report.losses.iter_rows(named=True)
        ],
    )
    yield (
        said("pareto"),
        [
            {
                said("reason"): reason_name(language, scope.park, row["reason"]),
                said("loss"): said(loss_time(Loss(row["loss"]))),
                said("times"): row["times"],
                said("hours"): _hours(row["seconds"]),
                f"{said('share')} %": _percent(row["share"]),
                said("short.cumulative"): _percent(row["cumulative"]),
                said("mean"): None if row["mean_seconds"] is None else f"{row['mean_seconds'] / 60:,.1f}",
            }
            for row in report.stops.iter_rows(named=True)
        ],
    )
    if report.machines.height:
        yield (
            said("machines"),
            [
                {said("machine"): _below(scope, row["path"]), **_figures(row, shown, language)}
                for row in report.machines.iter_rows(named=True)
            ],
        )
    if report.comparison is not None:
        before, after = (_range(days, language) for days in (report.comparison.before, report.comparison.after))
        rows = report.comparison.rows.filter(pl.max_horizontal("before", "after") > 0)
        told = [_change(row, scope.park, language) for row in rows.head(_CHANGES).iter_rows(named=True)]
        title = said("title.change", before, after)
        if rows["outside"].sum() > 0:
            title += "\n" + said("comparison.unsteady")
        yield title, told


def _range(days: Days, language: Language) -> str:
    last = days.until - timedelta(days=1)
    return f"{days.first}" if last == days.first else word(language, "range", days.first, last)


def _figures(row: Mapping[str, Any], shown: Sequence[str], language: Language) -> dict[str, Any]:
    """Give what fits a screen of 80 columns; programs have all of it."""
    planned = {word(language, "table.planned"): _hours(row[PLANNED])}
    return planned | {word(language, f"short.{slug}"): _percent(row[slug]) for slug in shown}


def _below(scope: Scope, path: str) -> str:
    """Name what lies below a scope as short as it can be told."""
    return path.removeprefix(f"{scope.path}/")


def _change(row: Mapping[str, Any], park: Park, language: Language) -> dict[str, Any]:
    said = partial(word, language)
    names = {kpi.slug: titled(language, kpi.title, kpi.slug) for kpi in main_kpis()}
    if row["kind"] == "reason":
        loss, _, reason = row["name"].partition("/")
        name = said("of.loss", said(loss_time(Loss(loss))), reason_name(language, park, reason))
    else:
        name = names.get(row["name"]) or said(row["name"])
    limits = None if row["lower"] is None else f"{row['lower'] * 100:.1f}-{row['upper'] * 100:.1f}"
    points = None if row["change"] is None else f"{change:+.1f}" if (change := round(row["change"] * 100, 1)) else "0.0"
    return {
        "": name,
        f"{said('before')} %": _percent(row["before"]),
        f"{said('after')} %": _percent(row["after"]),
        said("change.short"): points,
        said("limits.short"): limits,
        said("days"): f"{row['days_before']} / {row['days_after']}",
        said("verdict"): said(f"verdict.short.{row['verdict']}") + (" *" if row["outside"] else ""),
    }


_SHOWN: Final = ("utilisation", "availability", "effectiveness", "quality_ratio", "oee")
"""KPIs that fit a screen of 80 columns, if there are any."""

_CHANGES = 40
"""Rows of a comparison that a person reads."""


def _hours(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds / 3600:,.1f}"


def _percent(ratio: float | None) -> str | None:
    return None if ratio is None else f"{ratio * 100:.1f}"
