"""OEE and its kin: which share of a time was spent on good parts at ideal speed.

    oee     availability * effectiveness * quality          = APT / PBT      * Σ PRI * GQ / judged_time
    nee     AUPT / PBT   * effectiveness * quality          = AUPT / PBT     * Σ PRI * GQ / judged_time
    teep    oee * PBT / calendar time                       = APT / calendar * Σ PRI * GQ / judged_time

ISO 22400-2 has the first two. NEE takes setup for part of the process, where OEE takes it for a loss. TEEP (total
effective equipment performance) is OEE over all hours of the calendar; ISO 22400-2 does not have it. Where work is
planned around the clock and nothing is stopped by plan, both are the same.

Effectiveness times quality is Σ PRI * PQ / judged_time * Σ PRI * GQ / Σ PRI * PQ: the ideal time of all parts cancels,
and what is left is the ideal time of good parts (`analytics.kpis.quality` tells how this quality and the one by counts
are related). Where some production cannot be judged (`judged_time` is less than APT), it is taken to have been as
effective as the rest. A machine that did not produce at all has 0, whatever its ideal cycle. None is clipped at 1.

A line is limited by its slowest machine, so a line has two: `oee`, from the sums of its machines as every KPI, and
`oee_bottleneck`, the OEE of the machine that `bottleneck:` of the line names (else of the one with the longest ideal
cycle). The account of a line does not hold it; the job fills it in from the machine's row, for lines alone.
"""

from typing import Final

import polars as pl

from analytics.kpis.contract import CALENDAR, Kpi
from analytics.kpis.elements import APT, AUPT, IDEAL_GOOD, JUDGED, PBT, Element, column, columns, ratio
from collector.park import Title

_CALENDAR: Final = column(CALENDAR)
_NEEDS: Final = frozenset({"total", "ideal_cycle"})


def _effective(part: Element, whole: Element) -> pl.Expr:
    """Give part / whole * effectiveness * quality; 0 where nothing was produced."""
    nothing = (whole.value > 0) & (APT.value == 0)
    return pl.when(nothing).then(0.0).otherwise(ratio(part, whole) * ratio(IDEAL_GOOD, JUDGED))


OEE: Final = Kpi(
    slug="oee",
    unit="1",
    source="ISO 22400-2 OEE index (availability * effectiveness * quality ratio), quality weighted by ideal cycles",
    title=Title(en="OEE", zh="设备综合效率 OEE"),
    value=_effective(APT, PBT),
    kind="ratio",
    formula="availability * effectiveness * quality",
    inputs=columns(APT, PBT, IDEAL_GOOD, JUDGED),
    needs=_NEEDS,
)
"""See the module."""

NEE: Final = Kpi(
    slug="nee",
    unit="1",
    source="ISO 22400-2 NEE index (AUPT / PBT * effectiveness * quality ratio), quality weighted by ideal cycles",
    title=Title(en="NEE", zh="设备净效率 NEE"),
    value=_effective(AUPT, PBT),
    kind="ratio",
    formula="AUPT / PBT * effectiveness * quality",
    inputs=columns(AUPT, PBT, IDEAL_GOOD, JUDGED),
    needs=_NEEDS,
)
"""See the module."""

TEEP: Final = Kpi(
    slug="teep",
    unit="1",
    source="ISO 22400-2 none: OEE index * PBT / calendar time",
    title=Title(en="TEEP", zh="完全有效生产率 TEEP"),
    value=_effective(APT, _CALENDAR),
    kind="ratio",
    formula="OEE * PBT / calendar time",
    inputs=columns(APT, _CALENDAR, IDEAL_GOOD, JUDGED),
    needs=_NEEDS,
)
"""See the module."""

OEE_BOTTLENECK: Final = Kpi(
    slug="oee_bottleneck",
    unit="1",
    source="ISO 22400-2 OEE index of the machine that limits the line; lines only",
    title=Title(en="OEE of the bottleneck", zh="瓶颈设备 OEE"),
    value=pl.lit(None, pl.Float64),
    kind="ratio",
    formula="OEE of the bottleneck",
)
"""See the module."""
