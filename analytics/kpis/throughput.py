"""Throughput rate: parts per hour of order execution.

    throughput_rate = PQ / AOET          parts per hour; null when there was no such time, or parts are not counted

ISO 22400-2 has it so. Told of machines alone: a part that passes three machines of a line is counted by each of them.
"""

from typing import Final

from analytics.kpis.contract import Kpi
from analytics.kpis.elements import AOET, PQ, columns, ratio
from collector.park import Title

_HOUR: Final = 3600

THROUGHPUT_RATE: Final = Kpi(
    slug="throughput_rate",
    unit="/h",
    source="ISO 22400-2 throughput rate (PQ / AOET)",
    title=Title(en="Throughput rate", zh="产出率"),
    value=ratio(PQ, AOET) * _HOUR,
    kind="rate",
    formula="PQ / AOET",
    inputs=columns(PQ, AOET),
    needs=frozenset({"total"}),
    level="equipment",
)
"""See the module."""
