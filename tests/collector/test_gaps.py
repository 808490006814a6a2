"""The gap ledger."""

from datetime import timedelta
from functools import partial

import pytest

from adapters.sources.contract import GapKind
from collector.gaps import Gap, add_gap, begin_gap, end_gap, read_gap, read_gaps, read_news
from collector.records import Records
from collector.sight import Sight
from tests.collector.fakes import NOON

pytestmark = pytest.mark.every_database

HOUR = timedelta(hours=1)
FORCE = "works/line/press/force"

overflow = partial(add_gap, kind=GapKind.OVERFLOW)


async def read(records: Records, *sources: str) -> list[Gap]:
    return await records.run(
        lambda c: read_gaps(c, start=NOON - 9 * HOUR, end=NOON + 9 * HOUR, sources=sources or None)
    )


async def test_an_outage_lasts_until_it_is_ended(records: Records) -> None:
    number = await records.run(lambda c: begin_gap(c, "plc", NOON, "cable pulled"))
    [gap] = await read(records)
    assert gap == Gap(number, "plc", (), NOON, None, "cable pulled", "open", "outage", changed=gap.changed)
    await records.run(lambda c: end_gap(c, "plc", NOON + HOUR, filled=False))
    [gap] = await read(records)
    assert (gap.id, gap.start, gap.end, gap.state, gap.resolved) == (number, NOON, NOON + HOUR, "open", None)


async def test_an_outage_whose_sender_repeats_what_it_held_is_filled_when_it_ends(records: Records) -> None:
    await records.run(lambda c: begin_gap(c, "broker", NOON, "stopped", GapKind.STOPPED))
    await records.run(lambda c: end_gap(c, "broker", NOON + HOUR, filled=True, now=NOON + 2 * HOUR))
    [gap] = await read(records)
    assert (gap.kind, gap.state, gap.filled_by, gap.resolved) == ("stopped", "filled", "redelivery", NOON + 2 * HOUR)


async def test_a_source_has_one_lasting_gap_at_a_time(records: Records) -> None:
    first = await records.run(lambda c: begin_gap(c, "plc", NOON, "cable pulled"))
    assert await records.run(lambda c: begin_gap(c, "plc", NOON + HOUR, "still pulled")) == first
    assert len(await read(records)) == 1


async def test_ending_what_does_not_last_changes_nothing(records: Records) -> None:
    await records.run(lambda c: overflow(c, "plc", [FORCE], NOON, NOON + HOUR, "overflow"))
    await records.run(lambda c: end_gap(c, "plc", NOON + 2 * HOUR, filled=True))
    [gap] = await read(records)
    assert (gap.end, gap.state, gap.signals) == (NOON + HOUR, "open", (FORCE,))


async def test_gaps_are_found_by_the_time_they_touch_and_by_source(records: Records) -> None:
    await records.run(lambda c: overflow(c, "plc", [], NOON, NOON + HOUR, "overflow"))
    await records.run(lambda c: begin_gap(c, "broker", NOON + 3 * HOUR, "away"))
    touching = await records.run(lambda c: read_gaps(c, start=NOON + HOUR, end=NOON + 4 * HOUR))
    assert [gap.source for gap in touching] == ["broker"]
    before = await records.run(lambda c: read_gaps(c, start=NOON - HOUR, end=NOON + HOUR / 2))
    assert [gap.source for gap in before] == ["plc"]
    assert [gap.source for gap in await read(records, "broker")] == ["broker"]


async def test_gaps_are_found_by_state_and_kind_and_page_by_page(records: Records) -> None:
    for hour in range(3):
        start = NOON + hour * HOUR
        await records.run(partial(overflow, source="plc", signals=[], start=start, end=start, cause=str(hour)))
    await records.run(lambda c: begin_gap(c, "plc", NOON + HOUR, "away"))

    async def causes(**asked: object) -> list[str]:
        window = partial(read_gaps, start=NOON - HOUR, end=NOON + 9 * HOUR)
        return [gap.cause for gap in await records.run(partial(window, **asked))]

    assert await causes(kinds=["outage"]) == ["away"]
    assert await causes(states=["filled"]) == []
    first = await records.run(lambda c: read_gaps(c, start=NOON - HOUR, end=NOON + 9 * HOUR, limit=2))
    assert [gap.cause for gap in first] == ["0", "1"]
    assert await causes(after=(first[-1].start, first[-1].id)) == ["away", "2"]


async def test_a_gap_with_a_key_is_noted_once(records: Records) -> None:
    lost = partial(add_gap, kind=GapKind.DAMAGED, key="spool:abc:1")
    first = await records.run(lambda c: lost(c, "plc", [], NOON, NOON + HOUR, "torn"))
    seen = await records.run(lambda c: read_news(c, after=0))
    assert await records.run(lambda c: lost(c, "plc", [], NOON, NOON + HOUR, "torn")) == first
    assert await records.run(lambda c: read_news(c, after=0)) == seen


async def test_a_queue_that_goes_on_overflowing_is_one_gap(records: Records) -> None:
    second = timedelta(seconds=1)
    for number in range(5):
        start = NOON + number * second
        note = partial(overflow, source="plc", signals=[FORCE], start=start, end=start + second, cause="full")
        await records.run(note)
    await records.run(lambda c: overflow(c, "plc", [FORCE], NOON + 8 * second, NOON + 9 * second, "full"))
    await records.run(lambda c: overflow(c, "plc", ["other"], NOON, NOON + second, "full"))
    found = [(gap.signals, gap.start, gap.end) for gap in await read(records)]
    assert found == [
        ((FORCE,), NOON, NOON + 5 * second),
        (("other",), NOON, NOON + second),
        ((FORCE,), NOON + 8 * second, NOON + 9 * second),
    ]
    near = partial(overflow, near=timedelta(minutes=1))
    await records.run(lambda c: near(c, "plc", [FORCE], NOON + 20 * second, NOON + 21 * second, "full"))
    assert max(gap.end for gap in await read(records) if gap.end) == NOON + 21 * second
    assert len(await read(records)) == 3


async def test_every_change_is_news_once(records: Records) -> None:
    number = await records.run(lambda c: begin_gap(c, "plc", NOON, "away"))
    [begun] = await records.run(lambda c: read_news(c, after=0))
    assert (begun.id, begun.end) == (number, None)
    assert await records.run(lambda c: read_news(c, after=begun.changed)) == []
    await records.run(lambda c: overflow(c, "plc", [FORCE], NOON, NOON, "full"))
    await records.run(lambda c: end_gap(c, "plc", NOON + HOUR, filled=False))
    news = await records.run(lambda c: read_news(c, after=begun.changed))
    assert [gap.cause for gap in news] == ["full", "away"]
    assert news[-1].end == NOON + HOUR


@pytest.mark.parametrize(
    ("factories", "sources", "seen"),
    [
        ({"works"}, {"plc", "broker"}, ["all", "own", "both", "brokers"]),
        ({"works"}, {"plc"}, ["all", "own", "both"]),
        ({"other"}, {"plc"}, ["all", "foreign", "both"]),
        ({"wor"}, {"plc"}, ["all"]),
        ({"works"}, set(), []),
        (set(), set(), []),
    ],
)
async def test_gaps_of_others_are_not_there(
    records: Records, factories: set[str], sources: set[str], seen: list[str]
) -> None:
    sight = Sight(frozenset(factories), frozenset(sources), frozenset())
    upper, foreign = FORCE.replace("works", "WORKS"), "other/works/press/force"
    noted = {"all": [], "own": [FORCE], "upper": [upper], "foreign": [foreign], "both": [foreign, FORCE], "brokers": []}
    numbers = {}
    for cause, signals in noted.items():
        source = "broker" if cause == "brokers" else "plc"
        numbers[cause] = await records.run(
            partial(overflow, source=source, signals=signals, start=NOON, end=NOON, cause=cause)
        )
    found = await records.run(partial(read_gaps, start=NOON - HOUR, end=NOON + HOUR, sight=sight))
    assert [gap.cause for gap in found] == seen
    for cause, number in numbers.items():
        gap = await records.run(partial(read_gap, number=number, sight=sight))
        assert (gap is not None) is (cause in seen), cause


async def test_an_empty_list_of_sources_is_none_of_them(records: Records) -> None:
    await records.run(partial(overflow, source="plc", signals=(), start=NOON, end=NOON, cause="x"))
    assert await records.run(partial(read_gaps, start=NOON - HOUR, end=NOON + HOUR, sources=[])) == []
