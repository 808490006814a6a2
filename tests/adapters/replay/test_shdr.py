"""The text of MTConnect adapters, line by line."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.replay.reports import ODDITIES, REPORTS, Stretch
from adapters.sources.replay.shdr import ShdrReader

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)
T = "2024-05-17T12:00:00Z"
ITEMS = ("execution", "load", "system")


def read(text: str | bytes, *, started: datetime | None = None, items: tuple[str, ...] = ITEMS) -> Stretch:
    content = text.encode() if isinstance(text, str) else text
    stretch = ShdrReader(items, zone="UTC", started=started).read(content, share=0.5)
    assert stretch.reports.schema == REPORTS
    assert stretch.oddities.schema == ODDITIES
    assert stretch.read == 0.5
    return stretch


def pairs(stretch: Stretch) -> list[tuple[str, str]]:
    return list(stretch.reports.select("item", "value").iter_rows())


@pytest.mark.parametrize(
    ("line", "reports"),
    [
        (f"{T}|execution|ACTIVE", [("execution", "ACTIVE")]),
        (f"{T}|load|", [("load", "")]),
        (f"{T}|execution|ACTIVE|load|12", [("execution", "ACTIVE"), ("load", "12")]),
        (f"{T}|other|1|load|12|x|y|execution|READY", [("load", "12"), ("execution", "READY")]),
        (f"{T}|system|Warning|345|||DOOR OPEN", [("system", "Warning|345|||DOOR OPEN")]),
        (f"{T}|system|FAULT|345|9|HIGH|DOOR", [("system", "FAULT|345|9|HIGH|DOOR")]),
        (f"{T}|system|Normal||||", [("system", "Normal||||")]),
        (f"{T}|system|Normal|345|||", [("system", "Normal|345|||")]),
        (f"{T}|system|Unavailable||||", [("system", "Unavailable||||")]),
        (f"{T}|execution|UNAVAILABLE|load|1|system|2", [("execution", "UNAVAILABLE"), ("load", "1"), ("system", "2")]),
        (f"{T}|execution|READY|load|1|system|2", [("execution", "READY"), ("load", "1"), ("system", "2")]),
        (f"{T}|system|E12|Check the oil", [("system", "E12|Check the oil")]),
        (f'{T}|execution|"a\\|b"', [("execution", "a|b")]),
        (f'{T}|execution|"a\\|b"|load|"5"', [("execution", "a|b"), ("load", '"5"')]),
        (f"{T}@120.5|load|3", [("load", "3")]),
        (f"{T}| load |3", [("load", "3")]),
    ],
)
def test_a_line_gives_its_reports(line: str, reports: list[tuple[str, str]]) -> None:
    stretch = read(line)
    assert pairs(stretch) == reports
    assert set(stretch.reports["time"]) == {NOON}
    assert set(stretch.reports["input"]) == {line}
    assert stretch.oddities.is_empty()


@pytest.mark.parametrize(
    "line", ["", "  ", "* PONG 10000", f"{T}|@ASSET@|12|CuttingTool|<a/>", f"{T}|@REMOVE_ASSET@|12"]
)
def test_what_is_no_report_by_nature_is_passed_over(line: str) -> None:
    stretch = read(f"{line}\n{T}|load|1\n")
    assert pairs(stretch) == [("load", "1")]
    assert stretch.oddities.is_empty()
    assert not stretch.skipped


def test_an_asset_of_several_lines_is_passed_over_even_from_block_to_block() -> None:
    reader = ShdrReader(ITEMS, zone="UTC", started=None)
    first = reader.read(f"{T}|load|1\n{T}|@ASSET@|7|CuttingTool|--multiline--AB\n<a>\n".encode(), share=0.5)
    second = reader.read(f"{T}|load|2\n--multiline--AB\n{T}|load|3\n".encode(), share=1.0)
    assert pairs(first) == [("load", "1")]
    assert pairs(second) == [("load", "3")]
    assert second.reports["line"].to_list() == [6]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "no `time|item|value`"),
        (f"{T}|load", "no `time|item|value`"),
        (f"{T}||5", "no `time|item|value`"),
        (f"{T}|load|1|execution|2|system", "no `time|item|value`"),
        ("2024-13-45T00:00:00Z|load|1", "'2024-13-45T00:00:00Z' is no time; write it like 2016-12-14T20:24:49.613308Z"),
        ("1234.5|load|1", "'1234.5' is a relative time; set `started` to when it counts from"),
    ],
)
def test_any_other_line_is_an_oddity_and_its_neighbours_are_read(line: str, reason: str) -> None:
    stretch = read(f"{T}|load|1\n{line}\n{T}|load|2\n")
    assert pairs(stretch) == [("load", "1"), ("load", "2")]
    assert stretch.reports["line"].to_list() == [1, 3]
    assert stretch.oddities.rows() == [(2, line.encode(), reason)]


def test_a_line_of_several_items_without_a_time_is_one_oddity() -> None:
    assert read("x|load|1|execution|2").oddities.height == 1


def test_a_line_that_is_no_utf_8_is_an_oddity() -> None:
    stretch = read(f"{T}|load|1\n{T}|load|".encode() + b"\xff\xfe\n" + f"{T}|load|2\n".encode())
    assert pairs(stretch) == [("load", "1"), ("load", "2")]
    assert stretch.oddities.rows() == [(2, f"{T}|load|".encode() + b"\xff\xfe", "no UTF-8 text")]


def test_relative_times_count_milliseconds_from_the_start() -> None:
    stretch = read(f"0|load|1\n1500.5|load|2\n{T}|load|3\n", started=NOON)
    assert stretch.reports["time"].to_list() == [NOON, NOON + timedelta(milliseconds=1500.5), NOON]


def test_items_that_nobody_wants_are_counted() -> None:
    stretch = read(f"{T}|Xload|1\n{T}|Xload|2|Yload|3\n{T}|load|4\n")
    assert stretch.skipped == {"Xload": 2, "Yload": 1}


def test_lines_keep_their_order_even_where_the_machine_went_back_in_time() -> None:
    stretch = read(
        "2024-05-17T12:00:02Z|load|1\n2024-05-17T12:00:01Z|load|2|execution|A\n2024-05-17T12:00:03Z|load|3\n"
    )
    assert [value for _, value in pairs(stretch)] == ["1", "2", "A", "3"]
    assert not stretch.reports["time"].is_sorted()


def test_a_carriage_return_ends_a_line_too() -> None:
    assert pairs(read(f"{T}|load|1\r\n{T}|load|2\r\n")) == [("load", "1"), ("load", "2")]


@dataclass(frozen=True)
class Line:
    """A line, and what it must give."""

    text: str
    reports: tuple[tuple[str, str], ...] = ()
    odd: bool = False


WORD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="|\n\r\\\ue000"), max_size=12)
LEVELS = st.sampled_from(["Normal", "NORMAL", "Warning", "Fault", "Unavailable"])


def single(item: str, value: str) -> Line:
    return Line(f"{T}|{item}|{value}", ((item, value),))


def several(reports: list[tuple[str, str]]) -> Line:
    return Line("|".join([T, *(part for pair in reports for part in pair)]), tuple(reports))


def condition(item: str, level: str, text: str) -> Line:
    return Line(f"{T}|{item}|{level}|||LOW|{text}", ((item, f"{level}|||LOW|{text}"),))


LINES = st.one_of(
    st.builds(single, st.sampled_from(ITEMS), WORD),
    st.builds(
        several, st.lists(st.tuples(st.sampled_from(ITEMS), WORD.map(lambda word: "=" + word)), min_size=2, max_size=6)
    ),
    st.builds(condition, st.sampled_from(ITEMS), LEVELS, WORD),
    st.builds(lambda word: Line(f"no time {word}|load|1", odd=True), WORD),
    st.builds(lambda word: Line(f"alone {word}", odd=True), WORD),
    st.just(Line("")),
    st.just(Line("* PING")),
)


@given(lines=st.lists(LINES, max_size=30), cut=st.integers(0, 30))
def test_whatever_lines_follow_each_other_each_gives_what_is_its_own(lines: list[Line], cut: int) -> None:
    reader = ShdrReader(ITEMS, zone="UTC", started=None)
    stretches = [
        reader.read("".join(f"{line.text}\n" for line in part).encode(), share=1.0)
        for part in (lines[:cut], lines[cut:])
        if part
    ]
    reports = [
        report for stretch in stretches for report in stretch.reports.select("line", "item", "value").iter_rows()
    ]
    assert reports == [(n, *report) for n, line in enumerate(lines, 1) for report in line.reports]
    odd = [number for stretch in stretches for number in stretch.oddities["line"]]
    assert odd == [n for n, line in enumerate(lines, 1) if line.odd]


@given(
    content=st.one_of(
        st.binary(max_size=400), st.text('|T:-Z0123456789.@*\\\n "loadNormal', max_size=400).map(str.encode)
    )
)
def test_no_bytes_whatever_break_it(content: bytes) -> None:
    stretch = read(content, started=NOON)
    lines = content.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n")
    numbers = pl.concat([stretch.reports["line"], stretch.oddities["line"]])
    assert numbers.is_between(1, len(lines)).all()
    assert not set(stretch.reports["line"]) & set(stretch.oddities["line"])
