"""A report: what machines did over one interval, as `parkline replay` and the demo print it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from analytics.accounts import accounts
from analytics.alerts import Alert
from analytics.calendar import WINDOWS
from analytics.computing import tell
from analytics.kpis.utilisation import UTILISATION
from analytics.planning import planner
from analytics.results import coverage
from analytics.sayings import message
from analytics.timeline import Reader


async def machines(
    reader: Reader,
    equipment: Collection[str],
    start: datetime,
    end: datetime,
    *,
    now: datetime,
    frontiers: Mapping[str, datetime] | None = None,
) -> list[dict[str, Any]]:
    """Give, for each machine, what it did within [start, end), as far as is known.

    Utilisation and coverage count planned time, null when nothing was planned; `seconds` counts all of the interval, by
    state.

    Returns:
        `{path, utilisation, coverage, seconds: {state: s}}` for every machine whose state something tells, in the
        order asked.
    """
    known = await reader.frontiers(now) if frontiers is None else frontiers
    asked = [path for path in equipment if path in known and known[path] > start and start < end]
    if not asked:
        return []
    windows = pl.DataFrame(
        [(path, "interval", "", start, end) for path in asked],
        schema={"equipment": pl.String(), **WINDOWS},
        orient="row",
    )
    task = (await planner(reader, asked, start, end, known)).over(windows)
    told = await tell(reader.store, task, start, end)
    lasted = (pl.col("end") - pl.col("start")).dt.total_microseconds().sum()
    seconds = {
        (path, state): microseconds / 1_000_000
        for path, state, microseconds in told.within(start, end)
        .group_by("equipment", "state")
        .agg(lasted)
        .sort("state")
        .iter_rows()
    }
    made = accounts(told.intervals, told.parts, told.products, windows)
    ratios = made.select("path", utilisation=UTILISATION.value, coverage=coverage())
    rows = {row["path"]: row for row in ratios.iter_rows(named=True)}
    return [
        {**rows[asked_for], "seconds": {state: s for (path, state), s in seconds.items() if path == asked_for}}
        for asked_for in asked
        if asked_for in rows
    ]


def alert(one: Alert) -> dict[str, Any]:
    """Give an alert as programs read it: its message in both languages, instants in UTC."""
    return {
        "id": one.id,
        "equipment": one.equipment,
        "signal": one.signal,
        "detector": one.detector,
        "key": one.key,
        "severity": one.severity.value,
        "message": {language: message(one, language) for language in ("zh", "en")},
        "value": one.value,
        "began": one.began,
        "ended": one.ended,
    }
