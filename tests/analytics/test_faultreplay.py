"""Faults over history: the alerts that people would have been told."""

from datetime import timedelta
from typing import Any

from adapters.sources.contract import GapKind
from analytics.faultreplay import replayed
from collector.faultrules.rules import SignalFaults
from collector.faultrules.values import Rate
from collector.gaps import add_gap
from collector.park import Limit, Signal
from collector.records import Records
from tests.analytics.plant import Address, ResultStore, at, line, machine, park, samples

DAY = 86_400
PRESS, MILL = "works/line/press", "works/line/mill"


def flow(equipment: str, **keys: Any) -> Signal:
    return Signal(
        path=f"{equipment}/flow", name="flow", source="plc", address=Address(), type="float", unit="l/min", **keys
    )


PLANT = park(
    line(
        "works/line",
        machine(PRESS, flow(PRESS, limits=(Limit(low=1, when="machine_runs"), Limit(high=50)))),
        machine(MILL, flow(MILL, faults=SignalFaults(rate=Rate(rise=10, per=timedelta(seconds=10))))),
    )
)


async def told(store: ResultStore, records: Records, signals: set[str] | None = None) -> list[tuple[str, str, float]]:
    found = await replayed(PLANT, store, records, signals, at(0), at(3 * DAY))
    return [(one.signal.removeprefix("works/line/"), one.key, (one.began - at(0)).total_seconds()) for one in found]


async def test_what_lasts_over_days_is_one_alert(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/flow", [(DAY - 10, 60.0), (DAY + 10, 61.0), (2 * DAY + 10, 62.0)]))
    assert await told(store, records) == [("press/flow", "high:50", DAY - 10)]
    (alert,) = await replayed(PLANT, store, records, None, at(0), at(3 * DAY))
    assert alert.active


async def test_alerts_of_a_machine_that_stood_are_left_out(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(-10, "STOP"), (DAY, "RUN"), (DAY + 100, "STOP")]))
    await store.put(
        samples(f"{PRESS}/flow", [(10, 0.0), (20, 5.0), (DAY - 10, 0.0), (DAY + 10, 5.0), (DAY + 200, 0.0)])
    )
    assert await told(store, records) == []
    await store.put(samples(f"{PRESS}/flow", [(DAY + 35, 0.0), (DAY + 50, 5.0)]))
    assert await told(store, records) == [("press/flow", "low:1", DAY + 35)]


async def test_an_alert_that_begins_as_its_machine_stops_is_left_out(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(-10, "RUN"), (100, "STOP")]))
    await store.put(samples(f"{PRESS}/flow", [(10, 5.0), (100, 0.0), (150, 5.0)]))
    assert await told(store, records) == []
    await store.put(samples(f"{PRESS}/flow", [(99, 0.0)]))
    assert await told(store, records) == [("press/flow", "low:1", 99)]


async def test_a_machine_that_starts_is_left_to_come_up_to_speed(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/state", [(-10, "STOP"), (DAY, "RUN")]))
    await store.put(samples(f"{PRESS}/flow", [(DAY - 10, 0.0), (DAY + 29, 5.0)]))
    assert await told(store, records) == []
    await store.put(samples(f"{PRESS}/flow", [(DAY + 25, 0.0), (DAY + 29, 0.0), (DAY + 31, 5.0)]))
    assert await told(store, records) == [("press/flow", "low:1", DAY - 10)]


async def test_a_step_over_a_gap_is_no_jump(store: ResultStore, records: Records) -> None:
    values = [(0, 5.0), (10, 5.0), (25, 95.0), (2 * DAY, 95.0), (2 * DAY + 1, 195.0)]
    await store.put(samples(f"{MILL}/flow", values))
    assert [begun for _, _, begun in await told(store, records)] != [2 * DAY]
    await records.run(lambda c: add_gap(c, "plc", (), at(11), at(24), "cable", kind=GapKind.OUTAGE))
    assert [(signal, key) for signal, key, _ in await told(store, records)] == [("mill/flow", "rise")]


async def test_signals_may_be_chosen(store: ResultStore, records: Records) -> None:
    await store.put(samples(f"{PRESS}/flow", [(10, 60.0)]))
    assert await told(store, records, {f"{MILL}/flow"}) == []
    assert await told(store, records, {f"{PRESS}/flow"}) == [("press/flow", "high:50", 10)]
