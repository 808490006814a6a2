"""Restating: numbers that were told change openly, with a version, a reason, and what they said before."""

from collections.abc import Callable
from datetime import time, timedelta
from typing import Any

import polars as pl
import pytest

from adapters.sources.contract import FilledBy, GapKind
from analytics.engine import Engine
from analytics.ledger import read_superseded
from analytics.notes import WITHDRAWN
from analytics.restatement import as_of
from analytics.results import accounts_of
from analytics.stopreasons import add_reason, revoke_reason
from collector.gaps import add_gap
from collector.links import write_links
from collector.park import Break, Calendar, Park, Shift, Signal, SignalRole, StopReason
from collector.records import Records
from collector.resolution import Filling, Part, fill
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.analytics.plant import Address, ResultStore, at, line, link, machine, park, samples

HOUR, DAY = 3600, 86_400
PRESS, LATHE = "works/line/press", "works/line/lathe"


def plant(**keys: Any) -> Park:
    """Give a park with two machines, of which the press counts its parts."""
    counter = Signal(
        path=f"{PRESS}/parts", name="parts", source="plc", address=Address(), type="int", role=SignalRole.TOTAL_COUNT
    )
    press = machine(PRESS, counter, **{"ideal_cycle": timedelta(seconds=60), **keys})
    made = park(line("works/line", press, machine(LATHE)))
    return made.model_copy(update={"stop_reasons": {"jam": StopReason(), "retool": StopReason(loss="setup")}})


class Scene:
    """An engine, and everything around it."""

    def __init__(self, spool: SqliteSpool, store: ResultStore, records: Records) -> None:
        self.spool, self.store, self.records = spool, store, records
        self.engine: Engine | None = None

    async def begin(self, made: Park, now: float = 0) -> None:
        """Let an engine begin, in place of the last one."""
        if self.engine is not None:
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
        """Let the link be up until then, and the engine compute."""
        assert self.engine is not None
        await self.records.run(lambda c: write_links(c, [link(last=now, seen=now)]))
        await self.engine.cycle(at(now))

    def told(self, path: str, kpi: str, period: str = "day", start: float = 0) -> tuple[float | None, int, str]:
        """Give a number, its version and why it was told again."""
        row = self.store.kept.filter(path=path, kpi=kpi, period=period, start=at(start)).row(0, named=True)
        return row["value"], row["version"], row["reason"]


@pytest.fixture
async def scene(spool: SqliteSpool, store: ResultStore, records: Records) -> Scene:
    """Two days that are over: the press ran for six hours of the first one, and made a part every minute."""
    made = Scene(spool, store, records)
    await made.begin(plant())
    parts = samples(f"{PRESS}/parts", [(60.0 * n, n) for n in range(361)])
    await made.arrive(samples(f"{PRESS}/state", [(0, "RUN"), (6 * HOUR, "STOP")]), parts)
    await made.arrive(samples(f"{LATHE}/state", [(0, "WAIT")]))
    await made.cycle(2 * DAY)
    return made


async def test_a_window_is_first_told_as_version_one(scene: Scene) -> None:
    assert scene.told(PRESS, "producing_time") == (6 * HOUR, 1, "")
    assert scene.told(PRESS, "effectiveness") == (1.0, 1, "")
    assert scene.told(PRESS, "oee") == (0.25, 1, "")
    assert scene.told("works/line", "oee_bottleneck") == (0.25, 1, "")


async def test_late_samples_restate_what_they_touch_and_nothing_else(scene: Scene) -> None:
    await scene.arrive(samples(f"{PRESS}/state", [(4 * HOUR, "WAIT")], at(2 * DAY)))
    await scene.cycle(2 * DAY + 10)
    assert scene.told(PRESS, "producing_time") == (4 * HOUR, 2, "late samples")
    assert scene.told("park", "producing_time") == (4 * HOUR, 2, "late samples")
    assert scene.told(PRESS, "producing_time", "hour", 4 * HOUR) == (0, 2, "late samples")
    assert scene.told(PRESS, "producing_time", "hour", 3 * HOUR) == (HOUR, 1, "")
    assert scene.told(LATHE, "idle_time") == (DAY, 1, "")


async def test_what_was_true_before_can_be_asked(scene: Scene) -> None:
    await scene.arrive(samples(f"{PRESS}/state", [(4 * HOUR, "WAIT")], at(2 * DAY)))
    await scene.cycle(2 * DAY + 10)
    restatements = await scene.records.run(lambda connection: read_superseded(connection, paths=[PRESS]))
    before = as_of(scene.store.kept, restatements, at(2 * DAY + 5))
    day = before.filter(path=PRESS, period="day", start=at(0), kpi="producing_time").row(0, named=True)
    assert (day["value"], day["version"]) == (6 * HOUR, 1)


async def test_a_late_reading_of_a_counter_restates_its_windows(scene: Scene) -> None:
    more = [(6 * HOUR + 60.0 * n, 360 + n) for n in range(1, 31)]
    await scene.arrive(samples(f"{PRESS}/parts", more, at(2 * DAY)))
    await scene.cycle(2 * DAY + 10)
    assert scene.told(PRESS, "total_count", "hour", 6 * HOUR) == (31, 2, "late samples")
    assert scene.told(PRESS, "total_count") == (390, 2, "late samples")
    assert scene.told(PRESS, "total_count", "hour", 5 * HOUR) == (60, 1, "")


async def test_the_same_again_is_not_told_again(scene: Scene) -> None:
    kept = scene.store.kept
    await scene.arrive(samples(f"{PRESS}/state", [(HOUR, "RUN")], at(2 * DAY)))
    await scene.cycle(2 * DAY + 10)
    day = pl.col("start") < at(2 * DAY)
    assert scene.store.kept.filter(day).equals(kept.filter(day))


async def test_a_window_that_grows_keeps_its_version(scene: Scene) -> None:
    for hour in (2.25, 2.5, 2.75):
        await scene.arrive(samples(f"{PRESS}/state", [(DAY * 2 + hour * HOUR - 1, "RUN")]))
        await scene.cycle(2 * DAY + hour * HOUR)
    value, version, reason = scene.told(PRESS, "calendar_time", "hour", 2 * DAY + 2 * HOUR)
    assert (value, version, reason) == (0.75 * HOUR, 1, "")


@pytest.mark.every_database
async def test_a_gap_that_becomes_known_and_is_filled_restates(scene: Scene) -> None:
    hours = (7 * HOUR, 9 * HOUR)
    await scene.records.run(
        lambda c: add_gap(c, "plc", [], at(hours[0]), at(hours[1]), "link lost", kind=GapKind.OUTAGE)
    )
    await scene.cycle(2 * DAY + 10)
    value, version, reason = scene.told(PRESS, "unknown_time")
    assert (version, reason) == (2, "gap")
    assert value == DAY - 7 * HOUR - 600  # nothing was reported since: 10 minutes are bridged, the rest nobody knows
    await scene.arrive(samples(f"{PRESS}/state", [(8 * HOUR, "RUN"), (9 * HOUR, "STOP")], at(2 * DAY)))
    filling = Filling(Part("plc", (), at(hours[0]), at(hours[1])), FilledBy.HISTORY, 2, "", 0)
    await scene.records.run(lambda c: fill(c, filling, at(2 * DAY + 15), [f"{PRESS}/state"]))
    await scene.cycle(2 * DAY + 20)
    value, version, reason = scene.told(PRESS, "producing_time")
    assert (value, version, reason) == (7 * HOUR, 3, "late samples, gap filled")


@pytest.mark.every_database
async def test_what_somebody_says_of_a_stop_restates_its_windows(scene: Scene) -> None:
    said = await scene.records.run(
        lambda c: add_reason(c, PRESS, at(6 * HOUR), at(8 * HOUR), "retool", note="new die", by="lin", now=at(2 * DAY))
    )
    await scene.cycle(2 * DAY + 10)
    assert scene.told(PRESS, "setup_time") == (2 * HOUR, 2, "stop reason changed")
    assert scene.told(PRESS, "loss:setup/retool") == (2 * HOUR, 2, "stop reason changed")
    await scene.records.run(lambda c: revoke_reason(c, PRESS, said.id, now=at(2 * DAY + 15)))
    await scene.cycle(2 * DAY + 20)
    assert scene.told(PRESS, "setup_time") == (0, 3, "stop reason changed")
    assert scene.told(PRESS, "loss:setup/retool") == (0, 3, "stop reason changed")


@pytest.mark.parametrize(
    ("changed", "kpi", "told"),
    [
        (lambda: plant(ideal_cycle=timedelta(seconds=30)), "effectiveness", (0.5, 2, "map changed")),
        (
            lambda: plant().model_copy(
                update={
                    "calendars": {
                        "usual": Calendar(
                            shifts=(
                                Shift(
                                    name="all",
                                    start=time(0),
                                    end=time(0),
                                    breaks=(Break(start=time(5), end=time(6)),),
                                ),
                            )
                        )
                    }
                }
            ),
            "planned_time",
            (23 * HOUR, 2, "calendar changed"),
        ),
    ],
    ids=["map", "calendar"],
)
async def test_what_is_configured_differently_restates_what_was_told(
    scene: Scene, changed: Callable[[], Park], kpi: str, told: tuple[float, int, str]
) -> None:
    await scene.begin(changed(), 2 * DAY + 5)
    await scene.cycle(2 * DAY + 10)
    assert scene.told(PRESS, kpi) == told


async def test_a_start_with_the_same_files_restates_nothing(scene: Scene) -> None:
    kept = scene.store.kept
    await scene.begin(plant(), 2 * DAY + 5)
    await scene.cycle(2 * DAY + 10)
    day = pl.col("start") < at(2 * DAY)
    assert scene.store.kept.filter(day).equals(kept.filter(day))


def worked(*shifts: Shift) -> Calendar:
    """Give a calendar of these shifts."""
    return Calendar(shifts=shifts)


def early(begins: int, ends: int = 14, name: str = "early") -> Shift:
    """Give a shift from one full hour to another."""
    return Shift(name=name, start=time(begins), end=time(ends))


def shifts(press: Calendar, lathe: Calendar) -> Park:
    """Give the plant with a calendar of its own for each machine."""
    made = plant()
    (factory,) = made.factories
    (one,) = factory.lines
    machines = tuple(machine.model_copy(update={"calendar": machine.id}) for machine in one.equipment)
    lines = (one.model_copy(update={"equipment": machines}),)
    factories = (factory.model_copy(update={"lines": lines}),)
    return made.model_copy(
        update={"factories": factories, "calendars": made.calendars | {"press": press, "lathe": lathe}}
    )


@pytest.fixture
async def shifted(spool: SqliteSpool, store: ResultStore, records: Records) -> Scene:
    """The same two days in shifts, from six to two."""
    made = Scene(spool, store, records)
    await made.begin(shifts(worked(early(6)), worked(early(6))))
    await made.arrive(samples(f"{PRESS}/state", [(0, "RUN"), (12 * HOUR, "STOP")]))
    await made.arrive(samples(f"{LATHE}/state", [(0, "WAIT")]))
    await made.cycle(2 * DAY)
    return made


async def change(scene: Scene, press: Calendar, lathe: Calendar) -> None:
    """Let an engine begin with other calendars, and compute."""
    await scene.begin(shifts(press, lathe), 2 * DAY + 5)
    await scene.cycle(2 * DAY + 10)


def noted(scene: Scene, path: str, hour: float) -> set[str]:
    """Give every note of the shift that begins at an hour."""
    return set(scene.store.kept.filter(path=path, period="shift", start=at(hour * HOUR))["note"])


NO_MORE = (None, 2, "calendar changed")


async def test_a_shift_that_begins_later_takes_the_place_of_the_one_that_was(shifted: Scene) -> None:
    assert shifted.told(PRESS, "producing_time", "shift", 6 * HOUR) == (6 * HOUR, 1, "")
    await change(shifted, worked(early(7)), worked(early(7)))
    for path in (PRESS, LATHE, "works/line", "works", "park"):
        old = shifted.store.kept.filter(path=path, period="shift", start=at(6 * HOUR))
        assert old["value"].null_count() == old["coverage"].null_count() == len(old) > 0
        assert noted(shifted, path, 6) == {WITHDRAWN}
        assert shifted.told(path, "planned_time", "shift", 6 * HOUR) == NO_MORE
    assert shifted.told(PRESS, "producing_time", "shift", 7 * HOUR) == (5 * HOUR, 1, "")
    assert shifted.told("park", "producing_time", "shift", 7 * HOUR) == (5 * HOUR, 1, "")


async def test_what_a_withdrawn_shift_said_can_be_asked(shifted: Scene) -> None:
    await change(shifted, worked(early(7)), worked(early(7)))
    replaced = await shifted.records.run(lambda c: read_superseded(c, paths=[PRESS], periods=["shift"]))
    assert replaced.select("start", "version", "reason").rows() == [
        (at(6 * HOUR), 1, "calendar changed"),
        (at(DAY + 6 * HOUR), 1, "calendar changed"),
    ]
    before = as_of(shifted.store.kept, replaced, at(2 * DAY + 5))
    row = before.filter(path=PRESS, period="shift", start=at(6 * HOUR), kpi="producing_time").row(0, named=True)
    assert (row["value"], row["note"]) == (6 * HOUR, "")


async def test_above_a_machine_the_others_still_have_the_shift(shifted: Scene) -> None:
    await change(shifted, worked(early(7)), worked(early(6)))
    assert shifted.told(PRESS, "planned_time", "shift", 6 * HOUR) == NO_MORE
    assert shifted.told(LATHE, "planned_time", "shift", 6 * HOUR) == (8 * HOUR, 1, "")
    assert shifted.told("works/line", "planned_time", "shift", 6 * HOUR) == (8 * HOUR, 2, "calendar changed")
    assert shifted.told("works/line", "producing_time", "shift", 6 * HOUR) == (0, 2, "calendar changed")
    assert WITHDRAWN not in noted(shifted, "works/line", 6)


async def test_a_withdrawn_shift_enters_no_later_sum(shifted: Scene) -> None:
    await change(shifted, worked(early(7)), worked(early(6)))
    await shifted.arrive(samples(f"{LATHE}/state", [(10 * HOUR, "RUN")], at(2 * DAY + 15)))
    await shifted.cycle(2 * DAY + 20)
    assert shifted.told("works/line", "planned_time", "shift", 6 * HOUR) == (8 * HOUR, 3, "late samples")
    assert shifted.told("works/line", "producing_time", "shift", 6 * HOUR) == (4 * HOUR, 3, "late samples")
    assert shifted.told(PRESS, "planned_time", "shift", 6 * HOUR) == NO_MORE
    kept = shifted.store.kept.filter(path=PRESS)
    assert at(6 * HOUR) not in set(accounts_of(kept).filter(period="shift")["start"])


async def test_a_shift_that_comes_back_has_its_numbers_again(shifted: Scene) -> None:
    await change(shifted, worked(early(7)), worked(early(7)))
    await change(shifted, worked(early(6)), worked(early(6)))
    assert shifted.told(PRESS, "producing_time", "shift", 6 * HOUR) == (6 * HOUR, 3, "calendar changed")
    assert shifted.told("park", "producing_time", "shift", 6 * HOUR) == (6 * HOUR, 3, "calendar changed")
    assert shifted.told(PRESS, "producing_time", "shift", 7 * HOUR) == NO_MORE


async def test_what_is_withdrawn_is_withdrawn_once(shifted: Scene) -> None:
    await change(shifted, worked(early(7)), worked(early(7)))
    await change(shifted, worked(early(7), early(22, 23, "late")), worked(early(7)))
    assert shifted.told(PRESS, "planned_time", "shift", 6 * HOUR) == NO_MORE


async def test_a_bound_between_shifts_moves_though_there_is_work_as_before(shifted: Scene) -> None:
    two = (worked(early(6), early(14, 22, "late")),) * 2
    await change(shifted, *two)
    assert shifted.told(PRESS, "planned_time", "shift", 14 * HOUR) == (8 * HOUR, 1, "")
    await change(shifted, *(worked(early(6, 15), early(15, 22, "late")),) * 2)
    assert shifted.told(PRESS, "planned_time", "shift", 6 * HOUR) == (9 * HOUR, 2, "calendar changed")
    assert shifted.told(PRESS, "planned_time", "shift", 14 * HOUR) == NO_MORE
    assert shifted.told(PRESS, "planned_time", "shift", 15 * HOUR) == (7 * HOUR, 1, "")


async def test_a_shift_by_another_name_is_told_by_it(shifted: Scene) -> None:
    await change(shifted, *(worked(early(6, 14, "morning")),) * 2)
    kept = shifted.store.kept.filter(path=PRESS, period="shift", start=at(6 * HOUR))
    assert set(kept.select("name", "version", "reason").rows()) == {("morning", 2, "calendar changed")}
    assert shifted.told(PRESS, "producing_time", "shift", 6 * HOUR) == (6 * HOUR, 2, "calendar changed")


def zoned(zone: str) -> Park:
    """Give the plant with its factory in a zone; the park's hours and days are those of its first factory."""
    made = plant()
    (factory,) = made.factories
    return made.model_copy(update={"factories": (factory.model_copy(update={"time_zone": zone}),)})


async def test_the_days_of_another_zone_take_the_place_of_those_that_were(scene: Scene) -> None:
    await scene.begin(zoned("Asia/Shanghai"), 2 * DAY + 5)
    await scene.cycle(2 * DAY + 10)
    for path in (PRESS, LATHE, "works/line", "works", "park"):
        assert scene.told(path, "calendar_time", "day", 0) == NO_MORE
        assert scene.told(path, "calendar_time", "hour", 5 * HOUR)[1:] == (1, "")
    assert scene.told(PRESS, "producing_time", "day", -8 * HOUR) == (6 * HOUR, 1, "")
    assert scene.told("works/line", "calendar_time", "day", 16 * HOUR) == (2 * DAY, 1, "")
    days = accounts_of(scene.store.kept).filter(period="day", path=PRESS).sort("start")
    assert (days["end"] <= days["start"].shift(-1)).drop_nulls().all()


async def test_a_zone_that_is_off_by_half_an_hour_has_other_hours(scene: Scene) -> None:
    await scene.begin(zoned("Asia/Kolkata"), 2 * DAY + 5)
    await scene.cycle(2 * DAY + 10)
    assert scene.told(PRESS, "calendar_time", "hour", 5 * HOUR) == NO_MORE
    assert scene.told(PRESS, "producing_time", "hour", 5.5 * HOUR) == (HOUR / 2, 1, "")
    await scene.begin(plant(), 2 * DAY + 15)
    await scene.cycle(2 * DAY + 20)
    assert scene.told(PRESS, "producing_time", "hour", 5 * HOUR) == (HOUR, 3, "calendar changed")
    assert scene.told(PRESS, "producing_time", "hour", 5.5 * HOUR) == NO_MORE


async def test_days_without_work_have_another_zone_too(shifted: Scene) -> None:
    rest = (Calendar(shifts=(Shift(name="all", start=time(0), end=time(0), days=("sun",)),)),) * 2
    await change(shifted, *rest)
    made = shifts(*rest)
    (factory,) = made.factories
    moved = factory.model_copy(update={"time_zone": "Asia/Shanghai"})
    await shifted.begin(made.model_copy(update={"factories": (moved,)}), 2 * DAY + 15)
    await shifted.cycle(2 * DAY + 20)
    assert shifted.told(PRESS, "calendar_time", "day", 0) == (None, 3, "calendar changed")
    assert shifted.told(PRESS, "calendar_time", "day", -8 * HOUR) == (DAY, 1, "")


async def test_another_bottleneck_restates_the_oee_that_limits_a_line(scene: Scene) -> None:
    made = plant()
    (factory,) = made.factories
    (one,) = factory.lines
    lines = (one.model_copy(update={"bottleneck": "lathe"}),)
    limited = made.model_copy(update={"factories": (factory.model_copy(update={"lines": lines}),)})
    await scene.begin(limited, 2 * DAY + 5)
    await scene.cycle(2 * DAY + 10)
    assert scene.told("works/line", "oee_bottleneck") == (None, 2, "map changed")  # no part of the lathe is counted
    assert scene.told(PRESS, "oee") == (0.25, 1, "")
    await scene.begin(made, 2 * DAY + 15)
    await scene.cycle(2 * DAY + 20)
    assert scene.told("works/line", "oee_bottleneck") == (0.25, 3, "map changed")
