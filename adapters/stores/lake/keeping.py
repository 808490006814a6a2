"""Housekeeping of a lake: it goes on beside the writes, in one thread, and no writer or reader waits for it.

    note(files) ──► enough small files? ──► merge ─┐
    keep_house ──► merge, seal, tidy ──────────────┴─► the next question, until nothing is due

A merge takes seconds, the sealing of a large day a minute or more. Writers go on meanwhile, and are held up only when
merging has fallen far behind them (`BEHIND`): so the number of files stays bounded at any load.
"""

import asyncio
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import polars as pl
import structlog
from deltalake.exceptions import CommitFailedError

from adapters.stores.lake import parts
from adapters.stores.lake.parts import SEALED, Merge
from adapters.stores.lake.settings import LakeSettings
from adapters.stores.lake.table import StoppedError, Table

BEHIND: Final = 8
"""Writes wait while `compact_after` times as many files as this are not looked at yet."""

CLOSING: Final = 4.0
"""Seconds in which a merge under way must have stopped when the store is closed."""

_log = structlog.get_logger(__name__)


class Housekeeping:
    """Of some tables. Used in one event loop."""

    def __init__(self, tables: Sequence[Table], settings: LakeSettings) -> None:
        self._tables = tables
        self._settings = settings
        self._stop = threading.Event()
        self._task: asyncio.Task[None] | None = None
        self._loose = 0
        self._asked = False
        self._unreadable: set[str] = set()

    def note(self, files: int) -> None:
        """Take note of small files that were added; merge when they are enough."""
        self._loose += files
        if self._loose >= self._settings.compact_after and not self._under_way():
            self._begin()

    async def caught_up(self) -> None:
        """Wait while merging is far behind writing."""
        while self._loose >= BEHIND * self._settings.compact_after and self._task is not None and self._under_way():
            await asyncio.wait({self._task}, return_when=asyncio.FIRST_COMPLETED)

    async def keep_house(self, patience: float) -> None:
        """Do all that is due, and wait for it for so many seconds at most; it goes on after that.

        Raises:
            OSError, DeltaError, ComputeError: it failed, now or since the last call.
        """
        self._asked = True
        if not self._under_way():
            await self._failed()
            self._begin()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=patience)
        if not self._under_way():
            await self._failed()

    async def stop(self) -> None:
        """Stop what is under way; it changes nothing any more."""
        self._stop.set()
        if self._task is not None:
            await asyncio.wait({self._task}, timeout=CLOSING)

    def open(self) -> None:
        """Be ready to begin."""
        self._stop = threading.Event()
        self._task = None
        self._loose = 0
        self._asked = False

    def _under_way(self) -> bool:
        return self._task is not None and not self._task.done()

    async def _failed(self) -> None:
        """Raise what the last task failed with, once."""
        task, self._task = self._task, None
        if task is not None:
            await task

    def _begin(self) -> None:
        self._task = asyncio.create_task(self._work(), name="lake housekeeping")

    async def _work(self) -> None:
        while (self._asked or self._loose >= self._settings.compact_after) and not self._stop.is_set():
            asked, self._asked, self._loose = self._asked, False, 0
            await asyncio.to_thread(self._round, everything=asked)

    def _round(self, *, everything: bool) -> None:
        """Do the merges that are due now; where all is asked for, seal and tidy besides."""
        for table in self._tables:
            for merge in self._due(table, everything=everything):
                if self._stop.is_set():
                    return
                self._merge(table, merge)
            if everything and not self._stop.is_set():
                table.tidy(self._settings.keep_replaced)

    def _due(self, table: Table, *, everything: bool) -> list[Merge]:
        files = table.files().filter(pl.col("path").is_in(list(self._unreadable)).not_())
        settings = self._settings
        due = parts.due(files, datetime.now(UTC), compact_after=settings.compact_after, target=settings.target)
        return sorted((merge for merge in due if everything or merge.level < SEALED), key=lambda merge: merge.rows)

    def _merge(self, table: Table, merge: Merge) -> None:
        try:
            table.merge(merge, self._settings.target, self._stop)
        except (CommitFailedError, StoppedError):
            return  # another process is at it, or it is for the next time
        except (pl.exceptions.SchemaError, pl.exceptions.InvalidOperationError) as error:
            self._unreadable.update(part.path for part in merge.parts)
            _log.error("files not merged", table=table.folder.uri, files=len(merge.parts), reason=str(error))
