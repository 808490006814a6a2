"""Rate of change: a value that rises or falls by too much within `per`.

    change = value now - value `per` ago          in the signal's unit

- Between two samples a value went straight, so samples further apart than `per` tell a part of their step. But a signal
  that is sent only when it changes stood still while it was silent: where a sample comes after more than three times
  the usual interval, the median of the last nine, the step is taken to lie in the last usual interval.
- Before values have come for `per`, the change since the first of them is judged.
- Over a gap, a Bad sample, one outside the valid range, or a counter that jumps back, no change is one: it begins anew.
  A reconnect is not a jump. An alert that lasts goes on until the change is known again.
- The comparator turns off when the change is 90 % of its limit or less. One wild value goes up and comes down; with
  `count: 2` it says nothing.

What is carried of a signal: `last` and `cut`, as `unbroken` tells; `rules`, as `comparator` tells; and

    points      [ns, value] of the last `per`, two at most in a sixtieth of it; the first may be older
    newest      [ns, value] of the newest number
    intervals   the last nine intervals, ns
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from analytics.faults.comparator import Comparators, Point, Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen, names, nanoseconds
from analytics.faults.durations import in_words
from analytics.faults.limits import shown_unit
from analytics.faults.unbroken import unbroken
from collector.faultrules.values import Rate
from collector.park import Park, Signal, SignalRole, Title

SLUG: Final = "rate"
"""Name of the detector."""

TEXTS: Final = {
    "rate.rise": Title(
        en="{name_en}: rose by {change}{unit} to {value}{unit} within {per_en}, {limit}{unit} is the most allowed",
        zh="{name_zh}：{per_zh}内上升 {change}{unit}，至 {value}{unit}，超过允许的 {limit}{unit}",
    ),
    "rate.fall": Title(
        en="{name_en}: fell by {change}{unit} to {value}{unit} within {per_en}, {limit}{unit} is the most allowed",
        zh="{name_zh}：{per_zh}内下降 {change}{unit}，至 {value}{unit}，超过允许的 {limit}{unit}",
    ),
}
"""What its alerts say."""

_COUNTING: Final = frozenset(
    {
        SignalRole.GOOD_COUNT,
        SignalRole.REJECT_COUNT,
        SignalRole.TOTAL_COUNT,
        SignalRole.REWORK_COUNT,
        SignalRole.ENERGY,
        SignalRole.METER,
    }
)
"""Roles of counters: what jumps back was reset, or rolled over."""

_POINTS: Final = 60
_INTERVALS: Final = 9
_SILENT: Final = 3
_BACK: Final = 0.9


@dataclass(frozen=True, slots=True)
class Watched:
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    per: int
    """The time over which its change is measured, ns."""

    sides: Mapping[str, tuple[float, Point]]
    """By key, `rise` or `fall`: the most allowed in that time, and the alarm."""

    @property
    def points(self) -> dict[str, Point]:
        """The alarms, by key."""
        return {key: point for key, (_, point) in self.sides.items()}


def rules(park: Park) -> dict[str, Watched]:
    """Give the signals that ask for it."""
    return {
        path: _watched(signal, asked)
        for path, signal in park.signals.items()
        if (asked := signal.faults.rate) is not None
    }


def _watched(signal: Signal, asked: Rate) -> Watched:
    sides = {
        key: (most, Point.of(asked, equipment=signal.equipment, subject=signal.path, detector=SLUG, key=key))
        for key, most in (("rise", asked.rise), ("fall", asked.fall))
        if most is not None
    }
    return Watched(signal, nanoseconds(asked.per), sides)


def look(watched: Mapping[str, Watched], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    series = unbroken(seen, watched, carried)
    comparators = Comparators({path: one.points for path, one in watched.items()}, carried)
    histories: dict[str, _History] = {}
    for path, rows in series.of_signals():
        history = histories[path] = _History(watched[path], carried.get(path, {}))
        for ns, value, cut in rows:
            change = history.take(ns, value, cut=cut)
            if change is not None:
                _judge(comparators, watched[path], ns, value, change)
    for path, ns in seen.until.items():
        if path in watched:
            comparators.pass_time(path, ns)
    changed = {
        path: {
            **carried.get(path, _FRESH),
            **(histories[path].carried if path in histories else {}),
            **series.heads.get(path, {}),
            "rules": comparators.changed.get(path, carried.get(path, _FRESH)["rules"]),
        }
        for path in series.heads.keys() | comparators.changed.keys()
    }
    return Found(comparators.alerts, changed, series.late)


_FRESH: Final[Carried] = {"last": 0, "cut": False, "rules": {}, "points": [], "newest": None, "intervals": []}


class _History:
    """The last values of one signal."""

    def __init__(self, watched: Watched, kept: Carried) -> None:
        self._per = watched.per
        self._counts = watched.signal.role in _COUNTING
        self._points: list[list[Any]] = list(kept.get("points", ()))
        self._newest: list[Any] | None = kept.get("newest")
        self._intervals: list[int] = list(kept.get("intervals", ()))

    @property
    def carried(self) -> dict[str, Any]:
        """What is carried of it."""
        return {"points": self._points, "newest": self._newest, "intervals": self._intervals}

    def take(self, ns: int, value: float, *, cut: bool) -> float | None:
        """Take a value in; give the change over `per`, None where it is not known."""
        before, self._newest = self._newest, [ns, value]
        if before is None or cut or (self._counts and value < before[1]):
            self._points = [[ns, value]]
            return None
        self._add(before, ns)
        while len(self._points) > 1 and self._points[1][0] <= ns - self._per:
            self._points.pop(0)
        return value - self._at(ns - self._per)

    def _add(self, before: list[Any], ns: int) -> None:
        """Add to the points what was newest until now, and where it still was before it changed."""
        step = ns - before[0]
        usual = median(self._intervals) if len(self._intervals) == _INTERVALS else step
        newest, apart, still = self._points[-1][0], self._per // _POINTS, ns - usual
        silent = step > _SILENT * usual and still - newest >= apart
        if before[0] - newest >= apart or (silent and before[0] > newest):
            self._points.append(before)
        if silent:
            self._points.append([still, before[1]])
        self._intervals = [*self._intervals[1 - _INTERVALS :], step]

    def _at(self, ns: int) -> float:
        """Give the value at an instant; of one before all points, the first."""
        begin = self._points[0]
        if begin[0] >= ns:
            return float(begin[1])
        end = self._points[1] if len(self._points) > 1 else self._newest
        if end is None or end[0] == begin[0]:
            return float(begin[1])
        return float(begin[1] + (end[1] - begin[1]) * ((ns - begin[0]) / (end[0] - begin[0])))


def _judge(comparators: Comparators, watched: Watched, ns: int, value: float, change: float) -> None:
    for key, (most, _) in watched.sides.items():
        moved = change if key == "rise" else -change
        if moved > most:
            comparators.say(watched.signal.path, key, ns, on=True, said=_said(watched, key, value, moved))
        elif not comparators.rests(watched.signal.path, key):
            comparators.say(watched.signal.path, key, ns, on=False if moved <= _BACK * most else None)


def _said(watched: Watched, key: str, value: float, moved: float) -> Said:
    told = {
        "value": f"{value:.6g}",
        "change": f"{moved:.4g}",
        "limit": f"{watched.sides[key][0]:.6g}",
        "unit": shown_unit(watched.signal),
        **in_words("per", watched.per / 1e9),
    }
    return Said(f"{SLUG}.{key}", f"{value:.12g}", {**names(watched.signal), **told})


RATE: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="IEC 62682 (ISA-18.2), rate-of-change alarm, as the change over a moving window",
    title=Title(en="Change too fast", zh="变化过快"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda one, kept: lasting(one.points, kept),
    parameters=Rate,
)
"""See the module."""
