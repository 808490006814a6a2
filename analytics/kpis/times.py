"""Times: how the planned seconds of a window were spent.

ISO 22400-2 (6.2) divides planned busy time into production, setup, delay and down time; the states of equipment
are our names for its elements (`collector.park.EquipmentState` ties them together).
"""

from typing import Final

import polars as pl

from analytics.kpis.contract import OVERTIME, PLANNED, Kpi, state_time
from collector.park import EquipmentState, Title


def _time(slug: str, source: str, en: str, zh: str) -> Kpi:
    return Kpi(slug=slug, unit="s", source=source, title=Title(en=en, zh=zh), value=pl.col(slug), kind="time")


TIME_KPIS: Final = (
    _time(
        PLANNED,
        "ISO 22400-2 6.2 planned operation time (POT): the shifts without their breaks",
        "Planned time",
        "计划时间",
    ),
    _time(
        state_time(EquipmentState.PRODUCING),
        "ISO 22400-2 6.2 actual production time (APT)",
        "Producing",
        "生产时间",
    ),
    _time(
        state_time(EquipmentState.IDLE),
        "ISO 22400-2 6.2 part of actual unit delay time (ADET)",
        "Idle",
        "空闲时间",
    ),
    _time(
        state_time(EquipmentState.SETUP),
        "ISO 22400-2 6.2 actual unit setup time (AUST)",
        "Setup",
        "调试时间",
    ),
    _time(
        state_time(EquipmentState.PLANNED_STOP),
        "ISO 22400-2 6.2 planned down time (PDOT)",
        "Planned stop",
        "计划停机时间",
    ),
    _time(
        state_time(EquipmentState.UNPLANNED_STOP),
        "ISO 22400-2 6.2 actual unit down time (ADOT)",
        "Unplanned stop",
        "非计划停机时间",
    ),
    _time(
        state_time(EquipmentState.OFF),
        "ISO 22400-2 6.2 none: switched off within planned time",
        "Switched off",
        "关机时间",
    ),
    _time(
        state_time(EquipmentState.UNKNOWN),
        "ISO 22400-2 6.2 none: no known state within planned time; never taken for idle",
        "Unknown",
        "未知时间",
    ),
    _time(
        OVERTIME,
        "ISO 22400-2 6.2 none: production outside planned time",
        "Producing outside planned time",
        "计划外生产时间",
    ),
)
"""Planned time, the time in each state, and overtime."""
