"""Seasonal: a value that is unusual for this hour of the week, in the factory's time.

    learn   of every hour that comes the mean and the variance of its values; of each hour of the week the last `KEPT`
    centre  median of an hour's means, drawn to that of its hour of the day as far as the days of the week do not
            differ by more than the weeks do (James, Stein 1961)
    spread  root of the variance within an hour and that of its means from week to week
    alert   `count` values in a row further from the centre than `limit` times the spread: `high` above, `low` below
    ends    with a value at half of that, or nearer

The week has 168 hours, by the clock on the wall. `learn` is time by the calendar, from the first value; only values
while the machine produces count, where its state is known, and at least `LEAST` hours. An hour of the week of which
nothing was seen is judged by its hour of the day; where that is not known either, it is not judged. What is normal is
not adapted afterwards. Operating modes are not told apart.

What is carried of a signal, beside that of `stretches` and `crossings`: `season`; while it learns, `first` and `last`,
ns since 1970, `rows`, `origin`, the first value, `now`, the hour that comes (its number since 1970 by the clock, how
many values, sum and sum of squares from the origin), and `hours`, by hour of the week mean from the origin and variance
of each; then `centre` and `spread` by hour of the week, null where they are not known.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from statistics import median
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from analytics.faults.columns import Floats, Ints, columns
from analytics.faults.comparator import Said, lasting
from analytics.faults.contract import Baseline, Carried, Detector, Found, Seen
from analytics.faults.crossings import Bounds, Crossings, parameters
from analytics.faults.stretches import Chart, Subject, Watch, charts, forget, parted
from collector.faultrules.charts import Seasonal
from collector.park import Park, Title

SLUG: Final = "seasonal"
"""Name of the detector."""

WEEK: Final = 168
"""Hours of a week."""

KEPT: Final = 4
"""Of each hour of the week so many are kept while it learns."""

LEAST: Final = 24
"""From so many hours something can be learned."""

TEXTS: Final = {
    "seasonal.high": Title(
        en="{name_en}: {value}{unit} is unusually high for this hour of the week, {moved}{unit} from {usual}{unit}, "
        "since {since}",
        zh="{name_zh}：{value}{unit}，高于每周此时段的正常值 {usual}{unit}（{moved}{unit}），始于 {since}",
    ),
    "seasonal.low": Title(
        en="{name_en}: {value}{unit} is unusually low for this hour of the week, {moved}{unit} from {usual}{unit}, "
        "since {since}",
        zh="{name_zh}：{value}{unit}，低于每周此时段的正常值 {usual}{unit}（{moved}{unit}），始于 {since}",
    ),
}
"""What its alerts say."""

Rule: TypeAlias = Chart[Seasonal]
"""What is watched on one signal."""

_BACK: Final = 0.5
_HOUR: Final = 3_600 * 10**9
_THURSDAY: Final = 72
_DAY: Final = 24
_SIDES: Final = (("high", 1.0), ("low", -1.0))


def rules(park: Park) -> dict[str, Rule]:
    """Give every signal that asks for it."""
    asked = {path: one.faults.seasonal for path, one in park.signals.items() if one.faults.seasonal is not None}
    watched = charts(park, SLUG, asked, [key for key, _ in _SIDES])
    return {path: replace(chart, mode=None) for path, chart in watched.items()}


def look(watched: Mapping[str, Rule], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells."""
    cols = columns(seen.samples)
    subjects, late = parted(watched, carried, seen, cols)
    now = Watch((), cols.ns, cols.value, {one.path: one.kept for one in subjects}, (), late)
    crossings = Crossings(watched, carried, now)
    baselines = []
    for one in subjects:
        rows = np.concatenate([np.arange(begin, end) for _, begin, end, _ in one.pieces] or [np.arange(0)])
        if len(rows):
            baselines += _subject(one, cols.ns[rows], cols.value[rows], crossings)
    return replace(crossings.found(seen), baselines=tuple(baselines))


def _subject(one: Subject, ns: Ints, value: Floats, crossings: Crossings) -> list[Baseline]:
    """Learn from values, or judge them."""
    season = crossings.had(one.path, "season", None)
    hours = _hours(ns, one.chart.zone)
    told: list[Baseline] = []
    if season is None or "centre" not in season:
        season, learned, baseline = _learn(one, season, ns, value, hours)
        crossings.carry(one.path, season=season)
        if baseline is None:
            return []
        told.append(baseline)
        ns, value, hours = ns[learned:], value[learned:], hours[learned:]
    _judge(one, season, ns, value, hours, crossings)
    return told


def _hours(ns: Ints, zone: ZoneInfo) -> Ints:
    """Give the number of the hour that the clock on the wall shows, since 1970."""
    instant = pl.Series(ns).cast(pl.Datetime("ns", "UTC")).dt.convert_time_zone(zone.key)
    local: Ints = instant.dt.replace_time_zone(None).dt.epoch("ns").to_numpy()
    return local // _HOUR


def _of_week(hours: Ints) -> Ints:
    """Give the hour of the week, 0 from Monday's midnight."""
    return (hours + _THURSDAY) % WEEK


def _learn(
    one: Subject, season: Carried | None, ns: Ints, value: Floats, hours: Ints
) -> tuple[dict[str, Any], int, Baseline | None]:
    """Learn hour by hour: what is carried then, how many values were learned from, and what was learned."""
    state: dict[str, Any] = dict(season or {"first": None, "last": 0, "rows": 0, "now": None, "hours": {}})
    row = 0
    if state["first"] is None:
        row = _begin(state, one, ns, value)
    while row < len(ns):
        end = int(np.searchsorted(hours[row:], hours[row], "right")) + row
        if _known(state, int(hours[row])) >= LEAST:
            over = int(np.searchsorted(ns, state["first"] + one.chart.terms.span))
            if row >= over:
                return _finished(one, state, row)
            end = min(end, over)
        _add(state, int(hours[row]), value[row:end])
        state["last"] = int(ns[end - 1])
        row = end
    return state, row, None


def _begin(state: dict[str, Any], one: Subject, ns: Ints, value: Floats) -> int:
    """Begin with the first value, or with the first of the declared time; tell which row that is."""
    start, span = one.chart.terms.start, one.chart.terms.span
    row = 0 if start is None else int(np.searchsorted(ns, start))
    if row < len(ns):
        declared = start is not None and ns[row] < start + span
        state |= {"first": start if declared else int(ns[row]), "origin": float(value[row])}
    return row


def _known(state: Mapping[str, Any], hour: int) -> int:
    """Tell how many hours are known before an hour."""
    over = state["now"] is not None and state["now"][0] != hour
    return sum(len(visits) for visits in state["hours"].values()) + over


def _add(state: dict[str, Any], hour: int, value: Floats) -> None:
    """Take values of one hour; the hour before is closed."""
    if state["now"] is not None and state["now"][0] != hour:
        _close(state)
    _, number, total, squares = state["now"] or (hour, 0, 0.0, 0.0)
    away = value - state["origin"]
    total = float(np.cumsum(np.concatenate(([total], away)))[-1])
    squares = float(np.cumsum(np.concatenate(([squares], away * away)))[-1])
    state["now"] = [hour, number + len(value), total, squares]
    state["rows"] += len(value)


def _close(state: dict[str, Any]) -> None:
    """Keep what is known of the hour that is over."""
    hour, number, total, squares = state["now"]
    mean = total / number
    variance = max(0.0, squares / number - mean * mean)
    key = str((hour + _THURSDAY) % WEEK)
    visits = [*state["hours"].get(key, ()), [_short(mean), _short(variance)]]
    state["hours"] = {**state["hours"], key: visits[-KEPT:]}
    state["now"] = None


def _short(number: float) -> float:
    """Give seven digits, which are enough and keep what is carried small."""
    return float(f"{number:.7g}")


def _finished(one: Subject, state: dict[str, Any], rows: int) -> tuple[dict[str, Any], int, Baseline | None]:
    """Give what was learned."""
    if state["now"] is not None:
        _close(state)
    model = _model({int(hour): visits for hour, visits in state["hours"].items()}, state["origin"])
    return model, rows, Baseline(one.path, "", state["first"], state["last"], state["rows"], model)


def _model(hours: Mapping[int, list[list[float]]], origin: float) -> dict[str, Any]:
    """Give centre and spread by hour of the week."""
    medians = {hour: median(mean for mean, _ in visits) for hour, visits in hours.items()}
    by_day = {
        of_day: median(mean for hour, visits in hours.items() if hour % _DAY == of_day for mean, _ in visits)
        for of_day in {hour % _DAY for hour in hours}
    }
    within = median(variance for visits in hours.values() for _, variance in visits)
    weeks = _weeks(hours)
    days = max(0.0, median((medians[hour] - by_day[hour % _DAY]) ** 2 for hour in hours))
    centre: list[float | None] = [None] * WEEK
    spread: list[float | None] = [None] * WEEK
    for hour in range(WEEK):
        day, visits = by_day.get(hour % _DAY), hours.get(hour, [])
        if day is None:
            continue
        number = len(visits)
        own = days + weeks > 0 and number > 0
        weight = 1.0 if days > 0 and weeks == 0 else (days / (days + weeks / number) if own else 0.0)
        inside = (sum(variance for _, variance in visits) + within) / (number + 1)
        centre[hour] = origin + day + weight * (medians.get(hour, day) - day)
        spread[hour] = math.sqrt(inside + weeks * (1 + 1 / max(1, number)) + (0.0 if number else days))
    return {"centre": centre, "spread": spread}


def _weeks(hours: Mapping[int, list[list[float]]]) -> float:
    """Give the variance of an hour's means from week to week: median over hours, as chi-squared has it."""
    some = []
    for visits in hours.values():
        free = len(visits) - 1
        if free > 0:
            mean = sum(one for one, _ in visits) / len(visits)
            some.append(sum((one - mean) ** 2 for one, _ in visits) / free / (1 - 2 / (9 * free)) ** 3)
    return median(some) if some else 0.0


def _judge(one: Subject, season: Carried, ns: Ints, value: Floats, hours: Ints, crossings: Crossings) -> None:
    """Turn what turns."""
    place = _of_week(hours)
    usual = np.array(season["centre"], dtype=np.float64)[place]
    spread = np.array(season["spread"], dtype=np.float64)[place]
    known = spread > 0
    if not known.any():
        return
    ns, value, usual, spread = ns[known], value[known], usual[known], spread[known]
    limit = one.chart.settings.limit
    scores: Floats = (value - usual) / spread
    crossings.indicate(one.path, SLUG, int(ns[-1]), abs(float(scores[-1])), limit)
    if np.abs(scores).max() <= limit and not crossings.restless(one.path):
        return
    for key, sign in _SIDES:
        said = _said(one.chart, value, usual, key)
        crossings.cross(one.path, key, ns, sign * scores, Bounds(limit, limit * _BACK, limit), said)


def _said(chart: Rule, value: Floats, usual: Floats, key: str) -> Callable[[int, int], Said]:
    def said(row: int, since: int) -> Said:
        told = parameters(chart, float(value[row]), float(usual[row]), since)
        return Said(f"seasonal.{key}", f"{float(value[row]):.12g}", told)

    return said


SEASONAL: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Hour-of-week baseline, after Iglewicz, Hoaglin 1993; shrinkage: James, Stein 1961",
    title=Title(en="Unusual for the hour of the week", zh="每周时段异常"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda chart, kept: lasting(chart.points, kept),
    parameters=Seasonal,
    learns=True,
    forget=forget,
)
"""See the module."""
