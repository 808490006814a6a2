"""The one pass over the samples of inputs, and what rules share in it."""

from collections.abc import Collection, Sequence
from typing import Final

import polars as pl

from adapters.sample import VALUE_TYPES, ValueType, is_good
from analytics.states.contract import LASTING, RAW, Machines

_END: Final = "gap_end"


def as_text(values: Sequence[ValueType] = VALUE_TYPES) -> pl.Expr:
    """Give a sample's value as text, as `Signal.states` writes it: `3`, `3.5`, `true`; null where it has none."""
    float_ = pl.col("float")
    whole = (float_ == float_.round()) & (float_.abs() < 2.0**53)
    texts = {
        "text": pl.col("text"),
        "int": pl.col("int").cast(pl.String),
        "bool": pl.col("bool").cast(pl.String),
        "float": pl.when(whole)
        .then(float_.cast(pl.Int64, strict=False).cast(pl.String))
        .otherwise(float_.cast(pl.String)),
    }
    return pl.coalesce(texts[value] for value in values)


def types_of(machines: Machines) -> list[ValueType]:
    """Give the types of the machines' inputs, in the order of the value columns; `text` where there are no inputs."""
    used = {signal.type for machine in machines for signal in machine.inputs}
    return [kind for kind in VALUE_TYPES if kind in used] or ["text"]


def has_value(types: Sequence[ValueType]) -> pl.Expr:
    """True where a sample has a value that counts: its status is Good, and it is there."""
    return is_good(pl.col("status")) & pl.any_horizontal(pl.col(*types).is_not_null())


def changes(frame: pl.LazyFrame, lasting: pl.DataFrame, columns: Collection[str]) -> pl.LazyFrame:
    """Give the rows that matter: changes in `columns`, and every row inside a lasting gap or first after one.

    `frame` has `signal`, `time` and `columns`, by signal and time; `time` becomes microseconds, `inside` is added.
    """
    changed = ["signal", *columns]
    inside = pl.lit(value=False)
    if not lasting.is_empty():
        marks = lasting.lazy().select(
            "signal",
            time=pl.col("start").dt.cast_time_unit("ns"),
            gap=pl.int_range(pl.len()),
            gap_end=pl.col("end").dt.cast_time_unit("ns"),
        )
        frame = frame.join_asof(marks, on="time", by="signal", check_sortedness=False).with_columns(
            within=(pl.col("time") < pl.col(_END)).fill_null(value=False)
        )
        changed += ["gap", "within"]
        inside = pl.col("within")
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in changed)
    return frame.filter(differs | inside).select(
        "signal", pl.col("time").dt.cast_time_unit("us"), *columns, inside=inside
    )


def watched_text(samples: pl.LazyFrame, lasting: pl.DataFrame, machines: Machines) -> pl.LazyFrame:
    """Watch inputs whose values are looked up as text: `raw`, null where Bad."""
    types = types_of(machines)
    frame = samples.select("signal", "time", *types, good=has_value(types))
    return changes(frame, lasting, ("good", *types)).select(
        "signal", "time", "inside", raw=pl.when("good").then(as_text(types))
    )


def reported_text(watched: pl.DataFrame, _: pl.DataFrame, __: Machines) -> pl.DataFrame:
    """Take each text for what it is."""
    return watched.select("signal", "time", *RAW)


def with_breaks(watched: pl.DataFrame, lasting: pl.DataFrame) -> pl.DataFrame:
    """Add a row where a lasting gap begins, before a report at the same instant; `broken` says which rows those are."""
    marks = lasting.select("signal", time="start", inside=pl.lit(value=True), broken=pl.lit(value=True))
    return pl.concat([marks, watched.with_columns(broken=pl.lit(value=False))], how="diagonal").sort(
        "signal", "time", maintain_order=True
    )


def held_in_vain(watched: pl.DataFrame, lasting: pl.DataFrame) -> pl.Expr:
    """True for reports inside a gap that goes on for longer than they may be held."""
    if lasting.is_empty():
        return pl.lit(value=False)
    found = watched.select("signal", "time").join_asof(
        lasting.select("signal", "hold_for", time="start", gap_end="end"),
        on="time",
        by="signal",
        check_sortedness=False,
    )
    in_vain = (found["gap_end"] - found["time"] > found["hold_for"]).fill_null(value=False)
    return pl.lit(in_vain)


def no_lasting() -> pl.DataFrame:
    """Give no gaps."""
    return pl.DataFrame(schema=LASTING)
