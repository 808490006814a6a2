r"""Trend: a value that creeps towards its limit, with the time that is left and how sure that is.

    limit ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─/─ ─ /        level   median of the last three steps
                                           / range/         left    running time until the fit meets the limit
                                          /     /           range   the same with the steepest and the flattest
    normal ··─··─·─··──·─·─···─··─·· ·· _/── /                      slope that are likely (99 %)
            learned ──────────────►│◄─ window ─►│

- Running time is what counts: it is parted into steps of window / `STEPS`; of each, the median of the means of its
  sixteenths is kept, which single values do not move. A step without values is none; nor is a pause, longer than three
  usual steps; nor is time in which the machine is known not to produce. Wear goes on with running.
- Normal is the median of the steps learned from; it strays by 1.4826 times their median absolute deviation, and at
  least by a hundredth of the way to the limit.
- The trend over a whole window and what is left by it are those of `faults.remaining`: up to 29 % of the steps may lie
  anywhere, so a start-up, a rest or a spike is no trend.
- A value that is at its limit already when normal is learned has reached it: a worn part is told, not learned.
- The alert begins when the level is further than `LEFT` deviations from normal, the trend towards the limit is
  `CERTAIN`, and what is left by it is at most `horizon`. It is graver when the level is at the limit. As damage does
  not heal, it lasts while the level is not back to within half of `LEFT`, also where the value rests for a while.

The learned limit is 1.6 times what was normal, or ten deviations above it where that is more (of a value that falls as
far below it): 1.6 (4 dB) is the ratio
of one grade of severity to the next in ISO 10816-1; two of them, 2.5, part its zones. Broadband values of bearings rise
late: of NASA's bearings that failed, half never came to 2.5 times.

What is carried of a signal:

    last     newest sample looked at, ns since 1970       step     length of a step, ns; with another, steps begin anew
    runs     whether the machine may be running           open     step that is open: number, means, [cell, sum, count]
    recent   steps of the window: [number, value]         grades   the alert, as `faults.grades` tells
    closed   number of the newest step that is closed     row      steps in a row that said something graver
    lesson   while it learns: used (running time, ns), rows, first (ns), values of steps, one of so many (`every`), how
             many were passed over since (`passed`), `late` where the declared time has taught nothing; null
    normal   what was learned: median, spread; null
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.faults.comparator import Point, Said
from analytics.faults.contract import Baseline, Carried, Detector, Found, Indicator, Seen, moment, names, nanoseconds
from analytics.faults.grades import GRAVE, Grade, Grades, lasting
from analytics.faults.limits import shown_unit
from analytics.faults.measured import measured
from analytics.faults.remaining import LEVEL, Floats, Ints, Left, Normal, level_of, remaining, running
from collector.equipmentstate import EquipmentState
from collector.faultrules.condition import Trend
from collector.park import Park, Signal, Title

SLUG: Final = "trend"
"""Name of the detector."""

KEY: Final = "limit"
"""Which of a signal's alerts it is: the only one."""

STEPS: Final = 48
"""Into so many steps the window is parted."""

CELLS: Final = 16
"""Into so many parts a step is parted, whose means its median is of."""

LEAST: Final = STEPS // 2
"""From so many steps at least normal is learned."""

CERTAIN: Final = 3.0
"""A trend is certain when by the flattest slope that is likely, what is left is at most so many times as long."""

LEFT: Final = 6.0
"""Further than so many deviations from normal, a value has left it."""

GRADE: Final = 1.6
"""Ratio of the learned limit to what is normal: one grade of severity of ISO 10816-1, 4 dB."""

FAR: Final = 10.0
"""So many deviations from normal the learned limit lies at least."""

MOST: Final = 512
"""So many steps are kept while it learns; of more, every second, fourth, …"""

FLOOR: Final = 0.01
"""Normal strays by such a part of the way to the limit at least."""

BACK: Final = 0.05
"""So far below the limit, as a part of the way to it, the level is no longer at it."""

TEXTS: Final = {
    "trend.rising": Title(
        en="{name_en}: {value}{unit} and rising (normal: {normal}{unit}); reaches its {kind_en} of {limit}{unit} after "
        "about {left_en} of running, between {soon_en} and {late_en}",
        zh="{name_zh}：{value}{unit}，持续上升（正常值 {normal}{unit}），预计再运行约 {left_zh}（{soon_zh} 至 "
        "{late_zh}）达到{kind_zh} {limit}{unit}",
    ),
    "trend.falling": Title(
        en="{name_en}: {value}{unit} and falling (normal: {normal}{unit}); reaches its {kind_en} of {limit}{unit} "
        "after about {left_en} of running, between {soon_en} and {late_en}",
        zh="{name_zh}：{value}{unit}，持续下降（正常值 {normal}{unit}），预计再运行约 {left_zh}（{soon_zh} 至 "
        "{late_zh}）达到{kind_zh} {limit}{unit}",
    ),
    "trend.reached": Title(
        en="{name_en}: {value}{unit} has reached its {kind_en} of {limit}{unit} (normal: {normal}{unit})",
        zh="{name_zh}：{value}{unit}，已达到{kind_zh} {limit}{unit}（正常值 {normal}{unit}）",
    ),
}
"""What its alerts say."""

CONSISTENT: Final = 1.4826
"""Median absolute deviation to standard deviation, of a normal distribution."""

NO_END: Final = Left(math.inf, math.inf, math.inf)
"""Of what has no trend towards the limit."""

_UNITS: Final = ((86_400 * 10**9, "d", "天"), (3600 * 10**9, "h", "小时"), (60 * 10**9, "min", "分钟"))

_BEFORE: Final[Carried] = {
    "last": 0,
    "step": 0,
    "runs": True,
    "open": None,
    "closed": None,
    "recent": [],
    "row": 0,
    "lesson": None,
    "normal": None,
    "grades": None,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """What is watched on one signal."""

    signal: Signal
    """Which."""

    trend: Trend
    """As configured."""

    @property
    def cell(self) -> int:
        """Length of a part of a step, ns."""
        return max(1, nanoseconds(self.trend.window) // (STEPS * CELLS))

    @property
    def step(self) -> int:
        """Length of a step, ns."""
        return self.cell * CELLS

    def normal(self, kept: Mapping[str, float]) -> Normal:
        """Give what was learned, with the limit."""
        median, spread, limit = kept["median"], kept["spread"], self.trend.limit
        sign = -1 if self.trend.falls else 1
        least = max(spread, abs(median) * FLOOR, FLOOR)
        if limit is None:
            grade = median / GRADE if self.trend.falls else median * GRADE
            limit = median + sign * max(sign * (grade - median), FAR * spread, least)
        elif sign * (limit - median) <= 0:  # it is there already, and was not normal when it was learned
            median = limit - sign * least
        return Normal(median, max(spread, abs(limit - median) * FLOOR), limit)

    @property
    def point(self) -> Point:
        """Its alarm."""
        return Point.of(self.trend, equipment=self.signal.equipment, subject=self.signal.path, detector=SLUG, key=KEY)


def rules(park: Park) -> dict[str, Rule]:
    """Give the signals whose trend is watched."""
    return {
        signal.path: Rule(signal, signal.faults.trend)
        for signal in park.signals.values()
        if signal.faults.trend is not None
    }


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    ordered, late = measured(seen.samples, watched, carried)
    runs = _Running.of(seen.states, watched)
    work = _Work(watched, carried, runs)
    for (path,), rows in ordered.group_by("signal", maintain_order=True):
        work.take(str(path), rows["ns"].to_numpy(), rows["value"].to_numpy())
    for path, ns in seen.until.items():
        if path in watched:
            work.pass_time(path, ns)
    work.remember()
    return Found(
        work.grades.alerts,
        work.kept(),
        late + work.late,
        indicators=tuple(work.indicators.values()),
        baselines=tuple(work.learned),
    )


class _Running(NamedTuple):
    """When machines began to run, and to rest."""

    changes: Mapping[str, tuple[Ints, NDArray[np.bool_]]]
    """By machine: when, ns, and whether it may be running since."""

    @classmethod
    def of(cls, states: pl.DataFrame, watched: Mapping[str, Rule]) -> "_Running":
        """Read changes of state."""
        machines = {rule.signal.equipment for rule in watched.values()}
        runs = pl.col("state").is_in([EquipmentState.PRODUCING.value, EquipmentState.UNKNOWN.value])
        known = states.filter(pl.col("equipment").is_in(list(machines))).sort("ns").with_columns(runs=runs)
        return cls(
            {
                str(machine): (rows["ns"].to_numpy(), rows["runs"].to_numpy())
                for (machine,), rows in known.group_by("equipment", maintain_order=True)
            }
        )

    def at(self, machine: str, ns: Ints, *, before: bool) -> NDArray[np.bool_]:
        """Tell whether a machine may be running at each instant; `before` says whether at first."""
        if machine not in self.changes:
            return np.full(len(ns), before)
        since, runs = self.changes[machine]
        return np.concatenate(([before], runs))[np.searchsorted(since, ns, "right")]


class _Work:
    """One look."""

    def __init__(self, watched: Mapping[str, Rule], carried: Mapping[str, Carried], runs: _Running) -> None:
        self._watched = watched
        self._before = carried
        self._runs = runs
        self._now: dict[str, dict[str, Any]] = {}
        self.grades = Grades({path: rule.point for path, rule in watched.items()}, carried)
        self.indicators: dict[str, Indicator] = {}
        self.learned: list[Baseline] = []
        self.late = 0

    def kept(self) -> dict[str, dict[str, Any]]:
        """Give what is to be carried of the signals of which it changed."""
        changed = {path: self._state(path) for path in self._now.keys() | self.grades.changed.keys()}
        return {path: {**one, "grades": self.grades.changed.get(path, one["grades"])} for path, one in changed.items()}

    def take(self, path: str, ns: Ints, value: Floats) -> None:
        """Take in the values of a signal."""
        rule, state = self._watched[path], self._state(path)
        state["last"] = int(ns[-1])
        on = self._runs.at(rule.signal.equipment, ns, before=state["runs"])
        cell, value = ns[on] // rule.cell, value[on]
        edges = np.concatenate((np.flatnonzero(np.diff(cell, prepend=-1)), [len(cell)]))
        for start, stop in pairwise(edges.tolist()):
            self._cell(path, int(cell[start]), value[start:stop])

    def pass_time(self, path: str, ns: int) -> None:
        """Let time go on to `ns`: a step that is over by then is closed."""
        one, state = self._watched[path], self._now.get(path, self._before.get(path, _BEFORE))
        if state["open"] is not None and state["step"] == one.step and state["open"]["number"] < ns // one.step:
            self._close(path)
        self.grades.pass_time(path, ns)

    def remember(self) -> None:
        """Remember which machines run at the end."""
        for path, rule in self._watched.items():
            if rule.signal.equipment in self._runs.changes:
                self._state(path)["runs"] = bool(self._runs.changes[rule.signal.equipment][1][-1])

    def _state(self, path: str) -> dict[str, Any]:
        """Give what is carried of a signal, to be changed; with steps of another length they begin anew."""
        if path not in self._now:
            before, step = self._before.get(path, _BEFORE), self._watched[path].step
            state = {**before, "step": step}
            if before["step"] != step:
                state |= {"open": None, "recent": [], "closed": None}
            self._now[path] = state
        return self._now[path]

    def _cell(self, path: str, cell: int, values: Floats) -> None:
        """Take in values of one part of a step."""
        state, number = self._state(path), cell // CELLS
        if state["open"] is not None and number > state["open"]["number"]:
            self._close(path)
        if state["closed"] is not None and number <= state["closed"]:
            self.late += len(values)
            return
        found = state["open"] or {"number": number, "rows": 0, "means": [], "cell": [cell, 0.0, 0]}
        newest, total, count = found["cell"]
        means = found["means"]
        if newest != cell:
            means, total, count = [*means, total / count], 0.0, 0
        total = float(
            np.cumsum(np.concatenate(([total], values)))[-1]
        )  # one after the other, so in any portions the same
        rows = found["rows"] + len(values)
        state["open"] = {"number": number, "rows": rows, "means": means, "cell": [cell, total, count + len(values)]}

    def _close(self, path: str) -> None:
        """Close a step: learn from it, or judge by it."""
        state = self._state(path)
        shut = state["open"]
        _, total, count = shut["cell"]
        value = float(np.median([*shut["means"], total / count]))
        state |= {
            "open": None,
            "closed": shut["number"],
            "recent": [*state["recent"], [shut["number"], value]][-STEPS:],
        }
        if state["normal"] is None:
            self._learn(path, shut["rows"], value)
        else:
            self._judge(path)

    def _learn(self, path: str, rows: int, value: float) -> None:
        rule, state = self._watched[path], self._state(path)
        numbers = [number for number, _ in state["recent"]]
        lesson = lesson_after(state["lesson"], rule, numbers, rows, value)
        if not _is_over(lesson, rule, numbers[-1]):
            state["lesson"] = lesson
            return
        values = np.array(lesson["values"])
        median = float(np.median(values))
        model = {"median": median, "spread": CONSISTENT * float(np.median(np.abs(values - median)))}
        end = (numbers[-1] + 1) * rule.step
        self.learned.append(Baseline(path, "", lesson["first"], end, lesson["rows"], model))
        state |= {"normal": model, "lesson": None, "recent": []}

    def _judge(self, path: str) -> None:
        rule, state = self._watched[path], self._state(path)
        if len(state["recent"]) < LEVEL:
            return
        numbers, value = (np.array(column) for column in zip(*state["recent"], strict=True))
        normal, level = rule.normal(state["normal"]), level_of(value)
        rest = NO_END
        if len(value) == STEPS and normal.away(level) > 0:
            time = running(numbers).astype(np.float64) * rule.step
            rest = remaining(normal, time, value)
        horizon = nanoseconds(rule.trend.horizon)
        before = self.grades.grade(path)
        grade = _grade(normal, level, rest, horizon, before)
        state["row"] = state["row"] + 1 if grade > before else 0
        if grade > before and state["row"] < rule.trend.count:
            grade = before
        end = (state["closed"] + 1) * rule.step
        self.grades.turn(path, end, grade, _said(rule, normal, level, rest, grade) if grade else None)
        self.indicators[path] = Indicator(rule.signal.equipment, path, SLUG, end, max(0.0, normal.gone(level)), 1.0)


def lesson_after(
    lesson: Mapping[str, Any] | None, rule: Rule, numbers: Sequence[int], rows: int, value: float
) -> dict[str, Any]:
    """Learn from one step more.

    Args:
        lesson: what was learned from so far; None: nothing.
        rule: whose.
        numbers: of the newest steps, this one last.
        rows: how many values the step was made of.
        value: its value.
    """
    start = numbers[-1] * rule.step
    told = lesson or {"used": 0, "rows": 0, "first": start, "values": [], "every": 1, "passed": 0}
    healthy = rule.trend.healthy
    if healthy is not None and moment(start) < healthy.start:
        return {**told}
    if healthy is not None and moment(start) >= healthy.end and "late" not in told:
        if len(told["values"]) * told["every"] >= LEAST:
            return {**told}
        told = {"used": 0, "rows": 0, "first": start, "values": [], "every": 1, "passed": 0, "late": True}
    if not told["rows"]:
        told = {**told, "first": start}
    ways = running(np.array(numbers, dtype=np.int64))
    used = told["used"] + (int(ways[-1] - ways[-2]) if told["values"] and len(ways) > 1 else 1) * rule.step
    values, every, passed = told["values"], told["every"], told["passed"] + 1
    if passed == every:
        values, passed = [*values, value], 0
        if len(values) == MOST:
            values, every = values[1::2], every * 2
    return {**told, "used": used, "rows": told["rows"] + rows, "values": values, "every": every, "passed": passed}


def _is_over(lesson: Mapping[str, Any], rule: Rule, number: int) -> bool:
    """Tell whether enough was learned by the end of a step."""
    if len(lesson["values"]) * lesson["every"] < LEAST:
        return False
    if rule.trend.healthy is not None and "late" not in lesson:
        return moment((number + 1) * rule.step) >= rule.trend.healthy.end
    return bool(lesson["used"] >= nanoseconds(rule.trend.learn))


def _grade(normal: Normal, level: float, rest: Left, horizon: int, before: Grade) -> Grade:
    """Give the grade of a level from which so much is left."""
    if normal.gone(level) >= (1 - BACK if before == GRAVE else 1):
        return GRAVE
    if before:
        return 1 if normal.away(level) > LEFT / 2 else 0
    near = rest.likely <= horizon and rest.late <= CERTAIN * rest.likely
    return 1 if near and normal.away(level) > LEFT else 0


def _said(rule: Rule, normal: Normal, level: float, rest: Left, grade: Grade) -> Said:
    learned = rule.trend.limit is None
    told = {
        **names(rule.signal),
        "value": f"{level:.3g}",
        "normal": f"{normal.median:.3g}",
        "limit": f"{normal.limit:.3g}",
        "unit": shown_unit(rule.signal),
        "kind_en": "learned limit" if learned else "limit",
        "kind_zh": "自学习限值" if learned else "限值",
    }
    if grade == GRAVE:
        return Said("trend.reached", f"{level:.12g}", told)
    for name, span in (("left", rest.likely), ("soon", rest.soon), ("late", rest.late)):
        told[f"{name}_en"], told[f"{name}_zh"] = span_in_words(span)
    return Said("trend.rising" if normal.rises else "trend.falling", f"{level:.12g}", told)


def span_in_words(ns: float) -> tuple[str, str]:
    """Say a span in English and in Chinese, to two digits or so; `inf` as more than can be told."""
    if ns == math.inf:
        return "an unknown time", "未知时间"
    for unit, english, chinese in _UNITS:
        if ns >= 2 * unit or unit == _UNITS[-1][0]:
            number = f"{ns / unit:.0f}"
            return f"{number} {english}", f"{number} {chinese}"
    raise AssertionError


TREND: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="ISO 13381-1 (prognosis: estimated time to failure, by trend extrapolation); slope of Theil and Sen",
    title=Title(en="Trend towards a limit", zh="趋势预警"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda rule, kept: lasting(rule.point, kept),
    parameters=Trend,
    learns=True,
)
"""See the module."""
