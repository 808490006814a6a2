"""Whose clock is wrong: seen by the monotonic clock, and said by most of the others."""

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.ownclock import BEHIND, GRACE, OwnClock, lead_of
from tests.collector.fakes import NOON, numbers

HOUR = timedelta(hours=1)
NONE = timedelta(0)


@pytest.fixture
def own() -> OwnClock:
    """A clock that is watched since noon."""
    return OwnClock(NOON, 0.0)


@given(passed=st.floats(0, 1e6), step=st.integers(-(10**6), 10**6).filter(lambda s: s == 0 or abs(s) > 2))
def test_a_step_is_what_the_wall_clock_went_more_than_the_monotonic_one(passed: float, step: int) -> None:
    own = OwnClock(NOON, 0.0)
    wall = NOON + timedelta(seconds=passed + step)
    assert abs(own.step(wall, passed) - timedelta(seconds=step)) < timedelta(milliseconds=1)
    assert own.step(wall + timedelta(seconds=1), passed + 1) == NONE


def test_one_machine_that_is_ahead_is_wrong_itself(own: OwnClock) -> None:
    own.heard("press", HOUR)
    assert own.behind == own.allowance == NONE


def test_two_machines_that_agree_are_right(own: OwnClock) -> None:
    own.heard("press", HOUR)
    own.heard("lathe", HOUR + timedelta(seconds=3))
    assert own.behind == own.allowance == HOUR


def test_of_two_machines_that_do_not_agree_neither_is_believed(own: OwnClock) -> None:
    own.heard("press", HOUR)
    own.heard("lathe", NONE)
    assert own.behind == NONE


def test_one_machine_is_right_when_it_agrees_with_how_late_it_was_before_somebody_set_the_clock(own: OwnClock) -> None:
    own.heard("press", NONE)
    assert own.step(NOON - HOUR, 0.0) == -HOUR
    assert own.behind == HOUR
    own.heard("press", HOUR)
    assert own.behind == HOUR
    own.step(NOON - HOUR + timedelta(seconds=GRACE + 1), GRACE + 1)
    assert own.allowance == HOUR
    own.step(NOON + timedelta(seconds=GRACE + 2), GRACE + 2)
    assert own.behind == NONE


def test_a_machine_that_always_agreed_is_right_when_the_clock_was_wrong_and_is_set_back(own: OwnClock) -> None:
    own.heard("press", -HOUR)
    own.step(NOON - HOUR, 0.0)
    assert own.behind == NONE
    own.heard("press", NONE)
    assert own.behind == NONE


def test_what_arrived_before_a_step_is_judged_mildly_for_a_while(own: OwnClock) -> None:
    own.heard("press", NONE)
    own.step(NOON + HOUR, 0.0)
    assert (own.behind, own.allowance) == (NONE, HOUR)
    own.step(NOON + HOUR + timedelta(seconds=GRACE + 1), GRACE + 1)
    assert own.allowance == NONE


def test_what_was_noted_before_a_step_is_as_long_ago_as_it_was(own: OwnClock) -> None:
    second = timedelta(seconds=1)
    assert own.moved(NOON - second) == NOON - second
    own.step(NOON + HOUR, 0.0)
    assert own.moved(NOON - second) == NOON + HOUR - second
    assert own.moved(NOON + HOUR - second) == NOON + HOUR - second
    own.step(NOON - HOUR + second, 1.0)
    assert own.moved(NOON - second) == NOON - HOUR - second
    assert own.moved(NOON + HOUR - second) == NOON - HOUR - second
    assert own.moved(NOON - HOUR) == NOON - HOUR
    own.step(NOON - HOUR + timedelta(seconds=GRACE + 2), GRACE + 2)
    assert own.moved(NOON - 2 * HOUR) == NOON - 2 * HOUR


def test_late_batches_say_nothing(own: OwnClock) -> None:
    own.heard("press", HOUR)
    own.heard("lathe", HOUR)
    for number in range(5):
        own.heard(f"late {number}", -HOUR)
    assert own.behind == HOUR


def test_the_collector_before_is_a_witness_too(own: OwnClock) -> None:
    assert own.started_at(NOON - HOUR) == NONE
    assert own.started_at(NOON + HOUR) == -HOUR
    assert own.behind == NONE
    own.heard("press", HOUR + timedelta(minutes=5))
    assert own.behind == HOUR


@given(st.lists(st.integers(-7200, 7200), max_size=9))
def test_more_than_half_of_all_clocks_say_so(seconds: list[int]) -> None:
    own = OwnClock(NOON, 0.0)
    for number, lead in enumerate(seconds):
        own.heard(str(number), timedelta(seconds=lead))
    said = [NONE, *(timedelta(seconds=s) for s in seconds if timedelta(seconds=s) > -BEHIND)]
    if own.behind:
        assert sum(lead >= own.behind for lead in said) * 2 > len(said)
    else:
        assert sum(lead >= BEHIND for lead in said) * 2 <= len(said)


def test_times_of_arrival_are_no_witness() -> None:
    rows = numbers([1, 2, 3])
    assert lead_of(rows) is None
    assert lead_of(rows.clear()) is None
    assert lead_of(rows.with_columns(received=pl.col("time") - HOUR)) == HOUR
