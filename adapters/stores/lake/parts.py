"""The files of a table: which of them a question needs, and which to merge.

Files are merged by levels, as in a log-structured merge tree. A write makes a file of level 0 for each day that it
touches. When a level of a day has `compact_after` small files, they are merged, as many at a time as fit in memory,
into files of the next level; so a row is rewritten a few times, however many writes a day has. A day that is over, and
to which nothing was added for `QUIET`, is sealed: all its files become one sorted run, cut into files of `target`
bytes. Late samples come back to it as level 0; it is sealed again when they are more than a tenth of it.

So a day that housekeeping has seen to has less than `compact_after` small files of each level, and of others one per
`AT_ONCE / 2` rows or `target / 2` bytes.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import uuid4

import polars as pl

from adapters.stores.lake.layout import DAY, Layout, day_of

SEALED: Final = 9
"""The level of a day's sorted run."""

QUIET: Final = timedelta(minutes=10)
"""How long nothing must have been added to a day before it is sealed."""

LOOSE_PER_SEALED: Final = 0.1
"""Share of loose rows, of the sealed ones, above which a day is sealed again."""


AT_ONCE: Final = 1_000_000
"""Rows that a merge holds in memory, about. A file with less than half of it is small, if its bytes are few too."""


ROW: Final = 10
"""Bytes of a row, about, where another program wrote a file and does not say how many rows it has."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file."""

    path: str
    """Where it is in the table's folder."""

    day: date
    """The day of its rows."""

    level: int
    """How often its rows were merged; `SEALED` for a day's sorted run."""

    rows: int
    """How many rows it has."""

    size: int
    """Its bytes."""

    added: datetime
    """When it was written, UTC."""


@dataclass(frozen=True, slots=True)
class Merge:
    """Files of one day that become one sorted run."""

    parts: tuple[Part, ...]
    """The files; two or more."""

    level: int
    """Level of the run."""

    @property
    def rows(self) -> int:
        """How many rows go in."""
        return sum(part.rows for part in self.parts)

    @property
    def size(self) -> int:
        """Bytes that go in."""
        return sum(part.size for part in self.parts)


def new_path(day: date, level: int) -> str:
    """Give the path of a new file; no other file has it, ever."""
    return f"{DAY}={day.isoformat()}/l{level}-{uuid4().hex}.parquet"


def listed(actions: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """Give the files that a table's log lists.

    Args:
        actions: the log's entries as deltalake flattens them.
        layout: the table.

    Returns:
        The columns of `Part`, and `least_<column>` and `greatest_<column>` for each of `Layout.ranges`; these and
        `rows` are null where the log does not say.
    """
    ranges = [
        (pl.col(f"{log}.{column}") if f"{log}.{column}" in actions.columns else pl.lit(None))
        .cast(layout.columns[column])
        .alias(f"{name}_{column}")
        for column in layout.ranges
        for log, name in (("min", "least"), ("max", "greatest"))
    ]
    return actions.select(
        "path",
        pl.col(f"partition.{DAY}").alias("day"),
        pl.col("path").str.extract(r"/l(\d)-[^/]*$").cast(pl.Int64).fill_null(0).alias("level"),
        pl.col("num_records").alias("rows"),
        pl.col("size_bytes").alias("size"),
        pl.col("modification_time").cast(pl.Datetime("ms", "UTC")).alias("added"),
        *ranges,
    )


def touching(files: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    """Give the files of samples that may hold some with start <= time < end, nanoseconds since 1970."""
    return files.filter(
        pl.col("day").is_between(day_of(start), day_of(end)),
        pl.col("greatest_time_ns").fill_null(end) >= start,
        pl.col("least_time_ns").fill_null(start) < end,
    )


def holding(files: pl.DataFrame, signals: Collection[str], start: int, end: int) -> pl.DataFrame:
    """Give the files of samples that may hold some of `signals` with start <= time < end, nanoseconds since 1970."""
    if not signals:
        return files.clear()
    wanted = pl.Series(sorted(signals), dtype=pl.String)
    inside = touching(files, start, end)
    first = wanted.search_sorted(inside["least_signal"].fill_null(wanted[0]), "left")
    after = wanted.search_sorted(inside["greatest_signal"].fill_null(wanted[-1]), "right")
    return inside.filter(first < after)


def due(files: pl.DataFrame, now: datetime, *, compact_after: int, target: int) -> list[Merge]:
    """Give the merges that should be done at `now`, UTC; a file is in one of them at most."""
    names = ("path", "day", "level", "rows", "size", "added")
    loose = files.filter((pl.col("level") < SEALED).any().over("day")).with_columns(
        pl.col("rows").fill_null(pl.col("size") // ROW)
    )
    parts = [Part(*row) for row in loose.select(names).sort("day", "level", "added", "path").iter_rows()]
    merges: list[Merge] = []
    for day, of_day in groupby(parts, key=lambda part: part.day):
        together = tuple(of_day)
        if day < now.date() and _wants_sealing(together, now):
            merges.append(Merge(together, SEALED))
        else:
            merges.extend(_small_ones(together, compact_after, target))
    return merges


def _wants_sealing(of_day: tuple[Part, ...], now: datetime) -> bool:
    loose = [part for part in of_day if part.level < SEALED]
    if len(of_day) == 1 or not loose:
        return False
    sealed_rows = sum(part.rows for part in of_day if part.level == SEALED)
    quiet = max(part.added for part in loose) < now - QUIET
    return quiet and sum(part.rows for part in loose) > LOOSE_PER_SEALED * sealed_rows


def _small_ones(of_day: Iterable[Part], compact_after: int, target: int) -> Iterator[Merge]:
    small = (part for part in of_day if part.level < SEALED and part.size < target // 2 and part.rows < AT_ONCE // 2)
    for level, of_level in groupby(small, key=lambda part: part.level):
        together = tuple(of_level)
        if len(together) >= compact_after:
            for some in _fitting(together, target):
                if len(some) > 1:
                    yield Merge(some, min(level + 1, SEALED - 1))


def _fitting(parts: tuple[Part, ...], target: int) -> Iterator[tuple[Part, ...]]:
    """Cut files, one after the other, into groups of `AT_ONCE` rows and twice `target` bytes at most."""
    group: list[Part] = []
    rows = size = 0
    for part in parts:
        if group and (rows + part.rows > AT_ONCE or size + part.size > 2 * target):
            yield tuple(group)
            group, rows, size = [], 0, 0
        group.append(part)
        rows, size = rows + part.rows, size + part.size
    yield tuple(group)
