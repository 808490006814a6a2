"""Makes the exports that wait, one of each caller at a time.

    queued ──► whose it is may still see it ──► piece after piece into a file ──► done
                   │ no: failed                     │ again, every second
                   ▼                                ▼
                 failed ◄── a bound, the disk, the store for long, a key that was revoked

It runs beside the API's server, in its loop; what takes long is done in threads. Several processes may make exports, in
one folder: what one has left half made another begins once more (`api.exportlog`), and what is no file of any export is
deleted.
A caller who holds keys must hold one that is valid, has the scope `export` and opens all factories that the rows are
of. Of the holder of a token nobody can know that before they come to download: then everybody is looked at again.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final, NoReturn, Self, TypeVar

import polars as pl
import structlog
from pydantic import ValidationError
from sqlalchemy import Connection

from adapters.stores.contract import StoreError
from api.auth import read_keys
from api.callers import Caller
from api.errors import ProblemError
from api.exportfiles import Bounds, TooLargeError, Written, delete_files, file_of, found_files, write
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
from api.exportrows import COLUMNS, Piece, patiently, pieces
from api.keeper import set_within
from api.parts import Parts
from api.roles import Scope
from api.views.exports import ExportRequest
from collector.records import RecordsError

LOOKING_S: Final = 1.0
"""Seconds between two looks for exports that wait, and between two looks whether one is still wanted."""

TIDYING_S: Final = 60.0
"""Seconds between two looks for files whose time is over."""

FINISHING_S: Final = 3.0
"""Seconds in which a piece that is under way may end when the process does."""

_KEY: Final = "key:"

T = TypeVar("T")

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
            work = [self._tidying(stop), *(self._working(stop) for _ in range(self._settings.at_once))]
            tasks = [group.create_task(one, name=f"exports {number}") for number, one in enumerate(work)]
            await stop.wait()
            self._stopping = True
            await asyncio.wait(tasks, timeout=FINISHING_S)
            for task in tasks:
                task.cancel()

    async def tidy(self) -> None:
        """Delete files whose time is over, and what is no file of any export; raises RecordsError, OSError."""
        found = await asyncio.to_thread(found_files, self._settings.folder)  # first: what is begun later is not in it
        now = self._parts.now()

        def expire(connection: Connection) -> set[str]:
            expire_exports(connection, now=now)
            return wanted_files(connection)

        wanted = await self._parts.records().run(expire)
        gone = [path for path, stem in found.items() if stem not in wanted]
        await asyncio.to_thread(delete_files, gone)
        if gone:
            _log.info("exports deleted", files=len(gone))

    async def work(self) -> None:
        """Make one after the other what waits; return when nothing does. Raises RecordsError."""
        while not self._stopping:
            now = self._parts.now()
            export = await self._parts.records().run(lambda connection: begin_next(connection, now=now))  # noqa: B023 - run at once
            if export is None:
                return
            with suppress(StoppingError):
                await self._make(export)

    async def _working(self, stop: asyncio.Event) -> None:
        down = ""
        while not stop.is_set():
            try:
                await self.work()
                down = ""
            except RecordsError as error:
                if str(error) != down:  # once, however long it lasts
                    _log.warning("exports wait", reason=str(error))
                down = str(error)
            await set_within(stop, LOOKING_S)

    async def _tidying(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                await self.tidy()
            except (RecordsError, OSError) as error:
                _log.warning("exports cannot be looked after", reason=str(error))
            await set_within(stop, TIDYING_S)

    async def _make(self, export: Export) -> None:
        """Make one export, whatever comes of it; raises RecordsError: it is begun once more when they are there."""
        begun = time.monotonic()
        try:
            await self._made(export)
        except (StoppingError, asyncio.CancelledError):
            await self._parts.records().run(lambda connection: put_back(connection, export))
            raise
        except RecordsError:
            raise
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
        _log.warning("export not made", export=export.id, reason=reason or "nobody wants it any more")
        now = self._parts.now()
        await self._parts.records().run(lambda connection: fail_export(connection, export, reason, now=now))

    async def _made(self, export: Export) -> None:
        """Write the file of an export, and note that it is there."""
        records = self._parts.records()
        asked = ExportRequest.model_validate(export.asked)
        seen = self._parts
        if export.reach is not None:
            seen = seen.seen_by(Caller(export.owner, "", frozenset(), export.reach))
        course = _Course()
        await self._look(export, course)
        rows = course.passed(await asyncio.to_thread(pieces, seen, asked))
        kept = await records.run(lambda connection: kept_bytes(connection, export.owner))
        settings = self._settings
        bounds = Bounds(settings.rows, max(settings.bytes - kept, 0), settings.spare)
        path = file_of(settings.folder, export.stem, asked.format)
        frames = _Frames(rows)
        work = partial(write, path, frames, COLUMNS[asked.what], asked.format, bounds, course.written)
        digest = await _watched(_to_its_end(work, frames), self._watching(export, course))

        def finish(connection: Connection) -> bool:
            now = self._parts.now()
            size, expires = course.written.bytes, now + settings.keep
            return finish_export(
                connection, export, rows=course.written.rows, size=size, sha256=digest, now=now, expires=expires
            )

        if not await patiently(lambda: records.run(finish)):
            await asyncio.to_thread(delete_files, [path])
            raise UnwantedError

    async def _watching(self, export: Export, course: "_Course") -> NoReturn:
        """Look again and again whether an export is still to be made; raises UnwantedError, StoppingError."""
        down = ""
        while True:
            await asyncio.sleep(LOOKING_S)
            if self._stopping:
                raise StoppingError
            try:
                await self._look(export, course)
                down = ""
            except RecordsError as error:  # it is made on, as long as it is not given to another
                if str(error) != down:  # once, however long it lasts
                    _log.warning("export cannot be looked after", export=export.id, reason=str(error))
                down = str(error)

    async def _look(self, export: Export, course: "_Course") -> None:
        """Note how far an export has come, and see whether it is still to be made; raises UnwantedError."""
        now, written = self._parts.now(), course.written

        def note(connection: Connection) -> tuple[bool, bool]:
            size = written.bytes
            told = note_progress(connection, export, progress=course.progress, rows=written.rows, size=size, now=now)
            return told, _may(connection, export, now)

        wanted, allowed = await self._parts.records().run(note)
        if not wanted:
            raise UnwantedError
        if not allowed:
            msg = "no valid key of whoever asked for it opens what it is of; ask for another export with such a key"
            raise UnwantedError(msg)


@dataclass(slots=True)
class _Course:
    """How far an export has come."""

    progress: float = 0.0
    """How much of it is made, 0 to 1; it is whole when its file is."""

    written: Written = field(default_factory=Written)
    """How much of its file is written."""

    async def passed(self, rows: AsyncIterator[Piece]) -> AsyncIterator[pl.DataFrame]:
        """Pass on the rows of pieces."""
        async for piece in rows:
            yield piece.rows
            self.progress = min(max(self.progress, piece.done), 0.999)


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
        await asyncio.gather(running, return_exceptions=True)


async def _watched(work: Coroutine[Any, Any, T], watch: Coroutine[Any, Any, NoReturn]) -> T:
    """Do work, as long as what watches it lets it be; raise what either raises."""
    doing = asyncio.create_task(work, name="export")
    watching = asyncio.create_task(watch, name="export watch")
    try:
        await asyncio.wait({doing, watching}, return_when=asyncio.FIRST_COMPLETED)
        if doing.done():
            return doing.result()
        await watching
    finally:
        doing.cancel()
        watching.cancel()
        await asyncio.gather(doing, watching, return_exceptions=True)


def _said(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split())[:300]
