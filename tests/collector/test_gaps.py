"""The gap ledger."""

from datetime import timedelta

from collector.gaps import Gap, add_gap, begin_gap, end_gap, read_gaps
from collector.records import Records
from tests.collector.fakes import NOON

HOUR = timedelta(hours=1)


async def read(records: Records, *sources: str) -> list[Gap]:
    return await records.run(
        lambda c: read_gaps(c, start=NOON - 9 * HOUR, end=NOON + 9 * HOUR, sources=sources or None)
    )


async def test_an_outage_lasts_until_it_is_ended(records: Records) -> None:
    number = await records.run(lambda c: begin_gap(c, "plc", NOON, "cable pulled"))
    assert await read(records) == [Gap(number, "plc", (), NOON, None, "cable pulled", "open")]
    await records.run(lambda c: end_gap(c, "plc", NOON + HOUR, filled=True))
    assert await read(records) == [Gap(number, "plc", (), NOON, NOON + HOUR, "cable pulled", "filled")]


async def test_a_source_has_one_lasting_gap_at_a_time(records: Records) -> None:
    first = await records.run(lambda c: begin_gap(c, "plc", NOON, "cable pulled"))
    assert await records.run(lambda c: begin_gap(c, "plc", NOON + HOUR, "still pulled")) == first
    assert len(await read(records)) == 1


async def test_ending_what_does_not_last_changes_nothing(records: Records) -> None:
    await records.run(lambda c: add_gap(c, "plc", ["works/line/press/force"], NOON, NOON + HOUR, "overflow"))
    await records.run(lambda c: end_gap(c, "plc", NOON + 2 * HOUR, filled=True))
    [gap] = await read(records)
    assert (gap.end, gap.state, gap.signals) == (NOON + HOUR, "open", ("works/line/press/force",))


async def test_gaps_are_found_by_the_time_they_touch_and_by_source(records: Records) -> None:
    await records.run(lambda c: add_gap(c, "plc", [], NOON, NOON + HOUR, "overflow"))
    await records.run(lambda c: begin_gap(c, "broker", NOON + 3 * HOUR, "away"))
    touching = await records.run(lambda c: read_gaps(c, start=NOON + HOUR, end=NOON + 4 * HOUR))
    assert [gap.source for gap in touching] == ["broker"]
    before = await records.run(lambda c: read_gaps(c, start=NOON - HOUR, end=NOON + HOUR / 2))
    assert [gap.source for gap in before] == ["plc"]
    assert [gap.source for gap in await read(records, "broker")] == ["broker"]
