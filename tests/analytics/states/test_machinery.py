"""By OPC 40001-1: against the tables of the standards, by number and by name."""

import csv
from pathlib import Path
from typing import Any

import pytest

from collector.park import Equipment
from tests.analytics.states.told import lathe, told

TABLES = Path(__file__).parents[4] / "shared" / "data" / "oee_iso22400" / "opcua_state_to_iso22400.csv"

ITEM_STATES = ("NotAvailable", "OutOfService", "NotExecuting", "Executing")
MODES = ("None", "Maintenance", "Setup", "Processing")

ELEMENTS = {
    "APT": {"producing"},
    "AUST": {"setup"},
    "ADET": {"unplanned_stop"},
    "ADOT": {"idle", "off"},
    "APMT": {"planned_stop"},
    "APMT (setup as service)": {"planned_stop"},
}
"""By time element of ISO 22400-2: the states that are part of it."""

CHOSEN = {
    ("OPC 40501-1 v1.01 C.2.3", "NotExecuting", "Maintenance"): "OPC 40001-1 has it as APMT",
    ("OPC 40501-1 v1.01 C.2.3", "NotExecuting", "Setup"): "a setup, as Executing in Setup is",
    ("OPC 40501-1 v1.01 C.2.3", "OutOfService", "Maintenance"): "OPC 40001-1 has it as APMT",
    ("OPC 40501-1 v1.01 C.2.3", "OutOfService", "Setup"): "OPC 40001-1 has it as APMT",
    ("OPC 40001-1 C.2 Table 68", "OutOfService", "None"): "OPC 40501-1 has it as ADET",
    ("OPC 40001-1 C.2 Table 68", "NotExecuting", "None", "ADET"): "ADOT without an order, which no signal tells",
    ("OPC 40001-1 C.2 Table 68", "NotExecuting", "Processing", "ADET"): "ADOT before the cycle time is over",
}
"""Rows of the tables that are not followed, and why."""


def tool(*, mode: bool = True) -> Equipment:
    names = ("item_state", "operation_mode") if mode else ("item_state",)
    return lathe({"kind": "machinery", **{name: name for name in names}}, dict.fromkeys(names, "text"))


def state(item: str, mode: str) -> str:
    found = told(tool(), {"item_state": [(0, item)], "operation_mode": [(0, mode)]}, end=10)
    assert found[0][3] == f"{item}/{mode}"
    return found[0][2]


def rows() -> list[Any]:
    """Give source, element, item state and mode of each row of the tables, one mode at a time."""
    if not TABLES.exists():
        why = f"the tables are not here: ../shared/data/oee_iso22400/{TABLES.name}"
        return [pytest.param("", "", "", "", marks=pytest.mark.skip(reason=why))]
    found = []
    for row in csv.DictReader(TABLES.read_text(encoding="utf-8").splitlines()):
        for item in row["machinery_item_state"].split("|"):
            mode = row["operation_mode"].removesuffix(" (last sent)")
            some = MODES if mode == "any" else (mode,)
            name = item.removesuffix("(last sent)")
            found += [(row["source"], row["time_element"], name, one) for one in some if name in ITEM_STATES]
    return found


@pytest.mark.parametrize(("source", "element", "item", "mode"), rows())
def test_a_row_of_the_standards_tables(source: str, element: str, item: str, mode: str) -> None:
    if (source, item, mode) not in CHOSEN and (source, item, mode, element) not in CHOSEN:
        assert state(item, mode) in ELEMENTS[element]


@pytest.mark.parametrize(
    ("item", "states"),
    [
        ("Executing", ("producing", "planned_stop", "setup", "producing")),
        ("NotExecuting", ("idle", "planned_stop", "setup", "idle")),
        ("OutOfService", ("unplanned_stop", "planned_stop", "planned_stop", "unplanned_stop")),
        ("NotAvailable", ("off", "planned_stop", "planned_stop", "unplanned_stop")),
    ],
)
def test_every_item_state_in_every_mode(item: str, states: tuple[str, ...]) -> None:
    assert tuple(state(item, mode) for mode in MODES) == states


def test_both_may_be_numbers() -> None:
    rule = {"kind": "machinery", "item_state": "item", "operation_mode": "mode"}
    machine = lathe(rule, {"item": "int", "mode": "int"})
    items = [(float(10 * n), n) for n in range(4)]
    found = told(machine, {"item": items, "mode": [(0, 3)]}, end=40)
    assert [one[3] for one in found] == [f"{item}/Processing" for item in ITEM_STATES]


def test_without_a_mode_it_is_always_processing() -> None:
    assert told(tool(mode=False), {"item_state": [(0, "Executing")]}, end=10) == [
        (0, 10, "producing", "Executing/Processing")
    ]


def test_a_machine_that_is_not_available_needs_no_mode() -> None:
    history = {"item_state": [(0, "NotAvailable"), (20, "Executing")], "operation_mode": [(30, "Setup")]}
    assert told(tool(), history, end=40) == [
        (0, 20, "unplanned_stop", "NotAvailable/Processing"),
        (20, 30, "unknown", None),
        (30, 40, "setup", "Executing/Setup"),
    ]


def test_what_the_standard_does_not_have_is_unknown() -> None:
    history = {"item_state": [(0, "Dancing"), (10, "Executing")], "operation_mode": [(0, "Processing"), (20, "Party")]}
    assert told(tool(), history, end=30) == [
        (0, 10, "unknown", "Dancing/Processing"),
        (10, 20, "producing", "Executing/Processing"),
        (20, 30, "unknown", "Executing/Party"),
    ]
