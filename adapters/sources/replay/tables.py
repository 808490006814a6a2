"""CSV and Parquet as reports.

    long    time,item,value             a row per report
    wide    time,Xload,Yload,…          a row per instant, a column per item; an empty cell reports nothing

A table is long where it has a value column and an item column (`value`; `item`, `tag`, `signal` or `name`, in any
case), else wide. A file of rows is often ordered by item, so reports are put in the order of their times; those of one
instant keep the order of the file, and of its columns.

Times are text or numbers (`instants` tells how they are read), or Parquet's own instants. CSV is UTF-8; its separator
is a comma, a semicolon or a tab, whichever the header has most of.
"""

import codecs
import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from adapters.sources.replay.instants import times
from adapters.sources.replay.reports import ODDITIES, REPORTS, RecordingError, Stretch, sift

TIME_COLUMNS: Final = ("time", "timestamp", "ts", "datetime", "date")
ITEM_COLUMNS: Final = ("item", "tag", "signal", "name")
VALUE_COLUMN: Final = "value"
"""Names, in lower case, of the columns that a table is known by."""

CELLS: Final = 200_000
"""Cells of a table that are read at a time."""

LINE: Final = "\ue000line"
"""Column of the line. Its first character keeps our columns apart from those of a file."""

_SURPLUS: Final = "\ue000surplus"
"""Column of a field beyond the header's."""

_TIME: Final = "\ue000time"
"""Column of the time as an instant."""

_ORDER: Final = "\ue000order"
"""Column of a row's place in the order of times."""

_DAMAGED: Final = "\ufffd"
"""What stands where bytes were no UTF-8."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table as read from its file."""

    rows: pl.DataFrame
    """Its columns, and `LINE`."""

    oddities: pl.DataFrame
    """Columns of `ODDITIES`: the lines that are no rows."""

    lossy: bool = False
    """Whether some of its text was no UTF-8, and is marked so."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Which column is what."""

    time: str
    """Column of the time."""

    item: str | None
    """Column of the item; None in a wide table."""

    value: str | None
    """Column of the value; None in a wide table."""


def layout_of(columns: Sequence[str], time_column: str) -> Layout:
    """Find the columns by their names.

    Args:
        columns: names of all columns.
        time_column: name of the time column; empty: one of `TIME_COLUMNS`.

    Raises:
        RecordingError: there is no time column.
    """
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    wanted = [time_column.lower()] if time_column else list(TIME_COLUMNS)
    time = next((by_name[name] for name in wanted if name in by_name), None)
    if time is None:
        there = ", ".join(columns[:20])
        msg = f"no column named {' or '.join(wanted)} ({there}); set `time_column` to the one that holds the time"
        raise RecordingError(msg)
    item = next((by_name[name] for name in ITEM_COLUMNS if name in by_name and by_name[name] != time), None)
    value = by_name.get(VALUE_COLUMN)
    return Layout(time, item, value) if item and value else Layout(time, None, None)


def csv_header(line: bytes) -> tuple[list[str], str]:
    """Give the columns of a CSV file by its first line, and its separator.

    Raises:
        RecordingError: it names no columns, or two the same, or it is UTF-16.
    """
    if line.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        msg = "UTF-16 text; save the file as CSV UTF-8"
        raise RecordingError(msg)
    text = line.removeprefix(codecs.BOM_UTF8).decode(errors="replace").strip("\r\n")
    separator = max(",;\t", key=text.count)
    names = [name.strip() for name in next(csv.reader([text], delimiter=separator), [])]
    names = [name or f"column {number}" for number, name in enumerate(names, 1)]
    if not names:
        msg = "no first line that names the columns; write one, like time,item,value"
        raise RecordingError(msg)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        msg = f"two columns share the name {twice[0]!r}; rename one of them in the first line"
        raise RecordingError(msg)
    return names, separator


def csv_table(content: bytes) -> Table:
    """Read a CSV file.

    Raises:
        RecordingError: its header is none.
    """
    header, _, body = content.partition(b"\n")
    names, separator = csv_header(header)
    try:
        rows = pl.read_csv(
            body,
            has_header=False,
            separator=separator,
            schema=dict.fromkeys([*names, _SURPLUS], pl.String),
            missing_columns="insert",
            extra_columns="ignore",
            truncate_ragged_lines=True,
            encoding="utf8-lossy",
            row_index_name=LINE,
            row_index_offset=2,
            raise_if_empty=False,
        )
        odd = pl.DataFrame(schema=ODDITIES)
    except pl.exceptions.ComputeError:  # a quote that is never closed: only its own line is lost
        rows, odd = _by_line(body.decode(errors="replace"), names, separator)
    rows = rows.filter(pl.any_horizontal(pl.col([*names, _SURPLUS]).is_not_null()))
    surplus = rows.filter(pl.col(_SURPLUS).is_not_null())
    too_many = _oddities(surplus, "more fields than the first line has columns (a decimal comma?)")
    rows = rows.filter(pl.col(_SURPLUS).is_null()).drop(_SURPLUS)
    return Table(rows, pl.concat([odd, too_many]).sort("line"), lossy=not _is_utf8(body))


def stretches(
    table: Table, layout: Layout, wanted: Collection[str], *, zone: str, started: datetime | None
) -> Iterator[Stretch]:
    """Read a table's reports, in the order of their times.

    Args:
        table: all of it.
        layout: which column is what.
        wanted: items to read.
        zone: zone of times written without one.
        started: instant that numbers count from in milliseconds, if they do.

    Raises:
        RecordingError: a column holds what is no value (lists, bytes).
    """
    rows, odd = table.rows, [table.oddities]
    if layout.item is None:
        columns = [column for column in rows.columns if column not in {layout.time, LINE}]
        items = [column for column in columns if column in wanted]
        skipped = {column: rows.height - rows[column].null_count() for column in columns if column not in wanted}
    else:
        items = [str(layout.value)]
        rows = rows.rename({layout.item: "item"})
        rows = rows.with_columns(_text(rows["item"]).str.strip_chars())
        named = pl.col("item").fill_null("") != ""
        odd.append(_oddities(rows.filter(~named), f"nothing in column {layout.item}"))
        rows, skipped = sift(rows.filter(named), wanted)
    rows = rows.with_columns(_text(rows[column]) for column in items)
    rows = rows.with_columns(times(rows[layout.time], zone=zone, started=started).alias(_TIME))
    odd.append(_oddities(rows.filter(pl.col(_TIME).is_null()), f"no time in column {layout.time}"))
    rows = rows.filter(pl.col(_TIME).is_not_null())
    if table.lossy:
        damaged = pl.any_horizontal(pl.col(items).str.contains(_DAMAGED, literal=True).fill_null(value=False))
        odd.append(_oddities(rows.filter(damaged), "no UTF-8 text; save the file as CSV UTF-8"))
        rows = rows.filter(~damaged)
    yield Stretch(oddities=pl.concat(odd).sort("line"), skipped=skipped, read=0.0)
    if not items:
        return
    rows, step = rows.sort(_TIME, maintain_order=True), max(1, CELLS // len(items))
    for start in range(0, rows.height, step):
        part = rows.slice(start, step)
        reports = _melted(part, items) if layout.item is None else part.with_columns(value=items[0])
        reports = reports.select(line=LINE, time=_TIME, item="item", value="value", input="value")
        yield Stretch(reports=reports.cast(REPORTS), read=min(1.0, (start + step) / rows.height))


def _melted(rows: pl.DataFrame, items: Sequence[str]) -> pl.DataFrame:
    """Give one row per cell that holds something: row by row, and in a row in the order of the columns."""
    cells = rows.with_row_index(_ORDER).unpivot(
        items, index=[_ORDER, LINE, _TIME], variable_name="item", value_name="value"
    )
    return cells.filter(pl.col("value").is_not_null()).sort(_ORDER, maintain_order=True)


def _text(column: pl.Series) -> pl.Series:
    """Give the values of a column as text, as they are read later; raises RecordingError where they are no values."""
    if column.dtype.is_nested() or column.dtype in (pl.Binary, pl.Object):
        msg = f"column {column.name} holds {column.dtype}, which is no value of a signal; write a column per value"
        raise RecordingError(msg)
    return column.cast(pl.String)


def _by_line(text: str, names: Sequence[str], separator: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the lines of a CSV file each for itself; give its rows, and the lines that are none."""
    rows, odd, width = [], [], len(names) + 1
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 2):
        try:
            fields = next(csv.reader([line], delimiter=separator, strict=True), [])
        except csv.Error as error:
            odd.append((number, line.encode(), f"no CSV ({error})"))
            continue
        cells = [field or None for field in fields[:width]]
        rows.append((number, *cells, *[None] * (width - len(cells))))
    schema = {LINE: pl.UInt32, **dict.fromkeys([*names, _SURPLUS], pl.String)}
    return pl.DataFrame(rows, schema=schema, orient="row"), pl.DataFrame(odd, schema=ODDITIES, orient="row")


def _oddities(rows: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Give rows as oddities; their cells, as far as they are values, are the line."""
    cells = [
        name for name, kind in rows.schema.items() if name[0] != LINE[0] and not kind.is_nested() and kind != pl.Binary
    ]
    line = pl.concat_str(pl.col(cells).cast(pl.String).fill_null(""), separator=",").cast(pl.Binary)
    return rows.select(line=pl.col(LINE).cast(pl.UInt64), input=line, reason=pl.lit(reason))


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True
