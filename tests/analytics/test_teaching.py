"""Teaching: what is normal is learned from a time that is stored, and handed to the watcher."""

from datetime import timedelta
from typing import Any

import pytest

from analytics import relearning
from analytics.faults.cusum import SLUG as CUSUM
from analytics.faults.ewma import SLUG as EWMA
from analytics.healthlog import read_baselines
from analytics.teaching import Taught, declared, taught
from analytics.watcher import Watcher
from collector.faultrules.charts import Cusum, Ewma
from collector.faultrules.detection import Healthy
from collector.faultrules.rules import MachineFaults, SignalFaults
from collector.faultrules.values import Stuck
from collector.park import Equipment, Signal
from collector.records import Records
from collector.spool.sqlite import SqliteSpool
from tests.analytics.plant import Address, ResultStore, at, line, machine, park, samples

PRESS, LATHE = "works/line/press", "works/line/lathe"
FLOW, FORCE, SPEED = f"{PRESS}/flow", f"{PRESS}/force", f"{LATHE}/speed"
HOUR = 3600


def signal(path: str, faults: SignalFaults) -> Signal:
    return Signal(path=path, name=path.rpartition("/")[2], source="plc", address=Address(), type="float", faults=faults)


PLANT = park(
    line(
        "works/line",
        machine(
            PRESS, signal(FLOW, SignalFaults(ewma=Ewma(), cusum=Cusum())), signal(FORCE, SignalFaults(ewma=Ewma()))
        ),
        machine(LATHE, signal(SPEED, SignalFaults(ewma=Ewma()))),
    )
)


def wave(path: str, level: float, first: int, last: int) -> Any:
    return samples(path, [(second, level + 0.1 * ((second * 7919) % 11 - 5)) for second in range(first, last)])


async def lesson(records: Records, *paths: str, now: float = 3 * HOUR) -> Taught:
    """Let learn from the second of three hours: the first was at another level, as the last one is."""
    store = ResultStore()
    for path in (FLOW, SPEED):
        await store.put(wave(path, 9.0, 0, HOUR))
        await store.put(wave(path, 5.0, HOUR, 2 * HOUR))
        await store.put(wave(path, 7.0, 2 * HOUR, 3 * HOUR))
    return await taught(PLANT, store, records, paths, (at(HOUR), at(2 * HOUR)), at(now))


async def test_it_learns_from_the_time_that_was_declared_and_from_no_other(records: Records) -> None:
    told = await lesson(records, PRESS)
    assert {(slug, one.subject) for slug, one in told.baselines} == {(EWMA, FLOW), (CUSUM, FLOW)}
    (baseline,) = (one for slug, one in told.baselines if slug == EWMA)
    assert baseline.model["mean"] == pytest.approx(5.0, abs=0.01)
    assert baseline.rows == HOUR


async def test_it_learns_of_a_machine_that_has_been_silent_for_weeks(records: Records) -> None:
    told = await lesson(records, PRESS, now=24 * HOUR * 30)
    assert {(slug, one.subject) for slug, one in told.baselines} == {(EWMA, FLOW), (CUSUM, FLOW)}


async def test_the_time_between_lesson_and_present_is_no_flat_line(records: Records) -> None:
    plant = park(
        line("works/line", Equipment(path=PRESS, id="press", signals=(signal(FLOW, SignalFaults(stuck=Stuck())),)))
    )
    store = ResultStore()
    await store.put(wave(FLOW, 5.0, 0, HOUR))
    await store.put(wave(FLOW, 5.0, 99 * HOUR + 2, 100 * HOUR))  # the value that was the last one, too
    told = await taught(plant, store, records, [FLOW], (at(0), at(HOUR)), at(100 * HOUR))
    ((_, baseline),) = told.baselines
    assert baseline.model["longest"] < HOUR * 10**9
    assert baseline.model["judges"]


async def test_what_could_not_learn_is_told(records: Records) -> None:
    assert set((await lesson(records, PRESS)).unlearned) == {(EWMA, FORCE)}


async def test_one_signal_is_taught_alone(records: Records) -> None:
    told = await lesson(records, SPEED)
    assert {(slug, one.subject) for slug, one in told.baselines} == {(EWMA, SPEED)}
    assert {slug: set(some) for slug, some in told.carried.items()} == {EWMA: {SPEED}}


async def test_the_watcher_goes_on_from_what_was_taught(records: Records, spool: SqliteSpool) -> None:
    told = await lesson(records, FLOW)
    watcher = Watcher(PLANT, spool, ResultStore(), records)
    await watcher.begin(at(3 * HOUR))
    await records.run(lambda connection: relearning.ask(connection, FLOW, at(3 * HOUR), told.carried))
    await spool.append(wave(FLOW, 7.0, 3 * HOUR, 3 * HOUR + 120), "plc")
    looked = await watcher.look(at(3 * HOUR + 120))
    await watcher.end()
    raised = [event.standing.alert for event in looked.events if event.kind.value == "raised"]
    assert {(alert.detector, alert.key) for alert in raised} == {(EWMA, "high"), (CUSUM, "high")}
    assert all(alert.began >= at(2 * HOUR) for alert in raised)
    assert await records.run(relearning.read_requests) == []
    assert await records.run(read_baselines) == []


def test_a_healthy_time_is_declared_for_those_that_are_meant_and_for_no_other() -> None:
    healthy = Healthy(start=at(0), end=at(HOUR))
    told = declared(PLANT, [PRESS], healthy)
    ewma, other = told.signals[FLOW].faults.ewma, told.signals[SPEED].faults.ewma
    assert ewma is not None
    assert other is not None
    assert ewma.healthy == healthy
    assert other.healthy is None
    assert told.equipment[PRESS].faults == MachineFaults()
    assert PLANT.signals[FLOW].faults.ewma == Ewma()
    assert healthy.end - healthy.start == timedelta(hours=1)
