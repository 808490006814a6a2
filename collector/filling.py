"""Filling gaps from the sources' own histories, while the collector runs.

    open gap that is over ─► slice of time ─► source.history ─► admit ─► spool.append ─► noted
                                                                                            └─ stored ─► gap filled

- The oldest gap of a source comes first, a slice at a time; sources are filled beside each other, `TOGETHER` at most.
- What a source has no history of is unfillable, and why; nobody asks for it again unless told to.
- A source is asked while its link is up. One that breaks off, or says later, is asked again with growing waits.
- Live samples come first: while the spool is half full, or `AHEAD` slices wait for the store, nothing is asked for.
- A slice that was under way when the collector ended is asked for again: the store keeps a sample once.
- What the store refused is not asked for again: it would refuse it again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random
from typing import Final

import sqlalchemy as sa
import structlog

from adapters.sources.contract import FilledBy, GapKind, History, HistorySource, Source, SourceError, SourceRefusedError
from collector.backfill import Backfill, Safety
from collector.backoff import Backoff
from collector.clock import Clock
from collector.gaps import OPEN, Gap, read_gaps
from collector.linkbook import LinkBook
from collector.records import RecordsError
from collector.resolution import Filling, Part, fill_stored, read_fillings, unfilled
from collector.spool.contract import STORE, SpoolError

SLICE: Final = timedelta(minutes=10)
"""Time that is asked for at once: what is done again after a kill."""

TOGETHER: Final = 2
"""Sources that are asked at the same time."""

AHEAD: Final = 4
"""Slices of one source that may wait for the store."""

PATIENCE: Final = 10.0
"""Seconds for which a history stays open while there is no room for what it would give."""

LOOK: Final = 2.0
"""Seconds between two looks at the ledger, and at the room there is."""

RIPE: Final = timedelta(seconds=5)
"""How long a gap must be over: historians write a little behind."""

FIRST_WAIT: Final = 1.0
"""Seconds at most before a source that broke off is asked again for the first time."""

LONGEST_WAIT: Final = 60.0
"""Seconds at most between two tries."""

REFUSED_WAIT: Final = 300.0
"""Seconds between two tries of a source that refuses: only a person can change its mind."""

_ASKED_FOR: Final = tuple(kind.value for kind in GapKind if kind is not GapKind.REJECTED)
_EVER: Final = (datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
_log = structlog.get_logger(__name__)


async def fill_part(
    safety: Safety,
    history: History,
    part: Part,
    every: Collection[str],
    clock: Clock,
    room: Callable[[], Awaitable[None]],
) -> int:
    """Fill a part of gaps from an open history; give how many samples came.

    Args:
        safety: where samples are made safe.
        history: the source's.
        part: what is asked for.
        every: all signals of the source.
        clock: tells when it was done.
        room: awaited before each page is made safe.

    Raises:
        SourceLostError: the link broke, or the source says later.
        SpoolError: the spool is full, or its disk refuses.
        RecordsError: the records do not answer.
    """
    backfill = Backfill(safety, part.source, FilledBy.HISTORY)
    async with aclosing(history.read(part.signals or sorted(every), part.start, part.end)) as deliveries:
        async for delivery in deliveries:
            await room()
            await backfill.carry(delivery)
    await backfill.finish({part: backfill.samples}, clock.now(), every)
    return backfill.samples


class GapFiller:
    """Fills the gaps of one collector's sources."""

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        signals: Mapping[str, Collection[str]],
        safety: Safety,
        limit: int,
        book: LinkBook,
        clock: Clock,
        random: Random,
    ) -> None:
        """Prepare.

        Args:
            sources: the collector's sources; those with a history are asked.
            signals: paths of the signals of each source.
            safety: where samples are made safe.
            limit: bytes that the spool may hold.
            book: how the sources stand; opened with their names.
            clock: what to wait by.
            random: what to draw waits from.
        """
        self._sources = [one for one in sources if isinstance(one, HistorySource) and one.remembers]
        self._signals = signals
        self._safety = safety
        self._limit = limit
        self._book = book
        self._clock = clock
        self._random = random
        self._together = asyncio.Semaphore(TOGETHER)
        self._over: dict[str, dict[int, datetime]] = {}

    async def run(self) -> None:
        """Fill for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow_store(), name="gaps stored")
            for source in self._sources:
                group.create_task(self._follow(source), name=f"fill {source.name}")

    async def _follow_store(self) -> None:
        """Mark gaps as filled when the store has what fills them."""
        spool, silent = self._safety.spool, False
        while True:
            try:
                stored = await spool.cursor(STORE)
                for filling in await self._safety.records.run(partial(self._fill_stored, stored)):
                    part = filling.part
                    _log.debug(
                        "gap filled", source=part.source, start=part.start, end=part.end, samples=filling.samples
                    )
                silent = False
            except (RecordsError, SpoolError) as error:
                if not silent:  # it is tried every few seconds: once is enough
                    _log.warning("gaps not looked at", reason=str(error))
                silent = True
            await self._clock.sleep(LOOK)

    def _fill_stored(self, stored: int, connection: sa.Connection) -> list[Filling]:
        return fill_stored(connection, self._safety.spool.log, stored, self._clock.now(), self._signals)

    async def _follow(self, source: HistorySource) -> None:
        """Fill the gaps of one source, whenever there are any."""
        waits = Backoff(FIRST_WAIT, LONGEST_WAIT, self._random)
        while True:
            wait = LOOK
            try:
                if await self._next(source.name) is not None:
                    async with self._together:
                        await self._fill(source)
                waits.reset()
            except SourceRefusedError as error:
                wait = REFUSED_WAIT
                _log.error("history refused", source=source.name, reason=error.reason, again_in=wait)
            except (SourceError, RecordsError, SpoolError) as error:
                wait = waits.next()
                _log.warning("gap not filled", source=source.name, reason=str(error), again_in=round(wait, 1))
            except Exception:  # noqa: BLE001 - a bulkhead: a defect in one adapter must not stop the collector
                wait = REFUSED_WAIT
                _log.exception("history defect", source=source.name, again_in=wait)
            await self._clock.sleep(wait)

    async def _fill(self, source: HistorySource) -> None:
        """Fill what there is to fill, over one open history."""
        async with source.history() as history:
            while (part := await self._next(source.name, PATIENCE)) is not None:
                await self._fill_part(history, part)

    async def _fill_part(self, history: History, part: Part) -> None:
        async def room() -> None:
            while not await self._room():
                await self._clock.sleep(LOOK)

        await fill_part(self._safety, history, part, self._signals[part.source], self._clock, room)

    async def _next(self, source: str, patience: float = 0.0) -> Part | None:
        """Give the next slice that can be filled; None for none, or where no room comes within `patience` seconds."""
        waited = 0.0
        while self._book.link(source).state == "up":
            gaps, fillings = await self._safety.records.run(lambda connection: self._read(connection, source))
            left = [
                gap
                for gap in unfilled(self._ripe(source, gaps), fillings, self._signals[source])
                if gap.end is not None
            ]
            if not left:
                return None
            if len(fillings) < AHEAD and await self._room():
                first = left[0]
                return Part(source, first.signals, first.start, min(first.end or first.start, first.start + SLICE))
            if waited >= patience:
                return None
            await self._clock.sleep(LOOK)
            waited += LOOK
        return None

    def _read(self, connection: sa.Connection, source: str) -> tuple[list[Gap], list[Filling]]:
        """Give the open gaps of a source, and what waits for the store to fill them."""
        # In this order: what is filled between the two is in both, and is left out; the other way round it is in none.
        fillings = [one for one in read_fillings(connection) if one.part.source == source]
        start, end = _EVER
        gaps = read_gaps(connection, start=start, end=end, sources=[source], states=[OPEN], kinds=_ASKED_FOR)
        return gaps, fillings

    def _ripe(self, source: str, gaps: Sequence[Gap]) -> list[Gap]:
        """Give those gaps of a source that have been over for a while; by our clock, whatever the source's says."""
        now, known = self._clock.now(), self._over.get(source, {})
        over = {gap.whole: known.get(gap.whole, now) for gap in gaps if gap.end is not None}
        self._over[source] = over
        return [gap for gap in gaps if gap.whole in over and now - over[gap.whole] >= RIPE]

    async def _room(self) -> bool:
        """Tell whether live samples have all the room they may need."""
        return await self._safety.spool.size() < self._limit // 2
