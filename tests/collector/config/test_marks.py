"""YAML is read by version 1.2, each value with its place; mistakes of the text are told."""

import pytest

from collector.config.marks import Mapping, Sequence, parse_yaml, plain, text_of
from collector.config.problems import Report


def parsed(text: str | bytes) -> object:
    """Give the values of a text that is right."""
    report = Report()
    node = parse_yaml(text.encode() if isinstance(text, str) else text, "a.yaml", report)
    assert report.problems == []
    return None if node is None else plain(node)


def wrong(text: str | bytes) -> list[str]:
    """Give the problems of a text."""
    report = Report()
    parse_yaml(text.encode() if isinstance(text, str) else text, "a.yaml", report)
    return [f"{one.line}:{one.column}: {one.message}" for one in report.problems]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("1:30", "1:30"),
        ("06:00", "06:00"),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("2026-10-01", "2026-10-01"),
        ("true", True),
        ('"12"', "12"),
        ("~", None),
        ("", None),
        ("500ms", "500ms"),
    ],
)
def test_a_plain_value_is_what_yaml_1_2_says(written: str, value: object) -> None:
    assert parsed(f"key: {written}") == {"key": value}
    found = parsed(f"key: {written}")
    assert isinstance(found, dict)
    assert type(found["key"]) is type(value)


def test_keys_are_text_as_written() -> None:
    assert parsed("{1: a, true: b, 012: c, 2026-10-01: d}") == {"1": "a", "true": "b", "012": "c", "2026-10-01": "d"}


def test_values_know_their_place() -> None:
    node = parse_yaml("\ufeff# 说明\n测试: {k: v,\n  l: [a,  b]}\n".encode(), "a.yaml", Report())
    assert isinstance(node, Mapping)
    inner = node.get("测试")
    assert isinstance(inner, Mapping)
    assert str(inner.mark) == "a.yaml:2:5"
    assert str(inner.entries["l"].mark) == "a.yaml:3:3"
    items = inner.get("l")
    assert isinstance(items, Sequence)
    assert [str(item.mark) for item in items.items] == ["a.yaml:3:7", "a.yaml:3:11"]


def test_a_value_that_is_not_written_has_the_place_of_its_key() -> None:
    node = parse_yaml(b"a:\nb: 1\n", "a.yaml", Report())
    assert isinstance(node, Mapping)
    empty = node.get("a")
    assert empty is not None
    assert empty.mark == ("a.yaml", 1, 1)
    assert text_of(empty) is None


def test_anchors_aliases_and_merges_work() -> None:
    text = """
common: &common {source: plc, type: float}
signals:
  - {<<: *common, name: a}
  - {<<: [*common], type: int}
"""
    assert parsed(text) == {
        "common": {"source": "plc", "type": "float"},
        "signals": [{"source": "plc", "type": "float", "name": "a"}, {"source": "plc", "type": "int"}],
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1: `a` is already written on line 1; keep one of them"),
        ("a: b: c\n", "1:5: a `:` where no key can stand"),
        ("a:\n\t- b\n", "2:1: a tab stands in the indentation; indent with spaces"),
        ("a: @x\n", "1:4: this character cannot begin a value; put the value in quotes"),
        ("a: [1,\n  2\n", "3:1: a bracket was opened and is not closed here"),
        ("a: 'x\n", "2:1: a quote was opened and never closed"),
        ("a: *nobody\n", "1:4: a value that begins with `*` names an anchor, and there is none"),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here"),
        ("a: x\x01y\n", "1:5: a control character stands here; take it out"),
        (b"a: 1\nb: caf\xe9\n", "2:7: this byte is not UTF-8; save the file as UTF-8"),
        ("&a [*a]", "1:1: this value contains itself through an alias"),
        ("a: !!int x\n", "1:4: this is not what its tag says"),
        ("a: !vault x\n", "1:4: tags mean nothing here"),
        ("? [a]\n: 1\n", "1:3: a key must be text"),
        ("a: {<<: 5}\n", "1:9: `<<` merges mappings"),
        ("a: " + "[" * 600, "nested too deep"),
        ("a: " + "9" * 5000, "1:4: this is not what its tag says"),
    ],
)
def test_a_mistake_of_the_text_is_told_at_its_place(text: str | bytes, told: str) -> None:
    problems = wrong(text)
    assert any(told in problem for problem in problems), problems


def test_an_alias_does_not_unfold_without_end() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    assert wrong("\n".join(lines)) == ["1:1: its aliases unfold into more than a million values; write fewer"]


def test_an_empty_file_has_no_node() -> None:
    assert parsed("") is None
    assert parsed("# a comment\n") is None
