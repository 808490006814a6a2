"""Parts: what was made and what energy it took, from the steps of counters and the product being made.

Of total, good and rejected parts any two give the third. Where only the total is counted every part is taken for good,
where only the good are counted they are the total; rejected parts alone say nothing of the others. Before a counter is
first read it says nothing, and neither does the third of it and another. Counters of one machine that are not read at
the same instant differ for as long: a window that ends between the two readings of one part has one rejected part
more, and the next one has one less.

The ideal cycle of a part is that of the product signal's value before the instant at which it is counted (a new product
and the last part of the old one are told together), from `products` of the machine; what that does not list takes
`ideal_cycle`. A product without either has no ideal cycle, and its parts are counted and not judged. A Bad product
signal changes nothing; of several values at one instant the last one counts.

    samples, earlier    as in `analytics.counters`
    products            `PRODUCTS`, by equipment and time
    parts               `PARTS`, by equipment and time
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import polars as pl

from adapters.sample import VALUE_TYPES, is_bad
from analytics.counters import counter, kilowatt_hours
from analytics.spans import MOMENT, as_text
from collector.park import Equipment, SignalRole

PRODUCTS: Final = pl.Schema(
    {
        "equipment": pl.String(),
        "time": MOMENT,
        "product": pl.String(),
        "ideal": pl.Float64(),
        "judged": pl.Boolean(),
    }
)
"""Columns of products: path of the machine, from when on (UTC), which product (null: nobody says), its ideal cycle in
seconds (null: not known), and whether production can be judged: all parts are counted, and the ideal cycle is known
(`judgeable`: and the counters were read).
The first row of every machine lies before everything."""

SUMS: Final = ("total", "good", "reject", "rework", "ideal_time", "ideal_good_time", "energy")
"""The columns of sums in `PARTS`."""

PARTS: Final = pl.Schema({"equipment": pl.String(), "time": MOMENT, **dict.fromkeys(SUMS, pl.Float64())})
"""Columns of parts: path of the machine, when (UTC), and what was counted since its first row up to and with this
instant: parts (all, good, rejected, reworked; null where not counted or never read), seconds that all and the good ones
take at the ideal cycle, and kW.h (null where not metered). The first row of a machine says 0."""

DAWN: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Before every sample."""

_ROLES: Final = {
    "total": SignalRole.TOTAL_COUNT,
    "good": SignalRole.GOOD_COUNT,
    "reject": SignalRole.REJECT_COUNT,
    "rework": SignalRole.REWORK_COUNT,
    "energy": SignalRole.ENERGY,
}


def counts_parts(machine: Equipment) -> bool:
    """Tell whether all parts of a machine are counted."""
    return any(counter(machine, role) is not None for role in (SignalRole.TOTAL_COUNT, SignalRole.GOOD_COUNT))


def counts_quality(machine: Equipment) -> bool:
    """Tell whether a machine tells good parts from rejected ones."""
    roles = (SignalRole.TOTAL_COUNT, SignalRole.GOOD_COUNT, SignalRole.REJECT_COUNT)
    return sum(counter(machine, role) is not None for role in roles) > 1


def products(samples: pl.LazyFrame, earlier: pl.DataFrame, machines: Sequence[Equipment]) -> pl.DataFrame:
    """Give what machines made from when on, as the module tells."""
    about = pl.DataFrame(
        [
            (one.path, one.ideal_cycle.total_seconds() if one.ideal_cycle else None, counts_parts(one))
            for one in machines
        ],
        schema={"equipment": pl.String, "usual": pl.Float64, "counted": pl.Boolean},
        orient="row",
    )
    listed = pl.DataFrame(
        [(one.path, product, cycle.total_seconds()) for one in machines for product, cycle in one.products.items()],
        schema={"equipment": pl.String, "product": pl.String, "ideal": pl.Float64},
        orient="row",
    )
    began = about.select("equipment", time=pl.lit(DAWN, MOMENT), product=pl.lit(None, pl.String))
    told = pl.concat([began, _values(earlier.lazy(), machines), _values(samples, machines)])
    ordered = told.sort("equipment", "time", maintain_order=True)
    here = pl.struct("equipment", "time")
    last = ordered.filter((here != here.shift(-1)).fill_null(value=True))
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("equipment", "product"))
    return (
        last.filter(differs)
        .join(listed, on=["equipment", "product"], how="left", maintain_order="left")
        .join(about, on="equipment", how="inner", maintain_order="left")
        .with_columns(pl.coalesce("ideal", "usual"))
        .with_columns(judged=pl.col("counted") & pl.col("ideal").is_not_null())
        .select(PRODUCTS.names())
    )


def parts(steps: pl.DataFrame, products: pl.DataFrame, machines: Sequence[Equipment]) -> pl.DataFrame:
    """Give the running sums of what machines made, as the module tells.

    Args:
        steps: columns of `counters.STEPS`.
        products: columns of `PRODUCTS`, of the same machines.
        machines: whose counters those are.
    """
    about = _configured(machines)
    of = {name: pl.col("role") == role.value for name, role in _ROLES.items()}
    begins = (pl.col("time").filter(which).min().alias(f"{name}_begins") for name, which in of.items())
    known = steps.filter(pl.col("kind") == "first").group_by("equipment").agg(*begins)
    told = about.join(known, on="equipment", how="left", maintain_order="left")
    # Steps are sorted while they are narrow, and names are looked up at the end. They come in runs, of which a sort
    # that keeps order makes use: it takes a quarter of the time.
    ordered = (
        steps.select("equipment", "time", "delta", *(which.alias(name) for name, which in of.items()))
        .join(about.select("number", "equipment"), on="equipment", how="inner")
        .drop("equipment")
        .sort("number", "time", maintain_order=True)
    )
    of_machine = told.drop("number", "equipment").select(pl.all().gather(ordered["number"]))
    # Everything is a sum of steps, so steps are summed as they are, and the last sum of an instant is kept.
    counted = pl.concat([ordered, of_machine], how="horizontal").with_columns(
        pl.when(pl.col("time") >= pl.col(f"{name}_begins")).then(pl.when(name).then("delta").otherwise(0.0)).alias(name)
        for name in _ROLES
    )
    cycles = products.join(about, on="equipment", how="inner").select("number", "time", "ideal").sort("time")
    made = (
        _completed(counted)
        .join_asof(cycles, on="time", by="number", allow_exact_matches=False, check_sortedness=False)
        .with_columns(
            ideal_time=(pl.col("total") * pl.col("ideal")).fill_null(0.0),
            ideal_good_time=(pl.col("good") * pl.col("ideal")).fill_null(0.0),
            energy=pl.col("energy") * pl.col("kilowatt_hours"),
        )
    )
    counts = [name for name in SUMS if made[name].null_count() < made.height]
    sums = made.with_columns(pl.col(counts).cum_sum().over("number"))
    last_at_instant = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in ("number", "time"))
    kept = sums.filter(last_at_instant.fill_null(value=True))
    return kept.with_columns(about["equipment"].gather(kept["number"])).select(PARTS.names())


def judgeable(products: pl.DataFrame, parts: pl.DataFrame) -> pl.DataFrame:
    """Give the products so that nothing is judged until all and the good parts of a machine are known.

    A counter that is configured and was never read says nothing: production would look as if it had made nothing. Where
    a machine's parts become known, a row begins.

    Args:
        products: columns of `PRODUCTS`, by equipment and time.
        parts: columns of `PARTS`, of the same machines.
    """
    known = pl.col("total").is_not_null() & pl.col("good").is_not_null()
    since = parts.filter(known).group_by("equipment").agg(since=pl.col("time").min())
    held = products.join(since, on="equipment", how="left", maintain_order="left").with_columns(
        until=pl.col("time").shift(-1).over("equipment")
    )
    early = (pl.col("time") < pl.col("since")).fill_null(value=True)
    begins = early & (pl.col("since") < pl.col("until")).fill_null(pl.col("since").is_not_null())
    known_from = held.filter(begins).with_columns(time="since")
    before = held.with_columns(judged=pl.col("judged") & ~early)
    return pl.concat([before, known_from]).sort("equipment", "time", maintain_order=True).select(PRODUCTS.names())


def _values(samples: pl.LazyFrame, machines: Sequence[Equipment]) -> pl.DataFrame:
    """Give the changes of product signals, in the order of the samples: equipment, time (us), product."""
    signals = [signal for one in machines if (signal := one.of_role(SignalRole.PRODUCT)) is not None]
    types = [kind for kind in VALUE_TYPES if any(signal.type == kind for signal in signals)] or ["text"]
    changed = (pl.col(name).ne_missing(pl.col(name).shift()) for name in ("signal", *types))
    owners = pl.DataFrame(
        [(signal.path, signal.equipment) for signal in signals],
        schema={"signal": pl.String, "equipment": pl.String},
        orient="row",
    )
    return (
        samples.filter(pl.col("signal").is_in(owners["signal"].to_list()) & ~is_bad(pl.col("status")))
        .select("signal", "time", *types)
        .filter(pl.any_horizontal(changed))
        .select("signal", pl.col("time").dt.cast_time_unit("us"), product=as_text(tuple(types)))
        .filter(pl.col("product").is_not_null())
        .collect()
        .join(owners, on="signal", how="inner", maintain_order="left")
        .select("equipment", "time", "product")
    )


def _configured(machines: Sequence[Equipment]) -> pl.DataFrame:
    """Give which parts a machine is configured to count, and kW.h per unit of its meter; numbered in order of path."""
    rows = []
    for one in sorted(machines, key=lambda machine: machine.path):
        meter = counter(one, SignalRole.ENERGY)
        kinds = [counter(one, _ROLES[name]) is not None for name in ("total", "good", "reject")]
        rows.append((one.path, *kinds, None if meter is None else kilowatt_hours(meter.unit)))
    flags = dict.fromkeys(("counts_total", "counts_good", "counts_reject"), pl.Boolean)
    schema = {"equipment": pl.String, **flags, "kilowatt_hours": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row").with_row_index("number")


def _completed(counted: pl.DataFrame) -> pl.DataFrame:
    """Give the third of total, good and rejected parts from the two others."""
    total, good, reject = (pl.col(name) for name in ("total", "good", "reject"))
    no_total, no_good, no_reject = (~pl.col(f"counts_{name}") for name in ("total", "good", "reject"))
    return counted.with_columns(
        total=pl.when(no_total & no_reject).then(good).when(no_total).then(good + reject).otherwise(total),
        good=pl.when(no_good & no_reject).then(total).when(no_good).then(total - reject).otherwise(good),
        reject=pl.when(no_reject & ~no_total & ~no_good).then(total - good).otherwise(reject),
    )
