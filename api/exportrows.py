"""Rows of exports, piece by piece: what the lists would give, page after page, in pieces that fit in memory.

    samples          by UTC day, some signals at a time, or one for a part of it: about `AT_ONCE` rows (`_Pace`)
    kpis, losses     some paths at a time, a month or a year of windows
    states           by UTC day; a state that lasts over midnight is one row all the same
    alerts           a page at a time

A store or records that do not answer are asked again a few times, since a long export should not end by a short outage.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Final, TypeVar

import polars as pl
from sqlalchemy import Connection

from adapters.sample import SAMPLES
from adapters.stores.contract import StoreUnavailableError
from analytics.alertlog import After, read_standings
from analytics.lifecycle import Standing
from analytics.reports.leaves import leaves
from analytics.timeline import Reader
from analytics.wording import translated
from api.answers import columns_of, table_of
from api.exportreach import machines_asked, signals_asked
from api.lookup import paths_asked, trees_asked
from api.numbers import Asked, Numbers
from api.parts import Parts
from api.routes.alerts import views_of
from api.routes.kpis import unit_of
from api.routes.states import known_until
from api.views.alerts import AlertView
from api.views.exports import ExportRequest, What
from api.views.kpis import ResultView
from api.views.losses import LossPartView
from api.views.states import MachineSpanView
from collector.records import RecordsError

AT_ONCE: Final = 1_000_000
"""Rows of samples in one piece, about."""

UNKNOWN_HOURLY: Final = 36_000.0
"""Samples of an hour that a signal is taken to have of which none were read yet: ten a second."""

SILENT_HOURLY: Final = 360.0
"""Samples of an hour that each signal is taken to have at least: one that is silent at night may speak by day."""

PATHS_AT_ONCE: Final = 50
"""Paths whose numbers are in one piece."""

ALERTS_AT_ONCE: Final = 1000
"""Alerts in one piece."""

MACHINES_AT_ONCE: Final = 50
"""Machines whose states are in one piece."""

AGAIN: Final = (1.0, 5.0, 15.0, 60.0)
"""Seconds after which what does not answer is asked again; then the export has failed."""

_HOUR: Final = timedelta(hours=1)

_SHORTEST: Final = timedelta(seconds=1)
"""The shortest part of a day that is read by itself."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of the rows."""

    rows: pl.DataFrame
    """The rows, of `COLUMNS`."""

    done: float
    """How much of the export is made with them, 0 to 1."""


def _columns(*names: str, **others: pl.DataType) -> pl.Schema:
    known = {**dict(columns_of(ResultView)), **dict(columns_of(LossPartView)), **dict(columns_of(MachineSpanView))}
    return pl.Schema({name: known[name] for name in names} | others)


COLUMNS: Final[dict[What, pl.Schema]] = {
    "samples": SAMPLES,
    "kpis": _columns(*(name for name, _ in columns_of(ResultView) if name != "inputs")),
    "losses": _columns(*(name for name, _ in columns_of(LossPartView))),
    "states": _columns("path", "start", "end", "state", "raw"),
    "alerts": pl.Schema(dict(columns_of(AlertView))),
}
"""The columns of each kind: those of its list, and of samples those in which they rest."""


def pieces(parts: Parts, asked: ExportRequest) -> AsyncIterator[Piece]:
    """Give the rows that are asked for, as whoever has these parts may see them.

    Raises:
        ProblemError: the park has no such asset; here, not while rows are read.
        StoreError, RecordsError: they do not answer, or forbid; while rows are read.
    """
    if asked.what == "samples":
        return _samples(parts, asked, signals_asked(parts, asked.paths))
    if asked.what == "states":
        return _states(parts, asked, machines_asked(parts, asked.paths))
    if asked.what == "alerts":
        return _alerts(parts, asked, trees_asked(parts, asked.paths))
    return _numbers(parts, asked, paths_asked(parts, asked.paths))


@dataclass(slots=True)
class _Pace:
    """How much is read at once, by what each signal had so far."""

    hourly: dict[str, float] = field(default_factory=dict)
    """Samples of an hour, by signal: the most that a piece had."""

    def room(self, signals: Sequence[str], span: timedelta) -> tuple[Sequence[str], timedelta]:
        """Give which of these, from the first on, are read at once, and for which part of a span."""
        hours = max(span / _HOUR, _SHORTEST / _HOUR)
        rows, number = 0.0, 0
        while number < len(signals) and (rows := rows + self._hourly(signals[number]) * hours) <= AT_ONCE:
            number += 1
        if number:
            return signals[:number], span
        return signals[:1], max(span * (AT_ONCE / rows), _SHORTEST)

    def note(self, signals: Sequence[str], span: timedelta, rows: pl.DataFrame) -> None:
        """Take note of what a piece had."""
        hours = max(span / _HOUR, _SHORTEST / _HOUR)
        had = dict(rows.group_by("signal").len().iter_rows())
        for signal in signals:
            self.hourly[signal] = max(had.get(signal, 0) / hours, self.hourly.get(signal, 0.0))

    def _hourly(self, signal: str) -> float:
        return max(self.hourly.get(signal, UNKNOWN_HOURLY), SILENT_HOURLY)


async def _samples(parts: Parts, asked: ExportRequest, signals: Sequence[str]) -> AsyncIterator[Piece]:
    days = list(_days(asked.start, asked.end))
    pace = _Pace()
    for number, (start, end) in enumerate(days):
        first, since = 0, start
        while first < len(signals):
            some, span = pace.room(signals[first:], end - since)
            until = min(since + span, end)

            async def read(
                some: Sequence[str] = some, since: datetime = since, until: datetime = until
            ) -> pl.DataFrame:
                async with parts.reading() as store:
                    return await asyncio.to_thread((await store.samples(some, since, until)).collect)

            rows = await patiently(read)
            await asyncio.to_thread(pace.note, some, until - since, rows)
            if until == end:
                first, since = first + len(some), start
            else:
                since = until
            made = first + (since - start) / (end - start)
            yield Piece(rows, (number + made / len(signals)) / len(days))


async def _numbers(parts: Parts, asked: ExportRequest, paths: Sequence[str]) -> AsyncIterator[Piece]:
    losses = asked.what == "losses"
    periods = [asked.period] if asked.period else ["day"] if losses else ["hour", "shift", "day"]
    width = timedelta(days=31 if "hour" in periods else 366)
    windows = [(start, min(start + width, asked.end)) for start in _steps(asked.start, asked.end, width)]
    groups = [paths[first : first + PATHS_AT_ONCE] for first in range(0, len(paths), PATHS_AT_ONCE)]
    for number, some in enumerate(groups):
        for place, (start, end) in enumerate(windows):

            async def read(some: Sequence[str] = some, start: datetime = start, end: datetime = end) -> pl.DataFrame:
                async with parts.reading() as store:
                    return await Numbers(store, parts).of(Asked(some, periods, start, end))

            found = await patiently(read)
            shown = await asyncio.to_thread(_shown, found, asked)
            yield Piece(shown, (number + (place + 1) / len(windows)) / len(groups))


def _shown(found: pl.DataFrame, asked: ExportRequest) -> pl.DataFrame:
    """Give stored numbers as the lists show them."""
    rows = leaves(found) if asked.what == "losses" else found.with_columns(unit=unit_of(pl.col("kpi")))
    names = COLUMNS[asked.what]
    return translated(rows, asked.lang).select(names.names()).cast(names)


async def _states(parts: Parts, asked: ExportRequest, machines: Sequence[str]) -> AsyncIterator[Piece]:
    known = await patiently(partial(known_until, parts, machines))
    days = list(_days(asked.start, asked.end))
    groups = [machines[first : first + MACHINES_AT_ONCE] for first in range(0, len(machines), MACHINES_AT_ONCE)]
    for number, some in enumerate(groups):
        before = COLUMNS["states"].to_frame()
        for place, (start, end) in enumerate(days):

            async def read(some: Sequence[str] = some, start: datetime = start, end: datetime = end) -> pl.DataFrame:
                async with parts.reading() as store:
                    reader = Reader(parts.park, store, parts.records())
                    return await reader.timeline(some, start, end, now=parts.now(), frontiers=known)

            whole, before = await asyncio.to_thread(_mended, before, await patiently(read))
            yield Piece(whole, (number + (place + 1) / len(days)) / len(groups))
        yield Piece(before, (number + 1) / len(groups))


def _mended(before: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Put spans together that midnight has cut; give those that are whole, and the last one of each machine.

    Args:
        before: the last span of each machine before those found.
        found: the spans of one day, of each machine one after the other, as the timeline has them.
    """
    spans = found.rename({"equipment": "path"}).select(before.columns).cast(COLUMNS["states"])
    rows = pl.concat([before, spans]).sort("path", "start")
    same = pl.all_horizontal(
        pl.col("path") == pl.col("path").shift(),
        pl.col("start") == pl.col("end").shift(),
        pl.col("state") == pl.col("state").shift(),
        pl.col("raw").eq_missing(pl.col("raw").shift()),
    ).fill_null(value=False)
    one = rows.group_by((~same).cum_sum().alias("span"), maintain_order=True).agg(
        pl.col("path").first(),
        pl.col("start").first(),
        pl.col("end").last(),
        pl.col("state", "raw").first(),
    )
    last = pl.col("path") != pl.col("path").shift(-1, fill_value="")
    ordered = one.select(rows.columns)
    return ordered.filter(~last), ordered.filter(last)


async def _alerts(parts: Parts, asked: ExportRequest, trees: Sequence[str] | None) -> AsyncIterator[Piece]:
    after: After | None = None
    while True:

        def find(connection: Connection, after: After | None = after) -> list[Standing]:
            return read_standings(
                connection, start=asked.start, end=asked.end, under=trees, after=after, limit=ALERTS_AT_ONCE
            )

        found = await patiently(partial(views_of, parts, find))
        if not found:
            return
        after = After(found[-1].began, found[-1].id)
        share = (asked.end - max(min(after.began, asked.end), asked.start)) / (asked.end - asked.start)
        yield Piece(await asyncio.to_thread(table_of, AlertView, found), share)


async def patiently(read: Callable[[], Awaitable[T]]) -> T:
    """Read; read again where the store or the records do not answer."""
    for wait in AGAIN:
        try:
            return await read()
        except (StoreUnavailableError, RecordsError):
            await asyncio.sleep(wait)
    return await read()


def _days(start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Cut a window at every midnight, UTC."""
    while start < end:
        midnight = datetime.combine(_day(start) + timedelta(days=1), time(), UTC)
        yield start, min(midnight, end)
        start = midnight


def _day(instant: datetime) -> date:
    return instant.astimezone(UTC).date()


def _steps(start: datetime, end: datetime, width: timedelta) -> Iterator[datetime]:
    while start < end:
        yield start
        start += width
