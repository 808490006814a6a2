"""CSV and Parquet, long and wide."""

import csv
import io
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sources.replay.reports import ODDITIES, REPORTS, RecordingError, Stretch
from adapters.sources.replay.tables import CELLS, LINE, Layout, Table, csv_header, csv_table, layout_of, stretches

NOON = datetime(2024, 5, 17, 12, tzinfo=UTC)


def read(table: Table, *wanted: str, time_column: str = "", zone: str = "UTC") -> Stretch:
    columns = [column for column in table.rows.columns if column != LINE]
    layout = layout_of(columns, time_column)
    parts = list(stretches(table, layout, wanted or ("load", "speed"), zone=zone, started=None))
    assert parts[-1].read == 1.0 or all(part.reports.is_empty() for part in parts)
    for part in parts:
        assert part.reports.schema == REPORTS
        assert part.oddities.schema == ODDITIES
    return Stretch(
        reports=pl.concat(part.reports for part in parts),
        oddities=pl.concat(part.oddities for part in parts),
        skipped={item: count for part in parts for item, count in part.skipped.items()},
    )


def read_csv(text: str, *wanted: str, time_column: str = "", zone: str = "UTC") -> Stretch:
    return read(csv_table(text.encode()), *wanted, time_column=time_column, zone=zone)


def read_frame(frame: pl.DataFrame, *wanted: str) -> Stretch:
    return read(Table(frame.with_row_index(LINE, 1), pl.DataFrame(schema=ODDITIES)), *wanted)


def cells(stretch: Stretch) -> list[tuple[Any, ...]]:
    return list(stretch.reports.select("line", "item", "value").iter_rows())


def test_a_long_table_gives_a_report_per_row() -> None:
    stretch = read_csv("time,item,value\n2024-05-17T12:00:00Z,load,1.5\n2024-05-17T12:00:01Z,speed,2\n")
    assert cells(stretch) == [(2, "load", "1.5"), (3, "speed", "2")]
    assert stretch.reports["time"].to_list() == [NOON, NOON + timedelta(seconds=1)]


def test_a_wide_table_gives_a_report_per_cell_that_holds_something() -> None:
    stretch = read_csv("ts;load;speed;other\n2024-05-17 12:00:00;1,5;;9\n2024-05-17 12:00:01;2;3;\n")
    assert cells(stretch) == [(2, "load", "1,5"), (3, "load", "2"), (3, "speed", "3")]
    assert stretch.skipped == {"other": 1}


@pytest.mark.parametrize("name", ["time", "Timestamp", "TS", "datetime", "Date", "\ufefftime"])
def test_the_time_column_is_found_by_its_name(name: str) -> None:
    assert cells(read_csv(f"load,{name}\n1,2024-05-17\n" if name[0] != "\ufeff" else f"{name},load\n2024-05-17,1\n"))


def test_the_time_column_can_be_named() -> None:
    assert cells(read_csv("Zeit,time,load\n2024-05-17,12,1\n", time_column="zeit")) == [(2, "load", "1")]


def test_without_a_time_column_the_columns_are_named() -> None:
    with pytest.raises(RecordingError, match=r"no column named time or timestamp .*\(when, load\); set `time_column`"):
        read_csv("when,load\n1,2\n")
    with pytest.raises(RecordingError, match="no column named zeit"):
        read_csv("time,load\n1,2\n", time_column="Zeit")


def test_two_columns_of_one_name_are_one_too_many() -> None:
    with pytest.raises(RecordingError, match="two columns share the name 'load'"):
        csv_header(b"time,load,load")


@pytest.mark.parametrize("name", ["item", "Tag", "SIGNAL", "name"])
def test_a_long_table_is_known_by_its_item_and_value_columns(name: str) -> None:
    assert layout_of(["time", name, "Value", "unit"], "") == Layout("time", name, "Value")


@pytest.mark.parametrize("columns", [("time", "value", "load"), ("time", "tag", "load")])
def test_a_table_with_one_of_them_alone_is_wide(columns: tuple[str, ...]) -> None:
    assert layout_of(columns, "") == Layout("time", None, None)


def test_reports_are_in_the_order_of_their_times_and_those_of_one_instant_in_that_of_the_file() -> None:
    long = "time,item,value\n" + "".join(
        f"2024-05-17T12:00:0{second}Z,{item},{item}{second}\n" for item in ("speed", "load") for second in range(3)
    )
    expected = ["speed0", "load0", "speed1", "load1", "speed2", "load2"]
    assert read_csv(long).reports["value"].to_list() == expected
    wide = "time,speed,load\n" + "".join(f"2024-05-17T12:00:0{n}Z,speed{n},load{n}\n" for n in (2, 0, 1))
    assert read_csv(wide).reports["value"].to_list() == expected


def test_a_big_table_is_read_in_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    assert CELLS > 1000
    monkeypatch.setattr("adapters.sources.replay.tables.CELLS", 4)
    frame = pl.DataFrame({"time": [NOON + timedelta(seconds=n) for n in range(9)], "load": range(9), "speed": range(9)})
    table = Table(frame.with_row_index(LINE, 1), pl.DataFrame(schema=ODDITIES))
    layout = layout_of(frame.columns, "")
    parts = list(stretches(table, layout, {"load", "speed"}, zone="UTC", started=None))
    assert [part.reports.height for part in parts] == [0, 4, 4, 4, 4, 2]
    assert [part.read for part in parts] == sorted(part.read for part in parts)
    assert cells(read_frame(frame)) == [(n + 1, item, str(n)) for n in range(9) for item in ("load", "speed")]


def test_quoted_cells_may_hold_anything() -> None:
    stretch = read_csv('time,item,value\n2024-05-17,load,"a, ""b""\nc"\n2024-05-17,speed,x\n')
    assert [value for _, _, value in cells(stretch)] == ['a, "b"\nc', "x"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2024-05-17,load,21,5", "more fields than the first line has columns (a decimal comma?)"),
        ("yesterday,load,1", "no time in column time"),
        (",load,1", "no time in column time"),
        ("2024-05-17,,1", "nothing in column item"),
        ('2024-05-17,load,"1', "no CSV (unexpected end of data)"),
    ],
)
def test_a_malformed_line_is_an_oddity_and_its_neighbours_are_read(line: str, reason: str) -> None:
    stretch = read_csv(f"time,item,value\n2024-05-17,load,1\n{line}\n\n2024-05-17,load,2\n")
    assert [value for _, _, value in cells(stretch)] == ["1", "2"]
    assert stretch.oddities.select("line", "reason").rows() == [(3, reason)]


def test_a_line_that_is_no_utf_8_is_an_oddity() -> None:
    table = csv_table(b"time,item,value\n2024-05-17,load,1\n2024-05-17,load,\xff\n2024-05-17,load,2\n")
    stretch = read(table)
    assert [value for _, _, value in cells(stretch)] == ["1", "2"]
    assert stretch.oddities["reason"].to_list() == ["no UTF-8 text; save the file as CSV UTF-8"]


def test_a_header_alone_is_an_empty_table() -> None:
    assert cells(read_csv("time,item,value\n")) == []
    assert cells(read_csv("time,item,value")) == []


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([1.5, 0.1], ["1.5", "0.1"]),
        ([2**60 + 1, -1], [str(2**60 + 1), "-1"]),
        ([True, False], ["true", "false"]),
        (["a", ""], ["a", ""]),
        ([Decimal("1.50"), Decimal("2.25")], ["1.50", "2.25"]),
    ],
)
def test_values_of_parquet_are_read_exactly(values: list[Any], written: list[str]) -> None:
    frame = pl.DataFrame({"time": [NOON, NOON], "load": values})
    assert [value for _, _, value in cells(read_frame(frame))] == written


def test_an_empty_cell_of_a_long_table_is_a_report_without_a_value() -> None:
    frame = pl.DataFrame({"ts": [NOON], "item": ["load"], "value": [None]}, schema_overrides={"value": pl.Float64})
    assert cells(read_frame(frame)) == [(1, "load", None)]


def test_items_may_be_categories() -> None:
    frame = pl.DataFrame({"ts": [NOON], "item": ["load"], "value": [1]}).cast({"item": pl.Categorical})
    assert cells(read_frame(frame)) == [(1, "load", "1")]


@pytest.mark.parametrize("values", [[[1.0]], [b"x"], [{"a": 1}]])
def test_a_column_that_holds_no_values_is_named(values: Collection[Any]) -> None:
    with pytest.raises(RecordingError, match=r"column load holds .* which is no value of a signal"):
        read_frame(pl.DataFrame({"time": [NOON], "load": values}))
    frame = pl.DataFrame({"time": [NOON, None], "x": [*values, *values], "load": [1, 2]})
    assert read_frame(frame).oddities["line"].to_list() == [2]


def test_times_without_a_zone_are_in_the_zone_of_the_settings() -> None:
    stretch = read_csv("time,load\n2024-05-17 20:00,1\n", zone="Asia/Shanghai")
    assert stretch.reports["time"].to_list() == [NOON]


def test_a_table_of_which_nothing_is_wanted_gives_nothing() -> None:
    stretch = read_csv("time,load,speed\n2024-05-17,1,\n", "pressure")
    assert cells(stretch) == []
    assert stretch.skipped == {"load": 1, "speed": 0}


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "no first line that names the columns"), ("time,load\n".encode("utf-16"), "save the file as CSV UTF-8")],
)
def test_what_is_no_csv_is_told_how_to_be(content: bytes, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        csv_table(content)


CELLS_OF_CSV = st.lists(
    st.sampled_from(["", "a", "x y", 'say "hi"', "a,b", "two\nlines", "é", " "]), min_size=2, max_size=6
)


@given(rows=st.lists(CELLS_OF_CSV, max_size=8), end=st.sampled_from(["\n", "\r\n"]))
def test_every_line_is_a_row_or_an_oddity(rows: list[list[str]], end: str) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([["time", "item", "value"], *rows])
    table = csv_table(text.getvalue().encode())
    told = [row for row in rows if any(row[:4])]
    assert table.rows.drop(LINE).rows() == [
        tuple(cell or None for cell in [*row, ""][:3]) for row in told if not any(row[3:4])
    ]
    assert table.oddities.height == sum(any(row[3:4]) for row in told)


@given(body=st.lists(st.sampled_from([b'"', b",", b";", b"\n", b"\r\n", b"1", b"\xff", b"\0", b"2024-05-17", b"load"])))
def test_no_bytes_whatever_break_it(body: list[bytes]) -> None:
    stretch = read(csv_table(b"time,load,speed\n" + b"".join(body)))
    assert stretch.reports["item"].is_in(["load", "speed"]).all()
