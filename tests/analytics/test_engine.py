"""The engine: numbers when the store has what they rest on, and nothing lost by a kill."""

from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.sources.contract import FilledBy, GapKind
from adapters.stores.contract import StoreUnavailableError
from analytics.engine import CONSUMER, Engine
from analytics.progress import read_owed
from collector.gaps import add_gap, begin_gap, end_gap
from collector.links import write_links
from collector.records import Records
from collector.resolution import Filling, Part, close_gap, fill, fill_stored, note_filling
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.analytics.plant import ResultStore, at, line, link, machine, park, samples

HOUR, DAY = 3600, 86_400
PRESS = "works/line/press"
STATE = f"{PRESS}/state"
PLANT = park(line("works/line", machine(PRESS, hold_for=timedelta(minutes=10))))


class Corridor:
    """The collector's side: what it spools, what its drain has stored, how its link stands."""

    def __init__(self, spool: SqliteSpool, store: ResultStore, records: Records) -> None:
        self.spool, self.store, self.records = spool, store, records
        self.engine = Engine(PLANT, spool, store, records)
        self._last = 0.0

    async def arrive(self, *frames: pl.DataFrame) -> None:
        """Spool samples."""
        for frame in frames:
            await self.spool.append(frame, "plc")

    async def drain(self) -> None:
        """Bring everything spooled into the store."""
        chunk = await self.spool.read(await self.spool.cursor(STORE), 10**6)
        await self.store.put(chunk.samples)
        await self.spool.commit(STORE, chunk.upto)

    async def up(self, seconds: float, *, last: float | None = None) -> None:
        """Let the link be up until then."""
        self._last = seconds if last is None else last
        await self.records.run(lambda c: write_links(c, [link(last=self._last, seen=seconds)]))

    async def cycle(self, now: float) -> Any:
        return await self.engine.cycle(at(now))

    async def restart(self, now: float = 0) -> None:
        """Kill the engine, and start another."""
        await self.engine.end()
        self.engine = Engine(PLANT, self.spool, self.store, self.records)
        await self.engine.begin(at(now))

    def seconds(self, kpi: str, period: str = "day", start: float = 0, path: str = PRESS) -> float | None:
        return self.store.value(path, period, at(start), kpi)

    def coverage(self) -> float:
        """Give how much of the press's planned time of the day is known."""
        day = self.store.kept.filter(path=PRESS, period="day", start=at(0), kpi="utilisation")
        return float(day["coverage"].item())


@pytest.fixture
async def corridor(spool: SqliteSpool, store: ResultStore, records: Records) -> Corridor:
    made = Corridor(spool, store, records)
    await made.engine.begin(at(0))
    return made


def states(*values: tuple[float, Any], received: float | None = None) -> pl.DataFrame:
    return samples(STATE, values, None if received is None else at(received))


async def test_what_is_stored_is_in_the_numbers_after_one_cycle(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN"), (1800, "WAIT")))
    await corridor.drain()
    await corridor.up(HOUR)
    done = await corridor.cycle(HOUR)
    assert (done.samples, done.behind) == (2, False)
    assert corridor.seconds("producing_time") == 1800
    assert corridor.seconds("utilisation", path="park") == 0.5
    assert (await corridor.cycle(HOUR)).results == 0
    assert await corridor.spool.cursor(CONSUMER) == await corridor.spool.end()


async def test_numbers_wait_for_the_drain(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN")))
    await corridor.up(HOUR)
    assert (await corridor.cycle(HOUR)).results == 0
    await corridor.drain()
    assert (await corridor.cycle(HOUR)).results > 0
    assert corridor.seconds("producing_time") == HOUR


async def test_late_data_of_any_age_is_in_the_numbers_after_one_cycle(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN"), (2 * DAY, "WAIT")))
    await corridor.drain()
    await corridor.up(2 * DAY + HOUR)
    await corridor.cycle(2 * DAY + HOUR)
    assert corridor.seconds("producing_time", "hour", 5 * HOUR) == HOUR
    await corridor.arrive(states((4 * HOUR, "STOP"), (6 * HOUR, "RUN"), (-20 * DAY, "RUN")))
    await corridor.drain()
    await corridor.cycle(2 * DAY + HOUR)
    assert corridor.seconds("unplanned_stop_time") == 2 * HOUR
    assert corridor.seconds("producing_time", "hour", 5 * HOUR) == 0
    assert corridor.seconds("producing_time", "day", -20 * DAY) == DAY


async def test_a_killed_engine_takes_up_where_it_was(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN")))
    await corridor.up(100, last=5)
    await corridor.cycle(100)
    await corridor.restart()
    await corridor.drain()
    await corridor.up(HOUR)
    await corridor.cycle(HOUR)
    assert corridor.seconds("producing_time") == HOUR


async def test_results_that_a_killed_engine_had_stored_are_not_told_again(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN"), (1800, "WAIT")))
    await corridor.drain()
    await corridor.up(HOUR)
    write = corridor.store.write_results

    async def written_and_killed(results: pl.DataFrame) -> None:
        await write(results)
        raise KeyboardInterrupt

    corridor.store.write_results = written_and_killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await corridor.cycle(HOUR)
    corridor.store.write_results = write  # type: ignore[method-assign]
    before = corridor.store.kept
    await corridor.restart()
    assert len(before) > 0
    assert (await corridor.cycle(HOUR)).results == 0
    assert corridor.store.kept.equals(before)


async def test_a_store_that_was_away_gets_everything_later(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN")))
    await corridor.drain()
    await corridor.up(HOUR)
    corridor.store.result_troubles.append(StoreUnavailableError("memory", "away"))
    with pytest.raises(StoreUnavailableError):
        await corridor.cycle(HOUR)
    await corridor.cycle(HOUR)
    assert corridor.seconds("producing_time") == HOUR


async def test_what_the_spool_dropped_unread_is_made_up_from_the_store(
    tmp_path: Path, store: ResultStore, records: Records
) -> None:
    async with SqliteSpool(tmp_path / "hasty.db", limit=2**26, linger=timedelta(0), keep=timedelta(0)) as hasty:
        corridor = Corridor(hasty, store, records)
        await corridor.engine.begin(at(0))
        await corridor.arrive(states((0, "RUN"), received=0))
        await corridor.up(60)
        await corridor.cycle(60)
        await corridor.arrive(states((DAY, "STOP"), (-2 * DAY, "WAIT"), received=DAY))
        await corridor.drain()
        await corridor.arrive(states((DAY + 60, "RUN"), received=DAY + 60))
        assert (await hasty.read(await hasty.cursor(CONSUMER), 1)).missed
        await corridor.up(DAY + HOUR)
        await corridor.restart()
        await corridor.cycle(DAY + HOUR)
        await corridor.drain()
        await corridor.cycle(DAY + HOUR)
        assert corridor.seconds("unplanned_stop_time", "day", DAY) == 60
        assert corridor.seconds("idle_time", "day", -2 * DAY) == DAY


async def test_windows_that_run_go_on_without_reports(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN")))
    await corridor.drain()
    await corridor.up(600, last=0)
    await corridor.cycle(600)
    await corridor.up(650, last=0)
    assert (await corridor.cycle(650)).results == 0
    await corridor.up(700, last=0)
    await corridor.cycle(700)
    assert corridor.seconds("producing_time") == 700
    await corridor.up(5 * HOUR, last=0)
    await corridor.restart()
    await corridor.cycle(5 * HOUR)
    assert [corridor.seconds("producing_time", "hour", n * HOUR) for n in range(5)] == [HOUR] * 5


async def test_a_gap_counts_as_long_as_it_is_not_filled(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN")))
    await corridor.drain()
    await corridor.up(60, last=0)
    await corridor.cycle(60)
    await corridor.records.run(lambda c: begin_gap(c, "plc", at(60), "cable"))
    await corridor.records.run(lambda c: write_links(c, [link(state="down", last=0, seen=60)]))
    await corridor.cycle(HOUR)
    assert (corridor.seconds("producing_time"), corridor.seconds("unknown_time")) == (660, HOUR - 660)
    await corridor.records.run(lambda c: end_gap(c, "plc", at(HOUR), filled=True))
    await corridor.up(HOUR, last=0)
    await corridor.cycle(HOUR)
    assert (corridor.seconds("producing_time"), corridor.seconds("unknown_time")) == (HOUR, 0)


async def test_what_fills_a_gap_has_what_rests_on_it_computed_again(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN"), (HOUR, "RUN")))
    await corridor.drain()
    await corridor.up(HOUR)
    away = partial(add_gap, source="plc", signals=(), start=at(600), end=at(3000), cause="cable")
    await corridor.records.run(partial(away, kind=GapKind.OUTAGE))
    await corridor.cycle(HOUR)
    assert (corridor.seconds("producing_time"), corridor.seconds("unknown_time")) == (1200, HOUR - 1200)
    assert corridor.coverage() == pytest.approx(1200 / HOUR)

    await corridor.arrive(states((1000, "WAIT"), (2000, "RUN")))
    filling = Filling(Part("plc", (), at(600), at(3000)), FilledBy.RECORDING, 2, corridor.spool.log, 0)
    position = await corridor.spool.end()
    await corridor.records.run(lambda c: note_filling(c, replace(filling, position=position)))
    await corridor.cycle(HOUR)
    assert corridor.coverage() == pytest.approx(1200 / HOUR)  # in the spool, and not yet in the store

    await corridor.drain()
    stored = await corridor.spool.cursor(STORE)
    await corridor.records.run(lambda c: fill_stored(c, corridor.spool.log, stored, at(HOUR), {"plc": [STATE]}))
    await corridor.cycle(HOUR)
    assert (corridor.seconds("producing_time"), corridor.seconds("idle_time")) == (2600, 1000)
    assert (corridor.seconds("unknown_time"), corridor.coverage()) == (0, 1.0)


async def test_a_gap_that_nobody_can_fill_stays_unknown(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN"), (HOUR, "RUN")))
    await corridor.drain()
    await corridor.up(HOUR)
    away = partial(add_gap, source="plc", signals=(), start=at(600), end=at(3000), cause="cable")
    number = await corridor.records.run(partial(away, kind=GapKind.OUTAGE))
    await corridor.cycle(HOUR)
    before = corridor.seconds("unknown_time")
    await corridor.records.run(lambda c: close_gap(c, number, "dismantled", at(HOUR)))
    await corridor.cycle(HOUR)
    assert corridor.seconds("unknown_time") == before == HOUR - 1200


async def test_a_part_of_a_gap_that_is_filled_counts(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "RUN"), (HOUR, "RUN")))
    await corridor.drain()
    await corridor.up(HOUR)
    away = partial(add_gap, source="plc", signals=(), start=at(0), end=at(3000), cause="cable")
    await corridor.records.run(partial(away, kind=GapKind.OUTAGE))
    await corridor.cycle(HOUR)
    assert corridor.seconds("unknown_time") == HOUR - 600
    part = Filling(Part("plc", (), at(0), at(1200)), FilledBy.HISTORY, 0, "", 0)
    await corridor.records.run(lambda c: fill(c, part, at(HOUR), [STATE]))
    await corridor.cycle(HOUR)
    assert corridor.seconds("unknown_time") == HOUR - 1800


async def test_another_spool_is_read_from_its_beginning(corridor: Corridor, tmp_path: Path) -> None:
    await corridor.arrive(*[states((n, "RUN"), received=0) for n in range(9)])
    await corridor.up(60)
    await corridor.cycle(60)
    await corridor.store.put(states((100, "STOP"), received=100))
    other = SqliteSpool(tmp_path / "other.db", limit=2**26, linger=timedelta(0), keep=timedelta(0))
    async with other:
        corridor.spool = other
        await corridor.restart()
        await corridor.arrive(states((200, "WAIT"), received=200))
        await corridor.drain()
        await corridor.up(HOUR)
        await corridor.cycle(HOUR)
        assert corridor.seconds("unplanned_stop_time") == 100
        assert corridor.seconds("idle_time") == HOUR - 200
        owed = await corridor.records.run(read_owed)
        assert (owed.progress.log, dict(owed.touches)) == (other.log, {})


async def test_a_large_backlog_is_read_in_portions(corridor: Corridor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.engine.ROWS", 10)
    monkeypatch.setattr("analytics.engine.ROUNDS", 3)
    batches = [states(*((n * 10 + i, "RUN") for i in range(10))) for n in range(8)]
    await corridor.arrive(*batches)
    await corridor.drain()
    await corridor.up(HOUR)
    cycles = [await corridor.cycle(HOUR) for _ in range(3)]
    assert [(one.samples, one.behind) for one in cycles] == [(30, True), (30, True), (20, False)]
    assert corridor.seconds("producing_time") == HOUR
