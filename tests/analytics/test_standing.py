"""Standing: what machines do now, told once, for good, and alike in whatever portions samples come."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sample import no_samples
from analytics.faults.contract import GAPS, Seen
from analytics.spans import GAPS as SPAN_GAPS
from analytics.spans import Machine, spans
from analytics.standing import STEP, States, machines_asked_for
from collector.faultrules.charts import Ewma
from collector.faultrules.machine import Multivariate
from collector.faultrules.production import Counter
from collector.faultrules.rules import MachineFaults, SignalFaults
from collector.park import Equipment, EquipmentState, Limit, Signal, SignalRole
from collector.staterules import ByCounter, ByMTConnect, ByThreshold
from tests.analytics.plant import Address, at, line, machine, park, samples, state_signal

SECOND = 10**9
BEGIN = int(at(0).timestamp()) * SECOND
PRESS, MILL, LATHE, SAW = (f"works/line/{name}" for name in ("press", "mill", "lathe", "saw"))


def ns(seconds: float) -> int:
    return BEGIN + round(seconds * SECOND)


def signal(path: str, kind: str, **keys: Any) -> Signal:
    given: dict[str, Any] = {"source": "plc", **keys}
    return Signal(path=path, name=path.rpartition("/")[2], address=Address(), type=kind, **given)


def ruled(path: str, rule: Any, *signals: Signal, **keys: Any) -> Equipment:
    return Equipment(path=path, id=path.rpartition("/")[2], state_from=rule, signals=signals, **keys)


TEN = timedelta(seconds=10)
MACHINES = {
    one.path: one
    for one in (
        machine(PRESS, hold_for=TEN),
        ruled(
            MILL,
            ByThreshold(kind="threshold", signal="load", on=5.0, off=3.0, minimum=timedelta(seconds=4)),
            signal(f"{MILL}/load", "float"),
            hold_for=TEN,
        ),
        ruled(
            LATHE,
            ByMTConnect(kind="mtconnect", execution="execution", mode="mode"),
            signal(f"{LATHE}/execution", "text"),
            signal(f"{LATHE}/mode", "text", source="other"),
            hold_for=TEN,
            bridge="middle",
        ),
        ruled(
            SAW,
            ByCounter(kind="counter", signal="parts"),
            signal(f"{SAW}/parts", "int"),
            hold_for=TEN,
            ideal_cycle=timedelta(seconds=3),
        ),
    )
}
VALUES: dict[str, tuple[Any, ...]] = {
    f"{PRESS}/state": ("RUN", "WAIT", "STOP", "odd", None),
    f"{MILL}/load": (0.0, 4.0, 9.0, None),
    f"{LATHE}/execution": ("ACTIVE", "READY", "UNAVAILABLE", None),
    f"{LATHE}/mode": ("AUTOMATIC", "MANUAL", None),
}


def told(changes: Sequence[pl.DataFrame]) -> dict[str, list[tuple[float, str]]]:
    """Give what was told, by machine: seconds and state."""
    found: dict[str, list[tuple[float, str]]] = {}
    for path, instant, state in pl.concat(changes).iter_rows():
        found.setdefault(path, []).append(((instant - BEGIN) / SECOND, state))
    return found


def seen(frame: pl.DataFrame, until: float | None = None, gaps: pl.DataFrame | None = None) -> Seen:
    reached = {} if until is None else dict.fromkeys(States(MACHINES).signals, ns(until))
    return Seen(frame, reached, gaps=pl.DataFrame(schema=GAPS) if gaps is None else gaps)


def by_spans(frame: pl.DataFrame, gaps: pl.DataFrame, end: float) -> dict[str, list[tuple[float, str]]]:
    """Give the changes that the jobs would compute of everything."""
    of = pl.DataFrame(
        [(path, one.path) for path, each in MACHINES.items() for one in each.state_inputs],
        schema=["equipment", "signal"],
        orient="row",
    )
    instant = {name: pl.from_epoch(pl.col(name) // 1000, "us").dt.replace_time_zone("UTC") for name in ("start", "end")}
    found = spans(
        frame.lazy(),
        no_samples(),
        of.join(gaps, on="signal").with_columns(**instant).select(SPAN_GAPS.names()),
        [Machine(one, at(end)) for one in MACHINES.values()],
        at(-1),
        at(end),
    )
    states: dict[str, list[tuple[float, str]]] = {}
    for path, start, state in found.select("equipment", "start", "state").iter_rows():
        before = states.setdefault(path, [])
        if (before[-1][1] if before else "unknown") != state:
            before.append(((start - at(0)).total_seconds(), state))
    return {path: changes for path, changes in states.items() if changes}


@st.composite
def recorded(draw: st.DrawFn) -> tuple[pl.DataFrame, pl.DataFrame, list[int]]:
    """Draw samples in the order in which they come, gaps, and where the portions end."""
    frames = []
    for path, values in VALUES.items():
        times = sorted(draw(st.sets(st.integers(0, 120), max_size=12)))
        frames.append(samples(path, [(time, draw(st.sampled_from(values))) for time in times]))
    parts, made = [], 0
    for time in sorted(draw(st.sets(st.integers(0, 120), max_size=12))):
        made += draw(st.integers(0, 3))
        parts.append((time, made))
    frames.append(samples(f"{SAW}/parts", parts))
    rows = []
    for path in draw(st.sets(st.sampled_from([f"{PRESS}/state", f"{MILL}/load"]))):
        start = draw(st.integers(0, 100))
        rows.append((path, ns(start), ns(start + draw(st.integers(1, 40)))))
    frame = pl.concat(frames).sort("time", maintain_order=True)
    cuts = sorted(draw(st.sets(st.integers(0, len(frame)), max_size=6)))
    return frame, pl.DataFrame(rows, schema=GAPS, orient="row"), [*cuts, len(frame)]


@settings(max_examples=40, deadline=None)
@given(recorded(), st.sampled_from(["kept", "carried"]))
def test_in_any_portions_they_are_those_of_the_whole(
    drawn: tuple[pl.DataFrame, pl.DataFrame, list[int]], between: str
) -> None:
    frame, gaps, cuts = drawn
    states, changes, start = States(MACHINES), [], 0
    for cut in cuts:
        part = frame[start:cut]
        last = part.select(pl.col("time").max().dt.epoch("ns")).item()
        passed = None if last is None else (last - BEGIN) / SECOND - 0.001  # others may come of the same instant
        states, change, _ = states.look(seen(part, passed, gaps))
        if between == "carried":
            states = States.resume(MACHINES, states.carried(MACHINES))
        changes.append(change)
        start = cut
    end = 3 * 3600.0
    states, change, _ = states.look(seen(no_samples(), end, gaps))
    whole = by_spans(frame, gaps, end)
    certain = {path: [one for one in each if one[0] < end - 3600] for path, each in whole.items()}
    assert told([*changes, change]) == {path: each for path, each in certain.items() if each}


def test_a_gap_counts_as_long_as_the_value_before_its_end_does() -> None:
    frame = samples(f"{PRESS}/state", [(0, "RUN"), (1, "RUN"), (23, None)])
    gaps = pl.DataFrame([(f"{PRESS}/state", ns(0), ns(12))], schema=GAPS, orient="row")
    states, first, _ = States(MACHINES).look(seen(frame, 23, gaps))
    _, later, _ = states.look(seen(no_samples(), 3600, gaps))
    assert told([first, later]) == {PRESS: [(0, "producing"), (11, "unknown")]}


def test_a_state_is_told_as_soon_as_it_is_certain() -> None:
    states, first, looked = States(MACHINES).look(seen(samples(f"{PRESS}/state", [(0, "RUN"), (5, "WAIT")])))
    assert told([first]) == {PRESS: [(0, "producing")]}
    assert looked == {PRESS}
    assert states.now[PRESS] == "idle"
    _, quiet, _ = states.look(seen(no_samples(), 5))
    assert told([quiet]) == {}  # another report of that instant may come
    _, second, _ = states.look(seen(no_samples(), 6))
    assert told([second]) == {PRESS: [(5, "idle")]}
    _, third, _ = states.look(seen(samples(f"{PRESS}/state", [(8, "RUN")])))
    assert told([third]) == {PRESS: [(5, "idle")]}


def test_time_that_passes_ends_what_is_bridged() -> None:
    states, _, _ = States(MACHINES).look(seen(samples(f"{PRESS}/state", [(0, "RUN"), (5, None)]), 6))
    states, quiet, _ = states.look(seen(no_samples(), 14))
    assert told([quiet]) == {}
    states, change, _ = states.look(seen(no_samples(), 20))
    assert told([change]) == {PRESS: [(15, "unknown")]}
    assert states.now[PRESS] == "unknown"


def test_what_repeats_costs_nothing() -> None:
    states, _, _ = States(MACHINES).look(seen(samples(f"{PRESS}/state", [(0, "RUN")]), 1))
    for second in range(2, 20):
        states, change, looked = states.look(seen(samples(f"{PRESS}/state", [(second, "RUN")]), second))
        assert (len(change), looked) == (0, frozenset())
    assert len(states.carried([PRESS])[PRESS]["kept"][f"{PRESS}/state"]) == 1


def test_a_gap_that_was_filled_meanwhile_is_none() -> None:
    lasting = pl.DataFrame([(f"{PRESS}/state", ns(5), None)], schema=GAPS, orient="row")
    states, _, _ = States(MACHINES).look(seen(samples(f"{PRESS}/state", [(0, "RUN")])))
    states, _, _ = states.look(seen(samples(f"{PRESS}/state", [(6, "RUN")]), None, lasting))
    states, _, _ = states.look(seen(samples(f"{PRESS}/state", [(7, "WAIT")])))
    states, change, _ = states.look(seen(no_samples(), 200))
    assert told([change]) == {PRESS: [(7, "idle")]}
    assert states.carried([PRESS])[PRESS]["gaps"] == {}


def test_what_is_kept_is_bounded() -> None:
    states = States(MACHINES)
    for hour in range(6):
        values = [(hour * 3600 + second, float(second % 12)) for second in range(0, 3600, 2)]
        states, _, _ = states.look(seen(samples(f"{MILL}/load", values), hour * 3600 + 3600))
    kept = states.carried([MILL])[MILL]["kept"][f"{MILL}/load"]
    assert 100 < len(kept) < 3 * 3600


@pytest.mark.parametrize(
    ("made", "asked"),
    [
        (machine(PRESS), set()),
        (machine(PRESS, signal(f"{PRESS}/force", "float", limits=(Limit(high=1),))), set()),
        (machine(PRESS, signal(f"{PRESS}/force", "float", limits=(Limit(high=1, when="machine_runs"),))), {PRESS}),
        (machine(PRESS, signal(f"{PRESS}/force", "float", limits=(Limit(high=1, when="line_runs"),))), {PRESS, MILL}),
        (machine(PRESS, signal(f"{PRESS}/force", "float", faults=SignalFaults(ewma=Ewma()))), {PRESS}),
        (machine(PRESS, signal(f"{PRESS}/parts", "int", faults=SignalFaults(counter=Counter()))), {PRESS}),
        (machine(PRESS, faults=MachineFaults(multivariate=Multivariate())), {PRESS}),
    ],
)
def test_states_are_told_where_somebody_asks(made: Equipment, asked: set[str]) -> None:
    other = Equipment(path=SAW, id="saw", signals=(signal(f"{SAW}/parts", "int", role=SignalRole.OTHER),))
    assert set(machines_asked_for(park(line("works/line", made, machine(MILL), other)))) == asked


def test_a_machine_at_rest_is_not_looked_at() -> None:
    states, _, _ = States(MACHINES).look(seen(samples(f"{PRESS}/state", [(0, "RUN")]), 1))
    _, _, looked = states.look(seen(no_samples(), 10 * STEP / SECOND))
    assert looked == frozenset()
    assert states.now[PRESS] == EquipmentState.PRODUCING
    assert state_signal(PRESS).path in states.signals
