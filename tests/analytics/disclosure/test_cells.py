"""Cells: whatever views there are, what they tell together is of no one, and they tell what they can."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.disclosure.cells import Cell, decide, due
from analytics.disclosure.sources import BASE, SOURCES
from analytics.openrows import rows
from collector.opendata import OpenView
from collector.park import Park
from tests.analytics.disclosure.leaks import leak
from tests.analytics.opened import DAY, FIRST, account, opened, park_of, view

SOURCE = SOURCES["accounts"]
LATER = datetime(2027, 1, 1, tzinfo=UTC)
SIX_OF_TEN = [["mill"] * 5 + ["lathe"] * 5] * 6


def day_of(park: Park, day: date, only: Sequence[str] | None = None, **other: float | None) -> pl.DataFrame:
    """Give the elements of a day."""
    rows = [
        {
            "path": path,
            "factory": path.split("/")[0],
            "line": "/".join(path.split("/")[:2]),
            "group": machine.equipment_class or "",
            **account(path, day, **other),
        }
        for path, machine in park.equipment.items()
        if only is None or path in only
    ]
    return pl.DataFrame(rows, schema=SOURCE.schema)


def told(days: Mapping[date, pl.DataFrame], *before: Cell, **views: OpenView) -> list[Cell]:
    """Give all cells of these views."""
    wanted = list(due(views, {}, [ZoneInfo("UTC")], LATER))
    return decide(SOURCE, days, before, [one for one in wanted if one.span.until <= max(days) + DAY], {})


def days_of(park: Park, count: int, **keys: Any) -> dict[date, pl.DataFrame]:
    return {FIRST + number * DAY: day_of(park, FIRST + number * DAY, **keys) for number in range(count)}


def shown(cells: Sequence[Cell], facet: str = BASE) -> set[tuple[str, str]]:
    return {(cell.view, cell.grouped) for cell in cells if facet in cell.facets}


def test_where_there_are_many_all_is_told() -> None:
    park = park_of(*SIX_OF_TEN)
    cells = told(days_of(park, 31), whole=view(by="park"), classes=view(), weeks=view(period="week", by="park"))
    assert {cell.facets[0] for cell in cells} == {BASE}
    assert len(cells) == 31 + 2 * 31 + 4


def test_sums_are_those_of_their_machines_and_days() -> None:
    park = park_of(*SIX_OF_TEN)
    days = days_of(park, 7)
    (week,) = told(days, v=view(period="week", by="park"))
    assert week.sums["planned_time"] == 7 * 60 * 86_400
    every = float(pl.concat(days.values())["producing_time"].sum())
    assert abs((week.sums["producing_time"] or 0) - every) < 1e-3
    assert (week.factories, week.machines, week.sums["energy"]) == (6, 60, None)


def test_the_total_is_told_and_the_class_that_would_tell_the_rest_is_not() -> None:
    park = park_of(*[["mill"] * 3 + ["lathe"] * 3] * 3, ["mill", "mill", "saw"])
    days = days_of(park, 1)
    cells = told(days, whole=view(by="park"), classes=view())
    assert shown(cells) == {("whole", ""), ("classes", "mill")}  # without mills and lathes one saw is left
    assert {cell.grouped: cell.why for cell in cells if cell.view == "classes"} == {
        "mill": {"counted": "none", "quality": "none", "rework": "none", "energy": "none", "ideal": "none",
                 "ideal_quality": "none"},
        "lathe": {BASE: "apart"},
        "saw": {BASE: "few"},
    }  # fmt: skip
    assert shown(told(days, classes=view(), whole=view(by="park"))) == {("classes", "mill"), ("classes", "lathe")}


def test_a_month_does_not_tell_the_day_that_was_not_told() -> None:
    park = park_of(*[["mill"] * 3] * 4)
    days = days_of(park, 31)
    missing = FIRST + 4 * DAY
    days[missing] = day_of(park, missing, only=[path for path in park.equipment if not path.startswith("works4")][:4])
    march = date(2026, 3, 1)
    days[march] = day_of(park, march)
    day, month = view(by="park", since=march), view(by="park", period="month", since=march)
    cells = told(days, day=day, month=month)
    silent = {(cell.view, cell.span.first): dict(cell.why).get(BASE) for cell in cells if BASE not in cell.facets}
    assert silent == {("day", missing): "few", ("month", march): "apart"}


def test_what_was_told_before_is_held_against_what_comes() -> None:
    park = park_of(*[["mill"] * 5] * 3, ["lathe"] * 5)
    days = days_of(park, 7)
    daily = told(days, gone=view())  # of a view that is configured no more
    (week,) = told(days, *daily, week=view(by="park", period="week"))
    assert week.why == {BASE: "apart"}
    (week,) = told(days, week=view(by="park", period="week"))
    assert BASE in week.facets


def test_what_few_count_is_told_of_nobody() -> None:
    park = park_of(*SIX_OF_TEN)
    frame = day_of(park, FIRST)
    counts = pl.when(pl.col("factory") == "works1").then(pl.lit(100.0))
    metered = pl.when(pl.col("factory") != "works6").then(pl.lit(3.5))
    days = {FIRST: frame.with_columns(total_count=counts, energy=metered)}
    (cell,) = told(days, v=view(by="park"))
    assert cell.facets == (BASE, "energy", "unjudged")
    assert cell.why["counted"] == "few"


def test_one_that_is_too_large_is_not_told() -> None:
    park = park_of(["mill"] * 40, ["mill"] * 40, ["mill"] * 2, ["mill"] * 2)
    (cell,) = told(days_of(park, 1), v=view())
    assert cell.why == {BASE: "large"}
    park = park_of(["mill"] * 40, ["mill"] * 40, ["mill"] * 4, ["mill"] * 4)
    (cell,) = told(days_of(park, 1), v=view())
    assert BASE in cell.facets


def test_factories_that_were_hardly_heard_of_hide_nobody() -> None:
    park = park_of(*[["mill"] * 3] * 4)
    hardly = {"unknown_time": 86_340.0, "producing_time": 60.0, "idle_time": 0.0}
    heard = pl.col("factory") == "works1"
    day = day_of(park, FIRST)
    silent = day.with_columns(pl.when(heard).then(name).otherwise(value).alias(name) for name, value in hardly.items())
    (cell,) = told({FIRST: silent}, v=view())
    assert (cell.factories, cell.why) == (4, {BASE: "large"})  # what is known of the class is what works1 did


def test_rejects_that_one_counts_are_told_of_nobody_and_neither_is_what_is_good() -> None:
    park = park_of(*SIX_OF_TEN)
    one = pl.col("path") == next(iter(park.equipment))
    frame = day_of(park, FIRST, total_count=100.0, good_count=100.0).with_columns(
        judged_time="producing_time",
        good_count=pl.when(one).then(93.0).otherwise("good_count"),
        reject_count=pl.when(one).then(7.0),
        quality_loss_time=pl.when(one).then(70.0).otherwise(0.0),
    )
    numbers = ["total_count", "good_count", "reject_count", "oee", "quality_ratio", "effectiveness", "productive_time"]
    silent = {"good_count", "reject_count", "oee", "quality_ratio", "productive_time"}
    assert suppressed({FIRST: frame}, view(by="park", kpis=numbers)) == silent
    every = frame.with_columns(reject_count=pl.col("reject_count").fill_null(0.0))
    assert suppressed({FIRST: every}, view(by="park", kpis=numbers)) == set()
    nobody = frame.with_columns(reject_count=pl.lit(None, pl.Float64))
    assert suppressed({FIRST: nobody}, view(by="park", kpis=numbers)) == {"reject_count"}


def test_the_machine_that_alone_cannot_be_judged_is_told_by_no_difference() -> None:
    park = park_of(*SIX_OF_TEN)
    others = pl.col("path") != next(iter(park.equipment))
    frame = day_of(park, FIRST, total_count=100.0, good_count=100.0, reject_count=0.0).with_columns(
        judged_time=pl.when(others).then("producing_time").otherwise(0.0)
    )
    # producing less judged time, however that is found out, would be what that machine produced
    losses = view(by="park", dataset="losses", kpis=[])
    ratios = view(by="park", kpis=["judged_time", "producing_time", "effectiveness", "oee", "quality_ratio"])
    assert suppressed({FIRST: frame}, losses) == {"speed_loss_time", "unjudged_time"}
    assert suppressed({FIRST: frame}, ratios) == {"judged_time", "effectiveness", "oee"}
    assert suppressed({FIRST: frame.with_columns(judged_time="producing_time")}, losses) == set()
    nobody = suppressed({FIRST: frame.with_columns(judged_time=0.0)}, losses)
    assert nobody == {"speed_loss_time", "quality_loss_time", "productive_time"}


def suppressed(days: Mapping[date, pl.DataFrame], one: OpenView) -> set[str]:
    """Give the numbers of the only cell of a view that are not told."""
    shown = rows(opened(v=one), "v", told(days, v=one))
    assert shown.filter(pl.col("suppressed"), pl.col("value").is_not_null()).is_empty()
    return set(shown.filter("suppressed")["kpi"])


def test_a_group_has_rows_from_its_first_cell_on() -> None:
    park = park_of(*[["mill"] * 3] * 4)
    days = days_of(park, 4)
    first, second, third, fourth = sorted(days)
    few = [path for path in park.equipment if path.startswith("works1")]
    days[first], days[third] = day_of(park, first, only=few), day_of(park, third, only=few)
    days[fourth] = days[fourth].clear()
    cells = told(days, v=view())
    assert [(cell.span.first, cell.shown, bool(cell.facets)) for cell in cells] == [
        (first, False, False),
        (second, True, True),
        (third, True, False),
        (fourth, True, False),
    ]
    assert cells[3].why == {BASE: "none"}


def test_periods_come_in_the_order_in_which_they_are_due() -> None:
    views = {"late": view(delay="4 d"), "week": view(period="week"), "soon": view()}
    until = {("soon", "accounts/class/day"): FIRST + 8 * DAY}
    found = list(due(views, until, [ZoneInfo("UTC")], datetime(2026, 3, 13, tzinfo=UTC)))
    assert [(one.cut.view, one.span.first.day) for one in found] == [
        ("late", 2), ("late", 3), ("late", 4), ("late", 5), ("late", 6), ("week", 2), ("late", 7), ("late", 8),
        ("soon", 10),
    ]  # fmt: skip
    assert found[0].at == datetime(2026, 3, 7, tzinfo=UTC)


@st.composite
def installations(draw: st.DrawFn) -> tuple[Park, dict[date, pl.DataFrame], dict[str, OpenView]]:
    kinds = st.lists(st.sampled_from(["mill", "lathe", ""]), min_size=1, max_size=3)
    park = park_of(*draw(st.lists(kinds, min_size=2, max_size=4)))
    days = {}
    for number in range(draw(st.sampled_from([2, 7]))):
        some = draw(st.lists(st.sampled_from(list(park.equipment)), unique=True, min_size=1))
        days[FIRST + number * DAY] = day_of(park, FIRST + number * DAY, only=some)
    views = {}
    for number in range(draw(st.integers(1, 3))):
        views[f"v{number}"] = view(
            by=draw(st.sampled_from(["park", "class"])),
            period=draw(st.sampled_from(["day", "week"])),
            at_least={"factories": 2, "machines": draw(st.integers(2, 3)), "rest": 0},
            contract="with all of them",
            delay=timedelta(days=draw(st.integers(2, 9))),
        )
    return park, days, views


@given(installations())
@settings(max_examples=60, deadline=None)
def test_no_views_together_tell_of_too_few(
    made: tuple[Park, dict[date, pl.DataFrame], dict[str, OpenView]],
) -> None:
    _, days, views = made
    cells = told(days, **views)
    places = [
        (day, *row) for day, frame in days.items() for row in frame.select("path", "factory", "group").iter_rows()
    ]
    rows = [
        [
            float(
                cell.span.first <= day < cell.span.until
                and cell.grouped in {"", group}
                and bool(group or not cell.grouped)
            )
            for day, _, _, group in places
        ]
        for cell in cells
        if BASE in cell.facets
    ]
    assert leak(rows, [factory for _, _, factory, _ in places], 2) is None
    fewest = min(one.at_least.machines for one in views.values())
    assert leak(rows, [path for _, path, _, _ in places], fewest) is None
    for cell in cells:  # alone, each that is not told for want of machines or factories has too few of them
        if cell.why.get(BASE) == "few":
            assert cell.factories < cell.floor.factories or cell.machines < cell.floor.machines
