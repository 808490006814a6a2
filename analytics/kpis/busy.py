"""Busy time: how much of a machine's time was given to work, and how much of that was work.

    utilisation_efficiency       APT / AUBT            of the time it was busy, how much was production
    allocation_efficiency        AUBT / PBT            of the time it was planned to be busy, how much it was
    allocation_ratio             AUBT / AOET           of the time of its orders, how much it was busy
    production_process_ratio     APT / AOET            of the time of its orders, how much was production
    technical_efficiency         APT / (APT + ADET)    of production and delays, how much was production
    setup_ratio                  AUST / AUPT           of processing, how much was setup

All from ISO 22400-2, 0 to 1, null where the divisor is 0. `analytics.kpis.elements` says what the elements are here.
The standard has allocation and production process ratio per order, over the machines that it passes; without orders
they are told of a machine, a line and so on over all their time.
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import ADET, AOET, APT, AUBT, AUPT, AUST, PBT, Element, columns, ratio
from collector.park import Title


def _share(slug: str, name: str, formula: str, part: Element, whole: Element, *, en: str, zh: str) -> Kpi:
    return Kpi(
        slug=slug,
        unit="1",
        source=f"ISO 22400-2 {name} ({formula})",
        title=Title(en=en, zh=zh),
        value=ratio(part, whole),
        kind="ratio",
        formula=formula,
        inputs=columns(part, whole),
    )


BUSY_KPIS: Final = (
    _share(
        "utilisation_efficiency",
        "utilization efficiency",
        "APT / AUBT",
        APT,
        AUBT,
        en="Utilisation efficiency",
        zh="利用效率",
    ),
    _share(
        "allocation_efficiency",
        "allocation efficiency",
        "AUBT / PBT",
        AUBT,
        PBT,
        en="Allocation efficiency",
        zh="分配效率",
    ),
    _share("allocation_ratio", "allocation ratio", "AUBT / AOET", AUBT, AOET, en="Allocation ratio", zh="分配率"),
    _share(
        "production_process_ratio",
        "production process ratio",
        "APT / AOET",
        APT,
        AOET,
        en="Production process ratio",
        zh="生产过程率",
    ),
    _share(
        "technical_efficiency",
        "technical efficiency",
        "APT / (APT + ADET)",
        APT,
        APT + ADET,
        en="Technical efficiency",
        zh="技术效率",
    ),
    _share("setup_ratio", "setup ratio", "AUST / AUPT", AUST, AUPT, en="Setup ratio", zh="调试率"),
)
"""The six of them."""
