"""Dead letters and gaps: what a store refused is missing, until its letters were replayed.

A gap of kind `rejected` (`collector.rejections`) is filled once every letter of its signal within it was replayed. One
that a person dropped, or whose arrivals between the first and the last are not known, leaves it open: something is
still missing. So does a letter that went because there were too many, as far as it is counted with its source.
"""

from collections.abc import Collection, Sequence
from datetime import UTC, timedelta
from typing import Final

import polars as pl
import sqlalchemy as sa

from adapters.sources.contract import FilledBy, GapKind
from collector.deadletters import DEAD_LETTERS, TOTALS, DeadLetter
from collector.gaps import GAPS, OPEN, Gap, gaps_in
from collector.resolution import Filling, Part, note_filling, withdraw

_MICROSECOND: Final = timedelta(microseconds=1)


def fill_rejected(
    connection: sa.Connection, letters: Sequence[DeadLetter], log: str, position: int, every: Collection[str]
) -> None:
    """Note what gaps are filled by letters that were replayed.

    Args:
        connection: a transaction of the records, in which they have been settled.
        letters: the letters, as they were before.
        log: identity of the spool that has their samples.
        position: position in it after the last of them.
        every: signals that the park has; a gap of another one cannot be filled.
    """
    refused = [letter for letter in letters if letter.form == "admitted" and letter.signal in every]
    sources = {letter.source for letter in refused}
    query = sa.select(GAPS).where(
        GAPS.c.source.in_(sources), GAPS.c.state == OPEN, GAPS.c.kind == GapKind.REJECTED.value, GAPS.c.end.is_not(None)
    )
    for gap in gaps_in(connection.execute(query)) if refused else ():
        for signal in gap.signals:
            within = [letter for letter in refused if letter.signal == signal and _lies_in(letter, gap)]
            if within and not _lacks(connection, gap, signal):
                part = Part(gap.source, (signal,), gap.start, gap.end or gap.start)
                samples = sum(min(letter.count, 2) for letter in within)
                note_filling(connection, Filling(part, FilledBy.LETTERS, samples, log, position))


def withdraw_refused(connection: sa.Connection, refused: pl.DataFrame) -> None:
    """Take back what was to be filled by samples that the store refuses: columns of `collector.letter.LETTERS`."""
    time = pl.col("time").dt.cast_time_unit("us")
    windows = refused.drop_nulls("time").group_by("source", "signal").agg(start=time.min(), end=time.max())
    for source, signal, start, end in windows.iter_rows():
        withdraw(connection, source, [signal], start.astimezone(UTC), end.astimezone(UTC) + _MICROSECOND)


def _lies_in(letter: DeadLetter, gap: Gap) -> bool:
    first, last = letter.first_time, letter.last_time
    return first is not None and last is not None and gap.end is not None and first < gap.end and last >= gap.start


def _lacks(connection: sa.Connection, gap: Gap, signal: str) -> bool:
    """Tell whether something of a signal is still missing within a gap, or may be."""
    held = DEAD_LETTERS.c
    lost = sa.select(TOTALS.c.dropped).where(TOTALS.c.source == gap.source)
    if connection.execute(lost).scalar():
        return True
    there = sa.select(held.id).where(
        held.source == gap.source,
        held.signal == signal,
        held.form == "admitted",
        held.first_time < gap.end,
        held.last_time >= gap.start,
        (held.state != "replayed") | (held["count"] > 2),  # noqa: PLR2004 - of more than two the others are not known
    )
    return connection.execute(there.limit(1)).first() is not None
