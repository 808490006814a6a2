"""What a machine's numbers were computed with: its calendar and its map, as text that can be compared later.

    calendar   the calendar, the machine's own maintenance and the factory's zone: when work was planned
    map        everything else that turns its samples into numbers: states, rules, cycles, reasons, how long is bridged;
               and whether its OEE is told as that of its line's bottleneck

When the engine starts and one of them is other than what it last computed with, results that were told are computed
again and say why: where the calendar plans other work or other shifts, and as far back as is configured where the map
is another.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from pydantic import ValidationError

from analytics.calendar import windows_of, work
from analytics.rollup import bottlenecks
from collector.park import Calendar, Equipment, Park
from collector.worktime import Maintenance


@dataclass(frozen=True, slots=True)
class Configured:
    """What one machine's numbers are computed with."""

    calendar: str
    """Its calendar, as JSON."""

    map: str
    """Its map, as JSON."""


def configured(park: Park, equipment: Equipment) -> Configured:
    """Give what a machine's numbers are computed with, as the park is configured."""
    calendar = {
        "calendar": park.calendar_of(equipment.path).model_dump(mode="json"),
        "maintenance": [one.model_dump(mode="json") for one in equipment.maintenance],
        "zone": park.factory_of(equipment.path).time_zone,
    }
    own = equipment.model_dump(
        mode="json", include={"hold_for", "bridge", "state_from", "micro_stop", "ideal_cycle", "products"}
    )
    signals = {
        signal.name: signal.model_dump(mode="json", include={"type", "role", "unit", "states", "reasons", "width"})
        for signal in equipment.inputs
    }
    losses = {code: reason.loss for code, reason in park.stop_reasons.items()}
    limiting = bottlenecks(park).get(equipment.path.rpartition("/")[0]) == equipment.path
    line = {"bottleneck": True} if limiting else {}
    return Configured(_text(calendar), _text({**own, **line, "signals": signals, "stop_reasons": losses}))


def other_work(before: str, now: str, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Give the stretches of [start, end), UTC, for which two calendars (as `Configured` has them) plan differently.

    Those are where other work is planned, and the shifts that only one of them has: by another name, or with other
    edges, though there is work as before. Stretches may overlap. A calendar that cannot be read any more, written by
    another version, is taken to differ everywhere; so is one in another zone, whose hours and days are other windows.
    """
    try:
        if json.loads(before)["zone"] != json.loads(now)["zone"]:
            yield start, end
            return
        planned, shifts = zip(*(_planned(text, start, end) for text in (before, now)), strict=True)
    except (ValidationError, KeyError, ValueError):
        yield start, end
        return
    edges = pl.concat([one[edge] for one in planned for edge in ("start", "end")]).unique().sort()
    yield from _differing([_kinds_at(one, edges) for one in planned], edges, end)
    for first, last in pl.concat(shifts).unique(keep="none").sort("start", "end").select("start", "end").iter_rows():
        yield max(first, start), min(last, end)


def _kinds_at(planned: pl.DataFrame, instants: pl.Series) -> pl.Series:
    """Give which kind of work is planned at each of ordered instants; empty where none."""
    found = pl.DataFrame({"at": instants}).join_asof(planned.sort("start"), left_on="at", right_on="start")
    return found.select(pl.when(pl.col("at") < pl.col("end")).then("kind").fill_null("")).to_series()


def _differing(kinds: list[pl.Series], instants: pl.Series, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    edges = [*instants.to_list(), end]
    for number, differs in enumerate((kinds[0] != kinds[1]).to_list()):
        if differs and edges[number] < edges[number + 1]:
            yield edges[number], edges[number + 1]


def _planned(text: str, start: datetime, end: datetime) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the work that a calendar plans, and its shifts: name, start, end."""
    told: dict[str, Any] = json.loads(text)
    calendar, zone = Calendar.model_validate(told["calendar"]), ZoneInfo(told["zone"])
    maintenance = [Maintenance.model_validate(one) for one in told["maintenance"]]
    shifts = windows_of(calendar, zone, start, end).filter(period="shift").select("name", "start", "end")
    return work(calendar, maintenance, zone, start, end), shifts


def _text(told: dict[str, Any]) -> str:
    return json.dumps(told, sort_keys=True, ensure_ascii=False)
