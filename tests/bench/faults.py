"""Control charts over many series: 2,000 series of 5,000 samples through EWMA, CUSUM and robust z.

Ours are the detectors as the watch looks with them: frames of samples in order of arrival, all signals mixed, in
portions of `PORTION` samples a signal, with what is carried between; names of signals, sorting, learned limits, alerts
and indicators are part of it, learning is not: it is done before, and what it leaves is set aside from the collector of
garbage, as the role does (`analytics.alerting`). One series in a hundred shifts. Signals come in turn, as a poll
gives them; once more they come in any order.

pandas has the same numbers in the same order, all at once, its signals already categories; it sorts them by signal and
computes what it can of the same in one go: z by a lookup, `groupby().ewm(adjust=False).mean()`, Page's sums from
`groupby().cumsum()` and `cummin()`, |z| beyond the limit, and the first row of each signal that is beyond. It carries
nothing and tells nobody.

river takes one sample at a time, as it must: `stats.EWMean`, `drift.PageHinkley` of both sides, which adapts its mean,
and |z|; it is measured on a part, its values sorted by signal and its limits known before.

    value         samples per second of ours             any_order       of ours, signals in any order
    reference     of pandas                              ratio           value / reference; the target is 5
    per_sample    of river                               ratio_sample    value / per_sample; the target is 20
    cpu_s         seconds of processor time              agree           signals that ours and pandas find beyond
"""

import gc
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from types import MappingProxyType
from typing import Final

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray
from river import drift, stats

from adapters.sample import SAMPLES
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import Carried, Seen
from analytics.faults.cusum import FAR
from collector.faultrules.rules import SignalFaults
from collector.park import Equipment, Park, Signal, SignalRole
from tests.analytics.plant import Address, line, park

SERIES: Final = 2000
"""How many signals."""

SAMPLES_EACH: Final = 5000
"""How many samples of each are watched."""

PORTION: Final = 1000
"""How many samples of each a look has."""

LEARNED: Final = 1000
"""How many samples of each were learned from."""

SHIFTED: Final = 100
"""One series in so many shifts."""

PART: Final = 20
"""Of so many series the per-sample reference is measured."""

CHARTS: Final = ("ewma", "cusum", "robust_z")
"""Which detectors, by slug."""

SECOND: Final = 10**9
"""In ns."""

BEGIN: Final = 1_772_409_600 * SECOND
"""A Monday, ns since 1970."""

WEIGHT, EWMA_LIMIT, SLACK, CUSUM_LIMIT, Z_LIMIT = 0.1, 6 * (0.1 / 1.9) ** 0.5, 0.5, 20.0, 8.0


def plant() -> Park:
    """Give a park of machines with eight signals each."""
    learn = timedelta(seconds=LEARNED)
    faults = SignalFaults.model_validate(dict.fromkeys(CHARTS, MappingProxyType({"learn": learn})))

    def machine(number: int) -> Equipment:
        path = f"works/line/m{number}"
        signals = tuple(
            Signal(
                path=f"{path}/s{one}",
                name=f"s{one}",
                source="plc",
                address=Address(),
                type="float",
                role=SignalRole.MEASUREMENT,
                faults=faults,
            )
            for one in range(8)
        )
        return Equipment(path=path, id=f"m{number}", signals=signals)

    return park(line("works/line", *(machine(number) for number in range(SERIES // 8))))


def values() -> NDArray[np.float64]:
    """Give the values, a row per instant and a column per signal; the first `LEARNED` rows are learned from."""
    rows = LEARNED + 1 + SAMPLES_EACH
    value = np.random.default_rng(5).standard_normal((rows, SERIES))
    value[LEARNED + 1 + SAMPLES_EACH // 2 :, ::SHIFTED] += 2.0
    return 50.0 + 3.0 * value


def frame(paths: list[str], value: NDArray[np.float64], first: int) -> pl.DataFrame:
    """Give rows of values as samples in order of arrival; `first` is the number of their first row."""
    rows = len(value)
    ns = pl.Series(np.repeat(BEGIN + (first + np.arange(rows)) * SECOND, SERIES)).cast(SAMPLES["time"])
    given = pl.DataFrame({"time": ns, "float": value.reshape(-1), "received": ns})
    others = [pl.lit(None, kind).alias(name) for name, kind in SAMPLES.items() if name not in given.columns]
    told = given.with_columns(others).with_columns(signal=pl.Series(paths * rows), status=pl.lit(0, pl.UInt32))
    return told.select(SAMPLES.names())


def ours(value: NDArray[np.float64], *, in_turn: bool = True) -> tuple[float, float, set[str]]:
    """Give seconds, seconds of processor time, and the signals that had an alert."""
    order = np.random.default_rng(6)
    place = plant()
    paths = list(place.signals)
    detectors = [one for one in DETECTORS if one.slug in CHARTS]
    rules = {one.slug: one.rules(place) for one in detectors}
    carried: dict[str, dict[str, Carried]] = {one.slug: {} for one in detectors}
    before = frame(paths, value[: LEARNED + 1], 0)
    for one in detectors:
        carried[one.slug] |= one.look(rules[one.slug], {}, Seen(samples=before)).carried
    told: set[str] = set()
    took = cpu = 0.0
    gc.collect()
    gc.freeze()
    for first in range(LEARNED + 1, len(value), PORTION):
        samples = frame(paths, value[first : first + PORTION], first)
        if not in_turn:
            samples = samples[order.permuted(np.arange(len(samples)).reshape(-1, SERIES), axis=1).reshape(-1)]
        start, busy = time.perf_counter(), time.process_time()
        for one in detectors:
            found = one.look(rules[one.slug], carried[one.slug], Seen(samples=samples))
            carried[one.slug] |= found.carried
            told |= {alert.signal for alert in found.alerts}
        took, cpu = took + time.perf_counter() - start, cpu + time.process_time() - busy
    gc.unfreeze()
    return took, cpu, told


def by_pandas(value: NDArray[np.float64]) -> tuple[float, float, set[str]]:
    """Give seconds, seconds of processor time, and the signals that had a row beyond a limit."""
    learned, watched = value[: LEARNED + 1], value[LEARNED + 1 :]
    paths = list(plant().signals)
    table = pd.DataFrame(
        {
            "signal": pd.Categorical.from_codes(np.tile(np.arange(SERIES), len(watched)), categories=pd.Index(paths)),
            "value": watched.reshape(-1),
        }
    )
    mean, deviation = pd.Series(learned.mean(0), paths), pd.Series(learned.std(0), paths)
    median = pd.Series(np.median(learned, axis=0), paths)
    spread = pd.Series(1.4826 * np.median(np.abs(learned - median.to_numpy()), axis=0), paths)
    start, busy = time.perf_counter(), time.process_time()
    table = table.sort_values("signal", kind="stable", ignore_index=True)
    code = table["signal"].cat.codes.to_numpy()
    table["z"] = (table["value"] - mean.to_numpy()[code]) / deviation.to_numpy()[code]
    groups = table.groupby("signal", observed=True, sort=False)
    average = groups["z"].ewm(alpha=WEIGHT, adjust=False).mean().to_numpy()
    beyond = np.abs(average) > EWMA_LIMIT
    clipped = table["z"].clip(-FAR, FAR)
    for sign in (1, -1):
        table["c"] = sign * clipped - SLACK
        table["c"] = table.groupby("signal", observed=True, sort=False)["c"].cumsum()
        least = table.groupby("signal", observed=True, sort=False)["c"].cummin().clip(upper=0)
        beyond |= (table["c"] - least > CUSUM_LIMIT).to_numpy()
    robust = (table["value"].to_numpy() - median.to_numpy()[code]) / spread.to_numpy()[code]
    beyond |= np.abs(robust) > Z_LIMIT
    told = set(table[beyond].groupby("signal", observed=True).head(1)["signal"])
    return time.perf_counter() - start, time.process_time() - busy, told


def by_river(value: NDArray[np.float64]) -> float:
    """Give how many samples river takes per second."""
    learned, watched = value[: LEARNED + 1], value[LEARNED + 1 :]
    columns = range(0, SERIES, SERIES // PART)
    series = [watched[:, column].tolist() for column in columns]
    charts = [_river(*_learned(learned[:, column])) for column in columns]
    start = time.perf_counter()
    for chart, some in zip(charts, series, strict=True):
        for one in some:
            chart(one)
    return PART * SAMPLES_EACH / (time.perf_counter() - start)


def _learned(value: NDArray[np.float64]) -> tuple[float, float, float, float]:
    median = float(np.median(value))
    return float(value.mean()), float(value.std()), median, 1.4826 * float(np.median(np.abs(value - median)))


def _river(mean: float, deviation: float, median: float, spread: float) -> Callable[[float], bool]:
    """Give river's detectors for a signal."""
    average, page = stats.EWMean(WEIGHT), drift.PageHinkley(delta=SLACK, threshold=CUSUM_LIMIT, mode="both")

    def take(value: float) -> bool:
        z = (value - mean) / deviation
        average.update(z)
        page.update(z)  # type: ignore[no-untyped-call] # river types it not
        return abs(average.get()) > EWMA_LIMIT or page.drift_detected or abs(value - median) / spread > Z_LIMIT

    return take


def measure() -> dict[str, object]:
    """Give samples per second of ours, pandas and river."""
    value = values()
    number = SERIES * SAMPLES_EACH
    rounds = []
    for turn in range(3):
        rounds.append(ours(value))
        _say(f"ours, round {turn + 1}: {rounds[-1][0]:.2f} s, {rounds[-1][1]:.2f} s of CPU")
    took, cpu, told = min(rounds, key=lambda one: one[0])
    mixed, mixed_cpu, _ = ours(value, in_turn=False)
    _say(f"ours, in any order: {mixed:.2f} s, {mixed_cpu:.2f} s of CPU")
    pandas, pandas_cpu, found = min((by_pandas(value) for _ in range(3)), key=lambda one: one[0])
    _say(f"pandas: {pandas:.2f} s, {pandas_cpu:.2f} s of CPU")
    each = by_river(value)
    _say(f"river: {each:.0f} samples/s")
    return {
        "value": round(number / took),
        "reference": round(number / pandas),
        "ratio": round(pandas / took, 2),
        "unit": "samples/s",
        "any_order": round(number / mixed),
        "cpu_s": {"ours": round(cpu, 2), "any_order": round(mixed_cpu, 2), "pandas": round(pandas_cpu, 2)},
        "per_sample": round(each),
        "ratio_sample": round(number / took / each, 1),
        "agree": {"ours": len(told), "pandas": len(found), "both": len(told & found)},
    }


def _say(what: str) -> None:
    print(f"faults: {what}", file=sys.stderr, flush=True)
