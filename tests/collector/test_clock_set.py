"""When the collector's own clock is set, its gaps stay as long as they were, and good samples stay good."""

from datetime import timedelta

import pytest

from collector.gaps import read_gaps
from collector.linkbook import LinkBook
from collector.links import OVERTAKING, TRANSIT
from collector.records import Records
from tests.collector.fakes import NOON, ManualClock

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("step", [-HOUR, HOUR])
@pytest.mark.parametrize("late", [False, True], ids=["noted before", "noted after"])
async def test_a_gap_is_as_long_as_the_outage(
    records: Records, clock: ManualClock, step: timedelta, *, late: bool
) -> None:
    book = LinkBook(records, clock)
    await book.open(["plc"])
    book.came_up("plc", filled=False)
    clock.advance(10)
    newest = clock.now()
    if not late:
        book.secured("plc", samples=1, refusals=0, newest=(newest, newest))
    clock.advance(1)
    book.went_down("plc", "down", "cable pulled", alive=newest)
    clock.set(step)
    if late:
        await book.flush()
        book.secured("plc", samples=1, refusals=0, newest=(newest, newest))
    clock.advance(60)
    book.came_up("plc", filled=False)
    await book.flush()
    [gap] = await records.run(lambda c: read_gaps(c, start=NOON - 24 * HOUR, end=NOON + 24 * HOUR))
    assert gap.end is not None
    assert newest - TRANSIT <= gap.start <= newest - OVERTAKING
    assert newest + 61 * SECOND <= gap.end <= newest + 61 * SECOND + TRANSIT
    assert gap.start == newest - (TRANSIT if late else OVERTAKING)


async def test_a_collector_that_starts_with_a_clock_set_back_knows_it_by_its_heartbeat(
    records: Records, clock: ManualClock
) -> None:
    before = LinkBook(records, clock)
    await before.open(["plc"])
    before.came_up("plc", filled=False)
    newest = clock.now()
    before.secured("plc", samples=1, refusals=0, newest=(newest, newest))
    await before.flush()
    clock.set(-HOUR)
    after = LinkBook(records, clock)
    await after.open(["plc"])
    clock.advance(5)
    after.came_up("plc", filled=False)
    await after.flush()
    [gap] = await records.run(lambda c: read_gaps(c, start=NOON - 24 * HOUR, end=NOON + 24 * HOUR))
    assert gap.end is not None
    assert gap.start == newest - OVERTAKING
    assert newest + 5 * SECOND <= gap.end <= newest + 5 * SECOND + TRANSIT
    assert after.heard("plc", HOUR) == HOUR
