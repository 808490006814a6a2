"""The role `analytics`: one process that computes results, cycle by cycle."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from analytics.engine import Engine
from analytics.rounds import rounds
from analytics.telling import Pruning
from analytics.workers import workers_of
from collector.assembly import open_records, open_spool, open_store
from collector.load import Config
from collector.revision import SHOWN_WITHIN

_MARGIN: Final = timedelta(milliseconds=100)
"""How much longer than needed it waits until what is stored is shown."""

log = structlog.get_logger()


async def serve(config: Config, stop: asyncio.Event) -> None:
    """Work until `stop` is set; return when the cycle under way is over, or given up, and all is closed.

    A cycle that is given up is done again by the next engine.

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
        store = open_store(config)
        engine = Engine(config.park, spool, store, records, workers, settings.restate, SHOWN_WITHIN + _MARGIN)
        pruning = Pruning(records, config.installation.records.feed)

        async def cycle(now: datetime) -> bool:
            await pruning.once(now)
            return (await engine.cycle(now)).behind

        await engine.begin(datetime.now(UTC))
        log.info("analytics", machines=len(config.park.equipment), every_s=every)
        try:
            await rounds("analytics", cycle, every, stop)
        finally:
            await engine.end()
