"""A report: what machines did over one interval, as `parkline replay` and the demo print it."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import polars as pl

from analytics.alerts import Alert
from analytics.calendar import SHARES, planned
from analytics.kpis.utilisation import UTILISATION
from analytics.results import coverage
from analytics.timeline import Reader
from analytics.windows import times


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
        `{path, utilisation, coverage, seconds: {state: s}}` for every machine with a state signal, in the order asked.
    """
    spans = await reader.timeline(equipment, start, end, now=now, frontiers=frontiers)
    lasted = (pl.col("end") - pl.col("start")).dt.total_microseconds().sum()
    seconds = {
        (path, state): microseconds / 1_000_000
        for path, state, microseconds in spans.group_by("equipment", "state").agg(lasted).sort("state").iter_rows()
    }
    told = set(spans["equipment"])
    asked = [path for path in equipment if path in told]
    windows = pl.DataFrame(
        [(path, "interval", "", start, end) for path in asked],
        schema={"equipment": pl.String, "period": pl.String, "name": pl.String}
        | {name: SHARES[name] for name in ("start", "end")},
        orient="row",
    )
    shares = pl.concat(
        [
            pl.DataFrame(schema={"equipment": pl.String, **SHARES}),
            *(_planned(reader, path, start, end) for path in asked),
        ]
    )
    ratios = times(spans, windows, shares).select("path", utilisation=UTILISATION.value, coverage=coverage())
    return [
        {**row, "seconds": {state: lasted for (path, state), lasted in seconds.items() if path == row["path"]}}
        for row in ratios.iter_rows(named=True)
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
        "message": {language: one.message(language) for language in ("zh", "en")},
        "value": one.value,
        "began": one.began,
        "ended": one.ended,
    }


def _planned(reader: Reader, path: str, start: datetime, end: datetime) -> pl.DataFrame:
    """Give the planned work of a machine within [start, end), as one window's share."""
    park = reader.park
    work = planned(park.calendar_of(path), park.factory_of(path).zone, start, end)
    return work.select(
        equipment=pl.lit(path),
        period=pl.lit("interval"),
        begins=pl.lit(start, SHARES["begins"]),
        start=pl.col("start").clip(lower_bound=start),
        end=pl.col("end").clip(upper_bound=end),
    ).filter(pl.col("start") < pl.col("end"))
