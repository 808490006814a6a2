"""What machines make and why they stand: keys that mean something only together."""

from pathlib import Path

import pytest

from tests.collector.config.files import LINE, PARK, loaded, signals, told

REASONS = PARK + "stop_reasons: { jam: {}, tool-change: { loss: setup } }\n"


def machine(*keys: str) -> str:
    """Give a line file whose machine has these keys, each in one line from line 8 on."""
    head, colon, rest = LINE.partition("    signals:")
    return head + "".join(f"    {key}\n" for key in keys) + colon + rest


def problem(tmp_path: Path, line: str) -> str:
    found = told(tmp_path, line=line, park=REASONS)
    assert len(found) == 1, found
    return found[0]


def test_cycles_last(tmp_path: Path) -> None:
    assert "lines/press.yaml:8:18: `ideal_cycle`: a part takes longer than 0" in problem(
        tmp_path, machine("ideal_cycle: 0 s")
    )
    found = told(tmp_path, line=machine("products: { bolt: 0 ms, nut: 3 s }"))
    assert any(one.startswith("lines/press.yaml:8:23: `products: bolt`: a part takes longer") for one in found)


def test_products_need_a_signal_that_says_which_runs(tmp_path: Path) -> None:
    assert "lines/press.yaml:8:5: `products`: no signal says which product runs" in problem(
        tmp_path, machine("products: { bolt: 3 s }")
    )


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [
        ("name: a, type: int, width: 65536", 65, "`width` is for what counts on; write `good_count`"),
        ("name: a, type: int, role: total_count, width: 1", 91, "out of bounds; write at least 2"),
        ("name: a, type: int, role: power, unit: kW, width: 9", 88, "`width` is for what counts on"),
        (
            "name: a, type: int, reasons: { 1: jam }",
            65,
            "`reasons` is for signals of role `reason`, `state` or `condition`",
        ),
        ("name: a, type: int, role: reason, reasons: { 1: jamm }", 93, "no stop reason `jamm`; did you mean `jam`?"),
        ("name: a, type: int, role: reason, reasons: { x: jam }", 90, "`x` is no value of an int signal"),
        ("name: a, type: float, role: reason", 60, "a signal of role `reason` has exact values"),
        ("name: a, type: text, role: rework_count", 60, "a signal of role `rework_count` is a number"),
        (
            "name: a, type: text, role: state, states: { RUN: producing, STOP: idle }, reasons: { STOPP: jam }",
            130,
            "`STOPP` is not in `states`, which says what it means; did you mean `STOP`?",
        ),
    ],
)
def test_a_wrong_signal_is_told_in_its_line(tmp_path: Path, row: str, column: int, words: str) -> None:
    found = problem(tmp_path, signals(row))
    assert found.startswith(f"lines/press.yaml:9:{column}: "), found
    assert words in found


def test_a_right_signal(tmp_path: Path) -> None:
    rows = (
        "name: a, type: int, role: total_count, width: 65536",
        "name: b, type: text, role: condition, reasons: { any-code: jam }",
        "name: c, type: int, role: reason, reasons: { 1: jam, 2: tool-change }",
        "name: d, type: int, role: state, states: { 1: idle }, reasons: { 1: jam }",
    )
    park = loaded(tmp_path, line=signals(*rows), park=REASONS).park
    assert park.signals["press-works/press-line/press-01/a"].width == 65536


def test_reasons_stand_in_a_table_too(tmp_path: Path) -> None:
    rows = "name,source,node,type,role,reasons,width\nwhy,plc,nsu=urn:p;s=A,int,reason,1=jam; 2=jm,\n"
    rows += "parts,plc,nsu=urn:p;s=B,int,total_count,,65536\n"
    line = LINE.partition("    signals:")[0] + "    signals: tags.csv\n"
    found = told(tmp_path, {"lines/tags.csv": rows}, line=line, park=REASONS)
    assert found == ["lines/tags.csv:2:6: `reasons`: the park has no stop reason `jm`; did you mean `jam`?"]


def test_a_bottleneck_is_a_machine_of_its_line(tmp_path: Path) -> None:
    line = LINE.replace("factory: press-works\n", "factory: press-works\nbottleneck: press-1\n")
    assert told(tmp_path, line=line) == [
        "lines/press.yaml:4:13: `bottleneck`: this line has no machine `press-1`; did you mean `press-01`?"
    ]
    right = loaded(tmp_path, line=line.replace("press-1\n", "press-01\n"))
    assert right.park.factories[0].lines[0].bottleneck == "press-01"


def test_a_machine_says_of_which_class_it_is(tmp_path: Path) -> None:
    park = loaded(tmp_path, line=machine("equipment_class: press"), park=REASONS).park
    assert [one.equipment_class for one in park.equipment.values()] == ["press"]
    assert "lines/press.yaml:8:22: `equipment_class`" in problem(tmp_path, machine("equipment_class: A Press"))
