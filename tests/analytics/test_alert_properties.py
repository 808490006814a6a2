"""Properties of the alert log: whatever is found and done in whatever order, what it promises holds."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from analytics.alertlog import act, fold, read_events, read_standings, sweep, unrouted
from analytics.alerts import Alert
from analytics.lifecycle import HIDDEN, LEGAL, Action, ActionError, AlarmState, AlertEvent, EventKind, Standing
from collector.park import Severity
from collector.records import METADATA
from tests.analytics.alarms import after, nothing, occurrence
from tests.analytics.plant import EXAMPLES

POINTS = (("works/line/press", "high:80"), ("works/line/press", "low:1"), ("works/line/press-2", "high:80"))


@cache
def engine() -> sa.Engine:
    """Give the records that all examples use, one after the other."""
    made = sa.create_engine("sqlite://")
    METADATA.create_all(made)
    return made


@contextmanager
def a_log() -> Iterator[sa.Connection]:
    """Give a transaction of empty records, of which nothing stays."""
    with engine().connect() as connection:
        yield connection
        connection.rollback()


@dataclass(frozen=True)
class Life:
    """Occurrences of one point, each after the one before."""

    point: int
    occurrences: list[tuple[int, int, Severity]]
    latching: bool

    def alerts(self) -> list[Alert]:
        machine, key = POINTS[self.point]
        second, found = self.point, []
        for pause, length, severity in self.occurrences:
            began = second + pause
            second = began + length
            fields = {"equipment": machine, "key": key, "severity": severity, "latching": self.latching}
            found.append(occurrence(began, second, **fields))
        return found


SPANS = st.sampled_from([1, 7, 20, 61, 400, 1000])
LIVES = st.tuples(
    *(
        st.builds(
            Life,
            st.just(point),
            st.lists(st.tuples(SPANS, SPANS, st.sampled_from([Severity.LOW, Severity.HIGH])), min_size=1, max_size=8),
            st.booleans(),
        )
        for point in range(len(POINTS))
    )
)


def tellings(lives: Sequence[Life]) -> list[tuple[datetime, Alert]]:
    """Give each occurrence twice, in order: when it begins and when it ends."""
    told = []
    for life in lives:
        for alert in life.alerts():
            told += [(alert.began, replace(alert, ended=None)), (alert.ended or alert.began, alert)]
    return sorted(told, key=lambda one: (one[0], one[1].ended is None, one[1].id))


@given(LIVES, st.lists(st.integers(1, 6), min_size=1, max_size=6))
@EXAMPLES
def test_in_whatever_portions_it_comes_the_rows_are_the_same(lives: Sequence[Life], portions: list[int]) -> None:
    told = [alert for _, alert in tellings(lives)]
    assert rows(told, [1]) == rows(told, portions) == rows(told, [len(told) or 1])


def rows(told: Sequence[Alert], portions: Sequence[int]) -> list[Standing]:
    """Fold so many tellings at a time, the newest version of each alert once; give the rows. Then fold all again."""
    place = look = 0
    with a_log() as connection:
        while place < len(told):
            portion = told[place : place + portions[look % len(portions)]]
            newest = {alert.id: alert for alert in portion}
            fold(connection, list(newest.values()), now=after(20_000), suppressed=nothing)
            place, look = place + len(portion), look + 1
        found = read_standings(connection)
        assert fold(connection, told, now=after(20_000), suppressed=nothing) == []
        assert read_standings(connection) == found
    return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("tell"), st.integers(1, 12)),
        st.tuples(st.just("tell again"), st.integers(0, 20)),
        st.tuples(st.just("pass"), st.sampled_from([1, 120, 4000, 8 * 86_400])),
        st.tuples(st.just("suppress"), st.sampled_from(["", "", "line_runs"])),
        st.tuples(
            st.sampled_from(["acknowledged", "shelved", "unshelved", "out_of_service", "in_service", "reset"]),
            st.integers(0, 5),
        ),
        st.tuples(st.just("shelve path"), st.booleans()),
    ),
    min_size=3,
    max_size=30,
)


class World:
    """A log to which things happen, and what must hold of it after each."""

    def __init__(self, connection: sa.Connection, told: Sequence[Alert]) -> None:
        self.connection = connection
        self.left = list(told)
        self.told: list[Alert] = []
        self.now = after(0)
        self.by = ""
        self.before: dict[str, AlarmState] = {}

    def step(self, what: str, value: Any) -> None:
        before = self.before
        events = self._do(what, value)
        standings = read_standings(self.connection)
        self.before = {one.id: one.state for one in standings}
        for one in standings:
            mine = [event.standing.state for event in events if event.alert == one.id]
            path = [before.get(one.id, AlarmState.NORMAL), *mine, one.state]
            assert all(b is a or b in LEGAL[a] for a, b in pairwise(path)), (what, value, path)
        self._hold(standings)

    def _do(self, what: str, value: Any) -> list[AlertEvent]:
        match what:
            case "tell":
                found, self.left = self.left[:1], self.left[1:]
                self.told += found
                self.now = max(self.now, *(one.ended or one.began for one in found)) if found else self.now
                return self._fold(found)
            case "tell again":
                return self._fold(self.told[value : value + 1])
            case "pass":
                self.now += timedelta(seconds=value)
                return self._sweep()
            case "suppress":
                self.by = value
                return self._sweep()
            case "shelve path":
                kind = EventKind.SHELVED if value else EventKind.UNSHELVED
                return self._act(
                    Action(kind, "li", path="works/line", comment="x", until=self.now + timedelta(hours=1))
                )
            case _:
                alerts = sorted(self.before)
                until = self.now + timedelta(minutes=30)
                return (
                    self._act(Action(EventKind(what), "li", alerts[value % len(alerts)], "", "x", until))
                    if alerts
                    else []
                )

    def _fold(self, found: Sequence[Alert]) -> list[AlertEvent]:
        return fold(self.connection, found, now=self.now, suppressed=lambda _: self.by)

    def _sweep(self) -> list[AlertEvent]:
        return sweep(self.connection, now=self.now, suppressed=lambda _: self.by)

    def _act(self, action: Action) -> list[AlertEvent]:
        try:
            return act(self.connection, action, now=self.now)
        except ActionError:
            return []

    def _hold(self, standings: Sequence[Standing]) -> None:
        open_points = [one.alert.point for one in standings if one.open]
        assert len(open_points) == len(set(open_points))
        assert sum(one.count for one in standings) == len({alert.id for alert in self.told})
        for one in standings:
            assert (one.closed is not None) == (one.state is AlarmState.NORMAL)
            assert not (one.state in HIDDEN and one.hidden.shelved_until is None and not one.hidden.suppressed_by) or (
                one.out_of_service
            )
            assert (one.acknowledged is None) == (not one.person)
            assert not one.open or one.state in HIDDEN or one.told is not None


@given(LIVES, STEPS)
@EXAMPLES
def test_whatever_happens_the_log_keeps_its_promises(lives: Sequence[Life], steps: list[tuple[str, Any]]) -> None:
    with a_log() as connection:
        world = World(connection, [alert for _, alert in tellings(lives)])
        for what, value in steps:
            for _ in range(value if what == "tell" else 1):
                world.step(what, value)
        events = read_events(connection)
        assert unrouted(connection, 10_000) == events
        for standing in read_standings(connection):
            mine = [event for event in events if event.alert == standing.id]
            assert [event.number for event in mine] == list(range(1, standing.number + 1))
            assert all(event.at <= world.now for event in mine)
