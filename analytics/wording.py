"""Wording: what notes and reasons say, in English as they are stored, and in Chinese.

    NoteText.of(path=…) ─► the English note ─► stored ─► in_language(note, "zh") ─► what a person reads

Numbers are stored with English notes and causes, once, whoever reads them later; they are put into Chinese where they
are shown. A stored note is found again by its English wording, its values are taken out, and stand in the Chinese one.
A note that nobody knows, as of another version of parkline, stays as it was stored.

Terms are those of the catalogue of KPIs (GB/T and ISO 22400), one word for a thing everywhere.
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

import re
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal, TypeAlias

import polars as pl

Language: TypeAlias = Literal["zh", "en"]
"""A language that people read."""

_IS_SAID: Final = re.compile(r"reason$|note(_\w+)?$")
_PLACE: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class NoteText:
    """What one note says; `{…}` are places for values, the same in both languages."""

    en: str
    """English, as it is stored."""

    zh: str
    """Chinese."""

    def of(self, **values: object) -> str:
        """Give the note as it is stored."""
        return self.en.format(**values)

    def expression(self, **values: pl.Expr | str) -> pl.Expr:
        """Give the note as it is stored, from columns; a value is null where a column is."""
        return pl.format(_PLACE.sub("{}", self.en), *(values[name] for name in _PLACE.findall(self.en)))


WITHDRAWN: Final = NoteText("withdrawn: the calendar has no such window any more", "已撤销：日历中不再有该时段")

NO_STATE: Final = NoteText(
    "no state: give a signal of {path} `role: state`, or write `state_from:`; without it no time is accounted for",
    "没有状态：请为 {path} 的某个信号设置 `role: state`，或填写 `state_from:`；否则无法统计任何时间",
)
NO_PARTS: Final = NoteText(
    "no part counter: give a signal of {path} `role: total_count` or `role: good_count`",
    "没有产量计数器：请为 {path} 的某个信号设置 `role: total_count` 或 `role: good_count`",
)
NO_QUALITY: Final = NoteText(
    "rejected parts are not counted: give a signal of {path} `role: reject_count`",
    "未统计不合格品：请为 {path} 的某个信号设置 `role: reject_count`",
)
NO_CYCLE: Final = NoteText(
    "no ideal cycle: write `ideal_cycle:` for {path} in its line file",
    "没有理想节拍：请在产线文件中为 {path} 填写 `ideal_cycle:`",
)
NO_PRODUCT: Final = NoteText(
    "nobody says which product: give a signal of {path} `role: product`, or `ideal_cycle:`",
    "不知道生产的是哪种产品：请为 {path} 的某个信号设置 `role: product`，或填写 `ideal_cycle:`",
)
NO_REWORK: Final = NoteText(
    "reworked parts are not counted: give a signal of {path} `role: rework_count`",
    "未统计返工品：请为 {path} 的某个信号设置 `role: rework_count`",
)
NO_METER: Final = NoteText(
    "no energy meter: give a signal of {path} `role: energy`",
    "没有电能表：请为 {path} 的某个信号设置 `role: energy`",
)
NO_ENERGY: Final = NoteText(
    "`{unit}` of {path} is no active energy: write a unit like `kW.h`",
    "{path} 的单位 `{unit}` 不是有功电能的单位：请填写如 `kW.h` 的单位",
)
NEVER_BY_VALUE: Final = NoteText(
    "no value means production: write one in `states:` of {path}",
    "没有表示生产的取值：请在 {path} 的 `states:` 中填写一个",
)
NEVER_BY_SIDE: Final = NoteText(
    "neither side means production: write `above: producing` in `state_from:` of {path}",
    "阈值两侧都不表示生产：请在 {path} 的 `state_from:` 中填写 `above: producing`",
)
NEVER_BY_RULE: Final = NoteText(
    "no rule of `state_from:` of {path} means production",
    "{path} 的 `state_from:` 中没有表示生产的规则",
)
NEVER_BY_PARTS: Final = NoteText(
    "no ideal cycle to tell its state by: write `ideal_cycle:` for {path} in its line file",
    "没有用来判断状态的理想节拍：请在产线文件中为 {path} 填写 `ideal_cycle:`",
)

NONE_PRODUCES: Final = NoteText(
    "no machine of it has a state that means production: write `producing` in `states:` of state signals",
    "下属设备都没有表示生产的状态：请在状态信号的 `states:` 中填写 `producing`",
)
NONE_COUNTS: Final = NoteText(
    "no machine of it counts parts: give signals `role: total_count` or `role: good_count`",
    "下属设备都没有产量计数器：请为信号设置 `role: total_count` 或 `role: good_count`",
)
NONE_SORTS: Final = NoteText(
    "no machine of it tells good parts from rejected ones: give signals `role: reject_count`",
    "下属设备都未统计不合格品：请为信号设置 `role: reject_count`",
)
NONE_HAS_CYCLE: Final = NoteText(
    "no machine of it has an ideal cycle: write `ideal_cycle:` in the line files",
    "下属设备都没有理想节拍：请在产线文件中填写 `ideal_cycle:`",
)
NONE_REWORKS: Final = NoteText(
    "no machine of it counts reworked parts: give signals `role: rework_count`",
    "下属设备都未统计返工品：请为信号设置 `role: rework_count`",
)
NONE_METERS: Final = NoteText(
    "no machine of it has an energy meter: give signals `role: energy`",
    "下属设备都没有电能表：请为信号设置 `role: energy`",
)

ALL_GOOD: Final = NoteText(
    "every part is taken for good: no signal of role `reject_count`",
    "所有产品按合格品计：没有 `role: reject_count` 的信号",
)
UNKNOWN_CYCLE: Final = NoteText(
    "no ideal cycle for {products}: write it in `products:` of the machine, or `ideal_cycle:` for all others",
    "{products} 没有理想节拍：请在该设备的 `products:` 中填写，或用 `ideal_cycle:` 作为其余产品的理想节拍",
)
WITHOUT_UNKNOWN: Final = NoteText(
    "without production of {products}, whose ideal cycle is not known: write it in `products:` of the machine, or "
    "`ideal_cycle:` for all others",
    "不含 {products} 的生产，其理想节拍未知：请在该设备的 `products:` 中填写，"
    "或用 `ideal_cycle:` 作为其余产品的理想节拍",
)
AT_THE_EDGE: Final = NoteText(
    "effectiveness above 1 by less than one part: it was counted at the window's edge",
    "性能效率高于 1，但不到一件产品：该产品恰好在时段边界处计数",
)
TOO_FAST: Final = NoteText(
    "effectiveness above 1: the ideal cycle is too long by {percent} %, check `ideal_cycle:`",
    "性能效率高于 1：理想节拍偏长 {percent} %，请检查 `ideal_cycle:`",
)

OF_LINES: Final = NoteText("told of lines alone", "仅适用于产线")
OF_MACHINES: Final = NoteText("told of machines alone", "仅适用于单台设备")
UNPLANNED: Final = NoteText("nothing was planned in this window", "该时段没有计划生产")
NO_FAILURE: Final = NoteText("no failure in this window", "该时段没有故障")
NO_READING: Final = NoteText("no counter was read yet", "计数器尚无读数")
NO_QUALITY_READING: Final = NoteText(
    "no counter of good or of rejected parts was read yet", "合格品或废品计数器尚无读数"
)
NO_PART: Final = NoteText("no part was counted in this window", "该时段没有产量")
NO_METER_READING: Final = NoteText("no meter was read yet", "电能表尚无读数")
NO_REWORK_READING: Final = NoteText("no counter of reworked parts was read yet", "返工品计数器尚无读数")
NO_TIME: Final = NoteText("there was no time of this kind in this window", "该时段没有这类时间")

FEW_SHIFTS: Final = NoteText(
    "too little history: {found} like it in 8 weeks, at least {needed} are needed",
    "历史不足：近 8 周同类班次 {found} 个，至少需要 {needed} 个",
)
ALL_WEEKDAYS: Final = NoteText("based on all weekdays", "按所有工作日的同名班次推算")
LEFT_OUT: Final = NoteText(
    "without {silent} of {machines} machines: too little history", "未计入 {machines} 台设备中的 {silent} 台：历史不足"
)

NOTES: Final[tuple[NoteText, ...]] = tuple(text for text in list(globals().values()) if isinstance(text, NoteText))
"""Every note there is."""

CAUSES: Final = {
    "late samples": "数据迟到",
    "gap filled": "缺口已补齐",
    "gap": "发现数据缺口",
    "calendar changed": "日历变更",
    "map changed": "设备配置变更",
    "stop reason changed": "停机原因变更",
    "recomputed": "人工重算",
}
"""Why numbers were told again (`touched.Cause`), in Chinese."""

GAP_STATES: Final = {"open": "可能缺失", "filled": "已补齐", "unfillable": "无法补齐"}
"""What became of a gap, in Chinese."""

GAP_KINDS: Final = {
    "outage": "连接中断",
    "stopped": "采集程序未运行",
    "overflow": "队列溢出",
    "sequence": "消息丢失",
    "rejected": "存储拒收",
    "dropped": "缓存已满，数据被丢弃",
    "damaged": "数据损坏",
}
"""What made a gap (`adapters.sources.contract.GapKind`), in Chinese."""


def in_language(note: str, language: Language) -> str:
    """Give a stored note in a language; one that nobody knows stays as it is."""
    if language == "en" or not note:
        return note
    for text, pattern in _patterns():
        found = pattern.fullmatch(note)
        if found is not None:
            values = found.groupdict()
            if "products" in values:
                values["products"] = _products(values["products"])
            return text.zh.format(**values)
    return note


def because(reason: str, language: Language) -> str:
    """Give a stored reason of a restatement, of one cause or several, in a language."""
    if language == "en" or not reason:
        return reason
    return "、".join(CAUSES.get(cause, cause) for cause in reason.split(", "))


def translated(results: pl.DataFrame, language: Language) -> pl.DataFrame:
    """Give stored rows with their notes and reasons in a language: columns `note`, `note_…` and `reason`, if any."""
    said = {name: because if name == "reason" else in_language for name in results.columns if _IS_SAID.match(name)}
    return results.with_columns(
        results[name].replace_strict(
            (texts := results[name].unique()), [say(text, language) for text in texts], return_dtype=pl.String
        )
        for name, say in said.items()
    )


def _products(listed: str) -> str:
    """Give a list of products, "`a`, `b` and 2 more", in Chinese."""
    names = re.sub(r"` and (\d+) more$", r"` 等另外 \1 种产品", listed)
    return names.replace("`, `", "`、`")


@cache
def _patterns() -> tuple[tuple[NoteText, re.Pattern[str]], ...]:
    """Give every note with the pattern that finds it; those that say most by themselves come first."""
    ordered = sorted(NOTES, key=lambda text: -len(_PLACE.sub("", text.en)))
    return tuple(
        (text, re.compile(_PLACE.sub(r"(?P<\1>.+?)", re.sub(r"([.()\[\]*+?|^$\\])", r"\\\1", text.en)), re.DOTALL))
        for text in ordered
    )
