"""Overlay: things that hold over time, laid over each other.

    base       A         │B               │        C
    layer      ──┤ x             ├────┤ y       ├─────
    result     A │A x    │B x    │B   │B y│    C y│C

Every frame has `equipment: str`, `start` and `end: datetime[us, UTC]`, and columns of its own. Its intervals are
half-open, and those of one machine do not overlap. Intervals without length count for nothing. The order of rows does
not matter.
"""

import polars as pl

_WHEN = ("equipment", "start", "end")


def overlay(base: pl.DataFrame, *layers: pl.DataFrame) -> pl.DataFrame:
    """Cut the intervals of `base` wherever an interval of a layer begins or ends, and tell what holds in each piece.

    Only instants at which something changes are sorted, and only row numbers are carried along.

    Returns:
        The columns of `base`, then those of each layer, null where it has no interval; by equipment and start. The
        pieces cover exactly what `base` covers.
    """
    machines = base.select("equipment").unique().sort("equipment").with_row_index("machine")
    frames = [_ordered(frame, machines) for frame in (base, *layers)]
    rows = [f"row_{number}" for number in range(len(frames))]
    points = pl.concat(map(_points, frames, rows), how="diagonal").sort("machine", "time")
    first = pl.col("machine").ne_missing(pl.col("machine").shift())
    last = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in ("machine", "time"))
    pieces = (
        points.with_columns(
            pl.when(first & pl.col(row).is_null()).then(-1).otherwise(row).forward_fill().alias(row) for row in rows
        )
        .filter(last)
        .with_columns(end=pl.col("time").shift(-1))
        .filter(pl.col(rows[0]) >= 0)
        .with_columns(pl.when(pl.col(row) >= 0).then(row).alias(row) for row in rows)
    )
    told = [
        frame.drop("machine", *_WHEN).select(pl.all().gather(pieces[row]))
        for frame, row in zip(frames, rows, strict=True)
    ]
    equipment = frames[0].select(pl.col("equipment").gather(pieces[rows[0]]))
    return pl.concat([equipment, pieces.select(start="time", end="end"), *told], how="horizontal")


def joined(frame: pl.DataFrame) -> pl.DataFrame:
    """Make one of intervals that follow each other without a hole and differ in nothing; by equipment and start."""
    ordered = frame.sort("equipment", "start")
    alike = [name for name in frame.columns if name not in {"start", "end"}]
    differs = [pl.col(name).ne_missing(pl.col(name).shift()) for name in alike]
    runs = ordered.with_columns(fresh=pl.any_horizontal(*differs, pl.col("start").ne_missing(pl.col("end").shift())))
    ends = runs.filter(pl.col("fresh").shift(-1, fill_value=True))["end"]
    return runs.filter("fresh").with_columns(ends).select(frame.columns)


def _ordered(frame: pl.DataFrame, machines: pl.DataFrame) -> pl.DataFrame:
    """Give the intervals of these machines that have a length, by machine and start."""
    lasting = frame.filter(pl.col("start") < pl.col("end"))
    return lasting.join(machines, on="equipment", how="inner").sort("machine", "start")


def _points(frame: pl.DataFrame, row: str) -> pl.DataFrame:
    """Give the instants at which another interval holds, by its row; -1 where none holds from there."""
    follows = (pl.col("machine").shift(-1) == pl.col("machine")) & (pl.col("start").shift(-1) == pl.col("end"))
    begin = frame.select("machine", time="start", row=pl.int_range(pl.len(), dtype=pl.Int32))
    stop = frame.filter(~follows.fill_null(value=False)).select("machine", time="end", row=pl.lit(-1, pl.Int32))
    return pl.concat([begin, stop]).rename({"row": row})
