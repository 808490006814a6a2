"""Differencing: whatever two questions are asked, the difference of their answers is of nobody, or of many.

The questions are those that can be asked: rows of one group of a view from one day to another, summed up by whoever
reads them. Views come and go, machines join, leave, fall silent and change their class; some measure energy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.disclosure.atoms import Elements, Floor, shortfall
from analytics.disclosure.cells import Cell, decide, due
from analytics.disclosure.sources import BASE, SOURCES
from collector.opendata import OpenView
from tests.analytics.opened import DAY, FIRST, account, view

SOURCE = SOURCES["accounts"]
LATER = datetime(2027, 1, 1, tzinfo=UTC)
DAYS = [FIRST + number * DAY for number in range(7)]
JOINS = DAYS[3]
"""When the second half of views and machines comes."""

FACETS = {BASE: pl.lit(value=True), "energy": pl.col("energy").is_not_null()}


class History(NamedTuple):
    """A week of a park, and the views that tell of it."""

    days: dict[date, pl.DataFrame]
    early: dict[str, OpenView]
    late: dict[str, OpenView]
    floor: Floor


@st.composite
def histories(draw: st.DrawFn) -> History:
    count = draw(st.integers(5, 9))
    factories = draw(st.lists(st.integers(1, 4), min_size=count, max_size=count))
    paths = [f"works{factory}/hall/m{number}" for number, factory in enumerate(factories)]
    classes = st.lists(st.sampled_from(["mill", "mill", "mill", "lathe", ""]), min_size=count, max_size=count)
    before, after = draw(classes), draw(classes)
    newcomer, metered = draw(st.integers(0, count)), draw(st.sets(st.sampled_from(paths), min_size=count - 3))
    days = {}
    for day in DAYS:
        silent = draw(st.one_of(st.just(-1), st.integers(0, count - 1)))
        rows = [
            {
                "path": path,
                "factory": path.split("/")[0],
                "line": path.rpartition("/")[0],
                "group": group,
                **account(path, day, energy=1.0 + number if path in metered else None),
            }
            for number, (path, group) in enumerate(zip(paths, before if day < JOINS else after, strict=True))
            if number != silent and (number != newcomer or day >= JOINS)
        ]
        days[day] = pl.DataFrame(rows, schema=SOURCE.schema)
    floor = Floor(draw(st.integers(2, 3)), draw(st.integers(2, 4)), draw(st.sampled_from([0.0, 0.2])))
    cuts = st.tuples(st.sampled_from(["park", "class"]), st.sampled_from(["day", "week"]))
    early, late = (
        {
            f"{name}{number}": view(by=by, period=period, at_least=asdict(floor), contract="with all of them")
            for number, (by, period) in enumerate(draw(st.lists(cuts, min_size=1, max_size=2)))
        }
        for name in ("early", "late")
    )
    return History(days, early, late, floor)


def told(history: History) -> list[Cell]:
    """Give the cells that are told: of the early views first, of the late ones beside what was told by then."""
    days, zones = history.days, [ZoneInfo("UTC")]
    first = [one for one in due(history.early, {}, zones, LATER) if one.span.until <= JOINS]
    cells = decide(SOURCE, {day: days[day] for day in DAYS if day < JOINS}, [], first, {})
    views = {**history.early, **history.late}
    until = {(one.cut.view, one.cut.name): one.span.until for one in first}
    rest = [one for one in due(views, until, zones, LATER) if one.span.until <= DAYS[-1] + DAY]
    shown = [cell for cell in cells if cell.shown and cell.facets]
    groups: dict[tuple[str, str], set[str]] = {}
    for cell in shown:
        groups.setdefault((cell.view, cell.cut), set()).add(cell.grouped)
    return [*cells, *decide(SOURCE, days, shown, rest, groups)]


def answers(cells: Sequence[Cell], facet: str, elements: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Give, per question, of which elements the sum of its rows is, and how often of each; the first asks nothing."""
    rows: dict[tuple[str, str], list[tuple[date, Any]]] = {}
    has = FACETS[facet]
    for cell in cells:
        if facet in cell.facets:
            within = pl.col("day").is_between(cell.span.first, cell.span.until, closed="left")
            mine = pl.col("group") == cell.grouped if cell.grouped else pl.lit(value=True)
            held = elements.select((within & mine & has).cast(pl.Int8))["day"].to_numpy()
            rows.setdefault((cell.view, cell.grouped), []).append((cell.span.first, held))
    every = [np.zeros(elements.height, np.int8)]
    for some in rows.values():
        ordered = np.array([held for _, held in sorted(some, key=lambda one: one[0])])
        sums = np.concatenate([np.zeros_like(ordered[:1]), ordered.cumsum(axis=0, dtype=np.int8)])
        every += [sums[end] - sums[start] for start in range(len(sums)) for end in range(start + 1, len(sums))]
    return np.unique(np.array(every), axis=0)


def check(elements: Elements, asked: np.ndarray[Any, np.dtype[np.int8]], floor: Floor) -> None:
    """Hold every difference of two answers against a floor."""
    differences = np.unique((asked[:, None, :] - asked[None, :, :]).reshape(-1, asked.shape[1]), axis=0)
    for one in differences:
        some = np.flatnonzero(one)
        assert not len(some) or shortfall(elements, some, floor) is None


def numbered(days: Mapping[date, pl.DataFrame]) -> tuple[pl.DataFrame, Elements]:
    """Give the elements of all days, and whose they are."""
    every = pl.concat([frame.with_columns(day=pl.lit(day)) for day, frame in days.items()])
    machine, factory = (every[name].rank("dense").cast(pl.Int64).to_numpy() for name in ("path", "factory"))
    return every, Elements(machine, factory, every["planned_time"].to_numpy())


@given(histories())
@settings(max_examples=25, deadline=None)
def test_no_two_questions_differ_by_few(history: History) -> None:
    every, elements = numbered(history.days)
    cells = told(history)
    for facet in FACETS:
        weight = elements.weight if facet == BASE else every["energy"].fill_null(0.0).to_numpy()
        weighed = Elements(elements.machine, elements.factory, weight)
        check(weighed, answers(cells, facet, every), history.floor)
