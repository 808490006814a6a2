"""Answers to InfluxQL, as frames.

1.x and 2.x are asked for CSV, which Polars reads many times faster than JSON. Its errors do not show in it: a statement
that failed answers as one without rows, so the reader counts (`adapters.stores.influxdb.reader`). 3.x is asked for
JSON, since its CSV leaves line ends in texts unquoted. Questions with small answers are asked in JSON everywhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Final

import orjson
import polars as pl

from adapters.sample import INSTANT, SAMPLES, VALUE_TYPES, is_bad
from adapters.stores.contract import EXTENT, RESULTS
from adapters.stores.influxdb.tags import SIGNAL_TAGS, named

STORED_SAMPLES: Final = pl.Schema(
    {
        "time": pl.Int64(),
        **dict.fromkeys(SIGNAL_TAGS, pl.String()),
        "float": pl.Float64(),
        "int": pl.Int64(),
        "bool": pl.Boolean(),
        "text": pl.String(),
        "blank": pl.Boolean(),
        "status": pl.UInt32(),
        "received": pl.Int64(),
    }
)
"""Tags and fields of measurement `sample`."""

STORED_RESULTS: Final = pl.Schema(
    {
        "time": pl.Int64(),
        "path": pl.String(),
        "period": pl.String(),
        "shift": pl.String(),
        "kpi": pl.String(),
        "value": pl.Float64(),
        "value_known": pl.Boolean(),
        "coverage": pl.Float64(),
        "coverage_known": pl.Boolean(),
        "end": pl.Int64(),
        "computed": pl.Int64(),
        "version": pl.Int64(),
        "reason": pl.String(),
        "note": pl.String(),
    }
)
"""Tags and fields of measurement `kpi`; its tag `name` is asked for as `shift`."""

EDGES: Final = pl.Schema({name: STORED_SAMPLES[name] for name in ("time", *SIGNAL_TAGS)})
"""One row per signal: the time of its first or last sample."""

RESULT_KEY: Final = ("path", "period", "start", "kpi")
"""What identifies a result."""


class AnswerError(ValueError):
    """The answer says that the question failed; or it is no answer to an InfluxQL question at all."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer in JSON."""

    tags: Mapping[str, str]
    """Values of the tags that the statement groups by."""

    columns: tuple[str, ...]
    """Names of the columns."""

    rows: tuple[tuple[Any, ...], ...]
    """Its rows."""


def read_csv(body: bytes, stored: pl.Schema) -> pl.DataFrame:
    """Read an answer in CSV; columns of `stored`.

    Raises:
        AnswerError: it is an error, or not what was asked for.
    """
    if not body.strip():
        return stored.to_frame()
    if body.startswith(b"error\n"):
        raise AnswerError(body.partition(b"\n")[2].decode(errors="replace").strip().strip('"'))
    try:
        answer = pl.read_csv(BytesIO(body), schema_overrides=stored, infer_schema=False)
        return answer.select(stored.names())
    except (pl.exceptions.ComputeError, pl.exceptions.ColumnNotFoundError, pl.exceptions.SchemaError) as error:
        msg = f"no table as asked for, but {body[:200]!r}"
        raise AnswerError(msg) from error


def read_json(body: bytes) -> list[Series]:
    """Read an answer in JSON to one statement.

    Raises:
        AnswerError: it is an error, or not what was asked for.
    """
    try:
        answer = orjson.loads(body)
        if "results" not in answer:
            raise AnswerError(str(answer.get("error", answer.get("message", answer))))
        result = answer["results"][0] if answer["results"] else {}
        if "error" in result:
            raise AnswerError(str(result["error"]))
        return [
            Series(one.get("tags", {}), tuple(one["columns"]), tuple(map(tuple, one.get("values", ()))))
            for one in result.get("series", ())
        ]
    except (orjson.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        msg = f"no answer of InfluxDB, but {body[:200]!r}"
        raise AnswerError(msg) from error


def table(series: list[Series], stored: pl.Schema) -> pl.DataFrame:
    """Give series of an answer in JSON as one frame; tags they are grouped by become columns; columns of `stored`."""
    return pl.concat([stored.to_frame(), *(_table(one, stored) for one in series)])


def samples(stored: pl.DataFrame) -> pl.DataFrame:
    """Give rows of `STORED_SAMPLES` as columns of `SAMPLES`, by signal and time.

    A value field that an earlier sample of the same key left behind does not count: none of a Bad sample does, and of
    several, which only a changed type of the signal can leave, the first in the order of `VALUE_TYPES` does.
    """
    text = pl.when(pl.col("blank")).then(pl.col("text").fill_null("")).otherwise(pl.col("text"))
    value: dict[str, pl.Expr] = {}
    counts = is_bad(pl.col("status")).not_()
    for kind in VALUE_TYPES:
        value[kind] = pl.when(counts).then(text if kind == "text" else pl.col(kind))
        counts &= pl.col(kind).is_null()
    return (
        stored.select(
            pl.concat_str(SIGNAL_TAGS, separator="/").alias("signal"),
            pl.col("time", "received").cast(INSTANT),
            status="status",
            **value,
        )
        .pipe(_names_given, "signal")
        .select(SAMPLES.names())
        .sort("signal", "time")
    )


def extent(first: list[Series], last: list[Series]) -> pl.DataFrame:
    """Give the answers about first and last samples as columns of `EXTENT`, by signal."""
    edges = [
        table(series, EDGES).select(signal=pl.concat_str(SIGNAL_TAGS, separator="/"), at=pl.col("time").cast(INSTANT))
        for series in (first, last)
    ]
    rows = edges[0].join(edges[1], on="signal")  # what came in between the two answers is left out
    return rows.select("signal", first="at", last="at_right").pipe(_names_given, "signal").sort("signal").cast(EXTENT)


def results(stored: pl.DataFrame) -> pl.DataFrame:
    """Give rows of `STORED_RESULTS` as columns of `RESULTS`, by path, period, start and KPI.

    A shift that was renamed is a series of its own: of two rows with one key the one computed last counts.
    """
    instant = RESULTS["start"]
    return (
        stored.select(
            "path",
            "period",
            "kpi",
            name=pl.col("shift").fill_null(""),
            start=(pl.col("time") // 1000).cast(instant),
            end=pl.col("end").cast(instant),
            value=pl.when(pl.col("value_known")).then(pl.col("value")),
            coverage=pl.when(pl.col("coverage_known")).then(pl.col("coverage")),
            computed=pl.col("computed").cast(instant),
            version=pl.col("version").fill_null(1),  # older versions had no such fields
            reason=pl.col("reason").fill_null(""),
            note=pl.col("note").fill_null(""),
        )
        .pipe(_names_given, "path", "period", "name", "kpi")
        .select(RESULTS.names())
        .sort(*RESULT_KEY, "computed")
        .unique(RESULT_KEY, keep="last", maintain_order=True)
    )


def _table(series: Series, stored: pl.Schema) -> pl.DataFrame:
    columns: dict[str, list[Any]] = {name: [row[i] for row in series.rows] for i, name in enumerate(series.columns)}
    columns |= {tag: [value] * len(series.rows) for tag, value in series.tags.items()}
    nothing = [None] * len(series.rows)
    # JSON writes the float 1.0 as 1.
    return pl.DataFrame(
        {
            name: [None if number is None else float(number) for number in columns.get(name, nothing)]
            if kind == pl.Float64
            else columns.get(name, nothing)
            for name, kind in stored.items()
        },
        schema=stored,
    )


def _names_given(rows: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """Give names back as they were, where `tag_value` had to change them."""
    changed = [column for column in columns if rows[column].str.contains("%", literal=True).any()]
    for column in changed:
        stored = rows[column].drop_nulls().unique()
        given = pl.Series([named(value) for value in stored], dtype=pl.String)
        rows = rows.with_columns(pl.col(column).replace_strict(stored, given, return_dtype=pl.String))
    return rows
