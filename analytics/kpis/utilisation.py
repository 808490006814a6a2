"""Utilisation: the part of its planned time in which a machine produced.

    utilisation = producing_time / planned_time          0 to 1; null when nothing was planned

Time without a known state lowers it and is shown as `unknown_time`, so a silent sensor is never mistaken for an idle
machine.
"""

from typing import Final

import polars as pl

from analytics.kpis.contract import PLANNED, Kpi, state_time
from collector.park import EquipmentState, Title

_PLANNED = pl.col(PLANNED)
_PRODUCING = pl.col(state_time(EquipmentState.PRODUCING))

UTILISATION: Final = Kpi(
    slug="utilisation",
    unit="1",
    source="ISO 22400-2 utilization efficiency (APT / AUBT), over planned time in place of actual unit busy time",
    title=Title(en="Utilisation", zh="设备利用率"),
    value=pl.when(_PLANNED > 0).then(_PRODUCING / _PLANNED),
    kind="ratio",
)
"""See the module."""
