"""Multivariate: signals of a machine that no longer move together as they did, as `pca` tells.

    samples ─► `aligned` rows, while the machine produces, by operating mode ─┬─► learning, until enough was learned
                                                                              └─► watching, which learns on

- Where the state of a machine is known, rows count only while it produces; when it stops, the alarm goes off. After a
  stop, in another mode, and after a gap or a Bad sample of a signal, averages begin anew: what has changed meanwhile is
  no change. A state or mode holds from its instant on, for the rows that are made with it or later.
- Where the machine has a signal of role `mode`, every mode has a baseline of its own. At most `MODES` are kept; the one
  entered longest ago goes.
- It learns from `learn` of usable time, or from a declared healthy time that is still to come or being looked at, and
  from `MOST` values at most: since it learns on while it watches, more would only make it wait.
- An alert begins with the row that makes it certain. No row before it would have been one.

What is carried of a machine, beside what `aligned` carries:

    rules    as `comparator` tells               changes  of state or mode that no row has come to yet: ns, which, what
    state    of the machine; null: not known     open     mode of the newest row; null after a stop
    mode     in force                            modes    by mode, while it learns and afterwards:

        lesson    first, newest: of its rows, ns; step: between the last two, ns; rows; used: usable time, ns;
                  anew: whether the healthy time is past; table: the rows, 64-bit floats, hexadecimal;
                  breaks: rows before which something may be missing
        model     `pca.Model` as JSON text       known    `pca.State`        entered   ns since 1970
        signals   paths; period: ns; variance: as the settings have it; with others it is learned anew
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from adapters.sample import is_good
from analytics.alerts import Contribution
from analytics.faults.aligned import Aligned, align, samples_of
from analytics.faults.comparator import Comparators, Point, Said, lasting
from analytics.faults.contract import (
    Baseline,
    Carried,
    Detector,
    Found,
    Indicator,
    Seen,
    nanoseconds,
    shares,
)
from analytics.faults.lesson import Terms
from analytics.faults.pca import Model, Scores, Settings, State, advance, learn
from collector.equipmentstate import EquipmentState
from collector.faultrules.machine import Multivariate
from collector.park import Equipment, Park, Signal, SignalRole, Title

SLUG: Final = "multivariate"
"""Name of the detector."""

KEY: Final = "together"
"""Key of its one alarm."""

TEXTS: Final = {
    "multivariate.moved": Title(
        en="{name_en}: signals no longer behave together as they did: {signals_en}",
        zh="{name_zh}：信号之间的关系偏离正常：{signals_zh}",
    )
}
"""What its alerts say."""

MODES: Final = 32
"""Of so many modes of one machine is what was learned kept."""

MOST: Final = 2**16
"""It learns from no more values, signals times rows."""

_NEVER: Final = -(2**62)

_GAP: Final = 8
"""A step longer than this part of the time to learn from is none, if it is much longer than the one before it."""

_MUCH: Final = 4
"""So many times as long is much longer."""

_USUAL: Final = frozenset({SignalRole.MEASUREMENT, SignalRole.POWER, SignalRole.CYCLE_TIME})
_NUMBERS: Final = frozenset({"float", "int"})


@dataclass(frozen=True, slots=True)
class Machine:
    """What is watched of one machine."""

    equipment: Equipment
    """Which."""

    signals: Mapping[str, Signal]
    """Its signals that are looked at together, by path."""

    mode: str | None
    """Path of the signal that says the operating mode; None: there is none."""

    settings: Multivariate
    """What was asked for."""

    point: Point
    """Its alarm."""

    @property
    def points(self) -> dict[str, Point]:
        """The alarm by its key."""
        return {self.point.key: self.point}


def rules(park: Park) -> dict[str, Machine]:
    """Give the machines that ask for it and have two signals or more."""
    found: dict[str, Machine] = {}
    for path, equipment in park.equipment.items():
        settings = equipment.faults.multivariate
        if settings is None:
            continue
        signals = {
            signal.path: signal
            for signal in equipment.signals
            if signal.type in _NUMBERS
            and (signal.name in settings.signals if settings.signals else signal.role in _USUAL)
        }
        if len(signals) > 1:
            mode = equipment.of_role(SignalRole.MODE)
            point = Point.of(settings, equipment=path, subject=path, detector=SLUG, key=KEY)
            found[path] = Machine(equipment, signals, None if mode is None else mode.path, settings, point)
    return found


def forget(carried: Carried) -> Carried:
    """Give what stays of what is carried of a machine that is to learn again, as `faults.contract` tells."""
    return {**carried, "rules": {}, "open": None, "modes": {}}


def needed(_: str, machine: Machine) -> tuple[str, ...]:
    """Give the signals that are needed for a machine."""
    return (*machine.signals, *(() if machine.mode is None else (machine.mode,)))


def look(machines: Mapping[str, Machine], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples and states, as `faults.contract` tells."""
    came = samples_of(seen.samples, [signal for machine in machines.values() for signal in machine.signals])
    modes = _modes(seen.samples, {machine.mode for machine in machines.values() if machine.mode is not None})
    comparators = Comparators({path: machine.points for path, machine in machines.items()}, carried)
    works: dict[str, _Work] = {}
    told = _states(seen.states)
    for path, machine in machines.items():
        if _touched(machine, came, modes, told, seen):
            works[path] = _Work(machine, carried.get(path))
            works[path].look(came, modes, told.get(path, ()), seen, comparators)
    kept: dict[str, dict[str, Any]] = {}
    for path, work in works.items():
        before = carried.get(path, _FRESH)
        now = {**work.kept, "rules": comparators.changed.get(path, before["rules"])}
        if now != before:
            kept[path] = now
    return Found(
        comparators.alerts,
        kept,
        sum(work.late for work in works.values()),
        indicators=tuple(one for work in works.values() for one in work.indicators),
        baselines=tuple(one for work in works.values() for one in work.baselines),
    )


_FRESH: Final[Carried] = {
    "done": None,
    "heads": {},
    "held": {},
    "waiting": {},
    "rules": {},
    "changes": [],
    "state": None,
    "mode": "",
    "open": None,
    "modes": {},
}


def _touched(
    machine: Machine, came: Mapping[str, Any], modes: Mapping[str, Any], told: Mapping[str, Any], seen: Seen
) -> bool:
    return (
        machine.equipment.path in told
        or machine.mode in modes
        or any(path in came or path in seen.until for path in machine.signals)
    )


def _states(states: pl.DataFrame) -> dict[str, list[tuple[int, str]]]:
    told: dict[str, list[tuple[int, str]]] = {}
    for machine, ns, state in states.iter_rows():
        told.setdefault(machine, []).append((ns, state))
    return told


def _modes(samples: pl.DataFrame, paths: set[str]) -> dict[str, list[tuple[int, str]]]:
    """Give what mode signals said, by signal: since when, and which."""
    if not paths:
        return {}
    said = pl.coalesce("text", *(pl.col(name).cast(pl.String) for name in ("int", "bool", "float")))
    rows = samples.filter(pl.col("signal").is_in(list(paths)) & is_good(pl.col("status"))).select(
        pl.col("signal").cast(pl.String), pl.col("time").dt.cast_time_unit("ns").dt.epoch("ns").alias("ns"), said
    )
    told: dict[str, list[tuple[int, str]]] = {}
    for path, ns, mode in rows.sort("ns", maintain_order=True).iter_rows():
        if mode is not None:
            told.setdefault(path, []).append((ns, mode))
    return told


class _Work:
    """One machine in one look."""

    def __init__(self, machine: Machine, carried: Carried | None) -> None:
        self._machine = machine
        self._path = machine.equipment.path
        self._terms = Terms.of(machine.settings)
        self._settings = _settings(machine.settings)
        self.kept: dict[str, Any] = dict(_FRESH if carried is None else carried)
        self.baselines: list[Baseline] = []
        self.indicators: list[Indicator] = []
        self.late = 0

    def look(
        self,
        came: Mapping[str, Any],
        modes: Mapping[str, Sequence[tuple[int, str]]],
        states: Sequence[tuple[int, str]],
        seen: Seen,
        comparators: Comparators,
    ) -> None:
        """Make the rows that are complete, and take them in piece by piece."""
        machine, kept = self._machine, self.kept
        known = kept["heads"].get(machine.mode, [_NEVER])[0]
        heard = modes.get(machine.mode or "", ())
        said = [(ns, mode) for ns, mode in heard if ns >= known]
        if machine.mode is not None and said:
            came = {**came, machine.mode: (np.array([ns for ns, _ in said], dtype=np.int64), np.empty(0))}
        others = () if machine.mode is None else (machine.mode,)
        period = nanoseconds(machine.settings.period)
        rows = align(list(machine.signals), period, kept, came, seen, others)
        done = _NEVER if kept["done"] is None else kept["done"]
        kept.update(rows.carried)
        self.late = rows.late + len(heard) - len(said)
        changes = [
            *kept["changes"],
            *([ns, "state", state] for ns, state in states),
            *([ns, "mode", mode] for ns, mode in said),
        ]
        changes.sort(key=lambda change: change[0])
        kept["changes"] = [change for change in changes if change[0] > rows.complete]
        begin = 0
        for ns, name, now in changes[: len(changes) - len(kept["changes"])]:
            end = int(np.searchsorted(rows.ns, ns))
            self._piece(rows.of(begin, end), comparators)
            begin = max(begin, end)
            self._change(name, now, max(ns, done), comparators)
        self._piece(rows.of(begin, len(rows.ns)), comparators)
        if rows.complete >= done:
            comparators.pass_time(self._path, rows.complete)

    @property
    def _usable(self) -> bool:
        return self.kept["state"] in {None, EquipmentState.PRODUCING, EquipmentState.UNKNOWN}

    def _change(self, name: str, now: str, ns: int, comparators: Comparators) -> None:
        if self.kept[name] == now:
            return
        self.kept[name] = now
        if not self._usable or name == "mode":
            self.kept["open"] = None
            comparators.turn(self._path, KEY, ns, on=False)

    def _piece(self, rows: Aligned, comparators: Comparators) -> None:
        """Take in rows of one state and mode."""
        if not len(rows.ns) or not self._usable:
            return
        mode = self.kept["mode"]
        joined = self.kept["open"] == mode
        self.kept["open"] = mode
        entry = dict(self.kept["modes"].get(mode, {}))
        of = {
            "signals": list(self._machine.signals),
            "period": nanoseconds(self._machine.settings.period),
            "variance": self._settings.variance,
        }
        if any(entry.get(name) != value for name, value in of.items()):
            if entry:
                comparators.turn(self._path, KEY, int(rows.ns[0]), on=False)
            entry = of
        after = 0
        if "model" not in entry:
            after = self._learn(entry, rows, mode, joined=joined)
            joined = joined or after > 0
        if "model" in entry and after < len(rows.ns):
            self._watch(entry, rows.of(after, len(rows.ns)), comparators, joined=joined)
        self._keep(mode, entry)

    def _keep(self, mode: str, entry: dict[str, Any]) -> None:
        """Keep what is known of a mode; that of the mode entered longest ago goes when there are too many."""
        known = {**self.kept["modes"], mode: entry}
        while len(known) > MODES:
            del known[min(known, key=lambda name: (known[name]["entered"], name))]
        self.kept["modes"] = known

    def _learn(self, entry: dict[str, Any], rows: Aligned, mode: str, *, joined: bool) -> int:
        """Learn from rows until it is enough; give how many of them were taken in."""
        lesson = entry.get("lesson") or _begun()
        lesson = {**lesson, "breaks": list(lesson["breaks"])}
        some: list[int] = []
        taken = len(rows.ns)
        for row, ns in enumerate(rows.ns.tolist()):
            self._begin_anew(lesson, some, ns)
            if self._is_over(lesson, ns, len(some)):
                taken = row
                break
            if not self._is_part(lesson, ns):
                continue
            step = ns - lesson["newest"] if lesson["newest"] is not None else 0
            usual = max(self._terms.span // _GAP, _MUCH * lesson["step"])
            if (row > 0 or joined) and step <= usual and not rows.fresh[row].any():
                lesson["used"] += step
            else:
                lesson["breaks"].append(lesson["rows"] + len(some))
            lesson["first"] = ns if lesson["first"] is None else lesson["first"]
            lesson["newest"] = ns
            lesson["step"] = step
            some.append(row)
        if some:
            lesson["table"] += np.ascontiguousarray(rows.values[some]).tobytes().hex()
            lesson["rows"] += len(some)
        entry.update(lesson=lesson, entered=int(rows.ns[-1]))
        if taken < len(rows.ns) or self._is_over(lesson, int(rows.ns[-1]) + 1, 0):
            self._learned(entry, mode)
        return taken

    def _is_part(self, lesson: Mapping[str, Any], ns: int) -> bool:
        """Tell whether a row is one to learn from."""
        terms = self._terms
        return terms.start is None or terms.end is None or lesson["anew"] or terms.start <= ns < terms.end

    def _begin_anew(self, lesson: dict[str, Any], some: list[int], ns: int) -> None:
        """Learn from what comes, where the healthy time is past and nothing could be learned from it."""
        end = self._terms.end
        if end is not None and not lesson["anew"] and ns >= end and lesson["rows"] + len(some) < self._settings.fewest:
            some.clear()
            lesson.update(_begun(), anew=True)

    def _is_over(self, lesson: Mapping[str, Any], ns: int, more: int) -> bool:
        """Tell whether what was learned, and so many rows more, is enough before a row at `ns`."""
        rows = lesson["rows"] + more
        if rows < self._settings.fewest:
            return False
        if rows * len(self._machine.signals) >= MOST:
            return True
        if self._terms.end is not None and not lesson["anew"]:
            return ns >= self._terms.end
        return int(lesson["used"]) >= self._terms.span

    def _learned(self, entry: dict[str, Any], mode: str) -> None:
        lesson = entry.pop("lesson")
        m = len(self._machine.signals)
        table = np.frombuffer(bytes.fromhex(lesson["table"]), dtype=np.float64).reshape(-1, m)
        model, state = learn(table, list(self._machine.signals), self._settings, lesson["breaks"])
        told = model.to_json()
        entry.update(model=orjson.dumps(told).decode(), known=state.to_json())
        self.baselines.append(
            Baseline(self._path, mode, lesson["first"], lesson["newest"], lesson["rows"], {**told, **entry["known"]})
        )

    def _watch(self, entry: dict[str, Any], rows: Aligned, comparators: Comparators, *, joined: bool) -> None:
        """Watch rows."""
        model = _model(entry["model"])
        state = State.from_json(entry["known"])
        if not joined:
            state = replace(state, beyond=0, on=False)
        fresh = rows.fresh.copy()
        fresh[0] |= not joined
        starts = np.union1d([0], np.flatnonzero(fresh.any(axis=1))).tolist()
        for first, end in zip(starts, [*starts[1:], len(rows.ns)], strict=True):
            was_on = state.on
            state, scores = advance(model, state, rows.values[first:end], fresh[first])
            self._turn(model, rows.of(first, end), scores, comparators, was_on=was_on)
            newest = int(rows.ns[end - 1])
            indicator = Indicator(
                self._path,
                self._path,
                "evidence",
                newest,
                float(scores.evidence[-1]),
                float(scores.limit[-1]),
            )
            self.indicators[:] = [indicator]
        entry.update(known=state.to_json(), entered=int(rows.ns[-1]))

    def _turn(self, model: Model, rows: Aligned, scores: Scores, comparators: Comparators, *, was_on: bool) -> None:
        """Turn the comparator where the alarm goes on or off."""
        on = np.concatenate([[was_on], scores.on])
        for row in np.flatnonzero(on[1:] != on[:-1]).tolist():
            ns = int(rows.ns[row])
            said = self._said(model, scores, row) if scores.on[row] else None
            comparators.turn(self._path, KEY, ns, on=bool(scores.on[row]), said=said)

    def _said(self, model: Model, scores: Scores, row: int) -> Said:
        told = sorted(zip(model.names, scores.began[row].tolist(), strict=True), key=lambda one: -one[1])
        contributions = tuple(Contribution(path, share) for path, share in told if share > 0)
        title = self._machine.equipment.title
        names = {
            "name_en": title.en or self._machine.equipment.id,
            "name_zh": title.zh or self._machine.equipment.id,
        }
        parameters = {**names, **shares(contributions, self._machine.signals)}
        return Said("multivariate.moved", f"{scores.evidence[row]:.3g}", parameters, contributions)


def _begun() -> dict[str, Any]:
    return {"first": None, "newest": None, "step": 0, "rows": 0, "used": 0, "anew": False, "table": "", "breaks": []}


def _settings(settings: Multivariate) -> Settings:
    usual = Settings()
    return replace(usual, variance=settings.variance, in_a_row=max(usual.in_a_row, settings.count))


@lru_cache(maxsize=1024)
def _model(text: str) -> Model:
    return Model.from_json(orjson.loads(text))


MULTIVARIATE: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Jackson, Mudholkar 1979; Hotelling 1947; moving averages of several signals: Lowry and others 1992",
    title=Title(en="Signals apart", zh="多变量异常"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda machine, kept: lasting(machine.points, kept),
    signals=needed,
    parameters=Multivariate,
    learns=True,
    forget=forget,
)
"""See the module."""
