"""By OPC 40001-1 (Machinery): MachineryItemState, and MachineryOperationMode where it is there.

They mean what OPC 40501-1 C.2.3 and OPC 40001-1 C.2, table 68, make of them in the time elements of ISO 22400-2:

                    Processing, or no mode        Maintenance     Setup           None
    Executing       producing (APT)               planned_stop    setup (AUST)    producing
    NotExecuting    idle (ADOT)                   planned_stop    setup           idle (ADOT)
    OutOfService    unplanned_stop (ADET)         planned_stop    planned_stop    unplanned_stop (ADET)
    NotAvailable    unplanned_stop (ADET)         planned_stop    planned_stop    off (ADOT)

Both come as number (item state 0 to 3 in the order NotAvailable, OutOfService, NotExecuting, Executing; mode 0 to 3 in
the order None, Maintenance, Setup, Processing) or as name. Where the two standards differ, or say nothing:

- NotExecuting in Processing is ADOT by OPC 40501-1; OPC 40001-1 makes it ADET when an order is registered and the cycle
  time is over, which no signal of the machine says. OutOfService is ADET by OPC 40501-1 in any mode; in Maintenance and
  Setup it is the planned maintenance (APMT) of OPC 40001-1.
- Executing in Maintenance is part of the maintenance. None says that there is no mode, so the item state alone counts.
- A machine that is NotAvailable has the mode that it sent last; where none is known that is Processing.
"""

from typing import Final

import polars as pl

from analytics.states.contract import RAW, STATES, UNKNOWN, Machines, Rule, nothing, ruled
from analytics.states.joined import joined_text, key
from analytics.states.reports import reported_text, watched_text
from collector.park import EquipmentState
from collector.staterules import ByMachinery

_ITEM_STATES: Final = ("NotAvailable", "OutOfService", "NotExecuting", "Executing")
"""By number."""

_MODES: Final = ("None", "Maintenance", "Setup", "Processing")
"""By number."""

_MEANS: Final = {
    "Executing": ("producing", "planned_stop", "setup", "producing"),
    "NotExecuting": ("idle", "planned_stop", "setup", "idle"),
    "OutOfService": ("unplanned_stop", "planned_stop", "planned_stop", "unplanned_stop"),
    "NotAvailable": ("off", "planned_stop", "planned_stop", "unplanned_stop"),
}
"""By item state and the number of the mode."""

_STATE_OF: Final = {
    f"{item}/{mode}": EquipmentState(state).value
    for item, states in _MEANS.items()
    for mode, state in zip(_MODES, states, strict=True)
}


def _names(names: tuple[str, ...]) -> dict[str, str]:
    """Give what may be written for each of `names`: its number, and itself in lower case."""
    return {str(number): name for number, name in enumerate(names)} | {name.lower(): name for name in names}


def _states(began: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    rows = joined_text(began, ruled(machines, ByMachinery), ("item_state", "operation_mode"))
    rows = rows.with_columns(
        item=key("item_state").replace_strict(_names(_ITEM_STATES), default=None, return_dtype=pl.String),
        mode=key("operation_mode").replace_strict(_names(_MODES), default=None, return_dtype=pl.String),
    )
    unsaid = ~pl.col("has_operation_mode") | (
        (pl.col("item") == "NotAvailable") & pl.col("operation_mode").is_null()
    ).fill_null(value=False)
    rows = rows.with_columns(
        mode=pl.when(unsaid).then(pl.lit("Processing")).otherwise("mode"),
        said=pl.when(unsaid).then(pl.lit("Processing")).otherwise("operation_mode"),
    )
    pair = pl.concat_str("item", "mode", separator="/")
    raw = pl.concat_str(pl.coalesce("item", "item_state"), pl.coalesce("mode", "said"), separator="/")
    state = pair.replace_strict(_STATE_OF, default=None, return_dtype=pl.String).fill_null(UNKNOWN)
    return rows.select("equipment", "start", raw=raw, state=state).select(STATES.names())


MACHINERY = Rule("machinery", RAW, watched_text, reported_text, _states, nothing)
