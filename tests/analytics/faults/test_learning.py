"""Learning: from what a declared time is learned, and that nothing is learned that is no number."""

import json
import math
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from analytics.faults.learning import FILLED, LEAST, Lessons, Rows, Terms, learn

SECOND: Final = 10**9
SPAN: Final = 12_800 * SECOND
"""Of the declared time: a bucket is 100 s."""


def rows(second: Any, value: Any, *, broken: bool = False) -> Rows:
    ns = np.asarray(second, dtype=np.int64) * SECOND
    return Rows(
        np.array([0, len(ns)]), ns, np.asarray(value, dtype=np.float64), np.full(len(ns), fill_value=broken, dtype=bool)
    )


def wandering(number: int) -> NDArray[np.float64]:
    """Values that follow each other, of standard deviation 2.3."""
    steps, value = np.random.default_rng(4).standard_normal(number), np.zeros(number)
    for place in range(1, number):
        value[place] = 0.9 * value[place - 1] + steps[place]
    return value


def taught(second: Any, value: Any, *, looks: int = 1, broken: bool = False) -> Lessons:
    """Learn from the time declared from 0 on, in so many looks."""
    kept: dict[str, Any] = {}
    for some in np.array_split(np.arange(len(second)), looks):
        told = learn(
            {"a": Terms(SPAN, 0)}, kept, rows(np.asarray(second)[some], np.asarray(value)[some], broken=broken)
        )
        kept = json.loads(json.dumps(told.kept, allow_nan=False))
        if told.learned:
            break
    return told


@pytest.mark.parametrize("looks", [1, 7, 200])
@pytest.mark.parametrize("filled", [FILLED - 1, FILLED])
def test_a_declared_time_counts_when_enough_of_it_is_filled(filled: int, looks: int) -> None:
    seconds = np.arange(12_800 - filled * 100, 30_000)
    told = taught(seconds, wandering(len(seconds)), looks=looks)
    model = told.learned["a"].model
    inside = told.learned["a"].end < SPAN
    assert inside == (filled == FILLED)
    assert model["rows"] == (filled * 100 if inside else 12_801)
    assert model["deviation"] == pytest.approx(2.3, rel=0.4)


def test_values_at_one_moment_of_a_declared_time_are_not_enough() -> None:
    seconds = np.append(np.arange(LEAST + 10), [12_900])
    told = taught(seconds, wandering(len(seconds)), broken=True)
    assert not told.learned
    assert told.kept["a"]["rows"] == 1


def test_values_beyond_all_measure_spoil_nothing() -> None:
    seconds, value = np.arange(13_000), wandering(13_000)
    value[[0, 5000, 5001]] = 1.7976931348623157e308, -1.7976931348623157e308, -1e39
    model = taught(seconds, value, looks=9).learned["a"].model
    assert all(math.isfinite(one) for one in model.values() if isinstance(one, float))
    assert abs(model["mean"]) < 1
    assert model["deviation"] == pytest.approx(2.3, rel=0.2)
