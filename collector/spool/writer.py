"""The one thread of a process that writes to its spool: what waits together shares one fsync.

    put(job) ─► queue ─► gather ─► cursors and dropping, one transaction ─► appends, one transaction ─► futures

A commit of appends begins at least `linger` after the one before: a lone batch is not held up, and a flood is
committed in groups. All that came while one commit was under way goes into the next. Batches are encoded as they
come, so that this fills the time of lingering.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from collector.spool.contract import SpoolError
from collector.spool.entry import encode
from collector.spool.file import Blob, SpoolFile

GROUP: Final = 64 * 2**20
"""Bytes in one commit, after which it waits for no more."""

TICK: Final = 1.0
"""Seconds after which an idle writer looks for entries that are old enough to be dropped."""


@dataclass(frozen=True, slots=True)
class Append:
    """A batch to make durable; `done` gives its position."""

    samples: pl.DataFrame
    done: asyncio.Future[int]


@dataclass(frozen=True, slots=True)
class Commit:
    """A consumer's new position; `done` comes when it is on disk."""

    consumer: str
    position: int
    done: asyncio.Future[None]


class Writer(threading.Thread):
    """Does jobs until it is closed; tells their futures in the loop they belong to."""

    def __init__(
        self,
        file: SpoolFile,
        *,
        limit: int,
        linger: float,
        keep: float,
        required: Collection[str],
        appended: Callable[[], object],
    ) -> None:
        super().__init__(name="spool writer", daemon=True)
        self._file = file
        self._limit = limit
        self._linger = linger
        self._keep = keep
        self._required = required
        self._appended = appended
        self._loop = asyncio.get_running_loop()
        self._jobs: queue.SimpleQueue[Append | Commit | None] = queue.SimpleQueue()
        self._closing = False
        self._tends = False
        self._last = -1.0

    def put(self, job: Append | Commit) -> None:
        """Queue a job, from the loop."""
        self._jobs.put(job)

    def close(self) -> None:
        """Let it finish the jobs that are queued, and end; blocks until it has."""
        self._jobs.put(None)
        self.join()

    def run(self) -> None:
        """Work until closed."""
        more = False
        while not self._closing:
            appends, commits = self._gather(patience=0.0 if more else TICK)
            # The process that feeds the required consumers is the one that drops.
            self._tends = self._tends or any(commit.consumer in self._required for commit in commits)
            if commits or self._tends:
                more = self._advance(commits)
            if appends:
                self._append(appends)

    def _gather(self, patience: float) -> tuple[list[tuple[Append, Blob]], list[Commit]]:
        """Take the jobs of one commit: those that are there, and those that come while it lingers."""
        appends: list[tuple[Append, Blob]] = []
        commits: list[Commit] = []
        job = self._next(patience)
        until = self._last + self._linger if isinstance(job, Append) else 0.0
        size = 0
        while job is not None:
            if isinstance(job, Append):
                if (blob := self._encoded(job)) is not None:
                    appends.append((job, blob))
                    size += len(blob.body)
            else:
                commits.append(job)
            job = self._next(until - time.monotonic()) if size < GROUP else None
        return appends, commits

    def _encoded(self, job: Append) -> Blob | None:
        try:
            return Blob(job.samples.height, encode(job.samples))
        except (pl.exceptions.PolarsError, MemoryError) as error:
            self._tell([(job.done, SpoolError(f"{job.samples.height} samples cannot be encoded ({error!r})"))])
            return None

    def _next(self, patience: float) -> Append | Commit | None:
        """Take a job; None when none came for `patience` seconds, and when it is to close."""
        if self._closing:
            return None
        try:
            job = self._jobs.get(timeout=patience) if patience > 0 else self._jobs.get_nowait()
        except queue.Empty:
            return None
        self._closing = job is None
        return job

    def _advance(self, commits: list[Commit]) -> bool:
        cursors: dict[str, int] = {}
        for commit in commits:
            cursors[commit.consumer] = max(commit.position, cursors.get(commit.consumer, 0))
        try:
            before = time.time_ns() // 1000 - int(self._keep * 1e6)
            more = self._file.advance(cursors, required=self._required, before=before)
        except SpoolError as error:
            self._tell([(commit.done, error) for commit in commits])
            return False
        self._tell([(commit.done, None) for commit in commits])
        return more

    def _append(self, appends: list[tuple[Append, Blob]]) -> None:
        self._last = time.monotonic()
        results: Sequence[int | SpoolError]
        try:
            results = self._file.append([blob for _, blob in appends], now=time.time_ns() // 1000, limit=self._limit)
        except SpoolError as error:
            results = [error] * len(appends)
        self._tell([(append.done, result) for (append, _), result in zip(appends, results, strict=True)])
        self._loop.call_soon_threadsafe(self._appended)

    def _tell(self, results: list[tuple[asyncio.Future[Any], object]]) -> None:
        self._loop.call_soon_threadsafe(_resolve, results)


def _resolve(results: list[tuple[asyncio.Future[Any], object]]) -> None:
    for done, result in results:
        if done.done():  # whoever waited has been cancelled
            continue
        if isinstance(result, SpoolError):
            done.set_exception(result)
        else:
            done.set_result(result)
