"""Notes who asked for what, and what they were answered, whatever it was: also 401, 403, 404 and 429.

    answered ──► Journal.note() ──► queue ──► one task writes all that waits, within `BATCH_S` of the first
                                      └─ full, since the records are down: counted, and told by a row of its own

A read is answered first and written within a second. A write is answered when its row is in the table: where that
cannot be, what was done is not told as done, but answered with 503; its row waits with the others. What came without a
known caller or was refused for its rate (429) has changed nothing and is written as reads are, as long as its sender
has not too many such rows (`api.refusals`); the others are counted, in one row a minute: strangers shall cost neither a
transaction each nor the disk. A stream has two rows, of its begin and of its end.

Every answer carries `X-Request-Id`: the one that the request brought, where it is a plain token, or one made here.
"""

import asyncio
import re
import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
import structlog
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auditlog import PRUNED_AT_ONCE, Entry, Event, prune_audit, write_audit
from api.errors import RECORDS_UNAVAILABLE, RETRY_AFTER_S, ProblemError, answer
from api.gate import GUARDED
from api.openapi import camel_case
from api.refusals import Refusals
from api.repeats import WRITES
from collector.records import Records, RecordsError

if TYPE_CHECKING:
    from api.callers import Caller

BATCH_S: Final = 1.0
"""Seconds that a row waits for others, so that reads do not cost a transaction each."""

AT_ONCE: Final = 1_000
"""Rows written in one transaction."""

ROOM: Final = 20_000
"""Rows that wait at most, about 20 MB."""

AGAIN_S: Final = (1.0, 2.0, 5.0, 10.0)
"""Seconds until rows are tried again while the records are down; the last holds for all that follow."""

CLOSING_S: Final = 5.0
"""Seconds that requests under way have to end when the journal is closed."""

PRUNED_EVERY: Final = timedelta(hours=1)
"""How often old rows are looked for."""

GONE: Final = 499
"""Status of a request whose asker went away before the answer began."""

_DRAWN: Final = 256
"""Ids that are made up at a time."""

COUNTED_S: Final = 60.0
"""Seconds in which refused requests without rows of their own are counted in one row."""

_TOO_MANY: Final = 429
"""Status of a caller's request beyond its rate, and of the row that counts what was refused."""

_TOKEN: Final = re.compile(rb"[A-Za-z0-9._:/+=-]{1,64}")
"""What is taken for a request's id."""

_log = structlog.get_logger()


@dataclass(slots=True)
class _Lost:
    """Rows that are not written."""

    count: int
    since: datetime


class Journal:
    """Writes rows of the audit to the records, in the order in which they are noted.

    Rows are noted in the event loop in which they are written. Its task lives while there is something to write.
    """

    def __init__(
        self,
        records: Callable[[], Records],
        now: Callable[[], datetime],
        *,
        keep: timedelta,
        room: int = ROOM,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            records: gives the open records; raises RecordsError while they are down.
            now: the clock, UTC.
            keep: how long rows are kept.
            room: how many rows may wait.
            clock: seconds that never go back.
        """
        self.now: Final = now
        self._records = records
        self._keep = keep
        self._room = room
        self._waiting: deque[Entry] = deque()
        self._owed: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._noted = 0
        self._written = 0
        self._lost: _Lost | None = None
        self._clock = clock
        self._refusals = Refusals()
        self._refused: _Lost | None = None
        self._hurry = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None
        self._pruned: datetime | None = None
        self._under_way = 0
        self._idle = asyncio.Event()

    def begun(self) -> None:
        """Tell of a request that will be noted."""
        self._under_way += 1

    def ended(self) -> None:
        """Tell that such a request was noted."""
        self._under_way -= 1
        if self._closing and not self._under_way:
            self._idle.set()

    def note(self, entry: Entry) -> bool:
        """Have a row written soon; false where there is no room for it, which is told by a row of its own."""
        if len(self._waiting) >= self._room:
            if self._lost is None:
                self._lost = _Lost(0, entry.at)
                _log.error("the audit has no room for more rows until the records take some", waiting=self._room)
            self._lost.count += 1
            return False
        self._waiting.append(entry)
        self._noted += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._write(), name="audit")
        return True

    def note_refused(self, entry: Entry) -> None:
        """Have a row of what was refused unread written soon, or counted where its sender has too many of them."""
        if self._refusals.takes(entry, self._clock()):
            self.note(entry)
            return
        if self._refused is None:
            self._refused = _Lost(0, entry.at)
            asyncio.get_running_loop().call_later(COUNTED_S, self._tell_refused)
        self._refused.count += 1

    def _tell_refused(self) -> None:
        refused, self._refused = self._refused, None
        if refused is not None and not self.note(_missing(refused, self.now(), _TOO_MANY)) and self._lost is not None:
            self._lost.count += refused.count - 1  # the row that counts them was counted as one

    async def written(self, entry: Entry) -> None:
        """Have a row written at once, and wait until it is; raises RecordsError where it has to wait."""
        if not self.note(entry):
            msg = "the records have been down so long that the audit has no room for what is asked"
            raise RecordsError(msg)
        owed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._owed.append((self._noted, owed))
        self._hurry.set()
        await owed

    async def flush(self) -> None:
        """Write what waits; return when it is written or the records do not take it."""
        while self._task is not None and self._waiting:
            self._hurry.set()
            tried: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._owed.append((self._noted, tried))
            try:
                await tried
            except RecordsError:
                return

    async def aclose(self) -> None:
        """Wait for requests under way, `CLOSING_S` at most, and write what waits; the log counts what cannot be."""
        self._closing = True
        if self._under_way:
            try:
                async with asyncio.timeout(CLOSING_S):
                    await self._idle.wait()
            except TimeoutError:
                _log.warning("requests under way are not in the audit", requests=self._under_way)
        self._tell_refused()
        await self.flush()
        if self._task is not None:
            self._hurry.set()
            await self._task
        if lost := len(self._waiting) + (self._lost.count if self._lost else 0):
            _log.error("rows of the audit are lost: the records did not take them", rows=lost)
        self._closing = False
        self._idle.clear()

    async def _write(self) -> None:
        """Write what waits until nothing does."""
        failed = 0
        try:
            while self._waiting or self._lost is not None:
                await self._pause(AGAIN_S[min(failed, len(AGAIN_S)) - 1] if failed else BATCH_S)
                try:
                    await self._write_some()
                except (RecordsError, sa.exc.SQLAlchemyError) as error:
                    self._fail(error)
                    if not failed:
                        _log.error("the audit cannot be written and waits", rows=len(self._waiting), reason=str(error))
                    failed += 1
                    if self._closing:
                        return
                else:
                    failed = 0
                    await self._prune()
        finally:
            self._task = None
            self._hurry.clear()
            self._fail(RecordsError("the audit is not written any more; the role is about to stop"))

    async def _pause(self, seconds: float) -> None:
        """Let rows gather, unless somebody waits for one."""
        if not self._closing:
            try:
                async with asyncio.timeout(seconds):
                    await self._hurry.wait()
            except TimeoutError:
                pass
        self._hurry.clear()

    async def _write_some(self) -> None:
        while self._waiting or self._lost is not None:
            batch = [self._waiting[place] for place in range(min(AT_ONCE, len(self._waiting)))]
            lost = self._lost if len(batch) == len(self._waiting) else None
            missed = [] if lost is None else [_missing(lost, self.now(), None)]
            count = 0 if lost is None else lost.count
            await self._records().run_ahead(partial(write_audit, entries=[*batch, *missed]))
            for _ in batch:
                self._waiting.popleft()
            if lost is not None:
                lost.count -= count
                lost.since = self.now()
                if not lost.count:
                    self._lost = None
            self._written += len(batch)
            while self._owed and self._owed[0][0] <= self._written:
                _, owed = self._owed.popleft()
                if not owed.done():
                    owed.set_result(None)

    def _fail(self, error: Exception) -> None:
        """Tell those who wait for a row that it has to wait."""
        while self._owed:
            _, owed = self._owed.popleft()
            if not owed.done():
                owed.set_exception(error if isinstance(error, RecordsError) else RecordsError(str(error)))

    async def _prune(self) -> None:
        """Drop old rows, if nobody has looked for them lately."""
        now = self.now()
        if self._pruned is not None and now - self._pruned < PRUNED_EVERY:
            return
        self._pruned = now
        try:
            while await self._records().run_ahead(partial(prune_audit, before=now - self._keep)) >= PRUNED_AT_ONCE:
                continue
        except RecordsError as error:
            _log.warning("old rows of the audit cannot be dropped now", reason=str(error))


class Auditing:
    """Notes the requests under /api/ that `app` serves, and gives every request an id."""

    def __init__(self, app: ASGIApp, journal: Journal) -> None:
        self._app = app
        self._journal = journal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = _Seen(self._journal, scope, send)
        if not scope["path"].startswith(GUARDED):
            await self._app(scope, receive, seen.named)
            return
        self._journal.begun()
        try:
            await self._app(scope, receive, seen.answered)
        except Exception as error:
            if seen.status is None:
                await answer(Request(scope), error)(scope, receive, seen.answered)
            raise
        finally:
            try:
                seen.end()
            finally:
                self._journal.ended()


class _Seen:
    """One request, and what is seen of its answer."""

    __slots__ = ("_began", "_bytes", "_id", "_journal", "_noted", "_replaced", "_scope", "_send", "_streams", "status")

    def __init__(self, journal: Journal, scope: Scope, send: Send) -> None:
        self.status: int | None = None
        self._began = time.perf_counter_ns()
        self._bytes = 0
        self._id = _id_of(scope)
        self._journal = journal
        self._noted = False
        self._replaced = False
        self._scope = scope
        self._send = send
        self._streams = False
        scope.setdefault("state", {})["request_id"] = self._id.decode()

    async def named(self, message: Message) -> None:
        """Send a message of an answer, which carries the request's id."""
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), (b"x-request-id", self._id)]}
        await self._send(message)

    async def answered(self, message: Message) -> None:
        """Send a message of an answer under /api/, and remember what is to be noted of it."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.get("headers", ())
            self._streams = _header(headers, b"content-type").startswith(b"text/event-stream")
            if self._streams:
                self._journal.note(self._entry("begin", None))
            elif self._scope["method"] in WRITES and not await self._write(_length(headers)):
                return
        elif self._replaced:
            return
        elif message["type"] == "http.response.body":
            self._bytes += len(message.get("body", b""))
        await self.named(message)

    def end(self) -> None:
        """Note the request, if that was not done when its answer began."""
        if not self._noted:
            self._noted = True
            entry = self._entry("end" if self._streams else "answer", self._bytes)
            if _was_refused(entry):
                self._journal.note_refused(entry)
            else:
                self._journal.note(entry)

    async def _write(self, length: int | None) -> bool:
        """Have the answer to a write noted before it is sent; answer something else where that cannot be."""
        self._noted = True
        entry = self._entry("answer", length)
        if _was_refused(entry):
            self._journal.note_refused(entry)
            return True
        try:
            await self._journal.written(entry)
        except RecordsError as error:
            if entry.status is None or entry.status >= 400:  # noqa: PLR2004 - it is not told as done anyway
                return True
            await self._replace(entry, error)
            return False
        return True

    async def _replace(self, entry: Entry, error: RecordsError) -> None:
        """Answer that what was done is not in the audit yet."""
        self._replaced = True
        detail = (
            f"what you asked for was done and answered with {entry.status}, but the audit could not take it ({error}); "
            "look up what became of it, or send it again with the same Idempotency-Key if it had one"
        )
        problem = ProblemError(RECORDS_UNAVAILABLE, detail, headers={"Retry-After": str(RETRY_AFTER_S)})
        response = answer(Request(self._scope), problem)
        self.status = response.status_code
        self._journal.note(self._entry("answer", len(response.body)))
        await response(self._scope, _nothing, self.named)

    def _entry(self, event: Event, size: int | None) -> Entry:
        scope = self._scope
        state = scope["state"]
        caller: Caller | None = state.get("caller")
        peer = scope.get("client")
        return Entry(
            at=self._journal.now(),
            event=event,
            caller="" if caller is None else caller.id,
            name="" if caller is None else caller.name,
            peer=peer[0] if peer else "",
            method=scope["method"],
            operation=_operation(scope.get("route")),
            path=scope["path"],
            query=scope["query_string"].decode("latin-1"),
            status=GONE if self.status is None else self.status,
            factories=None if caller is None or caller.factories is None else tuple(sorted(caller.factories)),
            rows=state.get("rows"),
            bytes=size,
            duration_us=(time.perf_counter_ns() - self._began) // 1000,
            missing=0,
            request_id=self._id.decode(),
        )


def _was_refused(entry: Entry) -> bool:
    """Tell whether a request was refused before anything was done for it."""
    return not entry.caller or entry.status == _TOO_MANY


def _missing(lost: _Lost, now: datetime, status: int | None) -> Entry:
    """Give the row that tells of rows that are not written."""
    return Entry(
        at=now,
        event="missing",
        caller="",
        name="",
        peer="",
        method="",
        operation="",
        path="",
        query="",
        status=status,
        factories=None,
        rows=None,
        bytes=None,
        duration_us=(now - lost.since) // timedelta(microseconds=1),
        missing=lost.count,
        request_id="",
    )


def _operation(route: object) -> str:
    """Give the operation id of a route; empty where none was reached."""
    return camel_case(route) if isinstance(route, APIRoute) else ""  # a route cannot be hashed, so nothing is cached


def _made_up() -> Iterator[bytes]:
    """Give ids that nobody else gives; chance is asked for many at a time, which costs more than all the rest."""
    while True:
        drawn = secrets.token_hex(8 * _DRAWN)
        yield from (drawn[place : place + 16].encode() for place in range(0, len(drawn), 16))


_IDS: Final = _made_up()


def _id_of(scope: Scope) -> bytes:
    """Give the id of a request: what it brought, where that is a plain token."""
    given = _header(scope["headers"], b"x-request-id")
    return given if _TOKEN.fullmatch(given) else next(_IDS)


def _header(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes:
    """Give the first header of a name, in small letters; empty where there is none."""
    for name, value in headers:
        if name.lower() == wanted:
            return value
    return b""


def _length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    text = _header(headers, b"content-length")
    return int(text) if text.isdigit() else None


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
