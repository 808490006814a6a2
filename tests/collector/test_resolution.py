"""What becomes of gaps."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sources.contract import FilledBy, GapKind
from collector.gaps import CHANGES, GAPS, Gap, add_gap, begin_gap, read_gap, read_gaps, read_news
from collector.records import METADATA, Records
from collector.resolution import (
    FILLINGS,
    Filling,
    Part,
    cut,
    fill,
    fill_stored,
    give_up,
    note_filling,
    read_fillings,
    reopen,
)
from tests.collector.fakes import NOON

HOUR = timedelta(hours=1)
FORCE, SPEED, STATE = (f"works/line/press/{name}" for name in ("force", "speed", "state"))
EVERY = (FORCE, SPEED, STATE)

pytestmark = pytest.mark.every_database


def outage(ledger: sa.Connection, signals: Sequence[str] = (), hours: int = 4) -> int:
    return add_gap(ledger, "plc", signals, NOON, NOON + hours * HOUR, "cable pulled", kind=GapKind.OUTAGE)


def part(start: float, end: float, *signals: str) -> Part:
    return Part("plc", signals, NOON + start * HOUR, NOON + end * HOUR)


def filled(of: Part, samples: int = 10, position: int = 7, by: FilledBy = FilledBy.HISTORY) -> Filling:
    return Filling(of, by, samples, "log", position)


def gaps(ledger: sa.Connection) -> list[Gap]:
    return read_gaps(ledger, start=NOON - 99 * HOUR, end=NOON + 99 * HOUR)


def told(ledger: sa.Connection) -> list[tuple[float, float, tuple[str, ...], str]]:
    """Give start and end in hours after noon, signals and state of each gap."""
    return [
        ((gap.start - NOON) / HOUR, (gap.end - NOON) / HOUR, gap.signals, gap.state) for gap in gaps(ledger) if gap.end
    ]


def test_a_whole_gap_is_filled_in_place(ledger: sa.Connection) -> None:
    number = outage(ledger)
    assert fill(ledger, filled(part(-1, 9)), NOON + 9 * HOUR, EVERY) == [number]
    [gap] = gaps(ledger)
    assert (gap.id, gap.state, gap.filled_by, gap.samples) == (number, "filled", "history", 10)
    assert (gap.resolved, gap.reason, gap.part_of) == (NOON + 9 * HOUR, "", None)


def test_slice_by_slice_is_two_rows_and_in_the_end_one_of_the_old_number(ledger: sa.Connection) -> None:
    number = outage(ledger)
    for hour in range(3):
        fill(ledger, filled(part(hour, hour + 1)), NOON + 9 * HOUR, EVERY)
        assert told(ledger) == [(0, hour + 1, (), "filled"), (hour + 1, 4, (), "open")]
        assert [gap.part_of for gap in gaps(ledger)] == [number, None]
    fill(ledger, filled(part(3, 4)), NOON + 9 * HOUR, EVERY)
    [gap] = gaps(ledger)
    assert (gap.id, gap.samples, gap.state) == (number, 40, "filled")


def test_some_signals_are_filled_and_others_are_not(ledger: sa.Connection) -> None:
    outage(ledger)
    fill(ledger, filled(part(0, 4, FORCE, SPEED)), NOON, EVERY)
    assert sorted(told(ledger)) == [(0, 4, (FORCE, SPEED), "filled"), (0, 4, (STATE,), "open")]
    fill(ledger, filled(part(0, 4)), NOON, EVERY)
    assert {state for *_, state in told(ledger)} == {"filled"}


def test_what_is_unfillable_stays_so_beside_what_is_filled(ledger: sa.Connection) -> None:
    outage(ledger)
    give_up(ledger, part(0, 4, STATE), "no history", NOON, EVERY)
    fill(ledger, filled(part(0, 4)), NOON, EVERY)
    assert sorted(told(ledger)) == [(0, 4, (FORCE, SPEED), "filled"), (0, 4, (STATE,), "unfillable")]
    [gap] = [gap for gap in gaps(ledger) if gap.state == "unfillable"]
    assert gap.reason == "no history"
    assert give_up(ledger, part(0, 4, STATE), "another reason", NOON, EVERY) == []
    fill(ledger, filled(part(1, 2, STATE), by=FilledBy.RECORDING), NOON, EVERY)
    assert [one for one in told(ledger) if one[2] == (STATE,)] == [
        (0, 1, (STATE,), "unfillable"),
        (1, 2, (STATE,), "filled"),
        (2, 4, (STATE,), "unfillable"),
    ]


def test_gaps_of_others_and_gaps_that_last_are_left_alone(ledger: sa.Connection) -> None:
    add_gap(ledger, "other", (), NOON, NOON + HOUR, "away", kind=GapKind.OUTAGE)
    begin_gap(ledger, "plc", NOON, "away")
    assert fill(ledger, filled(part(0, 9)), NOON, EVERY) == []
    assert {gap.state for gap in gaps(ledger)} == {"open"}


def test_an_instant_is_filled_by_what_holds_it(ledger: sa.Connection) -> None:
    add_gap(ledger, "plc", (FORCE,), NOON, NOON, "full", kind=GapKind.OVERFLOW)
    assert fill(ledger, filled(part(1, 2)), NOON, EVERY) == []
    fill(ledger, filled(part(-1, 1)), NOON, EVERY)
    assert [gap.state for gap in gaps(ledger)] == ["filled"]


def test_a_gap_of_all_signals_of_a_source_nobody_knows_is_not_cut_by_signals() -> None:
    gap = Gap(1, "plc", (), NOON, NOON + HOUR, "away", "open")
    assert cut(gap, part(0, 1, FORCE), ()) is None
    assert cut(gap, part(0, 1), ()) == (gap, [])


def test_a_gap_that_is_asked_for_once_more_is_open_again(ledger: sa.Connection) -> None:
    number = outage(ledger)
    give_up(ledger, part(0, 4), "no history", NOON, EVERY)
    before = read_gap(ledger, number)
    assert before is not None
    reopen(ledger, number)
    [gap] = read_news(ledger, after=before.changed)
    assert (gap.state, gap.reason, gap.resolved) == ("open", "", None)


def test_a_gap_is_filled_once_the_store_has_what_fills_it(ledger: sa.Connection) -> None:
    outage(ledger)
    note_filling(ledger, filled(part(0, 2), position=5))
    note_filling(ledger, filled(part(2, 4), position=6))
    assert fill_stored(ledger, "log", 4, NOON, {"plc": EVERY}) == []
    assert told(ledger) == [(0, 4, (), "open")]
    assert [one.position for one in fill_stored(ledger, "log", 5, NOON, {"plc": EVERY})] == [5]
    assert told(ledger) == [(0, 2, (), "filled"), (2, 4, (), "open")]
    assert [one.position for one in read_fillings(ledger)] == [6]


def test_what_another_spool_held_fills_nothing(ledger: sa.Connection) -> None:
    outage(ledger)
    note_filling(ledger, filled(part(0, 4)))
    assert fill_stored(ledger, "new log", 99, NOON, {"plc": EVERY}) == []
    assert (told(ledger), read_fillings(ledger)) == ([(0, 4, (), "open")], [])


def test_what_goes_missing_later_is_not_filled_by_what_came_before(ledger: sa.Connection) -> None:
    outage(ledger)
    note_filling(ledger, filled(part(0, 4)))
    add_gap(ledger, "plc", (), NOON, NOON + HOUR, "dropped from the spool", kind=GapKind.DROPPED)
    fill_stored(ledger, "log", 99, NOON, {"plc": EVERY})
    assert {gap.kind: gap.state for gap in gaps(ledger)} == {"outage": "filled", "dropped": "open"}


_HOURS = 6
_PARTS = st.builds(
    lambda a, b, signals: part(min(a, b), max(a, b), *sorted(signals)),
    st.integers(-1, _HOURS),
    st.integers(-1, _HOURS),
    st.sets(st.sampled_from(EVERY)),
)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(["fill", "give up", "recording"]), _PARTS), max_size=8))
def test_whatever_is_done_every_hour_of_every_signal_stands_in_one_part(steps: list[tuple[str, Part]]) -> None:
    engine = sa.create_engine("sqlite://")
    METADATA.create_all(engine, tables=[GAPS, CHANGES, FILLINGS])
    model = {(signal, hour): "open" for signal in EVERY for hour in range(4)}
    with engine.begin() as ledger:
        number = outage(ledger)
        for step, of in steps:
            known = read_news(ledger, after=0)[-1].changed
            if step == "give up":
                give_up(ledger, of, "no history", NOON, EVERY)
            else:
                by = FilledBy.HISTORY if step == "fill" else FilledBy.RECORDING
                fill(ledger, filled(of, by=by), NOON, EVERY)
            before = dict(model)
            for (signal, hour), state in before.items():
                inside = of.start <= NOON + hour * HOUR < of.end and (not of.signals or signal in of.signals)
                if inside and state in (("open", "unfillable") if step == "recording" else ("open",)):
                    model[signal, hour] = "unfillable" if step == "give up" else "filled"
            found: dict[tuple[str, int], str] = {}
            for gap in gaps(ledger):
                assert gap.end is not None
                assert gap.start < gap.end
                assert gap.whole == number
                for signal in gap.signals or EVERY:
                    for hour in range((gap.start - NOON) // HOUR, (gap.end - NOON) // HOUR):
                        assert (signal, hour) not in found
                        found[signal, hour] = gap.state
            assert found == model
            assert (read_news(ledger, after=known) != []) == (before != model)
        assert read_gap(ledger, number) is not None
    engine.dispose()


async def test_changes_of_several_writers_are_all_news(records: Records) -> None:
    for hour in range(3):
        start = NOON + hour * 2 * HOUR
        add = partial(add_gap, source="plc", signals=(), start=start, end=start + HOUR, cause="away")
        await records.run(partial(add, kind=GapKind.OUTAGE))
    seen = await records.run(lambda c: read_news(c, after=0))
    assert [gap.changed for gap in seen] == sorted({gap.changed for gap in seen})
    await records.run(lambda c: fill(c, filled(part(0, 2.5)), NOON, EVERY))
    news = await records.run(lambda c: read_news(c, after=seen[-1].changed))
    assert [gap.state for gap in sorted(news, key=lambda gap: gap.start)] == ["filled", "filled", "open"]
