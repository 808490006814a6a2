"""Counter anomalies: a counter that jumps back, jumps ahead, or counts while its machine stands.

    from a to b                                                            says
    b > a by more than can be made since the reading before differed       ahead
    b > a while the machine stands                                         stopped
    b < a, `width` declared, and over the top it is less than half of it   nothing: it rolled over, and counted
    b < a by less than a tenth of a                                        nothing: an old reading, or a correction;
                                                                           until it is above a, it counts nothing
    b < a by more                                                          reset

- Kinds of steps are those of `analytics.counters`; `offset` is taken off before, and below 0 nothing is counted. Over a
  gap, a Bad sample or one outside the valid range no step is judged: machines restart when links do.
- At most `rate` a second can be made, by default five times what the shortest ideal cycle gives, and one part on top:
  parts are told a little early or late. The time is that since the last count, so parts told by the batch are not fast.
- `reset` and `ahead` end with the next step that is as it should be. `stopped` is about parts (total and good) while
  the machine is idle, off or stopped without a plan, for longer than two ideal cycles and half a minute: the last part
  may come after the stop. It ends when the machine does something else. Where the state is told for certain only later,
  judging waits: what comes in that time after a stop is not judged, and a part that is made while it stands, as far as
  that is known, is judged by what was certain then. A state that is told by this very counter contradicts it never.

What is carried of a signal: `last` and `cut`, as `unbroken` tells; `rules`, as `comparator` tells; and

    reading   newest count; null: none yet      counted   when it last differed, steps back by less left out, ns
    top       from where it stepped back by less than a tenth, until it is above that; null: it did not
    stands    since when the machine stands, ns; null: it does not, or nobody knows
    waiting   parts that were made while it stood, not judged yet: [ns, how many, value]; as many as matter
    judged    the newest that was judged, ns
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from analytics.faults.comparator import Comparators, Point, Said, lasting
from analytics.faults.contract import Carried, Detector, Found, Seen, names
from analytics.faults.durations import in_words
from analytics.faults.events import Event, Number, State, changes, in_turn, touched
from analytics.faults.limits import shown_unit
from analytics.faults.unbroken import unbroken
from analytics.faults.watched import settles
from collector.equipmentstate import EquipmentState
from collector.faultrules.production import Counter
from collector.park import Equipment, Park, Signal, SignalRole, Title
from collector.staterules import ByCounter

SLUG: Final = "counter"
"""Name of the detector."""

TEXTS: Final = {
    "counter.reset": Title(
        en="{name_en}: jumped back from {before}{unit} to {value}{unit}: reset or replaced",
        zh="{name_zh}：从 {before}{unit} 跳回 {value}{unit}，可能被清零或更换",
    ),
    "counter.ahead": Title(
        en="{name_en}: counted {counted}{unit} within {time_en}, {most}{unit} at most can be",
        zh="{name_zh}：{time_zh}内增加 {counted}{unit}，最多只可能 {most}{unit}",
    ),
    "counter.stopped": Title(
        en="{name_en}: counted {counted}{unit} though the machine has stood for {time_en}",
        zh="{name_zh}：设备已停 {time_zh}，仍增加 {counted}{unit}",
    ),
}
"""What its alerts say."""

RESET, AHEAD, STOPPED = "reset", "ahead", "stopped"

_MADE: Final = frozenset({SignalRole.TOTAL_COUNT, SignalRole.GOOD_COUNT})
_PARTS: Final = _MADE | {SignalRole.REJECT_COUNT, SignalRole.REWORK_COUNT}
_STANDS: Final = frozenset({EquipmentState.IDLE.value, EquipmentState.OFF.value, EquipmentState.UNPLANNED_STOP.value})
_TOO_FAST: Final = 5
_SLIGHT: Final = 0.1
_AT_ONCE: Final = 10.0
_AFTER: Final = 30 * 10**9

_FRESH: Final[Carried] = {
    "last": 0,
    "cut": False,
    "rules": {},
    "reading": None,
    "counted": 0,
    "top": None,
    "stands": None,
    "waiting": [],
    "judged": 0,
}


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched on one counter."""

    signal: Signal
    """Which."""

    machine: Equipment
    """The machine that it is of."""

    points: Mapping[str, Point]
    """Its alarms, by key."""

    rate: float | None
    """How many a second it counts at most, in the signal's unit; None: nobody knows."""

    spare: float
    """How much it may count on top of that at once."""

    after: int
    """How long after a stop parts may still come, ns."""

    settles: int
    """How long after an instant the machine's state then is told for certain, ns."""

    @property
    def width(self) -> float | None:
        """How far it counts before it begins again, in the signal's unit."""
        return None if self.signal.width is None else self.signal.width * abs(self.signal.scale)


def rules(park: Park) -> dict[str, Watch]:
    """Give the counters that ask for it."""
    return {
        path: _watch(signal, park.equipment[signal.equipment], asked)
        for path, signal in park.signals.items()
        if (asked := signal.faults.counter) is not None
    }


def _watch(signal: Signal, machine: Equipment, asked: Counter) -> Watch:
    cycles = [cycle.total_seconds() for cycle in (machine.ideal_cycle, *machine.products.values()) if cycle]
    rate = asked.rate
    if rate is None and cycles and signal.role in _PARTS:
        rate = _TOO_FAST / min(cycles)
    rule = machine.state_from
    by_itself = isinstance(rule, ByCounter) and rule.signal == signal.name
    keys = [RESET]
    if rate is not None:
        keys.append(AHEAD)
    if signal.role in _MADE and machine.state_inputs and not by_itself:
        keys.append(STOPPED)
    points = {key: Point.of(asked, equipment=machine.path, subject=signal.path, detector=SLUG, key=key) for key in keys}
    spare = abs(signal.scale) if signal.role in _PARTS else 0.0
    after = max(_AFTER, round(2e9 * max(cycles, default=0.0)))
    return Watch(signal, machine, points, rate, spare, after, settles(machine))


def look(watches: Mapping[str, Watch], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples and states, as `faults.contract` tells."""
    series = unbroken(seen, watches, carried)
    numbers, states = dict(series.of_signals()), changes(seen.states)
    comparators = Comparators({path: one.points for path, one in watches.items()}, carried)
    machines = {path: one.machine for path, one in watches.items()}
    kept: dict[str, dict[str, Any]] = {
        path: {**carried.get(path, _FRESH), **head} for path, head in series.heads.items()
    }
    for path in touched(machines, numbers, states, seen.until):
        before = carried.get(path, _FRESH)
        told = states.get(machines[path].path, ())
        work = _Work(watches[path], {**_FRESH, **deepcopy(dict(before))}, comparators, told)
        for event in in_turn(told, numbers.get(path, ()), seen.until.get(path), last=before["last"]):
            work.take(event)
        kept[path] = {
            **work.kept,
            **series.heads.get(path, {}),
            "rules": comparators.changed.get(path, before["rules"]),
        }
    changed = {path: one for path, one in kept.items() if one != carried.get(path, _FRESH)}
    return Found(comparators.alerts, changed, series.late)


class _Work:
    """One counter in one look."""

    def __init__(self, watch: Watch, kept: dict[str, Any], comparators: Comparators, told: Iterable[State]) -> None:
        self._watch = watch
        self._path = watch.signal.path
        self._comparators = comparators
        self._began = iter([state.ns for state in told])
        self.kept = kept

    def take(self, event: Event) -> None:
        """Take an event in."""
        if isinstance(event, State):
            self._state(event.state, next(self._began), event.ns)
            return
        certain = event.ns - self._watch.settles
        self._judge_parts(certain)
        if isinstance(event, Number):
            self._read(event)
            self._judge_parts(certain)
        else:
            for key in self._watch.points:
                self._comparators.pass_time(self._path, certain if key == STOPPED else event.ns, key)

    def _state(self, state: str, began: int, ns: int) -> None:
        """Note a state that began when it did, and is told now; what was made before is judged by the one before."""
        self._judge_parts(began - 1)
        if state in _STANDS:
            self.kept["stands"] = began if self.kept["stands"] is None else self.kept["stands"]
        else:
            self.kept |= {"stands": None, "waiting": []}
            self._say(STOPPED, max(began, ns - self._watch.settles, self.kept["judged"]), None)

    def _read(self, event: Number) -> None:
        count, width = event.value - self._watch.signal.offset, self._watch.width
        if count < 0 and width is None:
            return
        count = count if width is None else count % width
        before: float | None = self.kept["reading"]
        self.kept["reading"] = count
        if before is None or event.cut:
            self.kept |= {"counted": event.ns, "top": None}
            return
        made = count - before
        if width is not None and made < 0 and width + made < width / 2:
            made += width
        if made > 0:
            self._count(event, before, made)
        elif -made >= _SLIGHT * before and made < 0:
            self.kept |= {"counted": event.ns, "top": None}
            self._say(RESET, event.ns, self._said(RESET, event.value, before=before))
        elif made < 0 and self.kept["top"] is None:
            self.kept["top"] = before

    def _count(self, event: Number, before: float, step: float) -> None:
        """Take in a step forth; below the top nothing is counted."""
        top: float | None = self.kept["top"]
        made = step if top is None else step - (top - before)
        seconds = (event.ns - self.kept["counted"]) / 1e9
        self.kept |= {"counted": event.ns, "top": top if made <= 0 else None}
        self._say(RESET, event.ns, None)
        watch, told = self._watch, f"{made:.6g}"
        if watch.rate is not None:
            most = watch.rate * max(seconds, _AT_ONCE) + watch.spare
            what = {"counted": told, "most": f"{most:.4g}", **in_words("time", max(seconds, _AT_ONCE))}
            self._say(AHEAD, event.ns, self._said(AHEAD, event.value, **what) if made > most else None)
        stands: int | None = self.kept["stands"]
        if made > 0 and stands is not None and event.ns - stands > watch.after + watch.settles:
            self._wait(event, made)

    def _wait(self, event: Number, made: float) -> None:
        """Have a part wait that was made while the machine stands, where it can still begin an alert."""
        point, waiting = self._watch.points.get(STOPPED), self.kept["waiting"]
        if point is not None and len(waiting) < point.count and not self._comparators.on(self._path, STOPPED):
            self.kept["waiting"] = [*waiting, [event.ns, made, event.value]]

    def _judge_parts(self, certain: int) -> None:
        """Tell of parts that were made while the machine stood, up to an instant of which that is certain."""
        while self.kept["waiting"] and self.kept["waiting"][0][0] <= certain:
            (ns, made, value), *self.kept["waiting"] = self.kept["waiting"]
            self.kept["judged"] = ns
            what = {"counted": f"{made:.6g}", **in_words("time", (ns - self.kept["stands"]) / 1e9)}
            self._say(STOPPED, ns, self._said(STOPPED, value, **what))

    def _say(self, key: str, ns: int, said: Said | None) -> None:
        if key in self._watch.points:
            self._comparators.say(self._path, key, ns, on=said is not None, said=said)

    def _said(self, key: str, value: float, **told: Any) -> Said:
        signal = self._watch.signal
        if "before" in told:
            told["before"] = f"{told['before'] + signal.offset:.12g}"
        told |= {"value": f"{value:.12g}", "unit": shown_unit(signal)}
        return Said(f"{SLUG}.{key}", f"{value:.12g}", {**names(signal), **told})


COUNTER: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="ISO 22400-2 (produced quantity must be countable): plausibility of cumulative counters",
    title=Title(en="Counter jumps", zh="计数异常"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda one, kept: lasting(one.points, kept),
    parameters=Counter,
)
"""See the module."""
