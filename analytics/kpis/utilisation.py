"""Utilisation: the part of its planned time in which a machine produced.

    utilisation = APT / POT          0 to 1; null when nothing was planned

Time without a known state lowers it and is shown as `unknown_time`, so a silent sensor is never mistaken for an idle
machine. Two neighbours of it stand beside it: utilisation efficiency (APT / AUBT) asks how a busy machine is used, and
leaves idle time out; availability (APT / PBT) leaves planned stops out.
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import APT, POT, columns, ratio
from collector.park import Title

UTILISATION: Final = Kpi(
    slug="utilisation",
    unit="1",
    source="ISO 22400-2 utilization efficiency (APT / AUBT), over planned time in place of actual unit busy time",
    title=Title(en="Utilisation", zh="设备利用率"),
    value=ratio(APT, POT),
    kind="ratio",
    formula="APT / POT",
    inputs=columns(APT, POT),
)
"""See the module."""
