"""Rounds: what a role does again and again until it is to stop.

What does not answer meanwhile is told once, and asked again in the next round.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import structlog

from adapters.stores.contract import StoreError
from collector.clock import Clock, WallClock, sleep_unless
from collector.records import RecordsError
from collector.spool.contract import SpoolError

GRACE: Final = 3.0
"""Seconds that a round may still take when the role is to stop."""

log = structlog.get_logger()


async def rounds(
    role: str,
    once: Callable[[datetime], Awaitable[bool]],
    every: float,
    stop: asyncio.Event,
    clock: Clock | None = None,
) -> None:
    """Go round until `stop` is set; return when the round under way is over, or `GRACE` later.

    Args:
        role: what goes round, as the log calls it.
        once: one round, from the instant it begins at, UTC; tells whether there is more to do already.
        every: seconds from where a round begins to the next, which begins at once where there is more to do, or where
            the last took longer.
        stop: ends it.
        clock: the machine's own by default.
    """
    time = clock or WallClock()
    trouble = ""
    while not stop.is_set():
        began, more = time.monotonic(), False
        try:
            more = await _once(role, once(time.now()), stop)
        except (StoreError, SpoolError, RecordsError) as error:
            if str(error) != trouble:
                log.warning("role waits", role=role, reason=str(error))
            trouble = str(error)
        else:
            if trouble:
                log.info("role goes on", role=role)
            trouble = ""
        if not more:
            await sleep_unless(time, every - (time.monotonic() - began), stop)


async def _once(role: str, work: Awaitable[bool], stop: asyncio.Event) -> bool:
    """Go round once; give it up `GRACE` after `stop` was set."""
    under_way = asyncio.ensure_future(work)
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({under_way, stopped}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({under_way}, timeout=GRACE if stop.is_set() else None)
        if done:
            return under_way.result()
        log.info("round given up", role=role, after_s=GRACE)
        return False
    finally:
        stopped.cancel()
        under_way.cancel()
        await asyncio.wait({under_way, stopped})
