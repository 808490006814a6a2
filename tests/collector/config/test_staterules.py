"""A machine whose state a rule tells: its rule is checked against its signals, and mistakes are told in their line."""

from pathlib import Path

import pytest

from collector.park import SignalRole
from collector.staterules import ByCounter, ByExpression, ByThreshold
from tests.collector.config.files import LINE, loaded, told

SIGNALS = """
    signals:
      - { name: power, source: plc, node: nsu=urn:p;s=A, type: float, unit: kW }
      - { name: door, source: plc, node: nsu=urn:p;s=B, type: text }
      - { name: oil-temp, source: plc, node: nsu=urn:p;s=C, type: float }
      - { name: parts, source: plc, node: nsu=urn:p;s=D, type: int, role: total_count }
      - { name: product, source: plc, node: nsu=urn:p;s=E, type: text, role: product }
      - { name: running, source: plc, node: nsu=urn:p;s=F, type: bool }
"""


def line(rule: str, *more: str, signals: str = SIGNALS) -> str:
    """Give a line file with a rule on line 8, and `more` keys of the machine from line 9 on."""
    head = LINE.partition("    signals:")[0]
    return head + "".join(f"    {key}\n" for key in (f"state_from: {rule}", *more)) + signals.lstrip("\n")


def test_a_rule_stands_in_place_of_a_state_signal(tmp_path: Path) -> None:
    config = loaded(tmp_path, line=line("{ kind: threshold, signal: power, on: 5, off: 2, minimum: 30 s }"))
    machine = config.park.equipment["press-works/press-line/press-01"]
    assert isinstance(machine.state_from, ByThreshold)
    assert (machine.state_from.on, machine.state_from.off) == (5, 2)
    assert [signal.name for signal in machine.state_inputs] == ["power"]
    assert machine.state is None


def test_a_counter_knows_its_cycle(tmp_path: Path) -> None:
    keys = ("ideal_cycle: 12 s", "products: { bolt: 10 s }")
    machine = loaded(tmp_path, line=line("{ kind: counter, signal: parts }", *keys)).park.equipment.popitem()[1]
    assert isinstance(machine.state_from, ByCounter)
    assert machine.of_role(SignalRole.PRODUCT) is not None


def test_a_condition_names_its_signals(tmp_path: Path) -> None:
    rule = """{ kind: expression, rules: [{ when: "\\"oil-temp\\" > 60 AND door = 'power'", state: setup }] }"""
    machine = loaded(tmp_path, line=line(rule)).park.equipment.popitem()[1]
    assert isinstance(machine.state_from, ByExpression)
    assert [signal.name for signal in machine.state_inputs] == ["door", "oil-temp"]


def condition(when: str) -> str:
    return f'{{ kind: expression, rules: [{{ when: "{when}", state: setup }}] }}'


@pytest.mark.parametrize(
    ("rule", "column", "words"),
    [
        ("power", 17, "write a rule here, with `kind: …`"),
        ("{ signal: power, on: 5 }", 17, "`kind` is missing; write which rule tells the state"),
        ("{ kind: treshold, signal: power, on: 5 }", 25, "did you mean `threshold`?"),
        ("{ kind: threshold, signal: power }", 17, "`on` is missing"),
        ("{ kind: threshold, signal: power, on: 5, of: 2 }", 58, "the key `of` is not known here; did you mean `off`?"),
        ("{ kind: threshold, signal: power, on: 5, off: 6 }", 17, "`off` (6) must not be above `on` (5)"),
        ("{ kind: threshold, signal: powr, on: 5 }", 44, "no signal `powr`; did you mean `power`?"),
        ("{ kind: threshold, signal: door, on: 5 }", 44, "is of type `text` and the rule needs `float` or `int`"),
        ("{ kind: threshold, signal: power, on: 5, minimum: 2 h }", 67, "out of bounds; write at most 1 hour"),
        ("{ kind: threshold, signal: power, on: 5, above: prodcing }", 65, "did you mean `producing`?"),
        ("{ kind: counter, signal: parts }", 5, "needs the time per part; write `ideal_cycle: 12 s`, or `products`"),
        ("{ kind: packml, state: power }", 40, "is of type `float` and the rule needs `text` or `int`"),
        (
            "{ kind: packml, state: parts, states: { Suspend: off } }",
            57,
            "no state `Suspend`; did you mean `Suspended`?",
        ),
        ("{ kind: packml, state: parts, mode: moed }", 53, "`mode`: this machine has no signal `moed`"),
        ("{ kind: machinery, item_state: running }", 48, "`running` is of type `bool`"),
        ("{ kind: mtconnect, execution: parts }", 47, "is of type `int` and the rule needs `text`"),
        ("{ kind: mtconnect, execution: door, availability: avail }", 67, "no signal `avail`"),
        ("{ kind: expression, rules: [] }", 44, "an expression needs one condition or more"),
    ],
)
def test_a_wrong_rule_is_told_in_its_line(tmp_path: Path, rule: str, column: int, words: str) -> None:
    problems = told(tmp_path, line=line(rule))
    assert [one for one in problems if one.startswith(f"lines/press.yaml:8:{column}: ") and words in one], problems
    assert len(problems) == 1


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("powr > 5", "no signal `powr`; did you mean `power`?"),
        ("oil-temp > 60", 'stand in double quotes: "oil-temp"'),
        ("power > ", "this is no condition in SQL"),
        ("1 = 1", "this condition names no signal"),
        ("power", "this is a value and no condition; compare it with something"),
        ("power = 'on'", "compare numbers with numbers, and text with text in single quotes"),
        ("door > 5", "compare numbers with numbers, and text with text in single quotes"),
        ("max(power) > 5", "`max(…)` is not known in a condition"),
        ("lag(power) OVER (ORDER BY power) > 5", "`lag(…)` is not known in a condition"),
        ("power > (SELECT 1)", "`SELECT` has no place in a condition"),
        ("door = OPEN", "text stands in single quotes: 'OPEN'"),
        ("power > 5; DROP", "this is no condition in SQL"),
    ],
)
def test_a_wrong_condition_is_told_in_its_line(tmp_path: Path, when: str, words: str) -> None:
    problems = told(tmp_path, line=line(condition(when)))
    assert len(problems) == 1
    assert problems[0].startswith("lines/press.yaml:8:")
    assert words in problems[0]


@pytest.mark.parametrize(
    "when",
    [
        "power > 5",
        "NOT running",
        "running AND door IN ('OPEN', 'AJAR')",
        "ABS(power) BETWEEN 1 AND 2 OR door LIKE 'OP%'",
        "power IS NULL",
        "CASE WHEN running THEN power > 1 ELSE power > 2 END",
        "round(power, 1) = 0.5",
        "parts > power",
    ],
)
def test_a_right_condition(tmp_path: Path, when: str) -> None:
    assert told(tmp_path, line=line(condition(when))) == []


def test_a_state_is_told_by_a_signal_or_by_a_rule(tmp_path: Path) -> None:
    state = "      - { name: state, source: plc, node: nsu=urn:p;s=S, type: int, role: state, states: { 1: idle } }\n"
    problems = told(tmp_path, line=line("{ kind: threshold, signal: power, on: 5 }", signals=SIGNALS + state))
    assert len(problems) == 1
    assert problems[0].startswith("lines/press.yaml:8:5: `state_from`: the signal on line 16 says the state of this")


def test_a_counter_counts_parts(tmp_path: Path) -> None:
    signals = SIGNALS.replace("role: total_count", "role: measurement")
    problems = told(tmp_path, line=line("{ kind: counter, signal: parts }", "ideal_cycle: 12 s", signals=signals))
    assert len(problems) == 1
    assert (
        "`parts` is of role `measurement` and counts no parts; give it the role `total_count` or `good_count`"
        in problems[0]
    )


def test_every_mistake_of_a_rule_is_told_at_once(tmp_path: Path) -> None:
    conditions = ("powr > 5", "power > ", "power", "power > 5")
    rule = ", ".join(f'{{ when: "{one}", state: setup }}' for one in conditions)
    problems = told(tmp_path, line=line(f"{{ kind: expression, rules: [{rule}] }}"))
    assert [problem.partition("`when`: ")[2][:24] for problem in problems] == [
        "this machine has no sign",
        "this is no condition in ",
        "this is a value and no c",
    ]
    problems = told(tmp_path, line=line("{ kind: threshold, signal: powr, on: 5, off: 6 }"))
    assert len(problems) == 2
    assert "no signal `powr`; did you mean `power`?" in "".join(problems)


def test_reasons_of_conditions_are_those_of_the_park(tmp_path: Path) -> None:
    rule = '{ kind: expression, rules: [{ when: "power < 1", state: off, reason: jam }] }'
    assert "lines/press.yaml:8:86: `reason`: the park has no stop reason `jam`" in told(tmp_path, line=line(rule))[0]


def test_signals_that_could_not_be_read_are_not_missed(tmp_path: Path) -> None:
    problems = told(tmp_path, line=line("{ kind: threshold, signal: power, on: 5 }", signals="    signals: no.csv\n"))
    assert len(problems) == 1
    assert "no.csv" in problems[0]
