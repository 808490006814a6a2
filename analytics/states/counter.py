"""By a part counter: the machine produces while parts come soon enough after each other.

    parts        p     p     p                          p     p
    time    ─────┬─────┬─────┬──────────────────────────┬─────┬─────
    state   parts             │none                │parts
                              └── more than within ──┴ 1 ─┘        ideal cycles

- A report that counts `n` parts more than the one before stands for `n` ideal cycles, those of the product that ran
  before it came: a new product and the last part of the old one are told together (`analytics.parts` has it so, too).
  If the report of parts before it is no further away than `within` times as much, the machine produced all the time
  between. Else it stood still from that one on, until those cycles before it.
- A report that counts many parts at once (after a gap, by slow polling) reaches back for `REACH` at most.
- A counter that jumps back was reset, and no part was made by that; with a `width` it rolled over, where that is the
  shorter way.
- After the last report of parts the machine is taken to produce for as long as that report reached, or one ideal cycle
  `within` times, whichever is longer. If none comes until then, it stood still from that report on. The same where a
  gap begins. After a gap, and after the very first report, it stands still until parts come; what was counted while
  nothing was heard says nothing of when.
- Where the ideal cycle of the product is not known, its state is unknown (`NO_CYCLE`).
"""

from datetime import timedelta
from typing import Final

import polars as pl

from adapters.sample import VALUE_TYPES, is_good
from analytics.states.contract import MOMENT, RAW, Machines, Rule, ruled
from analytics.states.reports import as_text, changes, has_value, with_breaks
from analytics.states.signal import mapped
from collector.park import Equipment, EquipmentState, Signal, SignalRole
from collector.staterules import ByCounter

REACH: Final = timedelta(hours=1)
"""How far a report of many parts reaches back, if one part does not reach further."""

NO_CYCLE: Final = "no ideal cycle"
"""The raw value where parts are counted that nobody knows the ideal cycle of."""

_PARTS: Final = "parts"
_NONE: Final = "none"


def _watched(samples: pl.LazyFrame, lasting: pl.DataFrame, machines: Machines) -> pl.LazyFrame:
    """Watch the counters (`count`) and the products (`product`)."""
    value = pl.coalesce("float", pl.col("int").cast(pl.Float64))
    counted = samples.filter(pl.col("signal").is_in(_counters(machines)["signal"].implode())).select(
        "signal", "time", count=pl.when(is_good(pl.col("status"))).then(value)
    )
    seen = changes(counted, lasting, ("count",)).with_columns(product=pl.lit(None, pl.String))
    products = [signal for machine in machines for signal in _product(machine.configured)]
    if not products:
        return seen
    types = [kind for kind in VALUE_TYPES if any(signal.type == kind for signal in products)]
    made = samples.filter(pl.col("signal").is_in([signal.path for signal in products])).select(
        "signal", "time", product=pl.when(has_value(types)).then(as_text(types))
    )
    running = changes(made, lasting.clear(), ("product",)).with_columns(count=pl.lit(None, pl.Float64))
    return pl.concat([seen, running], how="diagonal")


def _counters(machines: Machines) -> pl.DataFrame:
    """Give what is configured of each counter: one row per machine, durations in seconds."""
    rows = []
    for machine, rule in ruled(machines, ByCounter):
        signal = machine.input(rule.signal)
        width = None if signal.width is None else signal.width * abs(signal.scale)
        product = next((one.path for one in _product(machine.configured)), None)
        cycle = machine.configured.ideal_cycle
        ideal = None if cycle is None else cycle.total_seconds()
        rows.append((machine.equipment, signal.path, product, ideal, rule.within, width, machine.until))
    schema: dict[str, pl.DataType | type[pl.DataType]] = {
        "equipment": pl.String,
        "signal": pl.String,
        "product_signal": pl.String,
        "usual": pl.Float64,
        "within": pl.Float64,
        "width": pl.Float64,
        "until": MOMENT,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _product(equipment: Equipment) -> tuple[Signal, ...]:
    """Give the signal that says which product runs, where ideal cycles depend on it."""
    found = equipment.of_role(SignalRole.PRODUCT) if equipment.products else None
    return () if found is None else (found,)


def _reports(watched: pl.DataFrame, lasting: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    about = _counters(machines)
    counted = watched.join(about, on="signal", how="inner", maintain_order="left").drop("product")
    rows = with_breaks(counted.select("signal", "time", "inside", "count"), lasting)
    rows = rows.join(about, on="signal", how="inner", maintain_order="left")
    rows = _with_cycle(_with_parts(rows), watched, machines)
    events = rows.filter(pl.col("broken") | pl.col("count").is_null() | pl.col("first") | (pl.col("parts") > 0))
    told = _told(events)
    same = ~pl.col("broken") & ~pl.col("first") & pl.col("count").is_not_null() & (pl.col("parts") == 0)
    again = rows.filter(same)  # they count nothing, and say in a gap and behind it that it goes on as it was
    if again.is_empty():
        return told
    repeated = again.select("signal", "time", raw=pl.lit(None, pl.String), again=pl.lit(value=True))
    both = pl.concat([told.with_columns(again=pl.lit(value=False)), repeated]).sort(
        "signal", "time", maintain_order=True
    )
    before = pl.when(~pl.col("again")).then("raw").forward_fill().over("signal")
    return both.with_columns(raw=pl.when("again").then(before).otherwise("raw")).select("signal", "time", *RAW)


def _with_parts(rows: pl.DataFrame) -> pl.DataFrame:
    """Add how many `parts` each report counts, and whether it is the `first` with a value, ever or after a gap."""
    before = pl.col("count").forward_fill().shift().over("signal")
    more = pl.col("count") - before
    rolled = more + pl.col("width")
    parts = pl.when(more >= 0).then(more).when((more < 0) & (rolled <= pl.col("width") / 2)).then(rolled).otherwise(0.0)
    good = pl.col("count").is_not_null()
    first = good & ~good.shift().over("signal").fill_null(value=False)
    return rows.with_columns(parts=pl.when(~first).then(parts).fill_null(0.0), first=first)


def _with_cycle(rows: pl.DataFrame, watched: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    """Add the ideal `cycle` of the product that ran before each report, and `goes_on_by`, that of the one from it on.

    Both are in seconds, and null where they are not known.
    """
    made = watched.select(pl.col("signal").alias("product_signal"), "time", "product")
    known = pl.DataFrame(
        [
            (machine.equipment, name, cycle.total_seconds())
            for machine in machines
            for name, cycle in machine.configured.products.items()
        ],
        schema={"equipment": pl.String, "product": pl.String, "own": pl.Float64},
        orient="row",
    )
    order = pl.int_range(pl.len())
    found = rows.with_columns(order=order).sort("time")
    for name, exact in (("cycle", False), ("goes_on_by", True)):
        found = (
            found.join_asof(
                made.sort("time"), on="time", by="product_signal", allow_exact_matches=exact, check_sortedness=False
            )
            .join(known, on=["equipment", "product"], how="left", maintain_order="left")
            .with_columns(pl.coalesce("own", "usual").alias(name))
            .drop("product", "own")
        )
    return found.sort("order")


def _told(events: pl.DataFrame) -> pl.DataFrame:
    """Say what each stretch between two events was."""
    single, following = (pl.col("within") * pl.col(name) for name in ("cycle", "goes_on_by"))
    spent = pl.col("parts") * pl.col("cycle")
    reach = pl.min_horizontal(pl.col("within") * spent, pl.max_horizontal(single, pl.lit(REACH.total_seconds())))
    known = pl.col("count").is_not_null()
    rows = events.with_columns(reach=reach, back=pl.min_horizontal(spent, reach), good=known).with_columns(
        next_time=pl.col("time").shift(-1).over("signal"),
        next_good=pl.col("good").shift(-1).over("signal").fill_null(value=False),
        next_cycle=pl.col("cycle").shift(-1).over("signal"),
        next_reach=pl.col("reach").shift(-1).over("signal"),
        next_back=pl.col("back").shift(-1).over("signal"),
    )
    length = (
        pl.coalesce("next_time", pl.max_horizontal("time", "until")) - pl.col("time")
    ).dt.total_microseconds() / 1e6
    tail = pl.when(pl.col("parts") > 0).then(pl.max_horizontal("reach", following)).otherwise(0.0)
    goes_on = pl.when("next_good").then(length <= pl.col("next_reach")).otherwise(length <= tail)
    no_cycle = pl.when("next_good").then(pl.col("next_cycle").is_null()).otherwise(pl.col("goes_on_by").is_null())
    raw = (
        pl.when(no_cycle)
        .then(pl.lit(NO_CYCLE))
        .when(goes_on & (pl.col("next_good") | (pl.col("parts") > 0)))
        .then(pl.lit(_PARTS))
        .otherwise(pl.lit(_NONE))
    )
    rows = rows.with_columns(raw=pl.when("good").then(raw))
    starts = pl.col("next_time") - pl.duration(microseconds=(pl.col("next_back") * 1e6).round().cast(pl.Int64))
    begun = rows.filter("good", "next_good", pl.col("raw") == _NONE).select("signal", time=starts, raw=pl.lit(_PARTS))
    told = rows.filter(~pl.col("broken")).select("signal", "time", *RAW)
    return pl.concat([told, begun]).sort("signal", "time", maintain_order=True)


def _states(began: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    rows = [
        (machine.equipment, raw, state.value)
        for machine, rule in ruled(machines, ByCounter)
        for raw, state in ((_PARTS, EquipmentState.PRODUCING), (_NONE, rule.stopped))
    ]
    return mapped(
        began, pl.DataFrame(rows, schema={"equipment": pl.String, "raw": pl.String, "state": pl.String}, orient="row")
    )


def _memory(equipment: Equipment) -> timedelta:
    rule = equipment.state_from
    cycles = [cycle for cycle in (equipment.ideal_cycle, *equipment.products.values()) if cycle is not None]
    if not isinstance(rule, ByCounter) or not cycles:
        return timedelta(0)
    return max(REACH, rule.within * max(cycles))


COUNTER = Rule("counter", RAW, _watched, _reports, _states, _memory, _product)
