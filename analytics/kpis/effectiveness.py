"""Effectiveness: how fast a machine produced, against its ideal cycle.

    effectiveness = Σ PRI * PQ / APT          null when no production could be judged

ISO 22400-2 has PRU * PQ / APT, with the planned run time per item of one order. Here the products are summed, each
with the ideal cycle of its own, and divided by `judged_time`: the part of APT in which parts are counted and the ideal
cycle of the product is known. Production that cannot be judged is in neither, so it does not look slow.

It is never clipped. More than 1 means that the parts came faster than the ideal cycle allows: the ideal cycle is
wrong, and the note says so (`analytics.notes`).
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import IDEAL, JUDGED, columns, ratio
from collector.park import Title

EFFECTIVENESS: Final = Kpi(
    slug="effectiveness",
    unit="1",
    source="ISO 22400-2 effectiveness (PRU * PQ / APT), summed over products, of production that can be judged",
    title=Title(en="Effectiveness", zh="性能效率"),
    value=ratio(IDEAL, JUDGED),
    kind="ratio",
    formula="Σ PRI * PQ / APT",
    inputs=columns(IDEAL, JUDGED),
    needs=frozenset({"total", "ideal_cycle"}),
)
"""See the module."""
