"""InfluxDB as a store."""

import asyncio
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

import polars as pl

from adapters.sample import ValueType
from adapters.stores.buckets import edges
from adapters.stores.contract import Position, StoreRefusedError, StoreUnavailableError
from adapters.stores.influxdb import bucket, decode, encode, influxql, late, reader, setup, writer
from adapters.stores.influxdb.recent import Recent
from adapters.stores.influxdb.series import Series
from adapters.stores.influxdb.server import InfluxServer, connect
from adapters.stores.influxdb.settings import InfluxSettings

LOOKING_BACK: Final = (24 * 3600 * 10**9, 30 * 24 * 3600 * 10**9, 2**64)
"""How far back the last sample is sought, in nanoseconds: most signals reported within a day."""

_SAMPLES: Final = reader.Question(encode.SAMPLE, decode.STORED_SAMPLES, influxql.select_samples)
_RESULTS: Final = reader.Question(encode.KPI, decode.STORED_RESULTS, influxql.select_results)


class InfluxStore:
    """Samples and results in one bucket of InfluxDB. Writes overwrite, so it counts no positions."""

    def __init__(self, settings: InfluxSettings) -> None:
        self._settings = settings
        self._connection: InfluxServer | None = None
        self._series = Series(settings.max_series)
        self._recent = Recent()
        self._open = AsyncExitStack()
        self._under_way: _Batch | None = None
        self._ahead: _Batch | None = None

    @property
    def name(self) -> str:
        """`influxdb`, the server's address and the bucket."""
        return self._settings.name

    async def __aenter__(self) -> Self:
        """Connect; see that the bucket is there. Raises StoreUnavailableError, StoreRefusedError."""
        self._connection = await self._open.enter_async_context(_opened(self._settings))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close the connections."""
        self._connection = self._under_way = self._ahead = None
        self._recent.forget()
        await self._open.aclose()

    @property
    def _server(self) -> InfluxServer:
        if self._connection is None:
            raise StoreRefusedError(self.name, "is not open; enter its block first")
        return self._connection

    async def check(self) -> None:
        """Ask whether it would take a write now, by an empty one; raises as `write` does."""
        await bucket.prepare(self._server)

    async def written(self, log: str) -> None:
        """Give None: writing a batch again changes nothing."""
        del log

    async def write(self, samples: pl.DataFrame, position: Position) -> pl.DataFrame:
        """Store a batch durably; give the rows that it will never take; raises as the contract says.

        What of it is stored already is not sent again when the same frame comes again after StoreUnavailableError.
        """
        del position
        batch, self._under_way = self._under_way, None
        if batch is None or batch.samples is not samples:
            batch = await self._admitted(samples)
        try:
            reasons = await writer.write(batch.task)
            bad = pl.col("row").is_in(list(reasons))
            await late.note(self._server, batch.rows.filter(bad.not_()) if reasons else batch.rows, time.time_ns())
        except StoreUnavailableError:
            self._under_way = batch
            raise
        if not reasons:
            return batch.refused
        unstored = batch.rows.filter(bad)
        said = pl.Series([reasons[row] for row in unstored["row"]], dtype=pl.String)
        return pl.concat([batch.refused, encode.refusals(unstored, said)])

    async def prepare(self, samples: pl.DataFrame) -> None:
        """Write the first lines of the batch that comes next, so that the server need not wait for them."""
        self._ahead = await asyncio.to_thread(_encoded, self._server, samples)

    async def _admitted(self, samples: pl.DataFrame) -> "_Batch":
        """Give a batch without the series that are too many."""
        server, batch = self._server, self._ahead
        if batch is not None and batch.samples is samples:
            self._ahead = None
        else:
            batch = await asyncio.to_thread(_encoded, server, samples)
        beyond = await self._series.beyond(server, batch.signals)
        if not beyond:
            return batch
        over = pl.col("signal").is_in(list(beyond))
        crowded, rows = batch.rows.filter(over), batch.rows.filter(over.not_())
        reasons = pl.repeat(self._series.reason, crowded.height, eager=True)
        refused = pl.concat([batch.refused, encode.refusals(crowded, reasons)])
        task = await asyncio.to_thread(writer.task_of_samples, server, rows)
        return replace(batch, rows=rows, refused=refused, task=task)

    async def samples(self, signals: Collection[str], start: datetime, end: datetime) -> pl.LazyFrame:
        """Give samples with start <= time < end, by signal and time; they are read now, not when collected."""
        wheres = influxql.of_signals(signals)
        stored = await reader.read(self._server, _SAMPLES, wheres, influxql.instant(start), influxql.instant(end))
        return (await asyncio.to_thread(decode.samples, stored)).lazy()

    async def last(self, signals: Collection[str], before: datetime, *, since: datetime | None = None) -> pl.DataFrame:
        """Give each signal's last sample with time < before, and time >= since."""
        missing = set(signals)
        end = influxql.instant(before)
        earliest = influxql.FIRST_INSTANT if since is None else influxql.instant(since)
        found = []
        for back in LOOKING_BACK:
            start = max(influxql.instant(before) - back, earliest)
            if start >= end:
                break
            for where in influxql.of_signals(missing):
                series = await self._server.ask(influxql.select_last(where, start, end))
                found.append(decode.samples(decode.table(series, decode.STORED_SAMPLES)))
                missing -= set(found[-1]["signal"])
            end = start
        return pl.concat([decode.samples(decode.STORED_SAMPLES.to_frame()), *found]).sort("signal")

    async def buckets(
        self, signal: str, kind: ValueType, start: datetime, end: datetime, width: timedelta
    ) -> pl.DataFrame:
        """Sum up the samples of one signal with start <= time < end, bucket by bucket.

        The server does it, unless the signal is asked for again (`adapters.stores.influxdb.recent`).
        """
        return await self._recent.buckets(self._server, signal, kind, edges(start, end, width))

    async def extent(self) -> pl.DataFrame:
        """Tell which signals have samples, and the times of the first and the last of each."""
        return await reader.extent(self._server)

    async def set_up(self) -> list[str]:
        """Make what is missing and change what differs from the settings; before the store is opened."""
        async with connect(self._settings) as server:
            return await setup.set_up(server)

    async def count(self, start: datetime, end: datetime) -> int:
        """Tell how many samples have start <= time < end."""
        return await reader.count(self._server, _SAMPLES, influxql.instant(start), influxql.instant(end))

    async def write_results(self, results: pl.DataFrame) -> None:
        """Store results durably; raises as `write` does, StoreRefusedError also for a result it will not take."""
        rows = await asyncio.to_thread(encode.result_rows, results)
        reasons = await writer.write(writer.task_of_lines(self._server, rows))
        for row, reason in reasons.items():
            raise StoreRefusedError(self.name, f"does not take {rows['line'][row]!r} ({reason})")

    async def results(
        self,
        *,
        start: datetime,
        end: datetime,
        paths: Collection[str] | None = None,
        periods: Sequence[str] | None = None,
        kpis: Collection[str] | None = None,
    ) -> pl.DataFrame:
        """Give the results whose windows begin in [start, end), by path, period, start, kpi."""
        wheres = influxql.of_results(paths, periods, kpis)
        stored = await reader.read(self._server, _RESULTS, wheres, influxql.instant(start), influxql.instant(end))
        return await asyncio.to_thread(decode.results, stored)

    async def maintain(self) -> None:
        """Do nothing: InfluxDB compacts by itself."""


@dataclass(frozen=True, slots=True)
class _Batch:
    """A batch that is being written, or is next."""

    samples: pl.DataFrame
    """As it came."""

    rows: pl.DataFrame
    """Those of it that lines can hold."""

    refused: pl.DataFrame
    """The others, as columns of `REFUSED`."""

    signals: list[str]
    """The signals of the rows."""

    task: writer.Task
    """What of the rows is still to be stored."""


def _encoded(server: InfluxServer, samples: pl.DataFrame) -> _Batch:
    """Make a batch of samples, and its first lines."""
    rows, refused = encode.storable(samples)
    task = writer.task_of_samples(server, rows)
    writer.begin(task)
    return _Batch(samples, rows, refused, rows["signal"].unique().to_list(), task)


@asynccontextmanager
async def _opened(settings: InfluxSettings) -> AsyncIterator[InfluxServer]:
    async with connect(settings) as server:
        await bucket.prepare(server)
        yield server
