"""Wide tables that nobody configured: how they are read, and what is said of those that cannot be."""

from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.sample import SAMPLES
from analytics.widetable import ROW, TIME, TableError, WideTable, as_park, as_samples, read_table, row_at
from collector.faultrules.rules import MachineFaults, SignalFaults

NOON = datetime(2020, 3, 9, 12, tzinfo=UTC)


def written(folder: Path, text: str, name: str = "pump.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def read(folder: Path, text: str, *signals: str) -> WideTable:
    return read_table(written(folder, text), "time", signals)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_the_one_of_the_header(tmp_path: Path, separator: str) -> None:
    table = read(tmp_path, "time,a,b\n2020-03-09 12:00:00,1,2\n".replace(",", separator))
    assert table.signals == ("a", "b")
    assert table.rows.rows() == [(0, NOON, 1.0, 2.0)]


@pytest.mark.parametrize(
    "stamp",
    [
        "2020-03-09 12:00:00",
        "2020-03-09T12:00:00Z",
        "2020-03-09T20:00:00+08:00",
        "2020-03-09 20:00:00+0800",
        "2020/03/09 12:00",
        "1583755200",
        "1583755200.0",
    ],
)
def test_times_are_read_as_people_write_them(tmp_path: Path, stamp: str) -> None:
    assert read(tmp_path, f"time,a\n{stamp},1\n").rows[TIME].to_list() == [NOON]


def test_a_parquet_file_has_instants_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "pump.parquet"
    pl.DataFrame({"at": [NOON.replace(tzinfo=None)], "a": [1]}).write_parquet(file)
    assert read_table(file, "at").rows.rows() == [(0, NOON, 1.0)]


def test_rows_are_put_in_order_and_keep_their_numbers(tmp_path: Path) -> None:
    table = read(tmp_path, "time,a\n2020-03-09 12:00:02,3\n2020-03-09 12:00:00,1\nnonsense,9\n2020-03-09 12:00:02,4\n")
    assert table.rows[ROW].to_list() == [1, 0]
    assert table.rows["a"].to_list() == [1.0, 3.0]
    assert table.unread == 2
    assert row_at(table, NOON) == 1
    assert row_at(table, NOON.replace(second=1)) == 1
    assert row_at(table, NOON.replace(hour=11)) == 1
    assert row_at(table, NOON.replace(hour=13)) == 0


def test_a_cell_without_a_number_is_no_sample(tmp_path: Path) -> None:
    table = read(tmp_path, "time,a,b\n2020-03-09 12:00:00,,2\n2020-03-09 12:00:01,nan,3\n")
    _, names = as_park(table, SignalFaults(), MachineFaults())
    samples = as_samples(table, names)
    assert samples.schema == SAMPLES
    assert samples.select("signal", "float").rows() == [("table/rows/pump/b", 2.0), ("table/rows/pump/b", 3.0)]


def test_numbers_with_a_comma_and_cells_of_text_among_numbers(tmp_path: Path) -> None:
    table = read(tmp_path, "time;a;who\n2020-03-09 12:00:00;0,5;x\n2020-03-09 12:00:01;-1,25;y\n")
    assert table.rows.select("a").rows() == [(0.5,), (-1.25,)]
    text = "time,a\n2020-03-09 12:00:00,1\n2020-03-09 12:00:01,Bad Input\n2020-03-09 12:00:02, 3\n"
    assert read(tmp_path, text).rows["a"].to_list() == [1.0, None, 3.0]


@pytest.mark.parametrize("name", ["row", "time", "value", "signal", "^a$"])
def test_a_column_may_be_called_as_it_likes(tmp_path: Path, name: str) -> None:
    file = written(tmp_path, f"at,{name},a\n2020-03-09 12:00:00,1,2\n2020-03-09 12:00:01,3,4\n")
    table = read_table(file, "at")
    assert table.signals == (name, "a")
    _, names = as_park(table, SignalFaults(), MachineFaults())
    samples = as_samples(table, names)
    assert [names.columns[path] for path in samples["signal"]] == [name, "a"] * 2
    assert samples["float"].to_list() == [1, 2, 3, 4]
    assert samples["time"].dt.cast_time_unit("us").to_list() == [NOON] * 2 + [NOON.replace(second=1)] * 2
    assert row_at(table, NOON.replace(second=1)) == 1


def test_columns_become_signals_of_one_machine_with_names_of_their_own(tmp_path: Path) -> None:
    table = read(tmp_path, "time,Flow Rate,Flow_Rate,温度\n2020-03-09 12:00:00,1,2,3\n")
    park, names = as_park(table, SignalFaults(), MachineFaults())
    machine = park.equipment[names.machine]
    assert names.columns == {
        "table/rows/pump/Flow_Rate": "Flow Rate",
        "table/rows/pump/Flow_Rate-1": "Flow_Rate",
        "table/rows/pump/table": "温度",
    }
    assert [signal.title.zh for signal in machine.signals] == ["Flow Rate", "Flow_Rate", "温度"]


@pytest.mark.parametrize(
    ("text", "signals", "told"),
    [
        ("tme,a\n1,2\n", (), "pump.csv: has no column 'time'; did you mean `tme`?"),
        ("time,a\n1,x\n", (), "has no column of numbers beside 'time'"),
        ("time,a,b\n1,x,2\n", ("a",), "column 'a' holds text that is no number"),
        ("time,a\nyesterday,2\n", (), "no row has a time that can be read in 'time'; write it like 2020-03-09"),
        ("", (), "cannot be read as a table"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, signals: tuple[str, ...], told: str) -> None:
    with pytest.raises(TableError) as caught:
        read(tmp_path, text, *signals)
    assert told in str(caught.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"missing\.csv: cannot be read as a table"):
        read_table(tmp_path / "missing.csv", "time")
