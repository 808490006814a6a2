"""Every condition of three years of a real machine tool, as alarms with their durations.

All reports of conditions of NIST's Mazak01 (see tests/data/nist_mazak/SOURCE.txt) go through the detector of
conditions, looked at in a thousand portions, its state passed through JSON as it is in the records. What it finds is
held against a computation that shares nothing with it: each signal's reports are walked one by one, in plain Python.

    value       alarms found
    reference   alarms of the plain computation
    ratio       1: as many
    lost        alarms of the plain computation that the detector did not find, or not with this begin, end, gravity
    doubled     alarms that begin while another of the same code lasts, or at the same instant
    reports     reports of conditions, and how many of these say that nothing is known (UNAVAILABLE)
    lasting     alarms that still last at the end of the recording
    longest     the five that lasted longest: signal, code, text, hours, and when they began; these lie over holes in
                the recording, of 34 and 63 days
    most        the five codes that came most often
    hours       duration of alarms that ended: median and 95 % quantile
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from adapters.sample import SAMPLES, Status
from adapters.settings import Settings
from analytics.faults.conditions import CONDITIONS
from analytics.faults.contract import Seen
from collector.park import Severity, Signal, SignalRole

if TYPE_CHECKING:
    from analytics.alerts import Alert

DATA: Final = Path(__file__).parents[1] / "data" / "nist_mazak" / "Mazak01_events.parquet"
"""Where the reports lie."""

MACHINE: Final = "nist/shop/mazak01"
"""Path of the machine."""

LOOKS: Final = 1000
"""In so many portions the reports are looked at."""

LEVELS: Final = ("Normal", "Warning", "Fault")
"""What a report of a condition begins with, besides `Unavailable`."""


class _Address(Settings):
    """Where a condition is found."""


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """One alarm."""

    signal: str
    """Of which condition."""

    key: str
    """Its native code, or its text where it has none."""

    began: datetime
    """When it began, UTC."""

    ended: datetime | None
    """When it ended; None: it lasts."""

    fault: bool
    """Whether it was a fault, at least for a time."""

    text: str
    """What the control said of it when it began."""


def read() -> pl.DataFrame:
    """Give every report of a condition in order of time: item, ts (UTC, ns) and value."""
    events = pl.read_parquet(DATA)
    level = pl.col("value").str.split("|").list.first()
    conditions = events.filter(level.is_in([*LEVELS, "Unavailable"]) & pl.col("value").str.contains("|", literal=True))
    items = conditions["item"].unique()
    return (
        events.filter(pl.col("item").is_in(items.implode()))
        .with_columns(pl.col("ts").dt.replace_time_zone("UTC").dt.cast_time_unit("ns"))
        .sort("ts", maintain_order=True)
        .select("item", "ts", "value")
    )


def detect(reports: pl.DataFrame) -> tuple[list[Alarm], int]:
    """Give the alarms that the detector finds, and how many reports it has no meaning for."""
    items = reports["item"].unique().sort()
    rules = {f"{MACHINE}/{item}": _signal(item) for item in items}
    known = ~pl.col("value").str.to_uppercase().str.starts_with("UNAVAILABLE")
    samples = reports.select(
        signal=MACHINE + "/" + pl.col("item"),
        time="ts",
        text=pl.when(known).then("value"),
        status=pl.when(known).then(0).otherwise(Status.BAD_NO_COMMUNICATION.value).cast(pl.UInt32),
        received="ts",
    )
    samples = pl.concat([pl.DataFrame(schema=SAMPLES), samples], how="diagonal")
    carried: dict[str, Any] = {}
    alerts: dict[str, Alert] = {}
    unread = 0
    for portion in samples.iter_slices(max(1, len(samples) // LOOKS)):
        found = CONDITIONS.look(rules, json.loads(json.dumps(carried)), Seen(portion))
        carried |= found.carried
        alerts |= {alert.id: alert for alert in found.alerts}
        unread += found.unread
    told = [
        Alarm(
            alert.signal.rpartition("/")[2],
            alert.key,
            alert.began,
            alert.ended,
            alert.severity is Severity.HIGH,
            alert.parameters["text"],
        )
        for alert in alerts.values()
    ]
    return sorted(told, key=_order), unread


def naive(reports: pl.DataFrame) -> list[Alarm]:
    """Give the alarms by walking through each condition's reports."""
    found: list[Alarm] = []
    for item in reports["item"].unique():
        found += _walk(item, reports.filter(pl.col("item") == item).select("ts", "value").rows())
    return sorted(found, key=_order)


def _walk(item: str, rows: list[tuple[datetime, str]]) -> Iterator[Alarm]:
    standing: dict[str, list[Any]] = {}
    for ts, value in rows:
        level, code, _, _, text = (*(part.strip() for part in value.split("|", 4)), "", "", "", "", "")[:5]
        if level in {"Warning", "Fault"}:
            entry = standing.setdefault(code or text, [ts, False, text])
            entry[1] |= level == "Fault"
        elif level == "Normal":
            for key in [code] if code else list(standing):
                if key in standing:
                    began, fault, said = standing.pop(key)
                    yield Alarm(item, key, began, ts, fault, said)
    for key, (began, fault, said) in standing.items():
        yield Alarm(item, key, began, None, fault, said)


def doubled(alarms: list[Alarm]) -> int:
    """Count alarms that begin while another of the same code lasts, or at the same instant."""
    count = 0
    last: dict[tuple[str, str], Alarm] = {}
    for alarm in alarms:
        before = last.get((alarm.signal, alarm.key))
        if before is not None:
            count += before.ended is None or alarm.began < before.ended or alarm.began == before.began
        last[alarm.signal, alarm.key] = alarm
    return count


def measure() -> dict[str, object]:
    """Measure."""
    reports = read()
    unknown = reports["value"].str.to_uppercase().str.starts_with("UNAVAILABLE").sum()
    print(f"mazak-conditions: {len(reports)} reports of {reports['item'].n_unique()} conditions", file=sys.stderr)
    found, unread = detect(reports)
    plain = naive(reports)
    lost = Counter(plain) - Counter(found)
    end: datetime = reports["ts"].max()  # type: ignore[assignment]  # a column of instants has one
    lasted = pl.Series([_hours(alarm, end) for alarm in found if alarm.ended is not None])
    longest = sorted(found, key=lambda alarm: _hours(alarm, end), reverse=True)[:5]
    for alarm in longest:
        print(f"mazak-conditions: {_hours(alarm, end):9.2f} h  {alarm}", file=sys.stderr)
    return {
        "value": len(found),
        "reference": len(plain),
        "ratio": round(len(found) / len(plain), 4),
        "unit": "alarms",
        "alarms": len(found),
        "lost": lost.total(),
        "doubled": doubled(found),
        "found_by_it_alone": (Counter(found) - Counter(plain)).total(),
        "faults": sum(alarm.fault for alarm in found),
        "lasting": sum(alarm.ended is None for alarm in found),
        "reports": len(reports),
        "reports_unknown": int(unknown),
        "reports_unread": unread,
        "hours": {
            "median": round(float(lasted.quantile(0.5) or 0), 4),
            "q95": round(float(lasted.quantile(0.95) or 0), 2),
        },
        "longest": [
            {
                "signal": alarm.signal,
                "code": alarm.key,
                "text": alarm.text,
                "hours": round(_hours(alarm, end), 1),
                "began": alarm.began.astimezone(UTC).isoformat(timespec="seconds"),
            }
            for alarm in longest
        ],
        "most": dict(Counter(f"{alarm.signal} {alarm.key} {alarm.text}".strip() for alarm in found).most_common(5)),
    }


def _signal(item: str) -> Signal:
    return Signal(
        path=f"{MACHINE}/{item}",
        name=item,
        source="recorded",
        address=_Address(),
        type="text",
        role=SignalRole.CONDITION,
    )


def _hours(alarm: Alarm, end: datetime) -> float:
    return ((alarm.ended or end) - alarm.began) / timedelta(hours=1)


def _order(alarm: Alarm) -> tuple[str, str, datetime]:
    return alarm.signal, alarm.key, alarm.began
