"""The engine: each cycle it looks at what is new, and computes what that changed.

    spool ─► touched ranges ─► jobs       when the drain has brought the samples into the store

What keeps the numbers right:

- Late data of any age touches its own day, and is in the numbers in the cycle after it is stored.
- Windows that run are computed again as their machine's frontier moves: at once when its samples touch them, else
  every `REFRESH`.
- A gap of the ledger that begins, ends or is filled touches what it spans; so does what somebody says of a stop.
- A calendar or a map that is configured differently than when the numbers were computed touches what it changes.
- The position in the spool and the ranges touched up to it are one transaction of the records; a range is taken off
  when its results are stored. A killed engine takes up where the last one left off.
- An engine that was away for longer than the spool keeps entries reads what it missed from the store, by the time at
  which it was received, as far back as `REACH`.
- What becomes of states goes into the feed with the progress that it is part of; windows follow when they are over.

It holds `ROWS` samples of the spool at a time and one block of the jobs, whatever the backlog. Faults are another
role's, `analytics.watcher`.
"""

import asyncio
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl
import sqlalchemy as sa
import structlog

from adapters.stores.contract import Store
from analytics.configured import configured, other_work
from analytics.jobs import Jobs, ranges_of
from analytics.machinestates import read_machine_states, taken_in, tell_states
from analytics.pending import Key, Touch, due, merged, ranges, remaining, touches
from analytics.progress import (
    Progress,
    read_configured,
    read_owed,
    write_computed,
    write_configured,
    write_progress,
    write_touches,
)
from analytics.settling import REFRESH, Waiting
from analytics.statenews import Timeline
from analytics.stopreasons import read_reason_news
from analytics.telling import Looked, tell_windows
from analytics.timeline import Reader
from analytics.touched import BLOCK, Cause, by_day, touched
from analytics.workers import Local, Workers
from collector.gaps import FILLED, Gap, read_news
from collector.park import Park
from collector.records import Records
from collector.spool.contract import STORE, Chunk, Spool

CONSUMER: Final = "analytics"
"""The engine's name among the spool's consumers."""

ROWS: Final = 200_000
"""Samples that are looked at together, about."""

ROUNDS: Final = 20
"""How many times at most it reads on in one cycle before it computes."""

TOGETHER: Final = 2 * BLOCK
"""Days of machines that one cycle computes at most, so that alerts need not wait for a large backlog."""

RESTATE: Final = timedelta(days=35)
"""How far back another calendar or map computes results again, where nothing else is configured."""

REACH: Final = timedelta(days=31)
"""How old samples may be that were missed and are looked for in the store."""

_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle did."""

    samples: int
    """Samples looked at."""

    results: int
    """Results written."""

    behind: bool
    """Whether there is more to read already."""


class Engine:
    """The analytics of one park."""

    def __init__(
        self,
        park: Park,
        spool: Spool,
        store: Store,
        records: Records,
        workers: Workers | None = None,
        restate: timedelta = RESTATE,
        shown_within: timedelta = timedelta(0),
    ) -> None:
        """Prepare; spool and records are open when it begins, the store is opened when it is first needed.

        Args:
            park: whose analytics.
            spool: what samples come from.
            store: takes the results.
            records: say what is known, and take what results replace.
            workers: compute; None: this process.
            restate: how far back another calendar or map computes results again.
            shown_within: how long whoever keeps answers may still show the results before; windows are told after it.
        """
        self._park = park
        self._spool = spool
        self._store = store
        self._records = records
        self._jobs = Jobs(Reader(park, store, records), Local() if workers is None else workers)
        self._restate = restate
        self._shown_within = shown_within.total_seconds()
        self._inputs = {signal.path: path for path, one in park.equipment.items() for signal in one.inputs}
        self._progress = Progress()
        self._pending: dict[Key, Touch] = {}
        self._computed: dict[str, datetime] = {}
        self._waiting = Waiting()
        self._told = dict[str, Timeline]()
        self._open = AsyncExitStack()
        self._opened = False

    async def begin(self, now: datetime) -> None:
        """Take up what the last engine left, and have the spool keep the rest; raises RecordsError, SpoolError."""
        owed = await self._records.run(read_owed)
        self._progress, self._computed = owed.progress, dict(owed.computed)
        self._told = await self._records.run(read_machine_states)
        self._pending = {key: one for key, one in owed.touches.items() if one.equipment in self._park.equipment}
        await self._see_configuration(now)
        await self._spool.commit(CONSUMER, self._progress.position if self._progress.log == self._spool.log else 0)

    async def end(self) -> None:
        """Close the store, if it was opened."""
        self._opened = False
        await self._open.aclose()

    async def cycle(self, now: datetime) -> Cycle:
        """Look at what is new and compute what is due.

        Raises:
            SpoolError: the spool cannot be read.
            RecordsError: the records do not answer.
            StoreError: the store does not answer or forbids. What came in has been looked at.
        All three leave the engine fit for the next cycle.
        """
        samples = 0
        behind = True
        for _ in range(ROUNDS):
            chunk = await self._read(now)
            if chunk.upto == self._progress.position:
                behind = False
                break
            await self._look(chunk)
            samples += len(chunk.samples)
        await self._see_gaps()
        await self._see_reasons()
        written, more = await self._compute(now)
        waited = self._waiting.still(self._computed, now)
        untold = await tell_windows(self._jobs.publisher, self._ready, waited, now, shown=self._shown)
        return Cycle(samples, written, behind or more or untold)

    async def _read(self, now: datetime) -> Chunk:
        if self._progress.log != self._spool.log:
            await self._begin_spool(now)
        chunk = await self._spool.read(self._progress.position, ROWS)
        if chunk.missed:
            first: datetime | None = chunk.samples.select(pl.col("received").min()).item()
            await self._make_up(first, now)
        return chunk

    async def _begin_spool(self, now: datetime) -> None:
        """Begin with another spool, after what the last one may have brought unseen; its positions mean nothing now."""
        if self._progress.log:
            log.warning("spool replaced", log=self._spool.log, missed="is looked for in the store")
            await self._make_up(None, now)
        progress = replace(self._progress, log=self._spool.log, position=0)
        due_now = {key: replace(touch, first=0, last=0) for key, touch in self._pending.items()}

        def write(connection: sa.Connection) -> None:
            write_touches(connection, due_now)
            write_progress(connection, progress)

        await self._records.run(write)
        self._pending, self._progress = due_now, progress

    async def _look(self, chunk: Chunk) -> None:
        """Find touched ranges in a chunk, and keep them with its position."""
        newest = chunk.samples.select(pl.col("received").dt.cast_time_unit("us").max()).item()
        progress = replace(self._progress, position=chunk.upto, received=newest or self._progress.received)
        await self._touch(progress, touches(touched(chunk.samples, self._inputs), chunk.upto))
        await self._spool.commit(CONSUMER, chunk.upto)

    async def _make_up(self, before: datetime | None, now: datetime) -> None:
        """Look at what the spool dropped unread: it is in the store, and was received after what was looked at last."""
        store = await self._ready()
        signals = sorted(self._inputs)
        received = pl.col("received") > (self._progress.received or _EPOCH)
        if before is not None:
            received &= pl.col("received") < before
        day = (self._progress.received or now) - REACH
        end = now + timedelta(days=1)
        found = 0
        while day < end:
            samples = await store.samples(signals, day, day + timedelta(days=1))
            missed = samples.filter(received).collect()
            if not missed.is_empty():
                await self._touch(self._progress, touches(touched(missed, self._inputs), 0))
            found += len(missed)
            day += timedelta(days=1)
        log.warning("spool entries missed", samples_found_in_store=found)

    async def _see_gaps(self) -> None:
        """Touch what gaps span that have begun, ended, been filled or given up."""
        before = self._progress
        news = await self._records.run(lambda connection: read_news(connection, after=before.gap))
        if not news:
            return
        await self._touch(
            replace(before, gap=max(gap.changed for gap in news)),
            [touch for gap in news for touch in self._spanned(gap)],
        )

    async def _see_reasons(self) -> None:
        """Touch the stops of which somebody said, or took back, why."""
        before = self._progress
        news = await self._records.run(lambda connection: read_reason_news(connection, after=before.reason))
        if not news:
            return
        said = [
            ranges_of([one.equipment], one.start, one.end, Cause.REASON)
            for one in news
            if one.equipment in self._park.equipment
        ]
        new = touches(by_day(pl.concat(said)), 0) if said else []
        await self._touch(replace(before, reason=max(one.changed for one in news)), new)

    async def _touch(self, progress: Progress, new: Iterable[Touch]) -> None:
        """Add touched ranges and move on, at once."""
        changed = merged(self._pending, new)

        def write(connection: sa.Connection) -> None:
            write_touches(connection, changed)
            write_progress(connection, progress)

        await self._records.run(write)
        self._pending.update(changed)
        self._progress = progress

    def _spanned(self, gap: Gap) -> Iterable[Touch]:
        """Give what a gap touches of the machines whose numbers it concerns; one that lasts, from its start on."""
        concerned = {
            equipment
            for signal, equipment in self._inputs.items()
            if self._park.signals[signal].source == gap.source and (not gap.signals or signal in gap.signals)
        }
        end = max(gap.end or gap.start, gap.start + _MICROSECOND)
        cause = Cause.FILLED if gap.state == FILLED else Cause.GAP
        return touches(by_day(ranges_of(sorted(concerned), gap.start, end, cause)), 0)

    async def _see_configuration(self, now: datetime) -> None:
        """Touch what a calendar or a map that is other than before changes, as far back as is configured."""
        before = await self._records.run(read_configured)
        current = {path: configured(self._park, one) for path, one in self._park.equipment.items() if one.state_inputs}
        new: list[Touch] = []
        start, end = now - self._restate, now + timedelta(days=1)
        for path, one in current.items():
            known = before.get(path)
            if known is None:
                continue
            if known.map != one.map:
                new += touches(by_day(ranges_of([path], start, end, Cause.MAP)), 0)
            if known.calendar != one.calendar:
                for first, last in other_work(known.calendar, one.calendar, start, end):
                    new += touches(by_day(ranges_of([path], first, last, Cause.CALENDAR)), 0)
        changed = {path: one for path, one in current.items() if before.get(path) != one}
        if not changed:
            return
        touched = merged(self._pending, new)

        def write(connection: sa.Connection) -> None:
            write_touches(connection, touched)
            write_configured(connection, changed, now)

        await self._records.run(write)
        self._pending.update(touched)
        if new:
            log.info("configured anew", machines=len(changed), days=len(touched))

    async def _compute(self, now: datetime) -> tuple[int, bool]:
        """Compute what is due, the newest first, and the windows that run; tell whether more is due."""
        frontiers = await self._jobs.reader.frontiers(now)
        settled = self._waiting.still(self._computed, now)  # before more is known: what was told without it was told
        self._waiting.see(frontiers, now)
        stored = await self._spool.cursor(STORE)
        every = [touch for touch in due(self._pending.values(), stored) if touch.equipment in frontiers]
        dues = sorted(every, key=lambda touch: touch.start, reverse=True)[:TOGETHER]
        fresh = {touch.equipment for touch in dues}
        running = [
            (equipment, self._computed[equipment], frontier)
            for equipment, frontier in frontiers.items()
            if equipment in self._computed
            and frontier - self._computed[equipment] > (timedelta(0) if equipment in fresh else REFRESH)
        ]
        if not dues and not running:
            return 0, False
        await self._ready()
        grown = pl.concat([ranges(()), *(ranges_of([path], start, end) for path, start, end in running)])
        touched = pl.concat([ranges(dues), grown])
        looked = Looked(self._park, self._told, frontiers)
        written = await self._jobs.compute(touched, now=now, frontiers=frontiers, settled=settled, heard=looked.hear)
        left = remaining(dues, stored)
        until = {equipment: frontiers[equipment] for equipment in fresh | {equipment for equipment, _, _ in running}}
        news = looked.news()

        def write(connection: sa.Connection) -> None:
            write_touches(connection, left)
            write_computed(connection, until)
            tell_states(connection, news, now=now)

        await self._records.run(write)
        for key, touch in left.items():
            if touch is None:
                del self._pending[key]
            else:
                self._pending[key] = touch
        self._computed.update(until)
        self._told = taken_in(self._told, news)
        return written, len(every) > len(dues)

    async def _shown(self) -> None:
        """Wait until what is stored is shown."""
        await asyncio.sleep(self._shown_within)

    async def _ready(self) -> Store:
        """Give the store, opened."""
        if not self._opened:
            await self._open.enter_async_context(self._store)
            self._opened = True
        return self._store
