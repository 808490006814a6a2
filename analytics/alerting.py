"""The role `alerts`: one process that looks for faults, keeps the life of alerts, and tells people."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.stores.contract import StoreError
from analytics import healthlog, notify
from analytics.watcher import Looked, Watcher
from collector.assembly import open_records, open_spool, open_store
from collector.clock import Clock, WallClock, sleep_unless
from collector.load import Config
from collector.records import RecordsError
from collector.spool.contract import SpoolError

GRACE: Final = 3.0
"""Seconds that a look may still take when the role is to stop."""

log = structlog.get_logger()


async def serve(config: Config, stop: asyncio.Event) -> None:
    """Look and tell until `stop` is set; return when the look under way is over, or `GRACE` later, and all is closed.

    A store, a spool or records that do not answer are told once and asked again each look. What a look that is given up
    would have found is found by the next watcher.

    Raises:
        SpoolError: the spool cannot be opened.
        RecordsError: the records cannot be opened.
    """
    wake = asyncio.Event()
    async with open_records(config, in_turn=True) as records, open_spool(config.installation.spool) as spool:
        watcher = Watcher(config.park, spool, open_store(config), records, wake, [healthlog.keeper(config.park)])
        await watcher.begin(datetime.now(UTC))
        log.info("alerts", look_s=config.installation.alerts.look.total_seconds())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(notify.run(config, records, wake, stop), name="notify")
                group.create_task(watch(watcher, config.installation.alerts.look.total_seconds(), stop), name="watch")
        finally:
            try:
                await watcher.end()
            except (RecordsError, SpoolError) as error:
                log.warning("alerts end", reason=str(error), unwritten="is looked at again by the next watcher")


async def watch(watcher: Watcher, every: float, stop: asyncio.Event, clock: Clock | None = None) -> None:
    """Look every so many seconds, and at once where there is more to read, until `stop` is set."""
    time = clock or WallClock()
    trouble = ""
    while not stop.is_set():
        began = time.monotonic()
        looked: Looked | None = None
        try:
            looked = await _look(watcher, time.now(), stop)
        except (StoreError, SpoolError, RecordsError) as error:
            if str(error) != trouble:
                log.warning("alerts wait", reason=str(error))
            trouble = str(error)
        else:
            if trouble:
                log.info("alerts go on")
            trouble = ""
        if looked is None or not looked.behind:
            await sleep_unless(time, every - (time.monotonic() - began), stop)


async def _look(watcher: Watcher, now: datetime, stop: asyncio.Event) -> Looked | None:
    """Look once; give it up `GRACE` after `stop` was set."""
    look = asyncio.create_task(watcher.look(now), name="look")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({look, stopped}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({look}, timeout=GRACE if stop.is_set() else None)
        if done:
            return look.result()
        log.info("look given up", after_s=GRACE)
        return None
    finally:
        stopped.cancel()
        look.cancel()
        await asyncio.wait({look, stopped})
