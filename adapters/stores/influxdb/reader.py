"""Rows from the server, in answers of bounded size.

A range of time is cut into windows of about `ROWS` rows by counting first. Counting also tells that an answer is whole:
a statement that failed in CSV looks like one without rows, and a server with `max-row-limit` cuts its answers silently.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from adapters.stores.contract import StoreRefusedError
from adapters.stores.influxdb import decode, influxql
from adapters.stores.influxdb.abreast import abreast
from adapters.stores.influxdb.server import CSV_UNTIL, InfluxServer

ROWS: Final = 100_000
"""Rows in one answer, about; some 12 MB."""

SLICES: Final = 64
"""Into how many windows a range that holds too much is cut at least."""

ANSWERS: Final = 2
"""Answers under way at once: one is read while the other travels."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every window."""

    measurement: str
    """`encode.SAMPLE` or `encode.KPI`."""

    stored: pl.Schema
    """Columns of the answer."""

    select: Callable[[str, int, int], str]
    """The statement for a condition and a window."""


@dataclass(frozen=True, slots=True)
class Window:
    """A part of what is asked, small enough for one answer."""

    where: str
    """Condition on names."""

    start: int
    """First instant, nanoseconds since 1970."""

    end: int
    """First instant after it."""

    rows: int
    """How many rows it held when they were counted."""


async def read(server: InfluxServer, question: Question, wheres: Iterable[str], start: int, end: int) -> pl.DataFrame:
    """Give the rows with start <= time < end for which one of the conditions holds, columns of `question.stored`.

    Raises:
        StoreUnavailableError: it does not answer, or cannot now.
        StoreRefusedError: it forbids, or cuts its answers.
    """
    frames = [question.stored.to_frame()]
    for where in wheres:
        windows = await _windows(server, question, where, start, end)
        frames += await abreast(_work(server, question, windows), ANSWERS)
    return pl.concat(frames)


async def extent(server: InfluxServer) -> pl.DataFrame:
    """Give the times of every signal's first and last sample, columns of `EXTENT`; raises as `read`."""
    first = await server.ask(influxql.select_edge("first"))
    last = await server.ask(influxql.select_edge("last"))
    return await asyncio.to_thread(decode.extent, first, last)


async def count(server: InfluxServer, question: Question, start: int, end: int) -> int:
    """Give how many rows there are with start <= time < end; raises as `read`."""
    return sum((await _counts(server, question.measurement, influxql.EVERYTHING, start, end)).values())


def _work(
    server: InfluxServer, question: Question, windows: Iterable[Window]
) -> Iterator[Callable[[], Awaitable[pl.DataFrame]]]:
    for window in windows:
        yield partial(_rows, server, question, window)


async def _rows(server: InfluxServer, question: Question, window: Window) -> pl.DataFrame:
    """Give the rows of one window, all that were counted."""
    statement = question.select(window.where, window.start, window.end)
    if server.major > CSV_UNTIL:
        series = await server.ask(statement)
        rows = await asyncio.to_thread(decode.table, series, question.stored)
    else:
        body = await server.ask_csv(statement)
        try:
            rows = await asyncio.to_thread(decode.read_csv, body, question.stored)
        except decode.AnswerError as error:
            raise server.failed(error) from error
    if rows.height < window.rows:
        await server.ask(statement + " LIMIT 1")  # raises where it has a reason
        counts = await _counts(server, question.measurement, window.where, window.start, window.end)
        held = sum(counts.values())  # fewer now, where their retention ended in between
        if rows.height < held:
            raise StoreRefusedError(
                server.name,
                f"gave {rows.height} of {held} rows; set `max-row-limit = 0` in [http] of influxdb.conf, see its log",
            )
    return rows


async def _windows(server: InfluxServer, question: Question, where: str, start: int, end: int) -> list[Window]:
    """Cut a range into windows of at most `ROWS` rows; a single instant may hold more."""
    if start >= end:
        return []
    whole = sum((await _counts(server, question.measurement, where, start, end)).values())
    return await _cut(server, question, Window(where, start, end, whole))


async def _cut(server: InfluxServer, question: Question, window: Window) -> list[Window]:
    if window.rows == 0:
        return []
    span = window.end - window.start
    if window.rows <= ROWS or span == 1:
        return [window]
    width = max(span // max(SLICES, 2 * window.rows // ROWS), 1)
    counts = await _counts(server, question.measurement, window.where, window.start, window.end, width)
    windows: list[Window] = []
    for bucket, rows in sorted(counts.items()):
        start, end = max(bucket, window.start), min(bucket + width, window.end)
        if windows and windows[-1].rows + rows <= ROWS:
            windows[-1] = Window(window.where, windows[-1].start, end, windows[-1].rows + rows)
        else:
            windows.append(Window(window.where, start, end, rows))
    return [small for one in windows for small in await _cut(server, question, one)]


async def _counts(
    server: InfluxServer, measurement: str, where: str, start: int, end: int, width: int | None = None
) -> dict[int, int]:
    """Count rows by the first instant of each window of `width` nanoseconds."""
    series = await server.ask(influxql.count(measurement, where, start, end, width))
    return {row[0]: row[1] for one in series for row in one.rows if row[1]}
