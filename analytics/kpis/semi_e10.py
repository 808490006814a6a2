"""SEMI E10: the six basic equipment states, and what is summed from them.

    calendar_time                        total time
    ├─ e10_nonscheduled_time       NST   not_scheduled_time, with what was produced in it (overtime)
    ├─ unknown_time                      E10 knows no unknown; it is in operations time, and in no state
    └─ operations time                   planned_time
       ├─ e10_uptime
       │  ├─ e10_manufacturing_time
       │  │  ├─ e10_productive_time   PRD   producing_time
       │  │  └─ e10_standby_time      SBY   idle_time + off_time: nothing was asked of it
       │  └─ e10_engineering_time     ENG   engineering_time: planned stops for the reason `engineering`
       └─ e10_downtime
          ├─ e10_scheduled_downtime   SDT   planned stops for any other reason, and setup
          └─ e10_unscheduled_downtime UDT   unplanned stops and micro-stops (E10 counts assists as failures)

The states, their codes and what they count as are those of OPC 40100-1 (12.21); E10 has setup and change of materials
in scheduled downtime. The ratios are E10's, with its operations time (total time without non-scheduled time):

    e10_operational_uptime         uptime / operations time
    e10_operational_utilisation    productive time / operations time; the same as `utilisation`
    e10_total_utilisation          productive time / total time
"""

from typing import Final

from analytics.kpis.contract import CALENDAR, Kpi
from analytics.kpis.elements import ADET, ADOT, APT, AUST, PDOT, POT, Element, column, columns, ratio
from collector.park import Title

_ENG: Final = column("engineering_time")
_SDT: Final = PDOT + AUST - _ENG
_UPTIME: Final = APT + ADOT + _ENG


def _time(name: str, source: str, formula: str, element: Element, *, en: str, zh: str) -> Kpi:
    return Kpi(
        slug=f"e10_{name}",
        unit="s",
        source=f"SEMI E10 {source}",
        title=Title(en=en, zh=zh),
        value=element.value,
        kind="time",
        formula=formula,
        inputs=element.columns,
    )


def _share(name: str, source: str, formula: str, part: Element, whole: Element, *, en: str, zh: str) -> Kpi:
    return Kpi(
        slug=f"e10_{name}",
        unit="1",
        source=f"SEMI E10 {source}",
        title=Title(en=en, zh=zh),
        value=ratio(part, whole),
        kind="ratio",
        formula=formula,
        inputs=columns(part, whole),
    )


E10_KPIS: Final = (
    _time("productive_time", "productive state (PRD)", "PRD", APT, en="E10 productive", zh="E10 生产时间"),
    _time("standby_time", "standby state (SBY)", "SBY", ADOT, en="E10 standby", zh="E10 待机时间"),
    _time("engineering_time", "engineering state (ENG)", "ENG", _ENG, en="E10 engineering", zh="E10 工程时间"),
    _time(
        "scheduled_downtime",
        "scheduled down state (SDT)",
        "SDT",
        _SDT,
        en="E10 scheduled downtime",
        zh="E10 计划停机时间",
    ),
    _time(
        "unscheduled_downtime",
        "unscheduled down state (UDT)",
        "UDT",
        ADET,
        en="E10 unscheduled downtime",
        zh="E10 非计划停机时间",
    ),
    _time(
        "nonscheduled_time",
        "non-scheduled state (NST)",
        "NST",
        column("not_scheduled_time"),
        en="E10 non-scheduled",
        zh="E10 非排产时间",
    ),
    _time(
        "manufacturing_time",
        "manufacturing time",
        "PRD + SBY",
        APT + ADOT,
        en="E10 manufacturing time",
        zh="E10 制造时间",
    ),
    _time("uptime", "equipment uptime", "PRD + SBY + ENG", _UPTIME, en="E10 uptime", zh="E10 正常运行时间"),
    _time("downtime", "equipment downtime", "SDT + UDT", _SDT + ADET, en="E10 downtime", zh="E10 停机时间"),
    _share(
        "operational_uptime",
        "operational uptime",
        "(PRD + SBY + ENG) / operations time",
        _UPTIME,
        POT,
        en="E10 operational uptime",
        zh="E10 运行正常率",
    ),
    _share(
        "operational_utilisation",
        "operational utilization",
        "PRD / operations time",
        APT,
        POT,
        en="E10 operational utilisation",
        zh="E10 运行利用率",
    ),
    _share(
        "total_utilisation",
        "total utilization",
        "PRD / total time",
        APT,
        column(CALENDAR),
        en="E10 total utilisation",
        zh="E10 总利用率",
    ),
)
"""The six states, sums of them, and the ratios."""
