"""The role `alerts`: one process that looks for faults, keeps the life of alerts, and tells people."""

import asyncio
import gc
from datetime import UTC, datetime

import structlog

from analytics import healthlog, notify
from analytics.rounds import rounds
from analytics.watcher import Watcher
from collector.assembly import open_records, open_spool, open_store
from collector.load import Config
from collector.records import RecordsError
from collector.spool.contract import SpoolError

log = structlog.get_logger()


async def serve(config: Config, stop: asyncio.Event) -> None:
    """Look and tell until `stop` is set; return when the look under way is over, or given up, and all is closed.

    What a look that is given up would have found is found by the next watcher.

    Raises:
        SpoolError: the spool cannot be opened.
        RecordsError: the records cannot be opened.
    """
    every = config.installation.alerts.look.total_seconds()
    wake = asyncio.Event()
    async with open_records(config, in_turn=True) as records, open_spool(config.installation.spool) as spool:
        watcher = Watcher(config.park, spool, open_store(config), records, wake, [healthlog.HealthKeeper(config.park)])

        async def look(now: datetime) -> bool:
            return (await watcher.look(now)).behind

        await watcher.begin(datetime.now(UTC))
        gc.collect()
        gc.freeze()  # the park and what was learned stay: no look is to pay for going through them again
        log.info("alerts", look_s=every)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(notify.run(config, records, wake, stop), name="notify")
                group.create_task(rounds("alerts", look, every, stop), name="watch")
        finally:
            try:
                await watcher.end()
            except (RecordsError, SpoolError) as error:
                log.warning("alerts end", reason=str(error), unwritten="is looked at again by the next watcher")
