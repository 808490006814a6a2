"""Stops that become more, or longer."""

from datetime import time
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.state_anomaly import STATE_ANOMALY
from analytics.sayings import message
from collector.faultrules.detection import Healthy
from collector.faultrules.production import StateAnomaly
from collector.faultrules.rules import MachineFaults
from collector.park import Calendar, EquipmentState, Shift, Title
from tests.analytics.faults.looking import PRESS, RUN, STAND, UNKNOWN, Looked, same, stateless, states
from tests.analytics.plant import AROUND_THE_CLOCK, EXAMPLES, at, line, machine, park

HOUR = 3600
DAYTIME = Calendar(shifts=(Shift(name="day", start=time(8), end=time(16)),))
LEARN = 24


def watched(calendar: Calendar = AROUND_THE_CLOCK, **keys: Any) -> Looked:
    faults = MachineFaults(states=StateAnomaly(**{"learn": f"{LEARN} h", **keys}))
    press = machine(PRESS, faults=faults, title=Title(en="Press", zh="压力机"))
    where = park(line("works/line", press), calendar=calendar)
    return Looked(STATE_ANOMALY, where)


def stops(hours: range, number: int, length: float = 60) -> list[tuple[float, EquipmentState]]:
    """Give so many stops an hour, spread over it."""
    found: list[tuple[float, EquipmentState]] = []
    for hour in hours:
        for n in range(number):
            begin = hour * HOUR + (n + 0.5) * HOUR / number - length / 2
            found += [(begin, STAND), (begin + length, RUN)]
    return found


def test_many_stops_in_an_hour_are_an_alert_of_that_hour() -> None:
    looked = watched()
    usual = stops(range(30), 4)
    looked.look(told=states((0, RUN), *usual, *stops(range(30, 31), 30)), until=31 * HOUR)
    assert looked.told() == [("often", 30 * HOUR, None)]
    looked.look(told=states(*stops(range(31, 32), 4)), until=32 * HOUR)
    assert looked.told() == [("often", 30 * HOUR, 31 * HOUR)]
    (baseline,) = looked.baselines
    assert (baseline.rows, baseline.model["mean"]) == (LEARN, 4.0)


@pytest.mark.parametrize(("bad", "expected"), [(1, []), (2, [("often", 30 * HOUR, 32 * HOUR)])])
def test_what_is_bad_for_less_than_the_delay_is_no_alert(bad: int, expected: list[Any]) -> None:
    looked = watched(on_delay="2 h")
    hours = [*stops(range(30), 4), *stops(range(30, 30 + bad), 30), *stops(range(30 + bad, 35), 4)]
    looked.look(told=states((0, RUN), *hours), until=35 * HOUR)
    assert looked.told() == expected


def test_a_delay_runs_out_in_an_hour_between() -> None:
    looked = watched(on_delay="2 h", off_delay="1 h")
    hours = [*stops(range(30), 4), *stops(range(30, 31), 30), *stops(range(31, 32), 15), *stops(range(32, 33), 4)]
    looked.look(told=states((0, RUN), *hours), until=32 * HOUR)
    assert looked.told() == [("often", 30 * HOUR, None)]
    looked.look(until=33 * HOUR)
    assert looked.told() == [("often", 30 * HOUR, 32 * HOUR)]


def test_what_is_good_for_less_than_the_delay_ends_no_alert() -> None:
    looked = watched(off_delay="90 min")
    hours = [row for hour in range(30, 33) for row in stops(range(hour, hour + 1), 4 if hour == 31 else 30)]
    looked.look(told=states((0, RUN), *stops(range(30), 4), *hours, *stops(range(33, 36), 4)), until=36 * HOUR)
    assert looked.told() == [("often", 30 * HOUR, 33 * HOUR)]


def test_a_few_more_are_chance() -> None:
    looked = watched()
    looked.look(told=states((0, RUN), *stops(range(30), 1), *stops(range(30, 31), 6)), until=31 * HOUR)
    assert looked.told() == []


def test_long_stops_are_an_alert_too() -> None:
    looked = watched()
    looked.look(told=states((0, RUN), *stops(range(30), 4), *stops(range(30, 31), 4, 600)), until=31 * HOUR)
    assert looked.told() == [("long", 30 * HOUR, None)]
    (alert,) = looked.alerts.values()
    assert message(alert, "en") == "Press: stops took 10 min within this hour (4 of them), usually 1 min"
    assert message(alert, "zh") == "压力机：本小时停机（4 次）平均 10 分钟，平时 1 分钟"  # noqa: RUF001 - Chinese
    assert {name: one.limit for (_, name), one in looked.indicators.items()} == {"stops_often": 5, "stops_long": 5}


def test_an_hour_is_over_by_time_alone() -> None:
    looked = watched()
    looked.look(told=states((0, RUN), *stops(range(30), 4), *stops(range(30, 31), 30)), until=31 * HOUR - 1)
    assert looked.told() == []
    looked.look(until=31 * HOUR)
    assert [key for key, _, _ in looked.told()] == ["often"]


def test_hours_with_unknown_state_do_not_count() -> None:
    looked = watched()
    holes = [(hour * HOUR + 10.0, UNKNOWN) for hour in range(30)] + [(hour * HOUR + 20.0, RUN) for hour in range(30)]
    looked.look(told=states((0, RUN), *sorted([*stops(range(30), 4), *holes], key=lambda row: row[0])), until=30 * HOUR)
    assert looked.baselines == []
    looked = watched()
    burst = sorted([*stops(range(30, 31), 30), (30 * HOUR + 5.0, UNKNOWN), (30 * HOUR + 6.0, RUN)], key=lambda r: r[0])
    looked.look(told=states((0, RUN), *stops(range(30), 4), *burst), until=31 * HOUR)
    assert looked.told() == []


def test_hours_without_planned_work_do_not_count_nor_do_stops_into_them() -> None:
    looked = watched(DAYTIME, learn="16 h")
    days = [row for day in range(6) for row in stops(range(day * 24 + 8, day * 24 + 15), 4)]
    nights = [(day * 24 * HOUR + 15.9 * HOUR, STAND) for day in range(6)]
    mornings = [((day + 1) * 24 * HOUR + 8.05 * HOUR, RUN) for day in range(6)]
    told = sorted([*days, *nights, *mornings], key=lambda row: row[0])
    looked.look(told=states((0, RUN), *told), until=6 * 24 * HOUR)
    assert looked.told() == []
    assert looked.baselines[0].rows == 16
    assert looked.baselines[0].end - looked.baselines[0].start == 32 * HOUR * 10**9


def test_it_learns_from_a_declared_time() -> None:
    looked = watched(healthy=Healthy(start=at(10 * HOUR), end=at(20 * HOUR)))
    usual = [*stops(range(10), 30), *stops(range(10, 20), 4), *stops(range(20, 21), 30)]
    looked.look(told=states((0, RUN), *usual), until=21 * HOUR)
    assert (looked.baselines[0].rows, looked.told()) == (10, [("often", 20 * HOUR, None)])


def test_a_declared_time_that_is_over_is_passed_over() -> None:
    looked = watched(healthy=Healthy(start=at(-10 * HOUR), end=at(-1 * HOUR)))
    looked.look(told=states((0, RUN), *stops(range(30), 4)), until=30 * HOUR)
    assert looked.baselines[0].rows == LEARN


def test_a_machine_of_which_nobody_tells_the_state_is_not_watched() -> None:
    faults = MachineFaults(states=StateAnomaly())
    assert Looked(STATE_ANOMALY, stateless(faults=faults)).rules == {}


STATES = st.sampled_from([RUN, RUN, STAND, STAND, EquipmentState.IDLE, EquipmentState.SETUP, UNKNOWN])
CHANGES = st.lists(st.tuples(st.integers(1, 2 * HOUR), STATES), max_size=40)


@EXAMPLES
@given(CHANGES, st.integers(1, 2), st.sampled_from(["0 s", "90 min"]), st.lists(st.integers(0, 40 * HOUR), max_size=6))
def test_any_portions_find_the_same(steps: list[tuple[int, Any]], count: int, delay: str, cuts: list[int]) -> None:
    told: list[tuple[float, EquipmentState]] = [(100.0, RUN), *stops(range(1, 10), 4)]
    for step, state in steps:
        told.append((told[-1][0] + step, state))
    end = told[-1][0] + 2 * HOUR
    keys: dict[str, Any] = {"learn": "8 h", "limit": 1, "count": count, "on_delay": delay, "off_delay": delay}
    once = watched(**keys)
    once.look(told=states(*told), until=end)
    portions = watched(**keys)
    edges = [0, *sorted(cut for cut in cuts if cut < end), end]
    for start, stop in pairwise(edges):
        some = states(*(row for row in told if start <= row[0] < stop))
        portions.look(told=some)
        portions.look(until=stop)
    same(once, portions)
