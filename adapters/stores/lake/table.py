"""One Delta table of the lake: its files, and the commits that add and replace them.

    open ──► files                     as of the newest commit, of any process
         ──► append(rows, position)    files, then one commit that names them: durable when it returns
         ──► merge(files)              the same rows in fewer files; beside appends, of this process or another
         ──► tidy(keep)                checkpoint; delete what was replaced long ago

deltalake does not write through to the disk, and an edge machine may lose power at any time. So files are written here,
and synced before the commit that names them; the commit is synced before `append` returns. A commit that a power cut
has torn had not returned: `open` sets it aside. A checkpoint lets old commits be deleted, so it is made in `tidy` and
synced first.

A table may have more columns than this version of parkline knows, or fewer (`adapters.stores.lake.layout`). What is
missing is added before the first write, by a commit of the schema alone: no file is rewritten.

A drain's commit carries the position that it reaches, an application transaction named by its spool, so that it happens
once. A merge carries one too, so that two processes do not merge the same files.

All methods block, and any thread may call them. They raise OSError and DeltaError.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import date, timedelta
from typing import Final

import polars as pl
from deltalake import DeltaTable, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction

from adapters.stores.contract import Position
from adapters.stores.lake.columns import carried, missing, schema, verify
from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import DAY, Layout, latest
from adapters.stores.lake.log import (
    NO_HOOKS,
    Held,
    addition,
    commit,
    removal,
    set_torn_commit_aside,
    try_out,
)
from adapters.stores.lake.merging import at_once, files_of, ranges, rows_of_file, within
from adapters.stores.lake.parts import Merge, listed, new_path

MERGES: Final = "parkline-merge"
"""Application whose transactions count the merges."""

CHECKPOINT_AFTER: Final = 100
"""Commits after which `tidy` makes a checkpoint."""

CLEAN_EVERY: Final = 3600.0
"""Seconds between two looks of `tidy` for files to delete."""

ADDING: Final = 5
"""How often it is tried to add columns while other processes commit."""

_PROPERTIES: Final = {
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 2 days",  # longer than replaced files are kept at most
}


class NotOpenError(DeltaError):
    """The table is not open."""


class StoppedError(Exception):
    """A merge was told to stop; nothing is changed."""


class Table:
    """One table."""

    def __init__(self, folder: Folder, layout: Layout) -> None:
        self.folder = folder
        self.layout = layout
        self._delta: DeltaTable | None = None
        self._listed: tuple[int, pl.DataFrame] | None = None
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._committing = threading.Lock()
        self._checkpointed = 0
        self._cleaned = -CLEAN_EVERY

    def open(self) -> None:
        """Open it; make it where it is not there. Raises OtherTableError, OverwritingError."""
        with self._lock:
            try:
                self._delta = self._made()
            except DeltaError:
                if not set_torn_commit_aside(self.folder):
                    raise
                self._delta = self._made()
            verify(self._delta, self.layout)
            if self.folder.local is None:
                try_out(self.folder)

    def close(self) -> None:
        """Forget it."""
        with self._lock:
            self._delta = self._listed = None

    def files(self) -> pl.DataFrame:
        """Give the files of the newest commit, as `parts.listed` does."""
        with self._lock:
            delta = self._newest()
            version = delta.version()
            if self._listed is None or self._listed[0] != version:
                self._listed = version, listed(pl.DataFrame(delta.get_add_actions(flatten=True)), self.layout)
            return self._listed[1]

    def written(self, log: str) -> int | None:
        """Tell up to which position of the spool `log` its rows are here; None where it never wrote."""
        with self._lock:
            return self._newest().transaction_version(log)

    def append(self, rows_of: Callable[[int], pl.DataFrame], position: Position | None = None) -> int:
        """Add rows durably; do nothing where the rows up to `position` are here already.

        Args:
            rows_of: gives the rows, sorted, with their `DAY`, for the number that goes into their `written`.
            position: how far they reach in the spool they come from.

        Returns:
            How many files it made.
        """
        with self._writing:
            with self._lock:
                delta = self._complete()
                done = None if position is None else delta.transaction_version(position.log)
                version = delta.version()
            if position is not None and done is not None and done >= position.upto:
                return 0
            rows = rows_of(version + 1)
            if rows.is_empty():
                return 0
            reached = [] if position is None else [Transaction(position.log, position.upto)]
            added = self._add(_by_day(rows), self.layout.columns, level=0, new=True)
            self._commit(delta, added, reached)
            return len(added)

    def merge(self, merge: Merge, target: int, stop: threading.Event) -> None:
        """Replace files by sorted ones of about `target` bytes that hold of each key the row that counts.

        Raises:
            CommitFailedError: somebody else merged at the same time; nothing is changed.
            SchemaError: another program's file has a column of another type; nothing is changed.
            StoppedError: `stop` was set meanwhile; nothing is changed.
        """
        with self._lock:
            self._complete()
        own = self._load()  # not refreshed until the commit, which so conflicts with any merge after this
        number = (own.transaction_version(MERGES) or 0) + 1
        day = merge.parts[0].day
        columns = carried(own, self.layout)
        runs = ((day, run) for run in self._runs(merge, columns, target, stop))
        added = self._add(runs, columns, level=merge.level, new=False)
        removed = [removal(part.path, part.size, day) for part in merge.parts]
        self._commit(own, [*added, *removed], [Transaction(MERGES, number)])

    def tidy(self, keep: timedelta) -> None:
        """Make a checkpoint where one is due; delete files replaced more than `keep` ago, and those never committed."""
        with self._lock:
            delta = self._newest()
            version = delta.version()
            if version - self._checkpointed >= CHECKPOINT_AFTER:
                delta.create_checkpoint()
                self.folder.sync(f"_delta_log/{version:020d}.checkpoint.parquet")
                self.folder.sync("_delta_log/_last_checkpoint")
                delta.cleanup_metadata()
                self._checkpointed = version
            if time.monotonic() - self._cleaned < CLEAN_EVERY:
                return
            self._cleaned = time.monotonic()
        own = self._load()
        hours = keep // timedelta(hours=1)
        if own.vacuum(hours, dry_run=True, enforce_retention_duration=False, full=True):
            own.vacuum(
                hours,
                dry_run=False,
                enforce_retention_duration=False,
                post_commithook_properties=NO_HOOKS,
                full=True,
            )

    def _made(self) -> DeltaTable:
        """Open the table, or make it; of two processes that make it at once the second opens it."""
        if self.folder.local is not None:
            self.folder.local.mkdir(parents=True, exist_ok=True)
        with suppress(TableNotFoundError):  # not `is_deltatable`, which holds up every thread until a storage answers
            return self._load()
        DeltaTable.create(
            self.folder.uri,
            schema(self.layout),
            mode="ignore",
            partition_by=[DAY],
            configuration=_PROPERTIES,
            storage_options=self.folder.options,
            raise_if_key_not_exists=False,
        )
        self.folder.sync(f"_delta_log/{0:020d}.json")
        return self._load()

    def _load(self) -> DeltaTable:
        return DeltaTable(self.folder.uri, storage_options=self.folder.options)

    def _newest(self) -> DeltaTable:
        """Give the table as of the newest commit."""
        if self._delta is None:
            msg = "is not open; enter its block first"
            raise NotOpenError(msg)
        try:
            self._delta.update_incremental()
        except DeltaError:  # the commits in between are no longer there: this process slept longer than they are kept
            self._delta = self._load()
        return self._delta

    def _complete(self) -> DeltaTable:
        """Give the table as of the newest commit, with every column of the layout; add those that it does not have."""
        delta = self._newest()
        for _ in range(ADDING):
            fields = missing(delta, self.layout)
            if not fields:
                return delta
            try:
                delta.alter.add_columns(fields, post_commithook_properties=NO_HOOKS)
                self.folder.sync(f"_delta_log/{delta.version():020d}.json")
            except CommitFailedError:  # another process added them
                self._delta = delta = self._load()
        msg = f"columns cannot be added to the table at {self.folder.uri}: others write all the time"
        raise CommitFailedError(msg)

    def _add(
        self, runs: Iterable[tuple[date, Iterator[pl.DataFrame]]], columns: pl.Schema, *, level: int, new: bool
    ) -> list[AddAction]:
        """Write files; give the entries that name them. Where one cannot be written, none stays."""
        added = []
        with ExitStack() as undo:
            for day, frames in runs:
                path, held = new_path(day, level), Held(self.layout)
                undo.callback(self.folder.remove, path)
                size = self.folder.write(path, held.noting(frames), columns)
                added.append(addition(path, size, day, held, new=new))
            undo.pop_all()
        return added

    def _commit(
        self, delta: DeltaTable, actions: Sequence[AddAction | RemoveAction], transactions: list[Transaction]
    ) -> None:
        """Commit as of `delta`, durably; give it no way to lose against others who only add."""
        before = delta.version()
        with self._committing:
            commit(delta, actions, transactions)
        with self._lock:
            after = self._newest().version()  # `delta` does not know what it has become
        for version in range(before + 1, after + 1):
            self.folder.sync(f"_delta_log/{version:020d}.json")

    def _runs(
        self, merge: Merge, columns: pl.Schema, target: int, stop: threading.Event
    ) -> Iterator[Iterator[pl.DataFrame]]:
        """Give for each file the rows that go into it: sorted, of each key the one that counts, in frames."""
        rows = self.folder.scan([part.path for part in merge.parts], columns)

        def sorted_rows(wanted: Iterable[pl.LazyFrame]) -> Iterator[pl.DataFrame]:
            for some in wanted:
                if stop.is_set():
                    raise StoppedError
                yield latest(some.collect(), self.layout)

        if merge.rows <= at_once(merge, target):
            yield sorted_rows([rows])
            return
        for together in files_of(ranges(rows, self.layout, at_once(merge, target)), rows_of_file(merge, target)):
            yield sorted_rows(rows.filter(within(part, self.layout)) for part in together)


def _by_day(rows: pl.DataFrame) -> Iterator[tuple[date, Iterator[pl.DataFrame]]]:
    days = rows[DAY]
    if days.min() == days.max():  # as nearly always; grouping would copy the rows
        yield days[0], iter([rows.drop(DAY)])
        return
    for (day,), of_day in rows.group_by(DAY, maintain_order=True):
        yield day, iter([of_day.drop(DAY)])
