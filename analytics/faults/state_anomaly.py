"""State anomalies: more stops in an hour, or longer ones, than a machine has had.

    often   z = (2 sqrt(n + 3/8) - 2 sqrt(mean + 3/8)) / spread        n stops began in this hour
    long    z = sqrt(k) (mean of log length - median of all) / s / spread     k stops ended in this hour

- Hours are those of UTC. One counts if the machine's state was known, and work was planned, from its begin to its end;
  others say nothing and teach nothing. A stop is a stretch of the states idle, off and unplanned_stop after another
  known state; its length is known where it also ends in one, and every hour that it reaches into counts.
- Few stops are Poisson distributed: Anscombe's root makes their standard deviation 1, whatever the mean. Lengths are
  taken by their logarithm, `s` is 1.4826 times the median absolute deviation (0.25 at least). `spread` is that of `z`
  over the hours learned (1 at least): stops that come in clusters are no fault where they always do.
- It learns from as many hours that count as `learn` says, eight at least; lengths from thirty stops on.
- An hour is judged when it is over and its states are certain. The alert begins with the hour that was beyond `limit`,
  and ends with the first later one at half of it or less; without a stop none is long.

What is carried of a machine: `rules`, as `comparator` tells; and

    upto    how far states were looked at, ns          state     since then; null: not told yet
    stop    of the one that lasts: [begin, ns; whether every hour so far counts]; null: none
    known   how much of the open hour is known, ns     stops     how many began in it
    ended   logarithms of the lengths (s) of those that ended in it
    hours   of the lesson: [stops, lengths] by hour    first     begin of the first of these, ns; null: none
    model   what was learned; null: not yet
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation; signs as the papers write them

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean, median
from typing import Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from analytics.calendar import work
from analytics.faults.comparator import Comparators, Point, Said, lasting
from analytics.faults.contract import Baseline, Carried, Detector, Found, Indicator, Seen, moment
from analytics.faults.durations import in_words
from analytics.faults.events import State, changes
from analytics.faults.lesson import Terms
from analytics.faults.watched import settles
from collector.equipmentstate import EquipmentState
from collector.faultrules.production import StateAnomaly
from collector.park import Calendar, Equipment, Park, Title

SLUG: Final = "states"
"""Name of the detector."""

TEXTS: Final = {
    "states.often": Title(
        en="{name_en}: stopped {stops} times within an hour, usually {usual} times",
        zh="{name_zh}：1 小时内停机 {stops} 次，平时 {usual} 次",
    ),
    "states.long": Title(
        en="{name_en}: stops took {now_en} within this hour ({stops} of them), usually {usual_en}",
        zh="{name_zh}：本小时停机（{stops} 次）平均 {now_zh}，平时 {usual_zh}",
    ),
}
"""What its alerts say."""

OFTEN, LONG = "often", "long"

HOUR: Final = 3600 * 10**9
"""An hour, ns."""

_STOPS: Final = frozenset({EquipmentState.IDLE.value, EquipmentState.OFF.value, EquipmentState.UNPLANNED_STOP.value})
_UNKNOWN: Final = EquipmentState.UNKNOWN.value
_LEAST: Final = 8
_LENGTHS: Final = 30
_CONSISTENT: Final = 1.4826
_NARROW: Final = 0.25
_BACK: Final = 0.5

_FRESH: Final[Carried] = {
    "rules": {},
    "upto": 0,
    "state": None,
    "stop": None,
    "known": 0,
    "stops": 0,
    "ended": [],
    "hours": [],
    "first": None,
    "model": None,
}


@dataclass(frozen=True, slots=True)
class Stops:
    """What is watched on one machine."""

    machine: Equipment
    """Which."""

    settings: StateAnomaly
    """What was asked for."""

    points: Mapping[str, Point]
    """Its alarms, by key."""

    calendar: Calendar
    """When work is planned."""

    zone: ZoneInfo
    """Where."""

    def planned(self, start: int) -> bool:
        """Tell whether work is planned for all of the hour that begins at `start`, ns since 1970."""
        begin, end = moment(start), moment(start + HOUR)
        found = work(self.calendar, self.machine.maintenance, self.zone, begin, end).filter(pl.col("kind") == "planned")
        return bool(found.select((pl.col("end") - pl.col("start")).sum() == end - begin).item())


def rules(park: Park) -> dict[str, Stops]:
    """Give the machines that ask for it, of those whose state something tells."""
    return {
        path: Stops(
            machine,
            asked,
            {key: Point.of(asked, equipment=path, subject=path, detector=SLUG, key=key) for key in (OFTEN, LONG)},
            park.calendar_of(path),
            park.factory_of(path).zone,
        )
        for path, machine in park.equipment.items()
        if (asked := machine.faults.states) is not None and machine.state_inputs
    }


def look(watched: Mapping[str, Stops], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at states and the time that passes, as `faults.contract` tells."""
    states = changes(seen.states)
    comparators = Comparators({path: one.points for path, one in watched.items()}, carried)
    changed: dict[str, Carried] = {}
    baselines: list[Baseline] = []
    indicators: list[Indicator] = []
    for path, one in watched.items():
        told, certain = states.get(path, []), _certain(one.machine, seen.until)
        before = carried.get(path, _FRESH)
        if not told and certain < before["upto"] // HOUR * HOUR + HOUR:
            continue
        counting = _Work(one, deepcopy(dict(before)), comparators)
        for state in told:
            baselines += counting.take(state)
        baselines += counting.close(certain)
        counting.kept["rules"] = comparators.changed.get(path, before["rules"])
        if counting.kept != carried.get(path, _FRESH):
            changed[path] = counting.kept
        indicators += counting.indicators.values()
    return Found(comparators.alerts, changed, indicators=tuple(indicators), baselines=tuple(baselines))


def _certain(machine: Equipment, until: Mapping[str, int]) -> int:
    """Give up to when the states of a machine are certain though none is told, ns since 1970; 0: nobody says."""
    inputs = [until.get(signal.path) for signal in machine.state_inputs]
    known = [ns for ns in inputs if ns is not None]
    return min(known) - settles(machine) if len(known) == len(inputs) else 0


class _Work:
    """One machine in one look."""

    def __init__(self, watched: Stops, kept: dict[str, Any], comparators: Comparators) -> None:
        self._watched = watched
        self._path = watched.machine.path
        self._terms = Terms.of(watched.settings)
        self._comparators = comparators
        self.indicators: dict[str, Indicator] = {}
        self.kept = kept

    def take(self, event: State) -> Iterator[Baseline]:
        """Take a change of state in; give the baseline that was completed until then."""
        yield from self.close(event.ns)
        ns = max(event.ns, self.kept["upto"])
        self._pass(ns)
        before, after = self.kept["state"], event.state
        if before is not None and before != _UNKNOWN and before not in _STOPS and after in _STOPS:
            self.kept["stop"] = [ns, True]
            self.kept["stops"] += 1
        elif after not in _STOPS:
            stop = self.kept["stop"]
            self.kept["stop"] = None
            if stop is not None and stop[1] and after != _UNKNOWN and ns > stop[0]:
                self.kept["ended"] = [*self.kept["ended"], round(log((ns - stop[0]) / 1e9), 6)]
        self.kept["state"] = after

    def close(self, ns: int) -> Iterator[Baseline]:
        """Close the hours that are over at `ns`; give the baseline that was completed."""
        if self.kept["state"] is None:
            return
        while (end := self.kept["upto"] // HOUR * HOUR + HOUR) <= ns:
            self._pass(end)
            yield from self._close(end - HOUR)

    def _pass(self, ns: int) -> None:
        """Let time go on within the open hour."""
        if self.kept["state"] not in {None, _UNKNOWN}:
            self.kept["known"] += ns - self.kept["upto"]
        self.kept["upto"] = ns

    def _close(self, start: int) -> Iterator[Baseline]:
        stops, ended, known = self.kept["stops"], self.kept["ended"], self.kept["known"]
        self.kept |= {"stops": 0, "ended": [], "known": 0}
        if known < HOUR or not self._watched.planned(start):
            if self.kept["stop"] is not None:
                self.kept["stop"] = [self.kept["stop"][0], False]
            return
        if self.kept["model"] is None:
            yield from self._learn(start, stops, ended)
        else:
            self._judge(start, stops, ended)

    def _learn(self, start: int, stops: int, ended: Sequence[float]) -> Iterator[Baseline]:
        terms, first = self._terms, self.kept["first"]
        if terms.start is not None and terms.end is not None:
            if start < terms.start:
                return
            if start + HOUR <= terms.end:
                self._add(start, stops, ended)
                return
            if first is not None and first + HOUR <= terms.end:
                if len(self.kept["hours"]) >= _LEAST:
                    yield self._done(start)
                    self._judge(start, stops, ended)
                    return
                self.kept |= {"hours": [], "first": None}
        if self._add(start, stops, ended) >= max(_LEAST, terms.span // HOUR):
            yield self._done(start + HOUR)

    def _add(self, start: int, stops: int, ended: Sequence[float]) -> int:
        """Add an hour to the lesson; give how many they are."""
        self.kept["hours"] = [*self.kept["hours"], [stops, list(ended)]]
        self.kept["first"] = start if self.kept["first"] is None else self.kept["first"]
        return len(self.kept["hours"])

    def _done(self, end: int) -> Baseline:
        hours, first = self.kept["hours"], self.kept["first"]
        mean = fmean(stops for stops, _ in hours)
        logs = sorted(one for _, ended in hours for one in ended)
        usual = median(logs) if len(logs) >= _LENGTHS else None
        model: dict[str, Any] = {"mean": mean, "often": 1.0, "usual": usual, "deviation": None, "long": 1.0}
        model["often"] = _spread([_often(stops, model) for stops, _ in hours])
        if usual is not None:
            model["deviation"] = max(_NARROW, _CONSISTENT * median(abs(one - usual) for one in logs))
            model["long"] = _spread([_long(ended, model) for _, ended in hours if ended])
        self.kept |= {"model": model, "hours": [], "first": None}
        return Baseline(self._path, "", first, end, len(hours), model)

    def _judge(self, start: int, stops: int, ended: Sequence[float]) -> None:
        model = self.kept["model"]
        usual = f"{model['mean']:.2g}"
        self._say(OFTEN, start, _often(stops, model), {"stops": str(stops), "usual": usual}, stops)
        if model["usual"] is not None:
            now = exp(fmean(ended)) if ended else 0.0
            told = {"stops": str(len(ended)), **in_words("now", now), **in_words("usual", exp(model["usual"]))}
            self._say(LONG, start, _long(ended, model), told, now)

    def _say(self, key: str, start: int, z: float, told: Mapping[str, str], value: float) -> None:
        end, limit, machine = start + HOUR, self._watched.settings.limit, self._watched.machine
        name = {"name_en": machine.title.en or machine.id, "name_zh": machine.title.zh or machine.id}
        if z > limit:
            said = Said(f"{SLUG}.{key}", f"{value:.6g}", {**name, **told})
            self._comparators.say(self._path, key, start, on=True, said=said)
        else:
            self._comparators.say(self._path, key, start, on=False if z <= _BACK * limit else None)
        self._comparators.pass_time(self._path, end, key)
        self.indicators[key] = Indicator(self._path, self._path, f"stops_{key}", end, max(0.0, z), limit)


def _often(stops: int, model: Mapping[str, Any]) -> float:
    """Give how many standard deviations more stops there were than usual."""
    mean, spread = float(model["mean"]), float(model["often"])
    return 2 * (sqrt(stops + 3 / 8) - sqrt(mean + 3 / 8)) / spread


def _long(ended: Sequence[float], model: Mapping[str, Any]) -> float:
    """Give how many standard deviations longer stops were than usual; 0 without any."""
    if not ended:
        return 0.0
    usual, deviation = float(model["usual"]), float(model["deviation"] * model["long"])
    return sqrt(len(ended)) * (fmean(ended) - usual) / deviation


def _spread(values: Sequence[float]) -> float:
    """Give the robust standard deviation of what should have one of 1; 1 at least."""
    middle = median(values)
    return max(1.0, _CONSISTENT * median(abs(one - middle) for one in values))


STATE_ANOMALY: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Anscombe 1948 (Biometrika 35), variance of Poisson counts; lengths by their logarithm, after MAD",
    title=Title(en="More or longer stops", zh="停机增多或变长"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda one, kept: lasting(one.points, kept),
    signals=lambda _, one: (signal.path for signal in one.machine.state_inputs),
    parameters=StateAnomaly,
    learns=True,
)
"""See the module."""
