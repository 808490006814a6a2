"""The seasonal baseline: what is unusual for this hour of the week."""

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.faults.seasonal import SEASONAL
from analytics.sayings import message
from collector.faultrules.charts import Seasonal
from collector.faultrules.rules import SignalFaults
from tests.analytics.faults.looking import PRESS, RUN, STAND, Looked, ns, plant, same, seconds, signal, states
from tests.analytics.plant import EXAMPLES, samples

FORCE = f"{PRESS}/force"
STEP = 600
HOUR = 3600
DAY = 24 * HOUR
DAYS = 12


def chart(**settings: Any) -> Looked:
    faults = SignalFaults(seasonal=Seasonal(**{"learn": seconds(7 * DAY), **settings}))
    return Looked(SEASONAL, plant(signal(faults=faults)))


def series(days: int = DAYS, seed: int = 3) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Give a force that is 50 kN, and 80 kN from 8 to 16 h."""
    second = np.arange(0, days * DAY, STEP)
    noise = np.random.default_rng(seed).standard_normal(len(second))
    return 50 + 30.0 * ((second % DAY >= 8 * HOUR) & (second % DAY < 16 * HOUR)) + noise


def frame(values: Any) -> pl.DataFrame:
    return samples(FORCE, [(float(place * STEP), float(value)) for place, value in enumerate(values)])


def row(day: int, hour: int) -> int:
    return (day * DAY + hour * HOUR) // STEP


def test_the_shift_is_not_unusual() -> None:
    looked = chart()
    looked.look(frame(series()))
    assert not looked.alerts
    (baseline,) = looked.baselines
    assert (baseline.start, baseline.rows) == (ns(0), 7 * DAY // STEP)
    assert baseline.end == ns(7 * DAY - STEP)
    assert baseline.model["centre"][12] == pytest.approx(80, abs=1)
    assert baseline.model["centre"][20] == pytest.approx(50, abs=1)
    assert baseline.model["spread"][20] == pytest.approx(1, abs=0.8)


def test_the_same_value_at_another_hour_is() -> None:
    values = series()
    values[row(8, 20) : row(8, 21)] = 80
    looked = chart()
    looked.look(frame(values), until=DAYS * DAY)
    (alert,) = looked.alerts.values()
    assert looked.told() == [("high", 8 * DAY + 20 * HOUR, 8 * DAY + 21 * HOUR)]
    assert "unusually high for this hour of the week" in message(alert, "en")
    assert "{" not in message(alert, "en") + message(alert, "zh")


def test_too_low_is_told_too() -> None:
    values = series()
    values[row(9, 10) : row(9, 11)] = 50
    looked = chart()
    looked.look(frame(values), until=DAYS * DAY)
    assert looked.told() == [("low", 9 * DAY + 10 * HOUR, 9 * DAY + 11 * HOUR)]


def test_an_hour_of_the_week_never_seen_is_judged_by_its_hour_of_the_day() -> None:
    looked = chart(learn=seconds(7 * DAY))
    told = states((0, RUN), (2 * DAY, STAND), (3 * DAY, RUN))
    values = series()
    values[row(9, 20) : row(9, 21)] = 80
    looked.look(frame(values), told=told)
    assert looked.told() == [("high", 9 * DAY + 20 * HOUR, 9 * DAY + 21 * HOUR)]


def test_a_declared_time_is_learned_from() -> None:
    values = series(16)
    values[: row(2, 0)] += 500
    begin, end = "2026-03-04T00:00:00+00:00", "2026-03-11T00:00:00+00:00"
    looked = chart(healthy={"start": begin, "end": end})
    looked.look(frame(values))
    (baseline,) = looked.baselines
    assert (baseline.start, baseline.end) == (ns(2 * DAY), ns(9 * DAY - STEP))
    assert not looked.alerts


def test_learning_again_waits_for_the_machine_to_produce() -> None:
    values = series(30)
    values[row(10, 0) : row(12, 0)] = 0
    looked = chart()
    looked.look(frame(values[: row(10, 0)]), told=states((0, RUN), (10 * DAY, STAND)))
    looked.forget()
    looked.look(frame(values).slice(row(10, 0), row(2, 0)))
    looked.look(frame(values).slice(row(12, 0)), told=states((12 * DAY, RUN)))
    assert [one.start for one in looked.baselines] == [ns(0), ns(12 * DAY)]
    assert not looked.alerts


@EXAMPLES
@given(
    st.lists(st.integers(0, DAYS * DAY // HOUR - 1), max_size=20),
    st.lists(st.tuples(st.integers(0, DAYS * DAY // STEP), st.sampled_from([-40.0, 40.0])), max_size=3),
    st.integers(0, 1),
)
def test_portions_change_nothing(cuts: list[int], faults: list[tuple[int, float]], stops: int) -> None:
    values = series()
    for begin, size in faults:
        values[begin : begin + 9] += size
    told = states((0, RUN), (2 * DAY + 1, STAND), (3 * DAY, RUN)) if stops else None
    once, often = chart(), chart()
    once.portions(frame(values), [], DAYS * DAY, told=told)
    often.portions(frame(values), [cut * HOUR / 1.7 for cut in cuts], DAYS * DAY, told=told)
    same(once, often)
