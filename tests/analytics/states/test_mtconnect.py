"""By MTConnect: execution, controller mode and availability."""

from typing import Any

import pytest

from collector.park import Equipment
from tests.analytics.states.told import History, gaps, lathe, told


def mill(*names: str, **keys: Any) -> Equipment:
    every = ("execution", *names)
    return lathe({"kind": "mtconnect", **{name: name for name in every}, **keys}, dict.fromkeys(every, "text"))


@pytest.mark.parametrize(
    ("execution", "state"),
    [
        ("ACTIVE", "producing"),
        ("READY", "idle"),
        ("STOPPED", "idle"),
        ("PROGRAM_COMPLETED", "idle"),
        ("WAIT", "idle"),
        ("INTERRUPTED", "unplanned_stop"),
        ("FEED_HOLD", "unplanned_stop"),
        ("PROGRAM_STOPPED", "unplanned_stop"),
        ("OPTIONAL_STOP", "planned_stop"),
        ("PROGRAM_OPTIONAL_STOP", "planned_stop"),
        ("HOMING", "unknown"),
    ],
)
def test_execution(execution: str, state: str) -> None:
    assert told(mill(), {"execution": [(0, execution)]}, end=10) == [(0, 10, state, execution)]


def test_active_by_hand_is_a_setup() -> None:
    modes = [(0, "AUTOMATIC"), (10, "MANUAL"), (20, "MANUAL_DATA_INPUT"), (30, "SEMI_AUTOMATIC")]
    history: History = {"execution": [(0, "ACTIVE"), (40, "READY")], "mode": [*modes, (45, "MANUAL")]}
    found = told(mill("mode"), history, end=50)
    assert [one[:3] for one in found] == [
        (0, 10, "producing"),
        (10, 30, "setup"),
        (30, 40, "producing"),
        (40, 50, "idle"),
    ]


def test_the_mode_is_needed_while_active_only() -> None:
    history: History = {"execution": [(0, "READY"), (10, "ACTIVE")], "mode": [(20, "AUTOMATIC")]}
    assert told(mill("mode"), history, end=30) == [
        (0, 10, "idle", "READY"),
        (10, 20, "unknown", None),
        (20, 30, "producing", "ACTIVE"),
    ]


@pytest.mark.parametrize("lost", ["UNAVAILABLE", None])
def test_unavailable_begins_a_gap_like_bad_status(lost: str | None) -> None:
    short: History = {"execution": [(0, "ACTIVE"), (20, lost), (30, "ACTIVE")]}
    assert told(mill(), short, end=50) == [(0, 50, "producing", "ACTIVE")]
    long: History = {"execution": [(0, "ACTIVE"), (20, lost), (31, "ACTIVE")]}
    assert told(mill(), long, end=50) == [
        (0, 30, "producing", "ACTIVE"),
        (30, 31, "unknown", None),
        (31, 50, "producing", "ACTIVE"),
    ]


def test_availability_covers_everything() -> None:
    history: History = {
        "execution": [(0, "ACTIVE")],
        "availability": [(0, "AVAILABLE"), (20, "UNAVAILABLE"), (60, "AVAILABLE")],
    }
    assert told(mill("availability"), history, end=80) == [
        (0, 30, "producing", "ACTIVE"),
        (30, 60, "unknown", None),
        (60, 80, "producing", "ACTIVE"),
    ]


def test_changes_at_one_instant_count_together() -> None:
    history: History = {
        "execution": [(0, "READY"), (10, "ACTIVE")],
        "mode": [(0, "AUTOMATIC"), (10, "MANUAL"), (20, "AUTOMATIC")],
    }
    assert told(mill("mode"), history, end=30) == [
        (0, 10, "idle", "READY"),
        (10, 20, "setup", "ACTIVE"),
        (20, 30, "producing", "ACTIVE"),
    ]


def test_a_gap_of_one_source_is_not_held_over_by_another() -> None:
    machine = mill("mode")
    chatter = [(float(n), ("AUTOMATIC", "SEMI_AUTOMATIC")[n % 2]) for n in range(100)]
    history: History = {"execution": [(0, "ACTIVE"), (80, "ACTIVE")], "mode": chatter}
    assert told(machine, history, gaps(machine, (30, 70), name="execution"), end=100) == [
        (0, 40, "producing", "ACTIVE"),
        (40, 80, "unknown", None),
        (80, 100, "producing", "ACTIVE"),
    ]


def test_a_machine_may_map_values_otherwise() -> None:
    machine = mill(states={"HOMING": "setup", "WAIT": "unplanned_stop"})
    found = told(machine, {"execution": [(0, "HOMING"), (10, "WAIT"), (20, "READY")]}, end=30)
    assert [one[2:] for one in found] == [("setup", "HOMING"), ("unplanned_stop", "WAIT"), ("idle", "READY")]


def test_a_shift_that_starts_in_a_gap_begins_with_what_was_held_or_unknown() -> None:
    history: History = {"execution": [(0, "ACTIVE"), (95, None), (300, "READY")]}
    assert told(mill(), history, start=100, end=400) == [
        (100, 105, "producing", "ACTIVE"),
        (105, 300, "unknown", None),
        (300, 400, "idle", "READY"),
    ]
    assert told(mill(), history, start=200, end=400)[0] == (200, 300, "unknown", None)
