"""The intake of one source: from its link to safety, and only then the receipt.

    connect ─► deliveries ─► backlog ─► admit ─► spool.append ─► dead letters, gaps ─► settle, in order
                                 └─ what arrives while one batch is made durable goes into the next

- A source that cannot be reached, or is lost, is tried again for ever, with growing waits; one that refuses is tried
  every minute, and a person is told.
- When the spool is full or the records do not answer, the batch is held and tried again; the backlog fills, the source
  is not read any more, and its sender is held back. Nothing is settled that is not safe.
- When the link breaks, what is already here is made safe and not settled: who can repeat, repeats it.
- When the intake is cancelled, it reads no more, makes safe and settles what is here, and leaves the link.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial
from random import Random
from typing import Final, TypeVar

import polars as pl
import sqlalchemy as sa
import structlog

from adapters.sample import is_bad
from adapters.sources.contract import (
    Delivery,
    Filled,
    GapKind,
    Missed,
    RestartedSource,
    Source,
    SourceError,
    SourceLostError,
    SourceRefusedError,
    SourceUnreachableError,
)
from collector.admit import Admitted, Rules, admit
from collector.backlog import Backlog
from collector.backoff import Backoff
from collector.clock import Clock
from collector.conflicts import Doubles, Recent
from collector.deadletters import Bounds, write_dead_letters
from collector.gaps import add_gap
from collector.letter import inputs
from collector.linkbook import LinkBook
from collector.ownclock import lead_of
from collector.records import Records, RecordsError
from collector.resolution import Filling, Part, note_filling
from collector.spool.contract import Spool, SpoolError

T = TypeVar("T")

FIRST_WAIT: Final = 0.5
"""Seconds at most before a lost source is tried again for the first time."""

LONGEST_WAIT: Final = 30.0
"""Seconds at most between two tries."""

REFUSED_WAIT: Final = 60.0
"""Seconds between two tries of a source that refuses: only a person can change its mind."""

HELD_WAIT: Final = 2.0
"""Seconds at most between two tries of a batch that cannot be made durable."""

GRACE: Final = 4.0
"""Seconds in which what has arrived is made safe when the link ends."""

_log = structlog.get_logger(__name__)


class Intake:
    """Carries what one source delivers to safety."""

    def __init__(
        self,
        source: Source,
        *,
        rules: Rules,
        spool: Spool,
        records: Records,
        book: LinkBook,
        dead_letters: Bounds,
        clock: Clock,
        random: Random,
    ) -> None:
        """Prepare; `book` has been opened with the source's name, `dead_letters` are kept at most."""
        self._source = source
        self._name = source.name
        self._rules = rules
        self._spool = spool
        self._records = records
        self._book = book
        self._dead_letters = dead_letters
        self._recent = Recent()
        self._clock = clock
        self._random = random
        self._patience = Backoff(FIRST_WAIT, LONGEST_WAIT, random)
        self._log = _log.bind(source=self._name)
        self.sent = 0
        """Samples and refusals that the source has delivered and that are safe."""
        self.refused = 0
        """Of these, how many are dead letters."""

    @property
    def name(self) -> str:
        """Name of its source."""
        return self._name

    async def follow(self) -> None:
        """Keep the source connected until it ends by itself, or this is cancelled."""
        try:
            while not await self._tried():
                pass
        except asyncio.CancelledError:
            self._book.went_down(self._name, "down", "the collector was stopped", kind=GapKind.STOPPED)
            raise

    async def once(self) -> None:
        """Connect once and carry everything, to the source's end; raises SourceError where it does not get there."""
        try:
            await self._carry()
        except SourceError as error:
            self._book.went_down(self._name, "down", error.reason)
            raise

    async def _tried(self) -> bool:
        """Connect once; after a failure wait as long as it asks for. Tells whether the source has ended."""
        try:
            await self._carry()
        except SourceRefusedError as error:
            self._log.error("source refused", reason=error.reason, again_in=REFUSED_WAIT)
            self._book.went_down(self._name, "refused", error.reason)
            await self._clock.sleep(REFUSED_WAIT)
        except (SourceUnreachableError, SourceLostError) as error:
            wait = self._patience.next()
            alive = error.alive if isinstance(error, SourceLostError) else None
            self._log.warning("source down", reason=error.reason, again_in=round(wait, 1))
            self._book.went_down(self._name, "down", error.reason, alive=alive)
            await self._clock.sleep(wait)
        except Exception as error:  # noqa: BLE001 - a bulkhead: a defect in one adapter must not stop the other sources
            self._log.exception("source defect", again_in=REFUSED_WAIT)
            self._book.went_down(self._name, "refused", f"defect of its adapter: {error!r}; report it, with the log")
            await self._clock.sleep(REFUSED_WAIT)
        else:
            return True
        return False

    async def _carry(self) -> None:
        """Carry all that one link delivers; raises what the link raises."""
        async with self._source.connect() as deliveries:
            self._log.info("source connected", resumed=self._source.resumes)
            restarted = self._source.restarted if isinstance(self._source, RestartedSource) else None
            self._book.came_up(self._name, filled=self._source.resumes, restarted=restarted)
            backlog, broken = Backlog(), asyncio.Event()
            reading = asyncio.create_task(_read(deliveries, backlog), name=f"read {self._name}")
            securing = asyncio.create_task(self._secure(backlog, broken), name=f"secure {self._name}")
            tasks = {reading, securing}
            try:
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
                if _failure(reading) is not None:
                    broken.set()
                reading.cancel()
                await asyncio.wait(tasks)
            finally:
                reading.cancel()
                await asyncio.wait(tasks, timeout=GRACE)
                securing.cancel()
                await asyncio.wait(tasks)
            for task in (reading, securing):
                if (error := _failure(task)) is not None:
                    raise error
        self._log.info("source ended", sent=self.sent, refused=self.refused)
        self._book.ended(self._name)

    async def _secure(self, backlog: Backlog, broken: asyncio.Event) -> None:
        """Make safe and settle what is in the backlog, until it is closed and empty."""
        while deliveries := await backlog.take():
            samples = pl.concat([delivery.samples for delivery in deliveries], rechunk=True)
            allowance = self._book.heard(self._name, lead_of(samples))
            admitted, doubles = await asyncio.to_thread(self._judged, samples, self._rules.allowing(allowance))
            refusals = pl.concat([*(inputs(delivery.refusals) for delivery in deliveries), admitted.refusals])
            gaps = [gap for delivery in deliveries for gap in delivery.gaps]
            filled = [part for delivery in deliveries for part in delivery.filled]
            if not admitted.samples.is_empty():
                await self._insist(partial(self._spool.append, admitted.samples, self._name))
            if gaps or filled or not refusals.is_empty():
                fillings = await self._fillings(filled, admitted.samples) if filled else []
                await self._insist(partial(self._records.run, partial(self._enter, refusals, gaps, fillings)))
            self.sent += admitted.samples.height + refusals.height
            self.refused += refusals.height
            self._book.secured(
                self._name, samples=admitted.samples.height, refusals=refusals.height, newest=_newest(admitted.samples)
            )
            if doubles:
                self._book.doubled(self._name, doubles)
            self._patience.reset()
            for delivery in deliveries:
                if not broken.is_set():
                    await delivery.settle()

    async def _fillings(self, filled: Sequence[Filled], samples: pl.DataFrame) -> list[Filling]:
        """Give what these samples, which are in the spool, fill of gaps."""
        position = await self._insist(self._spool.end)
        return [
            Filling(
                Part(self._name, one.signals, one.start, one.end),
                one.by,
                _within(samples, one),
                self._spool.log,
                position,
            )
            for one in filled
        ]

    def _judged(self, samples: pl.DataFrame, rules: Rules) -> tuple[Admitted, Doubles]:
        """Tell apart what came, and what of it was said before; in a thread."""
        admitted = admit(self._name, samples, rules)
        return admitted, self._recent.look(admitted.samples)

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do what makes a batch durable, again and again until it is done."""
        waits = Backoff(HELD_WAIT / 8, HELD_WAIT, self._random)
        held = False
        while True:
            try:
                done = await work()
            except (SpoolError, RecordsError) as error:
                if not held:
                    self._log.error("source held", reason=str(error))
                    self._book.held(self._name, str(error))
                held = True
                await self._clock.sleep(waits.next())
            else:
                break
        if held:
            self._log.info("source released")
            self._book.released(self._name)
        return done

    def _enter(
        self,
        refusals: pl.DataFrame,
        gaps: Sequence[Missed],
        fillings: Sequence[Filling],
        connection: sa.Connection,
    ) -> None:
        write_dead_letters(connection, refusals, bounds=self._dead_letters)
        for gap in gaps:
            add_gap(connection, self._name, gap.signals, gap.start, gap.end, gap.cause, kind=gap.kind)
        for filling in fillings:
            note_filling(connection, filling)


async def _read(deliveries: AsyncIterator[Delivery], backlog: Backlog) -> None:
    try:
        async for delivery in deliveries:
            await backlog.put(delivery)
    finally:
        backlog.close()


def _failure(task: asyncio.Task[None]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


def _within(samples: pl.DataFrame, part: Filled) -> int:
    """Count the samples of a part."""
    inside = pl.col("signal").is_in(part.signals) & pl.col("time").is_between(part.start, part.end, closed="left")
    return samples.filter(inside).height


def _newest(samples: pl.DataFrame) -> tuple[datetime, datetime] | None:
    """Give the time and the arrival of the sample with the greatest time.

    One with Bad status may have no time of the machine's own: a server that waits for a first value gives its own.
    """
    told = samples.filter(~is_bad(pl.col("status")))
    at = told["time"].arg_max()
    if at is None:
        return None
    row = told.select(pl.col("time", "received").dt.cast_time_unit("us")).row(at)
    return row[0], row[1]
