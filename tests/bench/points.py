"""The samples that the benchmarks of InfluxDB store, and the same as influxdb-client's points."""

from typing import Final

import polars as pl
from influxdb_client.client.write.point import Point

from adapters.sample import INSTANT, SAMPLES

SIGNALS: Final = 1_000
"""Signals that samples are spread over, each with one every second."""

BEGIN: Final = 1_767_225_600 * 10**9
"""Time of the first sample, nanoseconds since 1970: 2026-01-01."""


def samples(count: int) -> pl.DataFrame:
    """Give samples as a park sends them: most are floats, some integers, states and switches; all of them differ."""
    number = pl.int_range(count, eager=True)
    signal, second = number % SIGNALS, number // SIGNALS
    time_ns = BEGIN + second * 10**9 + signal * 1_000
    kind = signal % 10
    given = pl.DataFrame({"number": number}).select(
        pl.format("works/line-{}/machine-{}/signal-{}", signal % 4, signal % 40, signal).alias("signal"),
        time_ns.cast(INSTANT).alias("time"),
        pl.when(kind < 7).then((number * 7919 % 100_003) / 64).alias("float"),
        pl.when(kind == 7).then(number).alias("int"),
        pl.when(kind == 8).then(second % 3 == 0).alias("bool"),
        pl.when(kind == 9).then(pl.format("state {}", second % 5)).alias("text"),
        pl.lit(0, pl.UInt32).alias("status"),
        (time_ns + 12_345_678).cast(INSTANT).alias("received"),
    )
    return given.select(SAMPLES.names())


def prepared(batch: pl.DataFrame) -> list[dict[str, object]]:
    """Give samples as rows, their paths taken apart."""
    parts = pl.col("signal").str.splitn("/", 4).struct.rename_fields(["factory", "line", "equipment", "name"])
    return batch.with_columns(pl.col("time", "received").to_physical(), parts=parts).unnest("parts").rows(named=True)


def point(row: dict[str, object]) -> Point:
    """Give a row of `prepared` as a point."""
    made: Point = Point("sample").tag("equipment", row["equipment"]).tag("factory", row["factory"])
    made.tag("line", row["line"]).tag("signal", row["name"])
    for kind in ("float", "int", "bool", "text"):
        if row[kind] is not None:
            made.field(kind, row[kind])
    made.field("status", row["status"]).field("received", row["received"]).time(row["time"])
    return made
