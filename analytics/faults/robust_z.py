"""Robust z: values far out, of which one disturbs neither the median nor the spread that they are measured by.

    z      = (value - median) / (1.4826 * median absolute deviation)     of what was learned, in the mode
    alert  `count` values in a row beyond `limit`                        above: `high`, below: `low`
    ends   with a value at half of the limit, or nearer

Where values have been far out while it learned, they are normal: the limit is never nearer than one and a half times as
far as the third value of those that were furthest out. Where half of the values are one and the same, the standard
deviation stands for the robust one.

What is carried of a signal is that of `stretches` and `crossings`.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np

from analytics.faults.columns import Floats
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen
from analytics.faults.crossings import Bounds, Crossings, parameters
from analytics.faults.stretches import Chart, Stretch, Watch, charts, derive, forget, needed, watch
from collector.faultrules.charts import RobustZ
from collector.park import Park, Title

SLUG: Final = "robust_z"
"""Name of the detector."""

TEXTS: Final = {
    "robust_z.high": Title(
        en="{name_en}: {value}{unit} is far above the usual {usual}{unit} ({moved}{unit}, {z} times its scatter), "
        "since {since}",
        zh="{name_zh}：{value}{unit}，远高于正常值 {usual}{unit}（{moved}{unit}，为正常波动的 {z} 倍），始于 {since}",
    ),
    "robust_z.low": Title(
        en="{name_en}: {value}{unit} is far below the usual {usual}{unit} ({moved}{unit}, {z} times its scatter), "
        "since {since}",
        zh="{name_zh}：{value}{unit}，远低于正常值 {usual}{unit}（{moved}{unit}，为正常波动的 {z} 倍），始于 {since}",
    ),
}
"""What its alerts say."""

Rule: TypeAlias = Chart[RobustZ]
"""What is watched on one signal."""

_BACK: Final = 0.5
_SEEN: Final = 1.5


def rules(park: Park) -> dict[str, Rule]:
    """Give every signal that asks for it."""
    asked = {path: one.faults.robust_z for path, one in park.signals.items() if one.faults.robust_z is not None}
    return charts(park, SLUG, asked, ("high", "low"))


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    now = watch(watched, carried, seen)
    crossings = Crossings(watched, carried, now)
    if now.stretches:
        _look(now, watched, crossings)
    return crossings.found(seen)


class _Terms(NamedTuple):
    """Of one stretch."""

    median: float
    """In the signal's unit."""

    deviation: float
    """In the signal's unit; 0 where nothing was ever known to move."""

    above: float
    """Limit of values above the median, in deviations."""

    below: float
    """Limit of values below it."""


def _terms(model: Mapping[str, Any], settings: RobustZ) -> _Terms:
    median, deviation = model["median"], model["spread"] or model["deviation"]
    if not deviation > 0:
        return _Terms(median, 0.0, 0.0, 0.0)
    above = max(settings.limit, _SEEN * (model["high"] - median) / deviation)
    return _Terms(median, deviation, above, max(settings.limit, _SEEN * (median - model["low"]) / deviation))


def _look(now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    """Look closely at stretches that have been beyond a limit, or were before."""
    some, bounds = now.stretches, now.bounds
    terms, numbers = derive(watched, some, _terms)
    median, deviation, above, below = numbers.T
    highest, lowest = _extremes(now)
    far = highest - median > above * deviation
    far |= median - lowest > below * deviation
    known = deviation > 0
    for place in np.flatnonzero(known & (far | crossings.stirred())).tolist():
        one = some[place]
        if one.fresh:
            crossings.anew(one.subject)
        if far[place] or crossings.restless(one.subject):
            _cross(one, terms[place], now, watched[one.subject], crossings)
    z = np.divide(now.value[bounds[1:] - 1] - median, deviation, out=np.zeros(len(some)), where=known)
    crossings.indicate_all(SLUG, np.abs(z), np.where(z > 0, above, below))


def _extremes(now: Watch) -> tuple[Floats, Floats]:
    """Give the highest and the lowest value of every stretch."""
    if now.table is not None:
        return now.table.max(0), now.table.min(0)
    begins = now.bounds[:-1]
    return np.maximum.reduceat(now.value, begins), np.minimum.reduceat(now.value, begins)


def _cross(one: Stretch, terms: _Terms, now: Watch, chart: Rule, crossings: Crossings) -> None:
    """Turn what turns on either side."""
    ns, z = now.ns[one.begin : one.end], (now.value[one.begin : one.end] - terms.median) / terms.deviation
    for key, score, limit in (("high", z, terms.above), ("low", -z, terms.below)):
        bounds = Bounds(limit, limit * _BACK, limit)
        crossings.cross(one.subject, key, ns, score, bounds, _said(one, z, now, chart, key))


def _said(one: Stretch, z: Floats, now: Watch, chart: Rule, key: str) -> Callable[[int, int], Said]:
    def said(row: int, since: int) -> Said:
        value = float(now.value[one.begin + row])
        told = {**parameters(chart, value, one.model["median"], since), "z": f"{abs(z[row]):.3g}"}
        return Said(f"robust_z.{key}", f"{value:.12g}", told)

    return said


ROBUST_Z: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Iglewicz, Hoaglin 1993, How to Detect and Handle Outliers",
    title=Title(en="Value far out", zh="离群值"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda chart, kept: lasting(chart.points, kept),
    signals=needed,
    parameters=RobustZ,
    learns=True,
    forget=forget,
)
"""See the module."""
