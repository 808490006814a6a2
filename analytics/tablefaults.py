"""Faults in a wide table that nobody configured: detectors that learn by themselves run over it, as they would live.

    table ─► a machine with a signal per column ─► Watch ─► onsets

They learn from the first rows, and watch from there on. Only detectors that need nothing configured can be chosen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import polars as pl
from pydantic import BaseModel, ValidationError

from analytics.alerts import Alert
from analytics.faults.contract import Seen
from analytics.watch import Watch
from analytics.widetable import TIME, TableError, WideTable, as_park, as_samples, row_at
from collector.config.problems import did_you_mean
from collector.faultrules.detection import Healthy
from collector.faultrules.rules import MachineFaults, SignalFaults

USUAL: Final = ("multivariate",)
"""The detectors that look where nobody says which: that of all signals together."""

LEAST: Final = 50
"""Rows that are learned from, at least."""

_PART: Final = 5
"""Where nobody says how many rows to learn from: one of so many."""

_CONFIGURED: Final = frozenset({"out_of_range", "cycle", "counter", "states", "health"})
"""Detectors that rest on what only a line file tells: bounds, roles, states, other detectors."""

_SHORTEST: Final = timedelta(milliseconds=10)
_LONGEST: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Onset:
    """One alert that would have been."""

    alert: Alert
    """The alert."""

    row: int
    """The row of the file at which it began, from 0."""

    end_row: int | None
    """The row of the file at which it ended; None: it lasts to the end."""

    signals: tuple[tuple[str, float], ...]
    """The columns that tell it, those that tell most first, and their share, 0 to 1; in sum 1 at most."""


def choosable() -> dict[str, type[BaseModel]]:
    """Give the detectors that need nothing configured, and their settings."""
    found: dict[str, type[BaseModel]] = {}
    for model in (SignalFaults, MachineFaults):
        for name in model.model_fields:
            settings = _settings(model, name)
            if name in _CONFIGURED:
                continue
            try:
                settings()
            except ValidationError:
                continue
            found[name] = settings
    return found


def trained_rows(table: WideTable, train: int | None) -> int:
    """Give how many rows are learned from.

    Raises:
        TableError: there are not so many, or they are too few.
    """
    rows = table.rows.height
    wanted = max(rows // _PART, min(LEAST, rows // 2)) if train is None else train
    if wanted >= rows:
        raise TableError(table.file, f"has {rows} rows, and {wanted} were to be learned from; write less as --train")
    if wanted < LEAST:
        raise TableError(table.file, f"{wanted} rows are too few to learn from; write {LEAST} or more as --train")
    return wanted


def onsets(table: WideTable, train: int | None = None, detectors: Sequence[str] = USUAL) -> list[Onset]:
    """Give what detectors would have told, in the order in which it began.

    Args:
        table: what was recorded.
        train: how many rows are learned from; None: a fifth of them.
        detectors: slugs of detectors; those of `choosable`.

    Raises:
        TableError: there are too few rows, or no such detector.
    """
    rows = trained_rows(table, train)
    times = table.rows[TIME].dt.cast_time_unit("us")
    learned = {"healthy": Healthy(start=times[0], end=times[rows])}
    known = choosable()
    for slug in detectors:
        if slug not in known:
            hint = did_you_mean(slug, known) or f"; there are {', '.join(known)}"
            raise TableError(table.file, f"no detector {slug!r} that needs nothing configured{hint}")
    if "multivariate" in detectors and len(table.signals) == 1:
        reason = f"has one column of numbers, {table.signals[0]!r}, and multivariate looks at two or more together"
        raise TableError(table.file, f"{reason}; choose another --detector, like ewma")
    chosen = {slug: known[slug](**_given(known[slug], learned, times)) for slug in detectors}
    signal = SignalFaults(**{name: one for name, one in chosen.items() if name in SignalFaults.model_fields})
    machine = MachineFaults(**{name: one for name, one in chosen.items() if name in MachineFaults.model_fields})
    park, names = as_park(table, signal, machine)
    last: int = table.rows[TIME].dt.epoch("ns")[-1]
    found = Watch(park).look(Seen(as_samples(table, names), dict.fromkeys(names.columns, last), now=last))
    alerts = sorted(found.alerts, key=lambda alert: (alert.began, alert.detector, alert.signal, alert.key))
    return [_onset(table, names.columns, alert) for alert in alerts]


def _settings(model: type[BaseModel], name: str) -> type[BaseModel]:
    """Give the settings of a detector that may be configured or not."""
    (settings,) = (one for one in getattr(model.model_fields[name].annotation, "__args__", ()) if one is not type(None))
    found: type[BaseModel] = settings
    return found


def _given(settings: type[BaseModel], learned: dict[str, Any], times: pl.Series) -> dict[str, Any]:
    """Give what is set of a detector: when it learns, and how often the table has rows."""
    given = {name: value for name, value in learned.items() if name in settings.model_fields}
    if "period" in settings.model_fields:
        steps = times.diff().drop_nulls()
        step = steps.min()
        given["period"] = min(max(step if isinstance(step, timedelta) else _SHORTEST, _SHORTEST), _LONGEST)
    return given


def _onset(table: WideTable, columns: dict[str, str], alert: Alert) -> Onset:
    told = [(columns.get(one.signal, one.signal), one.share) for one in alert.contributions]
    if not told and alert.signal in columns:
        told = [(columns[alert.signal], 1.0)]
    return Onset(alert, row_at(table, alert.began), _end_row(table, alert.ended), tuple(told))


def _end_row(table: WideTable, ended: datetime | None) -> int | None:
    return None if ended is None else row_at(table, ended)
