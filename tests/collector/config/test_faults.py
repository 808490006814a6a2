"""Fault detectors on signals and machines that they can judge."""

from pathlib import Path

import pytest

from tests.collector.config.files import LINE, loaded, signals, told


def machine(faults: str, *rows: str) -> str:
    """Give a line file whose machine has these detectors on line 8, and these signals in one line each."""
    head, colon, _ = LINE.partition("    signals:\n")
    return f"{head}    faults: {faults}\n{colon}" + "".join(
        f"      - {{ source: plc, node: nsu=urn:p;s=A, {row} }}\n" for row in rows
    )


@pytest.mark.parametrize(
    ("row", "place", "words"),
    [
        ("name: a, type: float, faults: { counter: {} }", "counter:", "is for what counts on; write `good_count`"),
        (
            "name: a, type: int, role: energy, unit: kW.h, faults: { cycle: {} }",
            "cycle:",
            "`good_count` or `cycle_time`",
        ),
        ("name: a, type: float, unit: g, faults: { vibration: { machine: II } }", "vibration:", "write `unit: mm/s`"),
        ("name: a, type: float, faults: { out_of_range: {} }", "out_of_range:", "write `low` or `high` of the sensor"),
        ("name: a, type: int, role: good_count, faults: { ewma: {} }", "ewma:", "write `rate` or `counter`"),
        ("name: a, type: int, role: meter, unit: h, faults: { rate: { fall: 3 } }", "fall:", "`meter` only counts on"),
        ("name: a, type: text, faults: { stale: {} }", "faults:", "`faults` is for numbers"),
        ("name: a, type: float, faults: { rate: {} }", "{} }", "a rate needs `rise`, `fall` or both"),
        ("name: a, type: float, faults: { stale: }", "stale:", "`stale` alone switches nothing on; write `stale: {}`"),
        ("name: a, type: float, faults: { stale: { after: 0 s } }", "0 s }", "write greater than 0 s"),
        ("name: a, type: float, faults: { stukc: {} }", "stukc:", "did you mean `stuck`?"),
    ],
)
def test_a_detector_that_cannot_judge_a_signal(tmp_path: Path, row: str, place: str, words: str) -> None:
    line = signals(row)
    (found,) = told(tmp_path, line=line)
    assert words in found
    assert found.startswith(f"lines/press.yaml:9:{line.splitlines()[8].index(place) + 1}: "), found


@pytest.mark.parametrize(
    "row",
    [
        "name: a, type: int, role: total_count, faults: { counter: {}, cycle: {}, rate: { rise: 5 }, stale: {} }",
        "name: a, type: float, role: cycle_time, unit: s, faults: { cycle: { missing: 3 }, ewma: {} }",
        "name: a, type: float, unit: mm/s, faults: { vibration: { machine: II }, trend: {} }",
        "name: a, type: float, low: 0, faults: { out_of_range: {}, stuck: { after: 5 min }, rate: { fall: 3 } }",
    ],
)
def test_detectors_that_fit(tmp_path: Path, row: str) -> None:
    assert told(tmp_path, line=signals(row)) == []


FORCE = "name: force, type: float, role: measurement"
POWER = "name: power, type: float, role: power, unit: kW"
STATE = "name: state, type: text, role: state, states: { RUN: producing }"
OTHER = "name: other, type: float"


@pytest.mark.parametrize(
    ("faults", "rows", "place", "words"),
    [
        ("{ states: {} }", (FORCE,), "8:15", "give a signal `role: state`, or write `state_from`"),
        ("{ multivariate: {} }", (FORCE, OTHER), "8:15", "and this machine has 1; give signals such a role"),
        ("{ multivariate: {} }", (STATE,), "8:15", "and this machine has none; give signals such a role"),
        ("{ multivariate: { signals: [forze, power] } }", (FORCE, POWER), "8:41", "did you mean `force`?"),
        ("{ multivariate: { signals: [force, state] } }", (FORCE, STATE), "8:48", "is of type `text` and only numbers"),
        ("{ multivariate: { signals: [force] } }", (FORCE, POWER), "8:31", "name two or more"),
        ("{ multivariate: { signals: [force, force] } }", (FORCE, POWER), "8:48", "`force` is named twice"),
    ],
)
def test_a_detector_that_cannot_judge_a_machine(
    tmp_path: Path, faults: str, rows: tuple[str, ...], place: str, words: str
) -> None:
    (found,) = told(tmp_path, line=machine(faults, *rows))
    assert found.startswith(f"lines/press.yaml:{place}: "), found
    assert words in found


def test_detectors_of_a_machine_that_fit(tmp_path: Path) -> None:
    faults = "{ multivariate: { signals: [force, other] }, states: { learn: 3 d } }"
    park = loaded(tmp_path, line=machine(faults, FORCE, OTHER, STATE)).park
    (press,) = park.equipment.values()
    assert press.faults.multivariate is not None
    assert press.faults.multivariate.signals == ("force", "other")


def test_the_state_may_be_told_by_a_rule(tmp_path: Path) -> None:
    line = machine("{ states: {} }", FORCE).replace(
        "    signals:", "    state_from: { kind: threshold, signal: force, idle: 1, producing: 5 }\n    signals:"
    )
    assert not [one for one in told(tmp_path, line=line) if "`states`" in one]
