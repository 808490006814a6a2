"""The shell of notifying: routes what happened to alerts, and sends what is due on every channel.

    events to route ─► router ─► notifications ─► sender, one task per channel ─► adapters.channels

The router is woken by whoever writes events, and looks by itself each second (people act through the API and by
commands). A sender is woken by the router, and by time. What does not answer is asked again after waits that grow.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from functools import partial
from random import Random, SystemRandom
from typing import Any, Final, TypeVar

import sqlalchemy as sa
import structlog

from adapters.channels.contract import Channel, ChannelRefusedError, ChannelUnreachableError, Notice
from adapters.registry import channel_kind
from analytics import channelhealth, outbox
from analytics.notices import Notices
from analytics.notification import Notification, Told
from analytics.outbox import AT_ONCE
from analytics.pacing import Pace
from analytics.routing import Rules
from collector.backoff import Backoff
from collector.clock import Clock, WallClock, sleep_unless
from collector.load import Config
from collector.records import Records, RecordsError

POLL: Final = 1.0
"""Seconds after which everybody looks by themselves."""

FIRST_WAIT: Final = 1.0
"""Seconds after which a channel that did not answer is asked again, at most."""

LONGEST_WAIT: Final = 60.0
"""Seconds that a channel is left alone between two tries, at most, unless it asks for more."""

NOTICE_WAIT: Final = 600.0
"""Seconds that one notice waits between two tries at most, so that others get their turn."""

HOUSEKEEPING: Final = 600.0
"""Seconds between two looks for notifications that ended long ago."""

GRACE: Final = 3.0
"""Seconds that a notice under way may still take when all is to stop."""

T = TypeVar("T")

log = structlog.get_logger()


async def run(
    config: Config,
    records: Records,
    wake: asyncio.Event,
    stop: asyncio.Event,
    *,
    clock: Clock | None = None,
    lot: Random | None = None,
) -> None:
    """Route and send until `stop` is set; return when what is under way is over, or `GRACE` later.

    Args:
        config: the installation; its `alerts` name channels and routes.
        records: open.
        wake: set by whoever has written events; cleared here.
        stop: set when all is to stop.
        clock: what time it is; None: the machine's own.
        lot: spreads tries in time; None: the machine's own.
    """
    await Notifier(config, records, clock=clock, lot=lot).run(wake, stop)


def channels_of(config: Config) -> dict[str, Channel]:
    """Make the channels of an installation, by name; nothing is opened."""
    return {
        one.name: channel_kind(one.kind).create(one.name, one.settings) for one in config.installation.alerts.channels
    }


def notice_of(one: Notification, told: Told, language: Any) -> Notice:
    """Give a notification as its channel takes it."""
    return Notice(
        id=one.id,
        title=told["title"],
        text=told["text"],
        language=language,
        event=told["event"],
        severity=one.severity.value,
        at=datetime.fromisoformat(told["at"]),
        data=told["data"],
    )


class Notifier:
    """Router and senders of one installation."""

    def __init__(
        self,
        config: Config,
        records: Records,
        *,
        channels: dict[str, Channel] | None = None,
        clock: Clock | None = None,
        lot: Random | None = None,
    ) -> None:
        """Prepare; `channels`: others than the configuration makes, by name."""
        settings = config.installation.alerts
        self._rules = Rules(settings, config.park)
        self._notices = Notices(self._rules, settings.page_url)
        self._channels = channels_of(config) if channels is None else channels
        self._records = records
        self._clock: Clock = clock or WallClock()
        self._lot = lot or SystemRandom()
        self._due = {name: asyncio.Event() for name in self._channels}
        self._news = asyncio.Event()
        self._trouble = ""
        self._stop = asyncio.Event()

    async def run(self, wake: asyncio.Event, stop: asyncio.Event) -> None:
        """Route and send until `stop` is set."""
        self._stop = stop
        async with AsyncExitStack() as opened:
            for channel in self._channels.values():
                await opened.enter_async_context(channel.open())
            async with asyncio.TaskGroup() as group:
                forwarding = group.create_task(self._forward(wake), name="wake")
                group.create_task(self._route(), name="router")
                for name, channel in self._channels.items():
                    group.create_task(self._send(name, channel), name=f"sender {name}")
                group.create_task(self._stopped(forwarding), name="stop")

    async def _stopped(self, forwarding: asyncio.Task[None]) -> None:
        """Wake everybody when all is to stop."""
        await self._stop.wait()
        forwarding.cancel()
        self._news.set()
        for due in self._due.values():
            due.set()

    async def _route(self) -> None:
        """Route what happens, escalate, and look after floods and what is too old."""
        housekept = -HOUSEKEEPING
        tidied = False
        while not self._stop.is_set():
            self._news.clear()
            tidied = tidied or await self._asked(self._tidied) is not None
            more = await self._asked(self._step)
            if more is not None:
                for due in self._due.values():
                    due.set()
            if self._clock.monotonic() - housekept >= HOUSEKEEPING:
                housekept = self._clock.monotonic()
                await self._asked(lambda connection: outbox.forget(connection, self._clock.now()))
            if more != AT_ONCE:
                await sleep_unless(self._clock, POLL, self._news)

    def _tidied(self, connection: sa.Connection) -> bool:
        """Let be over that channels fail that are no longer configured."""
        channelhealth.left_channels(connection, self._rules, self._clock.now())
        return True

    async def _forward(self, wake: asyncio.Event) -> None:
        """Pass on that there is news."""
        while True:
            await wake.wait()
            wake.clear()
            self._news.set()

    def _step(self, connection: sa.Connection) -> int:
        """Do what is due for the router; give how many events were routed."""
        now = self._clock.now()
        outbox.escalate(connection, self._rules, now)
        outbox.expire(connection, self._rules, self._notices, now)
        done = outbox.deliver(connection, self._rules, self._notices, now)
        outbox.settle_floods(connection, self._rules, self._notices, now)
        return done

    async def _send(self, name: str, channel: Channel) -> None:
        """Send what is due on one channel, one after the other."""
        config = self._rules.channels[name]
        pace = Pace(self._rules.zone(name), config.quiet, config.rate)
        backoff = Backoff(FIRST_WAIT, LONGEST_WAIT, self._lot)
        due = self._due[name]
        while not self._stop.is_set():
            due.clear()
            taken = await self._asked(
                lambda connection: outbox.take(connection, name, pace, self._notices, self._clock.now())
            )
            if taken is None or taken.one is None:
                await sleep_unless(self._clock, self._until(taken.wake if taken is not None else None), due)
                continue
            wait = await self._try(channel, taken.one, taken.told, backoff)
            if wait:
                await sleep_unless(self._clock, wait, self._stop)

    async def _try(self, channel: Channel, one: Notification, told: Told, backoff: Backoff) -> float:
        """Send one notice and note what came of it; give how many seconds the channel is to be left alone."""
        notice = notice_of(one, told, self._rules.channels[one.channel].language)
        try:
            sent = await self._in_grace(channel.send(notice))
        except ChannelUnreachableError as error:
            wait = max(backoff.next(), error.retry_after or 0.0)
            again = min(FIRST_WAIT * 2 ** (one.attempts - 1), NOTICE_WAIT) if one.attempts < _DOUBLINGS else NOTICE_WAIT
            log.warning("notice not delivered", channel=one.channel, reason=error.reason, again_s=round(wait, 1))
            await self._noted(outbox.unreachable, one, error.reason, after=max(wait, again))
            return wait
        except ChannelRefusedError as error:
            log.warning("notice refused", channel=one.channel, reason=error.reason)
            await self._noted(partial(outbox.refused, wording=self._notices), one, error.reason)
            return 0.0
        if sent is None:  # it was cut off: it is sent again by whoever comes next
            return 0.0
        backoff.reset()
        answer = "; ".join([sent.answer, *sent.left_out])
        if sent.left_out:
            log.warning("notice not for all", channel=one.channel, left_out=list(sent.left_out))
        await self._noted(outbox.delivered, one, answer)
        return 0.0

    async def _noted(
        self, note: Callable[..., None], one: Notification, said: str, *, after: float | None = None
    ) -> None:
        """Write what came of a notice, again until the records answer: it is known only here."""

        def work(connection: sa.Connection) -> bool:
            now = self._clock.now()
            due = {} if after is None else {"due": now + timedelta(seconds=after)}
            note(connection, self._rules, one, said, now=now, **due)
            return True

        while await self._asked(work) is None and not self._stop.is_set():
            await sleep_unless(self._clock, POLL, self._stop)
        if note is not outbox.delivered:
            self._news.set()  # a channel that fails is news

    async def _in_grace(self, sending: Awaitable[T]) -> T | None:
        """Wait for an answer, but no longer than `GRACE` after all is to stop; None: it was given up."""
        task = asyncio.ensure_future(sending)
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            done, _ = await asyncio.wait({task}, timeout=GRACE if not task.done() else None)
            return task.result() if done else None
        finally:
            stopped.cancel()
            task.cancel()
            await asyncio.wait({task, stopped})

    async def _asked(self, work: Callable[[sa.Connection], T]) -> T | None:
        """Do something in the records; None where they do not answer, which is told once."""
        try:
            done = await self._records.run(work)
        except RecordsError as error:
            if str(error) != self._trouble:
                log.warning("notices wait", reason=str(error))
            self._trouble = str(error)
            return None
        if self._trouble:
            log.info("notices go on")
        self._trouble = ""
        return done

    def _until(self, wake: datetime | None) -> float:
        """Give how many seconds to wait for what is due."""
        if wake is None:
            return POLL
        return min(max((wake - self._clock.now()).total_seconds(), _LEAST), POLL)


_DOUBLINGS: Final = 12
"""Tries after which the wait of a notice is the longest."""

_LEAST: Final = 0.01
