"""Samples and results as line protocol.

    sample,equipment=<e>,factory=<f>,line=<l>,signal=<s> float=21.5,status=0i,received=1715947200000000000i <time>
    kpi,kpi=<slug>,name=<shift>,path=<path>,period=<period> value=0.8,…,version=1i,reason="",note="" <start>

- A sample has one value field, named by its type: `float`, `int`, `bool` or `text`. So one field has one type for
  ever, whatever becomes of the signal. A sample whose status is Bad has none.
- `blank=true` stands beside an empty `text`: an answer in CSV cannot tell it from none.
- A later write to the same series and time replaces the fields that it has and leaves the others. So a result says in
  `value_known` and `coverage_known` whether these two count; a number that became undefined stays in its field. Its
  `reason` and `note` are written also where they are empty.
- `received` is nanoseconds since 1970, `end` and `computed` are microseconds. A line's own time is nanoseconds, or the
  coarsest unit that holds the times of a whole batch exactly (`unit`): what is read back is the same.
- Floats are written with a point and a signed exponent, the one form that 1.x, 2.x and 3.x all read back exactly.

Polars builds the fields of all lines of one type at once. Rows become bytes a piece at a time, where they are sent: its
CSV writer, with a space between the columns, puts `series fields time` together, faster than joining whole lines.
"""

from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from io import BytesIO
from typing import Final, Literal, TypeAlias

import polars as pl

from adapters.sample import PAYLOAD_KEPT, SAMPLES, VALUE_TYPES, ValueType, is_bad
from adapters.stores.contract import REFUSED, RESULTS
from adapters.stores.influxdb.tags import signal_tags, tag_value

Unit: TypeAlias = Literal["ns", "us", "ms", "s"]
"""What the time of a line counts, since 1970."""

NANOSECONDS: Final[dict[Unit, int]] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Nanoseconds in each unit, the coarsest first."""

SAMPLE: Final = "sample"
"""Measurement of samples."""

KPI: Final = "kpi"
"""Measurement of results."""

PIECE: Final = 1_000_000
"""Bytes in one request at most: what nginx takes unless told otherwise, and what InfluxDB asks for."""

TIME: Final = 22
"""Bytes of a time at most, with the space before it and the line end behind."""

_PLAIN: Final = (1e-3, 1e15)
"""Between these Polars writes a float without an exponent."""

SERIES_KEPT: Final = 200_000
"""Of how many signals the beginning of their lines is kept in memory."""

_ODD: Final = (-7046029254386353131, 2862933555777941757)
"""Odd numbers, whose multiples wrap around without meeting each other early."""


def storable(samples: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the samples that lines can hold; of rows with one key (signal, time) only the last.

    Args:
        samples: columns of `adapters.sample.SAMPLES`.

    Returns:
        Columns of `SAMPLES`, the `series` with which the line begins, and `row`, a number; and columns of `REFUSED`.

    Raises:
        polars.exceptions.SchemaError: the columns are others, or of other types.
    """
    samples = samples.match_to_schema(SAMPLES)
    series = samples.select(pl.col("signal").unique()).with_columns(
        series=pl.col("signal").map_elements(_series, pl.String)
    )
    rows = samples.join(series.with_row_index("number"), on="signal", how="left", maintain_order="left")
    rows = rows.with_row_index("row")
    reasons = rows.select(_unfit())["reason"]
    unfit = rows.filter(reasons.is_not_null()).with_columns(series=pl.col("series").fill_null(pl.col("signal")))
    if unfit.height:
        rows = rows.filter(reasons.is_null())
    # The pieces of a batch travel side by side, so two lines of one key must not both be on their way.
    if rows.select(_mixed().n_unique()).item() < rows.height:
        rows = rows.unique(["signal", "time"], keep="last", maintain_order=True)
    return rows.drop("number"), refusals(unfit, reasons.drop_nulls())


def sample_lines(rows: pl.DataFrame) -> pl.DataFrame:
    """Write the parts of the lines of samples (rows of `storable`), those of one type after those of another.

    Returns:
        `row`, the line's `series`, `fields` and `time` (nanoseconds), `room` (bytes of the line at most) and `end`
        (`room` summed up).
    """
    bad = rows.select(is_bad(pl.col("status")).any()).item()
    others = rows.filter(is_bad(pl.col("status")).not_()) if bad else rows
    parts = [_of_type(rows.filter(is_bad(pl.col("status"))))] if bad else []
    for kind in VALUE_TYPES:
        there = others.height - others[kind].null_count()
        if there:
            parts.append(_of_type(others.filter(pl.col(kind).is_not_null()) if there < others.height else others, kind))
            others = others.filter(pl.col(kind).is_null()) if there < others.height else others.clear()
    if others.height or not parts:
        parts.append(_of_type(others))
    return _summed(pl.concat(parts, rechunk=True))


def in_unit(rows: pl.DataFrame, unit: Unit) -> pl.DataFrame:
    """Give rows of `sample_lines` with their times in `unit`, which must hold them exactly, instead of nanoseconds."""
    return rows if unit == "ns" else rows.with_columns(pl.col("time") // NANOSECONDS[unit])


def sample_body(rows: pl.DataFrame) -> bytes:
    """Write rows of `sample_lines` as the body of a request, their times as they are."""
    return _joined(rows.select("series", "fields", "time"))


def unit(times: pl.Series) -> Unit:
    """Give the coarsest unit that holds all of these instants (nanoseconds) exactly."""
    some = times.head(8).to_list()  # most often they tell already which one it is not
    fine = (name for name, size in NANOSECONDS.items() if not any(time % size for time in some))
    return next(name for name in fine if name == "ns" or not (times % NANOSECONDS[name] != 0).any())


def result_rows(results: pl.DataFrame) -> pl.DataFrame:
    """Write results (columns of `RESULTS`) as lines; of rows with one key only the last; raises as `storable`.

    Returns:
        Columns `line`, `room`, `end` and `row`.
    """
    keys = ["path", "period", "start", "kpi"]
    tags = ["kpi", "name", "path", "period"]
    rows = results.match_to_schema(RESULTS).unique(keys, keep="last", maintain_order=True)
    numbers = [
        pl.when(pl.col(number).is_not_null())
        .then(pl.concat_str(pl.lit(f"{number}="), _decimal(rows[number]), pl.lit(f",{number}_known=true,")))
        .otherwise(pl.lit(f"{number}_known=false,"))
        for number in ("value", "coverage")
    ]
    lines = rows.select(
        line=pl.concat_str(
            pl.lit(KPI),
            *(_tag_written(rows[tag]) for tag in tags),
            pl.lit(" "),
            *numbers,
            pl.lit("end="),
            pl.col("end").to_physical(),
            pl.lit("i,computed="),
            pl.col("computed").to_physical(),
            pl.lit("i,version="),
            pl.col("version"),
            pl.lit('i,reason="'),
            _quoted("reason"),
            pl.lit('",note="'),
            _quoted("note"),
            pl.lit('" '),
            pl.col("start").dt.timestamp("ns"),
        )
    )
    return sized(lines)


def sized(lines: pl.DataFrame) -> pl.DataFrame:
    """Give whole lines (`line`) with their `room`, `end` and `row`."""
    return _summed(lines.with_columns(room=pl.col("line").str.len_bytes() + 1).with_row_index("row"))


def line_body(rows: pl.DataFrame) -> bytes:
    """Write rows of `sized` as the body of a request."""
    return _joined(rows.select("line"))


def line_series(measurement: str, signal: str) -> str:
    """Write how the lines of a measurement about a signal's line begin; the signal's path has four parts."""
    factory, line, *_ = map(_escaped, signal_tags(signal) or ())
    return f"{measurement},factory={factory},line={line}"


def pieces(rows: pl.DataFrame, limit: int = PIECE) -> Iterator[pl.DataFrame]:
    """Cut rows into pieces of at most `limit` bytes; a longer line is a piece of its own."""
    while not rows.is_empty():
        fit = fitting(rows, limit)
        yield rows[:fit]
        rows = rows[fit:]


def fitting(rows: pl.DataFrame, limit: int) -> int:
    """Give how many of the first rows fit in `limit` bytes, one at least."""
    return max(bisect_right(rows["end"], rows["end"][0] - rows["room"][0] + limit), 1)


def refusals(rows: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    """Give samples (rows of `storable`) that will never be stored as columns of `REFUSED`, each as its line."""
    line = pl.concat_str("series", "fields", "time", separator=" ").cast(pl.Binary).bin.slice(0, PAYLOAD_KEPT)
    lines = sample_lines(rows).select("row", payload=line)
    nobody = pl.lit("")
    return (
        rows.with_columns(reason=reasons)
        .join(lines, on="row", maintain_order="left")
        .select("signal", "payload", "reason", "received", "time", source=nobody, address=nobody)
        .select(REFUSED.names())
        .cast(REFUSED)
    )


def _of_type(rows: pl.DataFrame, kind: ValueType | None = None) -> pl.DataFrame:
    """Write the parts of the lines of samples whose values are all of one type, or that have none."""
    blank = pl.when(pl.col("text") == "").then(pl.lit('",blank=true,')).otherwise(pl.lit('",'))
    value: dict[ValueType | None, tuple[pl.Expr, ...]] = {
        "float": (pl.lit("float="), pl.lit(_decimal(rows["float"])), pl.lit(",")),
        "int": (pl.lit("int="), pl.col("int"), pl.lit("i,")),
        "bool": (pl.lit("bool="), pl.col("bool"), pl.lit(",")),
        "text": (pl.lit('text="'), _quoted("text"), blank),
        None: (),
    }
    status, received = pl.col("status").cast(pl.String), pl.col("received").to_physical()
    if rows.height and rows["status"].min() == rows["status"].max():
        status = pl.lit(str(rows["status"][0]))
    return rows.select(
        "row",
        "series",
        fields=pl.concat_str(*value[kind], pl.lit("status=") + status + pl.lit("i,received="), received, pl.lit("i")),
        time=pl.col("time").to_physical(),
    ).with_columns(room=pl.col("series").str.len_bytes() + pl.col("fields").str.len_bytes() + 1 + TIME)


def _summed(rows: pl.DataFrame) -> pl.DataFrame:
    """Sum up the bytes of rows."""
    return rows.with_columns(end=pl.col("room").cast(pl.Int64).cum_sum())


def _joined(lines: pl.DataFrame) -> bytes:
    """Give rows as lines, the columns with a space between them; as they are, without quotes."""
    body = BytesIO()
    lines.write_csv(body, include_header=False, separator=" ", quote_style="never")
    return body.getvalue()


def _mixed() -> pl.Expr:
    """Mix signal and time into one number: where all of them differ, so do the keys."""
    number = pl.col("number").cast(pl.Int64)
    return pl.col("time").to_physical() * _ODD[0] + number * _ODD[1]


def _unfit() -> pl.Expr:
    """Why no line can hold a sample; null where one can."""
    return (
        pl.when(pl.col("series").is_null())
        .then(pl.lit("the path of its signal has not the four parts factory/line/equipment/signal"))
        .when(pl.col("float").is_not_null() & pl.col("float").is_finite().not_())
        .then(pl.lit("InfluxDB stores no NaN and no infinity"))
        .alias("reason")
    )


def _decimal(floats: pl.Series) -> pl.Series:
    """Write floats so that reading them gives the same floats; `1e16`, as Polars has it, becomes `1.0e+16`."""
    written = floats.cast(pl.String)
    size = floats.abs()
    if not (((size < _PLAIN[0]) & (size != 0)) | (size > _PLAIN[1])).any():
        return written
    return written.str.replace(r"^(-?\d+)e", "${1}.0e").str.replace(r"e(\d)", "e+${1}")


@lru_cache(SERIES_KEPT)
def _series(path: str) -> str | None:
    tags = signal_tags(path)
    if tags is None:
        return None
    factory, line, equipment, signal = map(_escaped, tags)
    return f"{SAMPLE},equipment={equipment},factory={factory},line={line},signal={signal}"


def _quoted(column: str) -> pl.Expr:
    """Write texts as they stand between quotes."""
    return pl.col(column).str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)


def _tag_written(names: pl.Series) -> pl.Expr:
    """Write the tag of this name of each row, each value once; empty where there is none."""
    there = names.unique()
    written = [f",{names.name}={_escaped(tag_value(name))}" if name else "" for name in there]
    return pl.col(names.name).replace_strict(there, pl.Series(written, dtype=pl.String), return_dtype=pl.String)


def _escaped(value: str) -> str:
    return value.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
