"""EWMA: the average of the last values has shifted.

    z      = (value - mean) / deviation of what was learned, in the mode; no further than `FAR`, or twice the limit of e
    e      = e + weight * (z - e)                                            0 when it begins
    alert  beyond limit * sd of e                                            above: `high`, below: `low`
    ends   at half of that, or nearer

The variance of e is `weight / (2 - weight)` times that of independent values, which is that of a mean of
`(2 - weight) / weight` of them; values that follow each other are seldom independent, so it is what was learned of
means of so many (`learning.Normal.means`), with the error of the learned mean itself. A single value far out does not
move the average beyond its limit.

What is carried of a signal, beside that of `stretches` and `crossings`: `ewma`, e.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.faults.columns import Floats, Ints
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen
from analytics.faults.crossings import Bounds, Crossings, parameters
from analytics.faults.learning import strays
from analytics.faults.stretches import Chart, Stretch, Watch, charts, needed, watch
from collector.faultrules.charts import Ewma
from collector.park import Park, Title

SLUG: Final = "ewma"
"""Name of the detector."""

FAR: Final = 4.0
"""A value counts as no further out than this, in standard deviations, where the limit lets it."""

TEXTS: Final = {
    "ewma.high": Title(
        en="{name_en}: average has risen to {value}{unit}, {moved}{unit} from the usual {usual}{unit}, since {since}",
        zh="{name_zh}：均值升至 {value}{unit}，较正常值 {usual}{unit} 偏移 {moved}{unit}，始于 {since}",
    ),
    "ewma.low": Title(
        en="{name_en}: average has fallen to {value}{unit}, {moved}{unit} from the usual {usual}{unit}, since {since}",
        zh="{name_zh}：均值降至 {value}{unit}，较正常值 {usual}{unit} 偏移 {moved}{unit}，始于 {since}",
    ),
}
"""What its alerts say."""

SIDES: Final[tuple[tuple[str, float], ...]] = (("high", 1.0), ("low", -1.0))
"""Its alarms, and the sign of what is beyond them."""

Rule: TypeAlias = Chart[Ewma]
"""What is watched on one signal."""

_BACK: Final = 0.5
_STEP_NS, _CELL_NS, _CALL_NS, _ROW_NS = 10_000.0, 8.0, 150_000.0, 5.0


def rules(park: Park) -> dict[str, Rule]:
    """Give every signal that asks for it."""
    asked = {path: one.faults.ewma for path, one in park.signals.items() if one.faults.ewma is not None}
    return charts(park, SLUG, asked, [key for key, _ in SIDES])


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    now = watch(watched, carried, seen)
    crossings = Crossings(watched, carried, now)
    if now.stretches:
        _look(now, watched, crossings)
    return crossings.found(seen)


def _look(now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    some = now.stretches
    bounds = np.array([one.begin for one in some], dtype=np.int64)
    length = np.diff(np.append(bounds, len(now.value)))
    settings = [watched[one.subject].settings for one in some]
    limits = [_limit(one.model, each) for one, each in zip(some, settings, strict=True)]
    z = _scaled(now.value, some, length, [max(FAR, 2 * limit) for limit in limits])
    begins = [0.0 if one.fresh else crossings.had(one.subject, "ewma", 0.0) for one in some]
    averages = average(z, bounds, length, begins, [one.weight for one in settings])
    highest = np.maximum.reduceat(averages, bounds).tolist()
    lowest = np.minimum.reduceat(averages, bounds).tolist()
    final = averages[bounds + length - 1].tolist()
    newest = now.ns[bounds + length - 1].tolist()
    for place, one in enumerate(some):
        limit, path = limits[place], one.subject
        if one.fresh:
            crossings.anew(path)
        if max(highest[place], -lowest[place]) > limit or crossings.restless(path):
            _cross(one, averages[one.begin : one.end], limit, now, watched[path], crossings)
        elif abs(final[place]) > limit * _BACK or crossings.had(path, "sides", None):
            for key, sign in SIDES:
                away = sign * averages[one.begin : one.end]
                crossings.pass_by(path, key, now.ns[one.begin : one.end], away, limit * _BACK)
        crossings.carry(path, ewma=final[place])
        crossings.indicate(path, SLUG, newest[place], abs(final[place]), limit)


def _scaled(value: Floats, some: Sequence[Stretch], length: Ints, far: Sequence[float]) -> Floats:
    """Give values in standard deviations from the mean; 0 where nothing was ever known to move."""
    mean = np.array([one.model["mean"] for one in some])
    deviation = np.array([one.model["deviation"] for one in some])
    z: Floats = value - np.repeat(mean, length)
    z *= np.repeat(np.divide(1.0, deviation, out=np.zeros(len(some)), where=deviation > 0), length)
    bound = np.repeat(np.array(far), length)
    np.clip(z, -bound, bound, out=z)
    return z


def _limit(model: Mapping[str, Any], settings: Ewma) -> float:
    """Give the limit of e, in standard deviations of the values."""
    deviation = model["deviation"]
    if not deviation > 0:
        return settings.limit
    moves = strays(model["means"], (2 - settings.weight) / settings.weight) / deviation
    return settings.limit * math.sqrt(moves * moves + model["inflation"] / model["rows"])


def average(z: Floats, bounds: Ints, length: Ints, begins: Sequence[float], weights: Sequence[float]) -> Floats:
    """Give the exponentially weighted average after every value, stretch by stretch.

    Args:
        z: values.
        bounds: first row of every stretch.
        length: rows of every stretch.
        begins: average before every stretch.
        weights: of the newest value, by stretch.
    """
    most, many = int(length.max()), len(length)
    if most * (_STEP_NS + many * _CELL_NS) < many * _CALL_NS + len(z) * _ROW_NS:
        return _abreast(z, bounds, length, np.array(begins), np.array(weights))
    out = np.empty_like(z)
    for begin, rows, before, weight in zip(bounds.tolist(), length.tolist(), begins, weights, strict=True):
        row = np.empty(rows + 1)
        row[0], row[1:] = before, z[begin : begin + rows]
        out[begin : begin + rows] = pl.Series(row).ewm_mean(alpha=weight, adjust=False).to_numpy()[1:]
    return out


def _abreast(z: Floats, bounds: Ints, length: Ints, average: Floats, weight: Floats) -> Floats:
    """Take the first value of every stretch, then the second, and so on."""
    if (length == length[0]).all():
        return _matrix(z.reshape(len(length), -1), average, weight)
    order = np.argsort(-length, kind="stable")
    bounds, length, average, weight = bounds[order], length[order], average[order], weight[order]
    out = np.empty_like(z)
    for step in range(int(length[0])):
        going = int(np.searchsorted(-length, -step))
        rows = bounds[:going] + step
        average = average[:going] + weight[:going] * (z[rows] - average[:going])
        out[rows] = average
    return out


def _matrix(z: NDArray[np.float64], average: Floats, weight: Floats) -> Floats:
    """Take values by stretch, all equally long."""
    steps = np.ascontiguousarray(z.T)
    for step in steps:
        np.subtract(step, average, out=step)
        np.multiply(step, weight, out=step)
        average = np.add(average, step, out=step)
    return np.ascontiguousarray(steps.T).reshape(-1)


def _cross(one: Stretch, averages: Floats, limit: float, now: Watch, chart: Rule, crossings: Crossings) -> None:
    """Turn what turns on either side."""
    ns, bounds = now.ns[one.begin : one.end], Bounds(limit, limit * _BACK, limit * _BACK)
    for key, sign in SIDES:
        crossings.cross(one.subject, key, ns, sign * averages, bounds, _said(one, averages, chart, key))


def _said(one: Stretch, averages: Floats, chart: Rule, key: str) -> Callable[[int, int], Said]:
    def said(row: int, since: int) -> Said:
        usual = one.model["mean"]
        value = usual + float(averages[row]) * one.model["deviation"]
        return Said(f"ewma.{key}", f"{value:.12g}", parameters(chart, value, usual, since))

    return said


EWMA: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Roberts 1959; Lucas, Saccucci 1990; limits of dependent values: Schmid 1997",
    title=Title(en="Average shifted", zh="均值偏移"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda chart, kept: lasting(chart.points, kept),
    signals=needed,
    parameters=Ewma,
    learns=True,
)
"""See the module."""
