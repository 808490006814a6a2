"""Questions about samples, answered from the files of one commit.

A file is never changed, so a reader that has its files sees one commit, whatever is written and merged meanwhile. Only
one that waits longer than `keep_replaced` finds files deleted: it looks which files there are now, and reads those.

    files ──► the ones that may hold it ──► rows ──► gone? the files of the newest commit, and again
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Final

import polars as pl
from deltalake.exceptions import DeltaError
from polars.io.plugins import register_io_source

from adapters.sample import SAMPLES, no_samples
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

_MIXED: Final = {
    "float": 0x9E37_79B9_7F4A_7C15,
    "int": 0xC2B2_AE3D_27D4_EB4F,
    "bool": 0x1656_67B1_9E37_79F9,
    "text": 0x27D4_EB2F_1656_67C5,
    "status": 0x85EB_CA77_C2B2_AE63,
}
"""Columns in which a change shows, each with an odd number that spreads it over 64 bits."""

_NOTHING: Final = 0x9FB2_1C65_1E98_DF25
"""In place of no value."""

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
            holding = parts.holding(some, signals, *between)
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
    names = pl.Series(sorted(signals), dtype=pl.String)
    near = pl.col("signal").is_between(pl.lit(names[0]), pl.lit(names[-1]))
    inside = pl.col("time_ns").is_between(*between, closed="left")
    wanted = layout.wanted_samples(signals, *between)
    sealed = (pl.col("level") == parts.SEALED).all().over("day")
    uncut = (pl.col("least_time_ns") >= between[0]) & (pl.col("greatest_time_ns") < between[1])
    holding = parts.holding(files, signals, *between).with_columns(run=sealed, uncut=uncut.fill_null(value=False))

    def told(paths: list[str], *, run: bool, uncut: bool) -> pl.DataFrame:
        if run:
            rows = folder.scan(paths, columns).filter(near if uncut else near & inside).collect()
        else:
            rows = layout.latest(folder.scan(paths, SAMPLE_ROWS.columns).filter(wanted).collect(), SAMPLE_ROWS)
        return _telling(rows.select(columns.names()), names, whole)

    piece = pl.when("run").then("path")  # a day that is one run is read file by file, others as a whole
    found = holding.group_by("day", "run", piece=piece).agg("path", pl.col("uncut").all()).sort("day", "piece")
    if found.is_empty():
        return CHANGES.to_frame()
    with ThreadPoolExecutor(pl.thread_pool_size()) as threads:
        jobs = [threads.submit(told, row["path"], run=row["run"], uncut=row["uncut"]) for row in found.to_dicts()]
        every = [job.result() for job in jobs]
    return (
        pl.concat(every)
        .sort("number", maintain_order=True)
        .select(
            pl.col("time_ns").cast(CHANGES["time"]).alias("time") if name == "time" else pl.col(name).cast(kind)
            for name, kind in CHANGES.items()
        )
    )


def _telling(rows: pl.DataFrame, names: pl.Series, whole: Sequence[tuple[int, int]]) -> pl.DataFrame:
    """Give the rows of one sorted run that tell something, of the signals `names`, which are sorted; by their `number`.

    A signal is found by its bounds, so that millions of names are not looked at; see `_sums` for the rest.
    """
    begins, lengths = _bounds(rows["signal"], names)
    if lengths.sum() < rows.height:
        pieces = zip(begins, lengths, strict=True)
        rows = pl.concat([rows.head(0), *(rows.slice(begin, length) for begin, length in pieces if length)])
        begins = lengths.cum_sum() - lengths
    sums = _sums(rows)
    differs = (sums != sums.shift()).fill_null(value=True).scatter(begins.filter(lengths > 0), values=True)
    time = rows["time_ns"]
    for start, end in whole:
        early = time < end
        differs = differs | (early & (time >= start)) | (~early & early.shift(1, fill_value=False))
    telling = rows.filter(differs | differs.shift(-1, fill_value=True))
    _, lengths = _bounds(telling["signal"], names)
    numbers = pl.select(pl.int_range(len(names), dtype=pl.UInt32).repeat_by(lengths).explode(empty_as_null=False))
    return telling.with_columns(numbers.to_series().alias("number"))


def _bounds(column: pl.Series, names: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Give where each name begins in a sorted column, and how often it is there."""
    begins, ends = (column.search_sorted(names, side=side) for side in ("left", "right"))
    return begins, ends - begins


def _sums(rows: pl.DataFrame) -> pl.Series:
    """Give a number of 64 bits for each row that is another one where value or status is another, but for 1 in 2^64.

    One number is compared in a fraction of the time that five columns take; one without values costs nothing.
    """
    sums = pl.repeat(0, rows.height, dtype=pl.UInt64, eager=True)
    for name, odd in _MIXED.items():
        column = rows[name]
        if column.null_count() == rows.height:
            continue
        mixed = column.reinterpret(signed=False) if column.dtype == pl.Int64 else column.hash()
        sums = sums + (mixed * odd).fill_null(_NOTHING)
    return sums


def last(folder: Folder, files: pl.DataFrame, signals: Collection[str], before: int) -> pl.DataFrame:
    """Give each signal's last sample with time < before.

    Looks through the files that end last, until what is left ends before everything that was found.
    """
    earliest = layout.instant(layout.EARLIEST)
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
            at = layout.wanted_samples(missing, *_first_and_past(instants)) if instants.height else pl.lit(value=False)
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


def _first_and_past(instants: pl.DataFrame) -> tuple[int, int]:
    times = instants["time_ns"].sort()
    return times[0], times[-1] + 1
