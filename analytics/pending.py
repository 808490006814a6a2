"""What is still to be computed: touched ranges, each waiting until the store has the samples that touched it.

Samples are looked at when they are in the spool, and computed when the drain has brought them into the store. A range
is due once the store has the first of its samples, so that a machine that never falls silent does not put off its own
numbers; it stays until the store has the last of them.

There is one range per machine and UTC day: late data of years ago does not drag the years since into it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import TypeAlias

import polars as pl

from analytics.touched import TOUCHED

Key: TypeAlias = tuple[str, date]
"""What a range is known by: its machine, and its day in UTC."""


@dataclass(frozen=True, slots=True)
class Touch:
    """One touched range of one machine within one day."""

    equipment: str
    """Path of the machine."""

    start: datetime
    """First instant touched, UTC."""

    end: datetime
    """First instant after it, UTC."""

    first: int
    """Position in the spool after the first samples that touched it."""

    last: int
    """Position in the spool after the last samples that touched it."""

    signals: frozenset[str] = frozenset()
    """Paths of the signals whose samples touched it."""

    causes: frozenset[str] = frozenset()
    """Why it was touched: values of `touched.Cause`."""

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.equipment, self.start.date()


def touches(ranges: pl.DataFrame, position: int) -> list[Touch]:
    """Give ranges (columns of `TOUCHED`, each within one day) as touched by samples up to a position in the spool."""
    rows = ranges.select(TOUCHED.names()).iter_rows()
    return [
        Touch(equipment, start, end, position, position, frozenset(signals), frozenset(causes))
        for equipment, start, end, signals, causes in rows
    ]


def merged(pending: Mapping[Key, Touch], new: Iterable[Touch]) -> dict[Key, Touch]:
    """Give what becomes of the ranges that new touches concern, by key."""
    changed: dict[Key, Touch] = {}
    for touch in new:
        before = changed.get(touch.key) or pending.get(touch.key)
        changed[touch.key] = (
            touch
            if before is None
            else Touch(
                touch.equipment,
                min(before.start, touch.start),
                max(before.end, touch.end),
                min(before.first, touch.first),
                max(before.last, touch.last),
                before.signals | touch.signals,
                before.causes | touch.causes,
            )
        )
    return changed


def due(pending: Iterable[Touch], stored: int) -> list[Touch]:
    """Give the ranges whose first samples the store has; it has everything up to position `stored`."""
    return [touch for touch in pending if touch.first <= stored]


def remaining(computed: Iterable[Touch], stored: int) -> dict[Key, Touch | None]:
    """Give what is left of ranges that were computed when the store had everything up to `stored`, by key.

    Nothing (None) where it had all of the range's samples; else the range, due when it has the last of them.
    """
    return {touch.key: None if touch.last <= stored else replace(touch, first=touch.last) for touch in computed}


def ranges(pending: Iterable[Touch]) -> pl.DataFrame:
    """Give ranges as columns of `TOUCHED`."""
    rows = [(t.equipment, t.start, t.end, sorted(t.signals), sorted(t.causes)) for t in pending]
    return pl.DataFrame(rows, schema=TOUCHED, orient="row")
