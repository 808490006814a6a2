"""Values that no longer move."""

from datetime import timedelta
from math import sin
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.stuck import STUCK
from analytics.sayings import message
from collector.faultrules.detection import Healthy
from collector.faultrules.rules import SignalFaults
from collector.faultrules.values import Stuck
from tests.analytics.faults.looking import (
    PRESS,
    RUN,
    STAND,
    UNKNOWN,
    Looked,
    gaps,
    plant,
    rising,
    same,
    seconds,
    signal,
    stateless,
    states,
)
from tests.analytics.plant import EXAMPLES, at, samples

FORCE = f"{PRESS}/force"
LEARN = timedelta(minutes=10)


def watched(*, stated: bool = False, **keys: Any) -> Looked:
    given: dict[str, Any] = {"learn": LEARN, "after": timedelta(minutes=2), **keys}
    one = signal(faults=SignalFaults(stuck=Stuck(**given)))
    return Looked(STUCK, plant(one) if stated else stateless(one))


def noisy(start: int, stop: int, base: float = 50.0) -> list[tuple[float, Any]]:
    """Give a value a second that moves about by one or so; the same every time."""
    return [(second, base + sin(second * second * 0.7)) for second in range(start, stop)]


def flat(start: int, stop: int, value: float = 50.0) -> list[tuple[float, Any]]:
    return [(second, value) for second in range(start, stop)]


def test_a_flat_line_is_an_alert_since_it_is_flat() -> None:
    looked = watched()
    looked.look(samples(FORCE, [*noisy(0, 1000), *flat(1000, 1120)]))
    assert looked.told() == []
    looked.look(samples(FORCE, flat(1120, 1200)))
    assert looked.told() == [("stuck", 1000, None)]
    looked.look(samples(FORCE, noisy(1200, 1210)))
    assert looked.told() == [("stuck", 1000, 1200)]
    assert looked.lasting == set()


def test_a_trace_of_its_noise_is_flat_too() -> None:
    looked = watched()
    jitter = [(second, 50 + 0.01 * sin(second)) for second in range(1000, 1200)]
    looked.look(samples(FORCE, [*noisy(0, 1000), *jitter]))
    assert [began for _, began, _ in looked.told()] == [1000]


def test_a_configured_band_goes_before_the_learned_one() -> None:
    looked = watched(band=0.001)
    jitter = [(second, 50 + 0.01 * sin(second)) for second in range(1000, 1200)]
    looked.look(samples(FORCE, [*noisy(0, 1000), *jitter]))
    assert looked.told() == []


def test_a_coarse_value_may_stand_as_long_as_it_used_to() -> None:
    coarse = [(second, float(second // 25)) for second in range(1000)]
    looked = watched(after=seconds(20))
    looked.look(samples(FORCE, [*coarse, *flat(1000, 1070, 40.0)]))
    assert looked.told() == []
    looked.look(samples(FORCE, flat(1070, 1080, 40.0)))
    assert looked.told() == [("stuck", 1000, None)]


@pytest.mark.parametrize("steady", [200, 10_000])
def test_a_set_point_is_not_judged(steady: int) -> None:
    looked = watched()
    looked.look(samples(FORCE, [(second, float(second // steady)) for second in range(5000)]))
    looked.look(samples(FORCE, flat(5000, 9000)))
    assert looked.told() == []
    (baseline,) = looked.baselines
    assert baseline.model["judges"] is False
    assert looked.indicators == {}


def test_silence_is_not_flat() -> None:
    looked = watched()
    looked.look(samples(FORCE, [*noisy(0, 1000), (1000, 50.0)]), until=20_000)
    assert looked.told() == []


def test_a_machine_that_stands_is_not_judged() -> None:
    looked = watched(stated=True)
    looked.look(samples(FORCE, [*noisy(0, 1000), *flat(1000, 3000)]), told=states((0, RUN), (1050, STAND)))
    assert looked.told() == []
    looked.look(samples(FORCE, flat(3000, 3200)), told=states((3000, RUN)))
    assert looked.told() == [("stuck", 3000, None)]
    looked.look(samples(FORCE, flat(3200, 3300)), told=states((3210, UNKNOWN)))
    assert looked.told() == [("stuck", 3000, 3210)]


def test_it_learns_only_while_the_machine_produces() -> None:
    looked = watched(stated=True)
    looked.look(samples(FORCE, [*flat(0, 2000), *noisy(2000, 3000)]), told=states((0, STAND), (2000, RUN)))
    (baseline,) = looked.baselines
    assert (baseline.start - baseline.end) / 1e9 == -600
    assert baseline.model["judges"] is True


def test_it_learns_from_a_declared_time_and_from_what_comes_where_that_is_over() -> None:
    looked = watched(healthy=Healthy(start=at(1000), end=at(2000)))
    looked.look(samples(FORCE, noisy(0, 2100)))
    (baseline,) = looked.baselines
    assert (baseline.rows, baseline.model["judges"]) == (1000, True)
    looked = watched(healthy=Healthy(start=at(-1000), end=at(-10)))
    looked.look(samples(FORCE, noisy(0, 700)))
    (baseline,) = looked.baselines
    assert baseline.rows == 601


def test_over_a_gap_nothing_is_flat_but_an_alert_goes_on() -> None:
    looked = watched()
    missed = gaps(FORCE, (1050, 1060))
    looked.look(samples(FORCE, [*noisy(0, 1000), *flat(1000, 1050), *flat(1060, 1170)]), missed=missed)
    assert looked.told() == []
    looked.look(samples(FORCE, [*flat(1170, 1200), (1200, None), *flat(1201, 1210)]), missed=missed)
    assert looked.told() == [("stuck", 1060, None)]


def test_it_says_for_how_long_and_what_is_usual() -> None:
    looked = watched()
    looked.look(samples(FORCE, [*noisy(0, 1000), *flat(1000, 1125)]))
    (alert,) = looked.alerts.values()
    assert message(alert, "en").startswith("Press force: has stood at 50 kN for 2 min, usually it moves within ")
    assert message(alert, "zh").startswith("压力：停在 50 kN 已 2 分钟，平时 ")  # noqa: RUF001 - Chinese
    (indicator,) = looked.indicators.values()
    assert (indicator.value, indicator.limit) == (124, 120)


STEPS = st.lists(
    st.tuples(st.sampled_from([1, 2, 20]), st.sampled_from([50.0, 50.1, 51.0, 53.0, None])), min_size=20, max_size=80
)
CHANGES = st.lists(st.tuples(st.integers(0, 900), st.sampled_from([RUN, RUN, STAND, UNKNOWN])), max_size=4)


@EXAMPLES
@given(
    STEPS,
    CHANGES,
    st.integers(1, 3),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 60)), max_size=2),
    st.lists(st.integers(0, 900), max_size=6),
)
def test_any_portions_find_the_same(
    steps: list[tuple[int, Any]],
    changes: list[tuple[int, Any]],
    count: int,
    stated: bool,  # noqa: FBT001 - drawn by Hypothesis
    missing: list[tuple[int, int]],
    cuts: list[int],
) -> None:
    lively = [(1, 50.0 + n % 3 * 1.5) for n in range(60)]
    values = rising([*lively, *steps])
    frame = samples(FORCE, values)
    end = values[-1][0] + 20
    told = states((0, RUN), *sorted(changes, key=lambda change: change[0]))
    missed = gaps(FORCE, *((start, start + length) for start, length in missing))
    keys: dict[str, Any] = {"learn": seconds(50), "after": seconds(5), "count": count, "off_delay": seconds(3)}
    once = watched(stated=stated, **keys)
    once.look(frame, end, told=told, missed=missed)
    same(once, watched(stated=stated, **keys).portions(frame, cuts, end, told=told, missed=missed))
