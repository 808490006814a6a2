"""What a store refused, as gaps: dead letters keep the values, the ledger says of which time they are missing.

Without it a machine whose reports are refused would be taken to do for ever what it did last. Refusals of one signal
within a minute of each other are one gap.
"""

from datetime import UTC, timedelta
from typing import Final

import polars as pl
import sqlalchemy as sa

from adapters.sources.contract import GapKind
from collector.gaps import add_gap

NEAR: Final = timedelta(minutes=1)
"""How far apart two refusals of one signal may lie that make one gap."""

APART: Final = 100
"""Signals of one source in one batch that have a gap each; more share one."""

CAUSE: Final = "the store refused samples; the dead letters hold them and say why"

_MICROSECOND: Final = timedelta(microseconds=1)


def add_rejections(connection: sa.Connection, refused: pl.DataFrame) -> None:
    """Note as gaps what a store refused: columns `source`, `signal` and `time` of each sample.

    A sample of a signal that no source of the park has, or of no time, has no gap: no machine's state rests on it.
    """
    known = refused.filter(pl.col("source") != "", pl.col("time").is_not_null())
    time = pl.col("time").dt.cast_time_unit("us")
    windows = known.group_by("source", "signal").agg(start=time.min(), end=time.max()).sort("source", "signal")
    for (source,), some in windows.group_by("source", maintain_order=True):
        rows = [((signal,), start, end) for _, signal, start, end in some.iter_rows()]
        if len(rows) > APART:
            rows = [(tuple(some["signal"]), min(row[1] for row in rows), max(row[2] for row in rows))]
        for signals, start, end in rows:
            after = end.astimezone(UTC) + _MICROSECOND
            kind = GapKind.REJECTED
            add_gap(connection, str(source), signals, start.astimezone(UTC), after, CAUSE, kind=kind, near=NEAR)
