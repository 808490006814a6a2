"""Makes the exports that wait, one of each caller at a time.

    queued ──► whose it is may still see it ──► piece after piece into a file ──► done
                   │ no: failed                     │ again, every second
                   ▼                                ▼
                 failed ◄── a bound, the disk, the store for long, a key that was revoked

It runs beside the API's server, in its loop; what takes long is done in threads. One process makes the exports of a
folder: when it starts, it begins those once more that another has left half made, and deletes what is no file of any.
A caller who holds keys must hold one that is valid, has the scope `export` and opens all factories that the rows are
of. Of the holder of a token nobody can know that before they come to download: then everybody is looked at again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import CancelledError, Future
from datetime import datetime
from functools import partial
from typing import Final, Self

import polars as pl
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection

from adapters.stores.contract import StoreError
from api.auth import read_keys
from api.callers import Caller
from api.errors import ProblemError
from api.exportfiles import Bounds, TooLargeError, Written, file_of, sweep, write
from api.exportlog import (
    Export,
    begin_next,
    expire_exports,
    fail_export,
    finish_export,
    kept_bytes,
    note_progress,
    put_back,
    wanted_files,
)
from api.exportrows import COLUMNS, Piece, pieces
from api.parts import Parts
from api.roles import Scope
from api.views.exports import ExportRequest
from collector.records import RecordsError

LOOKING_S: Final = 1.0
"""Seconds between two looks for exports that wait, and between two notes of how far one has come."""

TIDYING_S: Final = 60.0
"""Seconds between two looks for files whose time is over."""

FINISHING_S: Final = 3.0
"""Seconds in which a piece that is under way may end when the process does."""

_KEY: Final = "key:"

_log = structlog.get_logger()


class UnwantedError(Exception):
    """Nobody wants the export any more, or nobody may: the text says why; empty: it was deleted."""


class StoppingError(Exception):
    """The process ends; the export is for the next one."""


class Exporter:
    """Makes exports."""

    def __init__(self, parts: Parts) -> None:
        """Prepare.

        Args:
            parts: of the whole park.
        """
        self._parts = parts
        self._settings = parts.settings.exports
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Make exports until `stop` is set; what is under way then is left for the next start."""
        async with asyncio.TaskGroup() as group:
            ready = asyncio.Event()
            work = [self._tidying(stop, ready), *(self._working(stop, ready) for _ in range(self._settings.at_once))]
            tasks = [group.create_task(one, name=f"exports {number}") for number, one in enumerate(work)]
            await stop.wait()
            self._stopping = True
            await asyncio.wait(tasks, timeout=FINISHING_S)
            for task in tasks:
                task.cancel()

    async def begin(self) -> None:
        """Have begun once more what was left half made; raises RecordsError."""
        await self._parts.records().run(put_back)

    async def tidy(self) -> None:
        """Delete files whose time is over, and what is no file of any export; raises RecordsError, OSError."""
        now = self._parts.now()

        def expire(connection: Connection) -> set[str]:
            expire_exports(connection, now=now)
            return wanted_files(connection)

        wanted = await self._parts.records().run(expire)
        gone = await asyncio.to_thread(sweep, self._settings.folder, wanted)
        if gone:
            _log.info("exports deleted", files=len(gone))

    async def work(self) -> None:
        """Make one after the other what waits; return when nothing does. Raises RecordsError."""
        while not self._stopping:
            now = self._parts.now()
            export = await self._parts.records().run(lambda connection: begin_next(connection, now=now))  # noqa: B023 - run at once
            if export is None:
                return
            await self._make(export)

    async def _working(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        await ready.wait()
        while not stop.is_set():
            try:
                await self.work()
            except RecordsError as error:
                _log.warning("exports wait", reason=str(error))
            await _set_within(stop, LOOKING_S)

    async def _tidying(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                if not ready.is_set():
                    await self.begin()
                await self.tidy()
            except (RecordsError, OSError) as error:
                _log.warning("exports cannot be looked after", reason=str(error))
                await _set_within(stop, LOOKING_S)
                continue
            ready.set()
            await _set_within(stop, TIDYING_S)
        ready.set()

    async def _make(self, export: Export) -> None:
        """Make one export, whatever comes of it; raises RecordsError."""
        begun = time.monotonic()
        try:
            await self._made(export)
        except StoppingError:
            await self._parts.records().run(lambda connection: put_back(connection, export.id))
            return
        except UnwantedError as error:
            reason = str(error)
        except (TooLargeError, StoreError) as error:
            reason = str(error)
        except ProblemError as error:
            reason = f"{error.detail}; ask for another export"
        except ValidationError:
            reason = "it was asked for by another version of parkline; ask for another export"
        except (OSError, pl.exceptions.PolarsError) as error:
            reason = f"its file cannot be written ({_said(error)}); an administrator must look at the disk of the API"
        except Exception:  # noqa: BLE001 - one export must not end the API
            _log.exception("export failed", export=export.id)
            reason = "an error that parkline did not foresee; the log of the API holds it"
        else:
            _log.info("export made", export=export.id, seconds=round(time.monotonic() - begun, 1))
            return
        _log.warning("export not made", export=export.id, reason=reason or "deleted")
        now = self._parts.now()
        await self._parts.records().run(lambda connection: fail_export(connection, export.id, reason, now=now))

    async def _made(self, export: Export) -> None:
        """Write the file of an export, and note that it is there."""
        records = self._parts.records()
        asked = ExportRequest.model_validate(export.asked)
        seen = self._parts
        if export.reach is not None:
            seen = seen.seen_by(Caller(export.owner, "", frozenset(), export.reach))
        written = Written()
        noting = _Noting(self, export, written)
        await noting.look()
        rows = noting.passed(pieces(seen, asked))
        kept = await records.run(lambda connection: kept_bytes(connection, export.owner))
        settings = self._settings
        bounds = Bounds(settings.rows, max(settings.bytes - kept, 0), settings.spare)
        path = file_of(settings.folder, export.id, asked.format)
        frames = _Frames(rows)
        columns = COLUMNS[asked.what]
        work = partial(write, path, frames, columns, asked.format, bounds, written)
        digest = await _to_its_end(work, frames)
        now = self._parts.now()
        wanted = await records.run(
            lambda connection: finish_export(
                connection,
                export.id,
                rows=written.rows,
                size=written.bytes,
                sha256=digest,
                now=now,
                expires=now + settings.keep,
            )
        )
        if not wanted:
            path.unlink(missing_ok=True)

    @property
    def stopping(self) -> bool:
        """Whether the process ends."""
        return self._stopping

    async def look(self, export: Export, progress: float, written: Written) -> None:
        """Note how far an export has come, and see whether it is still to be made; raises UnwantedError."""
        now = self._parts.now()

        def note(connection: Connection) -> tuple[bool, bool]:
            wanted = note_progress(connection, export.id, progress=progress, rows=written.rows, size=written.bytes)
            return wanted, _may(connection, export, now)

        wanted, allowed = await self._parts.records().run(note)
        if not wanted:
            raise UnwantedError
        if not allowed:
            msg = "no valid key of whoever asked for it opens what it is of; ask for another export with such a key"
            raise UnwantedError(msg)


class _Noting:
    """Notes how far an export has come while its pieces pass."""

    def __init__(self, exporter: Exporter, export: Export, written: Written) -> None:
        self._exporter = exporter
        self._export = export
        self._written = written
        self._looked = time.monotonic()
        self._progress = 0.0

    async def look(self) -> None:
        """Look now."""
        await self._exporter.look(self._export, self._progress, self._written)
        self._looked = time.monotonic()

    async def passed(self, rows: AsyncIterator[Piece]) -> AsyncIterator[pl.DataFrame]:
        """Pass on the rows of pieces; raises StoppingError, UnwantedError."""
        async for piece in rows:
            if self._exporter.stopping:
                raise StoppingError
            yield piece.rows
            self._progress = min(max(self._progress, piece.done), 0.999)  # it is whole when its file is
            if time.monotonic() - self._looked >= LOOKING_S:
                await self.look()


def _may(connection: Connection, export: Export, now: datetime) -> bool:
    """Tell whether the one who asked for an export may still have it, as far as that can be known."""
    if not export.owner.startswith(_KEY):
        return True
    holder = export.owner.removeprefix(_KEY)
    keys = [key for key in read_keys(connection) if key.holder == holder and key.state(now) == "valid"]
    return any(Scope.EXPORT in key.scopes and export.open_to(key.factories) for key in keys)


class _Frames:
    """Gives, in a thread, what comes in the loop; the next one is got while one is written."""

    def __init__(self, rows: AsyncIterator[pl.DataFrame]) -> None:
        self._rows = rows
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._coming: Future[pl.DataFrame | None] | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> pl.DataFrame:
        coming = self._coming or self._get()
        try:
            frame = coming.result()
        except CancelledError:
            raise StoppingError from None
        if frame is None:
            raise StopIteration
        self._coming = self._get()
        return frame

    def close(self) -> None:
        """Get no more, and let go whoever waits for it."""
        self._closed = True
        if self._coming is not None:
            self._coming.cancel()

    def _get(self) -> "Future[pl.DataFrame | None]":
        if self._closed:
            raise StoppingError
        self._coming = asyncio.run_coroutine_threadsafe(self._following(), self._loop)
        return self._coming

    async def _following(self) -> pl.DataFrame | None:
        return await anext(self._rows, None)


async def _to_its_end(work: Callable[[], str], frames: _Frames) -> str:
    """Do work in a thread that takes frames from the loop; when cancelled, end it first."""
    running = asyncio.create_task(asyncio.to_thread(work), name="export file")
    try:
        return await asyncio.shield(running)
    finally:
        frames.close()
        await asyncio.wait({running})


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:300]


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    """Wait for `event`, for `seconds` at most."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return
