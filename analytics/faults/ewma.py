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
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from analytics.faults.abreast import Abreast
from analytics.faults.columns import Floats
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
_SHORT: Final = 200


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


@dataclass(frozen=True, slots=True)
class _Terms:
    """Of one stretch; in standard deviations of the values."""

    mean: float
    """In the signal's unit."""

    each: float
    """How many standard deviations its unit is; 0 where nothing was ever known to move."""

    far: float
    """A value counts as no further out than this."""

    begin: float
    """The average before."""

    weight: float
    """Of the newest value."""

    limit: float
    """Of the average."""


def _terms(one: Stretch, chart: Rule, crossings: Crossings) -> _Terms:
    model, settings = one.model, chart.settings
    deviation, limit = model["deviation"], settings.limit
    if deviation > 0:
        moves = strays(model["means"], (2 - settings.weight) / settings.weight) / deviation
        limit *= math.sqrt(moves * moves + model["inflation"] / model["rows"])
    each = 1 / deviation if deviation > 0 else 0.0
    begin = 0.0 if one.fresh else crossings.had(one.subject, "ewma", 0.0)
    return _Terms(model["mean"], each, max(FAR, 2 * limit), begin, settings.weight, limit)


def _look(now: Watch, watched: Mapping[str, Rule], crossings: Crossings) -> None:
    some = now.stretches
    bounds = np.array([one.begin for one in some], dtype=np.int64)
    length = np.diff(np.append(bounds, len(now.value)))
    terms = [_terms(one, watched[one.subject], crossings) for one in some]
    series = Abreast.of(now.value, bounds, length)
    if series is None:
        values = [now.value[one.begin : one.end] for one in some]
        parts = [averages(each, value) for each, value in zip(terms, values, strict=True)]
        final = [float(part[-1]) for part in parts]
        furthest = [float(np.abs(part).max()) for part in parts]
    else:
        final, furthest = abreast(terms, series)
    newest = now.ns[bounds + length - 1].tolist()
    for place, one in enumerate(some):
        limit, path = terms[place].limit, one.subject
        if one.fresh:
            crossings.anew(path)
        far = furthest[place] > limit or crossings.restless(path)
        if far or abs(final[place]) > limit * _BACK or crossings.had(path, "sides", None):
            part = averages(terms[place], now.value[one.begin : one.end])
            _cross(one, part, limit, now, watched[path], crossings, closely=far)
        crossings.carry(path, ewma=final[place])
        crossings.indicate(path, SLUG, newest[place], abs(final[place]), limit)


def averages(terms: _Terms, value: Floats) -> Floats:
    """Give the exponentially weighted average after every value of one stretch."""
    z = np.clip((value - terms.mean) * terms.each, -terms.far, terms.far)
    if len(z) > _SHORT:
        row = pl.Series(np.concatenate(([terms.begin], z)))
        return row.ewm_mean(alpha=terms.weight, adjust=False).to_numpy()[1:]
    average, told = terms.begin, []
    for one in z.tolist():
        average += terms.weight * (one - average)
        told.append(average)
    return np.array(told)


def abreast(terms: Sequence[_Terms], series: Abreast) -> tuple[list[float], list[float]]:
    """Give the average after the last value of every stretch, and how far it ever was; the same as `averages`."""
    rows = np.array([(one.mean, one.each, one.far, one.begin, one.weight) for one in terms])[series.order]
    mean, each, far, average, weight = np.ascontiguousarray(rows.T)
    near, low, high = -far, average * 0, average * 0
    for _, z in series.steps():
        many = len(z)
        np.subtract(z, mean[:many], out=z)
        np.multiply(z, each[:many], out=z)
        np.minimum(z, far[:many], out=z)
        np.maximum(z, near[:many], out=z)
        np.subtract(z, average[:many], out=z)
        np.multiply(z, weight[:many], out=z)
        np.add(average[:many], z, out=average[:many])
        np.maximum(high[:many], average[:many], out=high[:many])
        np.minimum(low[:many], average[:many], out=low[:many])
    return series.back(average), series.back(np.maximum(high, -low))


def _cross(
    one: Stretch, part: Floats, limit: float, now: Watch, chart: Rule, crossings: Crossings, *, closely: bool
) -> None:
    """Turn what turns on either side."""
    ns, bounds = now.ns[one.begin : one.end], Bounds(limit, limit * _BACK, limit * _BACK)
    for key, sign in SIDES:
        if closely:
            crossings.cross(one.subject, key, ns, sign * part, bounds, _said(one, part, chart, key))
        else:
            crossings.pass_by(one.subject, key, ns, sign * part, bounds.onset)


def _said(one: Stretch, part: Floats, chart: Rule, key: str) -> Callable[[int, int], Said]:
    def said(row: int, since: int) -> Said:
        usual = one.model["mean"]
        value = usual + float(part[row]) * one.model["deviation"]
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
