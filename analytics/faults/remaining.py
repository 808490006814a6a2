"""Remaining time: the trend of a value, and when it meets its limit.

A trend is the median of the slopes between all points (Theil 1950; Sen 1968): up to 29 % of them may lie anywhere. Its
range is that of Sen, by Kendall's variance, widened for points that resemble those before them (Yue, Wang 2004). Where
a positive value rises, it is fitted on its logarithm, as damage grows in proportion to damage; otherwise it is fitted
on the value itself.
"""

import math
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

LIKELY: Final = 2.576
"""Of a normal distribution 99 % lies within so many standard deviations."""

LEVEL: Final = 3
"""The level is the median of so many newest points."""

PAUSE: Final = 3
"""So many times the usual way from point to point is a pause."""

Floats: TypeAlias = NDArray[np.float64]
"""Values."""

Ints: TypeAlias = NDArray[np.int64]
"""Instants, or numbers of steps."""


@dataclass(frozen=True, slots=True)
class Normal:
    """What is normal of a value, and the limit it is watched for; in its unit."""

    median: float
    """Normal."""

    spread: float
    """How far it strays, a standard deviation; more than 0."""

    limit: float
    """Its limit, not `median`; where it is below, the value falls towards it."""

    @property
    def rises(self) -> bool:
        """Whether the limit lies above what is normal."""
        return self.limit > self.median

    def gone(self, value: float) -> float:
        """Tell which part of the way to the limit a value has gone; 1 at the limit."""
        return (value - self.median) / (self.limit - self.median)

    def away(self, value: float) -> float:
        """Tell how many deviations a value is from normal, towards the limit."""
        return (value - self.median) / self.spread * (1 if self.rises else -1)


class Left(NamedTuple):
    """Time until the limit is reached; `inf` where the trend is not towards it."""

    likely: float
    """By the trend."""

    soon: float
    """By the steepest slope that is likely, of all or of the newer half."""

    late: float
    """By the flattest that is; inf: it may be that there is no trend."""


class Slope(NamedTuple):
    """A trend and its range, per unit of time."""

    low: float
    """The lowest that is likely."""

    middle: float
    """The median."""

    high: float
    """The highest that is likely."""


def level_of(value: Floats) -> float:
    """Give the level that values end with."""
    return float(np.median(value[-LEVEL:]))


def slope(time: Floats, value: Floats, likely: float = LIKELY) -> Slope:
    """Give the trend of values over time, and its range.

    Args:
        time: when, ascending; three or more.
        value: what, as many.
        likely: how many standard deviations wide the range is to either side.
    """
    earlier, later = np.triu_indices(len(time), 1)
    slopes = np.sort((value[later] - value[earlier]) / (time[later] - time[earlier]))
    middle = float(np.median(slopes))
    count = len(time)
    around = value - middle * time
    around -= np.median(around)
    power = float(around @ around)
    alike = max(0.0, float(around[1:] @ around[:-1]) / power) if power > 0 else 0.0
    variance = count * (count - 1) * (2 * count + 5) / 18 * (1 + alike) / max(1 - alike, 1 / count)
    reach = likely * math.sqrt(variance)
    low = max(0, math.floor((len(slopes) - reach) / 2))
    high = min(len(slopes) - 1, math.ceil((len(slopes) + reach) / 2))
    return Slope(float(slopes[low]), middle, float(slopes[high]))


def running(numbers: Ints) -> Ints:
    """Give the running time of steps, in steps: the way from each to the next, a pause counting as the usual way."""
    ways = np.diff(numbers)
    usual = int(np.median(ways)) if len(ways) else 1
    return np.concatenate(([0], np.cumsum(np.where(ways > PAUSE * usual, usual, ways))))


def remaining(normal: Normal, time: Floats, value: Floats) -> Left:
    """Give the time until the limit is reached, in the unit of `time`, from the level that `value` ends with.

    The soonest is also by the steepest slope that is likely of the newer half: the trend may have begun only lately.
    """
    level = level_of(value)
    target = normal.limit
    if normal.rises and normal.limit > 0 and level > 0 and float(value.min()) > 0:
        value, level, target = np.log(value), math.log(level), math.log(target)
    way = target - level
    whole, newer = slope(time, value), slope(time[len(time) // 2 :], value[len(time) // 2 :])
    steep = max(whole.high, newer.high) if normal.rises else min(whole.low, newer.low)
    flat = whole.low if normal.rises else whole.high

    def until(rate: float) -> float:
        towards = rate > 0 if normal.rises else rate < 0
        return max(0.0, way / rate) if towards else math.inf

    return Left(until(whole.middle), until(steep), until(flat))
