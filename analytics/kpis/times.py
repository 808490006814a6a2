"""Times: where the seconds of a window went; the columns of its account, as KPIs of their own.

ISO 22400-2 (clause 6) divides planned busy time into production, setup, delay and down time; the losses of an account
are our names for its elements (`analytics.kpis.contract` has the tree, `analytics.kpis.elements` the elements).
"""

from typing import Final

import polars as pl

from analytics.kpis.contract import CALENDAR, OVERTIME, PLANNED, Kpi, Loss, loss_time
from collector.park import Title

_ELEMENT: Final = "ISO 22400-2 6"


def _time(slug: str, source: str, en: str, zh: str, needs: frozenset[str] = frozenset()) -> Kpi:
    return Kpi(
        slug=slug,
        unit="s",
        source=source,
        title=Title(en=en, zh=zh),
        value=pl.col(slug),
        kind="time",
        inputs=(slug,),
        needs=needs,
    )


_JUDGED: Final = frozenset({"total", "ideal_cycle"})

TIME_KPIS: Final = (
    _time(CALENDAR, f"{_ELEMENT} none: all of the window, as far as it has come", "Calendar time", "日历时间"),
    _time(
        PLANNED,
        f"{_ELEMENT} planned operation time (POT): the shifts without their breaks",
        "Planned time",
        "计划时间",
    ),
    _time(
        loss_time(Loss.NOT_SCHEDULED),
        f"{_ELEMENT} none: calendar time without planned operation time",
        "Not scheduled",
        "未排产时间",
    ),
    _time(
        loss_time(Loss.PLANNED_STOP),
        f"{_ELEMENT} planned down time (PDOT)",
        "Planned stop",
        "计划停机时间",
    ),
    _time(
        loss_time(Loss.UNKNOWN),
        f"{_ELEMENT} none: no known state within planned time; never taken for idle",
        "Unknown",
        "未知时间",
    ),
    _time(
        loss_time(Loss.UNPLANNED_STOP),
        f"{_ELEMENT} part of actual unit delay time (ADET): failures",
        "Unplanned stop",
        "非计划停机时间",
    ),
    _time(
        loss_time(Loss.IDLE),
        f"{_ELEMENT} part of actual unit down time (ADOT)",
        "Idle",
        "空闲时间",
    ),
    _time(
        loss_time(Loss.OFF),
        f"{_ELEMENT} part of actual unit down time (ADOT): switched off within planned time",
        "Switched off",
        "关机时间",
    ),
    _time(
        loss_time(Loss.SETUP),
        f"{_ELEMENT} actual unit setup time (AUST)",
        "Setup",
        "调试时间",
    ),
    _time(
        loss_time(Loss.MICRO_STOP),
        f"{_ELEMENT} part of actual unit delay time (ADET): stops and waits too short to be failures",
        "Micro-stops",
        "微停机时间",
    ),
    _time(
        loss_time(Loss.PRODUCING),
        f"{_ELEMENT} actual production time (APT)",
        "Producing",
        "生产时间",
    ),
    _time(
        "judged_time",
        f"{_ELEMENT} none: part of APT of which parts are counted and the ideal cycle is known",
        "Judged production",
        "可评估生产时间",
        _JUDGED,
    ),
    _time(
        "speed_loss_time",
        f"{_ELEMENT} none: judged production without what its parts take at the ideal cycle",
        "Speed loss",
        "速度损失时间",
        _JUDGED,
    ),
    _time(
        "quality_loss_time",
        f"{_ELEMENT} none: what rejected parts took at the ideal cycle",
        "Quality loss",
        "质量损失时间",
        _JUDGED,
    ),
    _time(
        "productive_time",
        f"{_ELEMENT} none: good parts at the ideal cycle (fully productive time)",
        "Fully productive",
        "完全有效时间",
        _JUDGED,
    ),
    _time(
        "speed_excess_time",
        f"{_ELEMENT} none: by how much the parts of judged production would take longer than it lasted",
        "Faster than ideal",
        "超理想速度时间",
        _JUDGED,
    ),
    _time(
        "engineering_time",
        "SEMI E10 engineering state (ENG); part of planned stops",
        "Engineering",
        "工程时间",
    ),
    _time(
        OVERTIME,
        f"{_ELEMENT} none: production outside planned time",
        "Producing outside planned time",
        "计划外生产时间",
    ),
    _time(
        "ideal_time",
        f"{_ELEMENT} none: what all parts take at the ideal cycle (Σ PRI * PQ)",
        "Ideal time of parts",
        "理想生产时间",
        _JUDGED,
    ),
    _time(
        "ideal_good_time",
        f"{_ELEMENT} none: what good parts take at the ideal cycle (Σ PRI * GQ)",
        "Ideal time of good parts",
        "合格品理想时间",
        _JUDGED,
    ),
)
"""Every column of seconds of an account, in the order of the loss tree."""
