"""Joining: what the inputs of one machine say together, at every instant at which one of them changes.

Of several changes at one instant all count, whatever the order they came in: the inputs are looked at once, when all of
the instant's are in.
"""

from collections.abc import Iterable, Sequence

import polars as pl

from analytics.states.contract import RAW, Machine, R


def joined(began: pl.DataFrame, parts: Iterable[tuple[Machine, str, str | None]], names: Sequence[str]) -> pl.DataFrame:
    """Give a row per instant at which an input of a machine changes, with the row number in `began` of what each says.

    Args:
        began: columns of `contract.began`.
        parts: machine, name of a part of the rule, path of the signal that plays it (None: no signal does).
        names: names of all parts.

    Returns:
        equipment, start, and a column per part: the row of `began` that holds, null before the first.
    """
    slots = pl.DataFrame(
        [(signal, part) for _, part, signal in parts if signal is not None],
        schema={"signal": pl.String, "part": pl.String},
        orient="row",
    )
    numbered = began.with_row_index("row").join(slots, on="signal", how="inner", maintain_order="left")
    ordered = numbered.sort("equipment", "start", maintain_order=True)
    held = ordered.select(
        "equipment",
        "start",
        *(pl.when(pl.col("part") == name).then("row").forward_fill().over("equipment").alias(name) for name in names),
    )
    last = pl.struct("equipment", "start") != pl.struct("equipment", "start").shift(-1)
    return held.filter(last.fill_null(value=True))


def joined_text(began: pl.DataFrame, machines: Iterable[tuple[Machine, R]], fields: Sequence[str]) -> pl.DataFrame:
    """Give what the fields of a rule that name signals say, as text.

    Returns:
        equipment, start, and a column per field (null: not known), and `has_…` per field: whether a signal plays it.
    """
    some = list(machines)
    named = [(machine, field, getattr(rule, field)) for machine, rule in some for field in fields]
    parts = [(machine, field, None if name is None else machine.input(name).path) for machine, field, name in named]
    rows = joined(began, parts, fields)
    raw = began.get_column(*RAW)
    told = rows.with_columns(pl.Series(field, raw.gather(rows[field])) for field in fields)
    has = pl.DataFrame(
        [(machine.equipment, *(getattr(rule, field) is not None for field in fields)) for machine, rule in some],
        schema={"equipment": pl.String, **{f"has_{field}": pl.Boolean for field in fields}},
        orient="row",
    )
    return told.join(has, on="equipment", how="inner", maintain_order="left")


def own_states(machines: Iterable[tuple[Machine, R]]) -> pl.DataFrame:
    """Give the states that rules map otherwise: equipment, `key` (a name, in lower case) and `own`."""
    return pl.DataFrame(
        [
            (machine.equipment, name.strip().lower(), state.value)
            for machine, rule in machines
            for name, state in getattr(rule, "states", {}).items()
        ],
        schema={"equipment": pl.String, "key": pl.String, "own": pl.String},
        orient="row",
    )


def key(column: str) -> pl.Expr:
    """Give a name as it is looked up: without spaces around it, in lower case."""
    return pl.col(column).str.strip_chars().str.to_lowercase()
