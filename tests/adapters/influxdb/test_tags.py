"""Names as tags, and back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.stores.influxdb.tags import named, signal_tags, tag_value


@given(st.text())
def test_a_name_comes_back_as_it_was(name: str) -> None:
    value = tag_value(name)
    assert named(value) == name
    assert not re.search(r"[\\\x00-\x1f\x7f]", value)


@given(st.text(), st.text())
def test_two_names_are_two_values(one: str, other: str) -> None:
    assert (tag_value(one) == tag_value(other)) == (one == other)


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", fullmatch=True))
def test_a_name_of_a_park_file_is_stored_as_it_is(name: str) -> None:
    assert tag_value(name) == name


def test_a_path_has_four_parts_and_the_last_may_have_more() -> None:
    assert signal_tags("plant/line-1/press-01/temperature") == ("plant", "line-1", "press-01", "temperature")
    assert signal_tags("plant/line-1/press-01/axis/x") == ("plant", "line-1", "press-01", "axis/x")


@pytest.mark.parametrize("path", ["", "a/b/c", "a//c/d", "a/b/c/"])
def test_other_paths_have_no_tags(path: str) -> None:
    assert signal_tags(path) is None
