"""Faults of a real water pump, by events: SKAB valve1, sixteen recordings in which a valve closes.

Of each recording the first 400 rows are learned from, with the defaults, as `parkline fault replay --file` does it. An
onset is an alarm that goes on; onsets less than 30 s apart are one. A fault is detected when an onset lies within it:
an alarm that is on already does not count. Onsets before the fault are false. The controls know nothing of the machine:
an alarm that is always on, one that goes on every 60 s, and one that knows in which row faults begin on average.

    value       faults detected
    reference   what T² and Q detect as published for these recordings (12, with 5 false onsets)
    shifted     the same when the first 30, 60, … 150 rows are left out, so that other rows are learned from
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from analytics.tablefaults import onsets
from analytics.widetable import ROW, TIME, WideTable

DATA: Final = Path(__file__).parents[3] / "shared" / "data" / "skab"
"""Where the recordings lie."""

TRAIN: Final = 400
"""Rows that are learned from."""

APART: Final = 30.0
"""Onsets closer than this are one, s."""

PUBLISHED: Final = 12
"""Faults that T² and Q detect as published."""

SHIFTS: Final = (0, 30, 60, 90, 120, 150)
"""How many rows are left out at the beginning."""

CLOCK: Final = 60.0
"""How often the control that is a clock goes on, s."""

Alarm: TypeAlias = Callable[["Recording"], list[int]]
"""Gives the rows in which an alarm goes on."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording, from some row on."""

    signals: pl.DataFrame
    """A column per signal."""

    seconds: list[float]
    """When each row was; s."""

    first: int
    """First row of the fault."""

    last: int
    """Last row of the fault."""

    left_out: int = 0
    """How many rows were left out at the beginning."""

    def without(self, rows: int) -> "Recording":
        """Give it without its first rows."""
        first, last = self.first - rows, self.last - rows
        return Recording(self.signals.slice(rows), self.seconds[rows:], first, last, self.left_out + rows)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an alarm was worth."""

    detected: int
    """Faults in which it went on."""

    of: int
    """Faults."""

    false_onsets: int
    """How often it went on before a fault."""


def recordings() -> Iterator[Recording]:
    """Give the sixteen recordings."""
    table = pl.read_parquet(DATA / "valve1.parquet")
    for one in table.partition_by("file", maintain_order=True):
        faulty = one["anomaly"].arg_true() if one["anomaly"].dtype == pl.Boolean else (one["anomaly"] == 1).arg_true()
        seconds = (one["datetime"].dt.epoch("us") / 1e6).to_list()
        signals = one.drop("datetime", "anomaly", "changepoint", "file")
        yield Recording(signals, seconds, faulty[0], faulty[-1])


def judge(alarm: Alarm, recorded: list[Recording]) -> Verdict:
    """Judge an alarm by events."""
    detected = false = 0
    for one in recorded:
        begun = merged(alarm(one), one.seconds)
        detected += any(one.first <= row <= one.last for row in begun)
        false += sum(row < one.first for row in begun)
    return Verdict(detected, len(recorded), false)


def merged(rows: list[int], seconds: list[float]) -> list[int]:
    """Leave out rows that come less than `APART` after the row before them."""
    befores = [None, *rows]
    return [
        row
        for row, before in zip(rows, befores, strict=False)
        if before is None or seconds[row] - seconds[before] >= APART
    ]


def ours(one: Recording) -> list[int]:
    """Give the onsets of the detector, with its defaults."""
    times = pl.Series(TIME, [round(second * 1e9) for second in one.seconds], pl.Int64).cast(pl.Datetime("ns", "UTC"))
    rows = one.signals.with_columns(times).with_row_index(ROW)
    table = WideTable(DATA / "valve1.parquet", rows, tuple(one.signals.columns), 0)
    return [onset.row for onset in onsets(table, TRAIN)]


def always(_: Recording) -> list[int]:
    """Go on at once and stay on."""
    return [TRAIN]


def clock(one: Recording) -> list[int]:
    """Go on every minute."""
    begun, due = [], one.seconds[TRAIN]
    for row in range(TRAIN, len(one.seconds)):
        if one.seconds[row] >= due:
            begun.append(row)
            due = one.seconds[row] + CLOCK
    return begun


def row_number(row: int) -> Alarm:
    """Give an alarm that goes on in one row of the whole recording."""
    return lambda one: [row - one.left_out]


def measure() -> dict[str, object]:
    """Measure."""
    whole = list(recordings())
    usual = sum(one.first for one in whole) // len(whole) + 10
    verdict = judge(ours, whole)
    controls = {"always_on": always, "clock_60s": clock, "row_number": row_number(usual)}
    return {
        "value": verdict.detected,
        "reference": PUBLISHED,
        "ratio": round(verdict.detected / PUBLISHED, 2),
        "unit": "1",
        "detected": verdict.detected,
        "of": verdict.of,
        "false_onsets": verdict.false_onsets,
        "controls": {name: _told(judge(alarm, whole)) for name, alarm in controls.items()},
        "shifted": {
            str(shift): _told(judge(ours, [one.without(shift) for one in whole if one.first - shift > TRAIN]))
            for shift in SHIFTS[1:]
        },
    }


def _told(verdict: Verdict) -> dict[str, int]:
    return {"detected": verdict.detected, "of": verdict.of, "false_onsets": verdict.false_onsets}
