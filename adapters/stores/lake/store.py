"""A Delta lake as a store: one table of samples and one of results, in a folder or on object storage.

What blocks runs in threads. Readers see what was committed when they asked, and go on seeing it while it is merged.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import polars as pl
from deltalake.exceptions import CommitFailedError, DeltaError

from adapters.sample import no_refusals, no_samples
from adapters.stores.contract import Position
from adapters.stores.lake import layout, parts
from adapters.stores.lake.faults import store_error
from adapters.stores.lake.files import Folder
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import Table

MERGING: Final = 5.0
"""Seconds after which `maintain` begins no further merge; the drain waits for it."""

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
        self._tidying = asyncio.Lock()

    @property
    def name(self) -> str:
        """`lake` and its folder or address."""
        return f"lake {self._settings.folder}"

    async def __aenter__(self) -> Self:
        """Open both tables, make those that are missing. Raises StoreUnavailableError, StoreRefusedError."""
        async with self._told():
            for table in (self._samples, self._results):
                await asyncio.to_thread(table.open)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Forget the tables; there is nothing to close."""
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
        async with self._told():
            await asyncio.to_thread(
                self._samples.append, lambda written: layout.sample_rows(samples, written), position
            )
        return no_refusals()

    async def samples(self, signals: Collection[str], start: datetime, end: datetime) -> pl.LazyFrame:
        """Give samples with start <= time < end, by signal and time, as of now; they are read when collected.

        Collect within `keep_replaced`, the time that files are kept after they were merged.
        """
        least, greatest = layout.instant(start), layout.instant(end)
        async with self._told():
            files = parts.holding(await asyncio.to_thread(self._samples.files), signals, least, greatest)
        if files.is_empty():
            return no_samples().lazy()
        rows = self._rows(self._samples, files).filter(layout.wanted_samples(signals, least, greatest))
        return layout.samples_of(rows)

    async def last(self, signals: Collection[str], before: datetime) -> pl.DataFrame:
        """Give each signal's last sample with time < before."""
        async with self._told():
            return await asyncio.to_thread(self._last, set(signals), layout.instant(before))

    async def count(self, start: datetime, end: datetime) -> int:
        """Tell how many rows have start <= time < end; a sample that was written twice may count twice until merged."""
        least, greatest = layout.instant(start), layout.instant(end)
        async with self._told():
            files = parts.touching(await asyncio.to_thread(self._samples.files), least, greatest)
            time = pl.col("time_ns").is_between(least, greatest, closed="left")
            rows = self._rows(self._samples, files).select(time.sum().alias("rows"))
            return int((await asyncio.to_thread(rows.collect)).item())

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
                wanted &= pl.col(column).is_in(list(names))
        days = pl.col("day").is_between(start.astimezone(UTC).date(), end.astimezone(UTC).date())
        async with self._told():
            files = (await asyncio.to_thread(self._results.files)).filter(days)
            rows = self._rows(self._results, files).filter(wanted)
            return await asyncio.to_thread(layout.results_of(rows).collect)

    async def maintain(self) -> None:
        """Merge small files, seal days that are over, make checkpoints, delete what was replaced long ago.

        Begins no further merge after `MERGING` seconds: the rest is for the next time. Does nothing where it is at it
        already.
        """
        if self._tidying.locked():
            return
        clock = asyncio.get_running_loop().time
        until = clock() + MERGING
        async with self._tidying, self._told():
            for table in (self._samples, self._results):
                files = await asyncio.to_thread(table.files)
                due = parts.due(
                    files,
                    datetime.now(UTC),
                    compact_after=self._settings.compact_after,
                    target=self._settings.target,
                )
                for merge in due:
                    with suppress(CommitFailedError):  # another process is at it
                        await asyncio.to_thread(table.merge, merge)
                    if clock() > until:
                        break
                await asyncio.to_thread(table.tidy, self._settings.keep_replaced)

    def _rows(self, table: Table, files: pl.DataFrame) -> pl.LazyFrame:
        return table.folder.scan(files["path"].to_list(), table.layout.columns)

    def _last(self, signals: set[str], before: int) -> pl.DataFrame:
        """Look for the last samples day by day, backwards, until each signal has one."""
        missing, found = set(signals), [no_samples()]
        earliest = layout.instant(datetime.min.replace(tzinfo=UTC))
        files = parts.holding(self._samples.files(), signals, earliest, before)
        for of_days in parts.back_in_time(files):
            some = parts.holding(of_days, missing, earliest, before)
            if some.height:
                wanted = self._rows(self._samples, some).filter(layout.wanted_samples(missing, earliest, before))
                found.append(layout.samples_of(layout.last_before(wanted)).collect())
                missing -= set(found[-1]["signal"])
            if not missing:
                break
        return pl.concat(found).sort("signal")

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
