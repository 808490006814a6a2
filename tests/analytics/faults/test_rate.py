"""Values that change too fast."""

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.rate import RATE
from analytics.sayings import message
from collector.faultrules.rules import SignalFaults
from collector.faultrules.values import Rate
from collector.park import SignalRole
from tests.analytics.faults.looking import PRESS, Looked, astray, counted, gaps, plant, rising, same, seconds, signal
from tests.analytics.plant import EXAMPLES, samples

FORCE = f"{PRESS}/force"
MINUTE = timedelta(minutes=1)


def watched(**keys: Any) -> Looked:
    return Looked(RATE, plant(signal(faults=SignalFaults(rate=Rate(per=MINUTE, **keys)))))


def ramp(start: float, stop: float, slope: float, step: float = 1, base: float = 0.0) -> list[tuple[float, Any]]:
    """Give a value that rises by `slope` a second."""
    number = round((stop - start) / step)
    return [(start + n * step, base + slope * n * step) for n in range(number)]


def test_a_slow_rise_is_none_and_a_fast_one_is_an_alert() -> None:
    looked = watched(rise=30)
    looked.look(samples(FORCE, ramp(0, 200, 0.4)))
    assert looked.told() == []
    looked.look(samples(FORCE, [*ramp(200, 260, 1.0, base=80.0), *ramp(260, 400, 0.0, base=140.0)]))
    ((key, began, ended),) = looked.told()
    assert (key, looked.lasting) == ("rise", set())
    assert 205 < began < 215  # 24 kN of the old slope, and 0.6 kN/s more
    assert ended is not None
    assert 280 < ended < 295


def test_a_fall_mirrors_a_rise() -> None:
    looked = watched(rise=30, fall=30)
    looked.look(samples(FORCE, ramp(0, 100, -1.0)))
    assert looked.told() == [("fall", 31, None)]


def test_samples_that_are_far_apart_tell_a_part_of_their_step() -> None:
    looked = watched(rise=30)
    looked.look(samples(FORCE, ramp(0, 12_000, 0.04, step=600)))
    assert looked.told() == []
    looked.look(samples(FORCE, [(12_000, 500.0)]))  # 44 kN in 10 min: 4.4 kN in one
    assert looked.told() == []


def test_a_signal_that_is_sent_when_it_changes_stood_still_before() -> None:
    looked = watched(rise=30)
    looked.look(samples(FORCE, [*ramp(0, 20, 0.1), (3600, 60.0)]))
    assert looked.told() == [("rise", 3600, None)]


@pytest.mark.parametrize("per", [timedelta(minutes=1), timedelta(hours=1)])
def test_what_is_carried_is_bounded_however_irregular_a_signal_comes(per: timedelta) -> None:
    chance = random.Random(1)  # noqa: S311 - not for secrets
    steps = [(chance.expovariate(5), chance.random()) for _ in range(20_000)]
    looked = Looked(RATE, plant(signal(faults=SignalFaults(rate=Rate(rise=1e9, per=per)))))
    looked.look(samples(FORCE, rising(steps)))
    points = looked.carried[FORCE]["points"]
    assert len(points) <= 2 * 60 + 3
    assert points == sorted(points)
    assert points[1][0] > looked.carried[FORCE]["last"] - per.total_seconds() * 10**9


def test_a_reconnect_is_not_a_jump() -> None:
    looked = watched(rise=30)
    looked.look(samples(FORCE, ramp(0, 60, 0.0)))
    missed = gaps(FORCE, (60, 70))
    looked.look(samples(FORCE, ramp(70, 200, 0.0, base=90.0)), missed=missed)
    assert looked.told() == []


def test_bad_samples_and_values_that_cannot_be_break_off() -> None:
    looked = watched(rise=30)
    looked.look(samples(FORCE, [(0, 0.0), (1, None)]))
    looked.look(samples(FORCE, [(2, 90.0)]))
    looked.look(astray(FORCE, [(3, 999.0)]))
    looked.look(samples(FORCE, [(4, 180.0), (5, 220.0)]))
    assert looked.told() == [("rise", 5, None)]


def test_a_counter_that_begins_again_does_not_fall() -> None:
    rate = SignalFaults(rate=Rate(fall=5, rise=100, per=MINUTE))
    looked = Looked(RATE, plant(counted(role=SignalRole.GOOD_COUNT, faults=rate)))
    looked.look(samples(f"{PRESS}/parts", [(0, 500), (10, 510), (20, 0), (30, 10)]))
    assert looked.told() == []


def test_one_wild_value_says_nothing_with_a_count() -> None:
    values = [*ramp(0, 60, 0.0), (60, 500.0), *ramp(61, 200, 0.0)]
    looked = watched(rise=30, fall=30)
    looked.look(samples(FORCE, values))
    assert [key for key, _, _ in looked.told()] == ["rise", "fall"]
    looked = watched(rise=30, fall=30, count=2)
    looked.look(samples(FORCE, values))
    assert looked.told() == []


def test_it_says_by_how_much_and_in_which_time() -> None:
    looked = watched(rise=30)
    looked.look(samples(FORCE, [(0, 10.0), (30, 55.5)]))
    (alert,) = looked.alerts.values()
    told = "Press force: rose by 45.5 kN to 55.5 kN within 1 min, 30 kN is the most allowed"
    assert message(alert, "en") == told
    assert message(alert, "zh") == "压力：1 分钟内上升 45.5 kN，至 55.5 kN，超过允许的 30 kN"  # noqa: RUF001 - Chinese


STEPS = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 30, 400]), st.sampled_from([0.0, 10.0, 25.0, 50.0, None])), min_size=1
)


@EXAMPLES
@given(
    STEPS,
    st.integers(1, 3),
    st.integers(0, 8).map(seconds),
    st.lists(st.tuples(st.integers(0, 900), st.one_of(st.none(), st.integers(1, 60))), max_size=3),
    st.lists(st.integers(0, 2000), max_size=6),
)
def test_any_portions_find_the_same(
    steps: list[tuple[int, Any]],
    count: int,
    delay: timedelta,
    missing: list[tuple[int, int | None]],
    cuts: list[int],
) -> None:
    frame = samples(FORCE, rising(steps))
    end = rising(steps)[-1][0] + 20
    missed = gaps(FORCE, *((start, None if length is None else start + length) for start, length in missing))
    keys = {"rise": 20, "fall": 30, "count": count, "on_delay": delay, "off_delay": delay}
    once = watched(**keys)
    once.look(frame, end, missed=missed)
    same(once, watched(**keys).portions(frame, cuts, end, missed=missed))
