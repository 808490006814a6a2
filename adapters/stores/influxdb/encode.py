"""Samples and results as line protocol.

    sample,equipment=<e>,factory=<f>,line=<l>,signal=<s> float=21.5,status=0i,received=1715947200000000000i <time>
    kpi,kpi=<slug>,name=<shift>,path=<path>,period=<period> value=0.8,coverage=1.0,…,computed=<µs>i <start>

- A sample has one value field, named by its type: `float`, `int`, `bool` or `text`. So one field has one type for
  ever, whatever becomes of the signal. A sample whose status is Bad has none.
- `blank=true` stands beside an empty `text`: an answer in CSV cannot tell it from none.
- A later write to the same series and time replaces the fields that it has and leaves the others. So a result says in
  `value_known` and `coverage_known` whether these two count; a number that became undefined stays in its field.
- Times are nanoseconds since 1970; `received` is too, `end` and `computed` are microseconds.
- Floats are written with a point and a signed exponent, the one form that 1.x, 2.x and 3.x all read back exactly.
"""

from collections.abc import Iterator
from typing import Final

import polars as pl

from adapters.sample import PAYLOAD_KEPT, REFUSALS, SAMPLES, is_bad
from adapters.stores.contract import RESULTS
from adapters.stores.influxdb.tags import signal_tags, tag_value

SAMPLE: Final = "sample"
"""Measurement of samples."""

KPI: Final = "kpi"
"""Measurement of results."""

LINES: Final = pl.Schema({"line": pl.String(), "signal": pl.String(), "received": REFUSALS["received"]})
"""Lines of samples, and what a refusal of one needs to know."""

PIECE: Final = 1_000_000
"""Bytes in one request at most: what nginx takes unless told otherwise, and what InfluxDB asks for."""


def sample_lines(samples: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Write samples as lines; of rows with one key (signal, time) only the last.

    Args:
        samples: columns of `adapters.sample.SAMPLES`.

    Returns:
        Columns of `LINES`; and columns of `REFUSALS`: samples that no line can hold.

    Raises:
        polars.exceptions.SchemaError: the columns are others, or of other types.
    """
    samples = samples.match_to_schema(SAMPLES)
    prefixes = samples.select(pl.col("signal").unique()).with_columns(
        prefix=pl.col("signal").map_elements(_sample_prefix, pl.String)
    )
    rows = samples.join(prefixes, on="signal", how="left", maintain_order="left")
    lines = rows.with_columns(decimal=_decimal(samples["float"])).select(
        "signal",
        "time",
        "received",
        unfit=_unfit(),
        line=pl.concat_str(
            pl.col("prefix").fill_null(pl.col("signal") + " "),
            _value(samples),
            pl.lit("status="),
            pl.col("status"),
            pl.lit("i,received="),
            pl.col("received").to_physical(),
            pl.lit("i "),
            pl.col("time").to_physical(),
        ),
    )
    refused = lines.filter(pl.col("unfit").is_not_null())
    if refused.height:
        lines = lines.filter(pl.col("unfit").is_null())
    # The pieces of a batch travel side by side, so two lines of one key must not both be on their way.
    if lines.select(pl.struct("signal", "time").n_unique()).item() < lines.height:
        lines = lines.unique(["signal", "time"], keep="last", maintain_order=True)
    return lines.select(LINES.names()), refusals(refused, refused["unfit"])


def result_lines(results: pl.DataFrame) -> pl.Series:
    """Write results (columns of `RESULTS`) as lines; of rows with one key only the last; raises as `sample_lines`."""
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
        .then(pl.concat_str(pl.lit(f"{number}="), pl.lit(_decimal(rows[number])), pl.lit(f",{number}_known=true,")))
        .otherwise(pl.lit(f"{number}_known=false,"))
        for number in ("value", "coverage")
    ]
    return rows.select(
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
    )["line"]


def pieces(lines: pl.Series, limit: int = PIECE) -> Iterator[pl.Series]:
    """Cut lines into pieces of at most `limit` bytes, line ends included; a longer line is a piece of its own."""
    ends = (lines.str.len_bytes() + 1).cast(pl.Int64).cum_sum()
    begin, before = 0, 0
    while begin < lines.len():
        fit = int(ends.search_sorted(before + limit, side="right"))
        stop = max(fit, begin + 1)
        yield lines[begin:stop]
        begin, before = stop, int(ends[stop - 1])


def body(lines: pl.Series) -> bytes:
    """Give the lines as the body of a request."""
    text: str = lines.str.join("\n").item()
    return text.encode()


def refusals(lines: pl.DataFrame, reasons: pl.Series) -> pl.DataFrame:
    """Give lines (columns of `LINES`) that will never be stored as columns of `REFUSALS`."""
    nobody = pl.lit("")
    return lines.select(
        source=nobody,
        address=nobody,
        signal="signal",
        payload=pl.col("line").cast(pl.Binary).bin.slice(0, PAYLOAD_KEPT),
        reason=reasons,
        received="received",
    ).cast(REFUSALS)


def _unfit() -> pl.Expr:
    """Why no line can hold a sample; null where one can."""
    return (
        pl.when(pl.col("prefix").is_null())
        .then(pl.lit("the path of its signal has not the four parts factory/line/equipment/signal"))
        .when(pl.col("float").is_not_null() & pl.col("float").is_finite().not_())
        .then(pl.lit("InfluxDB stores no NaN and no infinity"))
    )


def _value(samples: pl.DataFrame) -> pl.Expr:
    """Write the value field of each sample with a comma behind; nothing where it has no value."""
    text = pl.col("text").str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    written = {
        "float": pl.concat_str(pl.lit("float="), pl.col("decimal"), pl.lit(",")),
        "int": pl.concat_str(pl.lit("int="), pl.col("int"), pl.lit("i,")),
        "bool": pl.concat_str(pl.lit("bool="), pl.col("bool"), pl.lit(",")),
        "text": pl.concat_str(
            pl.lit('text="'), text, pl.when(pl.col("text") == "").then(pl.lit('",blank=true,')).otherwise(pl.lit('",'))
        ),
    }
    there = [field for kind, field in written.items() if samples[kind].null_count() < samples.height]
    value = pl.coalesce(*there, pl.lit(""))
    return pl.when(is_bad(pl.col("status"))).then(pl.lit("")).otherwise(value)


def _decimal(floats: pl.Series) -> pl.Series:
    """Write floats so that reading them gives the same floats; `1e16`, as Polars has it, becomes `1.0e+16`."""
    written = floats.cast(pl.String)
    if not written.str.contains("e", literal=True).any():
        return written
    return written.str.replace(r"^(-?\d+)e", "${1}.0e").str.replace(r"e(\d)", "e+${1}")


def _sample_prefix(path: str) -> str | None:
    tags = signal_tags(path)
    if tags is None:
        return None
    factory, line, equipment, signal = map(_escaped, tags)
    return f"{SAMPLE},equipment={equipment},factory={factory},line={line},signal={signal} "


def _tag(name: str) -> str:
    return _escaped(tag_value(name))


def _escaped(value: str) -> str:
    return value.replace(",", "\\,").replace("=", "\\=").replace(" ", "\\ ")
