"""The revision of the results, as it was a moment ago: one look into the records for all who ask meanwhile."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Final

from collector.records import Records, RecordsError
from collector.revision import read_revision

LOOKED_S: Final = 0.25
"""Seconds that a look counts, from when it began."""


class Revisions:
    """Looks up the revision."""

    def __init__(self, records: Callable[[], Records], now: Callable[[], datetime], clock: Callable[[], float]) -> None:
        """Prepare.

        Args:
            records: gives the open records; raises RecordsError while they are down.
            now: the clock, UTC.
            clock: seconds that never go back.
        """
        self._records = records
        self._now = now
        self._clock = clock
        self._number: int | None = None
        self.at = float("-inf")
        """When the last look began, by the clock."""
        self._look: asyncio.Task[None] | None = None
        self._began = 0.0

    async def get(self) -> int | None:
        """Give the revision as it was at `at`, within the last `LOOKED_S`.

        None: results are being written, or the records do not tell within that time.
        """
        if not self._fresh():
            if self._look is None or self._look.done():
                self._began = self._clock()
                self._look = asyncio.create_task(self._read(self._began), name="revision")
            if self._clock() - self._began < LOOKED_S:  # what takes longer tells of what was too long ago
                await asyncio.wait({self._look}, timeout=LOOKED_S)
        return self._number if self._fresh() else None

    def _fresh(self) -> bool:
        return self._clock() - self.at < LOOKED_S

    async def _read(self, at: float) -> None:
        try:
            revision = await self._records().run(partial(read_revision, now=self._now()))
        except RecordsError:
            self._number = None
        else:
            self._number = None if revision.writing else revision.number
        self.at = at
