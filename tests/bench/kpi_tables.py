"""What the references of the KPI benchmarks are given besides samples, and what they are to give.

Each table is a Parquet file of its name; machines have numbers, instants are microseconds since 1970.

    machines    machine: i64   equipment: str
    signals     signal: str   machine: i64   role: str (state, total, reject, product)
    meanings    raw: str   state: str
    cycles      text: str (the product)   ideal: f64 (seconds)
    windows     machine: i64   period: str (hour, shift)   start, until: i64
    work        machine: i64   start, until: i64   kind: i8 (1 planned, 2 maintenance); they do not overlap
    result      equipment: str   period: str   start: i64   and `COLUMNS`, f64
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from analytics.calendar import windows_of, work
from tests.bench.kpi_park import BEGIN, IDEAL, STATES, Size, park

TABLES: Final = ("machines", "signals", "meanings", "cycles", "windows", "work")
"""The tables."""

KEY: Final = ("equipment", "period", "start")
"""What tells a row of a result apart."""

RATIOS: Final = ("availability", "effectiveness", "quality_ratio", "oee")
"""The KPIs among the columns."""

COLUMNS: Final = (
    "not_scheduled_time",
    "planned_stop_time",
    "unknown_time",
    "unplanned_stop_time",
    "idle_time",
    "off_time",
    "setup_time",
    "micro_stop_time",
    "producing_time",
    "overtime",
    "speed_loss_time",
    "quality_loss_time",
    "productive_time",
    "total_count",
    "good_count",
    "reject_count",
    "ideal_time",
    "ideal_good_time",
    *RATIOS,
)
"""What is computed for every window: seconds, parts, and ratios, which are null where they are not defined; as in
`analytics.kpis`."""

MICROSECOND: Final = timedelta(microseconds=1)

_ROLES: Final = ("state", "total", "reject", "product")


def micro(instant: datetime) -> int:
    """Give an instant as microseconds since 1970."""
    return int(instant.timestamp()) * 10**6 + instant.microsecond


def write_tables(size: Size, folder: Path) -> None:
    """Write the tables into a folder."""
    whole = park(size)
    machines = pl.DataFrame({"equipment": list(whole.equipment)}).with_row_index("machine")
    machines = machines.with_columns(pl.col("machine").cast(pl.Int64))
    windows, pieces = [], []
    for factory in whole.factories:
        calendar = whole.calendars[factory.calendar]
        members = machines.filter(pl.col("equipment").str.starts_with(f"{factory.path}/")).select("machine")
        inside = windows_of(calendar, factory.zone, BEGIN, size.end).filter(
            pl.col("period").is_in(["hour", "shift"]), pl.col("start") >= BEGIN, pl.col("end") <= size.end
        )
        windows.append(members.join(inside.select("period", "start", until="end"), how="cross"))
        planned = work(calendar, (), factory.zone, BEGIN, size.end).with_columns(
            kind=pl.when(pl.col("kind") == "maintenance").then(2).otherwise(1).cast(pl.Int8)
        )
        pieces.append(members.join(planned.select("start", "kind", until="end"), how="cross"))
    roles = pl.DataFrame({"role": _ROLES})
    tables = {
        "machines": machines,
        "signals": machines.join(roles, how="cross").select(
            "machine", "role", signal=pl.format("{}/{}", "equipment", "role")
        ),
        "meanings": pl.DataFrame({"raw": list(STATES), "state": [state.value for state in STATES.values()]}),
        "cycles": pl.DataFrame({"text": list(IDEAL), "ideal": [cycle.total_seconds() for cycle in IDEAL.values()]}),
        "windows": _physical(pl.concat(windows)),
        "work": _physical(pl.concat(pieces)),
    }
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")


def _physical(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("start", "until").to_physical())
