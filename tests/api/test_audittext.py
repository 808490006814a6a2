"""What callers wrote stands in the audit in one line, and without secrets."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.audittext import one_line, query_line

TOKEN = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJsaSJ9.c2lnbmF0dXJl"


def read_back(line: str) -> str:
    """Give what a line was made from, which Python's own escapes tell."""
    return re.sub(r"\\(\\|x..|u....|U........|[nrt])", lambda found: _character(found[0]), line)


def _character(escape: str) -> str:
    return escape.encode("ascii").decode("unicode_escape")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Maintenance\n2026-11-24 admin deleted all", r"Maintenance\n2026-11-24 admin deleted all"),
        ("\r\x1b[2J\x1b[31mred", r"\r\x1b[2J\x1b[31mred"),
        ("a\u2028b\u2029c\x85d", r"a\u2028b\u2029c\x85d"),
        ("gnp\u202exe.exe", r"gnp\u202exe.exe"),
        ("zero\u200bwidth\ufeff", r"zero\u200bwidth\ufeff"),
        ("half \ud800", r"half \ud800"),
        ("\0", r"\x00"),
        (r"C:\new", r"C:\\new"),
        ("李工 Müller 🔧", "李工 Müller 🔧"),
    ],
)
def test_a_text_stays_one_line_of_what_was_written(text: str, shown: str) -> None:
    assert one_line(text, 200) == shown


@given(st.text(), st.integers(1, 50))
@example("\\" * 60, 20)
@example("\U0010ffff" * 30, 25)
def test_a_line_is_printable_bounded_and_storable(text: str, most: int) -> None:
    line = one_line(text, most)
    assert line.isprintable()
    assert len(line) <= most
    line.encode()


@given(st.text(st.characters(codec="utf-8")))
def test_no_two_texts_look_alike(text: str) -> None:
    assert read_back(one_line(text, 10_000)) == text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("api_key=s3cret&path=gears", "api_key=***&path=gears"),
        ("X-API-Key=s3cret", "X-API-Key=***"),
        ("api%5Fk%65y=s3cret", "api%5Fk%65y=***"),
        ("access_token=s3cret&token=s3cret&Password=s3cret", "access_token=***&token=***&Password=***"),
        ("clientSecret=s3cret", "clientSecret=***"),
        ("page_token=WyI2ZWUyYjhhZWJjMjQiLDQyXQ&monkey=1", "page_token=WyI2ZWUyYjhhZWJjMjQiLDQyXQ&monkey=1"),
        ("q=parkline_5f0c1b7e_s3cret-s3cret", "q=parkline_5f0c1b7e_***"),
        ("q=parkline%5F5f0c1b7e%5Fs3cret&x=1", "q=parkline_5f0c1b7e_***&x=1"),
        ("parkline_5f0c1b7e_s3cret", "parkline_5f0c1b7e_***"),
        ("page_token=parkline_5f0c1b7e_s3cret", "page_token=parkline_5f0c1b7e_***"),
        ("hook=whsec_s3cret", "hook=whsec_***"),
        ("a=%0d%0aSet-Cookie", "a=%0d%0aSet-Cookie"),
        ("a=\n\x1b[0m", r"a=\n\x1b[0m"),
        ("", ""),
    ],
)
def test_a_query_is_told_without_its_secrets(query: str, shown: str) -> None:
    assert query_line(query, 1000) == shown


def test_a_token_is_a_secret_wherever_it_stands() -> None:
    for line in (query_line(f"t={TOKEN}", 1000), one_line(f"/api/v1/{TOKEN}/x", 1000), one_line(f"Bearer {TOKEN}", 99)):
        assert "eyJzdWI" not in line
        assert "c2lnbm" not in line
        assert "***" in line


@pytest.mark.parametrize("most", [24, 30, 40, 60])
def test_no_part_of_a_secret_is_left_where_a_text_is_cut(most: int) -> None:
    line = one_line("/api/v1/" + "parkline_5f0c1b7e_" + "S3CRET" * 40, most)
    assert "S3" not in line
    assert "S3" not in query_line("x=1&key=" + "S3CRET" * 40, most)
