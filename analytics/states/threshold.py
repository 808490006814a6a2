"""By a threshold: power, current or spindle load says whether a machine works.

    load      on ─ ─ ─ ┌──┐─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─ ─┌─────────
                       │  └─────┐        ┌─┐      │
             off ─ ─ ─ │─ ─ ─ ─ │─ ─ ─ ─ │ │─ ─ ─ │─ ─ ─ ─
              ─────────┘        └────────┘ └──────┘
    state    below     │above   │below            │above

- At or above `on` it is `above`, below `off` it is `below`. Between the two it stays as it was.
- It stays as it was for `MEMORY` at most after the last report outside; then it is `below`, since it never came back
  to `on`. So it does where there is no report outside before.
- A state that lasts for less than `minimum` is part of the state before it, where one of the last `MEMORY` lasted as
  long as that. Where none did (it flickers, or nothing is known before) it stands as it is. `unknown` is no state in
  this, and lasts as long as it lasts. What has not lasted for `minimum` when no more is known is not taken for a
  state either; a later computation may.
"""

from datetime import timedelta
from typing import Final

import polars as pl

from adapters.sample import is_good
from analytics.states.contract import MOMENT, RAW, Machines, Rule, ruled
from analytics.states.reports import changes, held_in_vain, with_breaks
from analytics.states.signal import mapped
from collector.park import Equipment
from collector.staterules import ByThreshold

MEMORY: Final = timedelta(hours=1)
"""How long a machine stays as it was without a value that says so."""

_BAD: Final = 0
_BELOW: Final = 1
_BETWEEN: Final = 2
_ABOVE: Final = 3


def _watched(samples: pl.LazyFrame, lasting: pl.DataFrame, machines: Machines) -> pl.LazyFrame:
    """Watch on which side each value lies: `side`."""
    bounds = [(machine.input(rule.signal).path, rule.on, _off(rule)) for machine, rule in ruled(machines, ByThreshold)]
    value = pl.coalesce("float", pl.col("int").cast(pl.Float64))
    on, off = (
        pl.col("signal").replace_strict(
            [bound[0] for bound in bounds], [bound[n] for bound in bounds], default=None, return_dtype=pl.Float64
        )
        if len({bound[n] for bound in bounds}) > 1
        else pl.lit(bounds[0][n])
        for n in (1, 2)
    )
    side = (
        pl.when(~is_good(pl.col("status")) | value.is_null())
        .then(_BAD)
        .when(value >= on)
        .then(_ABOVE)
        .when(value < off)
        .then(_BELOW)
        .otherwise(_BETWEEN)
    )
    return changes(samples.select("signal", "time", side=side.cast(pl.UInt8)), lasting, ("side",))


def _off(rule: ByThreshold) -> float:
    return rule.on if rule.off is None else rule.off


def _reports(watched: pl.DataFrame, lasting: pl.DataFrame, _: Machines) -> pl.DataFrame:
    rows = with_breaks(watched, lasting)
    outside = pl.col("side").is_in([_BELOW, _ABOVE]).fill_null(value=False)
    since = rows.with_columns(
        last=pl.when(outside).then("side").forward_fill().over("signal"),
        turn=outside.cum_sum().over("signal"),
        next=pl.col("time").shift(-1).over("signal"),
        vain=held_in_vain(rows, lasting),
    ).with_columns(forgotten=pl.col("time").filter(~outside & ~pl.col("broken")).min().over("signal", "turn") + MEMORY)
    stays = (pl.col("last") == _ABOVE).fill_null(value=False) & (pl.col("time") < pl.col("forgotten"))
    above = (pl.col("side") == _ABOVE) | ((pl.col("side") == _BETWEEN) & stays)
    told = since.filter(~pl.col("broken")).select(
        "signal",
        "time",
        raw=pl.when(pl.col("side") != _BAD).then(pl.when(above).then(pl.lit("above")).otherwise(pl.lit("below"))),
    )
    over = (pl.col("next") > pl.col("forgotten")).fill_null(value=True)
    fallen = since.filter((pl.col("side") == _BETWEEN) & stays & over & ~pl.col("vain")).select(
        "signal", time="forgotten", raw=pl.lit("below")
    )
    return pl.concat([told, fallen]).sort("signal", "time", maintain_order=True)


def _states(began: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    rows = [
        (machine.equipment, side, state.value)
        for machine, rule in ruled(machines, ByThreshold)
        for side, state in (("above", rule.above), ("below", rule.below))
    ]
    meant = pl.DataFrame(rows, schema={"equipment": pl.String, "raw": pl.String, "state": pl.String}, orient="row")
    told = mapped(began, meant)
    needed = [(machine.equipment, rule.minimum, machine.until) for machine, rule in ruled(machines, ByThreshold)]
    if not any(minimum for _, minimum, _ in needed):
        return told
    about = pl.DataFrame(
        needed, schema={"equipment": pl.String, "minimum": pl.Duration("us"), "until": MOMENT}, orient="row"
    )
    return _lasting(told, about)


def _lasting(told: pl.DataFrame, about: pl.DataFrame) -> pl.DataFrame:
    """Take states that do not last for what was before them; the module tells how."""
    ordered = told.sort("equipment", "start", maintain_order=True)
    at_instant = pl.struct("equipment", "start") == pl.struct("equipment", "start").shift(-1)
    ordered = ordered.filter(~at_instant.fill_null(value=False))
    fresh = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift()) for name in ("equipment", "raw"))
    runs = ordered.filter(fresh).join(about, on="equipment", how="inner", maintain_order="left").with_row_index("row")
    end = pl.col("start").shift(-1).over("equipment")
    runs = runs.with_columns(end=pl.coalesce(end, pl.max_horizontal("start", "until")))
    known = pl.col("raw").is_not_null()
    lasts = known & (pl.col("end") - pl.col("start") >= pl.col("minimum"))
    before = pl.when(lasts | ~known).then("row").forward_fill().shift().over("equipment")
    runs = runs.with_columns(lasts=lasts, before=before).with_columns(
        pl.col("raw", "state", "end").gather(pl.col("before")).name.prefix("before_")
    )
    part = (
        known
        & ~pl.col("lasts")
        & pl.col("before_raw").is_not_null()
        & (pl.col("start") - pl.col("before_end") <= MEMORY).fill_null(value=False)
    )
    return runs.select(
        "equipment",
        "start",
        raw=pl.when(part).then("before_raw").otherwise("raw"),
        state=pl.when(part).then("before_state").otherwise("state"),
    )


def _memory(equipment: Equipment) -> timedelta:
    rule = equipment.state_from
    if not isinstance(rule, ByThreshold):
        return timedelta(0)
    stays = MEMORY if _off(rule) < rule.on else timedelta(0)
    return stays + (MEMORY + 2 * rule.minimum if rule.minimum else timedelta(0))


THRESHOLD = Rule("threshold", RAW, _watched, _reports, _states, _memory)
