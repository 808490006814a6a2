"""The one thread of a process that writes to its spool: what waits together shares one fsync.

    put(job) ─► encoded at once, beside ─► queue ─► gather ─► cursors and dropping, one transaction
                                                          └─► appends, one transaction ─► futures

A commit of appends begins at least `linger` after the one before: a lone batch is not held up, and a flood is
committed in groups, of `GROUP_ROWS` samples or `GROUP_BYTES` at most. All that came while one commit was under way goes
into the next. Batches are encoded by two threads as they come, so that this fills the time of lingering and of syncing:
a commit does not wait for a batch that is still being encoded when it has others.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from collector.spool.contract import SpoolError
from collector.spool.entry import Encoded, encode
from collector.spool.file import Bounds, SpoolFile

GROUP_ROWS: Final = 500_000
"""Samples in one commit, after which it waits for no more."""

GROUP_BYTES: Final = 16 * 2**20
"""Bytes in one commit, after which it waits for no more."""

ENCODERS: Final = 2
"""Threads that encode."""

TICK: Final = 1.0
"""Seconds after which an idle writer looks for entries that are old enough to be dropped."""

TENDED: Final = 10.0
"""Seconds between two times that it does what is due without being asked."""


@dataclass(frozen=True, slots=True)
class Append:
    """A batch to make durable; `done` gives its position."""

    samples: pl.DataFrame
    source: str
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
        bounds: Bounds,
        linger: float,
        keep: float,
        required: Collection[str],
        appended: Callable[[], object],
    ) -> None:
        super().__init__(name="spool writer", daemon=True)
        self._file = file
        self._bounds = bounds
        self._linger = linger
        self._keep = int(keep * 1e6)
        self._required = required
        self._appended = appended
        self._loop = asyncio.get_running_loop()
        self._encoders = ThreadPoolExecutor(ENCODERS, "spool encoder")
        self._jobs: queue.SimpleQueue[tuple[Append, Future[Encoded]] | Commit | None] = queue.SimpleQueue()
        self._next_one: tuple[Append, Future[Encoded]] | None = None
        self._closing = False
        self._tends = False
        self._last = -1.0
        self._tended = time.monotonic()

    def put(self, job: Append | Commit) -> None:
        """Queue a job, from the loop."""
        if isinstance(job, Append):
            # Polars holds a frame's lock while it writes to a Python file, which needs the GIL: a caller that looks at
            # the same frame meanwhile would hold the one and wait for the other. A clone has a lock of its own.
            self._jobs.put((job, self._encoders.submit(encode, job.samples.clone(), job.source)))
        else:
            self._jobs.put(job)

    def close(self) -> None:
        """Let it finish the jobs that are queued, and end; blocks until it has."""
        self._jobs.put(None)
        self.join()
        self._encoders.shutdown()

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
            if self._tends and time.monotonic() - self._tended > TENDED:
                self._tend()

    def _gather(self, patience: float) -> tuple[list[tuple[Append, Encoded]], list[Commit]]:
        """Take the jobs of one commit: those that are there and encoded, and those that come while it lingers."""
        appends: list[tuple[Append, Encoded]] = []
        commits: list[Commit] = []
        job = self._next(patience)
        until = self._last + self._linger if isinstance(job, tuple) else 0.0
        rows = size = 0
        while job is not None:
            if isinstance(job, tuple):
                if appends and not wait([job[1]], max(until - time.monotonic(), 0)).done:
                    self._next_one = job
                    break
                if (encoded := self._encoded(*job)) is not None:
                    appends.append((job[0], encoded))
                    rows, size = rows + encoded.rows, size + len(encoded.body)
            else:
                commits.append(job)
            full = rows >= GROUP_ROWS or size >= GROUP_BYTES
            job = None if full else self._next(until - time.monotonic())
        return appends, commits

    def _encoded(self, job: Append, encoding: Future[Encoded]) -> Encoded | None:
        # Also a panic of Polars, which is no Exception.
        if (error := encoding.exception()) is None:
            return encoding.result()
        self._tell([(job.done, SpoolError(f"{job.samples.height} samples cannot be encoded ({error!r})"))])
        return None

    def _next(self, patience: float) -> tuple[Append, Future[Encoded]] | Commit | None:
        """Take a job; None when none came for `patience` seconds, and when it is to close."""
        if (waiting := self._next_one) is not None:
            self._next_one = None
            return waiting
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
            more = self._file.advance(cursors, keep=self._keep)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of a defect, too
            self._tell([(commit.done, _told(error)) for commit in commits])
            return False
        self._tell([(commit.done, None) for commit in commits])
        return more

    def _append(self, appends: list[tuple[Append, Encoded]]) -> None:
        self._last = time.monotonic()
        results: Sequence[int | SpoolError]
        try:
            results = self._file.append([encoded for _, encoded in appends], self._bounds)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of a defect, too
            results = [_told(error)] * len(appends)
        self._tell([(append.done, result) for (append, _), result in zip(appends, results, strict=True)])
        self._loop.call_soon_threadsafe(self._appended)

    def _tend(self) -> None:
        self._tended = time.monotonic()
        try:
            self._file.tend()
        except SpoolError:
            return  # the next append or commit tells it to somebody

    def _tell(self, results: list[tuple[asyncio.Future[Any], object]]) -> None:
        self._loop.call_soon_threadsafe(_resolve, results)


def _told(error: Exception) -> SpoolError:
    return error if isinstance(error, SpoolError) else SpoolError(f"defect of the spool: {error!r}; report it")


def _resolve(results: list[tuple[asyncio.Future[Any], object]]) -> None:
    for done, result in results:
        if done.done():  # whoever waited has been cancelled
            continue
        if isinstance(result, SpoolError):
            done.set_exception(result)
        else:
            done.set_result(result)
