"""The collector's side of the links and of the gap ledger: kept in memory, written every second and at each change.

A source's outage is a gap. It begins where samples may be missing since (`Link.missing_since`) and ends when the link
is up again, filled where the sender repeats what it held. A source that has never been up has no gap. A collector that
was killed finds its last heartbeat in the records, and the gap begins there.

What cannot be written waits, in order, until the records answer; sources are not held up by it. When too much waits, an
outage that follows upon another becomes one gap with it.

When this machine's clock is set, all that the book holds by that clock moves with it (`collector.ownclock`): an outage
that was under way is as long as it was, not longer or shorter by the step.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

import sqlalchemy as sa
import structlog

from adapters.sources.contract import GapKind
from collector.clock import Clock
from collector.conflictlog import add_doubles
from collector.conflicts import Doubles
from collector.gaps import begin_gap, end_gap
from collector.links import TRANSIT, Link, read_links, write_links
from collector.ownclock import OwnClock
from collector.records import Records, RecordsError

BEAT: Final = 1.0
"""Seconds between two heartbeats."""

WAITING: Final = 10_000
"""Changes of the ledger that wait to be written, from which on those of one source are joined: hours of links that come
and go."""

_WORKED: Final = ("up", "held")
_FORGOT: Final = "it was started again meanwhile: if it crashed, what it had not saved is gone"
_SET_IT: Final = "have NTP set this machine's clock, or see who sets it wrong"
_UNTRIED: Final = "not connected yet"
_KILLED: Final = "the collector ended without notice"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Change:
    """A change of the gap ledger that is to be written."""

    source: str
    """Whose gap."""

    write: Callable[[sa.Connection], object]
    """Writes it."""

    ends: bool
    """Whether it ends a gap; otherwise it begins one."""


class LinkBook:
    """How every source of this collector stands."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._links: dict[str, Link] = {}
        self._ledger: list[_Change] = []
        self._doubles: dict[str, Doubles] = {}
        self._own = OwnClock(clock.now(), clock.monotonic())
        self._behind = timedelta(0)
        self._changed = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._silent = False

    async def open(self, sources: Iterable[str]) -> None:
        """Take up `sources` where the last collector left them; raises RecordsError."""
        before = await self._records.run(read_links)
        now = self._clock.now()
        names = list(sources)
        self._links = {source: before[source] for source in names if source in before}
        if before:
            self._move(self._own.started_at(max(link.seen for link in before.values())))
        for source in names:
            link = self._links.setdefault(source, Link(source, "down", now, now, None, None, 0, 0, _UNTRIED))
            if link.state in _WORKED:
                self.went_down(source, "down", _KILLED, alive=link.seen, kind=GapKind.STOPPED)
        await self.flush()

    async def run(self) -> None:
        """Write for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat(), name="link heartbeat")
            group.create_task(self._follow(), name="link changes")

    async def flush(self) -> None:
        """Write what there is to write, as far as the records answer; what has begun ends, also when cancelled."""
        flushing = asyncio.create_task(self._flush(), name="link flush")
        try:
            await asyncio.shield(flushing)
        except asyncio.CancelledError:
            # A transaction under way cannot be stopped: without its outcome, all in it would be lost or written twice.
            await asyncio.wait({flushing})
            raise

    async def _flush(self) -> None:
        async with self._flushing:
            now = self._now()
            ledger, links = list(self._ledger), [replace(link, seen=now) for link in self._links.values()]
            doubles, self._doubles = self._doubles, {}
            try:
                await self._records.run(lambda connection: _write(connection, ledger, links, doubles))
            except RecordsError as error:
                if not self._silent:
                    _log.error("records silent", reason=str(error))
                self._silent = True
                for source, later in self._doubles.items():
                    doubles[source] = doubles.get(source, Doubles()) + later
                self._doubles = doubles
                if len(self._ledger) > WAITING:
                    self._ledger = _joined(self._ledger)
                return
            del self._ledger[: len(ledger)]
            self._silent = False

    def link(self, source: str) -> Link:
        """Give how a source stands."""
        return replace(self._links[source], seen=self._now())

    def came_up(self, source: str, *, filled: bool, restarted: datetime | None = None) -> None:
        """Note that a link is open.

        Args:
            source: whose link.
            filled: whether its sender repeats what was missed.
            restarted: when its sender started, UTC, if that is known: one that has not run throughout the outage may
                have forgotten a part of what it repeats, and what it acknowledged just before.
        """
        now = self._now()
        link = self._links[source]
        end, doubt = link.own_time(now), ""
        if end != now:  # how far its clock is off is known but for a sample's time on its way
            end += TRANSIT
        if filled and restarted is not None and link.state not in _WORKED and restarted > link.since:
            _log.warning("sender restarted", source=source, at=restarted.isoformat())
            filled, doubt = False, _FORGOT
        self._ledger.append(
            _Change(source, partial(end_gap, source=source, end=end, filled=filled, now=now, doubt=doubt), ends=True)
        )
        self._change(source, "up", "", since=now)

    def went_down(
        self,
        source: str,
        state: str,
        problem: str,
        *,
        alive: datetime | None = None,
        kind: GapKind = GapKind.OUTAGE,
    ) -> None:
        """Note that a link is not open, and why; `alive` is when it was last known to work, now if nobody knows."""
        now = self._now()
        link = self._links[source]
        alive = min(self._own.moved(alive or now), now)
        if link.state == "held":
            alive = min(alive, link.since)
        if link.state in _WORKED:
            start = link.missing_since(alive)
            self._ledger.append(
                _Change(source, partial(begin_gap, source=source, start=start, cause=problem, kind=kind), ends=False)
            )
        since = alive if link.state == "up" else link.since
        self._change(source, state, problem, since=since)

    def held(self, source: str, problem: str) -> None:
        """Note that the samples of an open link cannot be made durable now."""
        link = self._links[source]
        if link.state == "up":
            self._change(source, "held", problem, since=self._now())

    def released(self, source: str) -> None:
        """Note that the samples of an open link are made durable again."""
        if self._links[source].state == "held":
            self._change(source, "up", "", since=self._now())

    def ended(self, source: str) -> None:
        """Note that a finite source has been read to its end."""
        self._change(source, "ended", "", since=self._now())

    def secured(
        self, source: str, *, samples: int, refusals: int, newest: tuple[datetime, datetime] | None = None
    ) -> None:
        """Note what has been made durable; `newest` is the time and the arrival of the newest of these samples."""
        link = self._links[source]
        if newest is not None and (link.last_time is None or newest[0] >= link.last_time):
            self._now()
            link = replace(self._links[source], last_time=newest[0], last_received=self._own.moved(newest[1]))
        self._links[source] = replace(link, samples=link.samples + samples, refusals=link.refusals + refusals)

    def heard(self, source: str, lead: timedelta | None) -> timedelta:
        """Note how far a batch that came lies ahead of its arrival; tell how far our own clock may be to blame."""
        self._now()
        self._own.heard(source, lead)
        behind = self._own.behind
        if bool(behind) != bool(self._behind):
            if behind:
                _log.error("own clock behind", by=str(behind), sources=len(self._own.witnesses), act=_SET_IT)
            else:
                _log.info("own clock right")
        self._behind = behind
        return self._own.allowance

    def doubled(self, source: str, doubles: Doubles) -> None:
        """Note what a source has said twice."""
        self._doubles[source] = self._doubles.get(source, Doubles()) + doubles

    def _now(self) -> datetime:
        """Give the instant; see first whether the clock was set."""
        now = self._clock.now()
        if step := self._own.step(now, self._clock.monotonic()):
            _log.error("own clock set", by=str(step), act=_SET_IT)
            self._move(step)
        return now

    def _move(self, step: timedelta) -> None:
        """Move with the clock what was noted by it."""
        for source, link in self._links.items():
            received = None if link.last_received is None else link.last_received + step
            self._links[source] = replace(link, since=link.since + step, last_received=received)

    def _change(self, source: str, state: str, problem: str, *, since: datetime) -> None:
        self._links[source] = replace(self._links[source], state=state, problem=problem, since=since)
        self._changed.set()

    async def _beat(self) -> None:
        while True:
            await self._clock.sleep(BEAT)
            await self.flush()

    async def _follow(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            await self.flush()


def _joined(ledger: Sequence[_Change]) -> list[_Change]:
    """Make one gap of all outages of a source: from the first beginning to the last end, and the end before it."""
    ends, begins = dict[str, int](), dict[str, int]()
    kept = set[int]()
    for number, change in enumerate(ledger):
        if change.ends:
            ends[change.source] = number
            if change.source not in begins:
                kept.add(number)
        else:
            begins.setdefault(change.source, number)
    last = {change.source: number for number, change in enumerate(ledger)}
    kept |= set(begins.values()) | {number for source, number in ends.items() if last[source] == number}
    return [change for number, change in enumerate(ledger) if number in kept]


def _write(
    connection: sa.Connection,
    ledger: Iterable[_Change],
    links: list[Link],
    doubles: Mapping[str, Doubles],
) -> None:
    for change in ledger:
        change.write(connection)
    write_links(connection, links)
    add_doubles(connection, doubles)
