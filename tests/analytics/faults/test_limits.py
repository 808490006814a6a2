"""Limits that ask for several values in a row; the rest of limits is tested with conditions."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.limits import LIMITS, shown_unit
from collector.park import Limit
from tests.analytics.faults.looking import PRESS, Looked, plant, rising, same, seconds, signal
from tests.analytics.plant import EXAMPLES, samples

FORCE = f"{PRESS}/force"


def limited(values: Sequence[tuple[float, Any]], *limits: Limit, until: float | None = None) -> Looked:
    looked = Looked(LIMITS, plant(signal(limits=limits)))
    looked.look(samples(FORCE, values), until)
    return looked


def test_so_many_values_in_a_row_begin_an_alert_with_the_first_of_them() -> None:
    values = [(0, 81.0), (1, 70.0), (2, 81.0), (3, 81.0), (4, 82.0), (5, 70.0)]
    assert limited(values, Limit(high=80, count=3)).told() == [("high:80", 2, 5)]


def test_a_value_between_breaks_a_row_but_keeps_an_alert() -> None:
    limit = Limit(high=80, hysteresis=5, count=2)
    assert limited([(0, 81.0), (1, 78.0), (2, 81.0)], limit).told() == []
    assert limited([(0, 81.0), (1, 81.0), (2, 78.0), (3, 70.0)], limit).told() == [("high:80", 0, 3)]


def test_the_delay_counts_from_the_first_of_the_row() -> None:
    limit = Limit(high=80, count=2, on_delay=seconds(10))
    assert limited([(0, 81.0), (8, 81.0)], limit, until=9).told() == []
    assert limited([(0, 81.0), (8, 81.0)], limit, until=10).told() == [("high:80", 0, None)]


def test_a_row_is_carried_over_a_restart() -> None:
    looked = limited([(0, 81.0), (1, 81.0)], Limit(high=80, count=3))
    looked.look(samples(FORCE, [(2, 81.0)]))
    assert looked.told() == [("high:80", 0, None)]


def test_an_alert_that_ends_while_a_new_row_has_begun_is_two() -> None:
    limit = Limit(high=80, count=3, off_delay=seconds(10))
    values = [(0, 81.0), (1, 81.0), (2, 81.0), (5, 70.0), (14, 81.0), (16, 81.0), (18, 81.0)]
    assert limited(values, limit).told() == [("high:80", 0, 5), ("high:80", 14, None)]


STEPS = st.lists(st.tuples(st.integers(0, 4), st.sampled_from([60.0, 76.0, 80.0, 81.0, 95.0, None])), min_size=1)
DELAYS = st.integers(0, 8).map(seconds)


@EXAMPLES
@given(STEPS, st.integers(1, 4), DELAYS, DELAYS, st.lists(st.integers(0, 60), max_size=6))
def test_rows_are_the_same_in_any_portions(
    steps: list[tuple[int, Any]], count: int, on: timedelta, off: timedelta, cuts: list[int]
) -> None:
    where = plant(signal(limits=(Limit(high=80, low=70, hysteresis=5, on_delay=on, off_delay=off, count=count),)))
    frame = samples(FORCE, rising(steps))
    end = rising(steps)[-1][0] + 20
    once = Looked(LIMITS, where)
    once.look(frame, end)
    same(once, Looked(LIMITS, where).portions(frame, cuts, end))


@EXAMPLES
@given(STEPS, st.integers(2, 4))
def test_rows_are_those_that_are_counted_by_hand(steps: list[tuple[int, Any]], count: int) -> None:
    values = [(second, value) for second, value in rising(steps) if value is not None]
    row: list[float] = []
    found: list[tuple[str, float, float | None]] = []
    for second, value in values:
        row = [*row, second] if value > 80 else []
        lasts = bool(found) and found[-1][2] is None
        if not lasts and len(row) >= count:
            found.append(("high:80", row[0], None))
        elif lasts and value <= 75:
            found[-1] = (*found[-1][:2], second)
    told = limited(rising(steps), Limit(high=80, hysteresis=5, count=count)).told()
    assert sorted(told, key=str) == sorted(dict.fromkeys(found), key=str)


def test_a_later_sample_says_that_a_delay_is_over() -> None:
    """Nobody waits for the link's word, which comes seconds later."""
    limit = Limit(high=80, on_delay=seconds(3), off_delay=seconds(2))
    values = [(0, 81.0), (1, 82.0), (2, 81.0), (3, 81.0)]
    assert limited(values[:3], limit).told() == []
    assert limited(values, limit).told() == [("high:80", 0, None)]
    values += [(4, 70.0), (5, 70.0), (6, 71.0)]
    assert limited(values[:6], limit).told() == [("high:80", 0, None)]
    assert limited(values, limit).told() == [("high:80", 0, 4)]


@pytest.mark.parametrize(("unit", "shown"), [("{pcs}", " pcs"), ("{pcs}/min", " pcs/min"), ("Cel", " °C"), ("1", "")])
def test_units_are_shown_as_people_know_them(unit: str, shown: str) -> None:
    assert shown_unit(signal("count", unit=unit)) == shown
