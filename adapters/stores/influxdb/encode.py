"""Samples and results as line protocol.

    sample,equipment=<e>,factory=<f>,line=<l>,signal=<s> float=21.5,status=0i,received=1715947200000000000i <time>
    kpi,kpi=<slug>,name=<shift>,path=<path>,period=<period> value=0.8,coverage=1.0,…,computed=<µs>i <start>

- A sample has one value field, named by its type: `float`, `int`, `bool` or `text`. So one field has one type for
  ever, whatever becomes of the signal. A sample whose status is Bad has none.
- `blank=true` stands beside an empty `text`: an answer in CSV cannot tell it from none.
- A later write to the same series and time replaces the fields that it has and leaves the others. So a result says in
  `value_known` and `coverage_known` whether these two count; a number that became undefined stays in its field.
- `received` is nanoseconds since 1970, `end` and `computed` are microseconds. A line's own time is nanoseconds, or the
  coarsest unit that holds the times of a whole batch exactly (`unit`): what is read back is the same.
- Floats are written with a point and a signed exponent, the one form that 1.x, 2.x and 3.x all read back exactly.

Rows become bytes where they are sent, a piece at a time. Polars builds the fields of a line; its CSV writer, with a
space between the columns, puts `series fields time` together three times as fast as building whole lines would.
"""

from collections.abc import Iterator
from io import BytesIO
from typing import Final, Literal, TypeAlias

import polars as pl

from adapters.sample import PAYLOAD_KEPT, REFUSALS, SAMPLES, VALUE_TYPES, is_bad
from adapters.stores.contract import RESULTS
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

ROOM: Final = 136
"""Bytes of a line at most, without its series and its text: a float of 25, a status of 10, an instant of 20, a time of
20, and what is written between them."""

_PLAIN: Final = (1e-3, 1e15)
"""Between these Polars writes a float without an exponent."""


def sample_rows(samples: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Give the samples that lines can hold; of rows with one key (signal, time) only the last.

    Args:
        samples: columns of `adapters.sample.SAMPLES`.

    Returns:
        Columns of `SAMPLES`, and `series` (how its lines begin), `room` (bytes of its line at most) and `row` (its
        number here), ordered by the type of value so that most pieces hold one; and columns of `REFUSALS`.

    Raises:
        polars.exceptions.SchemaError: the columns are others, or of other types.
    """
    samples = samples.match_to_schema(SAMPLES)
    series = samples.select(pl.col("signal").unique()).with_columns(
        series=pl.col("signal").map_elements(_series, pl.String)
    )
    series = series.with_columns(room=pl.col("series").str.len_bytes() + ROOM).with_row_index("number")
    rows = samples.join(series, on="signal", how="left", maintain_order="left")
    reasons = rows.select(_unfit())["reason"]
    refused = pl.DataFrame(schema=REFUSALS)
    if reasons.null_count() < rows.height:
        unfit = rows.filter(reasons.is_not_null()).with_columns(series=pl.col("series").fill_null(pl.col("signal")))
        refused = refusals(unfit, reasons.drop_nulls())
        rows = rows.filter(reasons.is_null())
    # The pieces of a batch travel side by side, so two lines of one key must not both be on their way.
    if rows.select(_mixed().n_unique()).item() < rows.height:
        rows = rows.unique(["signal", "time"], keep="last", maintain_order=True)
    if rows.select(is_bad(pl.col("status")).any()).item():
        rows = rows.with_columns(pl.when(is_bad(pl.col("status")).not_()).then(pl.col(*VALUE_TYPES)))
    if rows["text"].null_count() < rows.height:
        rows = rows.with_columns(pl.col("room") + 2 * pl.col("text").str.len_bytes().fill_null(0))
    return _by_type(rows).drop("number").with_row_index("row"), refused


def sample_body(rows: pl.DataFrame, unit: Unit = "ns") -> bytes:
    """Write rows of `sample_rows` as the body of a request; times in `unit`, which must hold them exactly."""
    text = pl.col("text").str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    blank = pl.when(pl.col("text") == "").then(pl.lit('",blank=true,')).otherwise(pl.lit('",'))
    written = {
        "float": (pl.lit("float="), _decimal(rows["float"]), pl.lit(",")),
        "int": (pl.lit("int="), pl.col("int"), pl.lit("i,")),
        "bool": (pl.lit("bool="), pl.col("bool"), pl.lit(",")),
        "text": (pl.lit('text="'), text, blank),
    }
    there = {kind: rows.height - rows[kind].null_count() for kind in VALUE_TYPES}
    alone = [kind for kind, count in there.items() if count == rows.height > 0]
    value: tuple[pl.Expr, ...] = ()
    if alone:
        value = written[alone[0]]
    elif any(there.values()):
        values = (pl.concat_str(parts) for kind, parts in written.items() if there[kind])
        value = (pl.coalesce(*values, pl.lit("")),)
    status, received = (pl.lit("status="), pl.col("status")), (pl.lit("i,received="), pl.col("received").to_physical())
    return _joined(
        rows.select(
            "series",
            fields=pl.concat_str(*value, *status, *received, pl.lit("i")),
            time=pl.col("time").to_physical() // NANOSECONDS[unit],
        )
    )


def unit(times: pl.Series) -> Unit:
    """Give the coarsest unit that holds all of these instants exactly."""
    since = times.to_physical()
    return next(name for name, size in NANOSECONDS.items() if size == 1 or not (since % size != 0).any())


def result_rows(results: pl.DataFrame) -> pl.DataFrame:
    """Write results (columns of `RESULTS`) as lines; of rows with one key only the last; raises as `sample_rows`.

    Returns:
        Columns `line`, `room` and `row`.
    """
    keys = ["path", "period", "start", "kpi"]
    tags = ["kpi", "name", "path", "period"]
    rows = results.match_to_schema(RESULTS).unique(keys, keep="last", maintain_order=True)
    written = [
        pl.when(pl.col(tag) != "")
        .then(pl.lit(f",{tag}=") + pl.col(tag).map_elements(_tag, pl.String))
        .otherwise(pl.lit(""))
        for tag in tags
    ]
    numbers = [
        pl.when(pl.col(number).is_not_null())
        .then(pl.concat_str(pl.lit(f"{number}="), _decimal(rows[number]), pl.lit(f",{number}_known=true,")))
        .otherwise(pl.lit(f"{number}_known=false,"))
        for number in ("value", "coverage")
    ]
    lines = rows.select(
        line=pl.concat_str(
            pl.lit(KPI),
            *written,
            pl.lit(" "),
            *numbers,
            pl.lit("end="),
            pl.col("end").to_physical(),
            pl.lit("i,computed="),
            pl.col("computed").to_physical(),
            pl.lit("i "),
            pl.col("start").dt.timestamp("ns"),
        )
    )
    return lines.with_columns(room=pl.col("line").str.len_bytes() + 1).with_row_index("row")


def result_body(rows: pl.DataFrame) -> bytes:
    """Write rows of `result_rows` as the body of a request."""
    return _joined(rows.select("line"))


def pieces(rows: pl.DataFrame, limit: int = PIECE) -> Iterator[pl.DataFrame]:
    """Cut rows into pieces of at most `limit` bytes; a longer line is a piece of its own."""
    ends = rows["room"].cast(pl.Int64).cum_sum()
    begin, before = 0, 0
    while begin < rows.height:
        fit = int(ends.search_sorted(before + limit, side="right"))
        stop = max(fit, begin + 1)
        yield rows[begin:stop]
        begin, before = stop, int(ends[stop - 1])


def refusals(rows: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    """Give samples (rows of `sample_rows`) that will never be stored as columns of `REFUSALS`, each as its line."""
    lines = [sample_body(rows[n])[: min(PAYLOAD_KEPT, -1)] for n in range(0)]
    del lines
    payloads = [sample_body(rows[number]).removesuffix(b"\n")[:PAYLOAD_KEPT] for number in range(rows.height)]
    nobody = pl.lit("")
    return rows.select(
        source=nobody,
        address=nobody,
        signal="signal",
        payload=pl.Series(payloads, dtype=pl.Binary),
        reason=reasons,
        received="received",
    ).cast(REFUSALS)
