"""Parks whose machines' days are made up, a store that has them, and views of them."""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import polars as pl

from adapters.settings import Settings
from adapters.stores.contract import RESULTS, Store
from analytics.kpis.contract import ACCOUNT, NULLABLE
from collector.opendata import OpenDataSettings, OpenView
from collector.park import (
    Calendar,
    Equipment,
    EquipmentState,
    Factory,
    Limit,
    Line,
    Park,
    Shift,
    Signal,
    SignalRole,
    Title,
)

FIRST: Final = date(2026, 3, 2)
"""A Monday."""

DAY: Final = timedelta(days=1)

KEY: Final = "a key of thirty-two bytes at least"
"""What pseudonyms are made with."""

ZONES: Final = ("Asia/Shanghai", "Europe/Berlin", "UTC")


def park_of(*factories: Sequence[str], zones: Sequence[str] = ("Asia/Shanghai",)) -> Park:
    """Make a park of factories with a line each, whose machines are of these classes, and have a state and a limit."""
    made = []
    for number, classes in enumerate(factories, 1):
        path = f"works{number}/hall{number}"
        machines = tuple(
            Equipment(
                path=f"{path}/m{number}x{place}",
                id=f"m{number}x{place}",
                title=Title(en=f"Machine {number}-{place}"),
                equipment_class=kind or None,
                signals=(_state(f"{path}/m{number}x{place}"), _level(f"{path}/m{number}x{place}")),
            )
            for place, kind in enumerate(classes, 1)
        )
        line = Line(path=path, id=f"hall{number}", title=Title(zh=f"{number}号车间"), equipment=machines)
        made.append(
            Factory(
                id=f"works{number}",
                title=Title(en=f"Works {number}"),
                time_zone=zones[(number - 1) % len(zones)],
                calendar="always",
                lines=(line,),
            )
        )
    always = Calendar(shifts=(Shift(name="round-the-clock", start=time(0), end=time(0)),))
    return Park(id="riverside", title=Title(en="Riverside"), calendars={"always": always}, factories=tuple(made))


def _state(path: str) -> Signal:
    return Signal(
        path=f"{path}/state",
        name="state",
        source="plc",
        address=Settings(),
        type="text",
        role=SignalRole.STATE,
        states={"RUN": EquipmentState.PRODUCING},
    )


def _level(path: str) -> Signal:
    return Signal(
        path=f"{path}/level",
        name="level",
        source="plc",
        address=Settings(),
        type="float",
        limits=(Limit(high=1),),
    )


def account(path: str, day: date, **other: float | None) -> dict[str, float | None]:
    """Make up what a machine did on a day, the same each time; 24 h are planned."""
    share = int.from_bytes(hashlib.sha256(f"{path} {day}".encode()).digest()[:4], "big") / 2**32
    made: dict[str, float | None] = {name: None if name in NULLABLE else 0.0 for name in ACCOUNT}
    made |= {
        "calendar_time": 86_400.0,
        "planned_time": 86_400.0,
        "producing_time": 86_400.0 * share,
        "idle_time": 86_400.0 * (1 - share),
    }
    return made | other


def results(
    park: Park,
    days: Iterable[date],
    *,
    computed: datetime,
    version: int = 1,
    changed: Mapping[str, Mapping[str, float | None]] | None = None,
    only: Collection[str] | None = None,
    period: str = "day",
) -> pl.DataFrame:
    """Give the stored days, or shifts, of all machines, columns of `RESULTS`; `changed` says otherwise, by path."""
    rows: list[dict[str, Any]] = []
    for path in park.equipment:
        zone = ZoneInfo(park.factory_of(path).time_zone)
        for day in days:
            if only is not None and path not in only:
                continue
            start, end = (datetime.combine(one, time(), zone).astimezone(UTC) for one in (day, day + DAY))
            rows += [
                {
                    "path": path,
                    "period": period,
                    "name": "" if period == "day" else "round-the-clock",
                    "start": start,
                    "end": end,
                    "kpi": kpi,
                    "value": value,
                    "coverage": 1.0,
                    "computed": computed,
                    "version": version,
                    "reason": "",
                    "note": "",
                }
                for kpi, value in account(path, day, **(changed or {}).get(path, {})).items()
            ]
    return pl.DataFrame(rows, schema=RESULTS)


@dataclass
class Rests:
    """A store that has these results, and nothing else."""

    rows: pl.DataFrame = field(default_factory=RESULTS.to_frame)
    asked: int = 0
    name: str = "made up"

    async def results(
        self,
        *,
        start: datetime,
        end: datetime,
        paths: Collection[str] | None = None,
        periods: Sequence[str] | None = None,
        kpis: Collection[str] | None = None,
    ) -> pl.DataFrame:
        self.asked += 1
        found = self.rows.filter(pl.col("start").is_between(start, end, closed="left"))
        for column, some in (("path", paths), ("period", periods), ("kpi", kpis)):
            if some is not None:
                found = found.filter(pl.col(column).is_in(list(some)))
        return found.sort("path", "period", "start", "kpi")

    def store(self) -> Store:
        return cast("Store", self)

    def put(self, rows: pl.DataFrame) -> None:
        """Store rows in place of those with the same key."""
        key = ["path", "period", "start", "kpi"]
        self.rows = pl.concat([self.rows.join(rows, on=key, how="anti"), rows])


def view(**keys: Any) -> OpenView:
    """Make a view of utilisation by class and day, unless these keys say otherwise."""
    made = {"title": {"en": "Open"}, "dataset": "kpis", "by": "class", "period": "day", "since": FIRST, "delay": "2 d"}
    return OpenView.model_validate({**made, "kpis": ["utilisation", "producing_time"], **keys})


def contract(by: str, **keys: Any) -> OpenView:
    """Make a view of single machines, lines or factories, with a contract."""
    return view(by=by, at_least={"factories": 1, "machines": 1}, contract="with the bank", **keys)


def opened(**views: OpenView) -> OpenDataSettings:
    """Give settings with these views; `_` in their names stands for `-`."""
    named = {name.replace("_", "-"): one for name, one in views.items()}
    return OpenDataSettings.model_validate({"pseudonym_key": KEY, "settled": "1 d", "views": named})
