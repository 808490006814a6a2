"""Quality: which share of the parts was good, rejected, reworked, or good at once.

    quality_ratio       GQ / PQ
    scrap_ratio         SQ / PQ
    rework_ratio        RQ / PQ
    first_pass_yield    (GQ - RQ) / PQ          GP / IP: reworked parts are counted as good, and not at first pass

Null when no part was made, or where the counters do not tell. A ratio may leave 0 to 1 in a short window whose edge
lies between the readings of two counters.

Above a single machine the quality ratio is weighted by time, and so is scrap:

    quality_ratio       Σ PRI * GQ / Σ PRI * PQ          `ideal_good_time / ideal_time`

since parts of different machines are not alike: a rejected casting of ten minutes is not a rejected washer of one
second. The same weighted ratio is the quality in OEE, NEE and TEEP on every level. For a machine that makes one product
the ideal cycle cancels, and both are the same number exactly; for a machine that makes several in one window the
ratio by counts (what ISO 22400-2 has for one order) and the one in OEE (what a mix loses in time) may differ. A machine
whose ideal cycle is not known has the ratio by counts, and does not count above. Rework and first pass yield are told
of machines alone.
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import GQ, IDEAL, IDEAL_GOOD, PQ, RQ, SQ, columns, ratio
from collector.park import Title

QUALITY_RATIO: Final = Kpi(
    slug="quality_ratio",
    unit="1",
    source="ISO 22400-2 quality ratio (GQ / PQ); above a machine weighted by ideal cycles",
    title=Title(en="Quality ratio", zh="合格率"),
    value=ratio(GQ, PQ),
    kind="ratio",
    formula="GQ / PQ",
    inputs=columns(GQ, PQ),
    needs=frozenset({"total", "quality"}),
    above=ratio(IDEAL_GOOD, IDEAL),
)
"""See the module."""

SCRAP_RATIO: Final = Kpi(
    slug="scrap_ratio",
    unit="1",
    source="ISO 22400-2 scrap ratio (SQ / PQ); above a machine weighted by ideal cycles",
    title=Title(en="Scrap ratio", zh="废品率"),
    value=ratio(SQ, PQ),
    kind="ratio",
    formula="SQ / PQ",
    inputs=columns(SQ, PQ),
    needs=frozenset({"total", "quality"}),
    above=ratio(IDEAL - IDEAL_GOOD, IDEAL),
)
"""See the module."""

REWORK_RATIO: Final = Kpi(
    slug="rework_ratio",
    unit="1",
    source="ISO 22400-2 rework ratio (RQ / PQ)",
    title=Title(en="Rework ratio", zh="返工率"),
    value=ratio(RQ, PQ),
    kind="ratio",
    formula="RQ / PQ",
    inputs=columns(RQ, PQ),
    needs=frozenset({"total", "rework"}),
    level="equipment",
)
"""See the module."""

FIRST_PASS_YIELD: Final = Kpi(
    slug="first_pass_yield",
    unit="1",
    source="ISO 22400-2 first pass yield (GP / IP); GP are good parts without those that were reworked, IP all parts",
    title=Title(en="First pass yield", zh="一次合格率"),
    value=ratio(GQ - RQ, PQ),
    kind="ratio",
    formula="(GQ - RQ) / PQ",
    inputs=columns(GQ, RQ, PQ),
    needs=frozenset({"total", "quality", "rework"}),
    level="equipment",
)
"""See the module."""
