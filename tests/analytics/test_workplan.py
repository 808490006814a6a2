"""Whatever a calendar says: its work is disjoint, cut rightly, and its windows tile time."""

from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from analytics.calendar import windows_of, work
from collector.worktime import WEEKDAYS, Break, Calendar, Holidays, Maintenance, Rotation, Shift, Special
from tests.analytics.plant import EXAMPLES
from tests.analytics.shifts import LORD_HOWE, ZONES, seconds, utc

Asked: TypeAlias = tuple[Calendar, tuple[Maintenance, ...], ZoneInfo, datetime, datetime]
"""A calendar, a machine's own maintenance, a zone, and an interval in UTC."""

MINUTES = st.sampled_from([time(hour, minute) for hour in range(24) for minute in (0, 30, 59)])
BREAKS = st.lists(st.builds(Break, start=MINUTES, end=MINUTES), max_size=2).map(tuple)
DAYS = st.sets(st.sampled_from(WEEKDAYS)).map(tuple)
TURNS = st.sets(st.integers(1, 6)).map(tuple)


def shifts(smallest: int = 0) -> st.SearchStrategy[tuple[Shift, ...]]:
    made = st.builds(Shift, name=st.just("s"), start=MINUTES, end=MINUTES, breaks=BREAKS, days=DAYS, turns=TURNS)
    named = st.lists(made, min_size=smallest, max_size=3)
    return named.map(lambda some: tuple(one.model_copy(update={"name": f"s{n}"}) for n, one in enumerate(some)))


def around(begin: datetime) -> st.SearchStrategy[date]:
    return st.integers(-3, 6).map(lambda n: begin.date() + timedelta(days=n))


def maintenance(begin: datetime) -> st.SearchStrategy[tuple[Maintenance, ...]]:
    weekly = st.builds(
        Maintenance,
        name=st.just("weekly"),
        days=st.sets(st.sampled_from(WEEKDAYS), min_size=1).map(tuple),
        at=MINUTES,
        lasts=st.integers(1, 60).map(lambda hours: timedelta(hours=hours)),
    )
    once = st.tuples(st.integers(-50, 100), st.integers(1, 50)).map(
        lambda span: Maintenance(
            name="once",
            start=(local := begin.replace(tzinfo=None)) + timedelta(hours=span[0]),
            end=local + timedelta(hours=sum(span)),
        )
    )
    return st.lists(weekly | once, max_size=3).map(tuple)


MOMENTS = st.sampled_from(
    [
        *(utc(2026, month, day) for month, day in ((3, 7), (10, 31), (4, 3), (10, 2), (3, 28), (10, 24), (9, 30))),
        utc(2006, 10, 28),
        utc(2011, 12, 29),
        utc(2018, 11, 3),
    ]
)


@st.composite
def asked(draw: st.DrawFn) -> Asked:
    """Give a calendar, maintenance, and an interval near a clock change or a holiday."""
    start = draw(MOMENTS) + timedelta(minutes=draw(st.integers(-100, 2000)))
    special = st.builds(Special, day=around(start), shifts=st.just(("s0",)), extra=shifts())
    calendar = Calendar(
        shifts=draw(shifts(1)),
        rotation=draw(st.none() | st.builds(Rotation, start=around(start), length=st.integers(2, 6))),
        holidays=draw(st.none() | st.just(Holidays(country="CN"))),
        closed=tuple(draw(st.lists(around(start), max_size=2))),
        open=tuple(draw(st.lists(around(start), max_size=2))),
        special=tuple(draw(st.lists(special, max_size=2))),
        maintenance=draw(maintenance(start)),
    )
    end = start + timedelta(minutes=draw(st.integers(1, 6000)))
    return calendar, draw(maintenance(start)), draw(st.sampled_from(ZONES)), start, end


@EXAMPLES
@given(asked())
def test_work_lies_within_in_order_and_without_overlaps(
    given_: Asked,
) -> None:
    calendar, own, zone, start, end = given_
    made = work(calendar, own, zone, start, end)
    rows = made.rows()
    assert all(start <= row[0] < row[1] <= end for row in rows)
    assert all(before[1] <= after[0] for before, after in pairwise(rows))
    assert set(made["kind"]) <= {"planned", "maintenance"}
    edges = [start, *(edge for row in rows for edge in row[:2]), end]
    unscheduled = sum(((b - a) for a, b in zip(edges[::2], edges[1::2], strict=True)), timedelta())
    assert seconds(made) + unscheduled.total_seconds() == (end - start).total_seconds()
    undisturbed = work(calendar.model_copy(update={"maintenance": ()}), (), zone, start, end)
    assert seconds(undisturbed) == seconds(made)


@EXAMPLES
@given(asked(), st.integers(0, 6000))
def test_work_does_not_depend_on_what_was_asked_for(given_: Asked, minutes: int) -> None:
    calendar, own, zone, start, end = given_
    middle = min(start + timedelta(minutes=minutes), end)
    whole = work(calendar, own, zone, start, end)
    halves = [work(calendar, own, zone, *half) for half in ((start, middle), (middle, end))]
    assert sum(seconds(half) for half in halves) == seconds(whole)
    kinds = [one.group_by("kind", "name").agg(pl.len() * 0).sort("kind", "name") for one in (pl.concat(halves), whole)]
    assert kinds[0].equals(kinds[1])


@EXAMPLES
@given(asked())
def test_every_moment_is_in_one_hour_and_one_day_and_shifts_agree_with_the_clock(
    given_: Asked,
) -> None:
    calendar, _, zone, start, end = given_
    made = windows_of(calendar, zone, start, end)
    for period in ("hour", "day"):
        rows = made.filter(period=period).select("start", "end").rows()
        assert rows[0][0] <= start < rows[0][1]
        assert rows[-1][0] < end <= rows[-1][1]
        assert all(before[1] == after[0] for before, after in pairwise(rows))
        assert all(begin < finish for begin, finish in rows)
    begun = made.filter(period="shift")["start"].to_list()
    assert begun == sorted(set(begun))
    minutes = {shift.start.minute for shift in (*calendar.shifts, *(x for one in calendar.special for x in one.extra))}
    if zone is not LORD_HOWE:  # where a start within the half hour that is skipped lies half an hour later
        assert {begin.astimezone(zone).minute for begin in begun} <= minutes
