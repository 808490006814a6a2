"""Counts: what was made, how often it failed and what energy it took; columns of an account, as KPIs of their own.

They add up over machines and windows. Above a machine a part counts once for every machine that it passes, so a line's
count is one of operations.
"""

from typing import Final, Literal

import polars as pl

from analytics.kpis.contract import Kpi
from collector.park import Title


def _count(
    slug: str,
    source: str,
    en: str,
    zh: str,
    *needs: str,
    unit: str = "1",
    kind: Literal["count", "energy"] = "count",
) -> Kpi:
    return Kpi(
        slug=slug,
        unit=unit,
        source=source,
        title=Title(en=en, zh=zh),
        value=pl.col(slug),
        kind=kind,
        inputs=(slug,),
        needs=frozenset(needs),
    )


COUNT_KPIS: Final = (
    _count("total_count", "ISO 22400-2 produced quantity (PQ)", "Parts", "总产量", "total"),
    _count("good_count", "ISO 22400-2 good quantity (GQ)", "Good parts", "合格品数", "total"),
    _count("reject_count", "ISO 22400-2 scrap quantity (SQ)", "Rejected parts", "废品数", "quality"),
    _count("rework_count", "ISO 22400-2 rework quantity (RQ)", "Reworked parts", "返工数", "rework"),
    _count(
        "failure_count",
        "ISO 22400-2 failure events (FE): unplanned stops that began in planned time of the window",
        "Failures",
        "故障次数",
    ),
    _count(
        "energy",
        "ISO 22400-2 none: what the machine's meter counts",
        "Energy",
        "能耗",
        "energy",
        unit="kW.h",
        kind="energy",
    ),
)
"""Every column of an account that is no time."""
