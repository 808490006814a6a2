"""No text is a formula to a spreadsheet, whichever sign it takes for what separates cells."""

import csv
import io
import re

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.spreadsheet import guarded

FORMULA = re.compile(r"\s*[=+\-@\uff0b\uff0d\uff1d\uff20]")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("  =1+1", "'  =1+1"),
        ("-5.5e3", "-5.5e3"),
        ("-5 grad", "'-5 grad"),
        ("a;=1+1", "a;'=1+1"),
        ("a; =1+1;@b", "a; '=1+1;'@b"),
        ("a\n=1+1", "a\n'=1+1"),
        ("a\r\n\t-1", "a\r\n\t'-1"),
        ('a;"=1+1', "a;\"'=1+1"),
        ("gears/hobbing; a-b = c", "gears/hobbing; a-b = c"),
        ("", ""),
        (None, None),
    ],
)
def test_what_would_be_a_formula_has_an_apostrophe_before_it(text: str | None, shown: str | None) -> None:
    table = pl.DataFrame({"a": [text], "b": [-1.5]}, schema={"a": pl.String, "b": pl.Float64})
    assert guarded(table).rows() == [(shown, -1.5)]


@given(st.text(st.sampled_from("=+-@;,\t\r\n \"'a\uff1d")))
def test_no_cell_begins_a_formula_whatever_separates_cells(text: str) -> None:
    written = guarded(pl.DataFrame({"a": ["plain"], "b": [text]})).write_csv(line_terminator="\r\n")
    for separator in ",;\t":
        lines = csv.reader(io.StringIO(written, newline=""), delimiter=separator)
        cells = [cell for line in lines for cell in line]
        assert [cell for cell in cells if FORMULA.match(cell)] == []
