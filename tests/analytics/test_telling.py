"""Telling: every state and every window that is over is in the feed once, whatever is killed when."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

import polars as pl
import pytest
import sqlalchemy as sa

from adapters.sources.contract import GapKind
from adapters.stores.contract import StoreUnavailableError
from analytics.engine import Engine
from analytics.jobs import Jobs, ranges_of
from analytics.settling import settled_until
from analytics.telling import Pruning
from analytics.timeline import Reader
from analytics.touched import Cause
from analytics.untold import read_untold
from collector.feed import Bounds, Entry, Told, read_bounds, read_feed, tell, written
from collector.gaps import add_gap
from collector.links import write_links
from collector.park import Calendar, Park, Shift
from collector.records import Records, RecordsError
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.analytics.plant import ResultStore, at, line, link, machine, park, samples

HOUR: Final = 3600
DAY: Final = 86_400
SETTLES: Final = HOUR + 600
"""Seconds from the end of a window until it is over for good: `margin` and `hold_for`."""

PRESS: Final = "works/line/press"
LATHE: Final = "works/line/lathe"
OTHER: Final = "works/other/saw"
HOLD: Final = timedelta(minutes=10)
PLANT: Final = park(line("works/line", machine(PRESS, hold_for=HOLD), machine(LATHE, hold_for=HOLD)))


class Killed(BaseException):
    """The process is gone."""


class Scene:
    """An engine between a spool, a store and records, and what the feed has told."""

    def __init__(self, spool: SqliteSpool, store: ResultStore, records: Records) -> None:
        self.spool, self.store, self.records = spool, store, records
        self.engine = Engine(PLANT, spool, store, records)
        self.read = 0

    async def begin(self, now: float, made: Park = PLANT) -> None:
        """Kill the engine, and start another."""
        await self.engine.end()
        self.engine = Engine(made, self.spool, self.store, self.records)
        await self.engine.begin(at(now))

    async def arrive(self, *frames: pl.DataFrame) -> None:
        """Bring samples through the spool into the store."""
        for frame in frames:
            await self.spool.append(frame, "plc")
        chunk = await self.spool.read(await self.spool.cursor(STORE), 10**6)
        await self.store.put(chunk.samples)
        await self.spool.commit(STORE, chunk.upto)

    async def cycle(self, now: float) -> None:
        """Let the link be up until then, and the engine go round until nothing is left."""
        await self.records.run(lambda c: write_links(c, [link(last=now, seen=now)]))
        while (await self.engine.cycle(at(now))).behind:
            continue

    async def told(self, topic: str) -> list[Told]:
        """Give what was told since this was asked last."""
        rows = await self.records.run(partial(read_feed, after=self.read, limit=100_000))
        self.read = rows[-1].number if rows else self.read
        return [row for row in rows if row.topic == topic]


@pytest.fixture
async def scene(spool: SqliteSpool, store: ResultStore, records: Records) -> Scene:
    made = Scene(spool, store, records)
    await made.engine.begin(at(0))
    return made


def states(path: str, *values: tuple[float, str]) -> pl.DataFrame:
    return samples(f"{path}/state", values)


def hours(told: list[Told], path: str = PRESS) -> list[tuple[str, int, str]]:
    """Give the hours told of a path: start, version, reason."""
    found = [one.body for one in told if one.path == path and one.body["period"] == "hour"]
    return [(body["start"], body["version"], body["reason"]) for body in found]


def shifts_of(told: list[Told]) -> list[dict[str, Any]]:
    """Give the shifts told of the press, from the first day of its life on."""
    mine = [one.body for one in told if one.path == PRESS and one.body["period"] == "shift"]
    return [body for body in mine if body["start"] >= hour(0)]


def hour(number: float) -> str:
    return written(at(number * HOUR))


async def test_a_window_is_told_when_it_is_over_for_good_with_all_above_it(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")), states(LATHE, (0, "RUN"), (1800, "WAIT")))
    await scene.cycle(HOUR + SETTLES - 60)
    assert await scene.told("kpis") == []
    await scene.cycle(HOUR + SETTLES + 60)
    told = await scene.told("kpis")
    assert {(one.path, one.body["period"]) for one in told} == {
        (path, "hour") for path in (PRESS, LATHE, "works/line", "works", "park")
    }
    press = next(one.body for one in told if one.path == PRESS)
    assert press | {"values": {}} == {
        "period": "hour",
        "name": "",
        "start": hour(0),
        "end": hour(1),
        "version": 1,
        "computed": press["computed"],
        "reason": "",
        "withdrawn": False,
        "coverage": 1.0,
        "values": {},
    }
    assert press["values"]["utilisation"] == 1.0
    assert press["values"]["oee"] is None
    assert not any(":" in slug for slug in press["values"])
    assert next(one.body for one in told if one.path == "park")["values"]["utilisation"] == 0.75
    await scene.cycle(HOUR + SETTLES + 120)
    assert await scene.told("kpis") == []


async def test_windows_are_told_at_once_when_what_is_known_leaps_ahead_of_the_clock(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")), states(LATHE, (0, "RUN")))
    await scene.cycle(600)
    told: list[tuple[str, int, str]] = []
    for hours_on in (2.5, 3.5, 9.5):
        ahead = [link(last=hours_on * HOUR, seen=hours_on * HOUR)]
        await scene.records.run(partial(write_links, links=ahead))
        while (await scene.engine.cycle(at(600 + hours_on))).behind:
            continue
        told += hours(await scene.told("kpis"))
        assert [start for start, _, _ in told] == [hour(number) for number in range(int(hours_on - SETTLES / HOUR))]


async def test_days_and_shifts_are_told_too(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(DAY + SETTLES + 60)
    told = [one.body for one in await scene.told("kpis") if one.path == "works"]
    assert Counter(one["period"] for one in told) == {"hour": 24, "day": 1, "shift": 1}
    assert next(one for one in told if one["period"] == "shift")["name"]


async def test_late_data_tells_a_window_again_with_the_next_version(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(4 * HOUR)
    await scene.told("kpis")
    await scene.arrive(states(PRESS, (600, "STOP"), (1200, "RUN")))
    await scene.cycle(4 * HOUR + 60)
    assert hours(await scene.told("kpis")) == [(hour(0), 2, Cause.LATE)]
    await scene.arrive(states(PRESS, (600, "STOP")))
    await scene.cycle(4 * HOUR + 120)
    assert hours(await scene.told("kpis")) == []


async def test_what_is_told_is_what_is_stored(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN"), (5000, "WAIT"), (9000, "RUN")), states(LATHE, (100, "STOP")))
    await scene.cycle(DAY + 3 * HOUR)
    await scene.arrive(states(LATHE, (7000, "RUN")))
    await scene.cycle(DAY + 3 * HOUR + 60)
    newest = {(one.path, one.body["period"], one.body["start"]): one.body for one in await scene.told("kpis")}
    over = settled_until(PLANT, dict.fromkeys((PRESS, LATHE), at(DAY + 3 * HOUR + 60)))["park"]
    kept = scene.store.kept.filter((pl.col("end") <= over) & ~pl.col("kpi").str.contains(":"))
    stored = {
        (path, period, written(start)): {
            slug: value if value is not None else None
            for slug, value in kept.filter(path=path, period=period, start=start).select("kpi", "value").iter_rows()
        }
        for path, period, start in kept.select("path", "period", "start").unique().iter_rows()
    }
    assert {key: body["values"] for key, body in newest.items()} == stored
    versions = dict(zip(kept.select("path", "period", "start").iter_rows(), kept["version"], strict=True))
    assert {key: body["version"] for key, body in newest.items()} == {
        (path, period, written(start)): version for (path, period, start), version in versions.items()
    }


@pytest.mark.parametrize("steps", range(7))
async def test_a_kill_at_any_transaction_loses_nothing_and_tells_nothing_twice(scene: Scene, steps: int) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(3 * HOUR)
    await scene.told("kpis")
    await scene.arrive(states(PRESS, (600, "STOP"), (1200, "RUN"), (3 * HOUR + 60, "WAIT")))
    run, left = scene.records.run, steps

    async def broken(work: Callable[..., Any]) -> Any:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        return await run(work)

    await scene.records.run(lambda c: write_links(c, [link(last=4 * HOUR, seen=4 * HOUR)]))
    scene.records.run = broken  # type: ignore[method-assign]
    with suppress(Killed):
        await scene.engine.cycle(at(4 * HOUR))
    scene.records.run = run  # type: ignore[method-assign]
    await scene.begin(4 * HOUR + 60)
    await scene.cycle(4 * HOUR + 60)
    rows = await run(partial(read_feed, after=0, limit=10_000))
    windows = Counter(
        (row.path, row.body["period"], row.body["start"], row.body["version"]) for row in rows if row.topic == "kpis"
    )
    assert set(windows.values()) == {1}
    assert {(PRESS, "hour", hour(0), 1), (PRESS, "hour", hour(0), 2), (PRESS, "hour", hour(1), 1)} <= set(windows)
    machine_states = [row.body for row in rows if row.topic == "states" and row.path == PRESS]
    assert machine_states[-1]["state"] == "idle"
    assert Counter(str(body) for body in machine_states).most_common(1)[0][1] == 1


async def test_a_kill_between_the_store_and_the_progress_is_told_once(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(3 * HOUR)
    await scene.told("kpis")
    await scene.arrive(states(PRESS, (600, "STOP"), (1200, "RUN")))
    write = scene.store.write_results

    async def written_and_killed(results: pl.DataFrame) -> None:
        await write(results)
        raise Killed

    scene.store.write_results = written_and_killed  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await scene.cycle(3 * HOUR + 60)
    scene.store.write_results = write  # type: ignore[method-assign]
    assert hours(await scene.told("kpis")) == []
    await scene.begin(3 * HOUR + 120)
    await scene.cycle(3 * HOUR + 120)
    assert hours(await scene.told("kpis")) == [(hour(0), 2, Cause.LATE)]


async def test_a_window_whose_write_broke_off_waits_for_it(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(3 * HOUR)
    await scene.told("kpis")
    await scene.arrive(states(PRESS, (600, "STOP"), (1200, "RUN")))
    scene.store.result_troubles.append(StoreUnavailableError("memory", "away"))
    with pytest.raises(StoreUnavailableError):
        await scene.cycle(3 * HOUR + 60)
    await scene.begin(3 * HOUR + 61)
    assert hours(await scene.told("kpis")) == []
    await scene.cycle(3 * HOUR + 120)
    assert hours(await scene.told("kpis")) == [(hour(0), 2, Cause.LATE)]


async def test_what_somebody_recomputes_beside_the_engine_is_told(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(5 * HOUR)
    await scene.told("kpis")
    await scene.store.put(states(PRESS, (600, "STOP"), (1200, "RUN")))
    by_hand = Jobs(Reader(PLANT, scene.store, scene.records))
    await by_hand.compute(ranges_of([PRESS], at(0), at(HOUR), Cause.ASKED), now=at(5 * HOUR + 5))
    assert hours(await scene.told("kpis")) == []
    await scene.cycle(5 * HOUR + 10)
    assert hours(await scene.told("kpis")) == [(hour(0), 2, Cause.ASKED)]


async def test_a_shift_that_is_no_more_is_told_as_withdrawn(scene: Scene) -> None:
    def planned(start: int) -> Park:
        shift = Shift(name="day", start=at(start * HOUR).time(), end=at((start + 4) * HOUR).time())
        return PLANT.model_copy(update={"calendars": {"usual": Calendar(shifts=(shift,))}})

    await scene.begin(0, planned(2))
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(DAY)
    before = shifts_of(await scene.told("kpis"))
    assert [(body["start"], body["withdrawn"]) for body in before] == [(hour(2), False)]
    await scene.begin(DAY, planned(3))
    await scene.cycle(DAY + 60)
    after = shifts_of(await scene.told("kpis"))
    assert sorted((body["start"], body["version"], body["withdrawn"]) for body in after) == [
        (hour(2), 2, True),
        (hour(3), 1, False),
    ]
    assert set(next(body for body in after if body["withdrawn"])["values"].values()) == {None}


async def test_what_is_over_leaves_nothing_untold(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(6 * HOUR)
    left = await scene.records.run(partial(read_untold, now=at(9 * DAY), limit=1000))
    assert {(one.key.path, one.key.period) for one in left if one.end <= at(6 * HOUR - SETTLES)} == set()
    assert {one.key.period for one in left} == {"hour", "shift", "day"}


async def test_states_are_told_with_the_progress_they_are_part_of(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN"), (600, "WAIT")))
    await scene.cycle(1200)
    told = [one.body for one in await scene.told("states") if one.path == PRESS]
    assert [(body["state"], body["start"], body["until"]) for body in told if body["state"] != "unknown"] == [
        ("producing", hour(0), hour(1 / 6)),
        ("idle", hour(1 / 6), None),
    ]
    await scene.cycle(1800)
    assert await scene.told("states") == []
    await scene.arrive(states(PRESS, (1700, "STOP")))
    await scene.begin(1801)
    await scene.cycle(1802)
    (body,) = [one.body for one in await scene.told("states") if one.path == PRESS]
    assert (body["state"], body["raw"], body["start"], body["until"], body["revised_from"]) == (
        "unplanned_stop",
        "STOP",
        written(at(1700)),
        None,
        None,
    )


async def test_late_data_says_since_when_states_are_others(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN"), (3000, "WAIT")))
    await scene.cycle(HOUR)
    await scene.told("states")
    await scene.arrive(states(PRESS, (600, "STOP"), (900, "RUN")))
    await scene.cycle(HOUR + 60)
    (body,) = [one.body for one in await scene.told("states")]
    assert (body["state"], body["start"], body["revised_from"]) == ("idle", written(at(3000)), written(at(600)))
    await scene.arrive(states(PRESS, (700, "STOP")))
    await scene.cycle(HOUR + 120)
    assert await scene.told("states") == []


async def test_a_gap_that_becomes_known_says_since_when_states_are_others(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN"), (4 * HOUR, "WAIT")))
    await scene.cycle(5 * HOUR)
    await scene.told("states")
    await scene.records.run(
        lambda c: add_gap(c, "plc", [f"{PRESS}/state"], at(HOUR), at(2 * HOUR), "lost", kind=GapKind.SEQUENCE)
    )
    await scene.cycle(5 * HOUR + 60)
    (body,) = [one.body for one in await scene.told("states") if one.path == PRESS]
    assert body["revised_from"] == written(at(HOUR) + HOLD)


async def test_records_that_are_down_lose_nothing(scene: Scene) -> None:
    await scene.arrive(states(PRESS, (0, "RUN")))
    run = scene.records.run
    failing = True

    async def flaky(work: Callable[..., Any]) -> Any:
        nonlocal failing
        failing = not failing
        if failing:
            msg = "away"
            raise RecordsError(msg)
        return await run(work)

    await scene.records.run(lambda c: write_links(c, [link(last=3 * HOUR, seen=3 * HOUR)]))
    scene.records.run = flaky  # type: ignore[method-assign]
    for _ in range(60):
        failing = not failing
        try:
            await scene.engine.cycle(at(3 * HOUR))
        except RecordsError:
            continue
    scene.records.run = run  # type: ignore[method-assign]
    await scene.cycle(3 * HOUR + 1)
    assert [start for start, _, _ in hours(await scene.told("kpis"))] == [hour(0)]


def test_what_is_above_is_over_with_the_slowest_below() -> None:
    known: dict[str, datetime] = {PRESS: at(5 * HOUR), LATHE: at(4 * HOUR)}
    settled = settled_until(PLANT, known)
    assert settled[PRESS] == at(5 * HOUR - SETTLES)
    assert settled["works/line"] == settled["works"] == settled["park"] == settled[LATHE] == at(4 * HOUR - SETTLES)
    assert settled_until(PLANT, {PRESS: at(0)}).keys() == {PRESS, "works/line", "works", "park"}


async def test_a_machine_that_stands_still_is_not_waited_for_any_longer(scene: Scene) -> None:
    await scene.begin(0, park(*PLANT.factories[0].lines, line("works/other", machine(OTHER, source="plc2"))))
    await scene.records.run(lambda c: write_links(c, [link("plc2", last=4 * HOUR)]))
    await scene.arrive(states(PRESS, (0, "RUN")), states(LATHE, (0, "RUN")), states(OTHER, (0, "RUN")))
    await scene.cycle(4 * HOUR)
    await scene.cycle(DAY)
    assert hours(await scene.told("kpis"), "works")[-1] == (hour(1), 1, "")
    await scene.cycle(DAY + 5 * HOUR)
    told = await scene.told("kpis")
    assert hours(told, OTHER)[-1] == (hour(3), 1, "")  # nothing more will come of it
    assert hours(told, "works")[-1] == (hour(26), 1, "")
    await scene.records.run(lambda c: write_links(c, [link("plc2", last=DAY + 5 * HOUR)]))
    await scene.arrive(states(OTHER, (5 * HOUR, "STOP")))
    await scene.cycle(DAY + 5 * HOUR + 120)
    assert (hour(5), 2, Cause.LATE) in hours(await scene.told("kpis"), "works")


async def test_what_is_old_goes_now_and_then(scene: Scene) -> None:
    def tells(connection: sa.Connection) -> None:
        for day in range(10):
            tell(connection, "kpis", [Entry("park", {"day": day})], now=at(day * DAY))

    await scene.records.run(tells)
    pruning = Pruning(scene.records, timedelta(days=7))
    assert await pruning.once(at(9 * DAY)) == 2
    assert await pruning.once(at(9 * DAY + 300)) == 0
    assert await scene.records.run(read_bounds) == Bounds(2, 10)
    assert await pruning.once(at(10 * DAY)) == 1


async def test_a_window_is_told_after_everybody_is_shown_it(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    before: list[int] = []

    async def shown() -> None:
        stored = await scene.store.results(start=at(0), end=at(HOUR), paths=[PRESS], periods=["hour"])
        assert stored.height
        before.append(len(await scene.told("kpis")))

    monkeypatch.setattr(scene.engine, "_shown", shown)
    await scene.arrive(states(PRESS, (0, "RUN")))
    await scene.cycle(3 * HOUR)
    assert before == [0]
    assert hours(await scene.told("kpis"))
    await scene.cycle(3 * HOUR + 1)
    assert before == [0]  # nothing to tell, nothing to wait for
