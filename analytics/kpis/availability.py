"""Availability: the part of its planned busy time in which a machine produced.

    availability = producing_time / (planned_time - planned_stop_time)          0 to 1

ISO 22400-2 has availability = APT / PBT. The planned busy time (PBT) is planned operation time without planned down
time: here the shifts without their breaks, without the time in state `planned_stop`. Null when nothing is left.
"""

from typing import Final

import polars as pl

from analytics.kpis.contract import PLANNED, Kpi, state_time
from collector.park import EquipmentState, Title

_BUSY = pl.col(PLANNED) - pl.col(state_time(EquipmentState.PLANNED_STOP))
_PRODUCING = pl.col(state_time(EquipmentState.PRODUCING))

AVAILABILITY: Final = Kpi(
    slug="availability",
    unit="1",
    source="ISO 22400-2 availability (APT / PBT); PBT is planned time without planned stops",
    title=Title(en="Availability", zh="可用率"),
    value=pl.when(_BUSY > 0).then(_PRODUCING / _BUSY),
    kind="ratio",
)
"""See the module."""
