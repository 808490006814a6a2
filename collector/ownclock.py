"""What this machine's own clock is worth. Pure: it is told the time, and by which clock.

A clock that somebody sets jumps; the monotonic clock does not. So a step is seen by comparing the two, and what was
noted by the wall clock before is moved by as much: it keeps its distance from now.

Which of two clocks is right nobody can tell, of three or more the majority can. This machine's own clock is taken to
be behind where most of these say so:

    the wall clock                         how late it is, as far as this machine knows
    the wall clock, had nobody set it      a witness of its own once somebody has, also before the collector started
    every source whose samples have times  how far the newest batch lay ahead of its arrival

A batch that lies behind its arrival may just be late, and says nothing; nor do times of arrival.

What arrived before a step may be judged after it, and stands beside what arrived later. So for ten minutes as much is
allowed as the clock was set by, whoever is right.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Final

import polars as pl

from adapters.sample import is_bad

STEP: Final = timedelta(seconds=2)
"""From here on the difference between the two clocks is a step; a clock that is slewed differs by 0.5 ms a second."""

BEHIND: Final = timedelta(minutes=1)
"""From here on the clock counts as wrong: what is less may be a network's delay, or is of no consequence."""

GRACE: Final = 600.0
"""Seconds after a step in which samples may seem to be ahead by as much: so long they may have been held back."""

_NONE: Final = timedelta(0)


class OwnClock:
    """The wall clock of this machine, watched."""

    def __init__(self, wall: datetime, monotonic: float) -> None:
        """Begin at an instant, UTC, which the monotonic clock (seconds) calls `monotonic`."""
        self._wall = wall
        self._monotonic = monotonic
        self._unset = _NONE
        self._leads: dict[str, timedelta] = {}
        self._steps: list[tuple[float, timedelta]] = []

    def step(self, wall: datetime, monotonic: float) -> timedelta:
        """Tell by how much the wall clock was set since it was last asked; 0 where it was not, or by less than 2 s."""
        passed = timedelta(seconds=monotonic - self._monotonic)
        step = wall - self._wall - passed
        self._wall, self._monotonic = wall, monotonic
        if abs(step) < STEP:
            return _NONE
        self._set(step)
        return step

    def started_at(self, last_seen: datetime) -> timedelta:
        """Take note of an instant by the same clock that is surely over; tell by how much it was set back since.

        No more than that is known: how long the collector did not run is not.
        """
        step = min(self._wall - last_seen, _NONE)
        if step > -STEP:
            return _NONE
        self._set(step)
        return step

    def moved(self, instant: datetime) -> datetime:
        """Give by today's clock an instant that is over, and was noted not long ago: perhaps before the clock was set.

        Of what it may be by the steps of the last ten minutes, it is taken to be the latest that is over.
        """
        shifts = accumulate((step for _, step in reversed(self._recent())), initial=_NONE)
        may_be = [instant + shift for shift in shifts]
        return max((one for one in may_be if one <= self._wall), default=min(may_be))

    def heard(self, source: str, lead: timedelta | None) -> None:
        """Take note of how far the newest batch of a source lies ahead of its arrival; None: it does not tell."""
        if lead is not None:
            self._leads[source] = lead

    @property
    def behind(self) -> timedelta:
        """How far this machine's clock is behind, 0 or more: what more than half of all clocks say at least."""
        witnesses = [_NONE, *([self._unset] if self._unset else []), *self._leads.values()]
        said = sorted(lead for lead in witnesses if lead > -BEHIND)
        middle = said[(len(said) - 1) // 2]
        return middle if middle >= BEHIND else _NONE

    @property
    def allowance(self) -> timedelta:
        """How far a good sample may seem to lie ahead of its arrival, because of this machine's clock; 0 or more."""
        return max(self.behind, sum((abs(step) for _, step in self._recent()), _NONE))

    @property
    def witnesses(self) -> Mapping[str, timedelta]:
        """How far each source that tells is ahead of this machine's clock."""
        return dict(self._leads)

    def _recent(self) -> list[tuple[float, timedelta]]:
        since = self._monotonic - GRACE
        self._steps = [(when, step) for when, step in self._steps if when >= since]
        return self._steps

    def _set(self, step: timedelta) -> None:
        self._steps.append((self._monotonic, step))
        self._unset -= step
        self._leads = {source: lead - step for source, lead in self._leads.items()}


def lead_of(samples: pl.DataFrame) -> timedelta | None:
    """Give how far a batch (columns of `adapters.sample.SAMPLES`) lies ahead of its arrival, as half of its rows say.

    None where no row has a time of its own.
    """
    own = samples.lazy().filter(~is_bad(pl.col("status")).fill_null(value=False), pl.col("time") != pl.col("received"))
    median = own.select((pl.col("time") - pl.col("received")).dt.cast_time_unit("us").median()).collect().item()
    return median if isinstance(median, timedelta) else None
