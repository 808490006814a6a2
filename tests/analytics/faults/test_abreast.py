"""Many series at once: step by step as series by series, to the bit."""

from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl
import pytest

from analytics.faults.abreast import Abreast
from analytics.faults.cusum import CUSUM
from analytics.faults.ewma import EWMA
from collector.faultrules.charts import Cusum, Ewma
from collector.faultrules.rules import SignalFaults
from tests.analytics.faults.looking import PRESS, Looked, plant, same, seconds, signal
from tests.analytics.plant import samples

SERIES = 40
END = 500
LEARN = seconds(100)


def chart(detector: Any, faults: SignalFaults) -> Looked:
    return Looked(detector, plant(*(signal(f"s{number}", faults=faults) for number in range(SERIES))))


def series(*, ragged: bool) -> list[pl.DataFrame]:
    """Give a series of each signal; each third shifts, and ragged ones stop early."""
    chance = np.random.default_rng(11)
    some = []
    for number in range(SERIES):
        value = 50 + chance.standard_normal(END - (3 * number if ragged else 0))
        value[300:] += 3 * (number % 3 == 0)
        some.append(samples(f"{PRESS}/s{number}", [(float(at), float(one)) for at, one in enumerate(value)]))
    return some


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(
    ("detector", "faults"),
    [(EWMA, SignalFaults(ewma=Ewma(learn=LEARN))), (CUSUM, SignalFaults(cusum=Cusum(learn=LEARN)))],
    ids=["ewma", "cusum"],
)
def test_together_as_alone(detector: Any, faults: SignalFaults, *, ragged: bool) -> None:
    some = series(ragged=ragged)
    together, alone = chart(detector, faults), chart(detector, faults)
    together.portions(pl.concat(some).sort("time", maintain_order=True), [150.0, 151.0, 152.0, 320.0], END)
    for one in some:
        alone.look(one)
    alone.look(until=END)
    assert len(together.alerts) == 14
    assert together.alerts == alone.alerts
    assert together.carried == alone.carried
    same(together, together)


def test_few_or_unlike_series_are_not_put_abreast() -> None:
    value = np.zeros(1000)
    assert Abreast.of(value, np.array([0, 1000])) is None
    assert Abreast.of(value, np.array([*range(100), 1000])) is None
    assert Abreast.of(value, np.arange(101) * 10) is not None


@pytest.mark.parametrize("length", [[5] * 60, [3] * 20 + [5] * 30 + [1] * 10 + [4] * 20])
def test_blocks_are_the_series_step_by_step(length: list[int]) -> None:
    bounds = np.append(0, np.cumsum(length))
    value = np.random.default_rng(3).standard_normal(bounds[-1])
    series = Abreast.of(value, bounds)
    assert series is not None
    assert Abreast.of(value, bounds.copy()) is series
    seen: list[list[float]] = [[] for _ in length]
    for first, block in series.blocks():
        for step, row in enumerate(block, first):
            for place, one in enumerate(row.tolist()):
                assert len(seen[series.order[place]]) == step
                seen[series.order[place]].append(one)
    assert seen == [value[begin:end].tolist() for begin, end in pairwise(bounds)]
    assert series.back(series.length.astype(float)).tolist() == length
    assert series.places()[series.order].tolist() == list(range(len(length)))
