"""What a merge reads at a time: ranges of the key that fit in memory, and the files that their rows go into.

A range is a condition on rows. The ranges of a merge follow each other in the order of the key and hold each row once,
so sorting one after the other gives a sorted run. They are cut between names; a name that alone has too many rows is
cut by time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from adapters.stores.lake.layout import Layout
from adapters.stores.lake.parts import AT_ONCE, Merge

WINDOW: Final = 60 * 10**9
"""Nanoseconds by which the rows of one name are counted where they must be cut by time."""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of the key of one table."""

    least: str
    """First name."""

    greatest: str
    """Last name."""

    rows: int
    """How many rows are in it."""

    times: tuple[int, int] | None = None
    """Where it is a part of one name: from when, and before when, nanoseconds since 1970."""


def ranges(rows: pl.LazyFrame, layout: Layout, at_once: int) -> list[Range]:
    """Cut rows into ranges of about `at_once` rows, in the order of the key; reads names, and times where needed."""
    name = layout.key[0]
    counts = rows.group_by(pl.col(name).alias("name")).agg(rows=pl.len()).sort("name").collect()
    found: list[Range] = []
    for least, count in counts.iter_rows():
        if count > at_once and "time_ns" in layout.key:
            of_name = rows.filter(pl.col(name) == pl.lit(least))
            found.extend(_by_time(of_name, least, at_once))
        elif found and found[-1].times is None and found[-1].rows + count <= at_once:
            found[-1] = Range(found[-1].least, least, found[-1].rows + count)
        else:
            found.append(Range(least, least, count))
    return found


def within(part: Range, layout: Layout) -> pl.Expr:
    """Give the condition for the rows of a range."""
    inside = pl.col(layout.key[0]).is_between(pl.lit(part.least), pl.lit(part.greatest))
    if part.times is None:
        return inside
    return inside & pl.col("time_ns").is_between(*part.times, closed="left")


def files_of(parts: Sequence[Range], rows_of_file: int) -> Iterator[list[Range]]:
    """Put ranges that follow each other into files of about so many rows."""
    together: list[Range] = []
    for part in parts:
        if together and sum(one.rows for one in together) + part.rows > rows_of_file:
            yield together
            together = []
        together.append(part)
    if together:
        yield together


def at_once(merge: Merge, target: int) -> int:
    """Give how many rows of a merge are held in memory: `AT_ONCE`, and less where they are large."""
    return max(1, min(AT_ONCE, 2 * target * merge.rows // max(merge.size, 1)))


def rows_of_file(merge: Merge, target: int) -> int:
    """Give how many rows have `target` bytes, going by the files that are merged."""
    return max(1, target * merge.rows // max(merge.size, 1))


def _by_time(rows: pl.LazyFrame, name: str, at_once: int) -> Iterator[Range]:
    window = pl.col("time_ns") // WINDOW
    counts = rows.group_by(window=window).agg(rows=pl.len()).sort("window").collect()
    begin, count = counts["window"][0], 0
    for number, more in counts.iter_rows():
        if count and count + more > at_once:
            yield Range(name, name, count, (begin * WINDOW, number * WINDOW))
            begin, count = number, 0
        count += more
    yield Range(name, name, count, (begin * WINDOW, (counts["window"][-1] + 1) * WINDOW))
