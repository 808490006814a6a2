"""Buckets: what the samples of one signal come to, interval by interval.

    start    datetime[ns, UTC]   first instant of the bucket
    count    i64                 samples that count: they have a value, and their status is not Bad
    good     i64                 those of them whose status is Good
    bad      i64                 samples whose status is Bad
    min, max as the values       the least and the greatest that counts; of `float` and `int` alone
    mean     f64                 the arithmetic mean of those that count, each weighing the same; as above
    trues    i64                 how many of those that count are true; of `bool` alone
    last     as the values       the newest that counts

Counts are never null; the others are where nothing counts. `min`, `max` and `last` are exact, `mean` is the sum of
doubles, divided. A bucket is half-open and holds each sample once, so that buckets can be summed up in parts, by
whatever holds the samples, and the parts be joined.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from adapters.sample import INSTANT, SAMPLES, ValueType, is_bad, is_good

NUMBERS: Final[frozenset[ValueType]] = frozenset({"float", "int"})
"""Types whose values have a least, a greatest and a mean."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def columns(kind: ValueType) -> pl.Schema:
    """Give the columns of buckets of values of this type."""
    value = SAMPLES[kind]
    told: dict[str, pl.DataType] = {"trues": pl.Int64()} if kind == "bool" else {}
    if kind in NUMBERS:
        told = {"min": value, "max": value, "mean": pl.Float64()}
    counts = dict.fromkeys(("count", "good", "bad"), pl.Int64())
    return pl.Schema({"start": INSTANT, **counts, **told, "last": value})


def edges(start: datetime, end: datetime, width: timedelta) -> tuple[int, int, int]:
    """Give the nanoseconds since 1970 of start and end, and those of a bucket.

    Raises:
        ValueError: a bucket has no width.
    """
    if width < _MICROSECOND:
        msg = f"a bucket of {width} has no width; give 1 µs or more"
        raise ValueError(msg)
    return tuple(1000 * (span // _MICROSECOND) for span in (start - _EPOCH, end - _EPOCH, width))  # type: ignore[return-value] # three, as told


def parts(samples: pl.LazyFrame, kind: ValueType, start: int, width: int) -> pl.LazyFrame:
    """Sum up some of the samples, in any order: a row per bucket that has any.

    Args:
        samples: `time_ns` (i64, nanoseconds since 1970), the column of the type, `status`; each sample once.
        kind: which values.
        start: where the first bucket begins, nanoseconds since 1970.
        width: of a bucket, nanoseconds.
    """
    status = pl.col("status")
    counts = is_bad(status).not_() & pl.col(kind).is_not_null()
    value = pl.col("value")
    given = samples.select(
        ((pl.col("time_ns") - start) // width).alias("bucket"),
        "time_ns",
        pl.when(counts).then(pl.col(kind)).alias("value"),
        (counts & is_good(status)).alias("good"),
        is_bad(status).alias("bad"),
    )
    told = {}
    if kind in NUMBERS:
        told = {"min": value.min(), "max": value.max(), "sum": value.cast(pl.Float64).sum()}
    elif kind == "bool":
        told = {"trues": value.sum().cast(pl.Int64)}
    newest = pl.when(value.is_not_null()).then(pl.col("time_ns"))
    return given.group_by("bucket").agg(
        count=value.count().cast(pl.Int64),
        good=pl.col("good").sum().cast(pl.Int64),
        bad=pl.col("bad").sum().cast(pl.Int64),
        **told,
        newest=newest.max(),
        last=value.max_by(newest),
    )


def joined(some: Iterable[pl.DataFrame], kind: ValueType, start: int, end: int, width: int) -> pl.DataFrame:
    """Give buckets, `columns(kind)`, out of rows of `parts`; also those without samples.

    Args:
        some: rows of `parts`, of samples that are in one of them each.
        kind: which values.
        start: where the first bucket begins, nanoseconds since 1970.
        end: where the last one ends, nanoseconds since 1970.
        width: of a bucket, nanoseconds.
    """
    every = pl.select(bucket=pl.int_range(max(-((start - end) // width), 0)))
    summed = [frame for frame in some if frame.height]
    if not summed:
        summed = [_nothing(kind)]
    whole = pl.concat(summed)
    if len(summed) > 1:
        whole = _together(whole, kind)
    mean = {"mean": pl.when(pl.col("count") > 0).then(pl.col("sum") / pl.col("count"))} if kind in NUMBERS else {}
    counted = ["count", "good", "bad", *(["trues"] if kind == "bool" else [])]
    return (
        every.join(whole, on="bucket", how="left", maintain_order="left")
        .with_columns(pl.col(counted).fill_null(0))
        .with_columns(start=(start + pl.col("bucket") * width).cast(INSTANT), **mean)
        .select(columns(kind).names())
    )


def _together(rows: pl.DataFrame, kind: ValueType) -> pl.DataFrame:
    """Join the rows of one bucket."""
    told = {}
    if kind in NUMBERS:
        told = {"min": pl.col("min").min(), "max": pl.col("max").max(), "sum": pl.col("sum").sum()}
    elif kind == "bool":
        told = {"trues": pl.col("trues").sum()}
    return rows.group_by("bucket").agg(
        pl.col("count", "good", "bad").sum(),
        **told,
        newest=pl.col("newest").max(),
        last=pl.col("last").max_by("newest"),
    )


def _nothing(kind: ValueType) -> pl.DataFrame:
    schema = pl.Schema({"time_ns": pl.Int64(), kind: SAMPLES[kind], "status": SAMPLES["status"]})
    return parts(schema.to_frame(eager=False), kind, 0, 1).collect()
