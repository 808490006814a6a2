"""Counters that do what counters do not."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.contract import Seen
from analytics.faults.counter import COUNTER
from analytics.sayings import message
from analytics.watch import Watch
from collector.faultrules.production import Counter
from collector.faultrules.rules import SignalFaults
from collector.park import SignalRole
from collector.staterules import ByCounter, ByThreshold
from tests.analytics.faults.looking import (
    PRESS,
    RUN,
    STAND,
    Looked,
    counted,
    gaps,
    ns,
    plant,
    rising,
    same,
    seconds,
    signal,
    stateless,
    states,
)
from tests.analytics.plant import EXAMPLES, samples

PARTS = f"{PRESS}/parts"
CYCLE = timedelta(seconds=10)


def watched(*, cycle: timedelta | None = CYCLE, role: SignalRole = SignalRole.TOTAL_COUNT, **keys: Any) -> Looked:
    width = keys.pop("width", None)
    offset = keys.pop("offset", 0.0)
    one = counted(role=role, width=width, offset=offset, faults=SignalFaults(counter=Counter(**keys)))
    return Looked(COUNTER, plant(one, ideal_cycle=cycle))


def parts(*values: tuple[float, Any]) -> Any:
    return samples(PARTS, values)


def test_a_counter_that_counts_says_nothing() -> None:
    looked = watched()
    looked.look(parts(*((n * 10, n) for n in range(100))), told=states((0, RUN)))
    assert looked.told() == []


def test_a_reset_is_an_alert_until_it_counts_on() -> None:
    looked = watched()
    looked.look(parts((0, 100), (10, 101), (20, 0), (30, 0), (40, 1)))
    assert looked.told() == [("reset", 20, 40)]


def test_a_roll_over_and_a_slight_correction_are_none() -> None:
    looked = watched(width=65536)
    looked.look(parts((0, 65530), (10, 65535), (20, 2), (30, 5)))
    assert looked.told() == []
    looked = watched()
    looked.look(parts((0, 100), (10, 95), (20, 100)))
    assert looked.told() == []


def test_after_an_old_reading_the_next_one_is_not_ahead() -> None:
    looked = watched()
    looked.look(parts((0, 1000), (10, 1001), (20, 950)))
    looked.look(parts((30, 1002), (40, 1003)))
    assert looked.told() == []
    looked.look(parts((50, 990), (60, 1100), (70, 1101)))
    assert looked.told() == [("ahead", 60, 70)]
    (alert,) = looked.alerts.values()
    assert message(alert, "en") == "Parts: counted 97 within 20 s, 11 at most can be"


def test_after_a_correction_nothing_is_ahead_until_the_counter_is_where_it_was() -> None:
    looked = watched()
    looked.look(parts((0, 1000), (10, 950), (20, 990), (30, 1003)))
    assert looked.told() == []
    looked.look(parts((40, 1063)))
    assert looked.told() == [("ahead", 40, None)]
    looked.look(parts((50, 1064), (60, 3), (70, 4), (80, 60)))
    assert looked.told() == [("ahead", 40, 50), ("reset", 60, 70), ("ahead", 80, None)]


def test_an_old_reading_is_no_part_of_a_machine_that_stands() -> None:
    looked = watched()
    looked.look(parts((90, 1000), (300, 950), (310, 1000), (320, 950)), told=states((0, RUN), (100, STAND)))
    assert looked.told() == []
    looked.look(parts((330, 1001)))
    assert looked.told() == [("stopped", 330, None)]


def test_a_counter_that_rolls_over_after_an_old_reading_counted_what_is_above_it() -> None:
    looked = watched(width=65536)
    looked.look(parts((0, 65530), (10, 65400), (20, 3), (30, 4)))
    assert looked.told() == []


def test_a_jump_back_that_is_too_far_for_a_roll_over_is_a_reset() -> None:
    looked = watched(width=65536)
    looked.look(parts((0, 20_000), (10, 0)))
    assert looked.told() == [("reset", 10, None)]


def test_a_counter_begins_again_at_its_offset() -> None:
    looked = watched(offset=1000)
    looked.look(parts((0, 1001), (10, 1002), (20, 1001), (30, 900)))
    assert looked.told() == [("reset", 20, None)]


def test_nobody_makes_so_many_parts() -> None:
    looked = watched()
    looked.look(parts((0, 100), (10, 101), (20, 107), (30, 200), (40, 201)))
    assert looked.told() == [("ahead", 30, 40)]


def test_parts_told_by_the_batch_are_not_fast() -> None:
    looked = watched()
    looked.look(parts((0, 0), *((60 + second, 6) for second in range(60)), (120, 12)))
    assert looked.told() == []


def test_a_rate_goes_before_the_ideal_cycle_and_without_both_nothing_is_too_fast() -> None:
    looked = watched(rate=100)
    looked.look(parts((0, 0), (10, 900), (20, 2000)))
    assert looked.told() == [("ahead", 20, None)]
    looked = watched(cycle=None)
    looked.look(parts((0, 0), (10, 100_000)))
    assert looked.told() == []


def test_parts_that_come_while_the_machine_stands() -> None:
    looked = watched()
    told = states((0, RUN), (100, STAND))
    looked.look(parts((90, 9), (110, 10), (130, 11)), told=told)
    assert looked.told() == []
    looked.look(parts((200, 12), (300, 13)))
    assert looked.told() == [("stopped", 200, None)]
    looked.look(told=states((400, RUN)))
    assert looked.told() == [("stopped", 200, 400)]


def test_a_state_told_by_the_counter_itself_contradicts_it_never() -> None:
    one = counted(faults=SignalFaults(counter=Counter()))
    rule = ByCounter(kind="counter", signal="parts")
    looked = Looked(COUNTER, stateless(one, ideal_cycle=CYCLE, state_from=rule))
    assert set(looked.rules[PARTS].points) == {"reset", "ahead"}


def told_late(step: int, made: Sequence[tuple[float, Any]], **keys: Any) -> list[tuple[str, float, float | None]]:
    """Give the alerts of a press that stands from 300 to 600 s, certain a minute later; looks are `step` s apart."""
    one, load = counted(faults=SignalFaults(counter=Counter(**keys))), signal("load", unit="kW")
    rule = ByThreshold(kind="threshold", signal="load", on=5.0, minimum=timedelta(minutes=1))
    where = stateless(load, one, ideal_cycle=CYCLE, state_from=rule)
    looked, watch = Looked(COUNTER, where), Watch(where)
    loads = samples(f"{PRESS}/load", [(second, 0.0 if 300 <= second < 600 else 9.0) for second in range(700)])
    frame = pl.concat([loads, parts(*made)]).sort("time")
    time = frame["time"].dt.cast_time_unit("ns").dt.epoch("ns")
    for start in range(0, 780, step):
        some = frame.filter((time >= ns(start)) & (time < ns(start + step)))
        look = watch.look(Seen(some, until=dict.fromkeys(watch.signals, ns(start + step) - 1)))
        looked.alerts |= {alert.id: alert for alert in look.alerts}
        watch.keep(look)
    return looked.told()


@pytest.mark.parametrize("step", [11, 780])
def test_parts_at_a_start_that_is_told_late_are_none_of_a_machine_that_stands(step: int) -> None:
    made = [(second + 5.0, second // 10) for second in range(0, 700, 10) if not 300 <= second < 605]
    assert told_late(step, made) == []


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("delay", [0, 200])
@pytest.mark.parametrize("step", [11, 780])
def test_parts_while_the_machine_stands_are_told_when_that_is_certain(step: int, delay: int, count: int) -> None:
    made = [(second + 5.0, second // 10) for second in range(0, 700, 10)]
    assert told_late(step, made, count=count, on_delay=seconds(delay)) == [("stopped", 395, 600)]


@pytest.mark.parametrize("step", [11, 780])
def test_a_part_just_before_a_start_that_is_told_late_is_one(step: int) -> None:
    made = [(290.0, 29), (580.0, 30), (610.0, 31)]
    assert told_late(step, made) == [("stopped", 580, 600)]
    assert told_late(step, made, on_delay=seconds(30)) == []


def test_rejects_may_be_booked_while_the_machine_stands() -> None:
    looked = watched(role=SignalRole.REJECT_COUNT)
    looked.look(parts((0, 1), (900, 2)), told=states((0, STAND)))
    assert looked.told() == []


def test_over_a_gap_nothing_is_judged() -> None:
    looked = watched()
    looked.look(parts((0, 100), (60, 0), (70, 1)), missed=gaps(PARTS, (10, 50)))
    looked.look(parts((80, None), (90, 5000)), missed=gaps(PARTS, (10, 50)))
    assert looked.told() == []


def test_it_says_what_was_counted() -> None:
    looked = watched()
    looked.look(parts((0, 12345), (10, 3)))
    looked.look(parts((20, 100)))
    first, second = sorted(looked.alerts.values(), key=lambda one: one.began)
    assert message(first, "en") == "Parts: jumped back from 12345 to 3: reset or replaced"
    assert message(first, "zh") == "产量：从 12345 跳回 3，可能被清零或更换"  # noqa: RUF001 - Chinese
    assert message(second, "en") == "Parts: counted 97 within 10 s, 6 at most can be"


STEPS = st.lists(st.tuples(st.sampled_from([0, 1, 10, 90]), st.sampled_from([0, 1, 5, 50, 95, None])), min_size=1)
CHANGES = st.lists(st.tuples(st.integers(0, 900), st.sampled_from([RUN, STAND])), max_size=4)


@EXAMPLES
@given(
    STEPS,
    CHANGES,
    st.sampled_from([None, 100]),
    st.integers(1, 2),
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 60)), max_size=2),
    st.lists(st.integers(0, 1500), max_size=6),
)
def test_any_portions_find_the_same(
    steps: list[tuple[int, Any]],
    changes: Sequence[tuple[int, Any]],
    width: int | None,
    count: int,
    missing: list[tuple[int, int]],
    cuts: list[int],
) -> None:
    frame = parts(*rising(steps))
    end = rising(steps)[-1][0] + 20
    told = states((0, RUN), *sorted(changes, key=lambda change: change[0]))
    missed = gaps(PARTS, *((start, start + length) for start, length in missing))
    keys: dict[str, Any] = {"width": width, "count": count, "on_delay": seconds(4), "off_delay": seconds(4)}
    once = watched(**keys)
    once.look(frame, end, told=told, missed=missed)
    same(once, watched(**keys).portions(frame, cuts, end, told=told, missed=missed))
