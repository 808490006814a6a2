"""The role `collector`: the one process that speaks to machines, and feeds the store."""

import asyncio

from collector.alone import alone
from collector.assembly import collect
from collector.load import Config


async def serve(config: Config, stop: asyncio.Event) -> None:
    """Collect until `stop` is set; return when all is safe and closed.

    Raises:
        OtherCollectorError: another process collects into this spool.
        SpoolError: the spool cannot be opened.
        RecordsError: the records cannot be opened.
    """
    with alone(config.installation.spool.path):
        await collect(config, stop)
