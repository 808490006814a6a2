"""What holds for every rule: spans tile time, however they are asked for, and whoever else is asked about."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sample import no_samples
from analytics.spans import GAPS, Machine, spans
from analytics.states.catalogue import CATALOGUE
from collector.park import Equipment, SignalRole
from tests.analytics.plant import EXAMPLES, at
from tests.analytics.states.told import History, frames, gaps, lathe, put_together, told, whole

MINUTE = 60
END = 400
"""Minutes: enough for what rules remember, several times."""

POWER = st.sampled_from([0.0, 3.0, 6.0, None])
EXECUTION = st.sampled_from(["ACTIVE", "READY", "FEED_HOLD", "ODD", "UNAVAILABLE", None])
MODE = st.sampled_from(["AUTOMATIC", "MANUAL", None])

VALUES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "threshold": {"power": POWER},
    "hysteresis": {"power": POWER},
    "minimum": {"power": POWER},
    "counter": {
        "parts": st.sampled_from([0, 1, 2, 3, 30, 31, 32, None]),
        "product": st.sampled_from(["a", "b", "c", None]),
    },
    "packml": {"state": st.sampled_from([2, 6, 11, 0, None]), "mode": st.sampled_from([0, 1, 2, 3, 5, None])},
    "machinery": {
        "item_state": st.sampled_from(["NotAvailable", "NotExecuting", "Executing", None]),
        "operation_mode": st.sampled_from(["None", "Setup", "Processing", None]),
    },
    "mtconnect": {
        "execution": EXECUTION,
        "mode": MODE,
        "availability": st.sampled_from(["AVAILABLE", "UNAVAILABLE", None]),
    },
    "expression": {"power": POWER, "execution": EXECUTION},
}

TYPES: dict[str, dict[str, Any]] = {
    kind: {name: {"power": "float", "parts": "int"}.get(name, "int" if kind == "packml" else "text") for name in values}
    for kind, values in VALUES.items()
}

RULES: dict[str, dict[str, Any]] = {
    "threshold": {"signal": "power", "on": 5},
    "hysteresis": {"kind": "threshold", "signal": "power", "on": 5, "off": 2},
    "minimum": {"kind": "threshold", "signal": "power", "on": 5, "off": 2, "minimum": "20 min"},
    "counter": {"signal": "parts"},
    "packml": {"state": "state", "mode": "mode"},
    "machinery": {"item_state": "item_state", "operation_mode": "operation_mode"},
    "mtconnect": {"execution": "execution", "mode": "mode", "availability": "availability"},
    "expression": {
        "rules": [
            {"when": "execution = 'FEED_HOLD'", "state": "unplanned_stop"},
            {"when": "power > 4 OR execution = 'ACTIVE'", "state": "producing"},
        ],
        "otherwise": "idle",
    },
}


def configured(kind: str, hold: int, bridge: str) -> Equipment:
    keys: dict[str, Any] = {}
    if kind == "counter":
        keys = {
            "products": {"a": timedelta(minutes=2), "b": timedelta(minutes=25)},
            "ideal_cycle": timedelta(minutes=1),
        }
    rule = {"kind": kind, **RULES[kind]}
    roles = {"product": SignalRole.PRODUCT}
    path = f"works/line/{kind}"
    return lathe(rule, TYPES[kind], path, hold=hold * MINUTE, bridge=bridge, roles=roles, **keys)


@st.composite
def histories(draw: st.DrawFn, kind: str) -> History:
    """Draw what each signal reports, tied times of several signals among them; some report often."""
    found: dict[str, list[tuple[float, Any]]] = {}
    for name, values in VALUES[kind].items():
        times = st.integers(0, END) if draw(st.booleans()) else st.integers(0, END // 10).map(lambda n: 10 * n)
        reports = draw(st.lists(st.tuples(times, values), max_size=30, unique_by=lambda one: one[0]))
        found[name] = [(time * MINUTE, value) for time, value in sorted(reports, key=lambda one: one[0])]
    return found


KINDS = sorted(VALUES)
HOLD = st.integers(0, 12)
BRIDGE = st.sampled_from(["before", "middle"])
LOST = st.lists(st.tuples(st.integers(-30, END), st.integers(1, 90), st.integers(0, 2)), max_size=3)


def lost_of(machine: Equipment, drawn: list[tuple[int, int, int]]) -> pl.DataFrame:
    inputs = machine.state_inputs
    rows = [
        gaps(machine, (start * MINUTE, (start + length) * MINUTE), name=inputs[number % len(inputs)].name)
        for start, length, number in drawn
    ]
    return pl.concat([pl.DataFrame(schema=GAPS), *rows])


def test_every_rule_is_tried() -> None:
    kinds = {str(RULES[kind].get("kind", kind)) for kind in KINDS}
    assert kinds | {"signal"} == {rule.kind for rule in CATALOGUE}


@pytest.mark.parametrize("kind", KINDS)
@settings(EXAMPLES, max_examples=25)
@given(data=st.data(), hold=HOLD, bridge=BRIDGE, drawn=LOST, until=st.integers(1, END))
def test_spans_tile_time(
    kind: str, data: st.DataObject, hold: int, bridge: str, drawn: list[tuple[int, int, int]], until: int
) -> None:
    machine = configured(kind, hold, bridge)
    history = data.draw(histories(kind))
    found = told(machine, history, lost_of(machine, drawn), end=END * MINUTE, until=until * MINUTE)
    assert whole(found, 0, until * MINUTE)


@pytest.mark.parametrize("kind", KINDS)
@EXAMPLES
@given(data=st.data(), hold=HOLD, bridge=BRIDGE, drawn=LOST, cut=st.integers(1, END - 1))
def test_an_interval_tells_the_same_as_its_parts(
    kind: str, data: st.DataObject, hold: int, bridge: str, drawn: list[tuple[int, int, int]], cut: int
) -> None:
    machine = configured(kind, hold, bridge)
    history = data.draw(histories(kind))
    lost = lost_of(machine, drawn)
    until = (END + 20) * MINUTE
    whole_one = told(machine, history, lost, end=END * MINUTE, until=until)
    first = told(machine, history, lost, end=cut * MINUTE, until=until)
    second = told(machine, history, lost, start=cut * MINUTE, end=END * MINUTE, until=until)
    assert put_together(first, second) == whole_one


@settings(EXAMPLES, max_examples=15)
@given(data=st.data(), order=st.permutations(KINDS), drawn=LOST)
def test_a_machine_is_told_the_same_whoever_else_is(
    data: st.DataObject, order: list[str], drawn: list[tuple[int, int, int]]
) -> None:
    machines = {kind: configured(kind, 5, "before") for kind in order}
    read: dict[str, History] = {kind: data.draw(histories(kind)) for kind in order}
    lost = pl.concat([lost_of(machine, drawn) for machine in machines.values()])
    pairs = [frames(machines[kind], read[kind], 0, END * MINUTE) for kind in sorted(order)]
    inside, earlier = (pl.concat(part) for part in zip(*pairs, strict=True))
    known = [Machine(machines[kind], at(END * MINUTE)) for kind in order]
    found = spans(inside.lazy(), earlier, lost, known, at(0), at(END * MINUTE))
    alone = [
        spans(
            frames(machine, read[kind], 0, END * MINUTE)[0].lazy(),
            no_samples(),
            lost,
            [Machine(machine, at(END * MINUTE))],
            at(0),
            at(END * MINUTE),
        )
        for kind, machine in sorted(machines.items())
    ]
    assert found.equals(pl.concat(alone))
    assert set(found["state"]) <= {"producing", "idle", "setup", "planned_stop", "unplanned_stop", "off", "unknown"}
