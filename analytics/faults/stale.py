"""Stale: nothing comes of a signal for longer than it may be silent, while its link is up.

    silence = newest instant up to which nothing came - newest sample, or what began later:
              a gap's end; where learned, the machine's producing

- Every sample counts, also one that says nothing, such as a Bad one: it came. While a source is down, `Seen.until`
  stands still, and a gap tells of it, so that is no silence of the signal: the source has an alert of its own.
- `after` says how long it may be silent, whatever the machine does; a signal that has never come is silent since the
  first `Seen.until`, which is there once its source has sent anything. Else that is learned: of a signal that comes
  regularly (nine of ten intervals are at most twice the median) five times the longest interval, of one that comes when
  it changes ten times; a minute at least. Learned silence is judged only while the machine produces, where its state
  is told; where it is not, a signal that comes when it changes is not judged, for nobody knows why nothing changes.
  Its baseline says so (`judges`). Where the state is told for certain only later, as by a counter, judging waits.
- The alert begins with the silence, not when it became too long, and ends with the next sample. `count` has no meaning.

What is carried of a signal: `last`, newest sample looked at, ns; `rules`, as `comparator` tells; and

    state     of the machine; null: not told yet           model   what was learned; null: not yet
    since     begin of the silence, ns; null: none
    lesson    as `lesson` tells, with the first `intervals` and the `largest` of all, ns; while it learns
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Iterator, Mapping
from copy import deepcopy
from statistics import median
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl

from analytics.faults.comparator import Comparators, Said, lasting
from analytics.faults.contract import Baseline, Carried, Detector, Found, Indicator, Seen, in_order, names, nanoseconds
from analytics.faults.durations import in_words
from analytics.faults.events import PRODUCING, Event, Number, Row, State, changes, in_turn, touched
from analytics.faults.lesson import Terms, begun, learned, over, part
from analytics.faults.silence import Gaps, by_signal, parted, silent
from analytics.faults.watched import Watched, watched
from collector.faultrules.values import Stale
from collector.park import Park, Title

SLUG: Final = "stale"
"""Name of the detector."""

KEY: Final = "stale"
"""Key of its one alarm."""

TEXTS: Final = {
    "stale.configured": Title(
        en="{name_en}: no value for more than {hold_en}, though the link is up",
        zh="{name_zh}：超过 {hold_zh}没有数据，但连接正常",
    ),
    "stale.learned": Title(
        en="{name_en}: no value for more than {hold_en}, though the link is up; usually one comes every {usual_en}",
        zh="{name_zh}：超过 {hold_zh}没有数据，但连接正常；平时每 {usual_zh}有一个值",
    ),
}
"""What its alerts say."""

_LEAST: Final = 60 * 10**9
_REGULAR: Final = 2
_TIMES, _TIMES_IRREGULAR = 5, 10
_INTERVALS: Final = 512
_MANY: Final = 8

Silence: TypeAlias = Watched[Stale]
"""What is watched on one signal."""

_FRESH: Final[Carried] = {"last": 0, "rules": {}, "state": None, "since": None, "model": None, "lesson": None}


def rules(park: Park) -> dict[str, Silence]:
    """Give the signals that ask for it."""
    return watched(park, SLUG, KEY, lambda faults: faults.stale)


def look(silences: Mapping[str, Silence], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, states and the time that passes, as `faults.contract` tells."""
    came, late = _came(silences, carried, seen)
    states, missing = changes(seen.states), by_signal(seen.gaps)
    comparators = Comparators({path: one.points for path, one in silences.items()}, carried)
    changed: dict[str, Carried] = {}
    baselines: list[Baseline] = []
    indicators: list[Indicator] = []
    for path in touched({path: one.machine for path, one in silences.items()}, came, states, seen.until):
        before, rows, until = carried.get(path, _FRESH), came.get(path, []), seen.until.get(path)
        work = _Work(silences[path], deepcopy(dict(before)), missing.get(path, []))
        told = states.get(silences[path].machine.path, ())
        telling = rows if told else work.telling(rows)
        for event in in_turn(told, telling, until, last=before["last"]):
            baselines += work.take(event, comparators)
        work.kept |= {"rules": comparators.changed.get(path, before["rules"])}
        if rows:
            work.kept["last"] = rows[-1][0]
        if work.kept != carried.get(path, _FRESH):
            changed[path] = work.kept
        indicators += work.indicators(until if until is not None else work.kept["last"], came=bool(rows))
    return Found(comparators.alerts, changed, late, indicators=tuple(indicators), baselines=tuple(baselines))


def _came(
    silences: Mapping[str, Silence], carried: Mapping[str, Carried], seen: Seen
) -> tuple[dict[str, list[Row]], int]:
    """Give when samples came, by signal, and how many came too late."""
    told = seen.samples.lazy().filter(pl.col("signal").is_in(list(silences))).select("signal", "time").collect()
    ordered, late = in_order(told, carried)
    times = ordered.group_by("signal", maintain_order=True).agg("ns")
    return {
        path: [(ns, 0.0, False) for ns in instants] for path, instants in times.select("signal", "ns").iter_rows()
    }, late


class _Work:
    """One signal in one look."""

    def __init__(self, silence: Silence, kept: dict[str, Any], gaps: Gaps) -> None:
        self._silence = silence
        self._path = silence.signal.path
        self._terms = Terms.of(silence.settings)
        self._settles = silence.settles
        self._after = None if silence.settings.after is None else nanoseconds(silence.settings.after)
        self._gaps = gaps
        self.kept = kept

    @property
    def _learns(self) -> bool:
        return self._after is None

    @property
    def _usable(self) -> bool:
        state: str | None = self.kept["state"]
        return not self._learns or not self._silence.stated or state == PRODUCING

    def telling(self, rows: list[Row]) -> list[Row]:
        """Leave out what comes soon enough after the one before and before the one after.

        The next one after such is `cut`: the silence before it is not seen, and was not too long.
        """
        hold = self._hold()
        if hold is None or len(rows) < _MANY:
            return rows
        late = np.diff(np.array([row[0] for row in rows])) > hold
        kept = np.ones(len(rows), dtype=bool)
        kept[1:-1] = late[:-1] | late[1:]
        after = np.concatenate(([False], ~kept[:-1]))
        return [(rows[place][0], 0.0, bool(after[place])) for place in np.flatnonzero(kept)]

    def take(self, event: Event, comparators: Comparators) -> Iterator[Baseline]:
        """Take an event in; give the baseline that it completed."""
        if not (isinstance(event, Number) and event.cut):
            self._judge(event.ns, comparators)
        if isinstance(event, State):
            was, self.kept["state"] = self._usable, event.state
            if not self._usable:
                self.kept["since"] = None
                comparators.turn(self._path, KEY, event.ns, on=False)
            elif not was:
                self.kept["since"] = event.ns
            if self._usable != was and self.kept["lesson"] is not None:
                self.kept["lesson"]["joined"] = False
        elif isinstance(event, Number):
            if not comparators.rests(self._path, KEY):
                comparators.turn(self._path, KEY, event.ns, on=False)
            if self._usable and self._learns and self.kept["model"] is None:
                yield from self._learn(event.ns)
            self.kept["since"] = event.ns if self._usable else None
        else:
            if not self._learns and self.kept["since"] is None:
                self.kept["since"] = event.ns
            comparators.pass_time(self._path, event.ns)

    def _judge(self, ns: int, comparators: Comparators) -> None:
        """Turn on where it was silent for too long before `ns`."""
        hold = self._hold()
        if hold is None or self.kept["since"] is None or comparators.on(self._path, KEY):
            return
        since = silent(self._gaps, self.kept["since"], ns, hold)
        if since is not None:
            said = self._said(hold)
            comparators.turn(self._path, KEY, since + hold, on=True, said=said, since=since)

    def _hold(self) -> int | None:
        """Give how long it may be silent, ns; None where that is not known."""
        if self._after is not None:
            return self._after
        model = self.kept["model"]
        return int(model["after"]) + self._settles if model is not None and model["judges"] else None

    def _learn(self, ns: int) -> Iterator[Baseline]:
        if self.kept["lesson"] is None:
            self.kept["lesson"] = {**begun(), "intervals": [], "largest": 0, "joined": False}
        lesson = self.kept["lesson"]
        if part(self._terms, lesson, ns):
            before = lesson["newest"]
            joined = before is not None and lesson["joined"] and not parted(self._gaps, before, ns)
            if joined:
                lesson["largest"] = max(lesson["largest"], ns - before)
                if len(lesson["intervals"]) < _INTERVALS:
                    lesson["intervals"].append(ns - before)
            learned(lesson, ns, joined=joined)
            lesson["joined"] = True
        if over(self._terms, lesson, ns):
            yield self._done()

    def _done(self) -> Baseline:
        lesson = self.kept["lesson"]
        ordered = sorted(lesson["intervals"])
        usual = median(ordered) if ordered else 0
        regular = bool(ordered) and ordered[len(ordered) * 9 // 10] <= _REGULAR * usual
        longest = (_TIMES if regular else _TIMES_IRREGULAR) * lesson["largest"]
        model = {
            "usual": int(usual),
            "largest": lesson["largest"],
            "after": max(_LEAST, longest),
            "judges": bool(ordered) and (regular or self._silence.stated),
        }
        self.kept |= {"model": model, "lesson": None}
        return Baseline(self._path, "", lesson["first"], lesson["newest"], lesson["rows"], model)

    def _said(self, hold: int) -> Said:
        told = {**names(self._silence.signal), **in_words("hold", hold / 1e9)}
        if not self._learns:
            return Said(f"{SLUG}.configured", "", told)
        usual = self.kept["model"]["usual"]
        return Said(f"{SLUG}.learned", "", {**told, **in_words("usual", usual / 1e9)})

    def indicators(self, ns: int, *, came: bool) -> Iterator[Indicator]:
        """Give for how long it has been silent, in seconds, when something came or half of the time is over."""
        hold, since = self._hold(), self.kept["since"]
        if hold is None or since is None:
            return
        lasts = max(0, ns - since)
        if came or lasts * 2 >= hold:
            yield Indicator(self._silence.machine.path, self._path, SLUG, ns, lasts / 1e9, hold / 1e9)


STALE: Final[Detector[Any]] = Detector(
    slug=SLUG,
    source="Missing-data test of WMO-No. 8, against the intervals of the signal itself",
    title=Title(en="No more values", zh="数据停止更新"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lambda one, kept: lasting(one.points, kept),
    parameters=Stale,
    learns=True,
)
"""See the module."""
