"""Energy per part: what a part took of a machine's metered energy.

    energy_per_part = energy / PQ          kW.h per part; null when no part was made, or where either is not measured

All energy of the window counts, also what was used outside planned time and while nothing was made. ISO 22400-2 has
the comprehensive energy consumption, of all kinds of energy of a production cycle; here it is what the meter of the
machine counts. Told of machines alone: the parts of a line are counted by each machine that they pass.
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import PQ, column, columns, ratio
from collector.park import Title

_ENERGY: Final = column("energy")

ENERGY_PER_PART: Final = Kpi(
    slug="energy_per_part",
    unit="kW.h",
    source="ISO 22400-2 comprehensive energy consumption (energy / PQ), of what the machine's meter counts",
    title=Title(en="Energy per part", zh="单件能耗"),
    value=ratio(_ENERGY, PQ),
    kind="rate",
    formula="energy / PQ",
    inputs=columns(_ENERGY, PQ),
    needs=frozenset({"total", "energy"}),
    level="equipment",
)
"""See the module."""
