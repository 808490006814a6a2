"""Wide tables that nobody configured: a column of times, and a column per signal.

A CSV file is UTF-8; its separator is a comma, a semicolon or a tab, whichever the header has most of; where that is no
comma, numbers may be written with one (`0,5`). A column is one of numbers where half of its cells are. Times are
instants, text (`2020-03-09 10:14:33`, RFC 3339; without a zone taken as UTC) or numbers (seconds since 1970, or any
count of seconds). Rows are put in the order of their times; of rows with the same time the first is kept. An empty or
unreadable cell is no sample.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import polars as pl

from adapters.sample import INSTANT, SAMPLES
from adapters.settings import Settings
from collector.config.problems import did_you_mean
from collector.faultrules.rules import MachineFaults, SignalFaults
from collector.park import Calendar, Equipment, Factory, Line, Park, Shift, Signal, SignalRole, SourceConfig, Title

LINE: Final = "table/rows"
"""Path of the line that a table's machine stands in."""

TIME: Final = "\ue000time"
"""Column of the instant; its first character keeps it apart from a file's."""

ROW: Final = "\ue000row"
"""Column of the number of the row in the file, the first after the header is 0."""

_SEPARATORS: Final = (",", ";", "\t")


class TableError(Exception):
    """A table cannot be used; the message names the file and says what to do."""

    def __init__(self, file: Path, reason: str) -> None:
        super().__init__(f"{file}: {reason}")


@dataclass(frozen=True, slots=True)
class WideTable:
    """A table as read."""

    file: Path
    """Where it was read from."""

    rows: pl.DataFrame
    """`ROW`, `TIME` (ns, UTC), and a column of f64 per signal, by time."""

    signals: tuple[str, ...]
    """Names of the columns that are signals, in the order of the file."""

    unread: int
    """Rows left out: without a time that can be read, or with the time of another."""


@dataclass(frozen=True, slots=True)
class Names:
    """How the signals of a table are called as a machine's."""

    machine: str
    """Path of the machine."""

    columns: dict[str, str]
    """Path of the signal to the name of its column."""


def read_table(file: Path, time: str, signals: Sequence[str] = ()) -> WideTable:
    """Read a table.

    Args:
        file: CSV or Parquet.
        time: name of the column of times.
        signals: names of the columns that are signals; none: every column of numbers.

    Raises:
        TableError: the file cannot be read, or has no such column.
    """
    raw = _read(file)
    for name in (time, *signals):
        if name not in raw.columns:
            reason = f"has no column {name!r}{did_you_mean(name, raw.columns)}; it has {', '.join(raw.columns)}"
            raise TableError(file, reason)
    text = [name for name in signals if not _holds_numbers(raw[name])]
    if text:
        raise TableError(file, f"column {text[0]!r} holds text that is no number; name other --signals")
    chosen = list(dict.fromkeys(signals)) or [
        name for name in raw.columns if name != time and _holds_numbers(raw[name])
    ]
    numbers = raw.select(_finite(_numbers(raw[name])) for name in chosen)
    if not chosen:
        raise TableError(file, f"has no column of numbers beside {time!r}; name another --file")
    timed = numbers.with_columns(_instants(raw[time], file, time)).with_row_index(ROW)
    kept = timed.filter(pl.col(TIME).is_not_null()).unique(TIME, keep="first", maintain_order=True).sort(TIME)
    if kept.is_empty():
        raise TableError(file, f"no row has a time that can be read in {time!r}; write it like 2020-03-09 10:14:33")
    return WideTable(file, kept[[ROW, TIME, *chosen]], tuple(chosen), raw.height - kept.height)


def as_park(table: WideTable, signal: SignalFaults, machine: MachineFaults) -> tuple[Park, Names]:
    """Give a park of one machine whose signals are the table's, watched as told."""
    path = f"{LINE}/{_name(table.file.stem)}"
    names: dict[str, str] = {}
    for number, column in enumerate(table.signals):
        wanted = f"{path}/{_name(column)}"
        names[f"{wanted}-{number}" if wanted in names else wanted] = column
    signals = tuple(
        Signal(
            path=one,
            name=one.rpartition("/")[2],
            source="table",
            address=Settings(),
            type="float",
            role=SignalRole.MEASUREMENT,
            title=Title(zh=column, en=column),
            faults=signal,
        )
        for one, column in names.items()
    )
    equipment = Equipment(path=path, id=path.rpartition("/")[2], signals=signals, faults=machine)
    factory, _, line = LINE.partition("/")
    source = SourceConfig(name="table", kind="replay", line=LINE, settings=Settings())
    always = Calendar(shifts=(Shift.model_validate({"name": "all", "start": "00:00", "end": "00:00"}),))
    made = Line(path=LINE, id=line, sources=(source,), equipment=(equipment,))
    park = Park(
        id="park",
        calendars={"always": always},
        factories=(Factory(id=factory, time_zone="UTC", calendar="always", lines=(made,)),),
    )
    return park, Names(path, names)


def as_samples(table: WideTable, names: Names) -> pl.DataFrame:
    """Give the cells as samples: columns of `adapters.sample.SAMPLES`, by time and in the order of the columns."""
    paths = {column: path for path, column in names.columns.items()}
    long = table.rows.rename(paths).unpivot(list(names.columns), index=TIME, variable_name="signal")
    return (
        long.filter(pl.col("value").is_not_null())
        .sort(TIME, maintain_order=True)
        .select(
            pl.col("signal").cast(pl.String),
            pl.col(TIME).alias("time"),
            pl.col("value").alias("float"),
            *(pl.lit(None, SAMPLES[name]).alias(name) for name in ("int", "bool", "text")),
            pl.lit(0, pl.UInt32).alias("status"),
            pl.col(TIME).alias("received"),
        )
    )


def row_at(table: WideTable, instant: datetime) -> int:
    """Give the number of the newest row at an instant, or before it; the first one where there is none."""
    until = table.rows.filter(pl.col(TIME).dt.cast_time_unit("us") <= instant)
    number: int = (until if until.height else table.rows.head(1))[ROW][-1]
    return number


def _read(file: Path) -> pl.DataFrame:
    try:
        if file.suffix.lower() in {".parquet", ".pq"}:
            return pl.read_parquet(file)
        with file.open(encoding="utf-8-sig") as opened:
            header = opened.readline()
        separator = max(_SEPARATORS, key=header.count)
        raw = pl.read_csv(file, separator=separator, infer_schema_length=None, try_parse_dates=False)
        commas = separator != "," and any(_has_decimal_commas(column) for column in raw)
        return pl.read_csv(file, separator=separator, infer_schema_length=None, decimal_comma=True) if commas else raw
    except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
        told = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise TableError(file, f"cannot be read as a table ({told}); name a CSV or Parquet file") from error


def _has_decimal_commas(column: pl.Series) -> bool:
    """Tell whether most cells of a column are numbers like `0,5`."""
    if column.dtype != pl.String:
        return False
    like = column.drop_nulls().str.contains(r"^\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*$")
    return 2 * int(like.sum()) > len(like)


def _numbers(column: pl.Series) -> pl.Series:
    """Read cells as numbers; those that are none are null."""
    cells = column.str.strip_chars() if column.dtype == pl.String else column
    return cells.cast(pl.Float64, strict=False)


def _finite(numbers: pl.Series) -> pl.Series:
    """Leave out what is infinite or no number."""
    return numbers.to_frame().select(pl.when(pl.first().is_finite()).then(pl.first())).to_series()


def _holds_numbers(column: pl.Series) -> bool:
    """Tell whether a column is one of numbers: half of the cells that hold anything, at least."""
    if column.dtype.is_numeric():
        return True
    if column.dtype != pl.String:
        return False
    there = len(column) - column.null_count()
    return there > 0 and 2 * (len(column) - _numbers(column).null_count()) >= there


def _instants(column: pl.Series, file: Path, name: str) -> pl.Series:
    """Read a column of times as instants."""
    if column.dtype == pl.String:
        instants = _written(column)
    elif column.dtype.is_numeric():
        instants = (column.cast(pl.Float64) * 1e9).round().cast(pl.Int64, strict=False).cast(pl.Datetime("ns"))
    elif column.dtype.is_temporal() and column.dtype not in (pl.Time, pl.Duration):
        instants = column.cast(pl.Datetime("ns", getattr(column.dtype, "time_zone", None)))
    else:
        raise TableError(file, f"column {name!r} holds no times; name the column that does with --time")
    known = instants.dt.replace_time_zone("UTC") if instants.dtype == pl.Datetime("ns") else instants
    return known.cast(INSTANT).alias(TIME)


def _written(column: pl.Series) -> pl.Series:
    """Read times as people and programs write them."""
    text = pl.col("text").str.strip_chars().str.replace(r"[Tt]", " ").str.replace_all("/", "-")
    stamp = text.str.replace(r"\s*[Zz]$", "+00:00").str.replace(r"([+-]\d\d)(\d\d)$", "$1:$2")
    zoned = stamp.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", time_unit="ns", strict=False, time_zone="UTC")
    naive = (
        stamp.str.to_datetime(form, time_unit="ns", strict=False).dt.replace_time_zone("UTC")
        for form in ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
    )
    return column.rename("text").to_frame().select(pl.coalesce(zoned, *naive)).to_series()


def _name(text: str) -> str:
    """Give a text as a name of the park: what names do not allow becomes `_`."""
    allowed = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "_-.") else "_" for sign in text)
    return allowed.strip("_.-")[:50] or "table"
