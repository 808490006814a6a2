"""Explain: what lies behind the numbers of one window of one machine, so that a dispute can be settled.

    Explanation ─┬─ the window, how far it is known, its version and why it was restated
                 ├─ every KPI with its formula, the account columns it came from, and why it is null
                 ├─ the loss tree in seconds, and stops by reason
                 ├─ the intervals and counter steps that these were summed from
                 └─ every version that was told before, with what it said

Pure: `analytics.explaining` reads what it needs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from analytics.kpis.catalogue import BY_SLUG
from analytics.kpis.contract import ACCOUNT
from analytics.wording import Language, because, in_language
from collector.park import Title

TREE: Final = (
    ("calendar_time", 0),
    ("not_scheduled_time", 1),
    ("planned_time", 1),
    ("planned_stop_time", 2),
    ("unknown_time", 2),
    ("unplanned_stop_time", 2),
    ("idle_time", 2),
    ("off_time", 2),
    ("setup_time", 2),
    ("micro_stop_time", 2),
    ("producing_time", 2),
    ("speed_loss_time", 3),
    ("quality_loss_time", 3),
    ("productive_time", 3),
)
"""The loss tree: columns of the account, and how deep they stand in it."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One window of one machine, with everything that its numbers came from. Instants are UTC."""

    path: str
    """Path of the machine."""

    period: str
    """`hour`, `shift` or `day`."""

    name: str
    """Name of the shift; empty for hours and days."""

    start: datetime
    """Start of the window."""

    end: datetime
    """End of the window, or as far as it is known."""

    time_zone: str
    """IANA name of the factory's zone."""

    version: int
    """How many times the window has been told, from 1; 0 where nothing is stored yet."""

    computed: datetime | None
    """When it was computed last; None where nothing is stored yet."""

    reason: str
    """Why it was computed again; empty for the first version."""

    coverage: float | None
    """Share of planned time with known state, 0 to 1; None when nothing was planned."""

    kpis: Sequence[Mapping[str, Any]]
    """slug, value, unit, formula, inputs (account column to value), note; in the order of the catalogue."""

    account: Mapping[str, float | None]
    """The columns of `kpis.contract.ACCOUNT`: seconds, parts, kW.h."""

    stops: Sequence[Mapping[str, Any]]
    """loss, reason, seconds, times (how many of them began in the window); the longest first."""

    intervals: pl.DataFrame
    """Columns of `losses.INTERVALS`, with production divided: they add up to the window."""

    steps: pl.DataFrame
    """Columns of `counters.STEPS` within the window."""

    products: Sequence[Mapping[str, Any]]
    """since, product, ideal (seconds per part, None: not known)."""

    signals: Sequence[str]
    """Paths of the signals that all this came from."""

    gaps: Sequence[Mapping[str, Any]]
    """start, end, cause, kind, state of the ledger's gaps that touch the window."""

    days: Mapping[str, str]
    """What is said of a local day: holiday or special day, and its name, in the language it was read in."""

    titles: Mapping[str, Title]
    """What people call the reasons for stops, by code."""

    units: Mapping[str, str]
    """The unit of each signal that has one, by path, as UCUM writes it."""

    lacks: str
    """What must be configured before anything can be told of the machine, as a note; empty: nothing."""

    restatements: Sequence[Mapping[str, Any]]
    """version, computed, replaced, reason, changes (slug to before and after); the newest first."""

    def as_json(self, language: Language = "en") -> dict[str, Any]:
        """Give it as programs read it; notes and reasons of restatements in a language."""
        edges = ("path", "period", "name", "start", "end", "time_zone", "version", "computed", "reason", "coverage")
        return {
            **{name: getattr(self, name) for name in edges},
            "reason": because(self.reason, language),
            "kpis": [{**row, "note": in_language(row["note"], language)} for row in self.kpis],
            "losses": tree(self.account),
            "account": dict(self.account),
            "stops": list(self.stops),
            "intervals": self.intervals.drop("equipment").to_dicts(),
            "steps": self.steps.drop("equipment").to_dicts(),
            "products": list(self.products),
            "signals": list(self.signals),
            "gaps": list(self.gaps),
            "days": dict(self.days),
            "lacks": in_language(self.lacks, language),
            "restatements": [{**row, "reason": because(row["reason"], language)} for row in self.restatements],
        }


def tree(account: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Give the loss tree as rows: loss, depth, seconds, and share of the calendar time, 0 to 1."""
    whole = account.get("calendar_time") or 0.0
    rows = []
    for name, depth in TREE:
        seconds = account.get(name) or 0.0
        rows.append({"loss": name, "depth": depth, "seconds": seconds, "share": seconds / whole if whole else None})
    return rows


def kpis_of(results: pl.DataFrame, account: Mapping[str, float | None]) -> list[dict[str, Any]]:
    """Give the KPIs of a window (rows of `RESULTS`) that are no columns of the account, with what they came from."""
    values = {row["kpi"]: row for row in results.iter_rows(named=True)}
    found = []
    for slug, kpi in BY_SLUG.items():
        if slug in ACCOUNT or slug not in values:
            continue
        found.append(
            {
                "slug": slug,
                "value": values[slug]["value"],
                "unit": kpi.unit,
                "formula": kpi.formula,
                "inputs": {name: account.get(name) for name in kpi.inputs},
                "note": values[slug].get("note") or "",
            }
        )
    return found


def stops_of(intervals: pl.DataFrame, begun: pl.DataFrame) -> list[dict[str, Any]]:
    """Give the stops by loss and reason, the longest first.

    Args:
        intervals: columns of `losses.INTERVALS`, those within the window.
        begun: what `accounts.stops_begun` gave, those within the window.
    """
    counts = begun.group_by("loss", "reason").agg(times=pl.len())
    quiet = ["not_scheduled", "producing", "productive", "quality_loss", "speed_loss", "unknown"]
    return (
        intervals.filter(~pl.col("loss").is_in(quiet))
        .group_by("loss", "reason")
        .agg(seconds=((pl.col("end") - pl.col("start")).dt.total_microseconds().sum() / 1e6))
        .join(counts, on=["loss", "reason"], how="left")
        .with_columns(pl.col("times").fill_null(0))
        .sort("seconds", "loss", "reason", descending=[True, False, False])
        .to_dicts()
    )
