"""A report as a page: one HTML file with its plots in it, for a screen and for A4 paper, in Chinese or in English.

It asks no address for anything and holds no script, so it can be mailed and kept. Texts from the park are escaped. The
one style sheet is known by its hash, which the content security policy of the API names.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from analytics.kpis.contract import PLANNED, PRODUCTION_TIMES, Loss, loss_time
from analytics.reports.colours import COLOURS
from analytics.reports.comparison import LOSSES
from analytics.reports.making import Comparison, Report
from analytics.reports.scope import Days, Period
from analytics.reports.sums import COVERAGE, main_kpis
from analytics.reports.tree import UNJUDGED
from analytics.reports.wording import reason_name, titled, word
from analytics.wording import Language

if TYPE_CHECKING:
    from jinja2 import Template

_FOLDER: Final = Path(__file__).parent
_NOTHING: Final = "—"
_BARS: Final = 62
"""Days at most that are drawn one by one; more are drawn as the report divides them."""
_REASONS: Final = 10
"""Reasons in the plot of stops, besides the rest of them."""
_ROWS: Final = 25
"""Reasons in a table, besides the rest of them."""
_VISIBLE: Final = 0.0005
"""Share from which a loss has a place in the plot of a comparison."""
_JUDGED: Final = frozenset({*PRODUCTION_TIMES, UNJUDGED})
"""Parts of production that the tree shows where there is any of them."""
_NEUTRAL: Final = frozenset({loss_time(Loss.NOT_SCHEDULED), loss_time(Loss.UNKNOWN), loss_time(Loss.PLANNED_STOP)})
"""Losses of which less is not better by itself."""


@cache
def style() -> str:
    """Give the style sheet."""
    marks = "".join(
        f".{name}.mark {{ background: {colour}; }}\n" for name, colour in COLOURS.items() if name != "unknown_time"
    )
    return "\n" + (_FOLDER / "report.css").read_text(encoding="utf-8") + marks


@cache
def policy() -> str:
    """Give the content security policy that the page works under: its style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )


def page(report: Report, language: Language, made: datetime) -> str:
    """Give the page of a report.

    Args:
        report: the report.
        language: in which language.
        made: when, UTC.
    """
    from markupsafe import Markup

    shown = _Shown(report, language)
    return _template().render(
        language=language,
        word=shown.word,
        style=Markup(style()),  # noqa: S704 - a file of ours
        made=f"{made.astimezone(report.scope.zone):%Y-%m-%d %H:%M}",
        **{key: _marked(value) for key, value in shown.everything().items()},
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(_FOLDER)
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return made.get_template("report.html")


def _marked(value: Any) -> Any:
    """Let plots stand in the page as they are; their texts are escaped."""
    from markupsafe import Markup

    if isinstance(value, Mapping) and isinstance(value.get("plot"), str):
        return {**value, "plot": Markup(value["plot"])}  # noqa: S704 - `plots` escapes the texts in it
    return value


class _Shown:
    """A report in words, in one language."""

    def __init__(self, report: Report, language: Language) -> None:
        self._report = report
        self._language = language
        self._kpis = [kpi for kpi in main_kpis() if any(report.rows[kpi.slug].is_not_null())]
        self._above_one = False

    def word(self, key: str, *values: object) -> str:
        return word(self._language, key, *values)

    def everything(self) -> dict[str, Any]:
        """Give what the template shows."""
        report, whole = self._report, self._report.whole
        shown: dict[str, Any] = {
            "title": self._name(report.scope.path),
            "place": self._place(),
            "kind": self.word(f"report.{report.period}"),
            "period": report.period,
            "range": self._range(report.days),
            "zone": report.scope.zone.key,
            "until": None if whole is None else f"{whole['end'].astimezone(report.scope.zone):%Y-%m-%d %H:%M}",
            "tiles": [],
            "comparison": None if report.comparison is None else self._comparison(report.comparison),
        }
        if whole is not None:
            shown |= {
                "tiles": list(self._tiles(whole)),
                "course": self._course(),
                "columns": [*self._columns()],
                "periods": list(self._periods(whole)),
                "tree": [*self._tree()],
                "pareto": self._pareto(),
                "machines": [*self._machines()],
            }
        return shown | {"notes": list(self._notes())}

    def _name(self, path: str) -> str:
        return titled(self._language, self._report.scope.title(path), path)

    def _place(self) -> str:
        """Name what lies above, down to the path."""
        scope = self._report.scope
        parts = [] if scope.path == scope.park.id else scope.path.split("/")
        above = [scope.park.id, *("/".join(parts[: n + 1]) for n in range(len(parts)))]
        return " / ".join(self._name(path) for path in above) + f" ({scope.path})"

    def _range(self, days: Days) -> str:
        last = days.until - timedelta(days=1)
        return f"{days.first}" if last == days.first else self.word("range", days.first, last)

    def _tiles(self, whole: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        for kpi in self._kpis:
            yield {
                "name": titled(self._language, kpi.title, kpi.slug),
                "figure": self._ratio(whole[kpi.slug]),
                "unit": "",
            }
        yield {"name": self.word("coverage"), "figure": self._ratio(whole[COVERAGE]), "unit": ""}
        yield {"name": self.word("planned"), "figure": _hours(whole[PLANNED]), "unit": self._h}

    @property
    def _h(self) -> str:
        return "h"

    def _course(self) -> dict[str, Any]:
        from analytics.reports import plots

        report = self._report
        by_day = report.days.count <= _BARS
        period: Period = "day" if by_day else report.period
        rows = report.daily if by_day else report.own
        planned = pl.when(pl.col(PLANNED) > 0).then(pl.col(PLANNED))
        unjudged = (pl.col(loss_time(Loss.PRODUCING)) - pl.col("judged_time")).clip(lower_bound=0.0)
        parts = rows.with_columns(unjudged.alias(UNJUDGED)).select((pl.col(*COLOURS) / planned).fill_null(0.0))
        shares = {name: parts[name].to_list() for name in COLOURS if parts[name].sum() > 0}
        lines = {
            titled(self._language, kpi.title, kpi.slug): rows[kpi.slug].to_list()
            for kpi in self._kpis
            if kpi.slug in {"oee", "utilisation"}
        }
        lines = dict(reversed(lines.items()))
        labels = [_axis(first, period) for first in rows["first"]]
        return {
            "plot": plots.course(labels, shares, lines),
            "note": self.word("course.note", self.word(f"one.{period}")),
            "lines": list(lines),
            "parts": [(name, self.word(name)) for name in shares],
        }

    def _columns(self) -> Iterator[str]:
        yield f"{self.word('planned')} {self._h}"
        for kpi in self._kpis:
            yield titled(self._language, kpi.title, kpi.slug)
        yield self.word("failures")
        yield self.word("coverage")

    def _cells(self, row: Mapping[str, Any]) -> list[str]:
        ratios = [self._ratio(row[kpi.slug]) for kpi in self._kpis]
        return [_hours(row[PLANNED]), *ratios, _count(row["failure_count"]), self._ratio(row[COVERAGE])]

    def _periods(self, whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        own = self._report.own
        for row in own.iter_rows(named=True):
            yield {"name": row["period"], "cells": self._cells(row), "total": False}
        if own.height > 1:
            yield {"name": self.word("total"), "cells": self._cells(whole), "total": True}

    def _machines(self) -> Iterator[dict[str, Any]]:
        for row in self._report.machines.iter_rows(named=True):
            told = row[PLANNED] is not None
            cells = self._cells(row) if told else [_NOTHING] * (len(self._kpis) + 3)
            yield {"name": self._name(row["path"]), "path": row["path"], "cells": cells}

    def _tree(self) -> Iterator[dict[str, Any]]:
        for row in self._report.losses.iter_rows(named=True):
            if row["loss"] in _JUDGED and not row["seconds"]:
                continue
            yield {
                "name": self.word(row["loss"]),
                "note": self.word("unjudged.note") if row["loss"] == UNJUDGED else "",
                "mark": row["loss"] if row["loss"] in COLOURS else "",
                "depth": row["depth"],
                "cells": [
                    _hours(row["seconds"]),
                    self._ratio(row["of_calendar"]),
                    "" if row["of_planned"] is None else self._ratio(row["of_planned"]),
                    "" if row["count"] is None else _count(row["count"]),
                ],
            }

    def _pareto(self) -> dict[str, Any]:
        from analytics.reports import plots

        stops = self._report.stops
        if stops.is_empty():
            return {"rows": []}
        drawn = [
            (row["name"], row["mark"], row["seconds"] / 3600, row["cumulative"]) for row in self._stops(stops, _REASONS)
        ]
        rows = [
            {
                **row,
                "cells": [
                    _count(row["times"]),
                    _hours(row["seconds"]),
                    self._ratio(row["share"]),
                    self._ratio(row["cumulative"]),
                    _minutes(row["mean_seconds"]),
                ],
            }
            for row in self._stops(stops, _ROWS)
        ]
        return {"plot": plots.pareto(drawn, self._h, self.word("pareto")), "rows": rows}

    def _stops(self, stops: pl.DataFrame, most: int) -> Iterator[dict[str, Any]]:
        """Give the longest stops, and the rest of them as one."""
        for row in stops.head(most).iter_rows(named=True):
            mark = loss_time(Loss(row["loss"]))
            reason, loss = self._reason(row["reason"]), self.word(mark)
            yield {**row, "name": reason if row["reason"] else f"{loss}, {reason}", "loss": loss, "mark": mark}
        rest = stops.slice(most)
        if rest.height:
            name = self.word("others", rest.height)
            seconds, times = (float(rest[column].sum()) for column in ("seconds", "times"))
            counted = rest["times"].null_count() == 0
            sums = {
                "seconds": seconds,
                "share": rest["share"].sum(),
                "cumulative": 1.0,
                "times": times if counted else None,
                "mean_seconds": seconds / times if counted and times else None,
            }
            yield {**sums, "name": name, "loss": "", "mark": ""}

    def _reason(self, reason: str) -> str:
        return reason_name(self._language, self._report.scope.park, reason)

    def _comparison(self, comparison: Comparison) -> dict[str, Any]:
        from analytics.reports import plots

        rows = comparison.rows
        losses = rows.filter(pl.col("kind") == "loss")
        drawn = losses.filter(
            pl.col("name").is_in([name for name in LOSSES if name in COLOURS and name != "productive_time"])
            & (pl.max_horizontal("before", "after") >= _VISIBLE)
        )
        bars = [
            (
                self.word(row["name"]),
                row["name"],
                row["before"] or 0.0,
                row["after"] or 0.0,
                self._points(row["change"]) + (" ◆" if row["verdict"] == "exceeds" else ""),
            )
            for row in drawn.iter_rows(named=True)
        ]
        names = (self.word("before"), self.word("after"))
        kinds = (("kpi", self.word("kpis")), ("loss", self.word("loss")), ("reason", self.word("reason")))
        return {
            "note": self.word("comparison.note", self._range(comparison.before), self._range(comparison.after)),
            "plot": plots.comparison(bars, names, self.word("comparison")) if bars else "",
            "tables": [
                {"name": name, "rows": told}
                for kind, name in kinds
                if (told := [*self._changes(rows.filter(pl.col("kind") == kind).head(_ROWS))])
            ],
        }

    def _changes(self, rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
        titles = {kpi.slug: titled(self._language, kpi.title, kpi.slug) for kpi in main_kpis()}
        for row in rows.iter_rows(named=True):
            if not row["before"] and not row["after"]:
                continue
            limits = _NOTHING
            if row["lower"] is not None:
                limits = self.word("range", self._ratio(row["lower"]), self._ratio(row["upper"]))
            yield {
                "name": titles.get(row["name"]) or self._loss(row["kind"], row["name"]),
                "before": self._ratio(row["before"]),
                "after": self._ratio(row["after"]),
                "change": self._points(row["change"]),
                "limits": limits,
                "verdict": row["verdict"],
                "unsteady": bool(row["outside"]),
                "mood": _mood(row),
            }

    def _loss(self, kind: str, name: str) -> str:
        if kind == "loss":
            return self.word(name)
        loss, _, reason = name.partition("/")
        return self.word("of.loss", self.word(loss_time(Loss(loss))), self._reason(reason))

    def _notes(self) -> Iterator[str]:
        yield self.word("ratios")
        if self._above_one:
            yield self.word("above.one")
        comparison = self._report.comparison
        if comparison is not None:
            yield self.word("comparison.limits")
            yield self.word("comparison.terms")
            if comparison.rows["outside"].sum() > 0:
                yield self.word("comparison.unsteady")

    def _ratio(self, value: float | None) -> str:
        if value is None:
            return _NOTHING
        self._above_one |= value > 1 + 1e-9
        return f"{value:.1%}" + (" !" if value > 1 + 1e-9 else "")

    def _points(self, change: float | None) -> str:
        if change is None:
            return _NOTHING
        points = round(change * 100, 1) or 0.0  # no -0.0
        return self.word("change.points", f"{points:+.1f}" if points else "0.0")


def _mood(row: Mapping[str, Any]) -> str:
    """Tell whether a change beyond normal variation is for the better."""
    if row["verdict"] != "exceeds" or not row["change"] or row["name"] in _NEUTRAL:
        return ""
    more_is_better = row["kind"] == "kpi" or row["name"] == "productive_time"
    return "good" if (row["change"] > 0) == more_is_better else "bad"


def _axis(first: date, period: Period) -> str:
    """Name a period as short as an axis needs."""
    if period == "week":
        return f"W{first.isocalendar().week:02}"
    return f"{first:%Y-%m}" if period == "month" else f"{first:%m-%d}"


def _hours(seconds: float | None) -> str:
    return _NOTHING if seconds is None else f"{seconds / 3600:,.1f}"


def _minutes(seconds: float | None) -> str:
    return _NOTHING if seconds is None else f"{seconds / 60:,.1f}"


def _count(count: float | None) -> str:
    return _NOTHING if count is None else f"{count:,.0f}"
