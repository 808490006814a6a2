"""Reasons: why machines stood, as people, signals and alarms say it."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sample import SAMPLES, no_samples
from analytics.faults.conditions import CONDITIONS
from analytics.faults.contract import Seen
from analytics.reasons import STOP_REASONS, stop_reasons
from collector.park import ConditionLevel, Equipment, EquipmentState, Signal, SignalRole
from collector.staterules import ByExpression, When
from tests.analytics.plant import EXAMPLES, Address, machine, park, samples, state_signal
from tests.analytics.plant import line as line_of
from tests.analytics.shopfloor import LATHE, PRESS, persons, seconds, spans

STOP = spans((0, 100, "producing"), (100, 200, "unplanned_stop", "E"), (200, 300, "producing"))
"""A machine that stands from 100 to 200."""

Values = Sequence[tuple[float, Any]]


def signal(name: str, role: SignalRole, equipment: str = PRESS, **keys: Any) -> Signal:
    given_: dict[str, Any] = {"type": "text", **keys}
    return Signal(path=f"{equipment}/{name}", name=name, source="plc", address=Address(), role=role, **given_)


def reason_signal(**keys: Any) -> Signal:
    return signal("why", SignalRole.REASON, reasons={"7": "jam", "8": "no-order"}, **keys)


ALARMS = signal("alarms", SignalRole.CONDITION, reasons={"345": "jam", "149": "no-order", "DOOR": "cleaning"})
"""MTConnect reports."""

LAMP = signal(
    "lamp",
    SignalRole.CONDITION,
    type="int",
    conditions={"0": ConditionLevel.NORMAL, "1": ConditionLevel.WARNING, "2": ConditionLevel.FAULT},
    reasons={"2": "jam"},
)
"""A number, as OPC UA servers have it."""


def told(
    press: Equipment,
    reported: Mapping[str, Values] | None = None,
    said: pl.DataFrame | None = None,
    did: pl.DataFrame = STOP,
    earlier: Mapping[str, Values] | None = None,
) -> list[tuple[Any, ...]]:
    """Give begin, end, reason and who says it; `reported` by name of the signal."""
    now, before = (
        pl.concat([no_samples(), *(samples(f"{press.path}/{name}", values) for name, values in sorted(given.items()))])
        for given in (reported or {}, earlier or {})
    )
    found = stop_reasons(did, now.lazy(), before, persons() if said is None else said, [press])
    assert found.schema == STOP_REASONS
    return seconds(found, "reason", "by")


def test_without_anything_that_says_why_there_is_no_reason() -> None:
    assert told(machine(PRESS)) == []
    assert told(machine(PRESS), did=spans()) == []


WHY = machine(PRESS, reason_signal())


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([(150, "7")], "jam"),
        ([(150, "7"), (160, "8")], "no-order"),
        ([(199.9, "7")], "jam"),
        ([(100, "7")], "jam"),
        ([(50, "7")], "jam"),
        ([(50, "7"), (150, "8")], "no-order"),
        ([(50, "7"), (99, "")], None),
        ([(150, "7"), (160, "0")], "jam"),
        ([(50, "7"), (160, "0")], "jam"),
        ([(50, "7"), (90, None)], None),
        ([(150, "7"), (160, None)], "jam"),
        ([(200, "7")], None),
        ([(150, "99")], "99"),
        ([(150, "0")], None),
        ([(150, "7"), (150, "8")], "no-order"),
        ([(150, "8"), (150, "0")], None),
    ],
)
def test_a_signal_says_why_for_all_of_the_stop(values: Values, reason: str | None) -> None:
    assert told(WHY, {"why": values}) == ([(100, 200, reason, "signal")] if reason else [])


def test_what_the_signal_said_before_the_samples_holds() -> None:
    assert told(WHY, earlier={"why": [(-900, "7")]}) == [(100, 200, "jam", "signal")]


def test_zero_is_a_reason_where_it_is_mapped() -> None:
    press = machine(PRESS, signal("why", SignalRole.REASON, type="int", reasons={"0": "cleaning"}))
    assert told(press, {"why": [(150, 0)]}) == [(100, 200, "cleaning", "signal")]


@pytest.mark.parametrize("state", ["idle", "planned_stop", "off"])
def test_a_stop_is_a_whole_stretch_of_stops_of_any_kind(state: str) -> None:
    did = spans((0, 50, "producing"), (50, 100, state), (100, 150, "unplanned_stop"), (150, 300, "producing"))
    assert told(WHY, {"why": [(140, "7")]}, did=did) == [(50, 150, "jam", "signal")]


@pytest.mark.parametrize("state", ["producing", "setup", "unknown"])
def test_other_states_end_a_stop(state: str) -> None:
    did = spans((0, 50, "idle"), (50, 100, state), (100, 150, "idle"))
    assert told(WHY, {"why": [(120, "7")]}, did=did) == [(100, 150, "jam", "signal")]


@pytest.mark.parametrize(
    ("reports", "reason"),
    [
        ([(90, "Fault|345|||OVERLOAD")], "jam"),
        ([(110, "Fault|345|||OVERLOAD")], "jam"),
        ([(110.1, "Fault|345|||OVERLOAD")], None),
        ([(90, "Warning|149|||")], "no-order"),
        ([(90, "Fault|||Q|DOOR")], "cleaning"),
        ([(90, "Fault|1|||")], None),
        ([(90, "Odd|345|||")], None),
        ([(50, "Fault|345|||"), (60, "Normal|345|||")], None),
        ([(50, "Fault|345|||"), (60, "Normal|149|||")], "jam"),
        ([(50, "Fault|345|||"), (60, "Normal||||")], None),
        ([(50, "Fault|345|||"), (100, "Normal||||")], None),
        ([(50, "Fault|345|||"), (60, None)], "jam"),
        ([(50, "Fault|345|||"), (60, "Normal||||"), (105, "Fault|149|||")], "no-order"),
        ([(90, "Fault|149|||"), (95, "Fault|345|||")], "no-order"),
        ([(90, "Fault|149|||"), (95, "Fault|345|||"), (99, "Normal|149|||")], "jam"),
        ([(102, "Fault|149|||"), (101, "Fault|345|||")], "jam"),
        ([(101, "Fault|149|||"), (105, "Normal||||"), (109, "Fault|345|||")], "no-order"),
        ([(90, "Fault|345|||"), (90, "Normal||||")], None),
        ([(90, "Normal||||"), (90, "Fault|345|||")], "jam"),
    ],
)
def test_the_first_alarm_says_why(reports: Values, reason: str | None) -> None:
    ordered = sorted(reports, key=lambda row: row[0])
    assert told(machine(PRESS, ALARMS), {"alarms": ordered}) == ([(100, 200, reason, "alarm")] if reason else [])


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([(90, 2)], "jam"),
        ([(90, 1)], None),
        ([(50, 2), (60, 0)], None),
        ([(50, 2), (60, 1)], None),
        ([(50, 2), (60, 9)], "jam"),
        ([(50, 0), (108, 2)], "jam"),
    ],
)
def test_a_number_that_means_a_fault_says_why(values: Values, reason: str | None) -> None:
    assert told(machine(PRESS, LAMP), {"lamp": values}) == ([(100, 200, reason, "alarm")] if reason else [])


def test_an_alarm_raised_after_a_short_stop_is_not_its_reason() -> None:
    did = spans((0, 100, "producing"), (100, 104, "idle"), (104, 300, "producing"))
    assert told(machine(PRESS, ALARMS), {"alarms": [(104, "Fault|345|||")]}, did=did) == []
    assert told(machine(PRESS, ALARMS), {"alarms": [(103, "Fault|345|||")]}, did=did) == [(100, 104, "jam", "alarm")]


def test_of_two_signals_the_first_alarm_counts_and_of_one_instant_the_first_configured() -> None:
    press = machine(PRESS, LAMP, ALARMS)
    assert told(press, {"lamp": [(95, 2)], "alarms": [(90, "Fault|149|||")]}) == [(100, 200, "no-order", "alarm")]
    assert told(press, {"lamp": [(90, 2)], "alarms": [(90, "Fault|149|||")]}) == [(100, 200, "jam", "alarm")]


def test_the_raw_value_of_the_state_says_why() -> None:
    press = machine(PRESS, state=state_signal(PRESS, reasons={"E": "jam"}))
    did = spans((0, 50, "unplanned_stop", "E"), (50, 80, "idle", "W"), (80, 90, "producing", "E"))
    assert told(press, did=did) == [(0, 50, "jam", "state")]


def test_the_condition_that_held_says_why() -> None:
    rules = (
        When(when="load > 5", state=EquipmentState.PRODUCING),
        When(when="door", state=EquipmentState.IDLE, reason="cleaning"),
        When(when="lamp", state=EquipmentState.IDLE),
    )
    press = Equipment(path=PRESS, id="press", state_from=ByExpression(kind="expression", rules=rules))
    did = spans((0, 50, "idle", "2"), (50, 80, "idle", "3"), (80, 90, "idle", ""))
    assert told(press, did=did) == [(0, 50, "cleaning", "state")]


def test_people_are_believed_before_signals_those_before_alarms_and_those_before_states() -> None:
    press = machine(PRESS, reason_signal(), ALARMS, state=state_signal(PRESS, reasons={"E": "e"}))
    alarm = {"alarms": [(90, "Fault|149|||")]}
    assert told(press) == [(100, 200, "e", "state")]
    assert told(press, alarm) == [(100, 200, "no-order", "alarm")]
    assert told(press, {**alarm, "why": [(150, "7")]}) == [(100, 200, "jam", "signal")]
    assert told(press, {**alarm, "why": [(150, "7")]}, persons((90, 150, "fire"))) == [
        (100, 150, "fire", "person"),
        (150, 200, "jam", "signal"),
    ]


def test_of_what_people_said_of_one_time_the_later_counts() -> None:
    said = persons((100, 180, "a"), (120, 140, "b"), (130, 160, "c"), (170, 170, "d"), (190, 180, "d"))
    assert told(machine(PRESS), said=said) == [
        (100, 120, "a", "person"),
        (120, 130, "b", "person"),
        (130, 160, "c", "person"),
        (160, 180, "a", "person"),
    ]


def test_an_empty_reason_takes_back_what_was_said() -> None:
    said = persons((100, 200, "a"), (150, 200, ""))
    assert told(WHY, {"why": [(150, "7")]}, said) == [(100, 150, "a", "person"), (150, 200, "jam", "signal")]


def test_people_say_nothing_of_production() -> None:
    assert told(machine(PRESS), said=persons((0, 300, "a"), (0, 90, "b"))) == [(100, 200, "a", "person")]


def test_a_stop_that_crosses_midnight_has_one_reason() -> None:
    day = 24 * 3600
    did = spans((day - 900, day - 100, "producing"), (day - 100, day + 900, "off"))
    assert told(WHY, {"why": [(day + 800, "7")]}, did=did) == [(day - 100, day + 900, "jam", "signal")]


def test_two_machines_do_not_mix() -> None:
    lathe = machine(LATHE, signal("why", SignalRole.REASON, LATHE, reasons={"7": "tool"}))
    did = pl.concat([STOP, spans((100, 150, "idle"), equipment=LATHE)])
    reported = pl.concat([samples(f"{LATHE}/why", [(120, "7")]), samples(f"{PRESS}/why", [(150, "7")])])
    said = persons((100, 110, "x"), equipment=LATHE)
    found = stop_reasons(did, reported.lazy(), no_samples(), said, [WHY, lathe])
    assert found.select("equipment", "reason", "by").rows() == [
        (LATHE, "x", "person"),
        (LATHE, "tool", "signal"),
        (PRESS, "jam", "signal"),
    ]


CODES = ("1", "2", "3")
REPORT = st.one_of(
    st.builds("{}|{}|||".format, st.sampled_from(["Fault", "Warning", "Normal"]), st.sampled_from(CODES)),
    st.sampled_from(["Normal||||", "Fault||||", "odd", None]),
)


@EXAMPLES
@given(st.lists(st.tuples(st.integers(0, 120), REPORT), max_size=14))
def test_the_alarms_are_those_that_the_fault_detector_finds(reports: list[tuple[int, str | None]]) -> None:
    ordered = sorted(reports, key=lambda row: row[0])
    alarms = signal("alarms", SignalRole.CONDITION, reasons={code: f"code-{code}" for code in CODES})
    press = machine(PRESS, alarms)
    rules = CONDITIONS.rules(park(line_of("works/line", press)))
    # One look per sample: alerts that begin and end within a look are told once, and here each must be seen.
    carried: dict[str, Any] = {}
    active: dict[str, tuple[float, float]] = {}
    history: list[tuple[float, float, str]] = []
    for second, value in ordered:
        found = CONDITIONS.look(rules, carried, Seen(samples(alarms.path, [(second, value)])))
        carried = {**carried, **found.carried}
        now = set(carried.get(alarms.path, {"active": {}})["active"])
        for key in now - set(active):
            active[key] = (second, float("inf"))
        history += [(active.pop(key)[0], second, key) for key in set(active) - now]
    history += [(begin, end, key) for key, (begin, end) in active.items()]
    lasting = sorted((begin, key, end) for begin, end, key in history if key in CODES and begin < end)
    first = next((key for begin, key, end in lasting if begin <= 100 < end), None)
    first = first or next((key for begin, key, _ in lasting if 100 < begin <= 110), None)
    expected = [(100, 200, f"code-{first}", "alarm")] if first else []
    assert told(press, {"alarms": ordered}) == expected


@EXAMPLES
@given(
    st.lists(st.tuples(st.integers(90, 210), st.integers(0, 60), st.sampled_from(["a", "b", ""])), max_size=12),
)
def test_what_people_said_is_told_second_by_second(rows: list[tuple[int, int, str]]) -> None:
    said = [(begin, begin + length, reason) for begin, length, reason in rows]
    found = told(machine(PRESS), said=persons(*said))
    by_second = {s: reason for begin, end, reason, _ in found for s in range(int(begin), int(end))}
    for second in range(100, 200):
        last = [reason for begin, end, reason in said if begin <= second < end][-1:]
        assert by_second.get(second, "") == (last[0] if last else "")
    assert all(100 <= second < 200 for second in by_second)


def test_samples_within_a_microsecond_and_of_other_signals_do_no_harm() -> None:
    frame = samples(f"{PRESS}/why", [(150, "7"), (150, "8")]).with_columns(
        time=pl.col("time") + pl.duration(nanoseconds=pl.lit(pl.Series([0, 100])))
    )
    others = samples(f"{PRESS}/state", [(150, "RUN")]).cast(SAMPLES)
    found = stop_reasons(STOP, pl.concat([others, frame]).lazy(), no_samples(), persons(), [WHY])
    assert found["reason"].to_list() == ["no-order"]
