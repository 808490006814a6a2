"""By a state signal: its own map says what each of its values means.

What it does not map is `unknown`, and keeps its raw value.
"""

import polars as pl

from analytics.states.contract import RAW, STATES, UNKNOWN, Machines, Rule, nothing
from analytics.states.reports import reported_text, watched_text


def mapped(began: pl.DataFrame, states: pl.DataFrame) -> pl.DataFrame:
    """Add the state that each raw value of a machine means (`states`: equipment, raw, state)."""
    told = began.join(states, on=["equipment", "raw"], how="left", maintain_order="left")
    return told.with_columns(pl.col("state").fill_null(UNKNOWN)).select(STATES.names())


def _states(began: pl.DataFrame, machines: Machines) -> pl.DataFrame:
    rows = [
        (machine.equipment, raw, state.value)
        for machine in machines
        for signal in machine.inputs
        for raw, state in signal.states.items()
    ]
    meant = pl.DataFrame(rows, schema={"equipment": pl.String, "raw": pl.String, "state": pl.String}, orient="row")
    return mapped(began, meant)


SIGNAL = Rule("signal", RAW, watched_text, reported_text, _states, nothing)
