"""The watcher: alerts at once, also while the store is away, none lost by a kill and none told twice."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from adapters.sources.contract import GapKind
from adapters.stores.contract import StoreUnavailableError
from analytics import relearning
from analytics.alertlog import Suppressed, act, fold, read_detectors, read_events, read_standings
from analytics.alerts import Alert
from analytics.faults.contract import Seen
from analytics.lifecycle import Action, AlarmState, AlertEvent, EventKind, Standing
from analytics.sayings import message
from analytics.trouble import trouble
from analytics.watch import Look
from analytics.watcher import AGAIN, CONSUMER, PATIENCE, Looked, Watcher
from collector.faultrules.rules import SignalFaults
from collector.faultrules.values import Rate, Stuck
from collector.gaps import add_gap
from collector.links import Link, write_links
from collector.park import Limit, Severity, Signal, SignalRole
from collector.records import Records, RecordsError
from collector.spool.contract import STORE
from collector.spool.sqlite import SqliteSpool
from tests.analytics.plant import Address, ResultStore, at, line, link, machine, park, samples

HOUR, DAY = 3600, 86_400
PRESS = "works/line/press"
STATE, FORCE, TROUBLE, FLOW = (f"{PRESS}/{name}" for name in ("state", "force", "trouble", "flow"))


def signal(path: str, **keys: Any) -> Signal:
    return Signal(path=path, name=path.rpartition("/")[2], source="plc", address=Address(), **keys)


FORCE_SIGNAL = signal(FORCE, type="float", limits=(Limit(high=80, on_delay=timedelta(seconds=30)),))
TROUBLE_SIGNAL = signal(TROUBLE, type="text", role=SignalRole.CONDITION)
FLOW_SIGNAL = signal(
    FLOW,
    type="float",
    limits=(Limit(low=1, when="machine_runs"),),
    faults=SignalFaults(rate=Rate(rise=10, per=timedelta(seconds=10)), stuck=Stuck()),
)
PLANT = park(line("works/line", machine(PRESS, FORCE_SIGNAL, TROUBLE_SIGNAL, FLOW_SIGNAL)))


class Corridor:
    """The collector's side: what it spools, what its drain has stored, how its link stands."""

    def __init__(self, spool: SqliteSpool, store: ResultStore, records: Records) -> None:
        self.spool, self.store, self.records = spool, store, records
        self.wake = asyncio.Event()
        self.kept = 0
        self.found: list[Alert] = []
        self.watcher = self.another()

    def another(self) -> Watcher:
        return Watcher(PLANT, self.spool, self.store, self.records, self.wake, [self.keep])

    def keep(
        self, connection: sa.Connection, _: object, __: object, now: datetime, suppressed: Suppressed
    ) -> list[AlertEvent]:
        """Count how often what was learned is written; tell the alerts that come of it."""
        self.kept += 1
        return fold(connection, self.found, now=now, suppressed=suppressed)

    async def arrive(self, *frames: pl.DataFrame) -> None:
        """Spool samples."""
        for frame in frames:
            await self.spool.append(frame, "plc")

    async def drain(self) -> None:
        """Bring everything spooled into the store."""
        chunk = await self.spool.read(await self.spool.cursor(STORE), 10**6)
        await self.store.put(chunk.samples)
        await self.spool.commit(STORE, chunk.upto)

    async def linked(self, *links: Link) -> None:
        await self.records.run(lambda c: write_links(c, links))

    async def up(self, seconds: float, *, last: float | None = None) -> None:
        """Let the link be up until then."""
        await self.linked(link(last=seconds if last is None else last, seen=seconds))

    async def look(self, now: float) -> Looked:
        return await self.watcher.look(at(now))

    async def restart(self, now: float = 0) -> None:
        """Kill the watcher, and start another."""
        self.watcher = self.another()
        await self.watcher.begin(at(now))

    async def alerts(self) -> list[tuple[str, float, float | None]]:
        return [
            (one.alert.key, seconds(one.alert.began), None if one.alert.ended is None else seconds(one.alert.ended))
            for one in await self.standings()
        ]

    async def standings(self) -> list[Standing]:
        return list(reversed(await self.records.run(read_standings)))

    async def told(self) -> list[tuple[str, str]]:
        """Give what happened: key and kind."""
        events = await self.records.run(read_events)
        return [(event.standing.alert.key, event.kind.value) for event in events]


def seconds(instant: Any) -> float:
    found: float = (instant - at(0)).total_seconds()
    return found


@pytest.fixture
async def corridor(spool: SqliteSpool, store: ResultStore, records: Records) -> Corridor:
    made = Corridor(spool, store, records)
    await made.watcher.begin(at(0))
    return made


def states(*values: tuple[float, Any]) -> pl.DataFrame:
    return samples(STATE, values)


async def test_alerts_of_what_was_measured_are_told_and_suppressed_like_those_of_detectors(corridor: Corridor) -> None:
    corridor.found = [Alert(PRESS, PRESS, "health", "score", Severity.HIGH, "health.low", "40", at(1))]
    await corridor.arrive(samples(FORCE, [(0, 1.0)]))
    await corridor.up(10)
    looked = await corridor.look(10)
    assert [event.kind for event in looked.events] == [EventKind.RAISED]
    assert corridor.wake.is_set()
    corridor.found = [
        Alert(PRESS, PRESS, "health", "worse", Severity.HIGH, "health.low", "9", at(15), when="machine_runs")
    ]
    await corridor.arrive(states((15, "STOP")), samples(FORCE, [(15, 1.0)]))
    await corridor.up(20)
    assert [event.kind for event in (await corridor.look(20)).events] == [EventKind.SUPPRESSED]


async def test_alerts_do_not_wait_for_the_store(corridor: Corridor) -> None:
    corridor.store.opening_troubles.extend([StoreUnavailableError("memory", "away")] * 9)
    await corridor.arrive(samples(FORCE, [(0, 99.0)]), samples(TROUBLE, [(5, "Fault|7|||OIL")]))
    await corridor.up(100, last=5)
    looked = await corridor.look(100)
    assert (looked.samples, looked.behind) == (2, False)
    assert await corridor.alerts() == [("high:80", 0, None), ("7", 5, None)]
    assert corridor.wake.is_set()
    assert await corridor.spool.cursor(CONSUMER) == await corridor.spool.end()


async def test_a_delay_runs_out_without_samples(corridor: Corridor) -> None:
    await corridor.arrive(samples(FORCE, [(0, 99.0)]))
    await corridor.up(34, last=0)
    await corridor.look(34)
    assert await corridor.alerts() == []
    await corridor.up(36, last=0)
    await corridor.look(36)
    assert await corridor.alerts() == [("high:80", 0, None)]


async def test_a_killed_watcher_loses_nothing_and_tells_nothing_twice(corridor: Corridor) -> None:
    await corridor.arrive(samples(FORCE, [(0, 99.0)]), samples(TROUBLE, [(5, "Fault|7|||OIL")]))
    await corridor.up(100, last=5)
    await corridor.look(100)
    await corridor.arrive(samples(FORCE, [(101, 98.0)]))
    await corridor.up(102)
    await corridor.look(102)  # it finds nothing, and keeps that in mind
    await corridor.restart(160)
    assert await corridor.spool.cursor(CONSUMER) < await corridor.spool.end()
    await corridor.arrive(samples(FORCE, [(200, 10.0)]), samples(TROUBLE, [(210, "Normal||||")]))
    await corridor.up(HOUR)
    await corridor.look(HOUR)
    assert await corridor.alerts() == [("high:80", 0, 200), ("7", 5, 210)]
    assert sorted(await corridor.told()) == [
        ("7", "raised"),
        ("7", "returned"),
        ("high:80", "raised"),
        ("high:80", "returned"),
    ]


async def test_a_look_that_could_not_be_written_is_done_again(
    corridor: Corridor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await corridor.arrive(samples(TROUBLE, [(5, "Fault|7|||OIL")]))
    away = RecordsError("away")

    def fails(*_: Any, **__: Any) -> None:
        raise away

    with monkeypatch.context() as patch:
        patch.setattr("analytics.alertlog.write_detectors", fails)
        with pytest.raises(RecordsError):
            await corridor.look(6)
    assert await corridor.alerts() == []
    await corridor.look(7)
    assert await corridor.told() == [("7", "raised")]


async def test_a_watcher_that_ends_writes_what_it_kept_in_mind(corridor: Corridor) -> None:
    await corridor.arrive(samples(FORCE, [(1, 10.0)]))
    await corridor.look(2)
    assert await corridor.records.run(lambda c: read_detectors(c, "limit")) == {}
    await corridor.watcher.end()
    assert FORCE in await corridor.records.run(lambda c: read_detectors(c, "limit"))
    await corridor.restart(3)
    assert (await corridor.look(4)).samples == 0


async def test_what_is_kept_in_mind_is_written_now_and_then(corridor: Corridor) -> None:
    await corridor.arrive(samples(FORCE, [(1, 10.0)]))
    await corridor.look(2)
    await corridor.arrive(samples(FORCE, [(6, 10.0)]))
    await corridor.look(7)
    assert FORCE in await corridor.records.run(lambda c: read_detectors(c, "limit"))
    assert await corridor.spool.cursor(CONSUMER) == await corridor.spool.end()
    assert corridor.kept == 1


async def test_what_the_spool_dropped_unread_is_made_up_from_the_store(
    tmp_path: Path, store: ResultStore, records: Records
) -> None:
    async with SqliteSpool(tmp_path / "hasty.db", limit=2**26, linger=timedelta(0), keep=timedelta(0)) as hasty:
        corridor = Corridor(hasty, store, records)
        await corridor.watcher.begin(at(0))
        await corridor.arrive(samples(FORCE, [(0, 10.0)], at(0)))
        await corridor.look(60)
        await corridor.watcher.end()
        await corridor.arrive(samples(TROUBLE, [(DAY, "Fault|7|||OIL"), (DAY + 9, "Normal||||")], at(DAY + 9)))
        await corridor.drain()
        await corridor.arrive(samples(FORCE, [(DAY + 60, 10.0)], at(DAY + 60)))
        assert (await hasty.read(await hasty.cursor(CONSUMER), 1)).missed
        await corridor.restart(DAY + HOUR)
        store.opening_troubles.append(StoreUnavailableError("memory", "away"))
        with pytest.raises(StoreUnavailableError):
            await corridor.look(DAY + HOUR)
        with pytest.raises(StoreUnavailableError):  # it is left alone for a while
            await corridor.look(DAY + HOUR + 1)
        await corridor.look(DAY + HOUR + AGAIN.total_seconds())
        assert await corridor.alerts() == [("7", DAY, DAY + 9)]
        assert await hasty.cursor(CONSUMER) == await hasty.end()


async def test_what_the_spool_drops_while_the_store_is_waited_for_is_made_up_too(
    tmp_path: Path, store: ResultStore, records: Records
) -> None:
    async with SqliteSpool(tmp_path / "hasty.db", limit=2**26, linger=timedelta(0), keep=timedelta(0)) as hasty:
        corridor = Corridor(hasty, store, records)
        await corridor.watcher.begin(at(0))
        await corridor.arrive(samples(FORCE, [(0, 10.0)], at(0)))
        await corridor.look(60)
        await corridor.watcher.end()
        await corridor.arrive(samples(FORCE, [(DAY, 10.0)], at(DAY)))
        await corridor.drain()
        await corridor.arrive(samples(TROUBLE, [(DAY + 60, "Fault|7|||OIL"), (DAY + 70, "Normal||||")], at(DAY + 70)))
        await corridor.restart(DAY + HOUR)
        store.opening_troubles.append(StoreUnavailableError("memory", "away"))
        with pytest.raises(StoreUnavailableError):
            await corridor.look(DAY + HOUR)
        await corridor.drain()
        await corridor.arrive(samples(FORCE, [(DAY + HOUR + 2, 10.0)], at(DAY + HOUR + 2)))  # the one before is dropped
        await corridor.look(DAY + HOUR + AGAIN.total_seconds())
        assert await corridor.alerts() == [("7", DAY + 60, DAY + 70)]


@pytest.mark.parametrize("rows", [10**6, 10])
async def test_what_was_missed_is_looked_at_in_portions(
    corridor: Corridor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr("analytics.watcher.ROWS", rows)
    await corridor.arrive(samples(FORCE, [(0, 10.0)], at(0)))
    await corridor.look(1)
    await corridor.watcher.end()
    values = [(10 + n, 99.0 if 20 <= n < 60 or n >= 80 else 10.0) for n in range(100)]
    await corridor.store.put(samples(FORCE, values, at(120)))
    await corridor.store.put(samples(TROUBLE, [(25, "Fault|7|||OIL"), (95, "Normal||||")], at(120)))
    async with SqliteSpool(tmp_path / "other.db", limit=2**26, linger=timedelta(0), keep=timedelta(0)) as other:
        corridor.spool = other
        await corridor.restart(150)
        await corridor.arrive(samples(FORCE, [(130, 10.0)], at(130)))
        heights: list[int] = []
        watch = corridor.watcher._watch
        look = watch.look

        def looked(seen: Seen) -> Look:
            heights.append(seen.samples.height)
            return look(seen)

        monkeypatch.setattr(watch, "look", looked)
        await corridor.look(150)
    assert await corridor.alerts() == [("7", 25, 95), ("high:80", 90, 130)]
    assert [(one.count, seconds(one.began)) for one in await corridor.standings()] == [(1, 25), (2, 30)]
    assert sum(heights) == 103
    assert max(heights) <= rows


async def test_the_first_watcher_leaves_history_alone(tmp_path: Path, store: ResultStore, records: Records) -> None:
    async with SqliteSpool(tmp_path / "hasty.db", limit=2**26, linger=timedelta(0), keep=timedelta(0)) as hasty:
        corridor = Corridor(hasty, store, records)
        await corridor.arrive(samples(TROUBLE, [(0, "Fault|7|||OIL"), (9, "Normal||||")], at(9)))
        await corridor.drain()
        await corridor.arrive(samples(TROUBLE, [(DAY, "Fault|8|||AIR")], at(DAY)))
        assert (await hasty.read(0, 1)).missed
        await corridor.watcher.begin(at(DAY))
        await corridor.look(DAY + 1)
        assert await corridor.alerts() == [("8", DAY, None)]


async def test_a_store_that_does_not_come_back_is_not_waited_for_for_ever(
    tmp_path: Path, store: ResultStore, records: Records
) -> None:
    async with SqliteSpool(tmp_path / "hasty.db", limit=2**26, linger=timedelta(0), keep=timedelta(0)) as hasty:
        corridor = Corridor(hasty, store, records)
        await corridor.watcher.begin(at(0))
        await corridor.arrive(samples(FORCE, [(0, 10.0)], at(0)))
        await corridor.look(60)
        await corridor.watcher.end()
        await corridor.arrive(samples(TROUBLE, [(DAY, "Normal||||")], at(DAY)))
        await corridor.drain()
        await corridor.arrive(samples(TROUBLE, [(DAY + 60, "Fault|7|||OIL")], at(DAY + 60)))
        await corridor.restart(DAY + HOUR)
        store.opening_troubles.extend([StoreUnavailableError("memory", "away")] * 9)
        with pytest.raises(StoreUnavailableError):
            await corridor.look(DAY + HOUR)
        with capture_logs() as logs:
            await corridor.look(DAY + HOUR + PATIENCE.total_seconds() + 1)
        assert [one["reason"] for one in logs if one["event"] == "not looked at for faults"] == ["memory: away"]
        oil, unseen = await corridor.standings()
        assert (oil.alert.key, seconds(oil.began), oil.alert.active) == ("7", DAY + 60, True)
        assert (unseen.alert.signal, unseen.alert.equipment, unseen.alert.active) == ("detector:watcher", "park", False)
        assert unseen.state is AlarmState.RETURNED_UNACKNOWLEDGED  # until a person has acknowledged it
        said = (
            "Not looked at for faults: samples received 2026-03-02 00:00:00 to 2026-03-03 00:01:00, "
            "which the store did not give: memory: away"
        )
        assert message(unseen.alert, "en") == said
        assert "2026-03-02 00:00:00 至 2026-03-03 00:01:00" in message(unseen.alert, "zh")
        await corridor.look(DAY + HOUR + PATIENCE.total_seconds() + 2)
        assert await corridor.told() == [("7", "raised"), ("unseen", "raised"), ("unseen", "returned")]


async def test_another_spool_is_read_from_its_beginning(corridor: Corridor, tmp_path: Path) -> None:
    await corridor.arrive(*[samples(FORCE, [(n, 10.0)], at(0)) for n in range(9)])
    await corridor.look(60)
    await corridor.watcher.end()
    await corridor.store.put(samples(TROUBLE, [(100, "Fault|7|||OIL")], at(100)))
    other = SqliteSpool(tmp_path / "other.db", limit=2**26, linger=timedelta(0), keep=timedelta(0))
    async with other:
        corridor.spool = other
        await corridor.restart(150)
        await corridor.arrive(samples(TROUBLE, [(200, "Normal||||")], at(200)))
        await corridor.look(HOUR)
        assert await corridor.alerts() == [("7", 100, 200)]
        assert await other.cursor(CONSUMER) == await other.end()


async def test_a_large_backlog_is_read_in_portions(corridor: Corridor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analytics.watcher.ROWS", 10)
    await corridor.arrive(*[samples(FORCE, [(n * 10 + i, 99.0) for i in range(10)]) for n in range(3)])
    await corridor.up(HOUR)
    looks = [await corridor.look(HOUR) for _ in range(3)]
    assert [(one.samples, one.behind) for one in looks] == [(10, True), (10, True), (10, False)]
    assert await corridor.alerts() == [("high:80", 0, None)]


async def test_nothing_new_is_not_looked_at(corridor: Corridor, monkeypatch: pytest.MonkeyPatch) -> None:
    await corridor.up(10)
    await corridor.look(10)
    monkeypatch.setattr("analytics.watch.Watch.look", None)
    assert await corridor.look(10.25) == Looked(0, (), behind=False)


async def test_a_clock_that_is_set_back_stops_nothing(corridor: Corridor) -> None:
    await corridor.arrive(samples(FORCE, [(1, 10.0)]))
    await corridor.look(2)
    await corridor.look(-HOUR)
    assert await corridor.spool.cursor(CONSUMER) == await corridor.spool.end()


async def test_an_alert_that_nobody_carries_is_ended(corridor: Corridor) -> None:
    stray = Alert(PRESS, FORCE, "limit", "high:70", Severity.LOW, "limit.high", "75", at(0), None, {})
    mail = trouble("park", "mail", "refused", "no such user", since=at(1))
    await corridor.records.run(lambda c: fold(c, [stray, mail], now=at(1), suppressed=lambda _: ""))
    await corridor.arrive(samples(TROUBLE, [(5, "Fault|7|||OIL")]))
    await corridor.look(100)
    await corridor.restart(500)
    assert await corridor.alerts() == [("high:70", 0, 500), ("failing", 1, None), ("7", 5, None)]


async def test_a_step_over_a_gap_is_no_jump(corridor: Corridor) -> None:
    await corridor.arrive(samples(FLOW, [(0, 5.0), (10, 5.0), (20, 5.0)]))
    await corridor.look(20)
    await corridor.records.run(lambda c: add_gap(c, "plc", (), at(21), at(24), "cable", kind=GapKind.OUTAGE))
    await corridor.arrive(samples(FLOW, [(25, 95.0)]))
    await corridor.look(25)
    assert await corridor.alerts() == []
    await corridor.arrive(samples(FLOW, [(26, 195.0)]))
    await corridor.look(27)
    assert [key for key, _, _ in await corridor.alerts()] == ["rise"]


async def test_a_machine_that_stands_suppresses_what_is_told_while_it_runs(corridor: Corridor) -> None:
    await corridor.arrive(states((0, "STOP")), samples(FLOW, [(1, 0.0)]))
    await corridor.up(10)
    await corridor.look(10)
    (standing,) = await corridor.standings()
    assert (standing.state, standing.suppressed_by) == (AlarmState.SUPPRESSED, "machine_runs")
    await corridor.arrive(states((20, "RUN")))
    await corridor.up(30)
    await corridor.look(30)
    (standing,) = await corridor.standings()
    assert standing.suppressed_by == "machine_runs"  # it comes up to speed
    await corridor.up(60)
    await corridor.look(60)
    (standing,) = await corridor.standings()
    assert (standing.state, standing.suppressed_by) == (AlarmState.UNACKNOWLEDGED, "")
    assert [kind for _, kind in await corridor.told()] == ["suppressed", "unsuppressed"]


async def test_a_lost_source_is_one_alert_that_suppresses_its_signals(corridor: Corridor) -> None:
    await corridor.up(0)
    await corridor.look(0)
    for second in range(1, 33):
        await corridor.linked(Link("plc", "down", at(1), at(second), at(0), at(0), 1, 0, "cable"))
        if second == 20:
            await corridor.arrive(samples(TROUBLE, [(5, "Fault|7|||OIL")]))
        await corridor.look(second)
    lost, oil = await corridor.standings()
    assert (lost.alert.signal, lost.alert.equipment, lost.state) == ("source:plc", "works/line", "unacknowledged")
    assert (oil.alert.key, oil.state, oil.suppressed_by) == ("7", "suppressed", lost.id)
    for second in range(33, 50):
        await corridor.linked(Link("plc", "up", at(33), at(second), at(0), at(0), 1, 0, ""))
        await corridor.look(second)
        kinds = [kind for _, kind in await corridor.told()]
        assert ("unsuppressed" in kinds) == (second >= 43)
    assert kinds == ["suppressed", "raised", "returned", "unsuppressed"]


async def test_links_are_believed_when_the_collector_has_spoken(corridor: Corridor) -> None:
    await corridor.linked(Link("plc", "up", at(-HOUR), at(-100), at(-100), at(-100), 1, 0, ""))
    for second in range(29):
        await corridor.look(second)
    assert await corridor.alerts() == []
    await corridor.look(30)
    (silent,) = await corridor.standings()
    assert (silent.alert.signal, seconds(silent.began)) == ("collector", -100)
    await corridor.up(40, last=-100)
    await corridor.look(41)
    assert (await corridor.told()) == [("silent", "raised"), ("silent", "returned")]


async def test_what_was_learned_is_forgotten_when_somebody_asks(corridor: Corridor) -> None:
    noise = [(second, 5.0 + 0.1 * (second % 3)) for second in range(100)]
    await corridor.arrive(samples(FLOW, noise), states((0, "RUN")))
    await corridor.look(100)
    assert FLOW in corridor.watcher._watch.carried("stuck")
    await corridor.records.run(lambda c: relearning.ask(c, PRESS, at(101)))
    await corridor.look(101)
    assert FLOW not in corridor.watcher._watch.carried("stuck")
    assert FLOW in corridor.watcher._watch.carried("limit")
    assert await corridor.records.run(relearning.read_requests) == []
    assert FLOW not in await corridor.records.run(lambda c: read_detectors(c, "stuck"))


async def test_a_shelf_ends_by_itself(corridor: Corridor) -> None:
    await corridor.arrive(samples(TROUBLE, [(5, "Fault|7|||OIL")]))
    await corridor.look(6)
    (standing,) = await corridor.standings()
    shelf = Action(EventKind.SHELVED, "Li", standing.id, comment="known", until=at(20))
    await corridor.records.run(lambda c: act(c, shelf, now=at(7)))
    await corridor.look(19)
    assert [kind for _, kind in await corridor.told()] == ["raised", "shelved"]
    await corridor.look(21)
    assert [kind for _, kind in await corridor.told()] == ["raised", "shelved", "unshelved"]
