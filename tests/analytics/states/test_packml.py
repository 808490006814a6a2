"""By PackML: every state, as number and as name, in every mode."""

from typing import Any

import pytest

from collector.park import Equipment
from tests.analytics.states.told import lathe, told


def filler(*, mode: bool = False, kind: Any = "int", **keys: Any) -> Equipment:
    names = {"state": kind, "mode": kind} if mode else {"state": kind}
    return lathe({"kind": "packml", **{name: name for name in names}, **keys}, names)


@pytest.mark.parametrize(
    ("number", "name", "state"),
    [
        (1, "Clearing", "unplanned_stop"),
        (2, "Stopped", "off"),
        (3, "Starting", "setup"),
        (4, "Idle", "idle"),
        (5, "Suspended", "idle"),
        (6, "Execute", "producing"),
        (7, "Stopping", "off"),
        (8, "Aborting", "unplanned_stop"),
        (9, "Aborted", "unplanned_stop"),
        (10, "Holding", "unplanned_stop"),
        (11, "Held", "unplanned_stop"),
        (12, "Unholding", "unplanned_stop"),
        (13, "Suspending", "idle"),
        (14, "Unsuspending", "idle"),
        (15, "Resetting", "setup"),
        (16, "Completing", "producing"),
        (17, "Complete", "idle"),
    ],
)
def test_every_state_by_number_and_by_name(number: int, name: str, state: str) -> None:
    expected = [(0, 10, state, name)]
    assert told(filler(), {"state": [(0, number)]}, end=10) == expected
    assert told(filler(kind="text"), {"state": [(0, name)]}, end=10) == expected
    assert told(filler(kind="text"), {"state": [(0, f" {name.upper()}")]}, end=10) == expected
    assert told(filler(kind="float"), {"state": [(0, float(number))]}, end=10) == expected


@pytest.mark.parametrize(("value", "raw"), [(0, "0"), (18, "18"), (-1, "-1")])
def test_what_packml_does_not_have_is_unknown(value: int, raw: str) -> None:
    assert told(filler(), {"state": [(0, value)]}, end=10) == [(0, 10, "unknown", raw)]


@pytest.mark.parametrize(
    ("mode", "executing", "held", "idle"),
    [
        (1, "producing", "unplanned_stop", "idle"),
        (2, "setup", "planned_stop", "planned_stop"),
        (3, "setup", "setup", "setup"),
        (4, "producing", "unplanned_stop", "idle"),
        (0, "unknown", "unknown", "unknown"),
    ],
)
def test_the_mode_says_what_a_state_is(mode: int, executing: str, held: str, idle: str) -> None:
    states = [(0, 6), (10, 11), (20, 4)]
    found = told(filler(mode=True), {"state": states, "mode": [(0, mode)]}, end=30)
    assert [one[2:] for one in found] == [(executing, "Execute"), (held, "Held"), (idle, "Idle")]


def test_modes_have_names() -> None:
    machine = filler(mode=True, kind="text")
    modes = [(0, "Production"), (10, "Producing"), (20, "Maintenance"), (30, "MANUAL"), (40, "Cleaning")]
    found = told(machine, {"state": [(0, "Idle")], "mode": modes}, end=50)
    assert [one[:3] for one in found] == [
        (0, 20, "idle"),
        (20, 30, "planned_stop"),
        (30, 40, "setup"),
        (40, 50, "idle"),
    ]


def test_where_the_mode_is_not_known_the_state_is_not() -> None:
    states = [(0, 6)]
    assert told(filler(mode=True), {"state": states, "mode": [(20, 1), (40, None)]}, end=70) == [
        (0, 20, "unknown", None),
        (20, 50, "producing", "Execute"),
        (50, 70, "unknown", None),
    ]


def test_a_machine_may_map_states_otherwise() -> None:
    own = {"Suspended": "unplanned_stop", "stopped": "planned_stop"}
    found = told(filler(states=own), {"state": [(0, 5), (10, 2), (20, 6)]}, end=30)
    assert [one[2:] for one in found] == [
        ("unplanned_stop", "Suspended"),
        ("planned_stop", "Stopped"),
        ("producing", "Execute"),
    ]
