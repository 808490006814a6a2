"""False alerts in long quiet series, with the catalogue's charts at their defaults, and what they do find.

Quiet are machine-weeks that are simulated: eight signals, sampled each 1 s to 10 s, first-order autoregressive with phi
from 0 to 0.97, one with heavy tails (Student's t, 3 degrees of freedom), one quantised to half of its standard
deviation, one with a daily cycle as great as its noise. They never leave their level: every alert
is false. Not among the detectors are those that learn for longer or watch something else than a level: `seasonal`,
`stuck`, `stale`, `trend`.

    value                  false alerts per machine-week, of every chart together; the target is below 1
    by_detector            the same by chart
    anomaly_free           alerts in the recording of a pump that was well (2.7 h, warming up): of charts that learn
                           from its first third (at their defaults, a day, nothing would be watched), of the others at
                           their defaults
    found                  of faults put into the last day: how many of the eight signals (of the one machine, where a
                           detector watches machines) told it, and the median of the seconds from the fault to the
                           alert, by fault and chart; `any` of the charts of signals

`QUIET_WEEKS` (default 4) says how many machine-weeks, `QUIET_DETECTORS` which charts, by slug.
"""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from adapters.sample import SAMPLES
from analytics.alerts import Alert
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import Carried, Seen
from collector.faultrules.rules import MachineFaults, SignalFaults
from collector.park import Equipment, Park, Signal, SignalRole
from tests.analytics.plant import Address, line, park

RECORDING: Final = Path(__file__).parents[3] / "shared" / "data" / "skab" / "anomaly_free.parquet"
"""The recording of a pump that was well."""

CHARTS: Final = ("ewma", "cusum", "robust_z", "change_point", "multivariate")
"""Which detectors, by slug; each is switched on with its defaults."""

WHOLE: Final = frozenset(MachineFaults.model_fields)
"""Detectors of a machine as a whole; the others are of its signals."""

MACHINE: Final = "works/line/machine"
"""The machine that is watched."""

SECOND: Final = 10**9
"""In ns."""

BEGIN: Final = 1_772_409_600 * SECOND
"""A Monday, ns since 1970."""

DAY: Final = 86_400
"""In seconds."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one simulated signal moves."""

    every: int
    """Seconds between samples."""

    phi: float
    """How much of a value is left in the next."""

    tails: bool = False
    """Whether its noise has heavy tails."""

    quantum: float = 0.0
    """To what it is rounded, in standard deviations; 0: not."""

    daily: float = 0.0
    """Amplitude of its daily cycle, in standard deviations of the rest."""


KINDS: Final = (
    Kind(1, 0.0),
    Kind(1, 0.5),
    Kind(2, 0.8),
    Kind(2, 0.97),
    Kind(5, 0.9),
    Kind(5, 0.3, tails=True),
    Kind(10, 0.6, quantum=0.5),
    Kind(10, 0.7, daily=1.0),
)
"""The eight signals."""

FAULTS: Final[Mapping[str, tuple[float, int]]] = {"shift_3": (3.0, 0), "shift_1": (1.0, 0), "spikes_15": (15.0, 3)}
"""What is put in: by how many standard deviations, and for how many samples; 0: it stays."""


def simulated(kind: Kind, days: float, seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Give instants, ns, and values with standard deviation 1 (without the daily cycle), around 50."""
    chance = np.random.default_rng(seed)
    rows = int(days * DAY / kind.every)
    noise = chance.standard_t(3, rows) / np.sqrt(3) if kind.tails else chance.standard_normal(rows)
    noise[1:] *= np.sqrt(1 - kind.phi**2)
    steps = noise / (1 - kind.phi)
    steps[0] = noise[0]  # it begins as it goes on
    wave = pl.select(pl.lit(pl.Series(steps)).ewm_mean(alpha=1 - kind.phi, adjust=False)).to_series()
    value = wave.to_numpy().copy() if kind.phi else noise
    seconds = np.arange(rows) * kind.every
    value += kind.daily * np.sin(2 * np.pi * seconds / DAY)
    if kind.quantum:
        value = np.round(value / kind.quantum) * kind.quantum
    return BEGIN + seconds * SECOND, 50 + value


def frame(path: str, ns: NDArray[np.int64], value: NDArray[np.float64]) -> pl.DataFrame:
    """Give samples of one signal, all Good."""
    time = pl.Series(ns).cast(SAMPLES["time"])
    given = pl.DataFrame({"time": time, "float": value, "received": time}, schema_overrides=SAMPLES, strict=False)
    others = {name: pl.lit(None, kind) for name, kind in SAMPLES.items() if name not in given.columns}
    said = {**others, "signal": pl.lit(path), "status": pl.lit(0, pl.UInt32)}
    return given.with_columns(**said).select(SAMPLES.names())


def watched(names: Sequence[str], slugs: Sequence[str], **settings: Any) -> Park:
    """Give a park of one machine with such signals, watched by the charts with their defaults but for `settings`."""
    faults = SignalFaults.model_validate({slug: settings for slug in slugs if slug not in WHOLE})
    whole = MachineFaults.model_validate({slug: settings for slug in slugs if slug in WHOLE})
    signals = [
        Signal(
            path=f"{MACHINE}/{name}",
            name=name,
            source="plc",
            address=Address(),
            type="float",
            role=SignalRole.MEASUREMENT,
            faults=faults,
        )
        for name in names
    ]
    return park(line("works/line", Equipment(path=MACHINE, id="machine", signals=tuple(signals), faults=whole)))


def alerts(
    place: Park, samples: pl.DataFrame, slugs: Sequence[str], cuts: Sequence[int]
) -> dict[tuple[str, str, str], tuple[Alert, int]]:
    """Give every alert of the charts, by slug, path and id, with when it was told, looking up to each of `cuts`, ns."""
    told: dict[tuple[str, str, str], tuple[Alert, int]] = {}
    time = samples["time"].dt.epoch("ns").to_numpy()
    edges = [0, *np.searchsorted(time, cuts).tolist(), len(samples)]
    for detector in (one for one in DETECTORS if one.slug in slugs):
        rules, carried = detector.rules(place), dict[str, Carried]()
        for begin, end in pairwise(edges):
            if begin == end:
                continue
            found = detector.look(rules, carried, Seen(samples=samples[begin:end]))
            carried |= found.carried
            for one in found.alerts:
                told.setdefault((detector.slug, one.signal, one.id), (one, int(time[end - 1])))
    return told


def machine(days: float, seed: int) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Give the series of one machine by path."""
    return {f"{MACHINE}/s{number}": simulated(kind, days, seed + number) for number, kind in enumerate(KINDS)}


def as_samples(series: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]]) -> pl.DataFrame:
    """Give series as samples in order of time."""
    return pl.concat([frame(path, *one) for path, one in series.items()]).sort("time", maintain_order=True)


def week(seed: int, slugs: Sequence[str]) -> list[tuple[str, str]]:
    """Give slug and signal of the false alerts of a machine in a week, after the day that it learns from."""
    series = machine(8, seed)
    place = watched([path.rpartition("/")[2] for path in series], slugs)
    cuts = [BEGIN + half * DAY // 2 * SECOND for half in range(1, 16)]
    return [(slug, path) for slug, path, _ in alerts(place, as_samples(series), slugs, cuts)]


def found(slugs: Sequence[str]) -> dict[str, dict[str, str]]:
    """Give by fault and chart how many signals told a fault that begins half a day after they were learned."""
    told: dict[str, dict[str, str]] = {}
    start = BEGIN + 3 * DAY // 2 * SECOND
    after = [*range(10, 600, 10), *range(600, 3600, 60), *range(3600, DAY // 2, 600)]
    for fault, (size, rows) in FAULTS.items():
        series = machine(2, 9000)
        for (ns, value), kind in zip(series.values(), KINDS, strict=True):
            at = int(np.searchsorted(ns, start))
            value[at : at + rows if rows else None] += size * (1 + kind.daily**2 / 2) ** 0.5
        place = watched([path.rpartition("/")[2] for path in series], slugs)
        cuts = [start, *(start + second * SECOND for second in after)]
        noticed: dict[str, dict[str, float]] = {slug: {} for slug in (*slugs, "any")}
        for (slug, path, _), (_, at) in alerts(place, as_samples(series), slugs, cuts).items():
            if at >= start:
                for name in (slug, "any") if slug not in WHOLE else (slug,):
                    seconds = (at - start) / SECOND
                    noticed[name][path] = min(seconds, noticed[name].get(path, seconds))
        told[fault] = {slug: _noticed(some, 1 if slug in WHOLE else len(series)) for slug, some in noticed.items()}
    return told


def _noticed(seconds: Mapping[str, float], of: int) -> str:
    return f"{len(seconds)}/{of}" + (f" after {median(seconds.values()):.0f} s" if seconds else "")


def recorded(slugs: Sequence[str]) -> dict[str, int] | str:
    """Give the alerts in the recording: of charts that learn from its first third, of the others at their defaults."""
    if not RECORDING.exists():
        return f"{RECORDING.name} is not there"
    table = pl.read_parquet(RECORDING)
    ns = table["datetime"].dt.epoch("ns").to_numpy()
    names = {column: f"s{number}" for number, column in enumerate(table.columns[1:])}
    series = {f"{MACHINE}/{name}": (ns, table[column].to_numpy()) for column, name in names.items()}
    charts = [slug for slug in slugs if slug not in WHOLE]
    third = watched(list(names.values()), charts, learn=timedelta(microseconds=int(ns[-1] - ns[0]) // 3000))
    told = Counter(slug for slug, _, _ in alerts(third, as_samples(series), charts, []))
    others = [slug for slug in slugs if slug in WHOLE]
    told += Counter(
        slug for slug, _, _ in alerts(watched(list(names.values()), others), as_samples(series), others, [])
    )
    return {slug: told[slug] for slug in slugs}


def measure() -> dict[str, object]:
    """Give the false alerts per machine-week, and what is found."""
    weeks = int(os.environ.get("QUIET_WEEKS", "4"))
    slugs = tuple(os.environ.get("QUIET_DETECTORS", " ".join(CHARTS)).split())
    false: list[tuple[str, str]] = []
    for number in range(weeks):
        false += week(1000 * number, slugs)
        _say(f"{number + 1} of {weeks} machine-weeks: {len(false)} false alerts {dict(Counter(false))}")
    by_detector = Counter(slug for slug, _ in false)
    value = len(false) / weeks
    return {
        "value": round(value, 3),
        "reference": 1,
        "ratio": round(1 / value, 2) if value else None,
        "unit": "false alerts per machine-week",
        "machine_weeks": weeks,
        "by_detector": {slug: by_detector[slug] for slug in slugs},
        "anomaly_free": recorded(slugs),
        "found": found(slugs),
    }


def _say(what: str) -> None:
    print(f"quiet: {what}", file=sys.stderr, flush=True)
