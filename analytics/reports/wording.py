"""What a report says, in both of its languages.

Names of assets and reasons come from the park, those of KPIs from the catalogue.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from typing import Final

from analytics.wording import Language
from collector.park import Park, Title

WORDS: Final[dict[str, tuple[str, str]]] = {
    "report.day": ("Daily report", "日报"),
    "report.week": ("Weekly report", "周报"),
    "report.month": ("Monthly report", "月报"),
    "period.day": ("Day", "日期"),
    "period.week": ("Week", "周"),
    "period.month": ("Month", "月份"),
    "until": ("to", "至"),
    "range": ("{0} to {1}", "{0} 至 {1}"),
    "zone": ("local days of {0}", "按 {0} 当地日期"),
    "made": ("made on {0}", "生成于 {0}"),
    "data.until": ("data until {0}", "数据截至 {0}"),
    "nothing": ("The store holds no results for these days.", "这些日期没有已存储的结果。"),
    "kpis": ("Key figures", "关键指标"),
    "coverage": ("Data coverage", "数据覆盖率"),
    "coverage.note": ("planned time with a known state", "状态已知的计划时间占比"),
    "planned": ("Planned", "计划时间"),
    "producing": ("Producing", "生产时间"),
    "failures": ("Failures", "故障次数"),
    "course": ("Where planned time went", "计划时间构成"),
    "course.note": ("each bar is the planned time of one {0}, 100 %", "每根柱为一{0}的计划时间，合计 100%"),
    "one.day": ("day", "日"),
    "one.week": ("week", "周"),
    "one.month": ("month", "月"),
    "by.period": ("Figures by {0}", "各{0}指标"),
    "total": ("Total", "合计"),
    "tree": ("Where calendar time went", "日历时间构成"),
    "tree.loss": ("Time", "时间类别"),
    "hours": ("Hours", "小时"),
    "of.calendar": ("of calendar", "占日历时间"),
    "of.planned": ("of planned", "占计划时间"),
    "pareto": ("Stops by reason", "停机原因帕累托"),
    "pareto.note": (
        "all stops but planned ones, counted where they begin; the line is the cumulative share",
        "不含计划停机，次数按开始时刻计；折线为累计占比",
    ),
    "pareto.none": ("No stops on these days.", "这些日期没有停机。"),
    "reason": ("Reason", "原因"),
    "loss": ("Loss", "损失类别"),
    "times": ("Stops", "次数"),
    "mean": ("Mean min", "平均时长 min"),
    "share": ("Share", "占比"),
    "cumulative": ("Cumulative", "累计占比"),
    "reason.none": ("no reason given", "未注明原因"),
    "of.loss": ("{0}: {1}", "{0}：{1}"),
    "reason.raw": ("Machine value {0}", "设备值 {0}"),
    "others": ("{0} others", "其他 {0} 项"),
    "machines": ("Machines", "设备"),
    "machine": ("Machine", "设备"),
    "machines.none": ("no results", "无结果"),
    "comparison": ("Before and after", "前后对比"),
    "comparison.note": (
        "before: {0}; after: {1}. Losses are shares of planned time, so that unequal periods compare.",
        "之前：{0}；之后：{1}。损失按计划时间占比计，时长不同也可比较。",
    ),
    "before": ("Before", "之前"),
    "after": ("After", "之后"),
    "change": ("Change", "变化"),
    "change.points": ("{0} pt", "{0} 个百分点"),
    "limits": ("Normal variation", "正常波动范围"),
    "verdict": ("Verdict", "判定"),
    "days": ("Days", "天数"),
    "title.by.period": ("Figures by {0}: {1}, {2}, {3}", "各{0}指标：{1}，{2}，{3}"),
    "title.change": ("Before: {0}; after: {1}; losses in % of planned time", "之前：{0}；之后：{1}；损失占计划时间 %"),
    "change.short": ("Change pt", "变化 pt"),
    "limits.short": ("Normal %", "正常 %"),
    "short.utilisation": ("Util. %", "利用率 %"),
    "short.availability": ("Avail. %", "可用率 %"),
    "short.effectiveness": ("Effect. %", "性能 %"),
    "short.quality_ratio": ("Quality %", "合格率 %"),
    "short.oee": ("OEE %", "OEE %"),
    "short.coverage": ("Known %", "覆盖 %"),
    "short.cumulative": ("Cumul. %", "累计 %"),
    "verdict.short.exceeds": ("exceeds", "超出"),
    "verdict.short.within": ("within", "之内"),
    "verdict.short.too_few_days": ("n < 8", "天数不足"),
    "capacity": ("Idle capacity", "空闲产能"),
    "path": ("Path", "路径"),
    "shift": ("Shift", "班次"),
    "planned_s": ("Planned h", "计划 h"),
    "maintenance_s": ("Maintenance h", "维护 h"),
    "typical_busy_s": ("Busy h", "生产与调试 h"),
    "typical_stops_s": ("Stops h", "停机 h"),
    "idle_s": ("Idle h", "空闲 h"),
    "idle_safe_s": ("Safe h", "可靠空闲 h"),
    "based_on": ("Based on shifts", "依据班次数"),
    "note": ("Note", "说明"),
    "table.planned": ("Planned h", "计划 h"),
    "verdict.exceeds": ("exceeds normal variation", "超出正常波动"),
    "verdict.within": ("within normal variation", "在正常波动内"),
    "verdict.too_few_days": ("too few days (n < 8)", "天数不足（n < 8）"),
    "comparison.limits": (
        "Normal variation: limits for the mean of the days after, mean ± 3 s √(1/n + 1/m) of the days before.",
        "正常波动：之后日均值的界限，取之前各天的均值 ± 3 s √(1/n + 1/m)。",
    ),
    "comparison.terms": (
        "s: mean moving range of the days before / 1.128; n, m: days before and after (control chart, ISO 7870-2).",
        "s 为之前各天的平均移动极差 / 1.128；n、m 为前、后有计划时间的天数（单值控制图，ISO 7870-2）。",
    ),
    "comparison.exceeds": ("exceeds normal variation", "超出正常波动"),
    "comparison.unsteady": (
        "marked *: the days before were not steady themselves; take the verdict with care.",
        "标 * 者：之前各天本身不稳定，判定仅供参考。",
    ),
    "above.one": (
        "marked !: above 100 %, so the ideal cycle that is configured is too long.",
        "标 ! 者：高于 100%，说明配置的理想节拍过长。",
    ),
    "ratios": (
        "Ratios are computed from the summed times and counts of the machines (ISO 22400-2), not averaged.",
        "比率由各设备时间与数量之和计算（ISO 22400-2），而非比率的平均。",
    ),
    "calendar_time": ("Calendar time", "日历时间"),
    "not_scheduled_time": ("Not scheduled", "未排产"),
    "planned_time": ("Planned time", "计划时间"),
    "planned_stop_time": ("Planned stop", "计划停机"),
    "unknown_time": ("Unknown", "未知"),
    "unplanned_stop_time": ("Unplanned stop", "非计划停机"),
    "idle_time": ("Idle", "空闲"),
    "off_time": ("Off", "关机"),
    "setup_time": ("Setup", "调试"),
    "micro_stop_time": ("Micro-stops", "微停机"),
    "producing_time": ("Producing", "生产"),
    "speed_loss_time": ("Speed loss", "速度损失"),
    "quality_loss_time": ("Quality loss", "质量损失"),
    "productive_time": ("Fully productive", "完全有效"),
    "unjudged_time": ("Not judged", "不可评估的生产"),
    "unjudged.note": ("parts are not counted, or no ideal cycle is configured", "未计数或未配置理想节拍"),
}
"""Every text, in English and in Chinese."""


def word(language: Language, key: str, *values: object) -> str:
    """Give a text, its places filled."""
    english, chinese = WORDS[key]
    return (chinese if language == "zh" else english).format(*values)


def titled(language: Language, title: Title, otherwise: str) -> str:
    """Give a title in a language, else in the other, else what is given."""
    names = (title.zh, title.en) if language == "zh" else (title.en, title.zh)
    return next((name for name in names if name), otherwise)


def reason_name(language: Language, park: Park, reason: str) -> str:
    """Give what people call a reason: the park's title for its code, that of a maintenance, or the reason itself.

    A bare number is what a machine reported: nobody configured what it means.
    """
    if not reason:
        return word(language, "reason.none")
    if reason in park.stop_reasons:
        return titled(language, park.stop_reasons[reason].title, reason)
    for calendar in park.calendars.values():
        for one in calendar.maintenance:
            if one.name == reason:
                return titled(language, one.title, reason)
    return word(language, "reason.raw", reason) if reason.isdecimal() else reason
