"""The watcher: several times a second it looks for faults in what is new in the spool, and tells the alert log.

    spool ──────────────────► samples ─┐
    records: links, gap ledger ────────┼─► Watch.look ─► fold into the alert log ─┐ one transaction of the records:
    time ─► shelves, suppression ──────┴─► sweep ────────────────────────────────┘ events, what is carried, position

It works while the store is away. What keeps its alerts right:

- Whatever a look finds is written together with what the detectors carry and with the position in the spool, and with
  what they learned. A look that finds nothing is kept in memory, and written every `CHECKPOINT`, as is what they
  measured: a watcher that was killed looks at these samples again, and finds nothing again. So no alert is lost, and
  none is told twice.
- The first watcher begins with what the spool has: what came before it is history. A later one that was away for longer
  than the spool keeps entries, or finds another spool, reads what it missed from the store, by the time at which it was
  received, as far back as `REACH`. If the store does not answer for `PATIENCE` it goes on with what comes, and what it
  did not look at is an alert.
- That time has passed is believed as far as the links' heartbeats reach, and only when all of the spool is read.
- How links stand is believed when the collector has said so since this watcher began, or has been silent for
  `AWAITED`: both may have been started just now.

It holds `ROWS` samples at a time, whatever the backlog.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeAlias

import polars as pl
import sqlalchemy as sa
import structlog

from adapters.sample import no_samples
from adapters.stores.contract import Store, StoreError
from analytics import alertlog, erring, relearning
from analytics.alerts import Alert
from analytics.faults import links as link_alerts
from analytics.faults.contract import Baseline, Indicator, LinkState, Seen, nanoseconds
from analytics.health import SLUG as HEALTH
from analytics.lapses import Lapses
from analytics.lifecycle import AlertEvent
from analytics.relearning import Request
from analytics.sayings import message
from analytics.suppression import Design, Situation, Subject, Suppression, started
from analytics.trouble import DETECTOR as TROUBLE
from analytics.watch import Look, Watch
from collector.gaps import Gap, read_gaps, read_news
from collector.links import TRANSIT, Link, read_links
from collector.park import Park
from collector.records import Records
from collector.spool.contract import Chunk, Spool
from collector.windows import windows

CONSUMER: Final = "faults"
"""The watcher's name among the spool's consumers."""

ROWS: Final = 200_000
"""Samples that are looked at together, about."""

REACH: Final = timedelta(days=31)
"""How old samples may be that were missed and are looked for in the store, and gaps that still matter."""

CHECKPOINT: Final = timedelta(seconds=5)
"""How long what is carried may stay unwritten while nothing is found."""

SWEEP: Final = timedelta(seconds=1)
"""How often shelves, suppression and what waits for time are looked at."""

PATIENCE: Final = timedelta(minutes=1)
"""How long the store is waited for when something was missed."""

AWAITED: Final = timedelta(seconds=30)
"""How long the collector's first word is waited for."""

AGAIN: Final = timedelta(seconds=5)
"""How long the store is left alone between two questions."""

Keeper: TypeAlias = Callable[
    [sa.Connection, Sequence[tuple[str, Baseline]], Sequence[tuple[str, Indicator]], datetime, alertlog.Suppressed],
    list[AlertEvent],
]
"""Writes what detectors learned and measured, each with its detector, in the transaction of what they carry; UTC. Gives
what happened to alerts."""

_WATCHER: Final = "watcher"
"""In the table of what detectors carry, the name under which the watcher's own progress stands."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FUTURE: Final = timedelta(days=3650)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look did."""

    samples: int
    """Samples of watched signals looked at."""

    events: tuple[AlertEvent, ...]
    """What happened to alerts."""

    behind: bool
    """Whether there is more to read already."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the watcher has come."""

    log: str = ""
    """Identity of the spool that `position` is about; empty before it has read any."""

    position: int = 0
    """Up to which entry of the spool it has looked at samples."""

    received: datetime | None = None
    """When the newest sample it has looked at arrived, UTC; None before the first."""


@dataclass(slots=True)
class _Learned:
    """What detectors learned and measured since it was written last."""

    baselines: list[tuple[str, Baseline]] = field(default_factory=list)
    """Baselines, with the detector that learned each."""

    indicators: dict[tuple[str, str, str, str], Indicator] = field(default_factory=dict)
    """The newest of every number, by detector, equipment, subject and name."""

    def and_of(self, look: Look | None) -> "_Learned":
        """Give it with what a look learned."""
        if look is None:
            return self
        newer = {(slug, one.equipment, one.subject, one.name): one for slug, one in look.indicators}
        return _Learned([*self.baselines, *look.baselines], {**self.indicators, **newer})


@dataclass(frozen=True, slots=True)
class _Read:
    """What a look reads in the records first."""

    links: Mapping[str, Link]
    gaps: Sequence[Gap]
    requests: Sequence[Request]


class Watcher:
    """Looks for faults in one park."""

    def __init__(
        self,
        park: Park,
        spool: Spool,
        store: Store,
        records: Records,
        wake: asyncio.Event | None = None,
        keepers: Sequence[Keeper] = (),
    ) -> None:
        """Prepare; spool and records are open when it begins, the store is opened when it is first needed.

        Args:
            park: whose faults.
            spool: where samples come from.
            store: where samples are that the spool no longer has.
            records: where links, gaps and alerts are.
            wake: is set when something has happened to alerts.
            keepers: write what is learned.
        """
        self._park = park
        self._spool = spool
        self._store = store
        self._records = records
        self._wake = wake or asyncio.Event()
        self._keepers = keepers
        self._design = Design(park)
        self._watch = Watch(park)
        self._lapses = Lapses(())
        self._progress = Progress()
        self._written = Progress()
        self._learned = _Learned()
        self._links: tuple[LinkState, ...] = ()
        self._seen = Seen()
        self._lost: dict[tuple[str, str], str] = {}
        self._returned: dict[str, str] = {}
        self._started: dict[str, int] = {}
        self._begun = self._swept = self._checked = self._kept = _EPOCH
        self._missed: _Missed | None = None
        self._cut = False
        self._open = AsyncExitStack()
        self._opened = False

    async def begin(self, now: datetime) -> None:
        """Take up what the last watcher left, and have the spool keep the rest; raises RecordsError, SpoolError."""

        def read(connection: sa.Connection) -> tuple[Watch, Progress, list[Gap]]:
            watch = Watch.resume(connection, self._park)
            gaps = read_gaps(connection, start=now - REACH, end=now + _FUTURE)
            return watch, _read_progress(connection), gaps

        self._watch, self._progress, gaps = await self._records.run(read)
        self._lapses = Lapses(self._park.signals[path] for path in sorted(self._watch.signals))
        self._lapses.take(gaps)
        self._written, self._begun, self._checked = self._progress, now, now
        events = await self._records.run(lambda connection: self._abandon(connection, now))
        self._lost = await self._records.run(self._lasting)
        self._tell(events)
        await self._spool.commit(CONSUMER, self._progress.position if self._progress.log == self._spool.log else 0)

    async def end(self) -> None:
        """Write what is still to be written, and close the store, if it was opened; raises RecordsError."""
        try:
            if self._progress != self._written and not self._cut:
                await self._write(None, self._progress, datetime.now(UTC))
        finally:
            self._opened = False
            await self._open.aclose()

    async def look(self, now: datetime) -> Looked:
        """Look at what is new.

        Raises:
            SpoolError: the spool cannot be read.
            RecordsError: the records do not answer.
            StoreError: something was missed, and the store does not give it now. Links have been looked at.
        All three leave the watcher fit for the next look.
        """
        read = await self._records.run(self._read)
        self._lapses.take(read.gaps)
        events = await self._relearn(read.requests, now) if read.requests else []
        portion = await self._next(now)
        links = tuple(_state_of(link) for link in read.links.values() if link.source in self._park.sources)
        until = {} if portion.behind or portion.trouble else self._horizons(read.links)
        samples = portion.samples.filter(pl.col("signal").is_in(list(self._watch.signals)))
        believed = links if self._believes(links, now) else ()
        look = None
        if not samples.is_empty() or self._has_passed(believed, until, now):
            gaps, begun = self._lapses.behind(samples, until), _ns(self._begun)
            seen = Seen(samples, until, gaps=gaps, links=believed, now=_ns(now), begun=begun)
            look = await asyncio.to_thread(self._watch.look, seen)
        self._links = links
        if look is not None:
            self._started = started(self._watch.states, look.states.now, self._started, _ns(now))
        events += await self._keep(look, portion.progress, now, portion.unseen)
        if look is not None:
            self._seen = Seen(until=until, links=believed, now=_ns(now))
        self._lapses.looked_at(samples)
        if portion.trouble is not None:
            raise portion.trouble
        return Looked(len(samples), tuple(events), portion.behind)

    def _read(self, connection: sa.Connection) -> _Read:
        return _Read(
            read_links(connection),
            read_news(connection, after=self._lapses.change),
            relearning.read_requests(connection),
        )

    async def _next(self, now: datetime) -> "_Portion":
        """Read on in the spool, after what was missed has been made up."""
        missed = self._missed
        if missed is not None and missed.trouble is not None and not _apart(now, missed.asked, AGAIN):
            return _Portion(no_samples(), self._progress, behind=False, trouble=missed.trouble)
        replaced = self._progress.log != self._spool.log
        position = 0 if replaced else self._progress.position
        end = await self._spool.end()
        chunk = await self._spool.read(position, ROWS) if end > position else Chunk(no_samples(), position)
        if missed is None and self._progress.log and (replaced or chunk.missed):
            if replaced:
                log.warning("spool replaced", log=self._spool.log, missed="is looked for in the store")
            missed = _Missed(now)
        unseen: tuple[Alert, ...] = ()
        if missed is not None:
            # The spool may have dropped more since it was asked last: what is made up reaches to what was read now.
            before = None if replaced else chunk.samples.select(pl.col("received").dt.cast_time_unit("us").min()).item()
            trouble = await self._make_up(before, now)
            if trouble is not None and now - missed.since <= PATIENCE:
                self._missed = replace(missed, trouble=trouble, asked=now)
                return _Portion(no_samples(), self._progress, behind=False, trouble=trouble)
            self._missed = None
            if trouble is not None:
                unseen = (self._give_up(trouble, missed.since, before or now, now),)
        newest = chunk.samples.select(pl.col("received").dt.cast_time_unit("us").max()).item()
        progress = Progress(self._spool.log, chunk.upto, newest or self._progress.received)
        return _Portion(chunk.samples, progress, behind=chunk.upto < end, unseen=unseen)

    async def _make_up(self, before: datetime | None, now: datetime) -> StoreError | None:
        """Look at what the spool dropped unread, which is in the store; give what keeps it from that."""
        try:
            found = await self._look_back(before, now)
        except StoreError as error:
            return error
        log.warning("spool entries missed", samples_found_in_store=found)
        self._checked = _EPOCH  # it took long, and is not to be done again
        return None

    def _give_up(self, trouble: StoreError, since: datetime, until: datetime, now: datetime) -> Alert:
        """Say what is not looked at, as the store has not given it since an instant."""
        start = self._progress.received
        log.error("not looked at for faults", received_after=str(start), reason=str(trouble))
        return erring.unseen(self._park, (start or until, until), str(trouble), since=since, now=now)

    async def _look_back(self, before: datetime | None, now: datetime) -> int:
        """Look at samples of the store that were received after what was looked at last, and before an instant.

        They are read in windows of `ROWS` samples, whether received then or not.
        """
        store = await self._ready()
        signals = sorted(self._watch.signals)
        received = pl.col("received") > (self._progress.received or _EPOCH)
        if before is not None:
            received &= pl.col("received") < before
        first, found = (self._progress.received or now) - REACH, 0
        async for start, end in windows(store, first, now + timedelta(days=1), ROWS):
            frame = await store.samples(signals, start, end)
            samples = await frame.filter(received).collect_async()
            if not samples.is_empty():
                seen = Seen(samples, gaps=self._lapses.behind(samples), now=_ns(now))
                await self._keep(await asyncio.to_thread(self._watch.look, seen), self._progress, now)
                self._lapses.looked_at(samples)
            found += len(samples)
        return found

    async def _keep(
        self, look: Look | None, progress: Progress, now: datetime, own: Sequence[Alert] = ()
    ) -> list[AlertEvent]:
        """Write what a look found; keep in mind what it carries, where it found nothing. Give what happened.

        `own` are the watcher's own alerts.
        """
        due = _apart(now, self._checked, CHECKPOINT) and progress != self._written
        events: list[AlertEvent] = []
        if due or own or (look is not None and (look.alerts or look.baselines)):
            events = await self._write(look, progress, now, own)
        else:
            if _apart(now, self._swept, SWEEP):
                events = await self._sweep(look, now)
            if look is not None:
                self._watch.keep(look)
                self._learned = self._learned.and_of(look)
        self._progress = progress
        if look is not None and (look.late or look.unread):
            log.warning("samples not looked at for faults", late=look.late, unread=look.unread)
        return events

    async def _write(
        self, look: Look | None, progress: Progress, now: datetime, own: Sequence[Alert] = ()
    ) -> list[AlertEvent]:
        """Write everything in one transaction: what was found and what is carried."""
        states = self._watch.states if look is None else look.states.now
        found = [*own, *([] if look is None else look.alerts)]
        learned = self._learned.and_of(look)
        indicators = [(slug, one) for (slug, *_), one in learned.indicators.items()]
        keeps = bool(learned.baselines) or _apart(now, self._kept, CHECKPOINT)
        sweeps = _apart(now, self._swept, SWEEP) or any(_rank(alert) < _RANKS - 1 for alert in found)

        def write(connection: sa.Connection) -> tuple[list[AlertEvent], dict[Subject, str]]:
            events, lost = self._fold(connection, found, states, now)
            if sweeps:
                events += alertlog.sweep(connection, now=now, suppressed=self._suppression(states, lost, now))
            self._watch.write(connection, look)
            alertlog.write_detectors(connection, _WATCHER, {"progress": _as_json(progress)})
            for keeper in self._keepers if keeps else ():
                suppressed = self._suppression(states, lost, now)
                events += keeper(connection, learned.baselines, indicators, now, suppressed)
            return events, lost

        self._cut = True  # until the outcome is known
        events, lost = await self._records.run(write)
        self._cut = False
        if look is not None:
            self._watch.keep(look)
        self._watch.written()
        self._learned, self._kept = (_Learned(), now) if keeps else (learned, self._kept)
        self._progress, self._written, self._checked = progress, progress, now
        self._swept = now if sweeps else self._swept
        self._returned, self._lost = self._returned_by(lost), lost
        self._tell(events)
        if progress.log == self._spool.log:
            await self._spool.commit(CONSUMER, progress.position)
        return events

    def _fold(
        self, connection: sa.Connection, found: Sequence[Alert], states: Mapping[str, str], now: datetime
    ) -> tuple[list[AlertEvent], dict[Subject, str]]:
        """Fold what was found into the alert log, what suppresses others first; give what lasts about links, too."""
        events: list[AlertEvent] = []
        lost = self._lost
        for rank in range(_RANKS):
            some = [alert for alert in found if _rank(alert) == rank]
            if some:
                suppressed = self._suppression(states, lost, now)
                events += alertlog.fold(connection, some, now=now, suppressed=suppressed)
                lost = self._lasting(connection) if rank < _RANKS - 1 else lost
        return events, lost

    async def _sweep(self, look: Look | None, now: datetime) -> list[AlertEvent]:
        """Let time pass for the alerts."""
        states = self._watch.states if look is None else look.states.now
        suppressed = self._suppression(states, self._lost, now)
        events = await self._records.run(lambda connection: alertlog.sweep(connection, now=now, suppressed=suppressed))
        self._swept = now
        self._tell(events)
        return events

    async def _relearn(self, requests: Sequence[Request], now: datetime) -> list[AlertEvent]:
        """Forget what was learned, as people asked, and take what was taught; alerts that rest on it end."""
        self._watch.forget([one.path for one in requests])
        for one in requests:
            self._watch.take(one.carried)

        def write(connection: sa.Connection) -> list[AlertEvent]:
            self._watch.write(connection)
            alertlog.write_detectors(connection, _WATCHER, {"progress": _as_json(self._progress)})
            relearning.heard(connection, requests)
            return self._abandon(connection, now)

        self._cut = True
        events = await self._records.run(write)
        self._cut = False
        self._watch.written()
        self._written = self._progress
        self._tell(events)
        log.info("learned anew", paths=[one.path for one in requests])
        return events

    def _abandon(self, connection: sa.Connection, now: datetime) -> list[AlertEvent]:
        """End the alerts that nobody carries any more."""
        others = {
            (one.alert.detector, one.alert.signal, one.alert.key)
            for one in alertlog.read_standings(connection, active=True)
            if one.alert.detector in {TROUBLE, HEALTH}
        }
        return alertlog.abandon(connection, self._watch.points | others, now=now)

    def _lasting(self, connection: sa.Connection) -> dict[Subject, str]:
        """Give the ids of the alerts about links that last."""
        return {
            (one.alert.signal, one.alert.key): one.id
            for one in alertlog.read_standings(connection, active=True)
            if one.alert.detector == link_alerts.SLUG
        }

    def _returned_by(self, lost: Mapping[Subject, str]) -> dict[str, str]:
        """Give the ids of the alerts of sources that came back, by source, where these alerts about links last."""
        subjects = {one: (link_alerts.subject_of(one), link_alerts.LOST) for one in self._park.sources}
        back = {one: self._lost[subject] for one, subject in subjects.items() if subject in self._lost}
        return {one: by for one, by in (self._returned | back).items() if subjects[one] not in lost}

    def _suppression(self, states: Mapping[str, str], lost: Mapping[Subject, str], now: datetime) -> Suppression:
        links = {link.source: link for link in self._links}
        back = self._returned_by(lost)
        return Suppression(self._design, Situation(links, lost, back, states, _ns(now), self._started))

    def _tell(self, events: Sequence[AlertEvent]) -> None:
        """Log what happened, and wake who tells it."""
        for event in events:
            alert = event.standing.alert
            said = message(alert, "en")
            log.info("alert", id=event.alert, what=event.kind.value, message=said, signal=alert.signal)
        if events:
            self._wake.set()

    def _believes(self, links: Sequence[LinkState], now: datetime) -> bool:
        """Tell whether it may be told from these links what is lost."""
        heard = max((link.seen for link in links), default=0)
        return heard >= _ns(self._begun) or _apart(now, self._begun, AWAITED)

    def _has_passed(self, links: Sequence[LinkState], until: Mapping[str, int], now: datetime) -> bool:
        """Tell whether there is something to see though nothing has come."""
        if links != self._seen.links or until != self._seen.until:
            return True
        heard = max((link.seen for link in links), default=None)
        waits = abs(_ns(now) - self._seen.now) >= nanoseconds(SWEEP)
        return heard is not None and waits and _ns(now) - heard > nanoseconds(AWAITED)  # the collector may be silent

    def _horizons(self, links: Mapping[str, Link]) -> dict[str, int]:
        """Give, by signal, up to which instant everything has come, ns since 1970."""
        sure: dict[str, int] = {}
        for source, link in links.items():
            if link.horizon is not None:
                sure[source] = _ns(link.horizon if link.state == "ended" else link.horizon - TRANSIT)
        return {
            path: sure[source] for path in self._watch.signals if (source := self._park.signals[path].source) in sure
        }

    async def _ready(self) -> Store:
        """Give the store, opened."""
        if not self._opened:
            await self._open.enter_async_context(self._store)
            self._opened = True
        return self._store


@dataclass(frozen=True, slots=True)
class _Portion:
    """What is looked at next."""

    samples: pl.DataFrame
    progress: Progress
    behind: bool
    trouble: StoreError | None = None
    unseen: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class _Missed:
    """Something that the spool no longer has, and that was not looked at."""

    since: datetime
    """When that was noticed."""

    trouble: StoreError | None = None
    """Why the store did not give it."""

    asked: datetime = _EPOCH
    """When it was asked."""


_RANKS: Final = 3
"""How many kinds of alerts there are by what they may suppress."""


def _rank(alert: Alert) -> int:
    """Give when an alert is folded: networks and collector, sources, everything else."""
    if alert.detector != link_alerts.SLUG:
        return 2
    return 1 if alert.signal.startswith(link_alerts.subject_of("")) else 0


def _state_of(link: Link) -> LinkState:
    return LinkState(link.source, link.state, _ns(link.since), link.problem, _ns(link.seen))


def _read_progress(connection: sa.Connection) -> Progress:
    kept = alertlog.read_detectors(connection, _WATCHER).get("progress")
    if kept is None:
        return Progress()
    received = kept["received"]
    return Progress(kept["log"], kept["position"], None if received is None else datetime.fromisoformat(received))


def _as_json(progress: Progress) -> dict[str, Any]:
    received = progress.received
    return {
        "log": progress.log,
        "position": progress.position,
        "received": None if received is None else received.isoformat(),
    }


def _apart(now: datetime, then: datetime, span: timedelta) -> bool:
    """Tell whether so much time lies between two instants; a clock that was set back does not stop what waits."""
    return abs(now - then) >= span


def _ns(instant: datetime) -> int:
    return (instant - _EPOCH) // _MICROSECOND * 1000
