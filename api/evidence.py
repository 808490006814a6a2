"""What is known of datasets: how far they reach, how much of them is known, what is missing, what was told again.

A page of the catalogue costs one transaction of the records and one question to the store, about the last days. Since
when there is data is a question about all time; it is asked once per path and hour (`Extents`).
"""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import polars as pl
import sqlalchemy as sa

from adapters.stores.contract import RESULTS, Store
from analytics.disclosure.cells import pool_of
from analytics.kpis.contract import PLANNED
from analytics.ledger import count_superseded
from analytics.opening import told_until
from analytics.opentables import read_progress
from analytics.recording import source_of
from api.lookup import lines_of, source_seen, sources_asked, trees_asked
from api.parts import Parts
from collector.gaps import OPEN, UNFILLABLE, Gap, read_gaps
from collector.links import Link, read_links
from collector.park import Equipment, Signal

LATELY: Final = timedelta(days=7)
"""Quality is told of so much time."""

GAPS_AT_MOST: Final = 10_000
"""Gaps that are counted for one page."""

_AGAIN: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REST: Final = timedelta(days=2)
"""Windows that began so long before the last seven days may reach into them."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked about."""

    path: str
    """Path of an asset; of open data the name of a view."""

    period: str | None
    """The period of the stored windows that tell of it; None: there are none."""

    is_view: bool = False
    """Whether it is a view of open data."""


@dataclass(frozen=True, slots=True)
class Extent:
    """Of which time there are days with data."""

    first: datetime | None
    """Begin of the first one, UTC; None: there is none."""

    last: datetime | None
    """End of the last one, UTC, as far as it was computed; None: there is none."""

    asked: datetime
    """When this was so, UTC."""


class Extents:
    """Tells since when there is data of assets, and remembers it for a while."""

    def __init__(self) -> None:
        self._known: dict[str, Extent] = {}

    async def of(self, store: Store, paths: Collection[str], now: datetime) -> dict[str, Extent]:
        """Give the extents of these assets; raises StoreError."""
        known = {path: one for path in paths if (one := self._known.get(path)) and now - one.asked < _AGAIN}
        missing = sorted(set(paths) - known.keys())
        if missing:
            days = await store.results(start=_FIRST, end=now + _DAY, paths=missing, periods=["day"], kpis=[PLANNED])
            edges = await asyncio.to_thread(lambda: _with_data(days).group_by("path").agg(*_EDGES))
            self._known |= {path: Extent(None, None, now) for path in missing}
            self._known |= {path: Extent(first, last, now) for path, first, last in edges.iter_rows()}
        return {path: self._known[path] for path in paths}


_EDGES: Final = (
    pl.col("start").min().alias("first"),
    pl.min_horizontal("end", "computed").max().alias("last"),
)


def _trees(path: str, park: str) -> set[str]:
    """Give a path, all above it, and the park."""
    names = path.split("/")
    return {park, *("/".join(names[: number + 1]) for number in range(len(names)))}


def _with_data(windows: pl.DataFrame) -> pl.DataFrame:
    return windows.filter(pl.col("coverage") > 0)


@dataclass(frozen=True, slots=True)
class _Noted:
    """What the records say of a page."""

    links: Mapping[str, Link]
    gaps: Sequence[Gap] | None
    restated: Mapping[tuple[str, str], int]
    told: Mapping[str, date | None]


class Known:
    """What is known of a page of datasets."""

    def __init__(
        self, parts: Parts, noted: _Noted, windows: pl.DataFrame, extents: Mapping[str, Extent], now: datetime
    ) -> None:
        self.now = now
        self.told = noted.told
        self._parts = parts
        self._noted = noted
        self._extents = extents
        self._recordings = {one.path: source_of(line) for line in lines_of(parts.park) for one in line.equipment}
        self._gaps: dict[str, list[Gap]] = {}
        for gap in noted.gaps or ():
            self._gaps.setdefault(gap.source, []).append(gap)
        self._restated: Counter[tuple[str, str]] = Counter()
        for (path, period), count in noted.restated.items():
            for tree in _trees(path, parts.park.id):
                self._restated[tree, period] += count
        lately = pl.col("start").is_between(now - LATELY, now, closed="left")
        weight = pl.col("value").filter(pl.col("coverage").is_not_null() & lately).fill_null(0.0)
        share = (pl.col("coverage").filter(pl.col("coverage").is_not_null() & lately) * weight).sum() / weight.sum()
        grouped = windows.group_by("path", "period")
        self._coverage = {(path, period): value for path, period, value in grouped.agg(share).iter_rows()}
        newest = _with_data(windows).group_by("path", "period").agg(_EDGES[1])
        self._newest = {(path, period): last for path, period, last in newest.iter_rows()}

    def first(self, path: str) -> datetime | None:
        """Give the begin of the first day with data of an asset."""
        extent = self._extents.get(path)
        return None if extent is None else extent.first

    def newest(self, path: str, period: str) -> datetime | None:
        """Give up to when the stored windows of an asset tell what happened."""
        extent = self._extents.get(path)
        return _latest([self._newest.get((path, period)), None if extent is None else extent.last])

    def coverage(self, path: str, period: str) -> float | None:
        """Give the share of the planned time of the last days that is known."""
        value = self._coverage.get((path, period))
        return None if value is None or value != value else min(max(value, 0.0), 1.0)  # noqa: PLR0124 - not a number: nothing was planned

    def restated(self, path: str, period: str) -> int:
        """Count the windows of an asset, and of all below it, that were told again lately."""
        return self._restated[path, period]

    def gaps(self, signals: Sequence[Signal], sources: Collection[str], state: str) -> int | None:
        """Count the gaps of lately in this state that concern signals, or these sources as a whole."""
        if self._noted.gaps is None:
            return None
        found = [
            gap
            for source in {*sources, *(signal.source for signal in signals)}
            for gap in self._gaps.get(source, ())
            if gap.state == state
        ]
        paths = {signal.path for signal in signals} if found else set()
        return sum(not gap.signals or not paths.isdisjoint(gap.signals) for gap in found)

    def heard(self, machines: Iterable[Equipment]) -> datetime | None:
        """Give up to when any of these machines is known to be in its state."""
        return _latest(self._horizon(machine) for machine in machines)

    def sampled(self, machine: Equipment) -> datetime | None:
        """Give the time of the newest sample that a source of a machine delivered, or a recording of its line."""
        names = {signal.source for signal in machine.signals} | {self._recordings[machine.path]}
        return _latest(link.last_time for link in self._links(names))

    def seen(self, sources: Iterable[str]) -> datetime | None:
        """Give when the collector last wrote of any of these sources."""
        return _latest(link.seen for link in self._links(sources))

    def _links(self, names: Iterable[str]) -> Iterator[Link]:
        for name in names:
            if name in self._noted.links and source_seen(self._parts, name):
                yield self._noted.links[name]

    def _horizon(self, machine: Equipment) -> datetime | None:
        sources = {signal.source for signal in machine.state_inputs}
        horizons = [self._noted.links[one].horizon if one in self._noted.links else None for one in sources]
        known = [one for one in horizons if one is not None]
        live = min(known) if known and len(known) == len(horizons) else None
        recorded = self._noted.links.get(self._recordings[machine.path])
        return _latest([live, None if recorded is None or not sources else recorded.horizon])


async def known_of(parts: Parts, extents: Extents, page: Sequence[Subject]) -> Known:
    """Read what is known of a page of datasets; raises RecordsError, StoreError."""
    now = parts.now()
    noted = await parts.records().run(lambda connection: _noted(connection, parts, page, now))
    paths = sorted({one.path for one in page if not one.is_view})
    if not paths:
        return Known(parts, noted, RESULTS.to_frame(), {}, now)
    async with parts.reading() as store:
        windows = await store.results(
            start=now - LATELY - _REST,
            end=now + _DAY,
            paths=paths,
            periods=sorted({one.period for one in page if one.period is not None} | {"day"}),
            kpis=[PLANNED],
        )
        return await asyncio.to_thread(Known, parts, noted, windows, await extents.of(store, paths, now), now)


def _noted(connection: sa.Connection, parts: Parts, page: Sequence[Subject], now: datetime) -> _Noted:
    gaps = read_gaps(
        connection,
        start=now - LATELY,
        end=now + _DAY,
        sources=sources_asked(parts, None),
        states=[OPEN, UNFILLABLE],
        sight=parts.sight,
        limit=GAPS_AT_MOST + 1,
    )
    views = {one.path: pool_of(parts.open_data.views[one.path]) for one in page if one.is_view}
    until = {pool: read_progress(connection, pool).until for pool in set(views.values())}
    return _Noted(
        links=read_links(connection),
        gaps=gaps if len(gaps) <= GAPS_AT_MOST else None,
        restated=count_superseded(connection, since=now - LATELY, trees=trees_asked(parts, None)),
        told={name: told_until(parts.open_data, name, until[pool]) for name, pool in views.items()},
    )


def _latest(instants: Iterable[datetime | None]) -> datetime | None:
    return max((one for one in instants if one is not None), default=None)
