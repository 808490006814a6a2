r"""Crossings: from what a chart computes of every value to the alerts that come of it.

            limit ─ ─ ─ ─ ─ ─ ─ ─/──\─ ─ ─ ─
             back ─ ─ ─ ─ ─ ─ ─/─ ─ ─ ─\─ ─
                          ____/         \___
    comparator             off    on     off

A comparator turns on with the last of `count` values in a row beyond the limit, and off with the first that has come
back; values between change nothing. Its alert began with the first value beyond `onset` that none at or inside it has
followed: that is when the shift began, as far as it can be seen, and from then on `on_delay` counts.

What a chart carries of a signal, below `sides` by alarm: how many values in a row are beyond, and since when the values
are beyond the onset, ns since 1970; only sides that have something to carry. Alerts are carried below `rules`, as
`comparator` tells.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from analytics.faults.columns import Flags, Floats, Ints
from analytics.faults.comparator import Comparators, Said
from analytics.faults.contract import Carried, Found, Indicator, Seen, moment, names
from analytics.faults.limits import shown_unit
from analytics.faults.stretches import Chart, Watch

Side: TypeAlias = tuple[int, int | None]
"""How many values in a row are beyond the limit, and since when they are beyond the onset, ns; None: they are not."""

QUIET: Side = (0, None)
"""A side of which there is nothing to carry."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From where on a score is one that turns."""

    limit: float
    """Beyond this it is on."""

    back: float
    """At this, or below it, it is off."""

    onset: float
    """At this, or below it, nothing has begun."""


class Crossings:
    """One look of a chart: its comparators, and what it carries."""

    def __init__(self, watched: Mapping[str, Chart[Any]], carried: Mapping[str, Carried], now: Watch) -> None:
        """Begin a look at `now`."""
        self._watched, self._before, self._now = watched, carried, now
        self.comparators = Comparators({path: one.points for path, one in watched.items()}, carried)
        self._kept = now.carried
        self._indicators: dict[tuple[str, str], Indicator] = {}
        self._restless = {path for path, kept in carried.items() if "rules" in kept or _running(kept)}

    def restless(self, path: str) -> bool:
        """Tell whether a signal has anything that may turn without a value beyond its limit."""
        return path in self._restless or path in self.comparators.changed

    def stirred(self) -> Flags:
        """Tell by stretch whether it may have to be looked at without a value beyond a limit.

        Its signal carries something of its sides, has alerts, or may have got one in a stretch before this one.
        """
        restless, kept, subjects = self._restless, self._kept, [one.subject for one in self._now.stretches]
        some = [
            path in restless or path == before or "sides" in kept[path]
            for before, path in zip(["", *subjects], subjects, strict=False)
        ]
        return np.array(some, dtype=bool)

    def had(self, path: str, name: str, default: Any) -> Any:
        """Give what the chart carries of a signal by name."""
        kept = self._kept.get(path)
        return (self._before.get(path, {}) if kept is None else kept).get(name, default)

    def carry(self, path: str, **own: Any) -> None:
        """Set what the chart itself carries of a signal; other names stay."""
        self._own(path).update(own)

    def carry_all(self, name: str, values: Iterable[Any]) -> None:
        """Set by stretch something that the chart carries of its signal; the last of a signal's stretches holds."""
        for one, value in zip(self._now.stretches, values, strict=True):
            self._kept[one.subject][name] = value

    def _own(self, path: str) -> dict[str, Any]:
        if path not in self._kept:
            self._kept[path] = dict(self._before.get(path, {}))
        return self._kept[path]

    def indicate(self, path: str, name: str, at: int, value: float, limit: float) -> None:
        """Tell the newest of a number."""
        self._indicators[path, name] = Indicator(self._watched[path].machine, path, name, at, value, limit)

    def indicate_all(self, name: str, values: Floats, limits: Floats) -> None:
        """Tell the newest of a number of every stretch; no limit, no number."""
        rows = zip(self._now.stretches, self._now.newest.tolist(), values.tolist(), limits.tolist(), strict=True)
        told, watched = self._indicators, self._watched
        for (path, *_), at, value, limit in rows:
            if limit > 0:
                told[path, name] = Indicator(watched[path].machine, path, name, at, value, limit)

    def side(self, path: str, key: str) -> Side:
        """Give what is carried of a side."""
        run, since = self.had(path, "sides", {}).get(key, QUIET)
        return run, since

    def cross(
        self,
        path: str,
        key: str,
        ns: Ints,
        score: Floats,
        bounds: Bounds,
        said: Callable[[int, int], Said],
        every: int = 1,
        began: Callable[[int], int] | None = None,
    ) -> None:
        """Turn the comparator of one side of one signal, value by value.

        Args:
            path: of the signal.
            key: of the alarm.
            ns: instants of the values.
            score: of the values, growing away from normal.
            bounds: where it turns.
            said: gives what the alert says, from the row that turned it on and since when it is so.
            every: of so many values each score is.
            began: tells since when it is so, by the row that turned it on; None: since the first value beyond the
                onset.
        """
        run, since = self.side(path, key)
        runs = run_lengths(score > bounds.limit, run)
        self.comparators.pass_time(path, int(ns[0]), key)
        begins = _begins(score <= bounds.onset, ns, since)
        count = -(-self._watched[path].settings.count // every)
        full, back = np.flatnonzero(runs >= count), np.flatnonzero(score <= bounds.back)
        row, on = 0, self.comparators.on(path, key)
        while (at := _next(back if on else full, row)) is not None:
            if on:
                self.comparators.turn(path, key, int(ns[at]), on=False)
            else:
                since = int(begins[at]) if began is None else began(at)
                self.comparators.pass_time(path, int(ns[at]), key)
                self.comparators.turn(path, key, since, on=True, said=said(at, since))
                self.comparators.pass_time(path, int(ns[at]), key)
            row, on = at + 1, not on
        last = len(ns) - 1
        self.settle(path, key, (int(runs[last]), None if begins[last] < 0 else int(begins[last])))

    def settle(self, path: str, key: str, side: Side) -> None:
        """Set what is carried of a side."""
        if self.side(path, key) == side:
            return
        sides = dict(self.had(path, "sides", {}))
        sides.pop(key, None)
        if side != QUIET:
            sides[key] = list(side)
        self._set(path, "sides", dict(sorted(sides.items())))
        if side[0]:
            self._restless.add(path)

    def pass_by(self, path: str, key: str, ns: Ints, score: Floats, onset: float) -> None:
        """Carry since when values are beyond the onset, of a side that nothing turns: no value is beyond its limit."""
        since = None
        if score[-1] > onset:
            inside = np.flatnonzero(score <= onset)
            since = self.side(path, key)[1] if not len(inside) else int(ns[inside[-1] + 1])
            since = int(ns[0]) if since is None else since
        self.settle(path, key, (0, since))

    def anew(self, path: str) -> None:
        """Forget what is carried of the sides of a signal: it begins anew. Alerts that last go on."""
        self._set(path, "sides", {})

    def _set(self, path: str, name: str, own: Mapping[str, Any]) -> None:
        """Set something that is not carried while it is empty."""
        kept = self._own(path)
        if own:
            kept[name] = own
        else:
            kept.pop(name, None)

    def found(self, seen: Seen) -> Found:
        """Give what was found, after time has passed: to the newest values, and to where nothing further came."""
        for path, kept in self._kept.items():
            if self.restless(path):
                self.comparators.pass_time(path, kept["last"])
        for path, ns in seen.until.items():
            if path in self._watched and self.restless(path):
                self.comparators.pass_time(path, ns)
        for path, rules in self.comparators.changed.items():
            if path in self._watched:
                self._set(path, "rules", rules)
        indicators = tuple(self._indicators.values())
        return Found(self.comparators.alerts, self._kept, self._now.late, 0, indicators, self._now.baselines)


def _running(kept: Carried) -> bool:
    return "sides" in kept and any(run for run, _ in kept["sides"].values())


def run_lengths(beyond: Flags, run: int) -> Ints:
    """Tell how many values in a row are beyond, by row; `run` were so before."""
    place = np.arange(len(beyond))
    stop = np.maximum.accumulate(np.where(beyond, -1, place))
    return np.where(beyond, place - stop + np.where(stop < 0, run, 0), 0)


def _begins(inside: Flags, ns: Ints, since: int | None) -> Ints:
    """Tell since when values are not inside, by row; -1 where they are."""
    place = np.arange(len(inside))
    stop = np.maximum.accumulate(np.where(inside, place, -1))
    first = ns[np.minimum(stop + 1, len(ns) - 1)]
    if since is not None:
        first = np.where(stop < 0, since, first)
    return np.where(inside, -1, first)


def _next(rows: Ints, row: int) -> int | None:
    """Give the first of `rows` that is not before `row`."""
    place = int(np.searchsorted(rows, row))
    return int(rows[place]) if place < len(rows) else None


def parameters(chart: Chart[Any], value: float, usual: float, since: int) -> dict[str, str]:
    """Give what texts of charts say: names, the value, what is usual, how far it moved, since when; in local time."""
    return {
        **names(chart.signal),
        "value": f"{value:.6g}",
        "usual": f"{usual:.6g}",
        "moved": f"{value - usual:+.3g}",
        "unit": shown_unit(chart.signal),
        "since": local(chart, since),
    }


def local(chart: Chart[Any], ns: int) -> str:
    """Give an instant in the factory's time, to the minute."""
    return moment(ns).astimezone(chart.zone).strftime("%Y-%m-%d %H:%M")
