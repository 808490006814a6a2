"""The catalogue of KPIs. A new KPI is a module beside this one and its name in the list below."""

from typing import Final

from analytics.kpis.availability import AVAILABILITY
from analytics.kpis.contract import Kpi
from analytics.kpis.times import TIME_KPIS
from analytics.kpis.utilisation import UTILISATION

KPIS: Final[tuple[Kpi, ...]] = (UTILISATION, AVAILABILITY, *TIME_KPIS)
"""Every KPI, in the order in which people read them."""

BY_SLUG: Final[dict[str, Kpi]] = {kpi.slug: kpi for kpi in KPIS}
"""Every KPI by its slug."""
