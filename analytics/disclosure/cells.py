"""Cells: which of them are due, what they add up to, and which are told.

    views of a pool, how far each is, now ──► the periods that are due, in the order in which they are
    a period of a view ──► a candidate per group that has data in it, or was told of before
    candidates, cells that are told, elements ──► per candidate: what is told of it and why the rest is not

Of cells that are due at one instant those of the view that stands first in the file go first, and of one view the
larger ones. So whoever computes them, and however late, has the same.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from analytics.disclosure.atoms import Atoms, Elements, Floor, Numbers, Why
from analytics.disclosure.periods import Span, ahead_of, beginning, begins, span
from analytics.disclosure.sources import BASE, Source, source_of
from collector.opendata import Grouping, OpenPeriod, OpenView

GROUPED: Final[Mapping[Grouping, str]] = {
    "class": "group",
    "factory": "factory",
    "line": "line",
    "equipment": "path",
}
"""The column of elements that each grouping goes by; the whole park has none."""

EVERYTHING: Final = ""
"""The group that is the whole park."""


@dataclass(frozen=True, slots=True)
class Cut:
    """How a view cuts its numbers into cells."""

    view: str
    """Its name."""

    place: int
    """Its place in the file."""

    by: Grouping
    """By what."""

    period: OpenPeriod
    """Over what."""

    floor: Floor
    """What its cells are held to."""

    name: str
    """Names it among all that the view has ever had; who changes what is in it begins anew."""


@dataclass(frozen=True, slots=True)
class Due:
    """A period of a view that is to be told."""

    at: datetime
    """Since when, UTC."""

    cut: Cut
    """Of which view."""

    span: Span
    """The period."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A group of machines over a period of a view, and what was decided on it."""

    view: str
    """Name of its view."""

    cut: str
    """Name of its cut."""

    span: Span
    """The period."""

    grouped: str
    """Its group: a class, or a path, which nobody is shown; `EVERYTHING`: the park."""

    floor: Floor
    """What it was held to."""

    facets: tuple[str, ...]
    """Parts of its numbers that are told; none: it is suppressed."""

    why: Mapping[str, str]
    """Why the others are not, by facet: values of `Why`."""

    factories: int
    """Factories with data in it."""

    machines: int
    """Machines with data in it."""

    sums: Mapping[str, float | None]
    """Sums over its elements by column of the source; empty where it has none."""

    shown: bool
    """Whether rows of it are shown: its group has been told of by then."""

    due: datetime
    """Since when it is to be told, UTC."""

    @property
    def by(self) -> Grouping:
        """What it was grouped by."""
        by: Grouping = self.cut.split("/")[1]  # type: ignore[assignment]  # `cut_of` wrote it
        return by


def cut_of(view: OpenView, name: str, place: int) -> Cut:
    """Give how a view cuts."""
    floor = Floor(view.at_least.factories, view.at_least.machines, view.at_least.rest)
    source = source_of(view.dataset).name
    how = f"{source}/{view.by}/{view.period}"
    return Cut(name, place, view.by, view.period, floor, f"{how}/contract" if view.contract else how)


def pool_of(view: OpenView) -> str:
    """Give which pool a view is in: that of its source, or that of the views of its source with a contract."""
    source = source_of(view.dataset).name
    return f"{source}/contract" if view.contract else source


def due(
    views: Mapping[str, OpenView], until: Mapping[tuple[str, str], date], zones: Collection[ZoneInfo], now: datetime
) -> Iterator[Due]:
    """Give the periods of a pool that are due and not told, in the order in which they came to be.

    Args:
        views: its views by name, in the order of the file.
        until: the first day that is not told of, by name and cut, where something was told.
        zones: those of the park's factories.
        now: the present, UTC.
    """
    found = [
        one
        for place, (name, view) in enumerate(views.items())
        for one in _due(view, cut_of(view, name, place), until, zones, now)
    ]
    yield from sorted(found, key=lambda one: (one.at, one.cut.place, one.span.first))


def is_due(
    views: Mapping[str, OpenView], until: Mapping[tuple[str, str], date], zones: Collection[ZoneInfo], now: datetime
) -> bool:
    """Tell whether `due` gives any."""
    return any(True for name, view in views.items() for _ in _due(view, cut_of(view, name, 0), until, zones, now))


def _due(
    view: OpenView, cut: Cut, until: Mapping[tuple[str, str], date], zones: Collection[ZoneInfo], now: datetime
) -> Iterator[Due]:
    first = max(until.get((cut.view, cut.name), view.since), view.since)
    first = beginning(first, view.period)
    while True:
        period = span(first, view.period)
        at = _told_at(view, period, zones)
        if at > now:
            return
        yield Due(at, cut, period)
        first = period.until


def _told_at(view: OpenView, period: Span, zones: Collection[ZoneInfo]) -> datetime:
    if view.dataset == "capacity":
        return ahead_of(max(period.days()), zones)
    return begins(period.until, zones) + view.delay


def decide(
    source: Source,
    days: Mapping[date, pl.DataFrame],
    told: Sequence[Cell],
    wanted: Sequence[Due],
    groups: Mapping[tuple[str, str], set[str]],
) -> list[Cell]:
    """Decide on all cells of some periods.

    Args:
        source: what the numbers are taken from.
        days: the elements of every day of the periods, and of every told cell that touches one that touches them.
        told: the cells of the pool that are told and touch these days.
        wanted: the periods, in the order in which they are due.
        groups: groups that were told of, by view and cut.

    Returns:
        The cells, period by period.
    """
    deciding = _Deciding(source, days)
    deciding.enter(told)
    known = {key: set(some) for key, some in groups.items()}
    return [
        cell for one in wanted for cell in deciding.decide(one, known.setdefault((one.cut.view, one.cut.name), set()))
    ]


class _Deciding:
    """Decides on cells one after the other."""

    def __init__(self, source: Source, days: Mapping[date, pl.DataFrame]) -> None:
        ordered = sorted(days.items())
        frames = [frame.select(source.schema.names()).with_columns(day=pl.lit(day)) for day, frame in ordered]
        empty = source.schema.to_frame().with_columns(day=pl.lit(None, pl.Date))
        self._source = source
        self._elements = pl.concat([empty, *frames]).with_row_index("number")
        self._machine = _numbered(self._elements["path"])
        self._factory = _numbered(self._elements["factory"])
        self._columns = self._elements.select(source.columns).to_numpy()
        self._index: dict[Grouping, dict[date, dict[str, Numbers]]] = {}
        self._atoms: dict[str, Atoms] = {}
        self._has: dict[str, np.ndarray[tuple[int], np.dtype[np.bool_]]] = {}
        for facet in source.facets:
            weight = facet.weight.cast(pl.Float64).fill_null(0.0).alias("weight")
            has = facet.has.fill_null(value=False).alias("has")
            table = self._elements.with_columns(weight, has)
            self._has[facet.name] = table["has"].to_numpy().astype(np.bool_)
            self._atoms[facet.name] = Atoms(Elements(self._machine, self._factory, table["weight"].to_numpy()))

    def enter(self, told: Iterable[Cell]) -> None:
        """Take note of cells that are told."""
        for cell in told:
            if cell.floor.is_nothing:
                continue
            numbers = self._numbers(cell.by, cell.span, cell.grouped)
            for facet in cell.facets:
                self._atoms[facet].told(numbers[self._has[facet][numbers]], cell.floor)

    def decide(self, one: Due, known: set[str]) -> list[Cell]:
        """Decide on the cells of one period; adds the groups that it tells of to those known."""
        found = {group: self._numbers(one.cut.by, one.span, group) for group in self._groups(one)}
        none = np.empty(0, np.int64)
        candidates = {group: found.get(group, none) for group in found.keys() | known}
        decided = []
        for group, numbers in sorted(candidates.items(), key=lambda item: (-len(item[1]), item[0])):
            facets, why = self._told(numbers, one.cut.floor)
            if facets:
                known.add(group)
            decided.append(
                Cell(
                    view=one.cut.view,
                    cut=one.cut.name,
                    span=one.span,
                    grouped=group,
                    floor=one.cut.floor,
                    facets=facets,
                    why=why,
                    factories=len(np.unique(self._factory[numbers])),
                    machines=len(np.unique(self._machine[numbers])),
                    sums=self._sums(numbers),
                    shown=group in known,
                    due=one.at,
                )
            )
        return decided

    def _told(self, numbers: Numbers, floor: Floor) -> tuple[tuple[str, ...], dict[str, str]]:
        """Tell what can be told of some elements: the facets, and why the others are not."""
        facets: list[str] = []
        why: dict[str, str] = {}
        for facet in self._source.facets:
            having = numbers[self._has[facet.name][numbers]]
            if facet.name != BASE and BASE not in facets:
                break
            if floor.is_nothing:
                refused = None if len(having) else Why.NONE
            else:
                refused = self._atoms[facet.name].tell(having, floor)
            if refused is None:
                facets.append(facet.name)
            else:
                why[facet.name] = refused.value
        return tuple(facets), why

    def _groups(self, one: Due) -> set[str]:
        """Give the groups that have data in a period."""
        index = self._indexed(one.cut.by)
        return {group for day in one.span.days() for group in index.get(day, ())}

    def _numbers(self, by: Grouping, period: Span, group: str) -> Numbers:
        """Give the elements of a group over a period."""
        index = self._indexed(by)
        found = [index[day][group] for day in period.days() if group in index.get(day, ())]
        return np.concatenate(found) if found else np.empty(0, np.int64)

    def _indexed(self, by: Grouping) -> dict[date, dict[str, Numbers]]:
        """Give the elements of every group by day; machines without a class are in no class."""
        if by not in self._index:
            having = self._elements.filter(pl.Series(self._has[BASE]))
            column = GROUPED.get(by)
            named = pl.lit(EVERYTHING) if column is None else pl.col(column)
            grouped = having.with_columns(named=named)
            if column is not None:
                grouped = grouped.filter(pl.col("named") != "")
            parts = grouped.group_by("day", "named", maintain_order=True).agg("number")
            index = self._index[by] = {}
            for day, group, numbers in parts.iter_rows():
                index.setdefault(day, {})[group] = np.asarray(numbers, np.int64)
        return self._index[by]

    def _sums(self, numbers: Numbers) -> dict[str, float | None]:
        if not len(numbers):
            return {}
        rows = self._columns[numbers]
        totals, none = np.nansum(rows, axis=0).tolist(), np.isnan(rows).all(axis=0).tolist()
        return {
            name: None if missing and name in self._source.nullable else total
            for name, total, missing in zip(self._source.columns, totals, none, strict=True)
        }


def _numbered(texts: pl.Series) -> Numbers:
    """Give each text a number of its own."""
    return texts.rank("dense").cast(pl.Int64).to_numpy()
