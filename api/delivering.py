"""Delivers to webhooks: one process of all that serve the API, which holds the lease (`api.hooklease`).

    feed ──(every `POLLED_S`)──► webhooks that want some of it ──► ready ──► a turn of at most `TURN_S`
                                                                     ▲             │ look ► post, post, … ► note
                                                                     └─────────────┘ there is more

- What is delivered is noted within a second, together; who is killed in between delivers again, with the same ids.
- One message at a time is under way to a webhook. A receiver that is slow or gone keeps nobody waiting but itself: as
  many turns go on at once as are configured, of one owner's webhooks a quarter of these; whose owner has fewest under
  way is next, then who has waited longest.
- What an owner may be told is looked up in the records at every look, so at least once a second. While that is nothing
  (keys revoked or expired), the cursor stays, and nothing is lost but what the feed does not keep so long.
- Cursors move over events that nobody wants once a minute.
"""

import asyncio
import secrets
import time
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from random import Random
from typing import Final, TypeVar

import sqlalchemy as sa
import structlog

from api.hooklease import LASTS, RENEWED, give_lease, take_lease
from api.hooklog import PRUNED_AT_ONCE, hooks_asked_again, prune_deliveries
from api.hooks import Granted, Hook, move_cursors, read_enabled, read_granted, shown_id
from api.hookwork import FAILED, Attempt, Work, look, note, note_failed, open_to, passes, wanted_by
from api.messages import Message, signed
from api.parts import Parts
from api.posting import Poster, Said, Way
from api.retries import waits
from collector.feed import Told, read_bounds, read_feed
from collector.records import RecordsError

T = TypeVar("T")

POLLED_S: Final = 0.5
"""Seconds between two looks for what is to be delivered."""

STANDING_BY_S: Final = 5.0
"""Seconds between two looks of a process that does not hold the lease."""

TURN_S: Final = 5.0
"""Seconds after which a webhook lets others have their turn."""

NOTED_S: Final = 1.0
"""Seconds after which it is noted what was delivered."""

FINISHING_S: Final = 3.0
"""Seconds that attempts under way have to end when the process does."""

KEPT: Final = 2000
"""The newest events that are kept, so that webhooks that are up to date need no look of their own."""

MOVED: Final = timedelta(minutes=1)
"""How often cursors are moved over events that nobody wants."""

PRUNED: Final = timedelta(hours=1)
"""How often old rows of the log are dropped."""

_REST_S: Final = 10.0
"""Seconds that a webhook rests after an error of the records or of ours."""

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Survey:
    """What there is to deliver, and to whom."""

    hooks: list[Hook]
    again: set[str]
    granted: dict[str, Granted]
    told: list[Told]
    last: int


class Dispatcher:
    """Delivers to webhooks while it holds the lease."""

    def __init__(self, parts: Parts, poster: Poster | None = None, random: Random | None = None) -> None:
        """Prepare.

        Args:
            parts: of the whole park.
            poster: posts; the real one by default.
            random: spreads what is tried again.
        """
        self._parts = parts
        self._settings = parts.settings.webhooks
        self._poster = poster or Poster(self._settings)
        self._random = random or Random()  # noqa: S311 - it keeps no secret
        self._holder = secrets.token_hex(16)
        self._renewed = self._held = float("-inf")
        self._tail: deque[Told] = deque(maxlen=KEPT)
        self._begin = self._end = -1
        self._seen: dict[str, tuple[int, int]] = {}
        self._ready: dict[str, Hook] = {}
        self._turns: dict[str, asyncio.Task[None]] = {}
        self._owners: Counter[str] = Counter()
        self._resting: dict[str, float] = {}
        self._moved = parts.now()
        self._pruned = self._moved - PRUNED
        self._stopping = False
        self._down = ""
        self._turn = asyncio.Lock()
        self._more = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; attempts that are under way then end, or are made again by the next process."""
        ended = asyncio.create_task(stop.wait(), name="webhooks-stop")
        try:
            while not stop.is_set():
                pause = await self._look()
                self._more.clear()
                more = asyncio.create_task(self._more.wait(), name="webhooks-more")
                await asyncio.wait({ended, more}, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
                more.cancel()
        finally:
            ended.cancel()
            await self.end()

    async def _look(self) -> float:
        """Look once, if it is this process that delivers; give the seconds until the next look."""
        try:
            if not await self.holds():
                return STANDING_BY_S
            await self.once()
        except RecordsError as error:
            if str(error) != self._down:
                _log.warning("webhooks wait", reason=str(error))
            self._down = str(error)
            return STANDING_BY_S
        except Exception:  # noqa: BLE001 - webhooks must not end the API
            _log.exception("webhooks failed")
            return STANDING_BY_S
        self._down = ""
        return POLLED_S

    async def holds(self) -> bool:
        """Take or renew the lease; tell whether this process has it. Raises RecordsError where nobody can tell."""
        begun = time.monotonic()
        if begun < self._renewed:
            return True
        try:
            mine = await self._write(partial(take_lease, holder=self._holder, now=self._parts.now()))
        except RecordsError:
            if begun >= self._held:
                await self._let_go()
            raise
        if not mine:
            await self._let_go()
            return False
        self._renewed = begun + RENEWED.total_seconds()
        self._held = begun + LASTS.total_seconds() - RENEWED.total_seconds()
        return True

    async def once(self) -> None:
        """Look once what is to be delivered, and begin; raises RecordsError."""
        now = self._parts.now()
        survey = await self._parts.records().run(self._survey)
        if self._end < 0:
            self._begin = self._end = survey.last
        self._keep(survey.told)
        for hook in survey.hooks:
            granted = survey.granted.get(hook.owner)
            if granted is None or waits(hook.due, now) or hook.id in self._turns or self._rests(hook.id):
                continue
            if hook.id in survey.again or hook.due is not None or self._wants(hook, granted):
                self._ready.setdefault(hook.id, hook)
            await asyncio.sleep(0)  # of one webhook's filter a few ms at most
        there = {hook.id for hook in survey.hooks}
        for gone in [number for number in self._ready if number not in there]:
            del self._ready[gone]
        self._start()
        await self._tidy(there)

    async def settled(self) -> None:
        """Wait until no turn is under way."""
        while self._turns:
            await asyncio.wait(self._turns.values())

    async def end(self) -> None:
        """Have turns under way end, and give the lease back."""
        self._stopping = True
        self._ready.clear()
        if self._turns:
            await asyncio.wait(self._turns.values(), timeout=FINISHING_S)
        await self._let_go()
        with suppress(RecordsError):
            await self._write(partial(give_lease, holder=self._holder))

    async def _let_go(self) -> None:
        """End turns at once, and forget what is known of the feed: another process may go on."""
        self._renewed = float("-inf")
        self._ready.clear()
        for task in self._turns.values():
            task.cancel()
        await self.settled()
        self._tail.clear()
        self._seen.clear()
        self._begin = self._end = -1

    def _survey(self, connection: sa.Connection) -> _Survey:
        hooks = read_enabled(connection)
        owners = {hook.owner for hook in hooks}
        granted = read_granted(connection, owners, now=self._parts.now(), kept=self._settings.token_grants)
        told = [] if self._end < 0 else read_feed(connection, self._end, limit=KEPT)
        return _Survey(hooks, hooks_asked_again(connection), granted, told, read_bounds(connection).last)

    def _keep(self, told: Collection[Told]) -> None:
        """Keep new events; what is not held without a hole counts as not known."""
        for one in told:
            if one.number != self._end + 1:
                self._tail.clear()
                self._begin = one.number - 1
            elif len(self._tail) == KEPT:
                self._begin = self._tail[0].number
            self._tail.append(one)
            self._end = one.number

    def _wants(self, hook: Hook, granted: Granted) -> bool:
        """Tell whether a webhook wants something of what is new to it, as far as is known; note how far that is."""
        version, seen = self._seen.get(hook.id, (hook.version, hook.cursor))
        position = max(seen, hook.cursor) if version == hook.version else hook.cursor
        if position < self._begin:
            return True
        filters = (wanted_by(hook, self._parts), open_to(granted, self._parts))
        for number in range(bisect_right(self._tail, position, key=attrgetter("number")), len(self._tail)):
            if passes(self._tail[number], filters):
                return True
        self._seen[hook.id] = hook.version, max(position, self._end)
        return False

    def _rests(self, number: str) -> bool:
        return self._resting.get(number, 0.0) > time.monotonic()

    def _start(self) -> None:
        """Begin as many turns as may be under way."""
        most = max(self._settings.at_once // 4, 1)
        while self._ready and len(self._turns) < self._settings.at_once and not self._stopping:
            hook = min(
                self._ready.values(), key=lambda one: self._owners[one.owner]
            )  # the first of these waits longest
            if self._owners[hook.owner] >= most:
                return
            del self._ready[hook.id]
            self._owners[hook.owner] += 1
            task = asyncio.create_task(self._have_turn(hook), name=f"webhook {hook.id}")
            self._turns[hook.id] = task
            task.add_done_callback(partial(self._over, hook))

    def _over(self, hook: Hook, task: asyncio.Task[None]) -> None:
        del self._turns[hook.id]
        self._owners[hook.owner] -= 1
        if not task.cancelled():
            self._start()
            self._more.set()

    async def _have_turn(self, hook: Hook) -> None:
        """Deliver to one webhook for a while, whatever comes of it."""
        try:
            async with AsyncExitStack() as stack:
                await self._deliver(hook, stack)
        except RecordsError as error:
            _log.warning("webhook waits", webhook=hook.id, reason=str(error))
            self._resting[hook.id] = time.monotonic() + _REST_S
        except Exception:  # noqa: BLE001 - one webhook must not end the API
            _log.exception("webhook failed", webhook=hook.id)
            self._resting[hook.id] = time.monotonic() + _REST_S
            with suppress(RecordsError):
                await self._write(partial(note_failed, number=hook.id, now=self._parts.now()))

    async def _deliver(self, hook: Hook, stack: AsyncExitStack) -> None:
        until = time.monotonic() + TURN_S
        way: Way | None = None
        url = ""
        while not self._stopping and time.monotonic() < until:
            asked = partial(look, number=hook.id, parts=self._parts, now=self._parts.now())
            work = await self._write(asked)
            if work is None or work.empty:
                return
            if work.messages and (way is None or url != work.hook.url):
                url = work.hook.url
                way = await stack.enter_async_context(self._poster.way(url))
            attempts: list[Attempt] = []
            try:
                if way is not None:
                    await self._post(way, work, attempts)
            finally:
                reason = await self._write(partial(note, work=work, attempts=attempts, lot=self._random.random()))
            if reason:
                _log.warning("webhook disabled", webhook=hook.id, owner=hook.owner, reason=reason)
            if reason or (attempts and not attempts[-1].said.good):
                return

    async def _post(self, way: Way, work: Work, attempts: list[Attempt]) -> None:
        until = time.monotonic() + NOTED_S
        for message in work.messages:
            now = self._parts.now()
            said = await _posted(way, work, message, now)
            attempts.append(Attempt(message, now, said))
            if not said.good:
                _log.info("webhook not taken", webhook=work.hook.id, message=message.id, status=said.status)
            if not said.good or self._stopping or time.monotonic() >= until:
                return

    async def _write(self, work: Callable[[sa.Connection], T]) -> T:
        """Write to the records in turn: SQLite's writers would keep each other waiting."""
        async with self._turn:
            return await self._parts.records().run(work)

    async def _tidy(self, there: Collection[str]) -> None:
        """Move cursors over what nobody wants, and drop what is old; raises RecordsError."""
        now = self._parts.now()
        for number in [number for number in self._seen if number not in there]:
            del self._seen[number]
        if abs(now - self._moved) >= MOVED:  # a clock may be set back
            self._moved = now
            idle = {number: seen for number, seen in self._seen.items() if number not in self._turns}
            await self._write(partial(move_cursors, positions=idle))
        if abs(now - self._pruned) >= PRUNED:
            gone = await self._write(partial(prune_deliveries, before=now - self._settings.keep))
            if gone < PRUNED_AT_ONCE:  # else there is more, for the next look
                self._pruned = now


async def _posted(way: Way, work: Work, message: Message, now: datetime) -> Said:
    """Post a message; give what came of it, also where it could not even be made: then it is as one not taken."""
    try:
        return await way.post(*signed(message, shown_id(message.id, work.seal), work.hook.signing(now), now))
    except Exception:  # noqa: BLE001 - one message must not end the API, and its owner is to read of it
        _log.exception("message failed", webhook=work.hook.id, message=message.id)
        return Said(None, FAILED, 0.0)
