"""By a threshold: hysteresis, its bounded memory, and the least time that a state lasts."""

from typing import Any

import pytest

from collector.park import Equipment
from tests.analytics.states.told import gaps, lathe, told

HOUR = 3600


def loaded(**keys: Any) -> Equipment:
    rule = {"kind": "threshold", "signal": "power", "on": 5, "off": 2, **keys}
    return lathe(rule, {"power": "float"})


def test_above_and_below() -> None:
    found = told(loaded(off=None), {"power": [(0, 0.5), (10, 5.0), (20, 7.0), (30, 4.9)]}, end=40)
    assert found == [(0, 10, "idle", "below"), (10, 30, "producing", "above"), (30, 40, "idle", "below")]


def test_whole_numbers_and_states_of_its_own() -> None:
    rule = {"kind": "threshold", "signal": "load", "on": 5, "above": "setup", "below": "off"}
    found = told(lathe(rule, {"load": "int"}), {"load": [(0, 5), (10, 4)]}, end=20)
    assert found == [(0, 10, "setup", "above"), (10, 20, "off", "below")]


def test_between_the_two_it_stays_as_it_was() -> None:
    values = [(0, 0.0), (10, 4.0), (20, 5.0), (30, 2.0), (40, 3.0), (50, 1.9), (60, 4.0)]
    assert told(loaded(), {"power": values}, end=70) == [
        (0, 20, "idle", "below"),
        (20, 50, "producing", "above"),
        (50, 70, "idle", "below"),
    ]


def test_it_stays_as_it_was_across_a_gap_that_is_bridged_and_one_that_is_not() -> None:
    assert told(loaded(), {"power": [(0, 6.0), (10, None), (15, 3.0)]}, end=40) == [(0, 40, "producing", "above")]
    assert told(loaded(), {"power": [(0, 6.0), (10, None), (30, 3.0)]}, end=40) == [
        (0, 20, "producing", "above"),
        (20, 30, "unknown", None),
        (30, 40, "producing", "above"),
    ]


@pytest.mark.parametrize("again", [[], [(1800, 3.0)], [(1800, None), (1805, 4.0)]])
def test_it_stays_as_it_was_for_an_hour_at_most(again: list[tuple[float, Any]]) -> None:
    values = [(0, 6.0), (100, 3.0), *again]
    assert told(loaded(), {"power": values}, end=2 * HOUR) == [
        (0, 100 + HOUR, "producing", "above"),
        (100 + HOUR, 2 * HOUR, "idle", "below"),
    ]


def test_what_was_never_outside_is_below() -> None:
    assert told(loaded(), {"power": [(0, 3.0)]}, end=50) == [(0, 50, "idle", "below")]


def test_the_end_of_an_hour_is_no_report_inside_a_gap() -> None:
    machine = loaded()
    lost = gaps(machine, (200, 2 * HOUR))
    assert told(machine, {"power": [(0, 6.0), (100, 3.0)]}, lost, end=3 * HOUR) == [
        (0, 210, "producing", "above"),
        (210, 3 * HOUR, "unknown", None),
    ]
    assert told(machine, {"power": [(0, 6.0), (100, 3.0), (300, 3.0)]}, lost, end=3 * HOUR) == [
        (0, 210, "producing", "above"),
        (210, 300, "unknown", None),
        (300, 310, "producing", "above"),
        (310, 3 * HOUR, "unknown", None),
    ]


def test_what_does_not_last_is_part_of_what_was_before() -> None:
    values = [(0, 6.0), (100, 0.0), (110, 6.0), (200, 0.0), (230, 6.0), (240, 0.0), (300, 0.0)]
    assert told(loaded(minimum="30 s"), {"power": values}, end=400) == [
        (0, 200, "producing", "above"),
        (200, 400, "idle", "below"),
    ]


def test_what_lasts_just_as_long_is_a_state() -> None:
    values = [(0, 6.0), (100, 0.0), (130, 6.0)]
    assert [span[2] for span in told(loaded(minimum="30 s"), {"power": values}, end=400)] == [
        "producing",
        "idle",
        "producing",
    ]


def test_what_has_not_lasted_when_no_more_is_known_is_not_yet_a_state() -> None:
    values = {"power": [(0, 6.0), (100, 0.0)]}
    assert told(loaded(minimum="30 s"), values, until=120) == [(0, 120, "producing", "above")]
    assert told(loaded(minimum="30 s"), values, until=130)[-1] == (100, 130, "idle", "below")


def test_after_unknown_and_at_first_a_short_state_stands_as_it_is() -> None:
    values = [(5, 0.0), (10, 6.0), (100, None), (200, 0.0), (210, 6.0)]
    assert told(loaded(minimum="30 s"), {"power": values}, end=300) == [
        (0, 5, "unknown", None),
        (5, 10, "idle", "below"),
        (10, 110, "producing", "above"),
        (110, 200, "unknown", None),
        (200, 210, "idle", "below"),
        (210, 300, "producing", "above"),
    ]


def test_what_flickers_for_longer_than_an_hour_is_told_as_it_is() -> None:
    flicker = [(float(n), 6.0 if n % 20 else 0.0) for n in range(100, 2 * HOUR, 10)]
    found = told(loaded(minimum="30 s"), {"power": [(0, 6.0), *flicker]}, end=2 * HOUR)
    first, *flickering, _ = found
    assert [first] == [(0, 100 + HOUR + 20, "producing", "above")]
    assert {end - start for start, end, _, _ in flickering} == {10}
