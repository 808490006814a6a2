"""Slices: the order of numbers about windows (path, period, start), cut into pieces that are read one after the other.

    paths, periods, [start, end) ──► as many whole paths as there is room for
                                 ──► or of one path a period, or a part of it

A page is full after one or two slices, however long the window and however many machines: what it costs to answer does
not grow with what was asked for. How many rows a slice will have is reckoned from its windows; where the store has far
fewer, the next one is made larger (`Pace`), up to `MOST` rows.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from analytics.kpis.catalogue import KPIS

EVERY: Final = len(KPIS) + 20
"""Rows of a window that are reckoned with where all numbers are asked for: the catalogue, and some by reason."""

MOST: Final = 100_000
"""Stored rows that are reckoned with in one slice, at most."""

_LASTS: Final[Mapping[str, timedelta]] = {
    "hour": timedelta(hours=1),
    "shift": timedelta(hours=8),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
_DAYS: Final[Mapping[str, int]] = {"week": 7, "month": 31}
"""Stored windows that one of these is the sum of."""

_SPARSER: Final = 8
"""By how much the next slice is larger at most, where there were none of the rows that were reckoned with."""


@dataclass(frozen=True, slots=True)
class Slice:
    """What is read at once: every window of these paths and periods that begins in [start, end), in UTC."""

    paths: tuple[str, ...]
    """Paths, in order."""

    periods: tuple[str, ...]
    """Kinds of windows, in order."""

    start: datetime
    """First instant."""

    end: datetime
    """First instant after it."""

    def windows(self) -> float:
        """Reckon how many windows it has."""
        return len(self.paths) * sum((self.end - self.start) / _LASTS[period] for period in self.periods)


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading goes on: at a path and, of it alone, at a period and an instant."""

    path: int
    """Number of the path."""

    period: int
    """Number of the period."""

    start: datetime
    """Instant, UTC."""


@dataclass(slots=True)
class Pace:
    """How many windows are read at once, so that about as many rows come as are wanted."""

    wanted: float
    """Rows."""

    per_window: int
    """Rows that a window has at most, as is reckoned."""

    share: float = 1.0
    """What part of the rows reckoned with there were in the slices before."""

    def room(self, periods: tuple[str, ...]) -> float:
        """Give how many windows the next slice may have."""
        stored = max(_DAYS.get(period, 1) for period in periods)
        return max(min(self.wanted / self.share, MOST / stored) / self.per_window, 1.0)

    def note(self, cut: Slice, rows: int) -> None:
        """Take note of how many rows a slice had."""
        self.share = min(max(rows / (cut.windows() * self.per_window), self.share / _SPARSER), 1.0)


def beginning(asked: Slice, after: tuple[str, str, datetime] | None) -> Place | None:
    """Give where to read on from: the first slice, or the window (path, period, start) that a page ended in."""
    if after is None:
        return _at(asked, 0, 0, asked.start)
    path, period, start = after
    number = bisect_left(asked.paths, path)
    if number == len(asked.paths) or asked.paths[number] != path:
        return _at(asked, number, 0, asked.start)
    kind = bisect_left(asked.periods, period)
    same = kind < len(asked.periods) and asked.periods[kind] == period
    return _at(asked, number, kind, max(start, asked.start) if same else asked.start)


def next_slice(asked: Slice, place: Place, room: float) -> tuple[Slice, Place | None]:
    """Give the slice at a place that has about `room` windows, and the place after it; None: that was the last one."""
    if place.period == 0 and place.start == asked.start:
        one = replace(asked, paths=(asked.paths[place.path],))
        fitting = int(room / max(one.windows(), 1e-9))
        if fitting >= 1:
            paths = asked.paths[place.path : place.path + fitting]
            return replace(asked, paths=paths), _at(asked, place.path + len(paths), 0, asked.start)
    path, period = asked.paths[place.path], asked.periods[place.period]
    end = min(asked.end - place.start, _LASTS[period] * max(room, 1.0)) + place.start
    cut = Slice((path,), (period,), place.start, end)
    return cut, _at(asked, place.path, place.period, end)


def _at(asked: Slice, path: int, period: int, start: datetime) -> Place | None:
    """Give a place, or the one after it where nothing is left of its period or of its path."""
    if start >= asked.end:
        period, start = period + 1, asked.start
    if period >= len(asked.periods):
        path, period, start = path + 1, 0, asked.start
    return Place(path, period, start) if path < len(asked.paths) else None
