"""Times as recorded files write them, as instants: UTC, nanoseconds.

    2016-12-14T20:24:49.613308Z      RFC 3339, in UTC or with an offset; up to nine digits of a second
    2016-12-14 20:24:49, 2016/12/14 20:24, 2016-12-14
                                     without a zone: in the zone of the settings
    1481747089613                    a number: milliseconds since `started`, or time since 1970

A time that does not exist (30 February, an hour that summer time skips) or lies outside the years 1800 to 2200 is no
instant; so every sum with a shift of at most `LONGEST_SHIFT` is one that 64 bits of nanoseconds can say. Of an hour
that summer time repeats, the first is taken.
"""

from datetime import datetime
from typing import Final

import polars as pl

from adapters.sample import INSTANT
from adapters.sources.replay.settings import LONGEST_SHIFT

_YEARS: Final = (1800, 2200)
_LATEST: Final = 7_258_118_400
"""Seconds from 1970 to 2200."""

_UTC: Final = "%Y-%m-%dT%H:%M:%S%.fZ"
_ANY: Final = (
    r"^\s*([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})"
    r"(?:(?:[Tt]| +)([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]+))?)?)?"
    r"\s*([Zz]|[+-](?:[01][0-9]|2[0-3]):?[0-5][0-9])?\s*$"
)
_PARTS: Final = ("year", "month", "day", "hour", "minute", "second", "fraction", "zone")


def instants(stamps: pl.Series, zone: str) -> pl.Series:
    """Read written times; null where one cannot be read.

    Args:
        stamps: as written; str.
        zone: IANA name, for times written without a zone.
    """
    read = _in_range(stamps.str.to_datetime(_UTC, time_unit="us", strict=False).dt.replace_time_zone("UTC"))
    if read.null_count() > stamps.null_count():
        read = read.zip_with(read.is_not_null(), _in_range(_written_otherwise(stamps, zone)))
    if (stamps.str.len_bytes() > len("2016-12-14T20:24:49.613308Z")).any():
        beyond = stamps.str.extract(r"[.,][0-9]{6}([0-9]{1,3})").str.pad_end(3, "0").cast(pl.Int64).fill_null(0)
        return (read.dt.epoch("ns") + beyond).cast(INSTANT)
    return read.cast(INSTANT)


def counted(numbers: pl.Series, started: datetime | None) -> pl.Series:
    """Read times written as numbers; null where one cannot be read.

    Args:
        numbers: i64, read to the nanosecond; or f64, to the microsecond.
        started: what they count from, in milliseconds. None: they count from 1970, in s, ms, µs or ns, whichever gives
            an instant before 2200; read so, every number has one meaning.
    """
    number = pl.col("number")

    def nanoseconds(unit: int) -> pl.Expr:
        if numbers.dtype.is_integer():
            return number * unit
        return (number * (unit / 1_000)).round().cast(pl.Int64, strict=False) * 1_000

    if started is None:
        ns = pl.lit(None, pl.Int64)
        for unit in (1, 1_000, 1_000_000, 1_000_000_000):
            within = number.is_between(0, _LATEST * (1_000_000_000 // unit), closed="left")
            ns = pl.when(within).then(nanoseconds(unit)).otherwise(ns)
    else:
        within = number.abs() < LONGEST_SHIFT.total_seconds() * 1_000
        ns = pl.when(within).then(nanoseconds(1_000_000)) + round(started.timestamp() * 1_000_000) * 1_000
    return numbers.rename("number").to_frame().select(ns.cast(INSTANT).alias(numbers.name)).to_series()


def times(column: pl.Series, *, zone: str, started: datetime | None) -> pl.Series:
    """Read a column of times, whatever its type; null where one cannot be read.

    Args:
        column: text, numbers, or what Polars calls dates and datetimes.
        zone: IANA name, for times without a zone.
        started: as for `counted`.
    """
    if column.dtype.is_numeric():
        whole = pl.Int64 if column.dtype.is_integer() else pl.Float64
        return counted(column.cast(whole, strict=False), started)
    if column.dtype == pl.String:
        read = instants(column, zone)
        for kind in (pl.Int64, pl.Float64):
            if read.null_count() > column.null_count():
                read = read.zip_with(read.is_not_null(), counted(column.cast(kind, strict=False), started))
        return read
    if column.dtype == pl.Date:
        column = column.cast(pl.Datetime("us"))
    if not isinstance(column.dtype, pl.Datetime):
        return pl.Series(column.name, [None], INSTANT).new_from_index(0, len(column))
    if column.dtype.time_zone is None:
        column = column.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    return _in_range(column.dt.convert_time_zone("UTC")).cast(INSTANT)


def _written_otherwise(stamps: pl.Series, zone: str) -> pl.Series:
    """Read whatever else is a time, to the microsecond; datetime[us, UTC]."""
    parts = stamps.rename("stamp").to_frame().select(pl.col("stamp").str.extract_groups(_ANY)).to_series().struct
    frame = parts.rename_fields(list(_PARTS)).struct.unnest()
    micro = pl.col("fraction").fill_null("").str.head(6).str.pad_end(6, "0")
    clock = [pl.col(part).fill_null("0") for part in ("hour", "minute", "second")]
    text = pl.format("{}-{}-{} {}:{}:{}.{}", "year", "month", "day", *clock, micro)
    naive = text.str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=False)
    local = naive.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    sign = pl.when(pl.col("zone").str.starts_with("-")).then(-1).otherwise(1)
    hours, minutes = pl.col("zone").str.slice(1, 2).cast(pl.Int64), pl.col("zone").str.tail(2).cast(pl.Int64)
    east = pl.when(pl.col("zone").str.len_bytes() > 1).then(sign * (hours * 60 + minutes)).otherwise(0)
    absolute = naive.dt.replace_time_zone("UTC") - pl.duration(minutes=east)
    return frame.select(pl.when(pl.col("zone").is_null()).then(local).otherwise(absolute)).to_series()


def _in_range(read: pl.Series) -> pl.Series:
    """Keep what lies in the years that can be shifted; datetime[us, UTC]."""
    return read.set(~read.dt.year().is_between(*_YEARS, closed="left").fill_null(value=False), None)
