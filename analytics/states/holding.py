"""Holding: how long a reported value holds where reports may be missing. The same for every input of every rule.

`analytics.spans` tells the rules; every function here works on many signals at once.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

import polars as pl

from analytics.states.contract import LASTING, Machine

_FOREVER: Final = datetime(2262, 1, 1, tzinfo=UTC)
"""Where a gap that lasts is taken to end: the end of time in nanoseconds."""


def inputs(machines: Iterable[Machine]) -> pl.DataFrame:
    """Give what is configured of every input: equipment, signal, `hold_for`, whether `bridge` is `middle`."""
    return pl.DataFrame(
        [
            (machine.equipment, signal.path, machine.configured.hold_for, machine.configured.bridge == "middle")
            for machine in machines
            for signal in machine.inputs
        ],
        schema={"equipment": pl.String, "signal": pl.String, "hold_for": pl.Duration("us"), "middle": pl.Boolean},
        orient="row",
    )


def lasting(gaps: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Give the gaps that are not bridged, those of one signal that overlap or touch as one; columns of `LASTING`."""
    ordered = gaps.with_columns(pl.col("end").fill_null(_FOREVER)).sort("signal", "start")
    reach = pl.col("end").cum_max().shift().over("signal")
    return (
        ordered.with_columns(run=(pl.col("start") > reach).fill_null(value=True).cum_sum())
        .group_by("signal", "run", maintain_order=True)
        .agg(pl.col("start").first(), pl.col("end").max())
        .join(about.select("signal", "hold_for"), on="signal", how="inner")
        .filter(pl.col("end") - pl.col("start") > pl.col("hold_for"))
        .select(LASTING.names())
        .sort("signal", "start")
    )


def last_of_instant(watched: pl.DataFrame) -> pl.DataFrame:
    """Sort by signal and time; of several rows of a signal at one instant the last counts."""
    ordered = watched.sort("signal", "time", maintain_order=True)
    last = pl.struct("signal", "time") != pl.struct("signal", "time").shift(-1)
    return ordered.filter(last.fill_null(value=True))


def began(reports: pl.DataFrame, gaps: pl.DataFrame, about: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """Turn reports (by signal and time) into the instants at which each input's value begins, or is no longer known.

    result   equipment, signal: str   start: datetime[us, UTC]   and `values` (all null: nobody knows), in any order
    """
    known = reports.join(about, on="signal", how="inner", maintain_order="left")
    return _held(_bridged(known, values), gaps, values)


def _bridged(reports: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """Turn reports into values that begin and are held, as far as Bad status goes.

    result   … `reports` with a value, and   start: when it begins   held: until when it may be held (null: no bound)
                                             next: when the next value begins (null: none)
    """
    good = pl.any_horizontal(pl.col(*values).is_not_null())
    marked = reports.with_columns(good=good)
    ordered = marked.filter(pl.col("good") | pl.col("good").shift().over("signal").fill_null(value=True))
    lost = pl.when(~pl.col("good").shift(-1).over("signal")).then(pl.col("time").shift(-1).over("signal"))
    kept = ordered.with_columns(lost=lost).filter("good")
    back = pl.col("time").shift(-1).over("signal")
    bridges = pl.col("lost").is_not_null() & ((back - pl.col("lost")) <= pl.col("hold_for")).fill_null(value=False)
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1).over("signal")) for name in values)
    turn = pl.when(bridges & pl.col("middle") & differs).then(pl.col("lost") + (back - pl.col("lost")) / 2)
    return (
        kept.with_columns(
            turn=turn.shift().over("signal"), held=pl.when(~bridges).then(pl.col("lost") + pl.col("hold_for"))
        )
        .with_columns(start=pl.coalesce("turn", "time"))
        .with_columns(next=pl.col("start").shift(-1).over("signal"))
    )


def _held(kept: pl.DataFrame, lasting: pl.DataFrame, values: Sequence[str]) -> pl.DataFrame:
    """Bound what lasting gaps of the ledger bound, and give the instants at which values begin and end."""
    ends = pl.col("held")
    if not lasting.is_empty():
        gaps = lasting.select("signal", gap="start", gap_end="end")
        later = lasting.select("signal", after="start")
        kept = kept.join_asof(gaps, left_on="time", right_on="gap", by="signal", check_sortedness=False).join_asof(
            later,
            left_on="time",
            right_on="after",
            by="signal",
            strategy="forward",
            allow_exact_matches=False,
            check_sortedness=False,
        )
        inside = pl.col("gap_end") - pl.col("time") > pl.col("hold_for")
        ends = pl.min_horizontal(
            "held",
            pl.when(inside).then(pl.col("time") + pl.col("hold_for")).otherwise(pl.col("after") + pl.col("hold_for")),
        )
    over = kept.with_columns(end=ends).filter(
        pl.col("end").is_not_null() & (pl.col("end") < pl.col("next")).fill_null(value=True)
    )
    starts = kept.select("equipment", "signal", "start", *values)
    lost = over.select("equipment", "signal", start="end", **{name: pl.lit(None, kept.schema[name]) for name in values})
    return pl.concat([starts, lost])
