"""The two tables of the lake, and the rows in their files.

    samples                                    results
        signal       string                        path, period, name, kpi        string
        time_ns      long      since 1970          start, end, computed           timestamp (µs, UTC)
        float        double                        value, coverage                double
        int          long                          version, written               long
        bool         boolean                       reason, note                   string
        text         string                        day          date              UTC date of `start`
        status       long      StatusCode
        received_ns  long      since 1970
        written      long
        day          date      UTC date of the time

- Both are partitioned by `day`; the partition's folder carries it, the files do not.
- Delta Lake's own timestamps have microseconds, so the instants of samples are kept as numbers.
- `written` is one more than the table's version that the writer saw. A later write saw a later version, so of two rows
  with one key the one with the greater `written` counts. Within one write the later row does; the other is not stored.
- Rows in a file are sorted by their key.
- A result counts by `computed` first, then by `written`.
- A table may have been made by another version of parkline. Columns that it does not have yet are added to it when it
  is opened, and are null in the files that it has; only those of `Layout.required` cannot be. Columns that it has
  besides are passed over by readers, left empty by writers, and carried along when files are merged.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl

from adapters.sample import INSTANT, SAMPLES, VALUE_TYPES, is_bad
from adapters.stores.contract import RESULTS

DAY: Final = "day"
"""The partition column of both tables."""

EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
"""Before everything that can be stored."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_NS: Final = 24 * 3600 * 10**9
_BOUNDS: Final = (-(2**63), 2**63 - 1)


@dataclass(frozen=True, slots=True)
class Layout:
    """One table."""

    name: str
    """Its folder in the lake."""

    columns: pl.Schema
    """Columns of its files, in their order."""

    key: tuple[str, ...]
    """What identifies a row, and what files are sorted by."""

    rank: tuple[str, ...]
    """Of rows with one key, the one that is greatest in these counts."""

    required: tuple[str, ...]
    """Columns that every table must have, in all of its files."""

    ranges: tuple[str, ...]
    """Columns whose least and greatest value in each file the table's log keeps."""


SAMPLE_ROWS: Final = Layout(
    "samples",
    pl.Schema(
        {
            "signal": pl.String(),
            "time_ns": pl.Int64(),
            "float": pl.Float64(),
            "int": pl.Int64(),
            "bool": pl.Boolean(),
            "text": pl.String(),
            "status": pl.Int64(),
            "received_ns": pl.Int64(),
            "written": pl.Int64(),
        }
    ),
    key=("signal", "time_ns"),
    rank=("written",),
    required=("signal", "time_ns", "status", "written"),
    ranges=("signal", "time_ns"),
)
"""Samples."""

RESULT_ROWS: Final = Layout(
    "results",
    pl.Schema({**RESULTS, "written": pl.Int64()}),
    key=("path", "period", "start", "kpi"),
    rank=("computed", "written"),
    required=("path", "period", "start", "kpi", "computed", "written"),
    ranges=(),
)
"""Results."""


def instant(time: datetime) -> int:
    """Give an instant as nanoseconds since 1970, no earlier and no later than a column holds."""
    least, greatest = _BOUNDS
    return min(max((time - _EPOCH) // timedelta(microseconds=1) * 1000, least), greatest)


def day_of(nanoseconds: int) -> date:
    """Give the UTC date of an instant."""
    return (_EPOCH + timedelta(days=nanoseconds // _DAY_NS)).date()


def sample_rows(samples: pl.DataFrame, written: int) -> pl.DataFrame:
    """Give samples as rows of the table, and their day beside; sorted, of one key only the last.

    A sample whose status is Bad has no value.

    Raises:
        polars.exceptions.SchemaError: the columns are not those of `SAMPLES`.
    """
    rows = samples.match_to_schema(SAMPLES).select(
        "signal",
        pl.col("time").to_physical().alias("time_ns"),
        *(pl.when(is_bad(pl.col("status")).not_()).then(pl.col(kind)).alias(kind) for kind in VALUE_TYPES),
        pl.col("status").cast(pl.Int64),
        pl.col("received").to_physical().alias("received_ns"),
        pl.lit(written, pl.Int64).alias("written"),
        pl.col("time").dt.date().alias(DAY),
    )
    return _sorted(rows, SAMPLE_ROWS)


def numbered(rows: pl.DataFrame, written: int) -> pl.DataFrame:
    """Give rows of `sample_rows` with another number in `written`."""
    return rows.with_columns(pl.lit(written, pl.Int64).alias("written"))


def samples_of(rows: pl.DataFrame, columns: Collection[str] = tuple(SAMPLES)) -> pl.DataFrame:
    """Give rows of the table as (some) columns of `SAMPLES`, by signal and time."""
    made = {
        "time": pl.col("time_ns").cast(INSTANT).alias("time"),
        "status": pl.col("status").cast(SAMPLES["status"]),
        "received": pl.col("received_ns").cast(INSTANT).alias("received"),
    }
    return latest(rows, SAMPLE_ROWS).select(made.get(name, pl.col(name)) for name in SAMPLES if name in columns)


def result_rows(results: pl.DataFrame, written: int) -> pl.DataFrame:
    """Give results as rows of the table, and their day beside; sorted, of one key only the last.

    Raises:
        polars.exceptions.SchemaError: the columns are not those of `RESULTS`.
    """
    rows = results.match_to_schema(RESULTS).with_columns(
        pl.lit(written, pl.Int64).alias("written"), pl.col("start").dt.date().alias(DAY)
    )
    return _sorted(rows.sort("computed", maintain_order=True), RESULT_ROWS)


def results_of(rows: pl.DataFrame) -> pl.DataFrame:
    """Give rows of the table as columns of `RESULTS`, by path, period, start and KPI."""
    told = (
        pl.col("version").fill_null(1),
        pl.col("reason", "note").fill_null(""),
    )  # older versions had no such columns
    return latest(rows, RESULT_ROWS).with_columns(*told).select(RESULTS.names())


def latest(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Sort rows by their key, and of those with one key keep the one that counts."""
    if _in_order(rows, layout):  # as rows of a sorted run are; looking takes a tenth of sorting
        return rows
    numbered = _numbered(rows, layout)
    ordered = numbered.sort(*layout.key, maintain_order=True)
    if _repeats(ordered, layout):  # rare, and sorting by the rank as well takes three times as long
        ordered = numbered.sort(*layout.key, *layout.rank).filter(_same_as_next(layout).not_())
    return _spelt(ordered, layout)


def last_of_signal(rows: pl.DataFrame) -> pl.DataFrame:
    """Of each signal keep the rows of its last instant."""
    return rows.filter(pl.col("time_ns") == pl.col("time_ns").max().over("signal"))


def wanted_samples(signals: Collection[str], start: int, end: int) -> pl.Expr:
    """Give the condition for samples of `signals` with start <= time < end, nanoseconds since 1970.

    The bounds of the names let a reader skip parts of a file by what they hold at least and at most.
    """
    least, greatest = min(signals), max(signals)
    return (
        pl.col("time_ns").is_between(start, end, closed="left")
        & pl.col("signal").is_between(pl.lit(least), pl.lit(greatest))
        & pl.col("signal").is_in(pl.Series(list(signals), dtype=pl.String).implode())  # a list is made a set ever again
    )


def _sorted(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Sort rows by their key, and of those with one key keep the last."""
    ordered = _numbered(rows, layout).sort(*layout.key, maintain_order=True)
    if _repeats(ordered, layout):
        ordered = ordered.filter(_same_as_next(layout).not_())
    return _spelt(ordered, layout)


def _numbered(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Put numbers for the names in the first column of the key: they are sorted in a third of the time."""
    first = rows[layout.key[0]]
    return rows.with_columns(first.cast(pl.Enum(first.unique().sort())))


def _spelt(rows: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    return rows.with_columns(pl.col(layout.key[0]).cast(pl.String))


def _repeats(ordered: pl.DataFrame, layout: Layout) -> bool:
    return bool(ordered.select(_same_as_next(layout).any()).item())


def _in_order(rows: pl.DataFrame, layout: Layout) -> bool:
    """Tell whether each row's key is greater than that of the row before."""
    greater = pl.lit(value=False)
    for column in map(pl.col, reversed(layout.key)):
        greater = (column > column.shift()) | ((column == column.shift()) & greater)
    return bool(rows.select(greater.slice(1).all()).item())


def _same_as_next(layout: Layout) -> pl.Expr:
    return pl.all_horizontal(pl.col(column).eq_missing(pl.col(column).shift(-1)) for column in layout.key)
