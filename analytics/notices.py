"""What notices say, in Chinese or English: pure.

Who reads one has just been woken up: the title says how grave, which machine and what; then where, since when by the
factory's clock, the value, which signals, how often, and what to type to acknowledge it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from analytics.alerts import Alert, Language
from analytics.faults.limits import shown_unit
from analytics.lifecycle import AlertEvent, EventKind, Standing
from analytics.notification import FLOOD_BEGAN, ORDER, RAISING, RETURNING, Notification, Told
from analytics.pacing import QUIET, RATE
from analytics.routing import CALM, FLOODING, Flood, Rules
from analytics.sayings import message
from analytics.trouble import failing
from collector.park import Severity, SignalRole, Title

LISTED: Final = 10
"""Alerts that a summary lists; it counts the others."""

SIGNALS: Final = 5
"""Signals that a notice lists; those that tell most."""

PRIORITIES: Final[Mapping[Severity, Title]] = {
    Severity.LOW: Title(en="low", zh="低"),
    Severity.MEDIUM: Title(en="medium", zh="中"),
    Severity.HIGH: Title(en="high", zh="高"),
    Severity.CRITICAL: Title(en="critical", zh="紧急"),
}
"""What priorities are called."""

_HEADS: Final[Mapping[str, Title]] = {
    "raised": Title(),
    "repeated": Title(en="Again: ", zh="再次发生："),
    "worsened": Title(en="Worse: ", zh="加重："),
    "returned": Title(en="Back to normal: ", zh="已恢复："),
    "escalated": Title(en="Not acknowledged: ", zh="无人确认，升级通知："),
    "acknowledged": Title(en="Acknowledged: ", zh="已确认："),
    "commented": Title(en="Comment: ", zh="备注："),
    "shelved": Title(en="Shelved: ", zh="已搁置："),
    "unshelved": Title(en="No longer shelved: ", zh="搁置结束："),
    "in_service": Title(en="Back in service: ", zh="恢复启用："),
    "latched": Title(en="To be reset: ", zh="待复位："),
}
"""What a title begins with, by what is told."""

_LINES: Final[Mapping[str, Title]] = {
    "place": Title(en="Where: {0}", zh="位置：{0}"),
    "since": Title(en="Since: {0}", zh="开始：{0}"),
    "lasted": Title(en="From {0} to {1} ({2})", zh="时间：{0} 至 {1}（历时 {2}）"),
    "value": Title(en="Value: {0}", zh="数值：{0}"),
    "signals": Title(en="Signals: {0}", zh="相关信号：{0}"),
    "count": Title(en="{0} times since {1}", zh="自 {1} 起共 {0} 次"),
    "latched": Title(
        en="The cause is gone; it stays until somebody resets it: parkline alert reset {0}",
        zh="原因已消失，需人工复位：parkline alert reset {0}",
    ),
    "abandoned": Title(en="Nobody looks for it any more: no longer configured.", zh="该监测已取消，不再检测。"),
    "waited": Title(en="Nobody has acknowledged it for {0}.", zh="已 {0}无人确认。"),
    "said": Title(en="{0}: {1}", zh="{0}：{1}"),
    "person": Title(en="By {0}", zh="操作人：{0}"),
    "until": Title(en="Until {0}", zh="至 {0}"),
    "ack": Title(en="Acknowledge: parkline alert ack {0}", zh="确认：parkline alert ack {0}"),
    "id": Title(en="Alert {0}", zh="告警号：{0}"),
    "page": Title(en="{0}", zh="查看：{0}"),
    "list": Title(en="All of them: parkline alert list", zh="全部告警：parkline alert list"),
}
"""Lines of a notice; what stands in the braces is put in."""

_FLOOD_BEGAN: Final = Title(
    en="Alert flood in {0}: {1} alerts within {2} min",
    zh="{0} 告警泛滥：{2} 分钟内 {1} 条",
)
_FLOOD_BEGAN_TEXT: Final = Title(
    en="Since {0}. Until it is over, critical alerts are told one by one, all others together every {1} min.\n"
    "Look for one common cause first: power, compressed air, network, a line that stopped.",
    zh="自 {0} 起。结束前，仅紧急告警逐条通知，其余每 {1} 分钟汇总一次。\n先查共同原因：供电、压缩空气、网络、停线。",
)
_FLOOD_OVER: Final = Title(
    en="Alert flood in {0} is over: {1} alerts in {2}", zh="{0} 告警泛滥结束：历时 {2}，共 {1} 条"
)
_FLOOD_OVER_TEXT: Final = Title(
    en="From {0} to {1}. Fewer than {2} alerts came within {3} min; alerts are told one by one again.",
    zh="{0} 至 {1}。{3} 分钟内不足 {2} 条，恢复逐条通知。",
)
_SUMMARIES: Final[Mapping[str, Title]] = {
    QUIET: Title(en="While it was quiet: {0}", zh="免打扰时段汇总：{0}"),
    RATE: Title(en="More than this channel carries: {0}", zh="超出渠道限速，汇总：{0}"),
    "flood": Title(en="Alert flood in {1}: {0}", zh="{1} 告警泛滥汇总：{0}"),
    "": Title(en="Summary: {0}", zh="汇总：{0}"),
}
_ALERTS: Final = Title(en="{0} alerts", zh="{0} 条告警")
_ONE: Final = Title(en="1 alert", zh="1 条告警")
_LAST: Final = Title(en="{0} still last", zh="未恢复 {0} 条")
_MORE: Final = Title(en="… and {0} more", zh="……另有 {0} 条")
_NOTES: Final = Title(en="and {0} notes", zh="及 {0} 条通知")
_OVER: Final = Title(en="back to normal", zh="已恢复")
_EXPIRED: Final = Title(en="Not delivered by channel {0}: {1} notices", zh="渠道 {0} 未送达的通知：{1} 条")
_EXPIRED_ONE: Final = Title(en="Not delivered by channel {0}: 1 notice", zh="渠道 {0} 未送达的通知：1 条")
_EXPIRED_TEXT: Final = Title(
    en="They were told nobody there. Look at: parkline channel status; parkline channel test {0}",
    zh="该渠道无人收到。请检查：parkline channel status；parkline channel test {0}",
)
_TEST: Final = Title(en="Test notice from parkline: channel {0} works", zh="parkline 测试通知：渠道 {0} 正常")
_TEST_TEXT: Final = Title(
    en="Sent by hand at {0}. Nothing is wrong, nothing has to be done.", zh="{0} 手动发送。一切正常，无需处理。"
)
_UNITS: Final = Title(
    en="{0} s|{0} min|{0} h {1} min|{0} d {1} h", zh="{0} 秒|{0} 分钟|{0} 小时 {1} 分|{0} 天 {1} 小时"
)
_JOIN: Final = Title(en=", ", zh="，")


class Notices:
    """Says what is told, of one park."""

    def __init__(self, rules: Rules, page_url: str = "") -> None:
        """Prepare; `page_url`: the page's address, empty where notices have no link."""
        self._rules = rules
        self._park = rules.park
        self._page = page_url.rstrip("/")

    def event(self, event: AlertEvent, one: Notification) -> Told:
        """Say what happened to an alert, in the channel's language."""
        return self._alert(event.standing, one, event)

    def lasting(self, standing: Standing, one: Notification) -> Told:
        """Say that an alert lasts of which the channel was not told until now."""
        return self._alert(standing, replace(one, kind="raised"), None)

    def flood(self, one: Notification, flood: Flood) -> Told:
        """Say that a flood began, or is over."""
        language = self._language(one)
        factory, zone = self._names(one.reason, language)[0], self._zone(one.reason)
        began = flood.began or one.made
        minutes = FLOODING // timedelta(minutes=1)
        if one.kind == FLOOD_BEGAN:
            title = _say(_FLOOD_BEGAN, language, factory, flood.raised, minutes)
            text = _say(_FLOOD_BEGAN_TEXT, language, _clock(began, zone), minutes)
        else:
            title = _say(_FLOOD_OVER, language, factory, flood.raised, _lasting(one.made - began, language))
            text = _say(_FLOOD_OVER_TEXT, language, _clock(began, zone), _clock(one.made, zone), CALM, minutes)
        data = {"factory": one.reason, "began": _stamp(began), "alerts": flood.raised}
        return _told(title, text, f"alert.{one.kind}", one.severity, one.made, data)

    def summary(self, one: Notification, told: Sequence[tuple[Notification, Told]]) -> Told:
        """Say several in one: how many, how grave, and the gravest."""
        language = self._language(one)
        reason, _, factory = one.reason.partition(":")
        named = self._names(factory, language)[0] if factory else ""
        head = _SUMMARIES.get(reason, _SUMMARIES[""])
        title = _say(head, language, self._counted(told, language), named)
        data = {"reason": reason, "notices": _listed(told)}
        return _told(title, self._lines(told, language), "alert.summary", one.severity, one.made, data)

    def expired(self, one: Notification, channel: str, told: Sequence[tuple[Notification, Told]]) -> Told:
        """Say what a channel did not deliver."""
        language = self._language(one)
        title = _say(_EXPIRED if len(told) > 1 else _EXPIRED_ONE, language, channel, len(told))
        text = f"{_say(_EXPIRED_TEXT, language, channel)}\n{self._lines(told, language)}"
        data = {"channel": channel, "notices": _listed(told)}
        return _told(title, text, "alert.expired", one.severity, one.made, data)

    def test(self, channel: str, now: datetime) -> Told:
        """Say that this is a test."""
        language: Language = self._rules.channels[channel].language
        when = _clock(now, self._rules.zone(channel))
        text = _say(_TEST_TEXT, language, when)
        return _told(_say(_TEST, language, channel), text, "test", Severity.LOW, now, {"channel": channel})

    def _language(self, one: Notification) -> Language:
        config = self._rules.channels.get(one.channel)
        return config.language if config is not None else "en"

    def _alert(self, standing: Standing, one: Notification, event: AlertEvent | None) -> Told:
        language, alert = self._language(one), standing.alert
        zone = self._zone(alert.equipment)
        at = event.at if event is not None else one.made
        what = self._titled(standing, language)
        said = _HEADS.get(_headed(standing, one.kind, event), Title())
        lines = [
            *self._where(alert, language),
            *_when(standing, one.kind, zone, language),
            *([] if one.kind in RETURNING else self._measured(alert, language)),
            *_circumstances(standing, one.kind, at, zone, language),
            *(_done(event, zone, language) if event is not None else []),
            *self._links(standing, one.kind, language),
        ]
        line = f"{what}{_JOIN.zh if language == 'zh' else _JOIN.en}{_clock(standing.began, zone, short=True)}"
        kind = f"alert.{one.kind}"
        told = _told(
            f"{_say(said, language)}{what}", "\n".join(lines), kind, standing.priority, at, self._data(standing, event)
        )
        return {**told, "line": line}

    def _titled(self, standing: Standing, language: Language) -> str:
        """Say how grave, which machine and what, on one line."""
        priority = _say(PRIORITIES[standing.priority], language)
        what = message(standing.alert, language)
        if failing(standing.alert):
            return f"【{priority}】{what}" if language == "zh" else f"[{priority}] {what}"
        machine = self._machine(standing.alert.equipment, language)
        return f"【{priority}】{machine}：{what}" if language == "zh" else f"[{priority}] {machine}: {what}"

    def _machine(self, path: str, language: Language) -> str:
        return self._names(path, language)[-1]

    def _names(self, path: str, language: Language) -> list[str]:
        """Give what people call factory, line and machine of a path; of the park, its own name."""
        park = self._park
        if path == park.id:
            return [_called(park.title, path, language)]
        names = []
        for factory in park.factories:
            if path == factory.path or path.startswith(f"{factory.path}/"):
                names.append(_called(factory.title, factory.id, language))
                names += [
                    _called(line.title, line.id, language)
                    for line in factory.lines
                    if path == line.path or path.startswith(f"{line.path}/")
                ]
        machine = park.equipment.get(path)
        if machine is not None:
            names.append(_called(machine.title, machine.id, language))
        return names or [path]

    def _where(self, alert: Alert, language: Language) -> list[str]:
        if alert.equipment == self._park.id:
            return []
        names = " › ".join(self._names(alert.equipment, language))
        path = f"（{alert.equipment}）" if language == "zh" else f" ({alert.equipment})"
        return [_say(_LINES["place"], language, f"{names}{path}")]

    def _measured(self, alert: Alert, language: Language) -> list[str]:
        """Say the value, and which signals tell it together; the message says all of a condition."""
        lines = []
        signal = self._park.signals.get(alert.signal)
        if alert.value and signal is not None and signal.role is not SignalRole.CONDITION:
            unit = alert.parameters.get("unit", shown_unit(signal))
            lines.append(_say(_LINES["value"], language, f"{alert.value}{unit}"))
        if alert.contributions:
            shares = (f"{self._signal(one.signal, language)} {one.share:.0%}" for one in alert.contributions[:SIGNALS])
            lines.append(_say(_LINES["signals"], language, _say(_JOIN, language).join(shares)))
        return lines

    def _signal(self, path: str, language: Language) -> str:
        signal = self._park.signals.get(path)
        return path if signal is None else _called(signal.title, signal.name, language)

    def _links(self, standing: Standing, kind: str, language: Language) -> list[str]:
        asks = kind in RAISING and standing.acknowledged is None
        lines = [_say(_LINES["ack" if asks else "id"], language, standing.id)]
        if self._page and standing.alert.equipment in self._park.equipment:
            lines.append(_say(_LINES["page"], language, self._link(standing.alert.equipment)))
        return lines

    def _link(self, equipment: str) -> str:
        return f"{self._page}/#/{equipment}"

    def _zone(self, equipment: str) -> ZoneInfo:
        factory = self._rules.factory(equipment)
        return (self._park.factory_of(factory) if factory else self._park.factories[0]).zone

    def _counted(self, told: Sequence[tuple[Notification, Told]], language: Language) -> str:
        """Say how many alerts there are, how grave, and how many last."""
        newest = _newest(told)
        gravest = Counter(Severity(what["severity"]) for _, what in newest if _.alert)
        many = sum(gravest.values())
        notes = sum(1 for one, _ in newest if not one.alert)
        counted = _say(_ONE if many == 1 else _ALERTS, language, many)
        told_by = [f"{_say(PRIORITIES[one], language)} {gravest[one]}" for one in reversed(ORDER) if gravest[one]]
        over = _over(told)
        lasting = sum(1 for one, _ in newest if one.alert and one.alert not in over)
        parts = [f"{counted}{_bracketed(_say(_JOIN, language).join(told_by), language)}" if told_by else counted]
        parts += [_say(_LAST, language, lasting)] if many else []
        parts += [_say(_NOTES, language, notes)] if notes else []
        return _say(_JOIN, language).join(parts)

    def _lines(self, told: Sequence[tuple[Notification, Told]], language: Language) -> str:
        """List the gravest, those that last first."""
        over = _over(told)
        newest = sorted(
            _newest(told),
            key=lambda one: (-ORDER.index(Severity(one[1]["severity"])), one[0].alert in over, one[0].number),
        )
        lines = []
        for one, what in newest[:LISTED]:
            end = f" – {_say(_OVER, language)}" if one.alert in over else ""
            lines.append(f"{what.get('line') or what['title']}{end}")
        if len(newest) > LISTED:
            lines.append(_say(_MORE, language, len(newest) - LISTED))
        return "\n".join([*lines, _say(_LINES["list"], language)])

    def _data(self, standing: Standing, event: AlertEvent | None) -> dict[str, Any]:
        """Give the alert for programs."""
        alert = standing.alert
        data: dict[str, Any] = {
            "alert": standing.id,
            "group": standing.group,
            "equipment": alert.equipment,
            "signal": alert.signal,
            "detector": alert.detector,
            "key": alert.key,
            "severity": standing.priority.value,
            "state": standing.state.value,
            "code": alert.code,
            "message": {"zh": message(alert, "zh"), "en": message(alert, "en")},
            "value": alert.value,
            "parameters": dict(alert.parameters),
            "contributions": [{"signal": one.signal, "share": one.share} for one in alert.contributions],
            "began": _stamp(standing.began),
            "occurred": _stamp(alert.began),
            "ended": _stamp(alert.ended),
            "raised": _stamp(standing.raised),
            "acknowledged": _stamp(standing.acknowledged),
            "count": standing.count,
        }
        if event is not None:
            data |= {"event": event.id, "number": event.number, "person": event.person, "comment": event.comment}
        if self._page and alert.equipment in self._park.equipment:
            data["page"] = self._link(alert.equipment)
        return data


def _headed(standing: Standing, kind: str, event: AlertEvent | None) -> str:
    """Give what the title begins with: what was hidden says why it is told now, what latched waits for a person."""
    if kind == "raised" and event is not None and event.kind in {EventKind.UNSHELVED, EventKind.IN_SERVICE}:
        return event.kind.value
    return "latched" if kind in RETURNING and standing.latched else kind


def _when(standing: Standing, kind: str, zone: ZoneInfo, language: Language) -> list[str]:
    """Say since when, or from when until when."""
    alert = standing.alert
    if kind == "returned" and alert.ended is not None:
        lasted = _lasting(alert.ended - standing.began, language)
        ends = _clock(standing.began, zone), _clock(alert.ended, zone)
        return [_say(_LINES["lasted"], language, *ends, lasted)]
    return [_say(_LINES["since"], language, _clock(alert.began, zone))]


def _circumstances(standing: Standing, kind: str, at: datetime, zone: ZoneInfo, language: Language) -> list[str]:
    """Say what else there is to know: how often, whether it latches, how long nobody acknowledged it."""
    lines = []
    if standing.count > 1:
        lines.append(_say(_LINES["count"], language, standing.count, _clock(standing.began, zone)))
    if kind == "returned" and standing.latched:
        lines.append(_say(_LINES["latched"], language, standing.id))
    if kind == "returned" and standing.abandoned:
        lines.append(_say(_LINES["abandoned"], language))
    if kind == "escalated":
        lines.append(_say(_LINES["waited"], language, _lasting(at - (standing.told or standing.raised), language)))
    return lines


def _done(event: AlertEvent, zone: ZoneInfo, language: Language) -> list[str]:
    """Say who did what, and why."""
    if event.kind is EventKind.ESCALATED or not event.person:
        return []
    said = _say(_LINES["said"], language, event.person, event.comment)
    lines = [said if event.comment else _say(_LINES["person"], language, event.person)]
    if event.kind is EventKind.SHELVED and event.standing.shelved_until is not None:
        lines.append(_say(_LINES["until"], language, _clock(event.standing.shelved_until, zone)))
    return lines


def _newest(told: Sequence[tuple[Notification, Told]]) -> list[tuple[Notification, Told]]:
    """Give the last that is told of each alert."""
    newest: dict[str, tuple[Notification, Told]] = {}
    for one, what in told:
        newest[one.alert or one.id] = one, what
    return list(newest.values())


def _over(told: Sequence[tuple[Notification, Told]]) -> set[str]:
    """Give the alerts that are over by the last that says so, or that they last; else as they stood when told."""
    over: dict[str, bool] = {}
    for one, what in told:
        if one.kind in RAISING | RETURNING:
            over[one.alert] = one.kind in RETURNING
        elif one.alert:
            over.setdefault(one.alert, what.get("data", {}).get("ended") is not None)
    return {alert for alert, ended in over.items() if ended}


def _listed(told: Iterable[tuple[Notification, Told]]) -> list[dict[str, Any]]:
    """Give for programs what a summary tells: every notice, whole."""
    return [
        {"id": one.id, "type": what.get("event", ""), "timestamp": what.get("at", ""), "data": what.get("data", {})}
        for one, what in told
    ]


def _told(title: str, text: str, event: str, severity: Severity, at: datetime, data: Mapping[str, Any]) -> Told:
    return {
        "title": " ".join(title.split()),
        "text": text,
        "event": event,
        "severity": severity.value,
        "at": _stamp(at),
        "data": dict(data),
    }


def _say(text: Title, language: Language, *parts: object) -> str:
    said: str = getattr(text, language)
    return said.format(*parts)


def _called(title: Title, name: str, language: Language) -> str:
    return str(getattr(title, language)) or name


def _bracketed(text: str, language: Language) -> str:
    return f"（{text}）" if language == "zh" else f" ({text})"


def _clock(at: datetime, zone: ZoneInfo, *, short: bool = False) -> str:
    """Write an instant by the factory's clock."""
    local = at.astimezone(zone)
    return f"{local:%m-%d %H:%M}" if short else f"{local:%Y-%m-%d %H:%M:%S}"


def _lasting(time: timedelta, language: Language) -> str:
    """Write how long, in two units at most."""
    seconds = max(0, int(time.total_seconds()))
    forms = _say(_UNITS, language, "{0}", "{1}").split("|")
    for form, unit, part in (
        (forms[3], 86400, 3600),
        (forms[2], 3600, 60),
        (forms[1], 60, 1),
    ):
        if seconds >= unit:
            return form.format(seconds // unit, seconds % unit // part)
    return forms[0].format(seconds)


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")
