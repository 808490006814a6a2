"""Accounts: where the time of every window went, and what was made in it.

    intervals   `losses.INTERVALS`; the first one of a machine begins before its first window
    parts       `parts.PARTS`, with all that was counted within the windows
    products    `parts.PRODUCTS`
    windows     equipment: str   and columns of `calendar.WINDOWS`
    result      `ACCOUNTS`: the columns that `kpis.contract` describes

- A window that still runs is cut at the end of its machine's last interval: its `end` says how far its numbers reach,
  and what is not known yet is in none of them. It is replaced as it grows, since its start stays. Windows that begin
  beyond the last interval have no row; one without length has a row of zeros.
- A part belongs to the window in which its reading lies; a reading at the very end of a window is of the next one.
- Counts and energy are all of a window's, as the machine's own counters show them (ISO 22400-2 counts the produced
  quantity of an order, whenever it was made). `ideal_time` and `ideal_good_time`, which OEE sets against planned time,
  leave out what was read outside planned time, and in a maintenance window while the machine produced: the time that
  those parts took is in `overtime` and in planned stops.
- A failure is a run of unplanned stops. It is counted where it begins, once, also when a break, maintenance or the end
  of a shift lies in it; one that began outside planned time is not counted, nor one whose beginning no interval shows.
- By reason, a stop is an unbroken stretch of one loss for one reason. It is counted where it begins in planned time,
  once: not again in the next window, nor behind a break or maintenance shorter than `BREAK` in which the machine stood.
  Where the reason changes while it stands, each reason is counted, so that the sum may exceed the failures.

Everything is summed up in microseconds and becomes seconds at the end, so that hours add up to their day. Windows are
cut into cells at each other's edges; what lies in a cell is summed up once, however many windows it is in.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from analytics.kpis.contract import (
    ACCOUNT,
    CALENDAR,
    IDEAL_TIMES,
    LOSS_TIMES,
    OVERTIME,
    PLANNED,
    STATE_TIMES,
    TIMES,
    Loss,
    loss_time,
)
from analytics.losses import REASONED
from analytics.overlay import joined, overlay
from analytics.spans import MOMENT
from collector.park import EquipmentState

KEY: Final = ("path", "period", "start")
"""What tells a window apart."""

ACCOUNTS: Final = pl.Schema(
    {
        "path": pl.String(),
        "period": pl.String(),
        "name": pl.String(),
        "start": MOMENT,
        "end": MOMENT,
        **{name: pl.Float64() for name in ACCOUNT},
    }
)
"""Columns of windows with their accounts: path of a machine (or of what is above it), the window as in
`calendar.WINDOWS`, and the columns of `kpis.contract.ACCOUNT`: seconds, parts and kW.h."""

BY_REASON: Final = pl.Schema(
    {
        "path": pl.String(),
        "period": pl.String(),
        "start": MOMENT,
        "loss": pl.String(),
        "reason": pl.String(),
        "seconds": pl.Float64(),
        "stops": pl.Float64(),
    }
)
"""Columns of what was lost by reason: the window, a loss that has reasons, the reason (empty: nobody says), seconds,
and how many stops began in it (null: results of an older parkline, which did not count them)."""

BREAK: Final = timedelta(hours=1)
"""How long a break or maintenance in a stop lasts less than for the stop behind it to be the same one."""

_SUMS: Final = {
    "total_count": "total",
    "good_count": "good",
    "reject_count": "reject",
    "rework_count": "rework",
    "energy": "energy",
}
"""Which column of an account is the sum of which one of `PARTS`."""

_GOOD: Final = ("productive_time", "quality_loss_time")
"""Judged time without speed loss."""

_ENGINEERING: Final = "engineering"
"""The reason of planned stops that is SEMI E10 engineering time."""

_AS_BEFORE: Final = (EquipmentState.IDLE.value, EquipmentState.UNPLANNED_STOP.value, EquipmentState.OFF.value)
"""States in which a failure goes on behind a break or maintenance."""

_FOREVER: Final = datetime(2262, 1, 1, tzinfo=UTC)
"""The end of the last product."""

_PRODUCING: Final = pl.col("loss") == Loss.PRODUCING
_UNPLANNED: Final = pl.col("loss") == Loss.NOT_SCHEDULED
_PRODUCES: Final = pl.col("state") == EquipmentState.PRODUCING
_WINDOW: Final = ("equipment", "period", "name", "start", "end")


def accounts(
    intervals: pl.DataFrame, parts: pl.DataFrame, products: pl.DataFrame, windows: pl.DataFrame
) -> pl.DataFrame:
    """Give one row per window that has begun, as the module tells; by path, period and start."""
    begun = _begun(intervals, windows)
    cells, within = _cells(begun)
    spent = _spent(overlay(cells, intervals.drop("raw"), judged(products)))
    failed = _failures(intervals, cells)
    made = _made(cells, intervals, parts)
    micro = [*LOSS_TIMES, "judged_time", "engineering_time", OVERTIME]
    every = (
        within.join(spent, on="cell", how="left")
        .join(failed, on="cell", how="left")
        .join(made, on="cell", how="left")
        .group_by("window")
        .agg(pl.col(*micro, "failure_count", *_SUMS, *IDEAL_TIMES).sum())
    )
    # A counter counts from its first reading on: what a window says does not depend on those computed beside it.
    counted = parts.group_by("equipment").agg(
        pl.col("time").filter(pl.col(name).is_not_null()).min().alias(f"{slug}_since") for slug, name in _SUMS.items()
    )
    return (
        begun.join(every, on="window", how="left")
        .join(counted, on="equipment", how="left")
        .with_columns(pl.col(*micro, "failure_count", *_SUMS, *IDEAL_TIMES).fill_null(0))
        .with_columns(pl.when(pl.col(f"{slug}_since") < pl.col("end")).then(slug).alias(slug) for slug in _SUMS)
        .with_columns((pl.col(IDEAL_TIMES) * 1e6).round().cast(pl.Int64))
        .with_columns(pl.sum_horizontal(LOSS_TIMES).alias(CALENDAR), pl.sum_horizontal(STATE_TIMES).alias(PLANNED))
        .pipe(_divide)
        .with_columns((pl.col(*TIMES, *IDEAL_TIMES) / 1e6).round(6))  # Polars multiplies by 1e-6, which is not exact
        .rename({"equipment": "path"})
        .select(pl.col(name).cast(type_) for name, type_ in ACCOUNTS.items())
        .sort(KEY)
    )


def by_reason(intervals: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Give the seconds and stops of every loss that has reasons, by reason and window: columns of `BY_REASON`.

    What has no time in a window has no row. The seconds of the reasons of a loss add up to the loss. A stop that began
    before a window has seconds in it and is not among its stops.
    """
    begun = _begun(intervals, windows)
    cells, within = _cells(begun)
    wanted = intervals.filter(pl.col("loss").is_in(REASONED)).select("equipment", "start", "end", "loss", "reason")
    sums = overlay(wanted, cells).group_by("cell", "loss", "reason").agg(_lasted().sum().alias("lasted"))
    counts = _in_cells(stops_begun(intervals), cells).group_by("cell", "loss", "reason").agg(stops=pl.len())
    return (
        within.join(sums, on="cell", how="inner")
        .join(counts, on=["cell", "loss", "reason"], how="left")
        .group_by("window", "loss", "reason")
        .agg(
            (pl.col("lasted").sum() / 1e6).round(6).alias("seconds"),
            pl.col("stops").sum().cast(pl.Float64),
        )
        .join(begun.select("window", "period", "start", path="equipment"), on="window", how="inner")
        .select(BY_REASON.names())
        .sort(*KEY, "loss", "reason")
    )


def stops_begun(intervals: pl.DataFrame) -> pl.DataFrame:
    """Give when stops began, of every loss that has reasons: equipment, time, loss, reason; by equipment and time.

    Args:
        intervals: columns of `losses.INTERVALS`, from `BREAK` before the first instant of which this is asked.
    """
    stands = pl.col("loss").is_in([Loss.NOT_SCHEDULED, Loss.PLANNED_STOP]) & pl.col("state").is_in(_AS_BEFORE)
    told = (
        intervals.sort("equipment", "start")
        .with_columns(stretch=pl.col("start").ne_missing(pl.col("end").shift()).cum_sum().over("equipment"))
        .select("equipment", "start", "end", "loss", "reason", "stretch", stands=stands)
    )
    names = ("loss", "reason", "end", "stretch")
    # What lay right before, and what lay before that in which the machine merely stood on.
    right = {f"right_{name}": pl.col(name).shift().over("equipment") for name in names}
    past = {
        f"past_{name}": pl.when(~pl.col("stands")).then(name).forward_fill().shift().over("equipment") for name in names
    }

    def alike(before: str) -> pl.Expr:
        return pl.all_horizontal(pl.col(name) == pl.col(f"{before}_{name}") for name in ("loss", "reason", "stretch"))

    behind = alike("past") & (pl.col("start") - pl.col("past_end") < BREAK) & (pl.col("loss") != Loss.PLANNED_STOP)
    goes_on = (alike("right") | behind).fill_null(value=False)
    begun = told.with_columns(**right, **past).filter(pl.col("loss").is_in(REASONED) & ~goes_on)
    return begun.select("equipment", "loss", "reason", time="start")


def judged(products: pl.DataFrame) -> pl.DataFrame:
    """Give when production could be judged, by `parts.PRODUCTS`: equipment, start, end, and `judged`, always true."""
    until = pl.col("time").shift(-1).over("equipment").fill_null(_FOREVER)
    ordered = products.sort("equipment", "time").select("equipment", "judged", start="time", end=until)
    return joined(ordered.filter(pl.col("judged").fill_null(value=False)))


def divided(intervals: pl.DataFrame, products: pl.DataFrame, account: pl.DataFrame) -> pl.DataFrame:
    """Divide production into productive time, quality loss and speed loss, so that a loss tree is made of intervals.

    Where in its production a window lost speed and quality its account does not say; each interval has its share of
    both, and they stand at its end. Shares are divided in whole microseconds so that they add up to the account's.

    Args:
        intervals: columns of `losses.INTERVALS`.
        products: columns of `parts.PRODUCTS`, those that the account was made with.
        account: columns of `ACCOUNTS`; one window of each machine.

    Returns:
        The intervals within the windows, as columns of `losses.INTERVALS`, by equipment and start. What could be judged
        has the loss `productive`, `quality_loss` or `speed_loss`; all else is as it was.
    """
    names = intervals.columns
    totals = (_micro(name) for name in ("judged_time", *_GOOD))
    window = account.select(pl.col("path").alias("equipment"), "start", "end", *totals)
    pieces = overlay(intervals, judged(products), window).filter(pl.col("judged_time").is_not_null())
    of = _PRODUCING & pl.col("judged").fill_null(value=False)
    productive, quality = (pl.col(name).cast(pl.Int128) for name in _GOOD)
    done = pl.when(of).then(_lasted()).otherwise(0).cum_sum().over("equipment").cast(pl.Int128)
    # What is good at speed is a share of what is at speed, and that a share of all: rounded down one after the other,
    # no share of an interval is below 0 or above what there is.
    at_speed = done * (productive + quality) // pl.col("judged_time")
    good = at_speed * productive // (productive + quality)
    lengths = {"at_speed": at_speed, "good": good}
    cut = (
        pieces.with_columns(value.fill_null(0).cast(pl.Int64).alias(name) for name, value in lengths.items())
        .with_columns(pl.col(name) - pl.col(name).shift(fill_value=0).over("equipment") for name in lengths)
        .with_columns((pl.col("start") + pl.duration(microseconds=name)).alias(f"{name}_until") for name in lengths)
    )
    edges = ("start", "good_until", "at_speed_until", "end")
    shares = [
        cut.filter(of).with_columns(loss=pl.lit(name.removesuffix("_time")), start=begin, end=end)
        for name, begin, end in zip(
            ("productive_time", "quality_loss_time", "speed_loss_time"), edges, edges[1:], strict=False
        )
    ]
    whole = pl.concat([cut.filter(~of), *shares]).filter(pl.col("start") < pl.col("end"))
    return joined(whole.select(names))


def _micro(name: str) -> pl.Expr:
    """Give a column of seconds in whole microseconds."""
    return (pl.col(name) * 1e6).round().cast(pl.Int64)


def _lasted() -> pl.Expr:
    return (pl.col("end") - pl.col("start")).dt.total_microseconds()


def _begun(intervals: pl.DataFrame, windows: pl.DataFrame) -> pl.DataFrame:
    """Give the windows that have begun, cut at what is known; numbered by `window`."""
    reach = intervals.group_by("equipment").agg(reach=pl.col("end").max())
    return (
        windows.join(reach, on="equipment", how="inner")
        .filter(pl.col("start") < pl.col("reach"))
        .with_columns(end=pl.min_horizontal("end", "reach"))
        .select(_WINDOW)
        .with_row_index("window")
    )


def _cells(windows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Cut the time of each machine at every edge of its windows.

    result   cell, equipment, start, end: the stretches between edges   window, cell: which window has which
    """
    edges = (
        pl.concat([windows.select("equipment", start=edge) for edge in ("start", "end")])
        .unique()
        .sort("equipment", "start")
        .with_row_index("cell")
    )
    number = {
        edge: edges.select("equipment", pl.col("start").alias(edge), pl.col("cell").alias(f"{edge}_cell"))
        for edge in ("start", "end")
    }
    numbered = windows
    for edge, cells in number.items():
        numbered = numbered.join(cells, on=["equipment", edge], how="inner")
    within = (
        numbered.filter(pl.col("start_cell") < pl.col("end_cell"))
        .select("window", cell=pl.int_ranges("start_cell", "end_cell", dtype=pl.UInt32))
        .explode("cell")
    )
    cells = edges.with_columns(end=pl.col("start").shift(-1).over("equipment")).filter(pl.col("end").is_not_null())
    return cells.select("cell", "equipment", "start", "end"), within


def _spent(pieces: pl.DataFrame) -> pl.DataFrame:
    """Give the microseconds of each loss per cell, from pieces with `cell`, `loss`, `reason`, `state` and `judged`."""
    alike = ["cell", "loss", "judged", "produces", "engineering"]
    sums = (
        pieces.filter(pl.col("loss").is_not_null())
        .select(
            "cell",
            "loss",
            "judged",
            produces=_PRODUCES,
            engineering=pl.col("reason") == _ENGINEERING,
            lasted=_lasted(),
        )
        .group_by(alike)
        .agg(pl.col("lasted").sum())
    )
    of = {loss_time(loss): pl.col("loss") == loss for loss in Loss} | {
        "judged_time": _PRODUCING & pl.col("judged"),
        "engineering_time": (pl.col("loss") == Loss.PLANNED_STOP) & pl.col("engineering"),
        OVERTIME: _UNPLANNED & pl.col("produces"),
    }
    return sums.group_by("cell").agg(pl.col("lasted").filter(which).sum().alias(name) for name, which in of.items())


def _failures(intervals: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Give how many failures began in each cell."""
    failed = pl.col("loss") == Loss.UNPLANNED_STOP
    rests = pl.col("loss").is_in([Loss.NOT_SCHEDULED, Loss.PLANNED_STOP]) & pl.col("state").is_in(_AS_BEFORE)
    follows = pl.col("start").eq_missing(pl.col("end").shift().over("equipment"))
    began = (
        intervals.sort("equipment", "start")
        .with_columns(follows=follows)
        .with_columns(
            fails=pl.when(failed | (_UNPLANNED & (pl.col("state") == EquipmentState.UNPLANNED_STOP)))
            .then(pl.lit(value=True))
            .when(~rests | ~pl.col("follows"))
            .then(pl.lit(value=False))
        )
        .with_columns(pl.col("fails").forward_fill())
        .filter(failed & pl.col("follows") & ~pl.col("fails").shift())
    )
    return _in_cells(began.select("equipment", time="start"), cells).group_by("cell").agg(failure_count=pl.len())


def _in_cells(events: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Give events (equipment, time, and more) with the `cell` that each lies in; without those that lie in none."""
    found = events.sort("time").join_asof(
        cells.sort("start"), left_on="time", right_on="start", by="equipment", check_sortedness=False
    )
    return found.filter(pl.col("time") < pl.col("end"))


def _made(cells: pl.DataFrame, intervals: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Give what was counted in each cell.

    Running sums are looked up where a cell or planned time begins and ends, so that readings are never sorted into
    windows one by one.
    """
    aside = _UNPLANNED | ((pl.col("loss") == Loss.PLANNED_STOP) & _PRODUCES)
    pieces = overlay(
        cells, joined(intervals.filter(aside).select("equipment", "start", "end", aside=pl.lit(value=True)))
    )
    columns = [*_SUMS.values(), *IDEAL_TIMES]
    edges = pl.concat([pieces.select("equipment", at=edge) for edge in ("start", "end")]).unique().sort("at")
    sums = edges.join_asof(
        parts.sort("equipment", "time").select("equipment", "time", *columns),
        left_on="at",
        right_on="time",
        by="equipment",
        allow_exact_matches=False,
        check_sortedness=False,
    ).sort("equipment", "at")
    # The cells of a machine follow each other, so that what lies in a piece is what is added up to the next edge.
    until = pl.col(columns).fill_null(0)
    counted = sums.select("equipment", pl.col("at").alias("start"), (until.shift(-1) - until).over("equipment"))
    made = pieces.join(counted, on=["equipment", "start"], how="left")
    planned = pl.col("aside").is_null()
    return made.group_by("cell").agg(
        *(pl.col(name).sum().alias(slug) for slug, name in _SUMS.items()), pl.col(IDEAL_TIMES).filter(planned).sum()
    )


def _divide(windows: pl.DataFrame) -> pl.DataFrame:
    """Divide the judged time of each window, in microseconds."""
    speed = (pl.col("judged_time") - pl.col("ideal_time")).clip(0, pl.col("judged_time"))
    rejected = (pl.col("ideal_time") - pl.col("ideal_good_time")).clip(lower_bound=0)
    return (
        windows.with_columns(
            speed_loss_time=speed,
            speed_excess_time=(pl.col("ideal_time") - pl.col("judged_time")).clip(lower_bound=0),
        )
        .with_columns(quality_loss_time=pl.min_horizontal(pl.col("judged_time") - pl.col("speed_loss_time"), rejected))
        .with_columns(productive_time=pl.col("judged_time") - pl.col("speed_loss_time") - pl.col("quality_loss_time"))
    )
