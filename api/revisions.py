"""The revision of the results, as it was a moment ago: one look into the records for all who ask meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from collector.records import Records, RecordsError
from collector.revision import read_revision

LOOKED_S: Final = 0.25
"""Seconds between two looks."""

PATIENCE_S: Final = 2.0
"""Seconds that somebody waits for one."""


class Revisions:
    """Looks up the revision."""

    def __init__(self, records: Callable[[], Records], now: Callable[[], datetime], clock: Callable[[], float]) -> None:
        """Prepare.

        Args:
            records: gives the open records; raises RecordsError while they are down.
            now: the clock, UTC.
            clock: seconds that never go back.
        """
        self.number: int | None = None
        """The revision, as the last look found it; None: results were being written, or the records did not tell."""
        self.at = float("-inf")
        """When that look began, by the clock."""
        self._records = records
        self._now = now
        self._clock = clock
        self._looking: asyncio.Task[None] | None = None

    def look(self) -> "asyncio.Task[None]":
        """Have it looked up, unless that is under way; done when it is."""
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(self._clock()), name="revision")
        return self._looking

    async def looked(self) -> None:
        """Wait for a look, `PATIENCE_S` at most."""
        await asyncio.wait({self.look()}, timeout=PATIENCE_S)

    async def _look(self, at: float) -> None:
        try:
            revision = await self._records().run_ahead(partial(read_revision, now=self._now()))
        except RecordsError:
            self.number = None
        else:
            self.number = None if revision.writing else revision.number
        self.at = at
