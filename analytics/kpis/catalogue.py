"""The catalogue of KPIs. A new KPI is a module beside this one and its name in the list below."""

from typing import Final

from analytics.kpis.availability import AVAILABILITY
from analytics.kpis.busy import BUSY_KPIS
from analytics.kpis.contract import Kpi
from analytics.kpis.counts import COUNT_KPIS
from analytics.kpis.effectiveness import EFFECTIVENESS
from analytics.kpis.energy import ENERGY_PER_PART
from analytics.kpis.failures import FAILURE_KPIS
from analytics.kpis.oee import NEE, OEE, OEE_BOTTLENECK, TEEP
from analytics.kpis.quality import FIRST_PASS_YIELD, QUALITY_RATIO, REWORK_RATIO, SCRAP_RATIO
from analytics.kpis.semi_e10 import E10_KPIS
from analytics.kpis.throughput import THROUGHPUT_RATE
from analytics.kpis.times import TIME_KPIS
from analytics.kpis.utilisation import UTILISATION

KPIS: Final[tuple[Kpi, ...]] = (
    UTILISATION,
    AVAILABILITY,
    EFFECTIVENESS,
    QUALITY_RATIO,
    OEE,
    OEE_BOTTLENECK,
    NEE,
    TEEP,
    *BUSY_KPIS,
    THROUGHPUT_RATE,
    SCRAP_RATIO,
    REWORK_RATIO,
    FIRST_PASS_YIELD,
    *FAILURE_KPIS,
    ENERGY_PER_PART,
    *TIME_KPIS,
    *COUNT_KPIS,
    *E10_KPIS,
)
"""Every KPI, in the order in which people read them."""

BY_SLUG: Final[dict[str, Kpi]] = {kpi.slug: kpi for kpi in KPIS}
"""Every KPI by its slug."""
