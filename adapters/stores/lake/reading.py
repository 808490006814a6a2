"""Questions about samples, answered from the files of one commit.

A file is never changed, so a reader that has its files sees one commit, whatever is written and merged meanwhile. Only
one that waits longer than `keep_replaced` finds files deleted: it looks which files there are now, and reads those.

    files ──► the ones that may hold it ──► rows ──► gone? the files of the newest commit, and again
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Final, Literal

import polars as pl
from deltalake.exceptions import DeltaError
from polars.io.plugins import register_io_source

from adapters.sample import SAMPLES, ValueType, no_samples
from adapters.stores import buckets as bucketing
from adapters.stores.contract import CHANGES, EXTENT, StoreError
from adapters.stores.lake import layout, parts
from adapters.stores.lake.files import Folder
from adapters.stores.lake.layout import SAMPLE_ROWS
from adapters.stores.lake.table import Table

AGAIN: Final = 3
"""How often the files are looked up again when some are gone, before that is an error."""

FIRST_FILES: Final = 8
"""How many of the newest files are looked through first for the last samples; then twice as many, and so on."""

_STORED: Final = {"time": "time_ns", "received": "received_ns"}
_UNTOLD: Final = frozenset({"received_ns", "written"})
"""Columns that say nothing of a change."""

_NEVER: Final = ((0, 0),)
"""An interval without instants."""

_ALWAYS: Final = (*SAMPLE_ROWS.key, *SAMPLE_ROWS.rank)

Look = Callable[[], pl.DataFrame]
"""Gives the files of the newest commit, as `parts.listed` does."""


def holding_on(files: pl.DataFrame, look: Look, answer: Callable[[pl.DataFrame], pl.DataFrame]) -> pl.DataFrame:
    """Give the answer that is in `files`, or in those of the newest commit when some of them are gone.

    Raises:
        OSError, ComputeError: they cannot be read, and nothing has replaced them.
    """
    for _ in range(AGAIN):
        try:
            return answer(files)
        except (OSError, pl.exceptions.ComputeError):
            newer = look()
            if set(files["path"]) <= set(newer["path"]):
                raise
            files = newer
    return answer(files)


def samples(
    folder: Folder,
    files: pl.DataFrame,
    signals: Collection[str],
    between: tuple[int, int],
    fault: Callable[[Exception], StoreError],
) -> pl.LazyFrame:
    """Give samples, columns of `SAMPLES`, by signal and time; they are read when collected, and only columns in use.

    Args:
        folder: of the table.
        files: the files of one commit that may hold them.
        signals: which ones, at least one.
        between: start <= time < end, nanoseconds since 1970.
        fault: gives the error to raise from collecting for one of the operating system, deltalake or Polars.
    """

    def source(
        names: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        del size  # the answer is sorted, so it is in one piece
        wanted = [name for name in SAMPLES if names is None or name in names]
        stored = {_STORED.get(name, name) for name in wanted} | set(_ALWAYS)
        columns = pl.Schema({name: kind for name, kind in SAMPLE_ROWS.columns.items() if name in stored})

        def read(some: pl.DataFrame) -> pl.DataFrame:
            holding = parts.holding(some, signals, *between).sort("day", "least_signal", "least_time_ns")
            found = folder.scan(holding["path"].to_list(), columns).filter(layout.wanted_samples(signals, *between))
            return layout.samples_of(found.collect(), wanted)

        try:
            answer = holding_on(files, partial(_newest, folder), read)
        except (OSError, DeltaError, pl.exceptions.ComputeError) as error:
            raise fault(error) from error
        if predicate is not None:
            answer = answer.filter(predicate)
        yield answer if rows is None else answer.head(rows)

    return register_io_source(source, schema=SAMPLES)


def changes(
    folder: Folder,
    files: pl.DataFrame,
    signals: Collection[str],
    between: tuple[int, int],
    whole: Sequence[tuple[int, int]],
) -> pl.DataFrame:
    """Give the samples that tell something (`contract.TellsChanges`): columns of `CHANGES`, by signal and time.

    A day that is one sorted run is looked through file by file, side by side, and nothing of it is sorted. Of other
    days all rows are read first.

    Args:
        folder: of the table.
        files: the files of one commit that may hold them.
        signals: which ones, at least one.
        between: start <= time < end, nanoseconds since 1970.
        whole: intervals of which everything is wanted, nanoseconds since 1970.
    """
    columns = pl.Schema({name: kind for name, kind in SAMPLE_ROWS.columns.items() if name not in _UNTOLD})
    holding = parts.holding(files, signals, *between)
    sealed = (pl.col("level") == parts.SEALED).all().over("day")
    wanted = layout.wanted_samples(signals, *between)
    found = []
    for (day, run), of_day in holding.with_columns(run=sealed).group_by("day", "run"):
        paths = of_day["path"].to_list()
        if run:
            found += [(day, folder.scan([path], columns).filter(wanted)) for path in paths]
        else:
            rows = folder.scan(paths, SAMPLE_ROWS.columns).filter(wanted).collect()
            found.append((day, layout.latest(rows, SAMPLE_ROWS).lazy().select(columns.names())))
    found.sort(key=lambda one: one[0])
    telling = pl.collect_all([_telling(rows, whole) for _, rows in found], engine="in-memory")
    if not telling:
        return CHANGES.to_frame()
    names = pl.Series(sorted(signals), dtype=pl.String)
    order = pl.col("signal").replace_strict(names, pl.int_range(len(names), eager=True), return_dtype=pl.UInt32)
    ordered = pl.concat(telling).with_columns(order=order).sort("order", maintain_order=True)
    return ordered.select(
        pl.col("time_ns").cast(CHANGES["time"]).alias("time") if name == "time" else pl.col(name).cast(kind)
        for name, kind in CHANGES.items()
    )


def buckets(
    folder: Folder, files: pl.DataFrame, signal: str, kind: ValueType, between: tuple[int, int], width: int
) -> pl.DataFrame:
    """Sum up the samples of one signal (`Store.buckets`): columns of `adapters.stores.buckets.columns`.

    Days that are one sorted run hold each sample once, and are summed up as they are read, however many. Of each other
    day all rows are read first, since a later one may replace an earlier one.

    Args:
        folder: of the table.
        files: the files of one commit that may hold them.
        signal: which one.
        kind: which values.
        between: start <= time < end, nanoseconds since 1970.
        width: of a bucket, nanoseconds.
    """
    start, end = between
    holding = parts.holding(files, [signal], start, end)
    sealed = (pl.col("level") == parts.SEALED).all().over("day")
    wanted = (pl.col("signal") == pl.lit(signal)) & pl.col("time_ns").is_between(start, end, closed="left")
    names = ("signal", "time_ns", kind, "status", "written")
    columns = pl.Schema({name: SAMPLE_ROWS.columns[name] for name in names})
    summed = []
    for (whole, _), some in holding.with_columns(run=sealed).group_by(
        "run", pl.when(sealed).then(None).otherwise(pl.col("day"))
    ):
        rows = folder.scan(some["path"].to_list(), columns).filter(wanted).select("time_ns", kind, "status", "written")
        if not whole:
            rows = _counting(rows.collect()).lazy()
        engine: Literal["streaming", "in-memory"] = "streaming" if whole else "in-memory"
        summed.append(bucketing.parts(rows, kind, start, width).collect(engine=engine))
    return bucketing.joined(summed, kind, start, end, width)


def _counting(rows: pl.DataFrame) -> pl.DataFrame:
    """Of the rows of one signal keep for each instant the one that was written last."""
    ordered = rows.sort("time_ns")
    same = pl.col("time_ns") == pl.col("time_ns").shift(-1)
    if not ordered.select(same.any()).item():
        return ordered
    return rows.sort("time_ns", "written").filter(same.fill_null(value=False).not_())


def _telling(rows: pl.LazyFrame, whole: Sequence[tuple[int, int]]) -> pl.LazyFrame:
    """Give the rows of one sorted run that tell something; texts are compared by their hashes."""
    texts = [pl.col(name).hash() for name in ("signal", "text")]
    differs = pl.any_horizontal(
        one.ne_missing(one.shift()) for one in (*texts, *(pl.col(name) for name in ("int", "float", "bool", "status")))
    )
    time = pl.col("time_ns")
    inside = pl.any_horizontal(time.is_between(start, end, closed="left") for start, end in whole or _NEVER)
    behind = pl.any_horizontal((time >= end) & (time.shift() < end) for _, end in whole or _NEVER)
    first = pl.int_range(pl.len()) == 0
    always = first | inside | behind
    return (
        rows.with_columns(differs=differs | first)
        .with_columns(tells=pl.col("differs") | pl.col("differs").shift(-1, fill_value=True) | always)
        .filter("tells")
        .drop("differs", "tells")
    )


def last(folder: Folder, files: pl.DataFrame, signals: Collection[str], between: tuple[int, int]) -> pl.DataFrame:
    """Give each signal's last sample with start <= time < end, nanoseconds since 1970.

    Looks through the files that end last, until what is left ends before everything that was found.
    """
    earliest, before = between
    missing = set(signals)
    found = SAMPLE_ROWS.columns.to_frame()
    left = parts.holding(files, missing, earliest, before).sort("greatest_time_ns", descending=True, nulls_last=False)
    count = FIRST_FILES
    while missing and left.height:
        some, left = left.head(count), left.slice(count)
        count *= 2
        some = parts.holding(some, missing, earliest, before)
        if some.height:
            rows = folder.scan(some["path"].to_list(), SAMPLE_ROWS.columns)
            rows = rows.filter(layout.wanted_samples(missing, earliest, before))
            instants = rows.group_by("signal").agg(pl.col("time_ns").max()).collect(engine="streaming")
            at = layout.wanted_samples(missing, *_bounds(instants)) if instants.height else pl.lit(value=False)
            newest = rows.filter(at).join(instants.lazy(), on=["signal", "time_ns"], how="semi").collect()
            found = layout.last_of_signal(pl.concat([found, newest]))
        if left.height:
            ends = left["greatest_time_ns"][0]
            final = found.filter(pl.col("time_ns") > (before if ends is None else ends))
            missing -= set(final["signal"])
    return layout.samples_of(found) if found.height else no_samples()


def extent(folder: Folder, files: pl.DataFrame) -> pl.DataFrame:
    """Give columns of `EXTENT`, by signal.

    The names of every day are read, the times only of days that are the first or last one of a signal.
    """
    days = pl.DataFrame(schema={"signal": pl.String, "first": pl.Date, "last": pl.Date})
    by_day = {
        day: of_day["path"].to_list() for (day,), of_day in files.sort("day").group_by("day", maintain_order=True)
    }
    for day, paths in by_day.items():
        names = folder.scan(paths, pl.Schema({"signal": pl.String()})).unique().collect(engine="streaming")
        both = pl.concat([days, names.select("signal", pl.lit(day).alias("first"), pl.lit(day).alias("last"))])
        days = both.group_by("signal").agg(pl.col("first").min(), pl.col("last").max())
    times = [_times(folder, by_day[day], day, days) for day in sorted({*days["first"], *days["last"]})]
    if not times:
        return EXTENT.to_frame()
    found = pl.concat(times).group_by("signal").agg(pl.col("first").min(), pl.col("last").max())
    return found.sort("signal").cast(EXTENT)


def count(folder: Folder, files: pl.DataFrame, start: int, end: int) -> pl.DataFrame:
    """Give the number of rows with start <= time < end; reads only the files that are partly in it."""
    some = parts.touching(files, start, end)
    inside = (pl.col("least_time_ns") >= start) & (pl.col("greatest_time_ns") < end) & pl.col("rows").is_not_null()
    whole = some.filter(inside)
    cut = some.filter(inside.fill_null(value=False).not_())
    time = pl.col("time_ns").is_between(start, end, closed="left")
    rows = folder.scan(cut["path"].to_list(), pl.Schema({"time_ns": pl.Int64()})).select(rows=time.sum())
    return rows.collect(engine="streaming").select(pl.col("rows").cast(pl.Int64) + int(whole["rows"].sum()))


def _newest(folder: Folder) -> pl.DataFrame:
    """Give the files of the newest commit; the store that was asked may be closed by now."""
    table = Table(folder, SAMPLE_ROWS)
    table.open()
    return table.files()


def _times(folder: Folder, paths: list[str], day: date, days: pl.DataFrame) -> pl.DataFrame:
    wanted = days.filter((pl.col("first") == day) | (pl.col("last") == day))["signal"].sort()
    columns = pl.Schema({"signal": pl.String(), "time_ns": pl.Int64()})
    between = pl.col("signal").is_between(pl.lit(wanted[0]), pl.lit(wanted[-1]))
    rows = folder.scan(paths, columns).filter(between & pl.col("signal").is_in(wanted.implode()))
    time = pl.col("time_ns")
    return rows.group_by("signal").agg(first=time.min(), last=time.max()).collect(engine="streaming")


def _bounds(instants: pl.DataFrame) -> tuple[int, int]:
    times = instants["time_ns"].sort()
    return times[0], times[-1] + 1
