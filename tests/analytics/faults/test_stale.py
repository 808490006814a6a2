"""Signals of which nothing comes."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.stale import STALE
from analytics.sayings import message
from collector.faultrules.rules import SignalFaults
from collector.faultrules.values import Stale
from tests.analytics.faults.looking import (
    PRESS,
    RUN,
    STAND,
    UNKNOWN,
    Looked,
    astray,
    gaps,
    plant,
    rising,
    same,
    seconds,
    signal,
    stateless,
    states,
)
from tests.analytics.plant import EXAMPLES, samples

FORCE = f"{PRESS}/force"
LEARN = timedelta(minutes=10)


def watched(*, stated: bool = False, **keys: Any) -> Looked:
    one = signal(faults=SignalFaults(stale=Stale(**{"learn": LEARN, **keys})))
    return Looked(STALE, plant(one) if stated else stateless(one))


def every(step: int, start: int, stop: int) -> list[tuple[float, Any]]:
    return [(second, 1.0) for second in range(start, stop, step)]


def irregular(stop: int) -> list[tuple[float, Any]]:
    """Give a value that comes when it changes: after 1 to 60 s."""
    steps, second, found = [1, 60, 3, 11, 2, 40, 1, 5, 23], 0, []
    while second < stop:
        found.append((float(second), 1.0))
        second += steps[len(found) % len(steps)]
    return found


def test_silence_begins_an_alert_by_time_alone() -> None:
    looked = watched(after=seconds(30))
    looked.look(samples(FORCE, every(1, 0, 11)), until=40)
    assert looked.told() == []
    looked.look(until=41)
    assert looked.told() == [("stale", 10, None)]
    looked.look(samples(FORCE, [(60, 1.0)]), until=61)
    assert looked.told() == [("stale", 10, 60)]


def test_a_signal_that_has_never_come_is_told_where_it_is_said_how_long_it_may_be_silent() -> None:
    looked = watched(after=seconds(30))
    looked.look(until=100)
    looked.look(until=130)
    assert looked.told() == []
    looked.look(until=131)
    assert looked.told() == [("stale", 100, None)]
    looked.look(samples(FORCE, [(200, 1.0)]))
    assert looked.told() == [("stale", 100, 200)]
    looked = watched()
    looked.look(until=0)
    looked.look(until=10**6)
    assert (looked.told(), looked.carried) == ([], {})


def test_silence_between_samples_is_found_later_too() -> None:
    looked = watched(after=seconds(30))
    looked.look(samples(FORCE, [(0, 1.0), (31, 1.0), (61, 1.0)]))
    assert looked.told() == [("stale", 0, 31)]


def test_what_says_nothing_came_all_the_same() -> None:
    looked = watched(after=seconds(30))
    looked.look(samples(FORCE, [(0, 1.0), (20, None)]))
    looked.look(astray(FORCE, [(40, 900.0)]), until=60)
    assert looked.told() == []


def test_a_source_that_is_down_is_not_its_business() -> None:
    looked = watched(after=seconds(30))
    looked.look(samples(FORCE, every(1, 0, 11)), until=20)
    looked.look(missed=gaps(FORCE, (20, None)), until=500)
    looked.look(samples(FORCE, [(510, 1.0)]), missed=gaps(FORCE, (20, 500)), until=511)
    assert looked.told() == []
    looked.look(missed=gaps(FORCE, (520, 600)), until=631)
    assert looked.told() == [("stale", 600, None)]


def test_silence_before_a_gap_counts() -> None:
    looked = watched(after=seconds(30))
    looked.look(samples(FORCE, [(0, 1.0), (100, 1.0)]), missed=gaps(FORCE, (50, 90)))
    assert looked.told() == [("stale", 0, 100)]


def test_a_regular_signal_teaches_how_long_it_may_be_silent() -> None:
    looked = watched()
    looked.look(samples(FORCE, every(20, 0, 700)), until=780)
    (baseline,) = looked.baselines
    assert baseline.model == {"usual": 20 * 10**9, "largest": 20 * 10**9, "after": 100 * 10**9, "judges": True}
    assert looked.told() == []
    looked.look(until=781)
    assert looked.told() == [("stale", 680, None)]


def test_a_minute_of_silence_is_the_least() -> None:
    looked = watched()
    looked.look(samples(FORCE, every(1, 0, 700)), until=759)
    assert looked.told() == []
    looked.look(until=760)
    assert looked.told() == [("stale", 699, None)]


def test_a_signal_that_comes_when_it_changes_needs_a_machine_that_produces() -> None:
    looked = watched()
    looked.look(samples(FORCE, irregular(900)), until=100_000)
    assert looked.told() == []
    assert looked.baselines[0].model["judges"] is False
    looked = watched(stated=True)
    looked.look(samples(FORCE, irregular(900)), told=states((0, RUN)), until=1400)
    assert looked.told() == []
    looked.look(until=1600)
    assert [key for key, _, _ in looked.told()] == ["stale"]


def test_while_the_machine_stands_nothing_needs_to_come() -> None:
    looked = watched(stated=True)
    looked.look(samples(FORCE, every(1, 0, 700)), told=states((0, RUN), (720, STAND)), until=5000)
    assert looked.told() == []
    looked.look(told=states((5000, RUN)), until=5060)
    assert looked.told() == []
    looked.look(until=5061)
    assert looked.told() == [("stale", 5000, None)]
    looked.look(told=states((5100, UNKNOWN)), until=5100)
    assert looked.told() == [("stale", 5000, 5100)]


def test_intervals_over_gaps_teach_nothing() -> None:
    looked = watched()
    looked.look(samples(FORCE, [*every(1, 0, 300), *every(1, 500, 820)]), missed=gaps(FORCE, (300, 490)))
    assert looked.baselines[0].model["largest"] == 10**9


def test_it_says_what_is_usual() -> None:
    looked = watched()
    looked.look(samples(FORCE, every(20, 0, 700)), until=800)
    (alert,) = looked.alerts.values()
    told = "Press force: no value for more than 100 s, though the link is up; usually one comes every 20 s"
    assert message(alert, "en") == told
    assert message(alert, "zh") == "压力：超过 100 秒没有数据，但连接正常；平时每 20 秒有一个值"  # noqa: RUF001 - Chinese
    (indicator,) = looked.indicators.values()
    assert (indicator.value, indicator.limit) == (120, 100)


STEPS = st.lists(st.tuples(st.sampled_from([0, 1, 2, 6, 70, 300]), st.sampled_from([1.0, None])), min_size=40)
CHANGES = st.lists(st.tuples(st.integers(0, 900), st.sampled_from([RUN, RUN, STAND, UNKNOWN])), max_size=4)


@EXAMPLES
@given(
    STEPS,
    CHANGES,
    st.sampled_from([None, seconds(5)]),
    st.booleans(),
    st.integers(0, 90).map(seconds),
    st.lists(st.tuples(st.integers(0, 900), st.one_of(st.none(), st.integers(1, 60))), max_size=2),
    st.lists(st.integers(0, 1500), max_size=6),
)
def test_any_portions_find_the_same(
    steps: list[tuple[int, Any]],
    changes: list[tuple[int, Any]],
    after: timedelta | None,
    stated: bool,  # noqa: FBT001 - drawn by Hypothesis
    delay: timedelta,
    missing: list[tuple[int, int | None]],
    cuts: list[int],
) -> None:
    frame = samples(FORCE, rising(steps))
    end = rising(steps)[-1][0] + 200
    told = states((0, RUN), *sorted(changes, key=lambda change: change[0]))
    missed = gaps(FORCE, *((start, None if length is None else start + length) for start, length in missing))
    keys: dict[str, Any] = {"learn": seconds(20), "after": after, "on_delay": delay, "off_delay": delay}
    once, portions = watched(stated=stated, **keys), watched(stated=stated, **keys)
    for looked in (once, portions):
        looked.look(until=-1)
    once.look(frame, end, told=told, missed=missed)
    same(once, portions.portions(frame, cuts, end, told=told, missed=missed))


@EXAMPLES
@given(st.lists(st.integers(1, 60), min_size=1, max_size=40))
def test_configured_silences_are_those_longer_than_it(steps: list[int]) -> None:
    times = [0.0]
    for step in steps:
        times.append(times[-1] + step)
    looked = watched(after=seconds(30))
    looked.look(samples(FORCE, [(time, 1.0) for time in times]))
    assert looked.told() == [("stale", start, end) for start, end in pairwise(times) if end - start > 30]
