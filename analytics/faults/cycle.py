"""Cycles: parts that come too slowly, or not at all, while the machine says that it produces.

    missing    no part for more than `missing` usual cycles            since the last part, or since it produces
    drift      the median of the last `cycles` is longer than usual    since the cycle that made it so

- A step of a part counter (total or good) by n parts, t after the step before, is a cycle of t / n; a signal of role
  `cycle_time` says its cycles itself. Where the machine's state is told, a cycle counts only if it produced all the
  time, so a stop is no long cycle. Over a gap, a Bad sample or a jump back there is none; a counter with a `width` that
  rolled over counted.
- The usual cycle is the median of those learned. Where the machine has a product signal, each product has its own; the
  last part of a product may be told together with the next one. Of `PRODUCTS` at most it is known; the one learned
  first goes.
- `drift` asks for as much above the usual as is configured, for six standard errors of that median (1.2533 s / root
  of `cycles`, where s is 1.4826 times the median absolute deviation), and for half as much again as it strayed upwards
  while it was learned, for cycles are seldom independent: what varies by itself is no fault. The alert ends when half
  of what was asked for is left, or the machine makes something else.
- `missing` is judged only while the machine is known to produce; where nothing tells its state, it is not. While the
  source is down nothing is missing.

What is carried of a signal: `last` and `cut`, as `unbroken` tells; `rules`, as `comparator` tells; and

    state     of the machine; null: not told yet       reading   of the counter; null: none yet
    product   what it makes; empty: nobody says        made      when its report came, ns
    begun     since when the next cycle lasts, ns; null: nobody knows
    since     begin of the silence, ns; null: none     recent    the last cycles of the product, s
    lessons   by product, as `lesson` tells, with the first `cycles`, s
    models    by product, what was learned: `usual` cycle, its robust `deviation`, and `most` of the median, s
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Any, Final

import polars as pl

from analytics.faults.comparator import Comparators, Point, Said, lasting
from analytics.faults.contract import Baseline, Carried, Detector, Found, Indicator, Seen, names
from analytics.faults.durations import in_words
from analytics.faults.events import PRODUCING, Event, Number, Product, State, changes, in_turn, touched
from analytics.faults.lesson import Terms, begun, learned, over, part
from analytics.faults.silence import Gaps, by_signal, silent
from analytics.faults.unbroken import unbroken
from analytics.faults.watched import settles
from analytics.spans import as_text
from collector.faultrules.production import Cycle
from collector.park import Equipment, Park, Signal, SignalRole, Title

SLUG: Final = "cycle"
"""Name of the detector."""

TEXTS: Final = {
    "cycle.missing": Title(
        en="{name_en}: no part for {silent_en} though the machine produces, a cycle usually takes {usual_en} {product}",
        zh="{name_zh}：设备在运行，但已 {silent_zh}没有产出，平时节拍 {usual_zh} {product}",
    ),
    "cycle.drift": Title(
        en="{name_en}: a cycle takes {now_en}, {percent} % longer than the usual {usual_en} {product}",
        zh="{name_zh}：节拍 {now_zh}，比平时的 {usual_zh}长 {percent}% {product}",
    ),
}
"""What its alerts say."""

MISSING, DRIFT = "missing", "drift"

PRODUCTS: Final = 64
"""Products of one signal that are known at most."""

_CYCLES: Final = 1000
_STRAYS: Final = 1.5
_ERRORS: Final = 6.0
_CONSISTENT: Final = 1.4826
_OF_MEDIAN: Final = 1.2533
_BACK: Final = 0.5
_PREFIX: Final = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "k": 1e3}
_LONG: Final = {"min": 60.0, "h": 3600.0, "d": 86_400.0}

_FRESH: Final[Carried] = {
    "last": 0,
    "cut": False,
    "rules": {},
    "state": None,
    "product": "",
    "made": 0,
    "reading": None,
    "begun": None,
    "since": None,
    "recent": [],
    "lessons": {},
    "models": {},
}


@dataclass(frozen=True, slots=True)
class Cycles:
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    machine: Equipment
    """The machine that it is of."""

    settings: Cycle
    """What was asked for."""

    points: Mapping[str, Point]
    """Its alarms, by key."""

    product: Signal | None
    """The signal that says what is made."""

    unit: float | None
    """Seconds in one of its unit, where it says its cycles itself; None: it counts parts."""


def rules(park: Park) -> dict[str, Cycles]:
    """Give the signals that ask for it."""
    return {
        path: _cycles(signal, park.equipment[signal.equipment], asked)
        for path, signal in park.signals.items()
        if (asked := signal.faults.cycle) is not None
    }


def _cycles(signal: Signal, machine: Equipment, asked: Cycle) -> Cycles:
    keys = [MISSING] if machine.state_inputs else []
    keys += [DRIFT] if asked.drift is not None else []
    points = {key: Point.of(asked, equipment=machine.path, subject=signal.path, detector=SLUG, key=key) for key in keys}
    unit = seconds_in(signal.unit) if signal.role is SignalRole.CYCLE_TIME else None
    return Cycles(signal, machine, asked, points, machine.of_role(SignalRole.PRODUCT), unit)


def seconds_in(unit: str) -> float:
    """Give how many seconds one of a UCUM unit of time is; of what is none, 1."""
    found = re.fullmatch("([munk]?)s", unit)
    return _PREFIX[found[1]] if found else _LONG.get(unit, 1.0)


def look(watched: Mapping[str, Cycles], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, states and the time that passes, as `faults.contract` tells."""
    series = unbroken(seen, watched, carried)
    numbers, states, missing = dict(series.of_signals()), changes(seen.states), by_signal(seen.gaps)
    products = _products(watched, seen)
    comparators = Comparators({path: one.points for path, one in watched.items()}, carried)
    kept = {path: {**carried.get(path, _FRESH), **head} for path, head in series.heads.items()}
    baselines: list[Baseline] = []
    indicators: list[Indicator] = []
    machines = {path: one.machine for path, one in watched.items()}
    asked = dict.fromkeys(touched(machines, numbers, states, seen.until))
    asked |= {path: None for path, one in watched.items() if one.product is not None and one.product.path in products}
    for path in asked:
        one, before = watched[path], carried.get(path, _FRESH)
        work = _Work(one, deepcopy(dict(before)), missing.get(path, []), comparators)
        made = products.get(one.product.path, ()) if one.product is not None else ()
        told, rows = states.get(one.machine.path, ()), numbers.get(path, ())
        events = in_turn(told, rows, seen.until.get(path), last=before["last"], products=made)
        baselines += [baseline for event in events for baseline in work.take(event)]
        rules_now = comparators.changed.get(path, before["rules"])
        kept[path] = {**work.kept, **series.heads.get(path, {}), "rules": rules_now}
        indicators += work.indicators() if rows else ()
    changed = {path: one for path, one in kept.items() if one != carried.get(path, _FRESH)}
    return Found(comparators.alerts, changed, series.late, indicators=tuple(indicators), baselines=tuple(baselines))


def _products(watched: Mapping[str, Cycles], seen: Seen) -> dict[str, list[Product]]:
    """Give what product signals say, by signal and time."""
    paths = {one.product.path for one in watched.values() if one.product is not None}
    told = (
        seen.samples.lazy()
        .filter(pl.col("signal").is_in(list(paths)))
        .select("signal", pl.col("time").dt.cast_time_unit("ns").dt.epoch("ns"), name=as_text())
        .filter(pl.col("name").is_not_null())
        .sort("signal", "time", maintain_order=True)
        .collect()
    )
    found: dict[str, list[Product]] = {}
    for path, ns, name in told.iter_rows():
        found.setdefault(path, []).append(Product(ns, name))
    return found


class _Work:
    """One signal in one look."""

    def __init__(self, watched: Cycles, kept: dict[str, Any], gaps: Gaps, comparators: Comparators) -> None:
        self._watched = watched
        self._path = watched.signal.path
        self._terms = Terms.of(watched.settings)
        self._settles = settles(watched.machine)
        self._gaps = gaps
        self._comparators = comparators
        self.kept = kept

    @property
    def _produces(self) -> bool:
        state: str | None = self.kept["state"]
        return state == PRODUCING or not self._watched.machine.state_inputs

    @property
    def _model(self) -> Mapping[str, float] | None:
        found: Mapping[str, float] | None = self.kept["models"].get(self.kept["product"])
        return found

    def take(self, event: Event) -> Iterator[Baseline]:
        """Take an event in; give the baseline that it completed."""
        self._judge_silence(event.ns)
        if isinstance(event, State):
            self._state(event)
        elif isinstance(event, Product):
            self._product(event)
        elif isinstance(event, Number):
            cycle = self._cycle(event)
            if cycle is not None:
                yield from self._note(event.ns, cycle)
        else:
            for key in self._watched.points:
                self._comparators.pass_time(self._path, event.ns, key)

    def _state(self, event: State) -> None:
        was, self.kept["state"] = self._produces, event.state
        if self._produces and not was:
            self.kept["since"] = event.ns
        elif not self._produces:
            self.kept |= {"begun": None, "since": None}
            self._turn(MISSING, event.ns, None)

    def _product(self, event: Product) -> None:
        if event.ns < self.kept["made"]:
            return
        self.kept["made"] = event.ns
        if event.name != self.kept["product"]:
            self.kept |= {"product": event.name, "recent": []}
            if DRIFT in self._watched.points:
                self._comparators.say(self._path, DRIFT, max(event.ns, self.kept["last"]), on=False)

    def _cycle(self, event: Number) -> float | None:
        """Give the cycle that a sample tells, in seconds; None where it tells none."""
        unit = self._watched.unit
        if unit is not None:
            self._came(event.ns)
            return event.value * unit if event.value > 0 and self._produces else None
        parts = self._parts(event)
        if parts is None:
            self.kept["begun"] = None
        if parts == 0:
            return None
        begun_at: int | None = self.kept["begun"]
        self._came(event.ns)
        self.kept["begun"] = event.ns if self._produces else None
        if parts is None or begun_at is None or event.ns <= begun_at or not self._produces:
            return None
        return (event.ns - begun_at) / 1e9 / parts

    def _parts(self, event: Number) -> float | None:
        """Give how many parts a reading counts; None where that is not known."""
        signal = self._watched.signal
        width = None if signal.width is None else signal.width * abs(signal.scale)
        count = event.value - signal.offset
        count = count if width is None else count % width
        before: float | None = self.kept["reading"]
        self.kept["reading"] = count
        if before is None or event.cut:
            return None
        made = count - before
        if width is not None and made < 0 and width + made < width / 2:
            made += width
        return made if made >= 0 else None

    def _came(self, ns: int) -> None:
        """Note that a part came."""
        self.kept["since"] = ns if self._produces else None
        self._turn(MISSING, ns, None)

    def _note(self, ns: int, cycle: float) -> Iterator[Baseline]:
        product = self.kept["product"]
        self.kept["recent"] = [*self.kept["recent"][1 - self._watched.settings.cycles :], cycle]
        if product in self.kept["models"]:
            self._judge_drift(ns)
            return
        lesson = self.kept["lessons"].setdefault(product, {**begun(), "cycles": []})
        if part(self._terms, lesson, ns):
            if not lesson["rows"]:
                lesson["cycles"] = []
            learned(lesson, ns, joined=False)
            lesson["used"] += round(cycle * 1e9)
            if len(lesson["cycles"]) < _CYCLES:
                lesson["cycles"].append(cycle)
        if over(self._terms, lesson, ns):
            yield self._done(product, lesson)
        _at_most(self.kept["lessons"])

    def _done(self, product: str, lesson: Mapping[str, Any]) -> Baseline:
        cycles, length = lesson["cycles"], self._watched.settings.cycles
        usual = median(cycles)
        most = max((median(cycles[n : n + length]) for n in range(len(cycles) - length + 1)), default=usual)
        deviation = _CONSISTENT * median(abs(cycle - usual) for cycle in cycles)
        model = {"usual": usual, "deviation": deviation, "most": most}
        del self.kept["lessons"][product]
        self.kept["models"][product] = model
        _at_most(self.kept["models"])
        return Baseline(self._path, product, lesson["first"], lesson["newest"], lesson["rows"], model)

    def _limit(self, model: Mapping[str, float]) -> float:
        """Give the longest median that is not too long, s."""
        drift, usual = self._watched.settings.drift or 0.0, model["usual"]
        error = _OF_MEDIAN * model["deviation"] / sqrt(self._watched.settings.cycles)
        return usual + max(drift * usual, _ERRORS * error, _STRAYS * (model["most"] - usual))

    def _judge_drift(self, ns: int) -> None:
        model, recent = self._model, self.kept["recent"]
        if model is None or len(recent) < self._watched.settings.cycles or DRIFT not in self._watched.points:
            return
        now, usual = median(recent), model["usual"]
        limit = self._limit(model)
        if now > limit:
            self._comparators.say(self._path, DRIFT, ns, on=True, said=self._slow(now, usual))
        else:
            over_half = now > usual + _BACK * (limit - usual)
            self._comparators.say(self._path, DRIFT, ns, on=None if over_half else False)

    def _judge_silence(self, ns: int) -> None:
        """Turn on where no part has come for too long before `ns`."""
        model, since = self._model, self.kept["since"]
        if model is None or since is None or MISSING not in self._watched.points:
            return
        if self._comparators.on(self._path, MISSING):
            return
        hold = round(self._watched.settings.missing * model["usual"] * 1e9) + self._settles
        begin = silent(self._gaps, since, ns, hold)
        if begin is not None:
            told = self._told(**in_words("silent", hold / 1e9), **in_words("usual", model["usual"]))
            said = Said(f"{SLUG}.missing", "", told)
            self._comparators.turn(self._path, MISSING, begin + hold, on=True, said=said, since=begin)

    def _turn(self, key: str, ns: int, said: Said | None) -> None:
        if key in self._watched.points:
            self._comparators.turn(self._path, key, ns, on=said is not None, said=said)

    def _slow(self, now: float, usual: float) -> Said:
        percent = f"{(now / usual - 1) * 100:.0f}" if usual else "?"
        told = self._told(percent=percent, **in_words("now", now), **in_words("usual", usual))
        return Said(f"{SLUG}.drift", f"{now:.6g}", told)

    def _told(self, **told: str) -> dict[str, str]:
        product = self.kept["product"]
        return {**names(self._watched.signal), "product": f"({product})" if product else "", **told}

    def indicators(self) -> Iterator[Indicator]:
        """Give the median of the last cycles, in seconds."""
        model, recent = self._model, self.kept["recent"]
        settings = self._watched.settings
        if model is not None and settings.drift is not None and len(recent) == settings.cycles:
            at, machine = self.kept["since"] or self.kept["last"], self._watched.machine.path
            yield Indicator(machine, self._path, SLUG, at, median(recent), self._limit(model))


def _at_most(by_product: dict[str, Any]) -> None:
    """Forget the product that was known first, where there are too many."""
    while len(by_product) > PRODUCTS:
        del by_product[next(iter(by_product))]


CYCLE: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="ISO 22400-2 actual production time per item, against its own median; missing-pulse test",
    title=Title(en="Cycle too long or missing", zh="节拍变长或停产"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda one, kept: lasting(one.points, kept),
    signals=lambda path, one: (path,) if one.product is None else (path, one.product.path),
    parameters=Cycle,
    learns=True,
)
"""See the module."""
