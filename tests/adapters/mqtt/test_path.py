"""Paths into JSON payloads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.mqtt.path import MISSING, deepest, find, parse, written

PATHS = st.lists(st.text() | st.integers(0, 999_999_999), max_size=5).map(tuple)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        ("v", ("v",)),
        ("axes[2].load", ("axes", 2, "load")),
        ("[0][1]", (0, 1)),
        ('data["spindle.speed"].v', ("data", "spindle.speed", "v")),
        (r'["a\"b\\c"]', ('a"b\\c',)),
        ("主轴.转速", ("主轴", "转速")),
    ],
)
def test_a_path_is_read(text: str, path: tuple[str | int, ...]) -> None:
    assert parse(text) == path


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (".v", "a key is missing in front"),
        ("a..b", "a key is missing after 'a.'"),
        ("a.", "a key is missing after 'a.'"),
        ("a[x]", "an index or a quoted key"),
        ("a[-1]", "an index or a quoted key"),
        ("a[0", "an index or a quoted key"),
        ("a[0]b", "write a \".\" between 'a[0]' and 'b'"),
        ('a"b"', "write a \".\" between 'a' and '\"b\"'"),
    ],
)
def test_what_is_no_path_is_told_with_advice(text: str, advice: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the message is what this checks
        parse(text)
    assert advice in str(caught.value)
    assert repr(text) in str(caught.value)


@given(PATHS)
def test_what_is_written_reads_as_it_was(path: tuple[str | int, ...]) -> None:
    assert parse(written(path)) == path


DOCUMENT = {"a": {"b": [1, {"c": None}]}, "s": "text", "": 0}


@pytest.mark.parametrize(
    ("text", "value"), [("a.b[0]", 1), ("a.b[1].c", None), ("s", "text"), ('[""]', 0), ("", DOCUMENT)]
)
def test_a_value_is_found(text: str, value: object) -> None:
    assert find(DOCUMENT, parse(text)) == value


@pytest.mark.parametrize("text", ["x", "a.x", "a.b[2]", "a.b.c", "a[0]", "s[0]", "s.t", "a.b[1].c.d", "a.b[0][0]"])
def test_a_value_that_is_not_there_is_missing(text: str) -> None:
    assert find(DOCUMENT, parse(text)) is MISSING


def test_the_deepest_part_that_is_there_is_given() -> None:
    assert deepest(DOCUMENT, parse("a.b[1].x.y")) == (("a", "b", 1), {"c": None})
    assert deepest(DOCUMENT, parse("x.y")) == ((), DOCUMENT)
    assert deepest(DOCUMENT, parse("a.b[0]")) == (("a", "b", 0), 1)


@given(
    st.recursive(st.none() | st.text() | st.integers(), lambda c: st.lists(c) | st.dictionaries(st.text(), c)), PATHS
)
def test_no_document_raises(document: object, path: tuple[str | int, ...]) -> None:
    there, value = deepest(document, path)
    assert path[: len(there)] == there
    assert (find(document, path) is MISSING) == (there != path)
    assert find(document, there) == value
