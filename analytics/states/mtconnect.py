"""By MTConnect: Execution, and ControllerMode and Availability where they are there (MTConnect part 2).

    Execution                                                       state
    ACTIVE                                                          producing; setup in MANUAL and MANUAL_DATA_INPUT
    READY, STOPPED, PROGRAM_COMPLETED, WAIT                         idle
    INTERRUPTED, FEED_HOLD, PROGRAM_STOPPED                         unplanned_stop
    OPTIONAL_STOP, PROGRAM_OPTIONAL_STOP                            planned_stop

UNAVAILABLE of any of them, and Availability other than AVAILABLE, says that nobody knows: it begins a gap like Bad
status does. The controller mode matters while ACTIVE only: where it is not known ACTIVE is unknown, and the rest is
not.
"""

from typing import Final

import polars as pl

from analytics.states.contract import RAW, STATES, UNKNOWN, Machines, Rule, nothing, ruled
from analytics.states.joined import joined_text, key, own_states
from analytics.states.reports import watched_text
from collector.park import EquipmentState
from collector.staterules import ByMTConnect

_STATE_OF: Final = {
    "active": EquipmentState.PRODUCING.value,
    "ready": EquipmentState.IDLE.value,
    "stopped": EquipmentState.IDLE.value,
    "program_completed": EquipmentState.IDLE.value,
    "wait": EquipmentState.IDLE.value,
    "interrupted": EquipmentState.UNPLANNED_STOP.value,
    "feed_hold": EquipmentState.UNPLANNED_STOP.value,
    "program_stopped": EquipmentState.UNPLANNED_STOP.value,
    "optional_stop": EquipmentState.PLANNED_STOP.value,
    "program_optional_stop": EquipmentState.PLANNED_STOP.value,
}

_BY_HAND: Final = ("manual", "manual_data_input")


def _reports(watched: pl.DataFrame, _: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    """Take UNAVAILABLE for Bad, and an availability that is none."""
    told = [
        machine.input(rule.availability).path for machine, rule in ruled(machines, ByMTConnect) if rule.availability
    ]
    value = key("raw")
    known = pl.when(pl.col("signal").is_in(told)).then(value == "available").otherwise(value != "unavailable")
    return watched.select("signal", "time", raw=pl.when(known).then("raw"))


def _states(began: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    some = list(ruled(machines, ByMTConnect))
    rows = joined_text(began, some, ("execution", "mode", "availability")).with_columns(key=key("execution"))
    rows = rows.join(own_states(some), on=["equipment", "key"], how="left", maintain_order="left")
    usual = pl.coalesce("own", pl.col("key").replace_strict(_STATE_OF, default=None, return_dtype=pl.String))
    active = (pl.col("key") == "active").fill_null(value=False) & pl.col("has_mode")
    lost = (
        pl.col("execution").is_null()
        | (pl.col("has_availability") & pl.col("availability").is_null())
        | (active & pl.col("mode").is_null())
    )
    state = (
        pl.when(lost)
        .then(pl.lit(UNKNOWN))
        .when(active & key("mode").is_in(_BY_HAND))
        .then(pl.lit(EquipmentState.SETUP.value))
        .otherwise(usual.fill_null(UNKNOWN))
    )
    return rows.select("equipment", "start", raw=pl.when(~lost).then("execution"), state=state).select(STATES.names())


MTCONNECT = Rule("mtconnect", RAW, watched_text, _reports, _states, nothing)
