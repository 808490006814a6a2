"""Answer: an explanation in sentences, as a plant manager reads it, in Chinese or English.

Pure: from an `explain.Explanation` to lines of text. Times of day are local to the factory.
"""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Final
from unicodedata import east_asian_width
from zoneinfo import ZoneInfo

import polars as pl

from analytics.explain import Explanation, tree
from analytics.kpis.catalogue import BY_SLUG
from analytics.kpis.contract import Loss
from analytics.wording import GAP_KINDS, GAP_STATES, Language, because, in_language

NOTHING: Final = "-"
"""Where there is no number."""

OF_LINES: Final = "oee_bottleneck"
"""A number that no machine has."""

_ROOM: Final = 13
"""Columns that a time takes."""

STOPS: Final = 8
"""How many reasons for stops are named, the longest first."""

_FIRST: Final = ("oee", "availability", "effectiveness", "quality_ratio", "utilisation")
_RATIOS: Final = (*_FIRST, *(slug for slug, kpi in BY_SLUG.items() if kpi.kind == "ratio" and slug not in _FIRST))
"""What a restatement tells of, the best known first."""

_SPEED: Final = ("speed_loss_time", "quality_loss_time", "productive_time")

_WORDS: Final[dict[str, tuple[str, str]]] = {
    "hour": ("小时", "hour"),
    "shift": ("班次", "shift"),
    "day": ("日", "day"),
    "version": ("第 {version} 版，{computed} 计算", "version {version}, computed {computed}"),
    "restated": ("，更正原因：{reason}", ", restated: {reason}"),
    "so_far": (" 至 {until}", " until {until}"),
    "unstored": ("尚未计算入库", "not stored yet"),
    "oee": (
        "设备综合效率 OEE 为 {oee}：可用率 {availability}，性能效率 {effectiveness}，合格率 {quality}。",
        "OEE was {oee}: availability {availability}, effectiveness {effectiveness}, quality {quality}.",
    ),
    "utilised": (
        "设备利用率为 {utilisation}：计划时间 {planned}，其中生产 {producing}。",
        "Utilisation was {utilisation}: it produced for {producing} of {planned} planned.",
    ),
    "nothing": ("该时段尚无记录。", "Nothing is known of it yet."),
    "unplanned": ("该时段没有计划生产。", "No work was planned."),
    "overtime": ("计划外另生产 {overtime}。", "It produced for another {overtime} outside planned time."),
    "where": ("时间去向", "Where the time went"),
    "why": ("停机原因", "Why it stood"),
    "unjudged": ("无法评判（理想节拍或产量未知）", "Not judged: ideal cycle or parts not known"),
    "why_unknown": ("状态未知的原因", "Why its state is not known"),
    "no_meaning": (
        "设备报告 `{raw}`，但未配置其含义：请在状态对照表（如 `states:`）中列出",
        "it said `{raw}`, which stands for no state: list it where its states are mapped (`states:`)",
    ),
    "no_word": (
        "没有有效读数：尚未上报、质量戳为 Bad 或 Uncertain，或连接中断超过 `hold_for`",
        "no valid reading: none yet, its status Bad or Uncertain, or the link down for longer than `hold_for`",
    ),
    "stop": ("{reason}（{loss}），{times}", "{reason} ({loss}), {times}"),
    "before": ("开始于该时段之前", "began before"),
    "once": ("1 次", "once"),
    "times": ("{times} 次", "{times} times"),
    "raw": ("设备值 {value}", "Machine value {value}"),
    "nobody": ("未注明原因", "no reason given"),
    "made": ("产量", "What was made"),
    "total": ("共 {count} 件", "{count} parts"),
    "good": ("合格 {count}", "{count} good"),
    "reject": ("不合格 {count}", "{count} rejected"),
    "product": ("产品 {product} 的", "{product}"),
    "readings": (
        "{signal}：读数 {before} 至 {value}（{first} 至 {last}）",
        "{signal}: from {before} to {value} (read {first} to {last})",
    ),
    "reset": ("{signal}：{time} {kind}，{before} → {value}", "{signal}: {kind} at {time}, {before} → {value}"),
    "cycle": ("{product}理想节拍：{ideal}（{since}）", "ideal cycle of {product}: {ideal} ({since})"),
    "always": ("按配置", "as configured"),
    "since": ("自 {time} 起", "since {time}"),
    "any": ("所有产品", "every product"),
    "unknown_cycle": ("未知", "not known"),
    "coverage": ("计划时间中状态已知的占 {coverage}。", "State known for {coverage} of planned time."),
    "gap": ("采集缺口 {start} 至 {end}（{state}）：{cause}", "gap from {start} to {end} ({state}): {cause}"),
    "lasting": ("现在", "now"),
    "calendar": ("日历：{day} {note}", "Calendar: {day}, {note}"),
    "missing": ("说明", "Notes"),
    "history": ("更正记录", "Restatements"),
    "was": (
        "第 {version} 版（{computed} 计算）于 {replaced} 更正，原因：{reason}；{changes}",
        "version {version}, computed {computed}, was replaced {replaced} ({reason}): {changes}",
    ),
    "from": ("数据来源：{signals}", "Comes from: {signals}"),
    "reset_kind": ("计数器清零", "reset"),
    "roll_over": ("计数器翻转", "rolled over"),
    "replaced": ("计数器更换", "replaced"),
    "correction": ("读数更正", "corrected"),
}
"""Sentences by name, in Chinese and English."""


_GAP_STATES: Final = {"open": "data may be missing", "filled": "filled later", "unfillable": "cannot be filled"}
"""What became of a gap, in English."""


def answer(told: Explanation, language: Language) -> list[str]:
    """Give an explanation as lines of text."""
    return list(_Answer(told, language).lines())


class _Answer:
    def __init__(self, told: Explanation, language: Language) -> None:
        self._told = told
        self._language = language
        self._zone = ZoneInfo(told.time_zone)

    def lines(self) -> Iterator[str]:
        yield from self._head()
        yield ""
        yield from self._summary()
        if self._told.account.get("calendar_time"):
            yield from self._section("where", self._tree())
        yield from self._section("why", self._stops())
        yield from self._section("why_unknown", self._unknown())
        yield from self._section("made", self._made())
        yield from self._section("missing", self._missing())
        yield from self._section("history", self._history())
        yield ""
        names = [path.removeprefix(f"{self._told.path}/") for path in self._told.signals]
        yield self._say("from", signals=self._comma.join(names))

    def _section(self, word: str, rows: Iterator[str]) -> Iterator[str]:
        found = list(rows)
        if found:
            yield ""
            yield self._say(word)
            yield from (f"  {row}" for row in found)

    def _head(self) -> Iterator[str]:
        told = self._told
        start, end = told.start.astimezone(self._zone), told.end.astimezone(self._zone)
        window = f"{start:%Y-%m-%d %H:%M} - {end:%H:%M}" if told.period != "day" else f"{start:%Y-%m-%d}"
        if told.period == "day" and end.time() != time():
            window += self._say("so_far", until=f"{end:%H:%M}")
        period = f"{self._say(told.period)}{f' {told.name}' if told.name else ''}{self._listed}{told.time_zone}"
        if told.computed is None:
            version = self._say("unstored")
        else:
            version = self._say("version", version=str(told.version), computed=self._at(told.computed))
            if told.reason:
                version += self._say("restated", reason=because(told.reason, self._language))
        yield f"{told.path} · {window}"
        yield f"{period} · {version}"

    def _summary(self) -> Iterator[str]:
        account = self._told.account
        values = {row["slug"]: row["value"] for row in self._told.kpis}
        shown = {"quality": "quality_ratio"} | {name: name for name in ("oee", "availability", "effectiveness")}
        if self._told.lacks:
            yield in_language(self._told.lacks, self._language)
        elif not account.get("calendar_time"):
            yield self._say("nothing")
        elif not account.get("planned_time"):
            yield self._say("unplanned")
        elif None not in [values.get(slug) for slug in shown.values()]:
            yield self._say("oee", **{name: _percent(values.get(slug)) for name, slug in shown.items()})
        else:
            times = {name: self._long(account.get(f"{name}_time")) for name in ("planned", "producing")}
            yield self._say("utilised", utilisation=_percent(values.get("utilisation")), **times)
        if account.get("overtime"):
            yield self._say("overtime", overtime=self._long(account["overtime"]))
        if self._told.coverage is not None:
            yield self._say("coverage", coverage=_percent(self._told.coverage))
        for day, note in self._told.days.items():
            yield self._say("calendar", day=day, note=note)
        for gap in self._told.gaps:
            end = self._say("lasting") if gap["end"] is None else self._at(gap["end"])
            zh = self._language == "zh"
            state = GAP_STATES.get(gap["state"], gap["state"]) if zh else _GAP_STATES.get(gap["state"], gap["state"])
            cause = GAP_KINDS.get(gap["kind"], gap["cause"]) if zh else gap["cause"]
            yield self._say("gap", start=self._at(gap["start"]), end=end, state=state, cause=cause)

    def _tree(self) -> Iterator[str]:
        judged = self._told.account.get("judged_time")
        for row in tree(self._told.account):
            empty = not row["seconds"] and row["depth"] > 1
            if empty or (row["loss"] in _SPEED and not judged):
                continue
            yield self._branch(row["seconds"], row["share"], row["depth"], self._title(row["loss"]))
            if row["loss"] == "producing_time" and judged and judged < row["seconds"]:
                share = row["share"] * (1 - judged / row["seconds"])
                yield self._branch(row["seconds"] - judged, share, row["depth"] + 1, self._say("unjudged"))

    def _branch(self, seconds: float, share: float | None, depth: int, name: str) -> str:
        return f"{_right(self._long(seconds))}  {_percent(share):>7}  {'  ' * depth}{name}"

    def _stops(self) -> Iterator[str]:
        for row in self._told.stops[:STOPS]:
            few = {0: self._say("before"), 1: self._say("once")}
            times = few.get(row["times"]) or self._say("times", times=str(row["times"]))
            loss = self._title(f"{row['loss']}_time").removesuffix("时间")
            reason = self._reason(row["reason"]) or self._say("nobody")
            yield f"{_right(self._long(row['seconds']))}  {self._say('stop', reason=reason, loss=loss, times=times)}"

    def _unknown(self) -> Iterator[str]:
        """Say where the machine's word meant nothing, and where there was none, the longest first."""
        unknown = self._told.intervals.filter(pl.col("loss") == Loss.UNKNOWN)
        lasted = (pl.col("end") - pl.col("start")).dt.total_microseconds().sum() / 1e6
        by_word = unknown.group_by("raw").agg(lasted=lasted).sort(-pl.col("lasted"), "raw")
        for raw, seconds in by_word.head(STOPS).iter_rows():
            yield f"{_right(self._long(seconds))}  {self._say('no_meaning', raw=raw) if raw else self._say('no_word')}"

    def _made(self) -> Iterator[str]:
        account = self._told.account
        if account.get("total_count") is not None:
            counts = {name: account.get(f"{name}_count") for name in ("total", "good", "reject")}
            yield self._listed.join(
                self._say(name, count=_number(count)) for name, count in counts.items() if count is not None
            )
        steps = self._told.steps
        for (signal,), rows in steps.group_by("signal", maintain_order=True):
            first, last = rows.row(0, named=True), rows.row(-1, named=True)
            if rows.height == 1 and first["kind"] == "first":
                continue
            name = str(signal).rpartition("/")[2]
            before = first["value"] if first["before"] is None else first["before"]
            edges = {"first": self._at(first["time"]), "last": self._at(last["time"])}
            values = {"before": _number(before), "value": f"{_number(last['value'])}{self._unit(str(signal))}"}
            yield self._say("readings", signal=name, **values, **edges)
            for row in rows.filter(~rows["kind"].is_in(["first", "count"])).iter_rows(named=True):
                kind = self._say("reset_kind" if row["kind"] == "reset" else row["kind"])
                values = {"before": _number(row["before"]), "value": _number(row["value"])}
                yield self._say("reset", signal=name, kind=kind, time=self._at(row["time"]), **values)
        for made in self._told.products if account.get("total_count") is not None else ():
            ideal = (
                self._say("unknown_cycle")
                if made["ideal"] is None
                else f"{made['ideal']:g} {'秒' if self._language == 'zh' else 's'}"
            )
            begun = made["since"] >= self._told.start
            since = self._say("since", time=self._at(made["since"])) if begun else self._say("always")
            product = self._say("product", product=made["product"]) if made["product"] else self._say("any")
            yield self._say("cycle", product=product, ideal=ideal, since=since)

    def _missing(self) -> Iterator[str]:
        notes = dict.fromkeys(row["note"] for row in self._told.kpis if row["note"] and row["slug"] != OF_LINES)
        for note in notes:
            slugs = [self._title(row["slug"]) for row in self._told.kpis if row["note"] == note]
            few = self._comma.join(slugs[:3]) + (" …" if len(slugs) > len(slugs[:3]) else "")
            yield f"{few}{self._colon}{in_language(note, self._language)}"

    def _history(self) -> Iterator[str]:
        for row in self._told.restatements:
            changes = [
                f"{self._title(slug)} {_value(slug, before)} → {_value(slug, after)}"
                for slug in sorted(row["changes"].keys() & _RATIOS, key=_RATIOS.index)
                for before, after in [row["changes"][slug]]
            ]
            few = self._comma.join(changes[:4]) + (" …" if len(changes) > len(changes[:4]) else "")
            instants = {name: self._at(row[name]) for name in ("computed", "replaced")}
            yield self._say(
                "was",
                version=str(row["version"]),
                reason=self._because(row["reason"]),
                changes=few or NOTHING,
                **instants,
            )

    def _title(self, slug: str) -> str:
        kpi = BY_SLUG.get(slug)
        title = "" if kpi is None else (kpi.title.zh if self._language == "zh" else kpi.title.en)
        return title or slug.removesuffix("_time").replace("_", " ")

    @property
    def _comma(self) -> str:
        return "、" if self._language == "zh" else ", "

    @property
    def _listed(self) -> str:
        return "，" if self._language == "zh" else ", "

    @property
    def _colon(self) -> str:
        return "：" if self._language == "zh" else ": "

    def _because(self, reason: str) -> str:
        return because(reason, self._language)

    def _reason(self, code: str) -> str:
        title = self._told.titles.get(code)
        called = "" if title is None else (title.zh if self._language == "zh" else title.en)
        if called or not code.isdecimal():
            return called or code
        return self._say("raw", value=code)  # nobody configured what it means

    def _long(self, seconds: float | None) -> str:
        """Give a time as people say it: `7 h 05 min`, `3 min 20 s`, `12.5 s`."""
        if seconds is None:
            return NOTHING
        h, min_, s = ("小时", "分", "秒") if self._language == "zh" else ("h", "min", "s")
        minutes, left = divmod(round(seconds), 60)
        hours, some = divmod(minutes, 60)
        if hours:
            return f"{hours} {h} {some:02} {min_}"
        if minutes:
            return f"{minutes} {min_} {left:02} {s}"
        return f"{seconds:.3g} {s}"

    def _unit(self, signal: str) -> str:
        """Give the unit of a counter; those of parts say no more than the word."""
        unit = self._told.units.get(signal, "")
        return "" if unit.startswith("{") or unit == "1" else f" {unit.replace('.', '')}" if unit else ""

    def _at(self, instant: datetime) -> str:
        local = instant.astimezone(self._zone)
        same = local.date() == self._told.start.astimezone(self._zone).date()
        return f"{local:%H:%M:%S}" if same else f"{local:%Y-%m-%d %H:%M:%S}"

    def _say(self, word: str, **given: str) -> str:
        zh, en = _WORDS[word]
        return (zh if self._language == "zh" else en).format(**given)


def _percent(ratio: float | None) -> str:
    return NOTHING if ratio is None else f"{ratio * 100:.1f} %"


def _value(slug: str, value: float | None) -> str:
    return _percent(value) if BY_SLUG[slug].kind == "ratio" else _number(value)


def _number(value: float | None) -> str:
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value == round(value) else f"{value:,.6g}"


def _right(text: str) -> str:
    """Set a text to the right of `_ROOM` columns of a terminal; a Chinese character takes two."""
    wide = sum(east_asian_width(letter) in "WF" for letter in text)
    return text.rjust(_ROOM - wide)
