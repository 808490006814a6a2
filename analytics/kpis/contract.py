"""What a KPI is: one expression over the times of a window.

The times of a window are columns of seconds within its planned time, one row per window and machine (`TIMES`; made by
`analytics.windows`). Times add up: those of a line are the sums over its machines. Every other KPI is computed
from the times of its own row, so that it means the same for a machine, a line, a factory and the park, and a
roll-up is weighted by planned time without saying so.

    planned_time                     f64   seconds of the window in which work was planned, as far as it has come
    <state>_time per state           f64   seconds of planned time in that state; they add up to planned_time
    overtime                         f64   seconds producing outside planned time
"""

from dataclasses import dataclass
from typing import Final, Literal

import polars as pl

from collector.park import EquipmentState, Title

PLANNED: Final = "planned_time"
"""The column of planned seconds."""

OVERTIME: Final = "overtime"
"""The column of seconds producing outside planned time."""


def state_time(state: EquipmentState) -> str:
    """Give the column of seconds in a state."""
    return f"{state.value}_time"


STATE_TIMES: Final = tuple(state_time(state) for state in EquipmentState)
"""The columns of seconds per state, in the order of the states."""

TIMES: Final = (PLANNED, *STATE_TIMES, OVERTIME)
"""The columns of seconds that every KPI is computed from."""


@dataclass(frozen=True, slots=True, eq=False)
class Kpi:
    """One KPI, as the catalogue tells it."""

    slug: str
    """Its name in results, in the API and on the command line."""

    unit: str
    """Its unit as UCUM writes it: `s` for times, `1` for ratios."""

    source: str
    """The clause that defines it, and where ours differs."""

    title: Title
    """What people call it."""

    value: pl.Expr
    """How it is computed from the columns of `TIMES`; null where it is not defined."""

    kind: Literal["time", "ratio"]
    """A time adds up over machines and windows; a ratio does not."""
