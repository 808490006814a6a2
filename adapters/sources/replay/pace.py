"""When recorded samples are due: as far apart as they were recorded, divided by the pace.

    due = opened + (recorded - begin) / pace

What was recorded before `begin` is due at once. A sample that was recorded after a later one (machines write such) is
due with it: the order of the file stands.
"""

from typing import Final

import polars as pl

TICK: Final = 0.1
"""Seconds between deliveries at least: what is due within one travels together."""


class Schedule:
    """What is due when, on a clock of seconds."""

    def __init__(self, times: pl.Series, pace: float, *, begin: int, opened: float) -> None:
        """Make the schedule of a stretch.

        Args:
            times: recorded times, datetime[ns, UTC].
            pace: how many times real time.
            begin: recorded time that is due when opened, ns since 1970.
            opened: reading of the clock at that moment, s.
        """
        recorded = times.to_physical().cum_max()
        self._due = (recorded - begin).cast(pl.Float64) / (pace * 1e9) + opened

    def reached(self, now: float) -> int:
        """Give the number of samples that are due when the clock reads `now`."""
        return int(self._due.search_sorted(now, side="right"))

    def wait(self, sample: int, now: float) -> float:
        """Give the seconds until a sample is due, and no less than a tick."""
        return max(TICK, float(self._due[sample]) - now)
