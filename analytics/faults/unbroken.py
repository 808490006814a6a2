"""Unbroken series: the usable numbers of signals in order, each with whether anything may be missing before it.

Between two numbers something may be missing where a gap of the ledger lies, or a sample that says nothing: one with Bad
status, or outside the signal's valid range. Over such a place no change is one, and no silence either.

What is carried of a subject: `last`, the newest sample looked at, ns since 1970; and `cut`, whether what came after the
newest number said nothing.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Any

import polars as pl

from adapters.sample import Status, is_bad
from analytics.faults.contract import Carried, Seen, in_order


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one look."""

    frame: pl.DataFrame
    """signal, ns (since 1970), value (f64) and cut (whether anything may be missing between it and the number before
    it, also of an earlier look), by signal and time."""

    heads: Mapping[str, dict[str, Any]]
    """By signal, the new `last` and `cut`, of signals that had samples."""

    late: int
    """How many samples came too late."""

    def of_signals(self) -> Iterator[tuple[str, list[tuple[int, float, bool]]]]:
        """Give each signal's rows: ns, value and cut."""
        for signal, rows in groupby(self.frame.iter_rows(), key=itemgetter(0)):
            yield signal, [(ns, value, cut) for _, ns, value, cut in rows]


def unbroken(seen: Seen, signals: Collection[str], carried: Mapping[str, Carried]) -> Series:
    """Give the numbers that were seen of `signals`, as the module tells."""
    useless = is_bad(pl.col("status")) | (pl.col("status") == Status.UNCERTAIN_RANGE)
    number = pl.coalesce("float", pl.col("int").cast(pl.Float64))
    told = (
        seen.samples.lazy()
        .filter(pl.col("signal").is_in(list(signals)))
        .with_columns(value=pl.when(~useless).then(number))
        .select("signal", "time", "value")
        .collect()
    )
    ordered, late = in_order(told, carried)
    if ordered.is_empty():
        return Series(ordered.select("signal", "ns", "value", cut=pl.lit(value=False)), {}, late)
    before = pl.DataFrame(
        [(path, kept["last"], kept["cut"]) for path, kept in carried.items() if "cut" in kept],
        schema={"signal": pl.String, "last": pl.Int64, "was_cut": pl.Boolean},
        orient="row",
    )
    nothing = pl.col("value").is_null()
    rows = ordered.join(before, on="signal", how="left", maintain_order="left").with_columns(
        prior=pl.coalesce(pl.col("ns").shift().over("signal"), "last"),
        cut=pl.coalesce(nothing.shift().over("signal"), "was_cut", pl.lit(value=False)),
        nothing=nothing,
    )
    rows = _over_gaps(rows, seen.gaps)
    newest = rows.group_by("signal", maintain_order=True).agg(pl.col("ns").last(), pl.col("nothing", "cut").last())
    heads = {path: {"last": ns, "cut": none} for path, ns, none, _ in newest.iter_rows()}
    return Series(rows.filter(~pl.col("nothing")).select("signal", "ns", "value", "cut"), heads, late)


def _over_gaps(rows: pl.DataFrame, gaps: pl.DataFrame) -> pl.DataFrame:
    """Cut rows that a gap lies before."""
    if gaps.is_empty():
        return rows
    over = (
        rows.with_row_index("row")
        .join(gaps, on="signal", how="inner")
        .filter(
            (pl.col("start") < pl.col("ns"))
            & (pl.col("end").is_null() | (pl.col("end") > pl.col("prior")).fill_null(value=False))
        )["row"]
        .unique()
    )
    hit = pl.int_range(pl.len(), dtype=pl.get_index_type()).is_in(over.implode())
    return rows.with_columns(cut=pl.col("cut") | hit)
