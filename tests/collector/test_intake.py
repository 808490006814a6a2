"""The intake: what arrives is safe before its sender hears of it, whatever breaks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import polars as pl
import pytest

from adapters.sample import Status
from adapters.sources.contract import (
    Filled,
    FilledBy,
    GapKind,
    Missed,
    SourceLostError,
    SourceRefusedError,
    SourceUnreachableError,
)
from collector import intake
from collector.admit import rules_of
from collector.backlog import Backlog
from collector.deadletters import read_dead_letters
from collector.gaps import Gap, read_gaps
from collector.intake import FIRST_WAIT, HELD_WAIT, LONGEST_WAIT, REFUSED_WAIT, Intake
from collector.linkbook import LinkBook
from collector.links import TRANSIT
from collector.records import Records
from collector.resolution import Part, fill_stored, read_fillings
from collector.settings import AdmitSettings
from collector.spool.contract import Spool, SpoolError, SpoolFullError
from collector.spool.sqlite import SqliteSpool
from tests.collector.fakes import FEW, NOON, Link, ManualClock, Script, lot, numbers, refusals, signal, until

RULES = rules_of([signal("force")], AdmitSettings())


class Gate:
    """A spool whose appends fail, or wait, when the test says so."""

    def __init__(self, spool: SqliteSpool) -> None:
        self.spool = spool
        self.troubles: list[SpoolError] = []
        self.open = asyncio.Event()
        self.open.set()
        self.asked = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.spool, name)

    async def append(self, samples: pl.DataFrame, source: str) -> int:
        self.asked += 1
        await self.open.wait()
        if self.troubles:
            raise self.troubles.pop(0)
        return await self.spool.append(samples, source)


@pytest.fixture
async def gate(spool: SqliteSpool) -> Gate:
    return Gate(spool)


@pytest.fixture
async def book(records: Records, clock: ManualClock) -> LinkBook:
    book = LinkBook(records, clock)
    await book.open(["plc"])
    return book


Making = Callable[[Script], Intake]


@pytest.fixture
async def making(gate: Gate, records: Records, book: LinkBook, clock: ManualClock) -> Making:
    def make(source: Script) -> Intake:
        spool: Spool = gate
        return Intake(
            source, rules=RULES, spool=spool, records=records, book=book, dead_letters=FEW, clock=clock, random=lot()
        )

    return make


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.Task[None]]:
    """Let it run beside the test; stop it in the end, as the collector does."""
    task = asyncio.create_task(work)
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def spooled(spool: SqliteSpool) -> list[float]:
    return (await spool.read(0, 10**6)).samples["float"].to_list()


async def gaps(records: Records) -> list[Gap]:
    far = timedelta(days=1)
    return await records.run(lambda c: read_gaps(c, start=NOON - far, end=NOON + far))


async def letters(records: Records) -> list[bytes]:
    return [letter.payload for letter in await records.run(lambda c: read_dead_letters(c, limit=100))]


async def test_all_of_a_finite_source_is_safe_and_settled_in_order(making: Making, spool: SqliteSpool) -> None:
    source, link = Script(), Link()
    source.plan(link.give(*(source.delivery(numbers([n])) for n in range(5))).end())
    carrying = making(source)
    await carrying.once()
    assert await spooled(spool) == [0, 1, 2, 3, 4]
    assert source.settled == [0, 1, 2, 3, 4]
    assert (carrying.sent, carrying.refused) == (5, 0)
    assert link.left


async def test_nothing_is_settled_before_it_is_on_disk(making: Making, gate: Gate) -> None:
    source, link = Script(), Link()
    source.plan(link.give(source.delivery(numbers([1]))))
    gate.open.clear()
    async with running(making(source).follow()):
        await until(lambda: gate.asked == 1)
        assert source.settled == []
        gate.open.set()
        await until(lambda: source.settled == [0])


async def test_what_arrives_during_one_commit_shares_the_next(making: Making, gate: Gate, spool: SqliteSpool) -> None:
    source, link = Script(), Link()
    source.plan(link.give(source.delivery(numbers([0]))))
    gate.open.clear()
    async with running(making(source).follow()):
        await until(lambda: gate.asked == 1)
        link.give(*(source.delivery(numbers([n])) for n in range(1, 10)))
        await until(lambda: link.unread() == 0)
        gate.open.set()
        await until(lambda: len(source.settled) == 10)
    assert gate.asked == 2
    assert source.settled == list(range(10))
    assert await spooled(spool) == list(range(10))


async def test_refused_inputs_and_gaps_are_recorded_before_the_receipt(making: Making, records: Records) -> None:
    source, link = Script(), Link()
    missed = Missed(NOON, NOON + timedelta(seconds=5), "queue overflow", ("works/line/press/force",))
    found: list[object] = []

    async def look(number: int) -> None:
        found.extend([number, await letters(records), [gap.cause for gap in await gaps(records)]])

    source.on_settle = look
    samples = pl.concat([numbers([1]), numbers([2], "works/line/press/nobody")])
    source.plan(link.give(source.delivery(samples, refusals(b"{"), (missed,))).end())
    carrying = making(source)
    await carrying.once()
    assert found == [0, [b'{"float":2.0,"status":0}', b"{"], ["queue overflow"]]
    assert (carrying.sent, carrying.refused) == (3, 2)


async def test_what_a_source_has_filled_is_noted_with_the_place_of_its_samples(
    making: Making, records: Records, spool: SqliteSpool
) -> None:
    source, link = Script(), Link()
    force, end = "works/line/press/force", NOON + timedelta(milliseconds=2)
    missed = Missed(NOON, end, "3 messages skipped", (force,), GapKind.SEQUENCE)
    late = Filled(NOON, end, (force,), FilledBy.REDELIVERY)
    source.plan(link.give(replace(source.delivery(numbers([1, 2, 3]), None, (missed,)), filled=(late,))).end())
    await making(source).once()
    assert [(gap.kind, gap.state) for gap in await gaps(records)] == [("sequence", "open")]
    [filling] = await records.run(read_fillings)
    assert (filling.part, filling.by) == (Part("plc", (force,), NOON, end), FilledBy.REDELIVERY)
    assert (filling.samples, filling.log, filling.position) == (2, spool.log, await spool.end())
    await records.run(lambda c: fill_stored(c, spool.log, filling.position, NOON, {"plc": [force]}))
    assert [(gap.state, gap.filled_by) for gap in await gaps(records)] == [("filled", "redelivery")]


async def test_a_full_spool_holds_the_source_and_nothing_is_lost(
    making: Making, gate: Gate, spool: SqliteSpool, clock: ManualClock, book: LinkBook
) -> None:
    source, link = Script(), Link()
    source.plan(link.give(source.delivery(numbers([1]))))
    gate.troubles = [SpoolFullError("no room"), SpoolFullError("no room"), SpoolError("disk broken")]
    async with running(making(source).follow()):
        for _ in range(3):
            await clock.pass_over(0, HELD_WAIT)
            assert source.settled == []
            assert book.link("plc").state == "held"
        await until(lambda: source.settled == [0])
        await until(lambda: book.link("plc").state == "up")
    assert await spooled(spool) == [1]


async def test_a_held_source_is_not_read_any_more(making: Making, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "Backlog", partial(Backlog, room=1))
    source, link = Script(), Link()
    source.plan(link.give(*(source.delivery(numbers([n])) for n in range(10))))
    gate.open.clear()
    async with running(making(source).follow()):
        await until(lambda: gate.asked == 1)
        await until(lambda: link.unread() == 7)
        gate.open.set()
        await until(lambda: len(source.settled) == 10)


async def test_silent_records_hold_what_must_be_recorded(making: Making, records: Records, clock: ManualClock) -> None:
    source, link = Script(), Link()
    source.plan(link.give(source.delivery(numbers([1]), refusals(b"{"))))
    engine, records._engine = records._engine, None
    async with running(making(source).follow()):
        await clock.pass_over(0.01, HELD_WAIT / 8)
        await clock.pass_over(0.01, HELD_WAIT / 4)
        assert source.settled == []
        records._engine = engine
        await until(lambda: source.settled == [0])
    assert await letters(records) == [b"{"]


async def test_an_unreachable_source_is_tried_with_growing_waits(making: Making, clock: ManualClock) -> None:
    source = Script()
    source.plan(*(SourceUnreachableError("plc", "nobody answers") for _ in range(9)))
    async with running(making(source).follow()):
        for n in range(9):
            ceiling = min(FIRST_WAIT * 2**n, LONGEST_WAIT)
            assert ceiling / 2 <= await clock.pass_over(0, LONGEST_WAIT) <= ceiling
        await until(lambda: source.connects == 10)


async def test_a_source_that_delivered_is_soon_tried_again(making: Making, clock: ManualClock) -> None:
    source = Script()
    lost = Link().give(source.delivery(numbers([1])))
    source.plan(*(SourceUnreachableError("plc", "nobody answers") for _ in range(5)), lost)
    async with running(making(source).follow()):
        for _ in range(5):
            await clock.pass_over(0, LONGEST_WAIT)
        await until(lambda: source.settled == [0])
        lost.break_off(SourceLostError("plc", "cable pulled"))
        assert await clock.pass_over(0, LONGEST_WAIT) <= FIRST_WAIT


async def test_a_refusing_source_is_tried_every_minute(making: Making, clock: ManualClock, book: LinkBook) -> None:
    source = Script()
    source.plan(SourceRefusedError("plc", "wrong password"), SourceRefusedError("plc", "wrong password"))
    async with running(making(source).follow()):
        assert await clock.pass_over(0, REFUSED_WAIT) == REFUSED_WAIT
        assert await clock.pass_over(0, REFUSED_WAIT) == REFUSED_WAIT
        assert (book.link("plc").state, book.link("plc").problem) == ("refused", "wrong password")
        await until(lambda: book.link("plc").state == "up")


async def test_a_defect_of_an_adapter_is_no_end(making: Making, clock: ManualClock, spool: SqliteSpool) -> None:
    source = Script()
    source.plan(Link().break_off(ZeroDivisionError("oops")), Link().give(source.delivery(numbers([1]))))
    async with running(making(source).follow()):
        await clock.pass_over(REFUSED_WAIT, REFUSED_WAIT)
        await until(lambda: source.settled == [0])
    assert await spooled(spool) == [1]


async def test_what_came_before_a_break_is_safe_but_not_settled(making: Making, gate: Gate, spool: SqliteSpool) -> None:
    source, link = Script(), Link()
    source.plan(link.give(source.delivery(numbers([1]))))
    gate.open.clear()
    async with running(making(source).follow()):
        await until(lambda: gate.asked == 1)
        link.give(source.delivery(numbers([2]))).break_off(SourceLostError("plc", "cable pulled"))
        await until(lambda: link.unread() == 0)
        gate.open.set()
        await until(lambda: _holds(spool, [1, 2]))
    assert 1 not in source.settled


async def test_an_outage_is_a_gap_that_ends_when_the_source_is_back(
    making: Making, records: Records, clock: ManualClock, book: LinkBook
) -> None:
    source = Script()
    sample = numbers([1], since=NOON)
    alive = NOON + timedelta(seconds=20)
    source.plan(
        Link().give(source.delivery(sample)).break_off(SourceLostError("plc", "cable pulled", alive=alive)),
        SourceUnreachableError("plc", "nobody answers"),
        Link(),
    )
    clock.advance(30)
    async with running(making(source).follow()):
        await clock.pass_over(0.1, LONGEST_WAIT)
        await clock.pass_over(0.1, LONGEST_WAIT)
        await until(lambda: book.link("plc").state == "up")
        back = clock.now()
        await book.flush()
        [gap] = await gaps(records)
        assert (gap.start, gap.end, gap.state, gap.cause) == (alive - TRANSIT, back, "open", "cable pulled")


async def test_an_outage_of_a_sender_that_repeats_is_filled(
    making: Making, records: Records, clock: ManualClock, book: LinkBook
) -> None:
    source = Script()
    source.resumes = True
    source.plan(Link().break_off(SourceLostError("plc", "broker restarted")))
    async with running(making(source).follow()):
        await clock.pass_over(0.1, LONGEST_WAIT)
        await until(lambda: source.connects == 2 and book.link("plc").state == "up")
        await book.flush()
        assert [gap.state for gap in await gaps(records)] == ["filled"]


async def test_stopping_makes_safe_and_settles_what_is_here(making: Making, gate: Gate, spool: SqliteSpool) -> None:
    source, link = Script(), Link()
    source.plan(link.give(source.delivery(numbers([1]))))
    gate.open.clear()
    async with running(making(source).follow()) as task:
        await until(lambda: gate.asked == 1)
        link.give(source.delivery(numbers([2])))
        await until(lambda: link.unread() == 0)
        task.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        await asyncio.wait({task})
    assert source.settled == [0, 1]
    assert link.left
    assert await spooled(spool) == [1, 2]


async def test_stopping_notes_since_when_samples_are_missing(making: Making, records: Records, book: LinkBook) -> None:
    source = Script()
    async with running(making(source).follow()):
        await until(lambda: book.link("plc").state == "up")
    await book.flush()
    assert [gap.cause for gap in await gaps(records)] == ["the collector was stopped"]
    assert book.link("plc").state == "down"


async def test_a_receipt_that_breaks_is_a_lost_link(making: Making, clock: ManualClock) -> None:
    source = Script()

    lost = SourceLostError("plc", "the socket is closed")

    async def broken(_: int) -> None:
        raise lost

    source.on_settle = broken
    source.plan(Link().give(source.delivery(numbers([1]))))
    async with running(making(source).follow()):
        await clock.pass_over(0.1, LONGEST_WAIT)
        await until(lambda: source.connects == 2)


async def test_a_finite_source_that_breaks_says_so_to_whoever_asked(making: Making, spool: SqliteSpool) -> None:
    source = Script()
    source.plan(Link().give(source.delivery(numbers([1]))).break_off(SourceLostError("plc", "file cut off")))
    with pytest.raises(SourceLostError, match="file cut off"):
        await making(source).once()
    assert await spooled(spool) == [1]


async def test_the_link_tells_what_has_been_made_safe(making: Making, book: LinkBook) -> None:
    source = Script()
    late = NOON - timedelta(hours=1)
    source.plan(
        Link().give(source.delivery(numbers([1, 2])), source.delivery(numbers([3], since=late), refusals(b"{"))).end()
    )
    await making(source).once()
    link = book.link("plc")
    assert (link.samples, link.refusals, link.state) == (3, 1, "ended")
    assert link.last_time == NOON + timedelta(milliseconds=1)


async def test_a_sample_without_a_value_tells_no_machine_time(making: Making, book: LinkBook) -> None:
    source = Script()
    waiting = numbers([0], since=NOON + timedelta(minutes=5)).with_columns(
        float=pl.lit(None, pl.Float64), status=pl.lit(Status.BAD.value, pl.UInt32)
    )
    source.plan(Link().give(source.delivery(waiting), source.delivery(numbers([3], since=NOON))).end())
    await making(source).once()
    assert book.link("plc").last_time == NOON


async def _holds(spool: SqliteSpool, expected: list[float]) -> bool:
    return await spooled(spool) == expected
