"""Hours that samples came for when they were over, noted beside the samples.

    sample_late,factory=<f>,line=<l> written=<ns>i <last second of the hour>

What was read of an hour that is over stays true until such a row says otherwise, so a reader may keep it
(`adapters.stores.influxdb.recent`). Whoever writes samples notes the hour after them, and before the batch counts as
stored: a batch that is written again is noted again. Rows are few, since they tell of a whole line, and samples that
come as they should have none.
"""

from functools import lru_cache
from typing import Final

import polars as pl
import structlog

from adapters.stores.influxdb import decode, encode, influxql, writer
from adapters.stores.influxdb.server import InfluxServer, MissingError
from adapters.stores.influxdb.tags import signal_tags

HOUR: Final = 3600 * 10**9
"""Nanoseconds of an hour; hours are those of UTC."""

SECOND: Final = 10**9
"""Nanoseconds of a second."""

OVER: Final = 2 * 60 * 10**9
"""Nanoseconds after its end from which an hour is over for whoever writes."""

SETTLED: Final = 10 * 60 * 10**9
"""Nanoseconds after its end from which an hour is over for whoever reads; by so much more than `OVER` as clocks of two
machines may differ."""

_WRITTEN: Final = pl.Schema({"time": pl.Int64(), "written": pl.Int64()})

_log = structlog.get_logger(__name__)


async def note(server: InfluxServer, samples: pl.DataFrame, now: int) -> None:
    """Note the hours that are over of samples that have just been stored; raises as a write does.

    Args:
        server: where they are.
        samples: `signal` and `time`.
        now: the present, after they were, nanoseconds since 1970.
    """
    running = (now - OVER) // HOUR * HOUR
    times = samples["time"].to_physical()
    first = times.min()
    if not isinstance(first, int) or first >= running:
        return
    rows = await writer.write(writer.task_of_lines(server, _lines(samples.filter(times < running), now)))
    if rows:  # the samples are stored; who keeps what they read finds them when that is too old
        _log.warning("late samples not noted", store=server.name, reason=next(iter(rows.values())))


async def read(server: InfluxServer, signal: str, start: int, end: int) -> dict[int, int]:
    """Give when samples of a signal's line last came late, by the number of the hour since 1970.

    Args:
        server: where they are.
        signal: its path.
        start: first instant of the first hour, nanoseconds since 1970.
        end: first instant after the last one.
    """
    tags = signal_tags(signal)
    if tags is None:
        return {}
    try:
        series = await server.ask(influxql.select_late(*tags[:2], start, end))
    except MissingError:  # some servers have no measurement where others have an empty one
        return {}
    found = decode.table(series, _WRITTEN)
    return {at // HOUR: written for at, written in found.iter_rows()}


def _lines(samples: pl.DataFrame, written: int) -> pl.DataFrame:
    hours = samples.select("signal", hour=pl.col("time").to_physical() // HOUR).unique()
    names = hours["signal"].unique()
    series = pl.Series([_series(name) for name in names], dtype=pl.String)
    rows = hours.select("hour", series=pl.col("signal").replace_strict(names, series, return_dtype=pl.String)).unique()
    last = (pl.col("hour") + 1) * HOUR - SECOND  # which no retention ends before that of the samples
    return encode.sized(rows.select(line=pl.format("{} written={}i {}", "series", pl.lit(written), last)))


@lru_cache(encode.SERIES_KEPT)
def _series(signal: str) -> str:
    return encode.line_series(influxql.LATE, signal)
