"""Faults over history: what the detectors would have told of samples that are in the store.

    store ─► a day at a time, with the gaps of the ledger ─► a new watch ─► alerts

Detectors begin anew, so that what the live system carries is left alone. Links are not looked at again.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from adapters.stores.contract import Store
from analytics.alerts import Alert
from analytics.faults.contract import Seen, moment
from analytics.lapses import Lapses
from analytics.spans import UNKNOWN
from analytics.suppression import STARTING
from analytics.watch import Look, Watch
from collector.gaps import Gap, read_gaps
from collector.park import EquipmentState, Park
from collector.records import Records

_DAY: Final = timedelta(days=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_STARTING: Final = timedelta(microseconds=STARTING // 1000)
_RUNS: Final = frozenset({EquipmentState.PRODUCING.value, UNKNOWN})


@dataclass(frozen=True, slots=True)
class Passed:
    """One stretch of history, looked at."""

    look: Look
    """What was found."""

    states: pl.DataFrame
    """When machines changed their states; columns of `faults.contract.STATES`."""

    until: datetime
    """End of the stretch, UTC."""


async def replayed(
    park: Park, store: Store, records: Records, signals: Collection[str] | None, start: datetime, end: datetime
) -> list[Alert]:
    """Give the alerts that people would have been told, by instant of begin.

    Those that nothing but their design would have suppressed throughout (`when`) are left out.

    Args:
        park: whose signals, with the detectors as they are configured now.
        store: an open store.
        records: where the gaps are noted.
        signals: paths of the signals to look at; None: all.
        start: first instant, UTC.
        end: first instant no longer looked at, UTC.

    Raises:
        StoreError: the store does not answer or forbids.
        RecordsError: the records do not answer.
    """
    gaps = await records.run(lambda connection: read_gaps(connection, start=start - _DAY, end=end))
    found: dict[str, Alert] = {}
    states: list[pl.DataFrame] = []
    async for passed in history(park, store, signals, start, end, gaps):
        found |= {alert.id: alert for alert in passed.look.alerts}
        states.append(passed.states)
    told = _Told(park, states, end)
    alerts = [alert for alert in found.values() if told(alert)]
    return sorted(alerts, key=lambda alert: (alert.began, alert.signal, alert.key))


async def history(
    park: Park,
    store: Store,
    signals: Collection[str] | None,
    start: datetime,
    end: datetime,
    gaps: Iterable[Gap] = (),
    watch: Watch | None = None,
) -> AsyncIterator[Passed]:
    """Let a watch look at what is stored, a day at a time; raises StoreError.

    Arguments as in `replayed`, and the watch that looks; None: a new one.
    """
    watch = watch or Watch(park)
    watched = _watched(park, watch, signals)
    lapses = Lapses(park.signals[path] for path in watched)
    lapses.take(gaps)
    if not watched or start >= end:
        return
    watch.seed(await store.last(watched, start))
    while start < end:
        until = min(start + _DAY, end)
        samples = await (await store.samples(watched, start, until)).collect_async()
        known = (until - _EPOCH) // _MICROSECOND * 1000
        passed = dict.fromkeys(watched, known)
        look = watch.look(Seen(samples, passed, gaps=lapses.behind(samples, passed), now=known))
        watch.keep(look)
        watch.written()
        lapses.looked_at(samples)
        yield Passed(look, look.changes, until)
        start = until


def _watched(park: Park, watch: Watch, signals: Collection[str] | None) -> list[str]:
    """Give the signals that are read: those that are watched, and what tells the states of their machines."""
    if signals is None:
        return sorted(watch.signals)
    machines = {park.signals[path].equipment for path in signals if path in park.signals}
    states = {one.path for path in machines for one in park.equipment[path].state_inputs}
    return sorted(watch.signals.intersection(states.union(signals)))


class _Told:
    """Whether people would have been told of alerts: at some instant while they lasted, what `when` asks for was so."""

    def __init__(self, park: Park, states: Iterable[pl.DataFrame], end: datetime) -> None:
        self._end = end
        self._changes: dict[str, list[tuple[datetime, str]]] = {}
        for frame in states:
            for path, ns, state in frame.iter_rows():
                self._changes.setdefault(path, []).append((moment(ns), state))
        self._lines: Mapping[str, list[str]] = {
            machine.path: [one.path for one in line.equipment]
            for factory in park.factories
            for line in factory.lines
            for machine in line.equipment
        }

    def __call__(self, alert: Alert) -> bool:
        if alert.when == "always":
            return True
        machines = [alert.equipment] if alert.when == "machine_runs" else self._lines.get(alert.equipment, [])
        return any(self._ran(path, alert.began, alert.ended or self._end) for path in machines)

    def _ran(self, path: str, start: datetime, end: datetime) -> bool:
        """Tell whether a machine produced and had come up to speed, or may have, at some instant of [start, end].

        A state lasts until the next one begins; of that instant it is none any more.
        """
        begins = [(datetime.min.replace(tzinfo=UTC), UNKNOWN), *self._changes.get(path, [])]
        ends = [*(at for at, _ in begins[1:]), None]
        stood = False
        for (at, state), until in zip(begins, ends, strict=True):
            if state in _RUNS:
                first = max(start, at + _STARTING if stood and state != UNKNOWN else at)
                if first <= end and (until is None or first < until):
                    return True
            stood = state not in _RUNS
        return False
