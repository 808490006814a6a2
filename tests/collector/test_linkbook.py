"""What the collector notes of its links and their outages."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from collector.gaps import Gap, read_gaps
from collector.linkbook import BEAT, LinkBook
from collector.links import OVERTAKING, TRANSIT, Link, read_links
from collector.records import Records, RecordsError
from tests.collector.fakes import NOON, ManualClock, until

SECOND = timedelta(seconds=1)


async def gaps(records: Records) -> list[Gap]:
    far = timedelta(days=1)
    return await records.run(lambda c: read_gaps(c, start=NOON - far, end=NOON + far))


async def link(records: Records) -> Link:
    return (await records.run(read_links))["plc"]


async def opened(records: Records, clock: ManualClock) -> LinkBook:
    book = LinkBook(records, clock)
    await book.open(["plc"])
    return book


async def test_a_source_that_never_was_up_has_no_gap(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.went_down("plc", "down", "nobody answers")
    clock.advance(3600)
    book.came_up("plc", filled=False)
    await book.flush()
    assert await gaps(records) == []
    assert (await link(records)).state == "up"


async def test_an_outage_is_a_gap_from_the_newest_sample_to_the_reconnect(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    clock.advance(100)
    newest = clock.now() - 3 * SECOND
    book.secured("plc", samples=1, refusals=0, newest=(newest, newest + SECOND))
    book.went_down("plc", "down", "cable pulled", alive=clock.now())
    await book.flush()
    assert (await link(records)).problem == "cable pulled"
    clock.advance(60)
    book.came_up("plc", filled=False)
    await book.flush()
    [gap] = await gaps(records)
    assert (gap.start, gap.end, gap.state, gap.cause) == (
        newest - OVERTAKING,
        clock.now(),
        "open",
        "cable pulled",
    )


async def test_an_outage_that_the_sender_makes_good_is_filled(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    book.went_down("plc", "down", "broker restarted")
    book.came_up("plc", filled=True)
    await book.flush()
    [gap] = await gaps(records)
    assert (gap.state, gap.filled_by, gap.kind, gap.resolved) == ("filled", "redelivery", "outage", clock.now())


async def test_an_outage_in_which_the_sender_was_started_again_is_not_filled(
    records: Records, clock: ManualClock
) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    clock.advance(10)
    book.went_down("plc", "down", "the link broke")
    clock.advance(10)
    book.came_up("plc", filled=True, restarted=clock.now() - 5 * SECOND)
    await book.flush()
    [gap] = await gaps(records)
    assert gap.state == "open"
    assert gap.cause == "the link broke; it was started again meanwhile: if it crashed, what it had not saved is gone"


async def test_an_outage_through_which_the_sender_ran_is_filled(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    started = clock.now() + 5 * SECOND
    clock.advance(10)
    book.went_down("plc", "down", "the link broke")
    clock.advance(10)
    book.came_up("plc", filled=True, restarted=started)
    await book.flush()
    [gap] = await gaps(records)
    assert (gap.state, gap.cause) == ("filled", "the link broke")


async def test_a_sender_that_was_started_again_while_no_collector_ran(records: Records, clock: ManualClock) -> None:
    before = await opened(records, clock)
    before.came_up("plc", filled=False)
    await before.flush()
    clock.advance(60)
    book = await opened(records, clock)
    book.came_up("plc", filled=True, restarted=clock.now() - 30 * SECOND)
    await book.flush()
    assert [gap.state for gap in await gaps(records)] == ["open"]


async def test_the_gap_of_a_machine_whose_clock_is_off_is_in_its_own_time(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    behind = timedelta(days=365)
    book.secured("plc", samples=1, refusals=0, newest=(clock.now() - behind, clock.now()))
    clock.advance(300)
    book.went_down("plc", "down", "cable pulled")
    clock.advance(60)
    book.came_up("plc", filled=False)
    await book.flush()
    year_before = await records.run(lambda c: read_gaps(c, start=NOON - behind, end=NOON - behind + 600 * SECOND))
    [gap] = year_before
    assert (gap.start, gap.end) == (NOON - behind + 300 * SECOND - TRANSIT, NOON - behind + 360 * SECOND + TRANSIT)


async def test_a_killed_collector_left_a_gap_from_its_last_heartbeat(records: Records, clock: ManualClock) -> None:
    before = await opened(records, clock)
    before.came_up("plc", filled=False)
    clock.advance(10)
    await before.flush()
    clock.advance(3600)
    await opened(records, clock)
    [gap] = await gaps(records)
    assert (gap.start, gap.end, gap.kind) == (NOON + 10 * SECOND - TRANSIT, None, "stopped")
    left = await link(records)
    assert (left.state, left.since) == ("down", NOON + 10 * SECOND)


async def test_a_stopped_collector_is_not_taken_for_a_killed_one(records: Records, clock: ManualClock) -> None:
    before = await opened(records, clock)
    before.came_up("plc", filled=False)
    before.went_down("plc", "down", "the collector was stopped")
    await before.flush()
    clock.advance(3600)
    await opened(records, clock)
    assert [gap.cause for gap in await gaps(records)] == ["the collector was stopped"]


async def test_a_recorded_file_that_ended_has_no_gap(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    book.ended("plc")
    await book.flush()
    await opened(records, clock)
    assert await gaps(records) == []


async def test_counts_go_on_where_the_last_collector_left_them(records: Records, clock: ManualClock) -> None:
    first = await opened(records, clock)
    first.secured("plc", samples=5, refusals=2)
    await first.flush()
    second = await opened(records, clock)
    second.secured("plc", samples=1, refusals=1)
    assert (second.link("plc").samples, second.link("plc").refusals) == (6, 3)


async def test_a_late_sample_does_not_turn_the_newest_back(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.secured("plc", samples=1, refusals=0, newest=(NOON, NOON))
    book.secured("plc", samples=1, refusals=0, newest=(NOON - SECOND, NOON + SECOND))
    assert book.link("plc").last_time == NOON


async def test_a_held_link_stands_still_and_its_gap_begins_where_it_was_held(
    records: Records, clock: ManualClock
) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    book.secured("plc", samples=1, refusals=0, newest=(NOON, NOON))
    clock.advance(100)
    book.held("plc", "the spool is full")
    assert (book.link("plc").state, book.link("plc").problem) == ("held", "the spool is full")
    clock.advance(100)
    book.went_down("plc", "down", "cable pulled")
    await book.flush()
    assert (await link(records)).since == NOON + 100 * SECOND
    assert [gap.start for gap in await gaps(records)] == [NOON + 100 * SECOND - TRANSIT]


async def test_since_counts_from_when_it_was_last_up(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    clock.advance(10)
    book.went_down("plc", "down", "cable pulled")
    clock.advance(10)
    book.went_down("plc", "refused", "wrong password")
    assert book.link("plc").since == NOON + 10 * SECOND


async def test_heartbeats_go_on_and_changes_are_written_at_once(records: Records, clock: ManualClock) -> None:
    book = await opened(records, clock)
    running = asyncio.create_task(book.run())
    book.came_up("plc", filled=False)

    async def state_is_up() -> bool:
        return (await link(records)).state == "up"

    async def was_seen() -> bool:
        return (await link(records)).seen == NOON + SECOND

    await until(state_is_up)
    await clock.pass_over(BEAT, BEAT)
    await until(was_seen)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_what_could_not_be_written_is_written_when_the_records_answer(
    clock: ManualClock, records: Records
) -> None:
    book = await opened(records, clock)
    book.came_up("plc", filled=False)
    silent = Records("sqlite://")
    book._records = silent
    with suppress(RecordsError):
        await silent.run(read_links)
    book.went_down("plc", "down", "cable pulled")
    await book.flush()
    book._records = records
    await book.flush()
    assert [gap.cause for gap in await gaps(records)] == ["cable pulled"]


async def test_outages_without_end_that_cannot_be_written_become_one(
    records: Records, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.linkbook.WAITING", 10)
    book = LinkBook(records, clock)
    await book.open(["lathe", "plc"])
    for source in ("lathe", "plc"):
        book.came_up(source, filled=False)
    await book.flush()
    answering, outages = records.run, []
    monkeypatch.setattr(records, "run", _silent)
    for _ in range(100):
        outages.append(clock.now())
        for source in ("lathe", "plc"):
            book.went_down(source, "down", "cable loose")
        clock.advance(10)
        book.came_up("plc", filled=False)
        book.came_up("lathe", filled=False)
        await book.flush()
        assert len(book._ledger) <= 14
        clock.advance(10)
    book.went_down("lathe", "down", "cable gone")
    monkeypatch.setattr(records, "run", answering)
    await book.flush()
    for source in ("lathe", "plc"):
        noted = [gap for gap in await gaps(records) if gap.source == source]
        assert len(noted) < 10
        for begun in outages:
            assert any(gap.start <= begun and gap.end and begun + 10 * SECOND <= gap.end for gap in noted)
    assert [gap.source for gap in await gaps(records) if gap.end is None] == ["lathe"]


async def _silent(*_: object) -> None:
    raise RecordsError
