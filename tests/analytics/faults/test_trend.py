"""Trend towards a limit: when it is told, what is left, and what is no trend."""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import json
import math
from datetime import timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.faults.contract import STATES, Seen
from analytics.faults.remaining import Normal, remaining, running, slope
from analytics.faults.trend import CERTAIN, MOST, STEPS, TREND, span_in_words
from analytics.sayings import message
from collector.faultrules.condition import Trend
from collector.faultrules.detection import Healthy
from collector.faultrules.rules import SignalFaults
from tests.analytics.faults.bearing import BEARING, PUMP, Looking, ns, pump
from tests.analytics.plant import at, samples

MINUTE, HOUR = 60.0, 3600.0
Values = list[tuple[float, float]]


def looking(**keys: Any) -> Looking:
    """Give a detector whose steps are a minute long; it learns for an hour, and looks ten hours ahead."""
    given_ = {
        "window": timedelta(minutes=STEPS),
        "learn": timedelta(hours=1),
        "horizon": timedelta(hours=10),
        **keys,
    }
    return Looking(TREND, pump(SignalFaults(trend=Trend(**given_)), unit="[g]"))


def noisy(level: float, start: float, hours: float, *, growth: float = 0.0, every: float = 20, seed: int = 1) -> Values:
    """Give values every 20 s from `start`: `level` with 1 % of noise, growing by the factor e in 1 / `growth` hours."""
    chance = np.random.default_rng(seed)
    times = np.arange(0, hours * HOUR, every)
    grown = level * np.exp(growth * times / HOUR) * (1 + 0.01 * chance.standard_normal(len(times)))
    return list(zip((start + times).tolist(), grown.tolist(), strict=True))


def test_noise_is_no_trend() -> None:
    look = looking()
    look.at(noisy(0.13, 0, 48))
    assert look.told() == []


def test_damage_that_grows_is_told_with_what_is_left_and_becomes_graver_at_the_limit() -> None:
    look = looking()
    look.at(noisy(1.0, 0, 1.5))
    rising = noisy(1.0, 1.5 * HOUR, 8, growth=0.1, seed=2)
    reached = 1.5 + math.log(1.6) / 0.1
    look.at([value for value in rising if value[0] < 4 * HOUR])
    ((began, ended, severity, code),) = look.told()
    assert (ended, severity, code) == (None, "medium", "trend.rising")
    assert 1.5 * HOUR < began < 3.5 * HOUR
    (alert,) = look.alerts.values()
    assert alert.parameters["kind_en"] == "learned limit"
    assert float(alert.parameters["limit"]) == pytest.approx(1.6, rel=0.01)
    soon, left, late = (float(alert.parameters[f"{name}_en"].removesuffix(" h")) for name in ("soon", "left", "late"))
    assert soon <= left <= late
    assert soon - 0.5 < reached - began / HOUR < late + 0.5
    look.at([value for value in rising if value[0] >= 4 * HOUR])
    ((again, ended, severity, code),) = look.told()
    assert (again, ended, severity, code) == (began, None, "high", "trend.reached")
    assert look.lasting == {"limit"}


def test_the_range_holds_what_is_true() -> None:
    inside = 0
    for seed in range(40):
        time = np.arange(STEPS, dtype=float)
        value = np.exp(0.02 * time) * (1 + 0.02 * np.random.default_rng(seed).standard_normal(STEPS))
        rest = remaining(Normal(1.0, 0.02, 5.0), time, value)
        true = (math.log(5.0) - 0.02 * (STEPS - 2)) / 0.02
        assert rest.soon <= rest.likely <= rest.late
        inside += rest.soon * 0.95 <= true <= rest.late * 1.05
    assert inside >= 38


def test_a_value_that_falls_has_a_limit_below() -> None:
    look = looking(limit=2.0, falls=True)
    look.at(noisy(6.0, 0, 1.5))
    falling = [(second, 6.0 - 0.4 * (second - 1.5 * HOUR) / HOUR) for second, _ in noisy(0, 1.5 * HOUR, 3)]
    look.at(falling)
    ((_, ended, severity, code),) = look.told()
    assert (ended, severity, code) == (None, "medium", "trend.falling")


def test_a_learned_limit_of_what_falls_is_a_grade_below() -> None:
    look = looking(falls=True)
    look.at(noisy(1.0, 0, 1.5) + noisy(1.0, 1.5 * HOUR, 3, growth=-0.1, seed=2))
    (alert,) = look.alerts.values()
    assert alert.code == "trend.falling"
    assert float(alert.parameters["limit"]) == pytest.approx(1 / 1.6, rel=0.02)


@pytest.mark.parametrize(("falls", "worn", "mended"), [(False, 12.0, 8.0), (True, 8.0, 12.0)])
def test_a_value_that_is_at_its_limit_when_it_is_learned_has_reached_it(
    *, falls: bool, worn: float, mended: float
) -> None:
    look = looking(limit=10.0, falls=falls)
    look.at(noisy(worn, 0, 2))
    ((_, ended, severity, code),) = look.told()
    assert (ended, severity, code) == (None, "high", "trend.reached")
    look.at(noisy(mended, 2 * HOUR, 1, seed=2))
    assert look.lasting == set()


def test_what_is_far_ahead_is_not_told_yet() -> None:
    look = looking(horizon=timedelta(hours=1))
    look.at(noisy(1.0, 0, 1.5) + noisy(1.0, 1.5 * HOUR, 3, growth=0.1, seed=2))
    assert look.told() == []


def test_a_spike_and_a_start_up_are_no_trend() -> None:
    look = looking()
    values = noisy(1.0, 0, 6)
    look.at([(second, value * (1.5 if 4 * HOUR < second < 4.15 * HOUR else 1.0)) for second, value in values])
    assert look.told() == []


def test_a_pause_is_no_running_time() -> None:
    assert running(np.array([10, 11, 12, 500, 501])).tolist() == [0, 1, 2, 3, 4]
    assert running(np.array([10, 22, 34, 46])).tolist() == [0, 12, 24, 36]
    assert running(np.array([7])).tolist() == [0]
    look = looking()
    first, week = noisy(1.0, 0, 0.5), 7 * 24 * HOUR
    look.at(first + noisy(1.0, week, 0.4))
    assert look.baselines == []
    look.at(noisy(1.0, week + 0.4 * HOUR, 0.3))
    assert len(look.baselines) == 1


def test_an_alert_lasts_while_the_value_rests_and_ends_when_it_is_mended() -> None:
    look = looking()
    look.at(noisy(1.0, 0, 1.5) + noisy(1.0, 1.5 * HOUR, 2, growth=0.1) + noisy(1.22, 3.5 * HOUR, 20))
    assert [(ended, severity) for _, ended, severity, _ in look.told()] == [(None, "medium")]
    look.at(noisy(1.0, 24 * HOUR, 1))
    ((_, ended, _, _),) = look.told()
    assert ended is not None
    assert 24 * HOUR < ended < 24.1 * HOUR


def test_it_learns_in_steps_and_tells_the_baseline_once() -> None:
    look = looking()
    look.at(noisy(1.0, 0, 3))
    (one,) = look.baselines
    assert (one.subject, one.mode, one.start, one.end, one.rows) == (BEARING, "", ns(0), ns(HOUR), 180)
    assert one.model["median"] == pytest.approx(1.0, rel=0.005)
    assert 0 < one.model["spread"] < 0.02
    look.carried.clear()
    look.at(noisy(2.0, 4 * HOUR, 1.1))
    assert len(look.baselines) == 2
    assert look.baselines[1].model["median"] == pytest.approx(2.0, rel=0.005)


def test_a_declared_healthy_time_is_learned_from() -> None:
    healthy = Healthy(start=at(2 * HOUR), end=at(3 * HOUR))
    look = looking(healthy=healthy)
    look.at(noisy(5.0, 0, 2) + noisy(1.0, 2 * HOUR, 1) + noisy(2.0, 3 * HOUR, 1))
    (one,) = look.baselines
    assert (one.start, one.end, one.rows) == (ns(2 * HOUR), ns(3 * HOUR), 180)
    assert one.model["median"] == pytest.approx(1.0, rel=0.005)
    assert [(severity, code) for _, _, severity, code in look.told()] == [("high", "trend.reached")]


def test_a_declared_time_that_is_over_is_replaced_by_what_comes() -> None:
    look = looking(healthy=Healthy(start=at(-2 * HOUR), end=at(-HOUR)))
    look.at(noisy(1.0, 0, 1.1))
    (one,) = look.baselines
    assert (one.start, one.end) == (ns(0), ns(HOUR))


def test_while_the_machine_is_known_to_stand_nothing_counts() -> None:
    states = pl.DataFrame(
        {
            "equipment": PUMP,
            "ns": [ns(0), ns(1.5 * HOUR), ns(4 * HOUR)],
            "state": ["producing", "idle", "producing"],
        },
        schema=STATES,
    )
    values = noisy(1.0, 0, 1.5) + noisy(0.01, 1.5 * HOUR, 2.5) + noisy(1.0, 4 * HOUR, 2)
    look = looking()
    found = TREND.look(TREND.rules(pump(SignalFaults(trend=Trend()))), {}, Seen(samples(BEARING, values), {}, states))
    assert found.carried[BEARING]["runs"] is True
    rules = look._rules  # the steps of a minute
    found = TREND.look(rules, {}, Seen(samples(BEARING, values), {}, states))
    recent = [value for _, value in found.carried[BEARING]["recent"]]
    assert len(recent) == STEPS
    assert min(recent) > 0.9


def test_what_is_carried_is_bounded() -> None:
    look = looking(learn=timedelta(days=366))
    look.at(noisy(1.0, 0, 40, every=30))
    kept = look.carried[BEARING]
    assert len(kept["lesson"]["values"]) < MOST
    assert len(kept["recent"]) == STEPS
    assert len(json.dumps(kept)) < 20_000
    assert kept["lesson"]["every"] == 8


def test_another_window_begins_steps_anew_and_keeps_what_was_learned() -> None:
    look = looking()
    look.at(noisy(1.0, 0, 3))
    other = looking(window=timedelta(hours=8))
    other.carried = look.carried
    other.at(noisy(1.0, 3 * HOUR, 1))
    assert other.baselines == []
    assert other.carried[BEARING]["normal"] == look.carried[BEARING]["normal"]
    assert len(other.carried[BEARING]["recent"]) < 8


def test_a_step_is_closed_when_nothing_more_comes() -> None:
    look = looking()
    look.at(noisy(1.0, 0, 1.5))
    look.at([(1.5 * HOUR + second, 2.0) for second in range(0, 120, 20)])
    assert look.told() == []
    look.look(until=1.5 * HOUR + 120)
    ((began, _, severity, code),) = look.told()
    assert (severity, code) == ("high", "trend.reached")
    assert began == 1.5 * HOUR + 120
    found = look.at([(1.5 * HOUR + 110, 1.0)])
    assert found.late == 1


def test_with_a_count_so_many_steps_in_a_row_must_say_so() -> None:
    begins = []
    for count in (1, 5):
        look = looking(count=count, limit=1.5)
        look.at(noisy(1.0, 0, 1.5) + noisy(2.0, 1.5 * HOUR, 0.5))
        ((began, *_),) = look.told()
        begins.append(began)
    assert begins[1] - begins[0] == 4 * MINUTE


def test_how_near_the_limit_is_is_an_indicator() -> None:
    look = looking(limit=3.0)
    look.at(noisy(1.0, 0, 1.5) + noisy(2.0, 1.5 * HOUR, 0.5))
    (one,) = look.indicators.values()
    assert (one.equipment, one.subject, one.name, one.limit) == (PUMP, BEARING, "trend", 1.0)
    assert one.value == pytest.approx(0.5, abs=0.02)


def test_an_alert_says_when_and_how_sure_that_is() -> None:
    look = looking()
    look.at(noisy(1.0, 0, 1.5) + noisy(1.0, 1.5 * HOUR, 2, growth=0.1))
    (alert,) = look.alerts.values()
    told = alert.parameters
    assert message(alert, "en") == (
        f"Drive end bearing: {told['value']} [g] and rising (normal: 1 [g]); reaches its learned limit of "
        f"{told['limit']} [g] after about {told['left_en']} of running, between {told['soon_en']} and {told['late_en']}"
    )
    assert message(alert, "zh").startswith(f"驱动端轴承：{told['value']} [g]，持续上升（正常值 1 [g]），预计再运行约")


@pytest.mark.parametrize(
    ("span", "words"),
    [(90 * MINUTE, "90 min"), (119 * MINUTE, "119 min"), (3 * HOUR, "3 h"), (47 * HOUR, "47 h"), (60 * HOUR, "2 d")],
)
def test_spans_are_said_in_the_unit_that_fits(span: float, words: str) -> None:
    assert span_in_words(span * 1e9)[0] == words


def test_a_slope_is_the_median_of_all_slopes_and_up_to_a_quarter_of_wild_points_do_not_matter() -> None:
    time = np.arange(STEPS, dtype=float)
    value = 3.0 * time + np.random.default_rng(1).standard_normal(STEPS)
    found = slope(time, value)
    every = [(value[j] - value[i]) / (j - i) for i in range(STEPS) for j in range(i + 1, STEPS)]
    assert found.middle == pytest.approx(float(np.median(every)))
    assert found.low < 3.0 < found.high
    value[-STEPS // 4 :] = 1e6
    assert slope(time, value).middle == pytest.approx(3.0, abs=1.0)


def test_the_range_is_that_of_sen() -> None:
    time = np.array([1.0, 2, 3, 4, 10, 12, 18])
    value = np.array([9.0, 15, 19, 20, 45, 55, 78])
    found = slope(time, value, likely=1.96)
    assert found.middle == pytest.approx(4.0)  # Hollander, Wolfe: Nonparametric statistical methods, example 9.1
    assert found.low == pytest.approx(3.714, abs=0.05)
    assert found.high == pytest.approx(
        5.0
    )  # of the ranks on either side of it the outer one: the range is not narrower


def test_a_trend_that_may_be_none_is_not_told() -> None:
    time = np.arange(STEPS, dtype=float)
    value = 1 + 0.1 * np.random.default_rng(3).standard_normal(STEPS)
    rest = remaining(Normal(1.0, 0.1, 2.0), time, value)
    assert rest.late > CERTAIN * rest.likely or rest.likely == math.inf


STEP = st.tuples(st.sampled_from([0, 3, 7, 20, 61, 200, 100_000]), st.floats(0.5, 4.0, allow_nan=False))


@settings(max_examples=40, deadline=None)
@given(st.lists(STEP, max_size=60), st.lists(st.integers(0, 500), max_size=6), st.integers(0, 120))
def test_the_same_is_found_in_any_portions(steps: list[tuple[int, float]], cuts: list[int], delay: int) -> None:
    values: list[tuple[float, Any]] = [
        *noisy(1.0, 0, 0.8, every=40),
        *noisy(1.0, 0.8 * HOUR, 1.4, growth=0.2, every=41),
    ]
    second = values[-1][0]
    for step, value in steps:
        second += step
        values.append((second, value))
    keys: dict[str, Any] = {
        "learn": timedelta(minutes=40),
        "on_delay": timedelta(seconds=delay),
        "off_delay": timedelta(minutes=2),
    }
    once, portions = looking(**keys), looking(**keys)
    once.at(values, second + 500)
    portions.portions(values, cuts, second + 500)
    assert portions.alerts == once.alerts
    assert portions.carried == once.carried
    assert portions.baselines == once.baselines
    assert portions.indicators == once.indicators
    assert len(once.baselines) == 1
