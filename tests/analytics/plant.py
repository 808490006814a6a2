"""A made-up plant, its state reports, and a store in memory that keeps results, too."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any

import polars as pl
from hypothesis import settings

from adapters.sample import SAMPLES, Status
from adapters.settings import Settings
from adapters.stores.contract import RESULTS, Position
from collector.links import Link
from collector.park import (
    Calendar,
    Equipment,
    EquipmentState,
    Factory,
    Line,
    Park,
    Shift,
    Signal,
    SignalRole,
    SourceConfig,
)
from tests.collector.fakes import MemoryStore

EXAMPLES = settings(max_examples=60, deadline=None)
"""How many examples a property is tried on; without a deadline, since the machine may be busy with others."""

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday, midnight in UTC."""

STATES: Mapping[str, EquipmentState] = {
    "RUN": EquipmentState.PRODUCING,
    "WAIT": EquipmentState.IDLE,
    "STOP": EquipmentState.UNPLANNED_STOP,
    "SERVICE": EquipmentState.PLANNED_STOP,
}
"""What raw values mean."""

AROUND_THE_CLOCK = Calendar(shifts=(Shift(name="all", start=time(0), end=time(0)),))
"""Work at all times."""


class Address(Settings):
    """The address of a signal in these tests."""

    item: str = ""


def state_signal(equipment: str, source: str = "plc", **keys: Any) -> Signal:
    """Give the state signal of a machine."""
    given: dict[str, Any] = {"type": "text", "role": SignalRole.STATE, "states": dict(STATES), **keys}
    return Signal(path=f"{equipment}/state", name="state", source=source, address=Address(), **given)


def machine(path: str, *others: Signal, source: str = "plc", state: Signal | None = None, **keys: Any) -> Equipment:
    """Give a machine with a state signal and `others`."""
    signals = (state or state_signal(path, source), *others)
    return Equipment(path=path, id=path.rpartition("/")[2], signals=signals, **keys)


def line(path: str, *machines: Equipment, **keys: Any) -> Line:
    """Give a line, its source named as its machines' signals name it."""
    names = dict.fromkeys(signal.source for one in machines for signal in one.signals)
    sources = tuple(SourceConfig(name=name, kind="replay", line=path, settings=Address()) for name in names)
    return Line(path=path, id=path.rpartition("/")[2], equipment=machines, sources=sources, **keys)


def park(*lines: Line, zone: str = "UTC", calendar: Calendar = AROUND_THE_CLOCK, **factories: str) -> Park:
    """Give a park; `factories` says the zones of those that are not in `zone`."""
    ids = dict.fromkeys(one.path.partition("/")[0] for one in lines)
    made = (
        Factory(
            id=name,
            time_zone=factories.get(name, zone),
            calendar="usual",
            lines=tuple(one for one in lines if one.path.startswith(f"{name}/")),
        )
        for name in ids
    )
    return Park(id="park", calendars={"usual": calendar}, factories=tuple(made))


def at(seconds: float) -> datetime:
    """Give the instant that lies so many seconds after `BEGIN`."""
    return BEGIN + timedelta(seconds=seconds)


def samples(signal: str, values: Iterable[tuple[float, Any]], received: datetime | None = None) -> pl.DataFrame:
    """Give samples of a signal: seconds after `BEGIN` and value; None is a report with Bad status."""
    columns = {str: "text", bool: "bool", int: "int", float: "float"}
    rows: list[dict[str, Any]] = []
    for second, value in values:
        row: dict[str, Any] = dict.fromkeys(SAMPLES)
        row |= {"signal": signal, "time": at(second), "received": received or at(second), "status": Status.GOOD}
        if value is None:
            row["status"] = Status.BAD_NO_COMMUNICATION
        else:
            row[columns[type(value)]] = value
        rows.append(row)
    return pl.DataFrame(rows, schema=SAMPLES)


def link(source: str = "plc", state: str = "up", *, last: float, seen: float | None = None) -> Link:
    """Give how a source stands; its clock is right."""
    heard = at(last if seen is None else seen)
    return Link(source, state, at(0) if state == "up" else heard, heard, at(last), at(last), 1, 0, "")


class ResultStore(MemoryStore):
    """A store in memory that keeps results by key, the last computed of each."""

    def __init__(self) -> None:
        super().__init__()
        self.kept = pl.DataFrame(schema=RESULTS)
        self.result_troubles: list[Exception] = []
        self.result_writes = 0

    async def put(self, samples: pl.DataFrame) -> None:
        """Keep samples as the drain would."""
        await self.write(samples, Position("log", len(self.batches) + 1))

    async def write_results(self, results: pl.DataFrame) -> None:
        """Keep results."""
        if self.result_troubles:
            raise self.result_troubles.pop(0)
        self.result_writes += 1
        key = ["path", "period", "start", "kpi"]
        self.kept = pl.concat([self.kept, results]).unique(key, keep="last", maintain_order=True).sort(key)

    async def results(
        self,
        *,
        start: datetime,
        end: datetime,
        paths: Collection[str] | None = None,
        periods: Sequence[str] | None = None,
        kpis: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Give results."""
        wanted = (pl.col("start") >= start) & (pl.col("start") < end)
        for column, values in (("path", paths), ("period", periods), ("kpi", kpis)):
            if values is not None:
                wanted &= pl.col(column).is_in(list(values))
        return self.kept.filter(wanted)

    def value(self, path: str, period: str, start: datetime, kpi: str) -> float | None:
        """Give one number; fails where there is none."""
        found = self.kept.filter(
            (pl.col("path") == path)
            & (pl.col("period") == period)
            & (pl.col("start") == start)
            & (pl.col("kpi") == kpi)
        )
        number: float | None = found["value"].item()
        return number
