"""The log of a Delta table: what an entry says of a file, how entries are committed, and what may be wrong with it."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any, Final

import polars as pl
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Transaction
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction

from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import DAY, Layout

NO_HOOKS: Final = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
"""After a commit nothing is tidied: a commit must be quick."""

TRIED: Final = "parkline-tried-out"
"""Application whose transaction tells that `try_out` was passed."""

TRIES: Final = ("parkline-try-1", "parkline-try-2")
"""Applications whose transactions are committed at one time."""

ROUNDS: Final = 3
"""How often two commits are made at one time."""

_passed: set[tuple[str, str]] = set()
"""Storages that this process has tried out: endpoint and bucket."""


class OverwritingError(DeltaError):
    """The object storage does not tell two writers of one object apart."""


class Held:
    """What the log keeps of a file: how many rows it has, and the least and greatest values of some columns."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._rows = 0
        self._ranges: dict[str, tuple[Any, Any]] = {}

    def noting(self, frames: Iterable[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """Pass on the frames of a file, sorted by the key, and take note of what they hold."""
        for rows in frames:
            if rows.is_empty():
                continue
            self._rows += rows.height
            for column in self._layout.ranges:
                values = rows[column]
                if column == self._layout.key[0]:
                    values = values.gather([0, -1])  # sorted; comparing all the names would take long
                least, greatest = values.min(), values.max()
                if column in self._ranges:
                    before = self._ranges[column]
                    least, greatest = min(least, before[0]), max(greatest, before[1])
                self._ranges[column] = least, greatest
            yield rows

    def text(self) -> str:
        """Give it as Delta Lake's protocol writes it."""
        return json.dumps(
            {
                "numRecords": self._rows,
                "minValues": {column: least for column, (least, _) in self._ranges.items()},
                "maxValues": {column: greatest for column, (_, greatest) in self._ranges.items()},
                "nullCount": dict.fromkeys(self._ranges, 0),
            }
        )


def addition(path: str, size: int, day: date, held: Held, *, new: bool) -> AddAction:
    """Give the entry that names a file; `new` unless its rows were there before."""
    return AddAction(path, size, _in(day), _milliseconds(), new, held.text())


def removal(path: str, size: int, day: date) -> RemoveAction:
    """Give the entry that drops a file whose rows are in others now."""
    return RemoveAction(
        path, data_change=False, deletion_timestamp=_milliseconds(), size=size, partition_values=_in(day)
    )


def commit(delta: DeltaTable, actions: Sequence[AddAction | RemoveAction], transactions: Sequence[Transaction]) -> None:
    """Commit entries as of `delta`. Raises CommitFailedError where another commit says otherwise."""
    delta.create_write_transaction(
        list(actions),
        "append",
        delta.schema(),
        [DAY],
        commit_properties=CommitProperties(app_transactions=list(transactions)),
        post_commithook_properties=NO_HOOKS,
    )


def try_out(folder: Folder) -> None:
    """See once that an object storage keeps both of two commits at one time: some let the later overwrite the earlier.

    Raises:
        OverwritingError: it did.
    """
    storage = (folder.options.get("AWS_ENDPOINT_URL", ""), "/".join(folder.uri.split("/")[:3]))
    if storage in _passed or _load(folder).transaction_version(TRIED):
        return
    for _ in range(ROUNDS):
        number = time.time_ns()
        both = [(_load(folder), Transaction(name, number)) for name in TRIES]
        with ThreadPoolExecutor(len(both)) as writers:
            list(writers.map(lambda one: commit(one[0], [], [one[1]]), both))
        kept = _load(folder)
        if any(kept.transaction_version(name) != number for name in TRIES):
            msg = f"two writers at {folder.uri} overwrite each other: the storage does not heed If-None-Match"
            raise OverwritingError(msg)
    commit(_load(folder), [], [Transaction(TRIED, 1)])
    _passed.add(storage)


def set_torn_commit_aside(folder: Folder) -> bool:
    """Rename the newest commit where it is not whole; tell whether it was so."""
    if folder.local is None:
        return False
    commits = sorted((folder.local / "_delta_log").glob("[0-9]*.json"))
    if not commits:
        return False
    try:
        for line in commits[-1].read_text("utf-8").splitlines():
            json.loads(line)
    except (UnicodeDecodeError, json.JSONDecodeError):
        commits[-1].rename(commits[-1].with_suffix(".torn"))
        return True
    return False


def _load(folder: Folder) -> DeltaTable:
    return DeltaTable(folder.uri, storage_options=folder.options)


def _in(day: date) -> dict[str, str | None]:
    return {DAY: day.isoformat()}


def _milliseconds() -> int:
    return time.time_ns() // 1_000_000
