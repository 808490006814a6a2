"""What fills a part of gaps, on its way to safety: admitted and spooled like what is live, and then noted."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl
import sqlalchemy as sa

from adapters.sources.contract import Delivery, FilledBy, Missed
from collector.admit import Rules, admit
from collector.deadletters import Bounds, write_dead_letters
from collector.letter import inputs
from collector.records import Records
from collector.resolution import Filling, Part, give_up, note_filling
from collector.spool.contract import Spool


@dataclass(frozen=True, slots=True)
class Safety:
    """Where samples are made safe."""

    rules: Rules
    """What is accepted as a sample."""

    spool: Spool
    """An open spool."""

    records: Records
    """Open records."""

    dead_letters: Bounds
    """How many dead letters are kept."""


class Backfill:
    """Parts of gaps of one source, while what fills them comes in.

    Whoever breaks off before `finish` leaves samples in the spool, which are stored, and gaps as they were.
    """

    def __init__(self, safety: Safety, source: str, by: FilledBy) -> None:
        """Begin; `by` is where the samples of `source` come from."""
        self._safety = safety
        self._source = source
        self._by = by
        self._position = 0
        self._lost: list[Missed] = []
        self.samples = 0
        """Samples that are in the spool."""
        self.refused = 0
        """Dead letters."""

    async def carry(self, delivery: Delivery) -> None:
        """Make a delivery safe.

        Raises:
            SpoolFullError: there is no room now.
            SpoolError: the disk refuses.
            RecordsError: the records do not answer.
        """
        safety, source = self._safety, self._source
        admitted = await asyncio.to_thread(admit, source, delivery.samples, safety.rules)
        refusals = pl.concat([inputs(delivery.refusals), admitted.refusals])
        if not admitted.samples.is_empty():
            self._position = await safety.spool.append(admitted.samples, source)
        if not refusals.is_empty():
            bounds = safety.dead_letters
            await safety.records.run(lambda connection: write_dead_letters(connection, refusals, bounds=bounds))
        self.samples += admitted.samples.height
        self.refused += refusals.height
        self._lost += delivery.gaps

    async def finish(self, parts: Mapping[Part, int], now: datetime, every: Collection[str]) -> None:
        """Note that all has come: what nobody has is unfillable, the rest filled once it is stored.

        Args:
            parts: what the samples fill, and how many there are for it.
            now: the present, UTC.
            every: all signals of the source.

        Raises:
            RecordsError: the records do not answer.
        """

        def write(connection: sa.Connection) -> None:
            for lost in self._lost:
                part = Part(self._source, lost.signals, lost.start, lost.end)
                give_up(connection, part, lost.cause, now, every)
            for part, samples in parts.items():
                note_filling(connection, Filling(part, self._by, samples, self._safety.spool.log, self._position))

        await self._safety.records.run(write)
