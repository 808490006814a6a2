"""Stuck: a value that no longer moves as it used to, a flat line against its own noise.

    flat for = newest sample - first sample of a run in which all values lie within `band`
    alert when flat for >= max(after, 3 x the longest run that was usual)

- The band is a fifth of the usual change from one sample to the next: the median of the first changes of a quarter of
  the learning time. Of a value that mostly repeats itself, as of a coarse one, it is 0. The longest usual run is then
  learned in that band, so what is usual for a coarse or a slow signal is no fault.
- A signal with fewer than ten runs, or with one longer than an eighth of the learning time, is not judged: a set point,
  or what stands still for reasons of its own. Its baseline says so (`judges`).
- Only samples tell that a value is flat. A signal that is sent when it changes, and is silent, is not flat.
- Where the state of the machine is told, learning and judging are only while it produces; when it stands, the alert
  ends. Where its state is told for certain only later, as by a counter, judging waits for so long.
- A gap or a Bad sample begins a new run; an alert that lasts goes on until the value moves.

What is carried of a signal: `last` and `cut`, as `unbroken` tells; `rules`, as `comparator` tells; and

    state     of the machine; null: not told yet           model   what was learned; null: not yet
    run       of the values that are flat: [ns of the first, lowest, highest, ns of the newest]; null: none
    lesson    as `lesson` tells, with `steps`: first changes, `band`, `longest`: ns, and `runs`; while it learns
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Iterator, Mapping
from copy import deepcopy
from statistics import median
from typing import Any, Final, TypeAlias

import numpy as np

from analytics.faults.comparator import Comparators, Said, lasting
from analytics.faults.contract import Baseline, Carried, Detector, Found, Indicator, Seen, names, nanoseconds
from analytics.faults.durations import in_words
from analytics.faults.events import PRODUCING, Event, Number, Row, State, changes, in_turn, touched
from analytics.faults.lesson import LEAST, Terms, begun, learned, over, part
from analytics.faults.limits import shown_unit
from analytics.faults.unbroken import unbroken
from analytics.faults.watched import Watched, watched
from collector.faultrules.values import Stuck
from collector.park import Park, Title

SLUG: Final = "stuck"
"""Name of the detector."""

KEY: Final = "stuck"
"""Key of its one alarm."""

TEXTS: Final = {
    "stuck.flat": Title(
        en="{name_en}: has stood at {value}{unit} for {flat_en}, usually it moves within {usual_en}",
        zh="{name_zh}：停在 {value}{unit} 已 {flat_zh}，平时 {usual_zh}内必有变化",
    )
}
"""What its alerts say."""

OF_NOISE: Final = 0.2
"""The band, as a part of the usual change between samples."""

TIMES: Final = 3
"""How many times the longest usual run is too long."""

RUNS: Final = 10
"""From fewer runs nothing is known."""

_TOO_LONG: Final = 8
_MANY: Final = 8
_STEPS: Final = 512
_QUARTER: Final = 4

Stand: TypeAlias = Watched[Stuck]
"""What is watched on one signal."""

_FRESH: Final[Carried] = {
    "last": 0,
    "cut": False,
    "rules": {},
    "state": None,
    "run": None,
    "model": None,
    "lesson": None,
}


def rules(park: Park) -> dict[str, Stand]:
    """Give the signals that ask for it."""
    return watched(park, SLUG, KEY, lambda faults: faults.stuck)


def look(stands: Mapping[str, Stand], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples and states, as `faults.contract` tells."""
    series = unbroken(seen, stands, carried)
    numbers, states = dict(series.of_signals()), changes(seen.states)
    comparators = Comparators({path: one.points for path, one in stands.items()}, carried)
    kept: dict[str, dict[str, Any]] = {}
    baselines: list[Baseline] = []
    indicators: list[Indicator] = []
    for path in touched({path: one.machine for path, one in stands.items()}, numbers, states, seen.until):
        before = carried.get(path, _FRESH)
        work = _Work(stands[path], deepcopy(dict(before)))
        told = states.get(stands[path].machine.path, ())
        rows = work.telling(numbers.get(path, []))
        for event in in_turn(told, rows, seen.until.get(path), last=before["last"]):
            baselines += work.take(event, comparators)
        kept[path] = {
            **work.kept,
            **series.heads.get(path, {}),
            "rules": comparators.changed.get(path, before["rules"]),
        }
        if path in numbers:
            indicators += work.indicators()
    for path, head in series.heads.items():
        kept[path] = {**kept.get(path, carried.get(path, _FRESH)), **head}
    changed = {path: one for path, one in kept.items() if one != carried.get(path, _FRESH)}
    return Found(comparators.alerts, changed, series.late, indicators=tuple(indicators), baselines=tuple(baselines))


class _Work:
    """One signal in one look."""

    def __init__(self, stand: Stand, kept: dict[str, Any]) -> None:
        self._stand = stand
        self._path = stand.signal.path
        self._terms = Terms.of(stand.settings)
        self._after, self._settles = nanoseconds(stand.settings.after), stand.settles
        self.kept = kept

    @property
    def _usable(self) -> bool:
        state: str | None = self.kept["state"]
        return not self._stand.stated or state == PRODUCING

    def telling(self, rows: list[Row]) -> list[Row]:
        """Leave out values that are far from the one before and from the one after: each is a run of its own.

        The value after such a one is told to have something missing before it, so it begins a run, as it would have.
        """
        band = self._band()
        if self.kept["model"] is None or band is None or len(rows) < _MANY:
            return rows
        value = np.array([row[1] for row in rows])
        near = np.abs(np.diff(value)) <= band
        kept = np.ones(len(rows), dtype=bool)
        kept[2:-1] = near[1:-1] | near[2:] | near[:-2]
        after = np.concatenate(([False], ~kept[:-1]))
        return [(*rows[place][:2], rows[place][2] or bool(after[place])) for place in np.flatnonzero(kept)]

    def take(self, event: Event, comparators: Comparators) -> Iterator[Baseline]:
        """Take an event in; give the baseline that it completed."""
        if isinstance(event, State):
            self.kept["state"] = event.state
            if not self._usable:
                self._stand_still()
                comparators.say(self._path, KEY, event.ns, on=False)
        elif not isinstance(event, Number):
            comparators.pass_time(self._path, event.ns)
        elif self._usable:
            on = comparators.on(self._path, KEY)
            moved = self._extend(event, hold=on)
            if self.kept["model"] is None:
                yield from self._learn(event)
            else:
                self._judge(event, comparators, moved=moved)

    def _band(self) -> float | None:
        """Give how far a flat value may move; None while that is not known."""
        if self._stand.settings.band is not None:
            return self._stand.settings.band
        known = self.kept["model"] or self.kept["lesson"]
        return None if known is None else known["band"]

    def _extend(self, event: Number, *, hold: bool) -> bool:
        """Take a value into the run, or begin another one; tell whether it moved out of the run."""
        run, band = self.kept["run"], self._band() or 0.0
        value = event.value
        if run is None:
            self.kept["run"] = [event.ns, value, value, event.ns]
            return False
        low, high = min(run[1], value), max(run[2], value)
        moved = bool(high - low > band)
        if not moved and (hold or not event.cut):
            self.kept["run"] = [run[0], low, high, event.ns]
            return False
        self._end_run()
        self.kept["run"] = [event.ns, value, value, event.ns]
        return moved

    def _stand_still(self) -> None:
        self._end_run()
        if self.kept["lesson"] is not None:
            self.kept["lesson"]["value"] = None

    def _end_run(self) -> None:
        run, lesson = self.kept["run"], self.kept["lesson"]
        self.kept["run"] = None
        if run is not None and lesson is not None and lesson["band"] is not None:
            lesson["longest"] = max(lesson["longest"], run[3] - run[0])
            lesson["runs"] += 1

    def _learn(self, event: Number) -> Iterator[Baseline]:
        if self.kept["lesson"] is None:
            fresh: dict[str, Any] = {
                "steps": [],
                "band": self._stand.settings.band,
                "longest": 0,
                "runs": 0,
                "value": None,
            }
            self.kept["lesson"] = {**begun(), **fresh}
        lesson = self.kept["lesson"]
        if part(self._terms, lesson, event.ns):
            before = lesson["value"]
            joined = before is not None and not event.cut
            learned(lesson, event.ns, joined=joined)
            self._note(lesson, abs(event.value - before) if joined else None)
            lesson["value"] = event.value
        if over(self._terms, lesson, event.ns):
            yield self._done()

    def _note(self, lesson: dict[str, Any], step: float | None) -> None:
        """Note a change from one sample to the next; after a quarter of the time the band is known."""
        if lesson["band"] is not None:
            return
        if step is not None and len(lesson["steps"]) < _STEPS:
            lesson["steps"].append(step)
        terms = self._terms
        whole = terms.span if terms.end is None or terms.start is None or lesson["anew"] else terms.end - terms.start
        if lesson["used"] >= whole // _QUARTER and len(lesson["steps"]) >= LEAST // 2:
            lesson |= {"band": OF_NOISE * median(lesson["steps"]), "steps": []}
            self.kept["run"] = None

    def _done(self) -> Baseline:
        lesson, run = self.kept["lesson"], self.kept["run"]
        longest = max(lesson["longest"], run[3] - run[0]) if run is not None else lesson["longest"]
        judges = lesson["band"] is not None and lesson["runs"] >= RUNS and longest * _TOO_LONG <= lesson["used"]
        model = {"band": lesson["band"], "longest": longest, "runs": lesson["runs"], "judges": judges}
        self.kept |= {"model": model, "lesson": None}
        return Baseline(self._path, "", lesson["first"], lesson["newest"], lesson["rows"], model)

    @property
    def _hold(self) -> int:
        """How long is too long, ns."""
        return max(self._after, TIMES * int(self.kept["model"]["longest"])) + self._settles

    def _judge(self, event: Number, comparators: Comparators, *, moved: bool) -> None:
        if not self.kept["model"]["judges"]:
            return
        since, _, _, newest = self.kept["run"]
        if newest - since >= self._hold:
            comparators.say(self._path, KEY, event.ns, on=True, said=self._said(event), since=since)
        elif not comparators.rests(self._path, KEY):
            comparators.say(self._path, KEY, event.ns, on=False if moved else None)

    def _said(self, event: Number) -> Said:
        signal = self._stand.signal
        since, _, _, newest = self.kept["run"]
        told = {
            "value": f"{event.value:.6g}",
            "unit": shown_unit(signal),
            **in_words("flat", (newest - since) / 1e9),
            **in_words("usual", max(1.0, self.kept["model"]["longest"] / 1e9)),
        }
        return Said(f"{SLUG}.flat", f"{event.value:.12g}", {**names(signal), **told})

    def indicators(self) -> Iterator[Indicator]:
        """Give for how long it has been flat, in seconds."""
        run, model = self.kept["run"], self.kept["model"]
        if run is not None and model is not None and model["judges"]:
            flat = (run[3] - run[0]) / 1e9
            machine = self._stand.machine.path
            yield Indicator(machine, self._path, SLUG, run[3], flat, self._hold / 1e9)


STUCK: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Flat-line test of WMO-No. 8 (minimum required variability of a sensor), against the signal's own noise",
    title=Title(en="Value stuck", zh="数值卡死"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda one, kept: lasting(one.points, kept),
    parameters=Stuck,
    learns=True,
)
"""See the module."""
