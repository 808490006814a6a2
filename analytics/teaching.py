"""Teaching: what is normal is learned from a time that is stored and known to have been well.

    store ─► detectors, with that time declared as healthy ─► what they carry, baselines

They learn from the whole of it, and then see the last `LATELY` of what is stored, so that they go on where the machine
is now. What they learned is handed to the watcher (`relearning`); alerts of that time are nobody's business, and begin
with what comes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from pydantic import BaseModel

from adapters.stores.contract import Store
from analytics.faultreplay import history
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import Baseline
from analytics.watch import Watch
from collector.faultrules.detection import Healthy, Learned
from collector.gaps import UNFILLABLE, Gap, read_gaps
from collector.park import Park
from collector.records import Records

LATELY: Final = timedelta(days=1)
"""How much of what came last is looked at after the lesson."""

_ALERTS: Final[Mapping[str, Any]] = {"rules": {}, "grades": None}
"""What detectors carry of alerts that last, as it is when none does."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Taught:
    """What was learned."""

    carried: Mapping[str, Mapping[str, Any]]
    """By detector and subject, what is carried."""

    baselines: Sequence[tuple[str, Baseline]]
    """What was learned, with the detector that did."""

    unlearned: Sequence[tuple[str, str]]
    """Detector and subject of those that could not learn from that time."""


async def taught(
    park: Park,
    store: Store,
    records: Records,
    paths: Collection[str],
    healthy: tuple[datetime, datetime],
    now: datetime,
) -> Taught:
    """Let the detectors of machines and signals learn from a time that is stored.

    Args:
        park: whose detectors, as they are configured.
        store: an open store.
        records: where the gaps are noted.
        paths: of machines, each with all its signals, and of signals.
        healthy: begin and end of the time, UTC.
        now: the present, UTC.

    Raises:
        StoreError: the store does not answer or forbids.
        RecordsError: the records do not answer.
    """
    start, end = healthy
    pupils = declared(park, paths, Healthy(start=start, end=end))
    machines = {path if path in park.equipment else park.signals[path].equipment for path in paths}
    signals = [signal.path for machine in machines for signal in park.equipment[machine].signals]
    gaps = await records.run(lambda connection: read_gaps(connection, start=start - LATELY, end=now))
    watch = Watch(pupils)
    baselines: list[tuple[str, Baseline]] = []
    newest = (await store.last(signals, now))["time"].max()
    lately = (newest if isinstance(newest, datetime) else now) - LATELY
    after = max(end, lately)
    known = [*gaps, *_left_out(park, signals, end, after)]
    for first, last in ((start, end), (after, now)):
        async for passed in history(pupils, store, signals, first, last, known, watch):
            baselines += [(slug, one) for slug, one in passed.look.baselines if _is_meant(one.subject, paths)]
    carried = {
        one.slug: {
            subject: {**kept, **{name: empty for name, empty in _ALERTS.items() if name in kept}}
            for subject, kept in watch.carried(one.slug).items()
            if _is_meant(subject, paths)
        }
        for one in DETECTORS
        if one.learns
    }
    learned = {(slug, one.subject) for slug, one in baselines}
    asked = [(slug, subject) for slug, subject in watch.pupils if _is_meant(subject, paths)]
    return Taught(
        {slug: some for slug, some in carried.items() if some},
        baselines,
        [one for one in asked if one not in learned],
    )


def _left_out(park: Park, signals: Collection[str], start: datetime, end: datetime) -> list[Gap]:
    """Give the time between the lesson and what is looked at after it as gaps: nothing is known of it."""
    sources = sorted({park.signals[path].source for path in signals}) if start < end else []
    return [
        Gap(-number, source, (), start, end, "not looked at", UNFILLABLE) for number, source in enumerate(sources, 1)
    ]


def declared(park: Park, paths: Collection[str], healthy: Healthy) -> Park:
    """Give the park with a healthy time declared for every detector that learns of these machines and signals."""
    factories = []
    for factory in park.factories:
        lines = []
        for line in factory.lines:
            machines = []
            for machine in line.equipment:
                signals = tuple(
                    one.model_copy(update={"faults": _declared(one.faults, healthy)})
                    if _is_meant(one.path, paths)
                    else one
                    for one in machine.signals
                )
                update: dict[str, Any] = {"signals": signals}
                if machine.path in paths:
                    update["faults"] = _declared(machine.faults, healthy)
                machines.append(machine.model_copy(update=update))
            lines.append(line.model_copy(update={"equipment": tuple(machines)}))
        factories.append(factory.model_copy(update={"lines": tuple(lines)}))
    given = {name: getattr(park, name) for name in Park.model_fields}
    return Park(**{**given, "factories": tuple(factories)})


def _declared(faults: M, healthy: Healthy) -> M:
    """Give the detectors of a signal or machine with a healthy time declared."""
    learned = {
        name: one.model_copy(update={"healthy": healthy})
        for name, one in dict(faults).items()
        if isinstance(one, Learned)
    }
    return faults.model_copy(update=learned)


def _is_meant(subject: str, paths: Collection[str]) -> bool:
    return any(subject == path or subject.startswith(f"{path}/") for path in paths)
