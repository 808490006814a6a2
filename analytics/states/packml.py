"""By PackML: StateCurrent, and UnitModeCurrent where it is there (ISA-TR88.00.02; OPC 30050).

    StateCurrent                                         Production     Maintenance     Manual
    6 Execute, 16 Completing                             producing      setup           setup
    4 Idle, 17 Complete                                  idle           planned_stop    setup
    5 Suspended, 13 Suspending, 14 Unsuspending          idle           planned_stop    setup
    3 Starting, 15 Resetting                             setup          planned_stop    setup
    2 Stopped, 7 Stopping                                off            planned_stop    setup
    11 Held, 10 Holding, 12 Unholding                    unplanned_stop planned_stop    setup
    9 Aborted, 8 Aborting, 1 Clearing                    unplanned_stop planned_stop    setup

Both come as number or as name. Suspended is a wait for material or room, Held one for the operator. A machine that
executes in Maintenance runs a trial, and makes nothing. Modes from 4 on are the machine builder's, and count as
Production, by number as by name; mode 0 (Invalid) and states that PackML does not have are unknown.
"""

from typing import Final

import polars as pl

from analytics.states.contract import RAW, STATES, UNKNOWN, Machines, Rule, nothing, ruled
from analytics.states.joined import joined_text, key, own_states
from analytics.states.reports import reported_text, watched_text
from collector.park import EquipmentState
from collector.staterules import PACKML_STATES, ByPackML

_MEANS: Final = {
    EquipmentState.PRODUCING: ("Execute", "Completing"),
    EquipmentState.IDLE: ("Idle", "Complete", "Suspended", "Suspending", "Unsuspending"),
    EquipmentState.SETUP: ("Starting", "Resetting"),
    EquipmentState.OFF: ("Stopped", "Stopping"),
    EquipmentState.UNPLANNED_STOP: ("Held", "Holding", "Unholding", "Aborted", "Aborting", "Clearing"),
}
_STATE_OF: Final = {name: state.value for state, names in _MEANS.items() for name in names}

_NAMES: Final = {
    **{str(number): name for number, name in PACKML_STATES.items()},
    **{name.lower(): name for name in PACKML_STATES.values()},
}
"""What StateCurrent may be, to the name of the state."""

_MODES: Final = {
    "0": None,
    "invalid": None,
    "2": "maintenance",
    "maintenance": "maintenance",
    "3": "manual",
    "manual": "manual",
}
"""What UnitModeCurrent may be, to the mode; every other one counts as Production."""


def _states(began: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    some = list(ruled(machines, ByPackML))
    rows = joined_text(began, some, ("state", "mode")).with_columns(
        name=key("state").replace_strict(_NAMES, default=None, return_dtype=pl.String),
        unit_mode=pl.when(~pl.col("has_mode"))
        .then(pl.lit("production"))
        .when(pl.col("mode").is_not_null())
        .then(key("mode").replace_strict(_MODES, default="production", return_dtype=pl.String)),
    )
    rows = rows.with_columns(key=pl.col("name").str.to_lowercase()).join(
        own_states(some), on=["equipment", "key"], how="left", maintain_order="left"
    )
    usual = pl.coalesce("own", pl.col("name").replace_strict(_STATE_OF, default=None, return_dtype=pl.String))
    runs = usual == EquipmentState.PRODUCING.value
    setup = (pl.col("unit_mode") == "manual") | ((pl.col("unit_mode") == "maintenance") & runs)
    state = (
        pl.when(pl.col("name").is_null() | pl.col("unit_mode").is_null())
        .then(pl.lit(UNKNOWN))
        .when(setup)
        .then(pl.lit(EquipmentState.SETUP.value))
        .when(pl.col("unit_mode") == "maintenance")
        .then(pl.lit(EquipmentState.PLANNED_STOP.value))
        .otherwise(usual)
    )
    known = ~pl.col("has_mode") | pl.col("mode").is_not_null()
    return rows.select("equipment", "start", raw=pl.when(known).then(pl.coalesce("name", "state")), state=state).select(
        STATES.names()
    )


PACKML = Rule("packml", RAW, watched_text, reported_text, _states, nothing)
