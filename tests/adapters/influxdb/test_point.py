"""The encoder writes what influxdb-client's `Point` writes: both are read back, by a reader that is neither's own.

`Point` is known to change some strings; the encoder does not:

    line end, carriage return, tab in a tag   are written as backslash and letter, and read back as these two
    backslash at the end of a tag             gets a space behind, which it escapes: read back without the backslash
    NaN and infinity                          are left out without a word; the encoder refuses the sample
"""

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from influxdb_client.client.write.point import Point

from adapters.stores.influxdb import encode
from adapters.stores.influxdb.tags import named
from tests.conformance.store import batch, sample

TAGS = ("equipment", "factory", "line", "signal")
ESCAPED = re.compile(r"\\([,= ])")

ANY = st.text(min_size=1).filter(lambda name: "/" not in name)
PLAIN = ANY.filter(lambda name: not re.search(r"[\\\n\r\t]", name))
INT64 = st.integers(-(2**63), 2**63 - 1)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
EXTREMES = st.sampled_from(
    [0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 1e15, 1e16, 1e-3, 1e-5, 123456789.125]
)
VALUES = FLOATS | EXTREMES | INT64 | st.booleans() | st.text()
LIMITS = st.sampled_from([-(2**63), -1, 0, 1, 2**63 - 1])


def parsed(line: str) -> tuple[str, dict[str, str], dict[str, Any], int]:
    """Read one line as the servers do: a backslash in a tag escapes a comma, a space and an equals sign alone."""
    series, rest = re.fullmatch(r"((?:\\.|[^ \\]|\\(?=[^,= ]))+) (.*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
    fields, time = re.fullmatch(r"(.*) (-?\d+)", rest, re.DOTALL).groups()  # type: ignore[union-attr]
    measurement, *tags = re.split(r"(?<!\\),", series)
    pairs = (re.fullmatch(r"(\w+)=(.*)", tag, re.DOTALL).groups() for tag in tags)  # type: ignore[union-attr]
    return measurement, {key: ESCAPED.sub(r"\1", value) for key, value in pairs}, dict(values(fields)), int(time)


def values(fields: str) -> list[tuple[str, Any]]:
    """Read fields: texts in quotes, whole numbers with an i, words, and all else as floats."""
    found: list[tuple[str, Any]] = []
    for key, text, bare in re.findall(r'(\w+)=(?:"((?:\\.|[^"\\])*)"|([^,]*))(?:,|$)', fields, re.DOTALL):
        if bare == "":
            value: Any = re.sub(r'\\(["\\])', r"\1", text)
        elif bare in {"true", "false"}:
            value = bare == "true"
        else:
            value = int(bare[:-1]) if bare.endswith("i") else float(bare)
        found.append((key, value))
    return found


def point(row: dict[str, Any]) -> str:
    """Give a sample as `Point` writes it."""
    made = Point("sample")
    for tag, name in zip(("factory", "line", "equipment", "signal"), row["signal"].split("/", 3), strict=True):
        made.tag(tag, name)
    for kind in ("float", "int", "bool", "text"):
        if row[kind] is not None:
            made.field(kind, row[kind])
    made.field("status", row["status"]).field("received", row["received"]).time(row["time"])
    return str(made.to_line_protocol())


def ours(row: dict[str, Any]) -> str:
    """Give a sample as the encoder writes it."""
    rows, refused = encode.storable(batch(row))
    assert refused.is_empty()
    return encode.sample_body(encode.sample_lines(rows)).decode().removesuffix("\n")


def alike(value: Any, other: Any) -> bool:
    return type(value) is type(other) and repr(value) == repr(other)


@given(st.tuples(PLAIN, PLAIN, PLAIN, PLAIN), VALUES, INT64 | LIMITS, INT64.filter(bool))
def test_both_are_read_back_as_the_same(names: tuple[str, ...], value: Any, time: int, received: int) -> None:
    row = sample("/".join(names), time, value, received=received)
    measurement, tags, fields, at = parsed(ours(row))
    other_measurement, other_tags, other_fields, other_at = parsed(point(row))
    assert (measurement, at) == (other_measurement, other_at) == ("sample", time)
    assert tuple(tags) == tuple(other_tags) == TAGS
    assert [named(tags[tag]) for tag in TAGS] == [other_tags[tag] for tag in TAGS]
    blank = fields.pop("blank", None)
    assert (blank is True) == (value == "" and isinstance(value, str))
    assert fields.keys() == other_fields.keys()
    for key in fields:
        assert alike(fields[key], other_fields[key])


@given(st.text(), st.text("\\\n\r\t", min_size=1), st.text())
def test_a_tag_that_point_changes_is_read_back_as_it_was(before: str, changed: str, after: str) -> None:
    name = f"{before}{changed}{after}".replace("/", "")
    _, tags, _, _ = parsed(ours(sample(f"f/l/{name}/s", 1, 1.5)))
    assert named(tags["equipment"]) == name


@pytest.mark.parametrize(
    ("name", "read"), [("a\nb", "a\\nb"), ("a\tb", "a\\tb"), ("a\rb", "a\\rb"), ("press\\", "press\\ ")]
)
def test_what_point_is_known_to_change(name: str, read: str) -> None:
    line = point(sample(f"f/l/{name}/s", 1, 1.5))
    assert re.search(r"equipment=(.*?),factory", line, re.DOTALL)[1] == read  # type: ignore[index]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_point_leaves_out_without_a_word(value: float) -> None:
    assert "float" not in point(sample("f/l/e/s", 1, value))
    _, refused = encode.storable(batch(sample("f/l/e/s", 1, value)))
    assert refused.height == 1
