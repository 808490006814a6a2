"""Conditions: what a machine itself says is wrong.

MTConnect reports (`Level|native code|native severity|qualifier|message`), where the signal declares no `conditions`:

    Fault|345|||ERROR(DOOR OPEN)        an alert of code 345 begins, or becomes graver
    Normal|345|||                       the alert of code 345 ends
    Normal||||                          every alert of the signal ends

Each native code is an alert of its own; a report without a code is known by its message. Plain values are
mapped by `Signal.conditions`: a value that means warning or fault is the signal's one alert, until another value comes.
Reports that mean nothing to it (no such level, a value that is not mapped) change nothing and are counted.

What is carried of a signal:

    last      newest report looked at, ns since 1970
    active    by key: began: ns since 1970   level: the gravest so far   value: the report that began it
"""

# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import polars as pl

from adapters.sample import is_bad
from analytics.alerts import Alert
from analytics.faults.contract import Carried, Detector, Found, Seen, in_order, moment, names
from analytics.spans import as_text
from collector.park import ConditionLevel, Park, Severity, Signal, SignalRole, Title

SLUG: Final = "condition"
"""Name of the detector."""

SEVERITIES: Final = {ConditionLevel.WARNING: Severity.MEDIUM, ConditionLevel.FAULT: Severity.HIGH}
"""Priority of a condition's alert."""

_FIELDS: Final = 5
"""Fields of an MTConnect report."""


TEXTS: Final = {
    "condition.warning": Title(en="{name_en}: warning {code} {text}", zh="{name_zh}：警告 {code} {text}"),
    "condition.fault": Title(en="{name_en}: fault {code} {text}", zh="{name_zh}：故障 {code} {text}"),
}
"""What its alerts say."""


class Report(NamedTuple):
    """What one report says."""

    level: ConditionLevel
    """How bad it is."""

    code: str
    """Native code; empty for all of the signal's (Normal), or where there is none."""

    text: str
    """What the machine says of it."""

    @property
    def key(self) -> str:
        """What its alert is known by."""
        return self.code or self.text


def rules(park: Park) -> dict[str, Signal]:
    """Give the condition signals."""
    return {signal.path: signal for signal in park.signals.values() if signal.role is SignalRole.CONDITION}


def look(watched: Mapping[str, Signal], carried: Mapping[str, Carried], seen: Seen) -> Found:
    """Look at samples, as `faults.contract` tells; time that passes changes no condition."""
    usable = seen.samples.lazy().filter(pl.col("signal").is_in(list(watched)) & ~is_bad(pl.col("status")))
    reports = usable.with_columns(report=as_text()).filter(pl.col("report").is_not_null()).collect()
    ordered, late = in_order(reports, carried)
    said = pl.struct("signal", "report")
    news = ordered.filter(said.ne_missing(said.shift()))
    work = _Work(watched, carried)
    for path, ns, text in news.select("signal", "ns", "report").iter_rows():
        work.report(path, ns, text)
    for path, ns in ordered.group_by("signal").agg(pl.col("ns").max()).iter_rows():
        work.kept(path)["last"] = ns
    return Found(tuple(work.alerts.values()), work.carried, late, work.unread)


def lasting(watched: Signal, carried: Carried) -> frozenset[str]:
    """Give the keys of the alerts that last."""
    del watched
    return frozenset(carried["active"])


def read(signal: Signal, text: str) -> Report | None:
    """Give what a report means; None where it means nothing."""
    if signal.conditions:
        level = signal.conditions.get(text)
        return None if level is None else Report(level, "" if level is ConditionLevel.NORMAL else text, "")
    word, *fields = text.split("|", _FIELDS - 1)
    try:
        level = ConditionLevel(word.strip().lower())
    except ValueError:
        return None
    code, _, _, message = (*fields, "", "", "", "")[: _FIELDS - 1]
    return Report(level, code.strip(), message.strip())


class _Work:
    """One look: the conditions that begin and end, and the alerts that come of it."""

    def __init__(self, watched: Mapping[str, Signal], carried: Mapping[str, Carried]) -> None:
        self._watched = watched
        self._before = carried
        self.carried: dict[str, dict[str, Any]] = {}
        self.alerts: dict[str, Alert] = {}
        self.unread = 0

    def kept(self, path: str) -> dict[str, Any]:
        """Give what is carried of a signal, to be changed."""
        if path not in self.carried:
            before = self._before.get(path, {"last": 0, "active": {}})
            self.carried[path] = {**before, "active": dict(before["active"])}
        return self.carried[path]

    def report(self, path: str, ns: int, text: str) -> None:
        """Take a report in."""
        signal = self._watched[path]
        report = read(signal, text)
        if report is None:
            self.unread += 1
            return
        active = self.kept(path)["active"]
        for key in list(active):
            if self._ends(signal, report, key):
                self._tell(signal, key, active.pop(key), ns)
        if report.level is not ConditionLevel.NORMAL:
            self._begin(signal, report, ns, text)

    @staticmethod
    def _ends(signal: Signal, report: Report, key: str) -> bool:
        """Tell whether a report ends the alert known by `key`."""
        if report.level is not ConditionLevel.NORMAL:
            return bool(signal.conditions) and key != report.key
        return not report.code or key == report.code

    def _begin(self, signal: Signal, report: Report, ns: int, text: str) -> None:
        active = self.kept(signal.path)["active"]
        state = active.get(report.key)
        if state is None:
            active[report.key] = {"began": ns, "level": report.level.value, "value": text}
        elif report.level is ConditionLevel.FAULT and state["level"] != report.level.value:
            active[report.key] = {**state, "level": report.level.value}
        else:
            return
        self._tell(signal, report.key, active[report.key], None)

    def _tell(self, signal: Signal, key: str, state: Mapping[str, Any], ended: int | None) -> None:
        level = ConditionLevel(state["level"])
        report = read(signal, state["value"])
        alert = Alert(
            equipment=signal.equipment,
            signal=signal.path,
            detector=SLUG,
            key=key,
            severity=SEVERITIES[level],
            code=f"condition.{level.value}",
            value=state["value"],
            began=moment(state["began"]),
            ended=None if ended is None else moment(ended),
            parameters={
                **names(signal),
                # "fault" says it all of what is only true or false
                "code": "" if signal.type == "bool" else report.code if report is not None else key,
                "text": report.text if report is not None else "",
            },
        )
        self.alerts.pop(alert.id, None)
        self.alerts[alert.id] = alert


CONDITIONS: Final = Detector(
    slug=SLUG,
    source="MTConnect part 2, condition: Normal, Warning and Fault by native code",
    title=Title(en="Machine condition", zh="设备报警"),
    texts=TEXTS,
    rules=rules,
    look=look,
    keys=lasting,
)
"""See the module."""
