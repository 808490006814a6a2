"""Availability: the part of its planned busy time in which a machine produced.

    availability = APT / PBT          0 to 1; null when nothing is left of planned time

ISO 22400-2 has it so. The planned busy time is planned time without planned stops: maintenance windows, and the state
`planned_stop`. Unknown time is in it, so a silent sensor lowers availability and is never mistaken for a running
machine.
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import APT, PBT, columns, ratio
from collector.park import Title

AVAILABILITY: Final = Kpi(
    slug="availability",
    unit="1",
    source="ISO 22400-2 availability (APT / PBT); PBT is planned time without planned stops",
    title=Title(en="Availability", zh="可用率"),
    value=ratio(APT, PBT),
    kind="ratio",
    formula="APT / PBT",
    inputs=columns(APT, PBT),
)
"""See the module."""
