"""The stream of events: one reader of the feed per process, and whoever listens.

    feed ──(every `POLLED_S`)──► Hub ──► by filter, formatted once ──► each listener's queue ──► its connection
                                  └─ the newest are kept, for who comes back after a moment

    a listener    checked ─► told what it missed ─► joined to those of its filter ─► left, by either side

- The hub reads while somebody listens, and nothing otherwise. A listener that joins has been told everything up to
  where the hub is, and is told everything from there on; nothing lies between the two.
- Who does not take what is queued for them is closed, and so is whose key or grants have changed since they came; both
  come back with `Last-Event-ID` and miss nothing.
- While the records are down listeners stay, and are told what came meanwhile when they are back.
- An idle listener is one coroutine that waits for its client to leave. What is sent is sent by a task that lives for
  that long.

Beats are spread over their interval. A beat is the number up to which all was told: who comes back after a quiet week
has not the week read again for nothing.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Final, TypeAlias

import sqlalchemy as sa
import structlog
from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import Caller
from api.errors import TOO_MANY_STREAMS, ProblemError
from api.eventlines import Filter, Line, place_text, reset_text, texts_of
from api.seals import Seal
from collector.clock import Clock, WallClock
from collector.feed import Bounds, Told, read_bounds, read_feed
from collector.records import Records, RecordsError
from collector.settings import StreamSettings

POLLED_S: Final = 0.25
"""Seconds between two looks into the feed."""

AT_ONCE: Final = 500
"""Events read at once."""

KEPT: Final = 500
"""The newest events that are kept formatted, about 1 MB."""

QUEUED: Final = 1000
"""Events that may wait for one listener."""

QUEUED_BYTES: Final = 4 * 10**6
"""Bytes that may wait for one listener: as many events with all KPIs of a window. Listeners share them."""

BEAT_S: Final = 15.0
"""Seconds between two signs of life."""

CHECKED_S: Final = 10.0
"""Seconds between two looks at whether callers may still listen."""

RETRY_MS: Final = 2000
"""Milliseconds after which a client that lost its stream is to come back."""

CLOSING_S: Final = 2.0
"""Seconds that clients have to take the end of their streams when the API stops."""

_AHEAD: Final = 40
"""Looks into the feed after which an event that somebody knows and it does not have is of another feed."""

_TOGETHER: Final = 200
"""Listeners that are served, or events that are looked at, before others have their turn."""

_ABREAST: Final = 4
"""Listeners that are told at once what they missed before the events that are kept."""

_LISTENER: Final = "listener"
"""Where in a request's state the listener waits for the hand-over."""

_SLOTS: Final = int(BEAT_S / POLLED_S)
_DOWN: Final = b": the records do not answer; what is told meanwhile comes when they do\n\n"

Recheck: TypeAlias = Callable[[], Awaitable[Caller]]
"""Finds out again who listens, as the gate did; raises ProblemError where it would refuse them now."""

_log = structlog.get_logger()


class Listener:
    """One client that listens."""

    __slots__ = (
        "after", "caller", "closing", "credential", "pump", "queue", "recheck", "send", "size", "slot", "waiting",
        "wanted",
    )  # fmt: skip

    def __init__(self, caller: Caller, credential: str, recheck: Recheck, wanted: Filter, after: int | None) -> None:
        """Prepare.

        Args:
            caller: who.
            credential: tells apart what they showed at the gate, without being it.
            recheck: finds out again who they are.
            wanted: what they listen to.
            after: number of the last event that they know; None: they begin now.
        """
        self.caller = caller
        self.credential = credential
        self.recheck = recheck
        self.wanted = wanted
        self.after = after
        self.send: Send | None = None
        self.queue: list[bytes] = []
        self.size = 0
        self.waiting = 0
        self.pump: asyncio.Task[None] | None = None
        self.closing = False
        self.slot = 0

    def begin(self, send: Send) -> None:
        """Have what waits sent from now on."""
        self.send = send
        self._go()

    def put(self, text: bytes, count: int) -> None:
        """Have something sent; close where too much waits."""
        if self.closing:
            return
        self.queue.append(text)
        self.size += len(text)
        self.waiting += count
        if self.pump is not None and (self.size > QUEUED_BYTES or self.waiting > QUEUED):
            _log.info("stream closed", caller=self.caller.id, reason="slow")
            self.close()
        self._go()

    async def sent(self) -> None:
        """Wait until nothing waits to be sent."""
        while self.pump is not None:
            await asyncio.wait({self.pump})

    def close(self) -> None:
        """End the stream behind what is under way; what waits is dropped."""
        self.closing = True
        self.queue.clear()
        self._go()

    def _go(self) -> None:
        if self.pump is None and self.send is not None and (self.queue or self.closing):
            self.pump = asyncio.get_running_loop().create_task(self._pump(self.send), name="stream")

    async def _pump(self, send: Send) -> None:
        try:
            while self.queue and not self.closing:
                text = b"".join(self.queue)
                self.queue.clear()
                self.size = self.waiting = 0
                await send({"type": "http.response.body", "body": text, "more_body": True})
            if self.closing:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
        except OSError:
            self.closing = True  # the client has left, which is told to whoever waits for it
        finally:
            self.pump = None


class Handover:
    """Serves streams when `app`, which began them, has returned: so nothing of what it needs to answer is held by them.

    What stands before it sees a stream's whole life.
    """

    def __init__(self, app: ASGIApp, hub: "Hub") -> None:
        self._app = app
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        try:
            await self._app(scope, receive, send)
        except BaseException:
            if (begun := state.pop(_LISTENER, None)) is not None:
                self._hub.leave(begun)
            raise
        listener: Listener | None = state.pop(_LISTENER, None)
        if listener is not None:
            _forget(scope)
            await self._hub.serve(listener, receive, send)


def _forget(scope: Scope) -> None:
    """Drop what only the begin of an answer needs: 2 KB of a request's scope."""
    for name in [name for name in scope if name.startswith("fastapi")]:
        del scope[name]
    scope["state"].pop("again", None)


def hand_over(scope: Scope, listener: Listener) -> None:
    """Have a listener be told whose answer has begun."""
    scope["state"][_LISTENER] = listener


@dataclass(slots=True)
class _Holder:
    """Listeners that came with one key or token."""

    caller: Caller
    recheck: Recheck
    listeners: set[Listener] = field(default_factory=set)


class Hub:
    """Reads the feed and tells it to listeners; all of it in one event loop."""

    def __init__(self, records: Callable[[], Records], settings: StreamSettings, clock: Clock | None = None) -> None:
        """Prepare.

        Args:
            records: gives the open records; raises RecordsError while they are down.
            settings: how many may listen.
            clock: the machine's own by default.
        """
        self._records = records
        self._settings = settings
        self._clock = clock or WallClock()
        self._rooms: dict[Filter, set[Listener]] = {}
        self._holders: dict[str, _Holder] = {}
        self._slots: list[set[Listener]] = [set() for _ in range(_SLOTS)]
        self._of_caller: dict[str, int] = {}
        self._count = 0
        self._bounds: Bounds | None = None
        self._kept: deque[Line] = deque(maxlen=KEPT)
        self._tasks: list[asyncio.Task[None]] = []
        self._down = False
        self._closing = False
        self._empty = asyncio.Event()
        self._beginning = asyncio.Lock()
        self._missed = asyncio.Semaphore(_ABREAST)

    @property
    def count(self) -> int:
        """How many listen."""
        return self._count

    async def bounds(self) -> Bounds:
        """Give what the feed holds, as it was a moment ago; raises RecordsError."""
        if self._bounds is not None:
            return self._bounds
        return await self._records().run(read_bounds)

    async def known(self, number: int) -> bool:
        """Tell whether there is, or was, an event with this number; 0 is before the first. Raises RecordsError."""
        if self._bounds is not None and number <= self._bounds.last:
            return True
        return number <= (await self._records().run(read_bounds)).last

    def enter(self, listener: Listener) -> None:
        """Count a listener in; raises ProblemError where there are too many."""
        caller, mine = listener.caller, self._of_caller.get(listener.caller.id, 0)
        if mine >= self._settings.per_caller:
            raise _too_many(detail=f"{caller.name!r} ({caller.id}) has as many streams open as one caller may: {mine}")
        if self._count >= self._settings.total:
            raise _too_many(detail=f"there are as many streams open as are allowed: {self._count}")
        self._of_caller[caller.id] = mine + 1
        self._count += 1
        holder = self._holders.setdefault(listener.credential, _Holder(caller, listener.recheck))
        holder.listeners.add(listener)
        listener.slot = self._count % _SLOTS
        listener.closing = self._closing

    def leave(self, listener: Listener) -> None:
        """Count a listener out."""
        caller = listener.caller.id
        self._count -= 1
        self._of_caller[caller] -= 1
        if not self._of_caller[caller]:
            del self._of_caller[caller]
        holder = self._holders[listener.credential]
        holder.listeners.discard(listener)
        if not holder.listeners:
            del self._holders[listener.credential]
        self._slots[listener.slot].discard(listener)
        room = self._rooms.get(listener.wanted)
        if room is not None:
            room.discard(listener)
            if not room:
                del self._rooms[listener.wanted]
        listener.closing = True
        if listener.pump is not None:
            listener.pump.cancel()
        if not self._count:
            self._rest()
            self._empty.set()

    async def serve(self, listener: Listener, receive: Receive, send: Send) -> None:
        """Tell a listener that has entered, until either side has enough, and count it out; its response has begun."""
        try:
            listener.put(b"retry: %d\n\n" % RETRY_MS, 0)
            listener.begin(send)
            await self._join(listener)
            while (await receive())["type"] != "http.disconnect":
                continue
        finally:
            self.leave(listener)

    async def begin(self) -> None:
        """Begin to read the feed, if nobody does; raises RecordsError."""
        async with self._beginning:
            if self._tasks:
                return
            bounds, newest = await self._records().run_ahead(_read_newest)
            if not self._count or self._tasks:
                return
            self._kept.extend(map(Line, newest))
            self._bounds = Bounds(bounds.pruned, newest[-1].number if newest else bounds.last)
            self._down = False
            loop = asyncio.get_running_loop()
            self._tasks = [
                loop.create_task(self._read(), name="stream-feed"),
                loop.create_task(self._check(), name="stream-callers"),
            ]
            for task in self._tasks:
                task.add_done_callback(self._failed)

    async def aclose(self) -> None:
        """End all streams; return when their clients were told, or `CLOSING_S` later."""
        self._closing = True
        self._close_all()
        if self._count:
            self._empty.clear()
            try:
                async with asyncio.timeout(CLOSING_S):
                    await self._empty.wait()
            except TimeoutError:
                _log.info("streams whose clients take nothing are left", streams=self._count)
        self._rest()

    def _failed(self, task: asyncio.Task[None]) -> None:
        """End all streams where nobody reads for them, or looks after them, any more: who comes back misses nothing."""
        if not task.cancelled():
            _log.error("streams failed", task=task.get_name(), exc_info=task.exception())
            self._close_all()
            self._rest()

    def _close_all(self) -> None:
        for holder in list(self._holders.values()):
            for listener in list(holder.listeners):
                listener.close()

    def _rest(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []
        self._bounds = None
        self._kept.clear()

    async def _join(self, listener: Listener) -> None:
        """Tell a listener what it missed, and have it told what follows."""
        ahead = 0
        while not listener.closing:
            await listener.sent()  # what was missed may be more than may wait
            if not self._tasks or self._bounds is None:
                await self._try_to_begin()
                continue
            last = self._bounds.last
            after = last if listener.after is None else listener.after
            if after > last:  # it was told by another process, or the feed is another one
                ahead += 1
                await self._clock.sleep(POLLED_S)
                if ahead > _AHEAD:
                    listener.after = last
                    listener.put(reset_text(last, listener.wanted.seal), 1)
                continue
            if after >= (self._kept[0].number - 1 if self._kept else last):
                text, count = texts_of(self._kept, listener.wanted, after)
                self._rooms.setdefault(listener.wanted, set()).add(listener)
                self._slots[listener.slot].add(listener)
                if listener.after is None:  # who loses the stream before the first event knows where to go on, too
                    text = place_text(after, listener.wanted.seal) + text
                if text:
                    listener.put(text, count)
                return
            listener.after = await self._tell_missed(listener, after)

    async def _try_to_begin(self) -> None:
        """Have the feed be read; where the records are down, wait a moment."""
        try:
            await self.begin()
        except RecordsError:
            await self._clock.sleep(1.0)

    async def _tell_missed(self, listener: Listener, after: int) -> int:
        """Tell some of what lies before the events that are kept; give the number that it reaches up to."""
        try:
            async with self._missed:
                bounds, missed = await self._records().run(partial(_read_behind, after=after))
        except RecordsError:
            await self._clock.sleep(1.0)
            return after
        if after < bounds.pruned:
            listener.put(reset_text(bounds.pruned, listener.wanted.seal), 1)
            return bounds.pruned
        text, count = texts_of(map(Line, missed), listener.wanted)
        if text:
            listener.put(text, count)
        return missed[-1].number if missed else bounds.last

    async def _read(self) -> None:
        """Read the feed, and tell it."""
        slot = 0
        due = self._clock.monotonic()
        while True:
            more = await self._read_once()
            if not more:
                await self._clock.sleep(POLLED_S)
            while due <= self._clock.monotonic():
                due += POLLED_S
                slot = (slot + 1) % _SLOTS
                await self._beat(slot)

    async def _read_once(self) -> bool:
        """Read once and tell what came; tell whether there is more already."""
        assert self._bounds is not None  # noqa: S101 - it is known before this runs
        position = self._bounds.last
        try:
            bounds, told = await self._records().run_ahead(partial(_read_behind, after=position))
        except RecordsError as error:
            await self._tell_down(error)
            return False
        self._down = False
        if bounds.pruned > position or bounds.last < position:
            await self._start_anew(bounds)
            return True
        lines = list(map(Line, told))
        self._bounds = Bounds(bounds.pruned, lines[-1].number if lines else position)
        self._kept.extend(lines)
        while self._kept and self._kept[0].number <= bounds.pruned:
            self._kept.popleft()
        if lines:
            await self._tell_lines(lines)
        return len(lines) == AT_ONCE

    async def _beat(self, slot: int) -> None:
        """Give some listeners a sign of life: the number up to which they were told all."""
        assert self._bounds is not None  # noqa: S101 - as above
        await self._tell_each(list(self._slots[slot]), partial(place_text, self._bounds.last), 0)

    async def _tell_lines(self, lines: Sequence[Line]) -> None:
        """Tell events; each is looked at for those alone who listen to its path or to one above it."""
        rooms = [(wanted, list(listeners)) for wanted, listeners in self._rooms.items()]  # who joins now has them
        below: dict[str, list[int]] = defaultdict(list)
        for room, (wanted, _) in enumerate(rooms):
            for tree in ("",) if wanted.trees is None else wanted.trees:
                below[tree].append(room)
        found: dict[int, dict[int, Line]] = defaultdict(dict)
        for number, line in enumerate(lines):
            if number % _TOGETHER == _TOGETHER - 1:
                await asyncio.sleep(0)
            for tree in ("", *accumulate(line.path.split("/"), "{}/{}".format)):
                for room in below.get(tree, ()):
                    found[room][line.number] = line
        for room, some in found.items():
            wanted, listeners = rooms[room]
            text, count = texts_of(some.values(), wanted)
            if text:
                await self._tell(listeners, text, count)

    async def _tell_each(self, listeners: Iterable[Listener], said: Callable[[Seal], bytes], count: int) -> None:
        """Tell listeners something that names a place, each as places are named to them."""
        alike: dict[Seal, list[Listener]] = defaultdict(list)
        for listener in listeners:
            alike[listener.wanted.seal].append(listener)
        for seal, some in alike.items():
            await self._tell(some, said(seal), count)

    async def _tell(self, listeners: Sequence[Listener], text: bytes, count: int) -> None:
        """Put a text into the queues of listeners, some at a time."""
        for first in range(0, len(listeners), _TOGETHER):
            for listener in listeners[first : first + _TOGETHER]:
                listener.put(text, count)
            await asyncio.sleep(0)

    async def _tell_down(self, error: RecordsError) -> None:
        if not self._down:
            _log.warning("the feed cannot be read", reason=str(error))
            self._down = True
            await self._tell([one for slot in self._slots for one in slot], _DOWN, 0)

    async def _start_anew(self, bounds: Bounds) -> None:
        """Go on where the feed is, which no longer holds what was to be read next, or is another one."""
        _log.warning("the feed was replaced or pruned unread", last=bounds.last, pruned=bounds.pruned)
        self._kept.clear()
        upto = bounds.last if self._bounds is not None and bounds.last < self._bounds.last else bounds.pruned
        self._bounds = Bounds(bounds.pruned, upto)
        await self._tell_each([one for room in self._rooms.values() for one in room], partial(reset_text, upto), 1)

    async def _check(self) -> None:
        """Close the streams of callers who may not listen any more, or not to the same."""
        while True:
            await self._clock.sleep(CHECKED_S)
            for credential in list(self._holders):
                holder = self._holders.get(credential)
                if holder is not None and await _changed(holder):
                    _log.info("streams closed", caller=holder.caller.id, reason="key, token or grants")
                    for listener in list(holder.listeners):
                        listener.close()


def _read_newest(connection: sa.Connection) -> tuple[Bounds, list[Told]]:
    bounds = read_bounds(connection)
    return bounds, read_feed(connection, max(bounds.pruned, bounds.last - KEPT), limit=KEPT)


def _read_behind(connection: sa.Connection, *, after: int) -> tuple[Bounds, list[Told]]:
    """Give what was told behind a number, and then what the feed holds, so that it shows what was pruned between."""
    told = read_feed(connection, after, limit=AT_ONCE)
    return read_bounds(connection), told


async def _changed(holder: _Holder) -> bool:
    """Tell whether what somebody may do has changed; while nobody can tell, it has not."""
    try:
        async with asyncio.timeout(CHECKED_S / 2):
            return await holder.recheck() != holder.caller
    except (RecordsError, TimeoutError):
        return False
    except ProblemError as error:
        return error.kind.status in {401, 403}


def _too_many(*, detail: str) -> ProblemError:
    return ProblemError(TOO_MANY_STREAMS, detail, headers={"Retry-After": "10"})
