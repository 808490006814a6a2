"""By conditions: the first that holds, over values of one instant, with NULL where nobody knows."""

from typing import Any

import polars as pl

from adapters.sample import no_samples
from analytics.spans import Machine, spans
from collector.park import Equipment
from tests.analytics.plant import at, samples
from tests.analytics.states.told import LATHE, History, gaps, lathe, told

TYPES: dict[str, Any] = {"load": "float", "door": "text", "coolant-on": "bool", "axis.x": "int", "noise": "float"}

RULES = [
    {"when": "door = 'OPEN'", "state": "setup"},
    {"when": 'load > 5 AND "coolant-on"', "state": "producing"},
    {"when": "load > 5", "state": "unplanned_stop", "reason": "coolant"},
]


def machine(*rules: dict[str, str], path: str = LATHE, **keys: Any) -> Equipment:
    rule = {"kind": "expression", "rules": rules or RULES, **keys}
    return lathe(rule, TYPES, path)


def test_the_first_condition_that_holds_counts() -> None:
    history: History = {
        "load": [(0, 0.0), (10, 6.0), (40, 1.0)],
        "door": [(0, "CLOSED"), (20, "OPEN"), (30, "CLOSED")],
        "coolant-on": [(0, True), (35, False)],
        "noise": [(float(n), float(n)) for n in range(50)],
    }
    assert told(machine(otherwise="idle"), history, end=50) == [
        (0, 10, "idle", ""),
        (10, 20, "producing", "2"),
        (20, 30, "setup", "1"),
        (30, 35, "producing", "2"),
        (35, 40, "unplanned_stop", "3"),
        (40, 50, "idle", ""),
    ]


def test_only_the_signals_that_are_named_are_read() -> None:
    assert [signal.name for signal in machine().state_inputs] == ["load", "door", "coolant-on"]
    quoted = machine({"when": "\"axis.x\" > 0 OR door = 'load'", "state": "idle"})
    assert [signal.name for signal in quoted.state_inputs] == ["door", "axis.x"]


def test_where_nothing_holds_it_is_unknown_unless_it_says_otherwise() -> None:
    one = machine({"when": '"axis.x" IN (1, 2)', "state": "producing"})
    assert told(one, {"axis.x": [(0, 1), (10, 3)]}, end=20) == [(0, 10, "producing", "1"), (10, 20, "unknown", "")]


def test_a_condition_that_nobody_knows_makes_the_state_unknown() -> None:
    history: History = {"load": [(0, 6.0)], "door": [(0, "CLOSED"), (20, None)], "coolant-on": [(0, True)]}
    assert told(machine(), history, end=50) == [(0, 30, "producing", "2"), (30, 50, "unknown", None)]


def test_what_is_not_needed_may_be_unknown() -> None:
    history: History = {
        "door": [(0, "OPEN"), (50, "CLOSED")],
        "load": [(10, 6.0), (20, None)],
        "coolant-on": [(0, True)],
    }
    assert told(machine(), history, end=60) == [(0, 50, "setup", "1"), (50, 60, "unknown", None)]
    either = machine({"when": "load > 5 OR door = 'OPEN'", "state": "producing"}, otherwise="idle")
    assert told(either, {"door": [(0, "OPEN"), (50, "CLOSED")], "load": [(60, 1.0)]}, end=70) == [
        (0, 50, "producing", "1"),
        (50, 60, "unknown", None),
        (60, 70, "idle", ""),
    ]


def test_a_condition_may_ask_whether_a_value_is_known() -> None:
    asks = machine({"when": "load IS NULL", "state": "off"}, otherwise="producing")
    assert told(asks, {"load": [(10, 6.0), (20, None)]}, end=50) == [
        (0, 10, "unknown", None),
        (10, 30, "producing", ""),
        (30, 50, "off", "1"),
    ]


def test_changes_at_one_instant_count_together() -> None:
    history: History = {
        "load": [(0, 6.0), (10, 0.0)],
        "door": [(0, "CLOSED"), (10, "OPEN")],
        "coolant-on": [(0, False), (10, True)],
    }
    assert told(machine(), history, end=20) == [(0, 10, "unplanned_stop", "3"), (10, 20, "setup", "1")]


def test_machines_with_rules_alike_and_unlike_do_not_mix() -> None:
    paths = [f"{LATHE}{n}" for n in range(4)]
    configured = [machine(path=path) for path in paths[:2]]
    configured.append(machine({"when": "load > 1", "state": "idle"}, path=paths[2]))
    configured.append(lathe({"kind": "threshold", "signal": "load", "on": 3}, TYPES, paths[3]))
    frames = [
        samples(f"{path}/{name}", [(n, value)])
        for n, path in enumerate(paths)
        for name, value in (("coolant-on", True), ("door", "CLOSED"), ("load", 4.0 + n))
    ]
    known = [Machine(one, at(100)) for one in configured]
    found = spans(pl.concat(frames).lazy(), no_samples(), gaps(configured[0]), known, at(50), at(100))
    assert found.select("equipment", "state", "raw").rows() == [
        (paths[0], "unknown", ""),
        (paths[1], "unknown", ""),
        (paths[2], "idle", "1"),
        (paths[3], "producing", "above"),
    ]
