"""The role `analytics`: one process that computes results, cycle by cycle."""

import asyncio
from datetime import UTC, datetime
from typing import Final

import structlog

from adapters.stores.contract import StoreError
from analytics.engine import Engine
from analytics.workers import workers_of
from collector.assembly import open_records, open_spool, open_store
from collector.load import Config
from collector.records import RecordsError
from collector.spool.contract import SpoolError

GRACE: Final = 3.0
"""Seconds that a cycle may still take when the role is to stop."""

log = structlog.get_logger()


async def serve(config: Config, stop: asyncio.Event) -> None:
    """Work until `stop` is set; return when the cycle under way is finished, or `GRACE` later, and all is closed.

    A store, a spool or records that do not answer are told once and asked again each cycle. A cycle that is given up is
    done again by the next engine.

    Raises:
        SpoolError: the spool cannot be opened.
        RecordsError: the records cannot be opened.
    """
    settings = config.installation.analytics
    every = settings.every.total_seconds()
    async with (
        open_records(config) as records,
        open_spool(config.installation.spool) as spool,
        workers_of(config.installation) as workers,
    ):
        engine = Engine(config.park, spool, open_store(config), records, workers, settings.restate)
        await engine.begin(datetime.now(UTC))
        log.info("analytics", machines=len(config.park.equipment), every_s=every)
        trouble = ""
        try:
            while not stop.is_set():
                behind = False
                try:
                    behind = await _cycle(engine, stop)
                except (StoreError, SpoolError, RecordsError) as error:
                    if str(error) != trouble:
                        log.warning("analytics waits", reason=str(error))
                    trouble = str(error)
                else:
                    if trouble:
                        log.info("analytics goes on")
                    trouble = ""
                if not behind:
                    await _pause(stop, every)
        finally:
            await engine.end()


async def _cycle(engine: Engine, stop: asyncio.Event) -> bool:
    """Run one cycle, and tell whether there is more to read already; give it up `GRACE` after `stop` was set."""
    cycle = asyncio.create_task(engine.cycle(datetime.now(UTC)), name="cycle")
    stopped = asyncio.create_task(stop.wait(), name="stop")
    try:
        await asyncio.wait({cycle, stopped}, return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait({cycle}, timeout=GRACE if stop.is_set() else None)
        if done:
            return cycle.result().behind
        log.info("cycle given up", after_s=GRACE)
        return False
    finally:
        stopped.cancel()
        cycle.cancel()
        await asyncio.wait({cycle, stopped})


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not longer than until `stop` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
