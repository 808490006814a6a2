"""One Delta table of the lake: its files, and the commits that add and replace them.

    open ──► files                     as of the newest commit, of any process
         ──► append(rows, position)    files, then one commit that names them: durable when it returns
         ──► merge(files)              the same rows in fewer files
         ──► tidy(keep)                checkpoint; delete what was replaced long ago

deltalake does not write through to the disk, and an edge machine may lose power at any time. So files are written here,
and synced before the commit that names them; the commit is synced before `append` returns. A commit that a power cut
has torn had not returned: `open` sets it aside. A checkpoint lets old commits be deleted, so it is made in `tidy` and
synced first.

A drain's commit carries the position that it reaches, an application transaction named by its spool, so that it happens
once. A merge carries one too, so that two processes do not merge the same files.

All methods block, and any thread may call them. They raise OSError and DeltaError.
"""

import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from typing import Final

import polars as pl
from deltalake import CommitProperties, DeltaTable, Field, PostCommitHookProperties, Schema, Transaction
from deltalake.exceptions import DeltaError
from deltalake.schema import PrimitiveType
from deltalake.transaction import AddAction, RemoveAction

from adapters.stores.contract import Position
from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import DAY, Layout, latest
from adapters.stores.lake.parts import Merge, listed, new_path

MERGES: Final = "parkline-merge"
"""Application whose transactions count the merges."""

CHECKPOINT_AFTER: Final = 100
"""Commits after which `tidy` makes a checkpoint."""

CLEAN_EVERY: Final = 3600.0
"""Seconds between two looks of `tidy` for files to delete."""

MERGED_AT_ONCE: Final = 4_000_000
"""Rows that a merge holds in memory, about; more are merged by groups of names."""

_DELTA_TYPES: Final[Mapping[pl.DataType, str]] = {
    pl.String(): "string",
    pl.Int64(): "long",
    pl.Float64(): "double",
    pl.Boolean(): "boolean",
    pl.Datetime("us", "UTC"): "timestamp",
}
_PROPERTIES: Final = {
    "delta.logRetentionDuration": "interval 1 days",
    "delta.deletedFileRetentionDuration": "interval 2 days",  # longer than replaced files are kept at most
}
_NO_HOOKS: Final = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)


class OtherTableError(DeltaError):
    """There is a table in the folder, but not one of ours."""


class NotOpenError(DeltaError):
    """The table is not open."""


class Table:
    """One table."""

    def __init__(self, folder: Folder, layout: Layout) -> None:
        self.folder = folder
        self.layout = layout
        self._schema = _schema(layout)
        self._delta: DeltaTable | None = None
        self._lock = threading.RLock()
        self._writing = threading.Lock()
        self._checkpointed = 0
        self._cleaned = -CLEAN_EVERY

    def open(self) -> None:
        """Open it; make it where it is not there. Raises OtherTableError."""
        with self._lock:
            try:
                self._delta = self._made()
            except DeltaError:
                if not self._set_torn_commit_aside():
                    raise
                self._delta = self._made()
            found = {field.name: field.type for field in self._delta.schema().fields}
            if found != {field.name: field.type for field in self._schema.fields}:
                msg = f"the table at {self.folder.uri} has columns {', '.join(found)}, which parkline did not make"
                raise OtherTableError(msg)

    def close(self) -> None:
        """Forget it."""
        with self._lock:
            self._delta = None

    def files(self) -> pl.DataFrame:
        """Give the files of the newest commit, as `parts.listed` does."""
        with self._lock:
            return listed(pl.DataFrame(self._newest().get_add_actions(flatten=True)), self.layout)

    def written(self, log: str) -> int | None:
        """Tell up to which position of the spool `log` its rows are here; None where it never wrote."""
        with self._lock:
            return self._newest().transaction_version(log)

    def append(self, rows_of: Callable[[int], pl.DataFrame], position: Position | None = None) -> None:
        """Add rows durably; do nothing where the rows up to `position` are here already.

        Args:
            rows_of: gives the rows, sorted, with their `DAY`, for the number that goes into their `written`.
            position: how far they reach in the spool they come from.
        """
        with self._writing:
            with self._lock:
                delta = self._newest()
                done = None if position is None else delta.transaction_version(position.log)
                version = delta.version()
            if position is not None and done is not None and done >= position.upto:
                return
            rows = rows_of(version + 1)
            if rows.height:
                by_day = ((day, of_day.drop(DAY)) for (day,), of_day in rows.group_by(DAY, maintain_order=True))
                reached = [] if position is None else [Transaction(position.log, position.upto)]
                self._commit(delta, self._add(by_day, level=0, new=True), reached)

    def merge(self, merge: Merge) -> None:
        """Replace files by sorted ones that hold of each key the row that counts.

        Raises:
            CommitFailedError: somebody else merged at the same time; nothing is changed.
        """
        own = self._load()  # not refreshed until the commit, which so conflicts with any merge after this
        number = (own.transaction_version(MERGES) or 0) + 1
        day = merge.parts[0].day
        added = self._add(((day, run) for run in self._runs(merge)), level=merge.level, new=False)
        now = _milliseconds()
        removed = [
            RemoveAction(
                part.path, data_change=False, deletion_timestamp=now, size=part.size, partition_values=_in(day)
            )
            for part in merge.parts
        ]
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
                post_commithook_properties=_NO_HOOKS,
                full=True,
            )

    def _made(self) -> DeltaTable:
        """Open the table, or make it; of two processes that make it at once the second opens it."""
        if self.folder.local is not None:
            self.folder.local.mkdir(parents=True, exist_ok=True)
        if not DeltaTable.is_deltatable(self.folder.uri, self.folder.options):
            DeltaTable.create(
                self.folder.uri,
                self._schema,
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

    def _add(self, runs: Iterable[tuple[date, pl.DataFrame]], *, level: int, new: bool) -> list[AddAction]:
        """Write files; give the entries that name them. Where one cannot be written, none stays."""
        added = []
        with ExitStack() as undo:
            for day, rows in runs:
                path = new_path(day, level)
                undo.callback(self.folder.remove, path)
                size = self.folder.write(path, rows.select(self.layout.columns.names()))
                added.append(AddAction(path, size, _in(day), _milliseconds(), new, self._ranges(rows)))
            undo.pop_all()
        return added

    def _commit(
        self, delta: DeltaTable, actions: Sequence[AddAction | RemoveAction], transactions: list[Transaction]
    ) -> None:
        """Commit as of `delta`, durably; give it no way to lose against others who only add."""
        before = delta.version()
        delta.create_write_transaction(
            list(actions),
            "append",
            self._schema,
            [DAY],
            commit_properties=CommitProperties(app_transactions=transactions),
            post_commithook_properties=_NO_HOOKS,
        )
        with self._lock:
            after = self._newest().version()
        for version in range(before + 1, after + 1):
            self.folder.sync(f"_delta_log/{version:020d}.json")

    def _runs(self, merge: Merge) -> Iterator[pl.DataFrame]:
        """Give the rows of files, sorted and of each key the one that counts, in frames that fit in memory."""
        rows = self.folder.scan([part.path for part in merge.parts], self.layout.columns)
        if sum(part.rows for part in merge.parts) <= MERGED_AT_ONCE:
            yield latest(rows, self.layout).collect()
            return
        name = self.layout.key[0]
        counts = rows.group_by(name).len().sort(name).collect()
        groups = counts.with_columns(group=pl.col("len").cum_sum() // MERGED_AT_ONCE)
        for names in groups.group_by("group", maintain_order=True).agg(name)[name]:
            named = pl.col(name).is_between(pl.lit(names[0]), pl.lit(names[-1]))
            yield latest(rows.filter(named), self.layout).collect()

    def _ranges(self, rows: pl.DataFrame) -> str:
        """Give what the log keeps of a file, as Delta Lake's protocol writes it."""
        return json.dumps(
            {
                "numRecords": rows.height,
                "minValues": {column: rows[column].min() for column in self.layout.ranges},
                "maxValues": {column: rows[column].max() for column in self.layout.ranges},
                "nullCount": dict.fromkeys(self.layout.ranges, 0),
            }
        )

    def _set_torn_commit_aside(self) -> bool:
        """Rename the newest commit where it is not whole; tell whether it was so."""
        if self.folder.local is None:
            return False
        commits = sorted((self.folder.local / "_delta_log").glob("[0-9]*.json"))
        if not commits:
            return False
        try:
            for line in commits[-1].read_text("utf-8").splitlines():
                json.loads(line)
        except (UnicodeDecodeError, json.JSONDecodeError):
            commits[-1].rename(commits[-1].with_suffix(".torn"))
            return True
        return False


def _schema(layout: Layout) -> Schema:
    fields = [Field(name, PrimitiveType(_DELTA_TYPES[kind])) for name, kind in layout.columns.items()]
    return Schema([*fields, Field(DAY, PrimitiveType("date"))])


def _in(day: date) -> dict[str, str | None]:
    return {DAY: day.isoformat()}


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
