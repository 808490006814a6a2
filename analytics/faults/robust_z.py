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
from typing import Any, Final, TypeAlias

import numpy as np

from analytics.faults.columns import Floats
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen
from analytics.faults.crossings import Bounds, Crossings, parameters
from analytics.faults.stretches import Chart, Stretch, Watch, charts, needed, watch
from collector.faultrules.charts import RobustZ
from collector.park import Park, Title

SLUG: Final = "robust_z"
"""Name of the detector."""

TEXTS: Final = {
    "robust_z.high": Title(
        en="{name_en}: {value}{unit} is far above the usual {usual}{unit} ({moved}{unit}, {z} robust deviations), "
        "since {since}",
        zh="{name_zh}：{value}{unit}，远高于正常值 {usual}{unit}（{moved}{unit}，{z} 倍稳健标准差），始于 {since}",
    ),
    "robust_z.low": Title(
        en="{name_en}: {value}{unit} is far below the usual {usual}{unit} ({moved}{unit}, {z} robust deviations), "
        "since {since}",
        zh="{name_zh}：{value}{unit}，远低于正常值 {usual}{unit}（{moved}{unit}，{z} 倍稳健标准差），始于 {since}",
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
        begins = [one.begin for one in now.stretches]
        highest = np.maximum.reduceat(now.value, begins).tolist()
        lowest = np.minimum.reduceat(now.value, begins).tolist()
        newest = now.value[np.array([one.end - 1 for one in now.stretches])].tolist()
        for one, high, low, last in zip(now.stretches, highest, lowest, newest, strict=True):
            _stretch(one, high, low, last, now, watched[one.subject], crossings)
    return crossings.found(seen)


def _stretch(one: Stretch, high: float, low: float, last: float, now: Watch, chart: Rule, crossings: Crossings) -> None:
    """Look at one stretch closely where it has been beyond a limit, or was before."""
    path, model = one.subject, one.model
    deviation = model["spread"] or model["deviation"]
    if not deviation > 0:
        return
    median = model["median"]
    above = max(chart.settings.limit, _SEEN * (model["high"] - median) / deviation)
    below = max(chart.settings.limit, _SEEN * (median - model["low"]) / deviation)
    z = (last - median) / deviation
    crossings.indicate(path, SLUG, int(now.ns[one.end - 1]), abs(z), above if z > 0 else below)
    if one.fresh:
        crossings.anew(path)
    if high - median <= above * deviation and median - low <= below * deviation and not crossings.restless(path):
        return
    ns, scores = now.ns[one.begin : one.end], (now.value[one.begin : one.end] - median) / deviation
    for key, score, limit in (("high", scores, above), ("low", -scores, below)):
        crossings.cross(path, key, ns, score, Bounds(limit, limit * _BACK, limit), _said(one, scores, now, chart, key))


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
)
"""See the module."""
