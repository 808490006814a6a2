"""Opening: days are settled, cells decided on and written, before anybody is shown one.

    due periods of a pool ──► their days, as they were known when they were settled, written once
                          ──► what is told is read, and the new cells are decided on beside it
                          ──► one transaction: they are written, unless somebody wrote to the pool meanwhile

Whoever asks first has it done, and it is done the same whoever that is: what is due is told in the order in which it
came to be due, of numbers as they were known at fixed instants. Of two who do it at once one begins again.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from adapters.stores.contract import RESULTS, Store
from analytics.alerttables import ALERTS
from analytics.disclosure.cells import Cell, Due, cut_of, decide, due, is_due, pool_of
from analytics.disclosure.periods import Span, ahead_of, begins
from analytics.disclosure.sources import BASE, Source, source_of
from analytics.faults.catalogue import DETECTORS
from analytics.kpis.contract import ACCOUNT
from analytics.ledger import read_superseded
from analytics.opentables import (
    Progress,
    read_days,
    read_groups,
    read_progress,
    read_told,
    read_written,
    write_cells,
    write_days,
    write_progress,
)
from analytics.reports import sums
from analytics.reports.capacity import BACK, SPENT, capacity
from analytics.reports.coming import coming, past
from analytics.reports.scope import Days
from analytics.restatement import WINDOW, as_of
from collector.opendata import OpenDataSettings, OpenView
from collector.park import Park
from collector.records import Records

_DAY: Final = timedelta(days=1)
_PARTS: Final = 3
"""Parts of a machine's path."""

_DAYS_AT_ONCE: Final = 62
"""Days whose cells are decided on at once, about."""

_PERIODS_AT_ONCE: Final = 1000
_READ_AT_ONCE: Final = 31
"""Days that are read from the store at once."""

_MACHINES: Final = 1000
"""Of so many machines; of more, fewer days."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What opening stands on."""

    park: Park
    """The park, whole."""

    settings: OpenDataSettings
    """What is opened."""

    store: Callable[[], Store]
    """Gives the store in which results rest; raises StoreError while it is down."""

    ledger: Records
    """Where restatements and alerts are."""

    opened: Records
    """Where it is written what was opened."""

    now: Callable[[], datetime]
    """The clock, UTC."""

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """The zones of the factories, each once."""
        return tuple(ZoneInfo(name) for name in dict.fromkeys(one.time_zone for one in self.park.factories))

    def views(self, pool: str) -> dict[str, OpenView]:
        """Give the views of a pool, in the order of the file."""
        return {name: view for name, view in self.settings.views.items() if pool_of(view) == pool}

    def bounded(self, days: int) -> int:
        """Give how many days of all machines take as much room as `days` of `_MACHINES`; `days` at most."""
        return max(1, min(days, days * _MACHINES // max(1, len(self.park.equipment))))


async def open_pool(ground: Ground, pool: str, *, enough: Callable[[], bool] = lambda: False) -> bool:
    """Tell all that is due of a pool; give whether nothing is left of it.

    Args:
        ground: what it stands on.
        pool: which.
        enough: asked from time to time whether that is enough for now.

    Raises:
        StoreError: the store does not answer.
        RecordsError: the records do not answer.
    """
    views = ground.views(pool)
    while views:
        before = await ground.opened.run(partial(read_progress, pool=pool))
        batch = await asyncio.to_thread(_batch, ground, views, before)
        if not batch:
            return True
        if enough():
            return False
        source = source_of(views[batch[0].cut.view].dataset)
        await _settle(ground, source, {day for one in batch for day in one.span.days()})
        beside = await ground.opened.run(partial(_beside, source=source, pool=pool, batch=batch))
        cells = await asyncio.to_thread(decide, source, beside.days, beside.told, batch, beside.groups)
        until = {**before.until, **{(one.cut.view, one.cut.name): one.span.until for one in batch}}

        def write(connection: sa.Connection) -> None:
            if write_progress(connection, pool, before, until):  # noqa: B023 - done before the next turn
                write_cells(connection, pool, cells, ground.now())  # noqa: B023 - as above

        await ground.opened.run(write)
    return True


async def is_behind(ground: Ground, pool: str) -> bool:
    """Tell whether something is due of a pool; raises RecordsError."""
    before = await ground.opened.run(partial(read_progress, pool=pool))
    return is_due(ground.views(pool), before.until, ground.zones, ground.now())


def told_until(settings: OpenDataSettings, name: str, until: Mapping[tuple[str, str], date]) -> date | None:
    """Give the first day that a view does not tell of yet; None where it has told nothing."""
    return until.get((name, cut_of(settings.views[name], name, 0).name))


def _batch(ground: Ground, views: Mapping[str, OpenView], before: Progress) -> list[Due]:
    """Give the first of the periods that are due, as many as are decided on at once."""
    batch: list[Due] = []
    first, until = date.max, date.min
    for one in islice(due(views, before.until, ground.zones, ground.now()), _PERIODS_AT_ONCE):
        first, until = min(first, one.span.first), max(until, one.span.until)
        if batch and (until - first).days > ground.bounded(_DAYS_AT_ONCE):
            break
        batch.append(one)
    return batch


@dataclass(frozen=True, slots=True)
class _Beside:
    """What periods are decided on beside."""

    told: Sequence[Cell]
    """Told cells that touch theirs, and those that touch these."""

    days: Mapping[date, pl.DataFrame]
    """The elements of every day of them all."""

    groups: Mapping[tuple[str, str], set[str]]
    """Groups that were told of, by view and cut."""


def _beside(connection: sa.Connection, source: Source, pool: str, batch: Sequence[Due]) -> _Beside:
    """Read what periods are decided on beside."""
    own = Span(min(one.span.first for one in batch), max(one.span.until for one in batch))
    groups = {
        (view, cut): read_groups(connection, view, cut) for view, cut in {(one.cut.view, one.cut.name) for one in batch}
    }
    if all(one.cut.floor.is_nothing for one in batch):
        return _Beside([], read_days(connection, source.name, own.days()), groups)
    touching = read_told(connection, pool, own.first, own.until)
    first = min([own.first, *(cell.span.first for cell in touching)])
    until = max([own.until, *(cell.span.until for cell in touching)])
    told = read_told(connection, pool, first, until)
    wanted = Span(min([first, *(cell.span.first for cell in told)]), max([until, *(cell.span.until for cell in told)]))
    return _Beside(told, read_days(connection, source.name, wanted.days()), groups)


async def _settle(ground: Ground, source: Source, days: set[date]) -> None:
    """Take the numbers of days once and for all."""
    written = await ground.opened.run(partial(read_written, source=source.name, days=days))
    missing = sorted(days - written)
    at_once = ground.bounded(_READ_AT_ONCE)
    for place in range(0, len(missing), at_once):
        some = missing[place : place + at_once]
        added = await _ADDED[source.name](ground, some)
        frames = await asyncio.to_thread(_elements_of, ground.park, source, added, some)
        await ground.opened.run(partial(write_days, source=source.name, days=frames, now=ground.now()))


def _elements_of(park: Park, source: Source, added: pl.DataFrame, days: Sequence[date]) -> dict[date, pl.DataFrame]:
    return {day: _elements(park, source, added.filter(pl.col("day") == day)) for day in days}


def _elements(park: Park, source: Source, added: pl.DataFrame) -> pl.DataFrame:
    """Give what machines add to one day as elements, by path."""
    classes = {path: machine.equipment_class or "" for path, machine in park.equipment.items()}
    parts = pl.col("path").str.split("/")
    known = added.filter(pl.col("path").is_in(list(classes)))
    base = next(facet for facet in source.facets if facet.name == BASE)
    return (
        known.with_columns(
            factory=parts.list.first(),
            line=parts.list.slice(0, 2).list.join("/"),
            group=pl.col("path").replace_strict(classes, return_dtype=pl.String),
        )
        .filter(base.has)
        .select(source.schema.names())
        .cast(source.schema)
        .sort("path")
    )


async def _accounts(ground: Ground, days: Sequence[date]) -> pl.DataFrame:
    """Give the accounts of machines on local days as they were known when these were settled.

    A day that was told for the first time after that counts as it is now.
    """
    zones = {path: ground.park.factory_of(path).time_zone for path in ground.park.equipment}
    first, until = _edges(ground, days)
    asked = {"start": first, "end": until, "paths": list(zones), "periods": ["day"]}
    found = await ground.store().results(**asked, kpis=ACCOUNT)  # type: ignore[arg-type]  # mypy reads the values as one type
    edges = {day: _edges(ground, [day]) for day in days}
    settled = {day: begins(day + _DAY, ground.zones) + ground.settings.settled for day in days}
    superseded = {
        day: await ground.ledger.run(
            partial(read_superseded, start=start, end=end, periods=["day"], known_at=settled[day])
        )
        for day, (start, end) in edges.items()
    }

    def taken() -> pl.DataFrame:
        parts = [sums.DAYS.to_frame()]
        for day, (start, end) in edges.items():
            rows = found.filter(pl.col("start").is_between(start, end, closed="left"))
            then = as_of(rows, superseded[day], settled[day])
            later = rows.join(then.select(WINDOW).unique(), on=WINDOW, how="anti")
            known = pl.concat([then, later]).select(RESULTS.names())
            parts.append(sums.days(known, zones, Days(day, day + _DAY)))
        return pl.concat(parts).with_columns(pl.when(_ARE_COUNTED).then(name).alias(name) for name in _COUNTED)

    return await asyncio.to_thread(taken)


_COUNTED: Final = ("total_count", "good_count", "reject_count")
_ARE_COUNTED: Final = pl.col("total_count").is_not_null() & pl.col("good_count").is_not_null()
"""Where all and the good parts are not both known, parts of a machine count for nothing: beside those of others the
one that is known would be its own."""


async def _alerts(ground: Ground, days: Sequence[date]) -> pl.DataFrame:
    """Give how many alerts began on local days on each machine that something watches; of others there are none."""
    watched = await asyncio.to_thread(_watched, ground.park)
    zones = {path: ground.park.factory_of(path).time_zone for path in watched}
    first, until = _edges(ground, days)
    table = ALERTS.c
    query = sa.select(table.equipment, table.severity, table.began).where(table.began >= first, table.began < until)
    read = await ground.ledger.run(lambda connection: connection.execute(query).all())
    counts: dict[tuple[str, date], dict[str, int]] = {}
    for path, severity, began in read:
        if path in zones:
            told = counts.setdefault((path, began.astimezone(ZoneInfo(zones[path])).date()), {})
            for name in ("alerts", f"alerts_{severity}"):
                told[name] = told.get(name, 0) + 1
    columns = source_of("alerts").columns
    return pl.DataFrame(
        [
            (path, day, *(float(counts.get((path, day), {}).get(name, 0)) for name in columns))
            for path in zones
            for day in days
        ],
        schema={"path": pl.String, "day": pl.Date, **dict.fromkeys(columns, pl.Float64)},
        orient="row",
    )


def _watched(park: Park) -> list[str]:
    """Give the machines that a fault detector watches, or signals of theirs."""
    subjects = {subject for detector in DETECTORS for subject in detector.rules(park)}
    machines = {"/".join(subject.split("/")[:_PARTS]) for subject in subjects}
    return [path for path in park.equipment if path in machines]


async def _capacity(ground: Ground, days: Sequence[date]) -> pl.DataFrame:
    """Give what machines have to spare on local days, as far as shifts that were over a week before tell."""
    park = ground.park
    machines = [path for path, machine in park.equipment.items() if machine.state_inputs]
    told = {day: ahead_of(day, ground.zones) for day in days}
    found = await ground.store().results(
        start=min(told.values()) - BACK,
        end=max(told.values()),
        paths=machines,
        periods=["shift"],
        kpis=list(SPENT),
    )
    none = pl.DataFrame(schema={"path": pl.String, "day": pl.Date, **_spare_schema()})
    return await asyncio.to_thread(
        lambda: pl.concat([none, *(_spare(park, machines, found, day, at) for day, at in told.items())])
    )


def _spare(park: Park, machines: Sequence[str], found: pl.DataFrame, day: date, at: datetime) -> pl.DataFrame:
    """Give what machines have to spare in the shifts that begin on a local day, told at an instant."""
    ends = begins(day + _DAY, tuple(one.zone for one in park.factories))
    windows = coming(park, machines, at, ends)
    zones = {path: park.factory_of(path).time_zone for path in machines}
    on_day = pl.concat(
        [
            windows.clear(),
            *(
                windows.filter(
                    pl.col("path").is_in([path for path, name in zones.items() if name == zone]),
                    pl.col("begins").dt.convert_time_zone(zone).dt.date() == day,
                )
                for zone in dict.fromkeys(zones.values())
            ),
        ]
    )
    history = found.filter(pl.col("start").is_between(at - BACK, at, closed="left"))
    told = capacity(on_day.drop("begins"), past(park, history, on_day)).filter(pl.col("idle_s").is_not_null())
    return told.group_by("path", maintain_order=True).agg(
        pl.lit(day).first().alias("day"),
        planned_time=pl.col("planned_s").sum(),
        idle_time=pl.col("idle_s").sum(),
        idle_safe_time=pl.col("idle_safe_s").sum(),
    )


def _spare_schema() -> dict[str, type[pl.Float64]]:
    return dict.fromkeys(source_of("capacity").columns, pl.Float64)


_ADDED: Final = {"accounts": _accounts, "alerts": _alerts, "capacity": _capacity}
"""What machines add to days, by source: path, day, and the columns of the source."""


def _edges(ground: Ground, days: Sequence[date]) -> tuple[datetime, datetime]:
    """Give an instant before all of these local days begin anywhere, and one when they are over everywhere."""
    until = begins(days[-1] + _DAY, ground.zones)
    return begins(days[0], ground.zones) - _DAY - _DAY // 6, until
