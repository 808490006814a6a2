"""A Delta lake as a store: one table of samples and one of results, in a folder or on object storage.

What blocks runs in threads. Readers see what was committed when they asked, and go on seeing it while it is merged
(`adapters.stores.lake.reading`). Merging goes on beside the writes (`adapters.stores.lake.keeping`).
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import polars as pl
from deltalake.exceptions import DeltaError

from adapters.sample import ValueType, no_samples
from adapters.stores.buckets import edges
from adapters.stores.contract import CHANGES, REFUSED, Position
from adapters.stores.lake import layout, parts, reading
from adapters.stores.lake.faults import store_error
from adapters.stores.lake.files import Folder
from adapters.stores.lake.keeping import Housekeeping
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table

MERGING: Final = 1.0
"""Seconds that `maintain` waits for what it began; that goes on after them. The drain waits for it."""

ROOM: Final = 64 * 2**20
"""Bytes that must be free on the disk for `check` to say yes."""


class LakeStore:
    """Samples and results in a Delta lake. A batch is appended once, however often it is written."""

    def __init__(self, settings: LakeSettings) -> None:
        self._settings = settings
        options = {name: secret.get_secret_value() for name, secret in settings.options.items()}
        self._folder = Folder(settings.folder, options)
        self._samples = Table(self._folder.inside(layout.SAMPLE_ROWS.name), layout.SAMPLE_ROWS)
        self._results = Table(self._folder.inside(layout.RESULT_ROWS.name), layout.RESULT_ROWS)
        self._housekeeping = Housekeeping((self._samples, self._results), settings)
        self._ahead: tuple[pl.DataFrame, pl.DataFrame] | None = None

    @property
    def name(self) -> str:
        """`lake` and its folder or address."""
        return f"lake {self._settings.folder}"

    async def __aenter__(self) -> Self:
        """Open both tables, make those that are missing. Raises StoreUnavailableError, StoreRefusedError."""
        async with self._told():
            for table in (self._samples, self._results):
                await asyncio.to_thread(table.open)
        self._housekeeping.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Stop what goes on beside, and forget the tables."""
        await self._housekeeping.stop()
        self._ahead = None
        for table in (self._samples, self._results):
            table.close()

    async def check(self) -> None:
        """Ask whether it would take a write now: the newest commit can be read, and the disk has room."""
        async with self._told():
            await asyncio.to_thread(self._samples.files)
            if isinstance(self._settings.folder, Path):
                _check_disk(self._settings.folder)

    async def written(self, log: str) -> int | None:
        """Tell up to which position of the spool `log` it has stored; None before the first batch of that spool."""
        async with self._told():
            return await asyncio.to_thread(self._samples.written, log)

    async def write(self, samples: pl.DataFrame, position: Position) -> pl.DataFrame:
        """Store a batch durably, unless it is stored; there is no sample that it does not take."""
        await self._housekeeping.caught_up()
        rows_of = partial(layout.sample_rows, samples)
        if self._ahead is not None and self._ahead[0] is samples:
            rows_of, self._ahead = partial(layout.numbered, self._ahead[1]), None
        async with self._told():
            self._housekeeping.note(await asyncio.to_thread(self._samples.append, rows_of, position))
        return pl.DataFrame(schema=REFUSED)

    async def prepare(self, samples: pl.DataFrame) -> None:
        """Sort the batch that comes next, which takes as long as half of writing it."""
        self._ahead = samples, await asyncio.to_thread(layout.sample_rows, samples, 0)

    async def samples(self, signals: Collection[str], start: datetime, end: datetime) -> pl.LazyFrame:
        """Give samples with start <= time < end, by signal and time, as of now; they are read when collected.

        When that is later than `keep_replaced`, and files were merged meanwhile, they are as of then. Collecting raises
        StoreUnavailableError or StoreRefusedError when the files cannot be read.
        """
        least, greatest = layout.instant(start), layout.instant(end)
        if not signals or least >= greatest:
            return no_samples().lazy()
        async with self._told():
            files = await asyncio.to_thread(self._samples.files)
        wanted, place = sorted(set(signals)), self._settings.folder
        files = parts.holding(files, wanted, least, greatest)
        if files.is_empty():
            return no_samples().lazy()
        return reading.samples(
            self._samples.folder, files, wanted, (least, greatest), partial(store_error, self.name, place)
        )

    async def changes(
        self, signals: Collection[str], start: datetime, end: datetime, whole: Sequence[tuple[datetime, datetime]] = ()
    ) -> pl.LazyFrame:
        """Give the samples that tell something, by signal and time, as of now."""
        between = layout.instant(start), layout.instant(end)
        if not signals or between[0] >= between[1]:
            return CHANGES.to_frame().lazy()
        wanted, everything = (
            sorted(set(signals)),
            [(layout.instant(one), layout.instant(other)) for one, other in whole],
        )
        found = await self._answer(
            lambda files: reading.changes(self._samples.folder, files, wanted, between, everything)
        )
        return found.lazy()

    async def last(self, signals: Collection[str], before: datetime, *, since: datetime | None = None) -> pl.DataFrame:
        """Give each signal's last sample with time < before, and time >= since."""
        wanted = set(signals)
        between = layout.instant(since or layout.EARLIEST), layout.instant(before)
        return await self._answer(lambda files: reading.last(self._samples.folder, files, wanted, between))

    async def buckets(
        self, signal: str, kind: ValueType, start: datetime, end: datetime, width: timedelta
    ) -> pl.DataFrame:
        """Sum up the samples of one signal with start <= time < end, bucket by bucket, as of now."""
        first, after, each = edges(start, end, width)
        return await self._answer(
            lambda files: reading.buckets(self._samples.folder, files, signal, kind, (first, after), each)
        )

    async def extent(self) -> pl.DataFrame:
        """Tell which signals have samples, and from when to when; reads the names of all that is stored."""
        return await self._answer(lambda files: reading.extent(self._samples.folder, files))

    async def count(self, start: datetime, end: datetime) -> int:
        """Tell how many rows have start <= time < end; a sample that was written twice may count twice until merged."""
        least, greatest = layout.instant(start), layout.instant(end)
        answer = await self._answer(lambda files: reading.count(self._samples.folder, files, least, greatest))
        return int(answer.item())

    async def write_results(self, results: pl.DataFrame) -> None:
        """Store results durably."""
        async with self._told():
            await asyncio.to_thread(self._results.append, lambda written: layout.result_rows(results, written))

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
        wanted = pl.col("start").is_between(start.astimezone(UTC), end.astimezone(UTC), closed="left")
        for column, names in (("path", paths), ("period", periods), ("kpi", kpis)):
            if names is not None:
                wanted &= pl.col(column).is_in(pl.Series(list(names), dtype=pl.String).implode())
        days = pl.col("day").is_between(start.astimezone(UTC).date(), end.astimezone(UTC).date())

        def answer(files: pl.DataFrame) -> pl.DataFrame:
            paths = files.filter(days)["path"].to_list()
            rows = self._results.folder.scan(paths, self._results.layout.columns).filter(wanted)
            return layout.results_of(rows.collect())

        async with self._told():
            return await asyncio.to_thread(
                lambda: reading.holding_on(self._results.files(), self._results.files, answer)
            )

    async def maintain(self) -> None:
        """Merge small files, seal days that are over, make checkpoints, delete what was replaced long ago.

        Waits for it for `MERGING` seconds; what takes longer goes on beside.
        """
        async with self._told():
            await self._housekeeping.keep_house(MERGING)

    async def _answer(self, answer: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
        """Give an answer from the files of samples there are now."""
        async with self._told():
            return await asyncio.to_thread(
                lambda: reading.holding_on(self._samples.files(), self._samples.files, answer)
            )

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """Tell what went wrong in the words of the contract."""
        try:
            yield
        except (OSError, DeltaError, pl.exceptions.ComputeError) as error:
            raise store_error(self.name, self._settings.folder, error) from error


def _check_disk(folder: Path) -> None:
    """Raise OSError where a write would fail."""
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, "not writable", str(folder))
    disk = os.statvfs(folder)
    if disk.f_bavail * disk.f_frsize < ROOM:
        raise OSError(errno.ENOSPC, "less than 64 MiB free", str(folder))
