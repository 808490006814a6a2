"""What data there is, for one caller: datasets of what it may see, with how good and how new they are.

entries      every dataset, by id: of the park for who may see all of it, of each factory, of each machine, of each
view of open data that the caller reads; told from the configuration alone
entry_of     the one with an id
subject      what must be known of one (`api.evidence`): a page of them is read at once
datasets     some of them as they are shown
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import quote

from analytics.disclosure.sources import figures
from analytics.openrows import readable
from analytics.recording import source_of
from api.callers import Caller
from api.datasets import (
    CATALOGUE,
    ISO_22400,
    JSON,
    LIST,
    STREAM,
    TYPES,
    DatasetType,
    fields_of,
    kpi_variables,
    open_fields,
)
from api.evidence import LATELY, Known, Subject
from api.lookup import lines_of, source_seen, titled
from api.parts import Parts
from api.views.catalogue import (
    DatasetKind,
    DatasetView,
    ExtentView,
    PartyView,
    QualityView,
    RequestView,
    VariableView,
)
from api.views.shape import TitleView
from collector.gaps import OPEN, UNFILLABLE
from collector.park import Equipment, Factory, Signal

MACHINES_AT_ONCE: Final = 50
"""Machines that one request for states may ask about."""

_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One dataset, before anything is read of it."""

    id: str
    """Its id."""

    kind: DatasetKind
    """What kind of data it is."""

    path: str
    """What it tells of; of open data the name of its view."""


def entries(parts: Parts, caller: Caller) -> Iterator[Entry]:
    """Give every dataset that a caller may see, in no order."""
    park = parts.park
    there = {
        "park": [park.id] if parts.grants is None else [],
        "factory": [factory.path for factory in park.factories],
        "machine": [path for path, equipment in park.equipment.items() if equipment.signals],
    }
    for one in TYPES.values():
        yield from (
            Entry(f"{one.kind}/{path}", one.kind, path) for level in sorted(one.levels) for path in there[level]
        )
    yield from (Entry(f"open/{name}", "open", name) for name in readable(parts.open_data, caller.views))


def entry_of(parts: Parts, caller: Caller, name: str) -> Entry | None:
    """Give the dataset with this id that a caller may see; None where there is none. It does not go through all."""
    kind, _, path = name.partition("/")
    if kind == "open":
        return Entry(name, "open", path) if path in readable(parts.open_data, caller.views) else None
    known = next((one for one in TYPES.values() if one.kind == kind), None)
    if known is None:
        return None
    park = parts.park
    there = {
        "park": path == park.id and parts.grants is None,
        "factory": any(path == factory.path for factory in park.factories),
        "machine": path in park.equipment and bool(park.equipment[path].signals),
    }
    return Entry(name, known.kind, path) if any(there[level] for level in known.levels) else None


def subject(entry: Entry) -> Subject:
    """Give what must be known of a dataset."""
    return Subject(entry.path, TYPES[entry.kind].stored if entry.kind in TYPES else None, is_view=entry.kind == "open")


def datasets(parts: Parts, shown: Iterable[Entry], known: Known) -> list[DatasetView]:
    """Give datasets as they are shown; a great park's take tenths of a second."""
    places: dict[str, _Place] = {}
    views = []
    for entry in shown:
        if entry.kind == "open":
            views.append(_opened(parts, entry, known))
            continue
        place = places.get(entry.path)
        if place is None:
            place = places[entry.path] = _place(parts, entry.path, known)
        views.append(_Own(parts, TYPES[entry.kind], entry, known, place).view())
    return views


@dataclass(frozen=True, slots=True)
class _Place:
    """What a dataset tells of."""

    path: str
    """Its path."""

    title: TitleView
    """What people call it."""

    factories: tuple[Factory, ...]
    """Its factories, or the one that it is in."""

    lines: int
    """How many lines it has."""

    machines: tuple[Equipment, ...]
    """Its machines."""

    sources: frozenset[str]
    """Names of the sources that are its own."""

    signals: tuple[Signal, ...]
    """The signals of its machines."""

    heard: datetime | None
    """Up to when any of its machines is known to be in its state."""

    open_gaps: int | None
    """Open gaps of lately that concern it; None: too many to count."""

    unfillable_gaps: int | None
    """Unfillable ones; None: too many to count."""


def _place(parts: Parts, path: str, known: Known) -> _Place:
    park = parts.park
    sources: frozenset[str] = frozenset()
    if path == park.id and parts.grants is None:
        title, factories, machines = titled(park.title, park.id), park.factories, tuple(park.equipment.values())
        lines = sum(len(factory.lines) for factory in factories)
        sources = frozenset({*park.sources, *(source_of(line) for line in lines_of(park))})
    else:
        factory = park.factory_of(path)
        factories = (factory,)
        if path == factory.path:
            title, lines = titled(factory.title, factory.id), len(factory.lines)
            machines = tuple(machine for line in factory.lines for machine in line.equipment)
            names = {source.name for line in factory.lines for source in line.sources}
            names |= {source_of(line) for line in factory.lines}
            sources = frozenset(name for name in names if source_seen(parts, name))
        else:
            machine = park.equipment[path]
            title, lines, machines = titled(machine.title, machine.id), 1, (machine,)
    signals = tuple(signal for machine in machines for signal in machine.signals)
    return _Place(
        path=path,
        title=title,
        factories=factories,
        lines=lines,
        machines=machines,
        sources=sources,
        signals=signals,
        heard=known.heard(machines),
        open_gaps=known.gaps(signals, sources, OPEN),
        unfillable_gaps=known.gaps(signals, sources, UNFILLABLE),
    )


class _Own:
    """Shows a dataset of the park's own, or of its factories'."""

    def __init__(self, parts: Parts, kind: DatasetType, entry: Entry, known: Known, place: _Place) -> None:
        self._parts = parts
        self._kind = kind
        self._entry = entry
        self._known = known
        self._place = place

    def view(self) -> DatasetView:
        """Give it."""
        kind, place = self._kind, self._place
        last = self._last()
        return DatasetView(
            id=self._entry.id,
            kind=kind.kind,
            title=_joined(kind.title, place.title),
            description=kind.description,
            themes=list(self._parts.park.catalogue.themes),
            owner=self._owner(),
            publisher=publisher(self._parts),
            licence=self._parts.park.catalogue.licence or None,
            access="internal" if place.path == self._parts.park.id else "granted",
            extent=ExtentView(
                path=place.path,
                factories=len(place.factories),
                lines=place.lines,
                equipment=len(place.machines),
                signals=len(place.signals),
            ),
            period=kind.period,
            updated=kind.updated,
            first=self._known.first(place.path),
            last=last,
            age_s=_age(last, self._known.now),
            quality=self._quality(),
            standards=list(kind.standards),
            computed=CATALOGUE if kind.is_computed else None,
            fields=fields_of(kind.rows),
            variables=self._variables(),
            requests=list(self._requests(last)),
            topics=[] if kind.topic is None else [kind.topic],
            exports=[] if kind.export is None else [kind.export],
        )

    def _owner(self) -> PartyView:
        catalogue = self._parts.park.catalogue
        if self._place.path == self._parts.park.id:
            return publisher(self._parts)
        [factory] = self._place.factories
        name = titled(factory.owner.title, "")
        own = titled(factory.title, factory.id)
        return PartyView(
            name=TitleView(zh=name.zh or own.zh, en=name.en or own.en),
            contact=factory.owner.contact or catalogue.contact or None,
        )

    def _last(self) -> datetime | None:
        known, place, kind = self._known, self._place, self._kind
        if kind.kind in {"gaps", "sources"}:
            return known.seen(place.sources)
        heard = place.heard
        if kind.kind == "samples":
            heard = known.sampled(place.machines[0]) or heard
        if kind.stored is None or (heard is not None and not kind.is_computed):
            return heard
        newest = known.newest(place.path, kind.stored)
        return newest if heard is None or newest is None else min(newest, heard)

    def _quality(self) -> QualityView:
        known, place, stored = self._known, self._place, self._kind.stored
        return QualityView(
            coverage=None if stored is None else known.coverage(place.path, stored),
            open_gaps=place.open_gaps,
            unfillable_gaps=place.unfillable_gaps,
            restatements=None if stored is None or self._kind.kind == "samples" else known.restated(place.path, stored),
        )

    def _variables(self) -> list[VariableView]:
        if self._kind.has_numbers:
            return kpi_variables()
        if self._kind.kind != "samples":
            return []
        return [_variable(signal) for signal in self._place.signals]

    def _requests(self, last: datetime | None) -> Iterator[RequestView]:
        path = quote(self._place.path)
        day = (last or self._known.now).replace(hour=0, minute=0, second=0, microsecond=0)
        sources = sorted(self._place.sources)
        signals = self._place.signals
        filling = {
            "path": path,
            "start": f"{day:%Y-%m-%dT%H:%M:%SZ}",
            "end": f"{day + _DAY:%Y-%m-%dT%H:%M:%SZ}",
            "week": f"{day + _DAY - LATELY:%Y-%m-%dT%H:%M:%SZ}",
            "sources": "&".join(f"source={quote(name)}" for name in sources),
            "signal": quote(signals[0].path) if signals else "",
        }
        for ask in self._kind.asks:
            for machines in self._chosen() if "{machines}" in ask.address else ("",):
                address = ask.address.format(**filling, machines=machines).replace("?&", "?")
                yield RequestView(method="GET", address=address, forms=list(ask.forms), scope="read")
        if self._kind.topic is not None:
            address = f"/api/v1/events?topic={self._kind.topic}"
            if self._place.path != self._parts.park.id:
                address += f"&path={path}"
            yield RequestView(method="GET", address=address, forms=[*LIST, STREAM], scope="read")
        if self._kind.export is not None:
            body = {"what": self._kind.export, "paths": [self._place.path], "period": self._kind.period}
            span = {"start": filling["week"], "end": filling["end"], "format": "parquet"}
            asked = {name: value for name, value in {**body, **span}.items() if value is not None}
            yield RequestView(method="POST", address="/api/v1/exports", forms=list(JSON), scope="export", body=asked)

    def _chosen(self) -> Iterator[str]:
        """Give parameters that name the machines, as many as may be asked for at once."""
        machines = [machine.path for machine in self._place.machines]
        if len(machines) <= MACHINES_AT_ONCE:
            yield f"path={quote(self._place.path)}"
            return
        for number in range(0, len(machines), MACHINES_AT_ONCE):
            yield "&".join(f"path={quote(path)}" for path in machines[number : number + MACHINES_AT_ONCE])


def publisher(parts: Parts) -> PartyView:
    """Give who publishes the catalogue."""
    park = parts.park
    own, name = titled(park.title, park.id), park.catalogue.publisher
    return PartyView(name=TitleView(zh=name.zh or own.zh, en=name.en or own.en), contact=park.catalogue.contact or None)


def _opened(parts: Parts, entry: Entry, known: Known) -> DatasetView:
    """Show a view of open data."""
    view = parts.open_data.views[entry.path]
    until = known.told[entry.path]
    last = None if until is None else _midnight(until)
    title = titled(view.title, entry.path)
    about = titled(view.about, "")
    whose = publisher(parts)
    return DatasetView(
        id=entry.id,
        kind="open",
        title=title,
        description=TitleView(zh=about.zh or title.zh, en=about.en or title.en),
        themes=list(parts.park.catalogue.themes),
        owner=_with_contact(whose, view.contact),
        publisher=whose,
        licence=view.licence or parts.park.catalogue.licence or None,
        access="agreed" if view.contract else "public",
        extent=None,
        period=view.period,
        updated={"day": "daily", "week": "weekly", "month": "monthly"}[view.period],
        first=None if until is None else _midnight(view.since),
        last=last,
        age_s=_age(last, known.now),
        quality=QualityView(coverage=None, open_gaps=None, unfillable_gaps=None, restatements=None),
        standards=[ISO_22400] if view.dataset != "alerts" else [],
        computed=None if view.dataset == "alerts" else CATALOGUE,
        fields=open_fields(view.drop),
        variables=[
            VariableView(name=one.slug, title=titled(one.title, one.slug), unit=one.unit, type="float")
            for one in figures(view.dataset, view.numbers, machine=view.by == "equipment")
        ],
        requests=[
            RequestView(method="GET", address=f"/api/v1/open-data/{quote(entry.path)}", forms=list(LIST), scope="open")
        ],
        topics=[],
        exports=[],
    )


def _with_contact(party: PartyView, contact: str) -> PartyView:
    """Give the same party with another contact, where there is one."""
    return party.model_copy(update={"contact": contact}) if contact else party


def _variable(signal: Signal) -> VariableView:
    return VariableView(
        name=signal.path,
        title=titled(signal.title, signal.name),
        unit=signal.unit,
        type=signal.type,
        role=signal.role.value,
        low=signal.low,
        high=signal.high,
    )


def _joined(kind: TitleView, place: TitleView) -> TitleView:
    return TitleView(zh=f"{place.zh}{kind.zh}", en=f"{kind.en}, {place.en}")


def _age(last: datetime | None, now: datetime) -> float | None:
    return None if last is None else max((now - last).total_seconds(), 0.0)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
