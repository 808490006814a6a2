"""A recording: recorded files through the collector's corridor into the store, and what comes of them.

    files ─► replay source ─► ingest (admit, spool, drain) ─► store ─► detectors ─► alerts
                                                                └───► jobs ──────► results

The line's signals are looked up in the files by `item`, or by name, whatever source they have in real life. The
end of the files is the machines' frontier: what came after it was not recorded. Detectors begin anew, so that what the
live system carries is left alone; alerts that last when a recording ends are not ended.
"""

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import polars as pl

from adapters.registry import source_kind
from adapters.sample import is_bad
from adapters.sources.contract import Delivery, FiniteSource, Point
from adapters.stores.contract import Store
from analytics import report
from analytics.alertlog import write_alerts
from analytics.alerts import Alert
from analytics.faultreplay import history
from analytics.frontier import source_of
from analytics.jobs import Jobs, ranges_of
from analytics.timeline import Reader
from collector.assembly import Totals, ingest, open_records
from collector.load import Config
from collector.park import Line
from collector.records import Records

__all__ = ["ROWS", "Recorded", "play", "source_of"]

ROWS: Final = 100_000
"""Samples in one delivery of the files."""

_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a recording."""

    totals: Totals
    """How much was sent, stored and refused."""

    machines: Sequence[dict[str, Any]]
    """What each machine did from the first known state of any to the last recorded instant, as `report.machines` gives
    it: recordings begin with reports of how things were left, long before."""

    alerts: Sequence[Alert]
    """What the detectors found, in the order in which it began."""


async def play(
    config: Config, line: Line, files: Sequence[Path], store: Store, *, now: datetime, tell: Callable[[float], None]
) -> Recorded:
    """Play files as a line's, to their end.

    Args:
        config: the installation.
        line: one of its lines.
        files: recorded files, in the order of their times.
        store: an open store.
        now: the present, UTC.
        tell: is told how much has been played, 0 to 1.

    Raises:
        SourceError: a file cannot be read.
        StoreError: the store does not answer or forbids.
        SpoolError: the spool cannot be made.
        RecordsError: the records do not answer.
    """
    signals = [signal for machine in line.equipment for signal in machine.signals]
    kind = source_kind("replay")
    points = [
        Point(signal.path, signal.type, kind.address.model_validate({"item": signal.item or signal.name}))
        for signal in signals
    ]
    settings = kind.settings.model_validate({"files": [file.absolute() for file in files], "rows": ROWS})
    source = kind.create(source_of(line), settings, points)
    if not isinstance(source, FiniteSource):
        msg = "the replay source has no end"
        raise TypeError(msg)
    admit = config.installation.admit
    heard = _Heard(source, (datetime(admit.oldest, 1, 1, tzinfo=UTC), now + admit.ahead), tell)
    totals = await ingest(config, [heard], store)
    if heard.first is None or heard.last is None:
        return Recorded(totals, (), ())
    start, end = heard.first, heard.last
    paths = [machine.path for machine in line.equipment if machine.state_inputs]
    frontiers = dict.fromkeys(paths, end)
    async with open_records(config) as records:
        reader = Reader(config.park, store, records)
        past = end + _MICROSECOND
        known = {path: min(end, one) for path, one in (await reader.frontiers(now)).items() if path in frontiers}
        await Jobs(reader).compute(ranges_of(paths, start, past), now=now, frontiers=known)
        alerts = await _detect(config, store, records, [signal.path for signal in signals], start, past)
        states = [signal for path in paths for signal in reader.state_signals(path)]
        told = await _first_state(store, states, start, end)
        machines = await report.machines(reader, paths, told, end, now=now, frontiers=frontiers)
    return Recorded(totals, machines, alerts)


async def _first_state(store: Store, states: Collection[str], start: datetime, end: datetime) -> datetime:
    """Give the first instant of which the state of any machine is known; `start` where there is none."""
    reports = (await store.samples(states, start, end)).filter(~is_bad(pl.col("status")))
    first = await reports.select(pl.col("time").dt.cast_time_unit("us").min()).collect_async()
    instant: datetime | None = first.item()
    return instant or start


async def _detect(
    config: Config, store: Store, records: Records, signals: Collection[str], start: datetime, end: datetime
) -> list[Alert]:
    """Let new detectors look at what was stored; log what they find and give it."""
    found: dict[str, Alert] = {}
    async for passed in history(config.park, store, signals, start, end):
        found |= {alert.id: alert for alert in passed.look.alerts}
    alerts = sorted(found.values(), key=lambda alert: (alert.began, alert.signal, alert.key))
    await records.run(lambda connection: write_alerts(connection, alerts))
    return alerts


class _Heard:
    """A finite source that is listened in on: from when to when its plausible samples are, and how far it is."""

    resumes = False

    def __init__(
        self, source: FiniteSource, plausible: tuple[datetime, datetime], tell: Callable[[float], None]
    ) -> None:
        self.name = source.name
        self._plausible = plausible
        self.first: datetime | None = None
        self.last: datetime | None = None
        self._source = source
        self._tell = tell

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[AsyncIterator[Delivery]]:
        """Open the source, and listen."""
        async with self._source.connect() as deliveries:
            yield self._listened(deliveries)

    async def _listened(self, deliveries: AsyncIterator[Delivery]) -> AsyncIterator[Delivery]:
        async for delivery in deliveries:
            time = pl.col("time").dt.cast_time_unit("us")
            plausible = delivery.samples.filter(time.is_between(*self._plausible))
            first, last = plausible.select(first=time.min(), last=time.max()).row(0)
            if first is not None:
                self.first = first if self.first is None else min(self.first, first)
                self.last = last if self.last is None else max(self.last, last)
            self._tell(self._source.progress.share)
            yield delivery
