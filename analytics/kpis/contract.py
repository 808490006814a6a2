"""What a KPI is: one expression over the account of a window.

The account of a window says where its time went and what was made in it, one row per window and machine (`ACCOUNT`;
made by `analytics.accounts`). Its columns add up: those of a line are the sums over its machines, those of a week the
sums over its days. Every KPI is computed from the account of its own row, so that it means the same for a machine, a
line, a factory and the park, and a roll-up is weighted by time without saying so.

    calendar_time                    all of the window, as far as it has come
    ├─ not_scheduled_time            no shift, or a break
    └─ planned_time                  ISO 22400-2 planned operation time (POT): what the calendar plans
       ├─ planned_stop_time          planned down time (PDOT): maintenance windows, and the state `planned_stop`
       ├─ unknown_time               nobody knows: bad status, or a gap longer than `hold_for`
       ├─ unplanned_stop_time        part of actual unit delay time (ADET): failures
       ├─ micro_stop_time            part of ADET: stops and waits shorter than the machine's `micro_stop`
       ├─ idle_time, off_time        actual unit down time (ADOT)
       ├─ setup_time                 actual unit setup time (AUST)
       └─ producing_time             actual production time (APT)
          └─ judged_time             of which the ideal cycle is known and parts are counted
             ├─ speed_loss_time      judged_time without what its parts take at the ideal cycle; 0 at least
             ├─ quality_loss_time    what its rejected parts took at the ideal cycle
             └─ productive_time      the rest: good parts at ideal speed

    speed_excess_time    by how much its parts would have taken longer than judged_time at the ideal cycle: the ideal
                         cycle is wrong where it is more than 0
    overtime             producing outside planned time (part of not_scheduled_time)
    engineering_time     part of planned_stop_time for the reason `engineering`
    ideal_time           Σ ideal cycle * parts, of counted parts whose ideal cycle is known (may exceed judged_time)
    ideal_good_time      the same of good parts
    total_count, good_count, reject_count, rework_count    parts; null where not counted
    failure_count        unplanned stops (not micro-stops) that began in planned time of the window
    energy               kW.h; null where not metered

Seconds and parts are f64. `producing_time - judged_time` is production that cannot be judged: no counter, or no ideal
cycle.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

import polars as pl

from collector.park import EquipmentState, Title


class Loss(StrEnum):
    """A part of calendar time, as intervals have it; in the order of the loss tree.

    An interval of `PRODUCING` is divided into speed loss, quality loss and productive time by its window's account.
    """

    NOT_SCHEDULED = "not_scheduled"
    """No shift, or a break."""
    PLANNED_STOP = "planned_stop"
    """A maintenance window, or the state `planned_stop`."""
    UNKNOWN = "unknown"
    """No known state."""
    UNPLANNED_STOP = "unplanned_stop"
    """A failure."""
    IDLE = "idle"
    """Ready, with nothing to do."""
    OFF = "off"
    """Switched off in planned time."""
    SETUP = "setup"
    """Made ready for another product."""
    MICRO_STOP = "micro_stop"
    """A stop or wait shorter than the machine's `micro_stop`."""
    PRODUCING = "producing"
    """Production."""


def loss_time(loss: Loss) -> str:
    """Give the column of seconds of a loss."""
    return f"{loss.value}_time"


def state_time(state: EquipmentState) -> str:
    """Give the column of seconds in a state, within planned time."""
    return f"{state.value}_time"


CALENDAR: Final = "calendar_time"
"""The column of all seconds."""

PLANNED: Final = "planned_time"
"""The column of planned seconds."""

OVERTIME: Final = "overtime"
"""The column of seconds producing outside planned time."""

LOSS_TIMES: Final = tuple(loss_time(loss) for loss in Loss)
"""The columns of seconds per loss, in the order of the tree; they add up to `calendar_time`."""

STATE_TIMES: Final = tuple(loss_time(loss) for loss in Loss if loss is not Loss.NOT_SCHEDULED)
"""The columns of seconds within planned time; they add up to `planned_time`."""

PRODUCTION_TIMES: Final = ("speed_loss_time", "quality_loss_time", "productive_time")
"""The columns that add up to `judged_time`."""

COUNTS: Final = ("total_count", "good_count", "reject_count", "rework_count")
"""The columns of parts; null where not counted."""

TIMES: Final = (
    CALENDAR,
    PLANNED,
    *LOSS_TIMES,
    "judged_time",
    *PRODUCTION_TIMES,
    "speed_excess_time",
    "engineering_time",
    OVERTIME,
)
"""The columns of seconds that are shown as KPIs of their own."""

IDEAL_TIMES: Final = ("ideal_time", "ideal_good_time")
"""The columns of seconds that parts take at the ideal cycle."""

ACCOUNT: Final = (*TIMES, *IDEAL_TIMES, *COUNTS, "failure_count", "energy")
"""Every column of an account: what every KPI is computed from."""

NULLABLE: Final = frozenset({*COUNTS, "energy"})
"""Columns that are null where nothing counts them; a sum leaves null out, and is null where all are."""


@dataclass(frozen=True, slots=True, eq=False)
class Kpi:
    """One KPI, as the catalogue tells it."""

    slug: str
    """Its name in results, in the API and on the command line."""

    unit: str
    """Its unit as UCUM writes it: `s` for times, `1` for ratios and parts, `/h` for parts per hour, `kW.h`."""

    source: str
    """The clause that defines it, and where ours differs."""

    title: Title
    """What people call it."""

    value: pl.Expr
    """How it is computed from the columns of `ACCOUNT`; null where it is not defined."""

    kind: Literal["time", "ratio", "count", "rate", "energy"]
    """A time, a count and an energy add up over machines and windows; a ratio and a rate do not."""

    formula: str = ""
    """The formula in the terms of its source, such as `APT / PBT`; empty for columns of the account."""

    inputs: tuple[str, ...] = ()
    """The columns of `ACCOUNT` that `value` is computed from."""

    needs: frozenset[str] = frozenset()
    """What a machine must have configured for it: `total` (parts are counted), `quality` (good or rejected parts are
    counted), `ideal_cycle`, `rework`, `energy`."""

    level: Literal["any", "equipment"] = "any"
    """Whether it means something above a single machine; if not it is null there."""

    above: pl.Expr | None = None
    """How it is computed above a single machine, where that differs from `value`: from the same account, but perhaps
    from other columns."""
