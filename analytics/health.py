"""Health: a score of 0 to 100 per machine, and what it is made of.

    lost(part)   an alert that lasts: 15 (low), 30 (medium), 60 (high), 90 (critical) points
                 an indicator: nothing up to half of its limit, then rising evenly to 20 points at its limit
    score        100 − worst part − ½ second − ¼ third − ⅛ fourth − …, 0 at least

- What an alert and the indicators of the same detector and signal say is one part: the graver of them counts.
- Each further part counts half of the one before: ten signals that tell one fault do not make it ten.
- Without an indicator that is fresh, and without an alert, a machine has no score: nobody looks is not 100.
- An indicator that has not been heard of for `STALE` is none any more, and says nothing.

The points are our own choice. They follow the priorities of ISA-18.2: a machine with a `high` alert is below 50, one
with a `critical` alert close to 0. The points of all parts add up to what is missing to 100.
"""

# ruff: noqa: RUF001, RUF002 - Chinese is written with its own punctuation, numbers with their own signs

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal

from analytics.alerts import Alert
from analytics.faults.catalogue import DETECTORS
from analytics.faults.comparator import Comparators, Point, Said
from analytics.faults.contract import Indicator, nanoseconds
from collector.faultrules.machine import Health
from collector.park import Equipment, Park, Severity, Title

SLUG: Final = "health"
"""What its alerts are seen by."""

SOURCE: Final = "The newest numbers and alerts of all the others, weighed by priority (ISA-18.2)"
"""What it is made after."""

KEY: Final = "score"
"""Which of a machine's alerts it is: the only one."""

BEST: Final = 100.0
"""The score of a machine of which nothing is known but good."""

LOST: Final[Mapping[Severity, float]] = {
    Severity.LOW: 15.0,
    Severity.MEDIUM: 30.0,
    Severity.HIGH: 60.0,
    Severity.CRITICAL: 90.0,
}
"""Points that an alert that lasts costs, by priority."""

NEAR: Final = 0.5
"""Up to this part of its limit an indicator costs nothing."""

AT_LIMIT: Final = 20.0
"""Points that an indicator at its limit costs, and beyond."""

DAMPED: Final = 0.5
"""Each further part counts by this factor less."""

STALE: Final = nanoseconds(timedelta(hours=24))
"""An indicator that was not heard of for so long is none any more, ns."""

CALM: Final = nanoseconds(timedelta(minutes=1))
"""A number that still says the same, or still costs nothing, is noted again after so long, ns."""

CHANGE: Final = 1.0
"""A score that changes by less is not told."""

TOLD: Final = 3
"""So many parts an alert names."""

MOST: Final = 20
"""So many parts a score names; what costs least is left out first, and what is left costs nothing by then."""

TITLES: Final[Mapping[str, Title]] = {one.slug: one.title for one in DETECTORS}
"""What people call what the detectors see."""

TITLE: Final = Title(en="Health score low", zh="健康评分过低")
"""What people call what its alerts tell."""

TEXTS: Final[Mapping[str, Title]] = {
    "health.low": Title(
        en="{name_en}: health score {score}, below {limit}; mainly {parts_en}",
        zh="{name_zh}：健康评分 {score}，低于 {limit}；主要原因：{parts_zh}",
    ),
}
"""What its alerts say."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one thing costs a machine's score."""

    detector: str
    """Slug of the detector that says so."""

    subject: str
    """Path of the signal or machine that it is about."""

    name: str
    """Which indicator, or the key of the alert."""

    kind: Literal["alert", "indicator"]
    """Whether an alert lasts, or a number comes near its limit."""

    lost: float
    """Points that it costs, damped; 0 or more."""

    ratio: float | None = None
    """How near the limit the indicator is: its value as a part of it; None for an alert."""

    severity: Severity | None = None
    """Priority of the alert; None for an indicator."""

    @property
    def title(self) -> Title:
        """What people call what is seen; the detector's slug where it is none of the catalogue."""
        return TITLES.get(self.detector, Title(zh=self.detector, en=self.detector))


@dataclass(frozen=True, slots=True)
class Score:
    """How well one machine is."""

    equipment: str
    """Path of the machine."""

    score: float | None
    """0 to 100, to a tenth; None: nothing is known of it."""

    at: int
    """When, ns since 1970."""

    parts: tuple[Part, ...] = ()
    """What it is made of, what costs most first, `MOST` at most; what they cost adds up to 100 less the score."""


@dataclass(frozen=True, slots=True)
class Heard:
    """An indicator, and when it was heard of."""

    detector: str
    """Slug of the detector that tells it."""

    indicator: Indicator
    """What it says."""

    heard: int
    """When, ns since 1970."""

    @property
    def key(self) -> str:
        """What tells it apart among those of its machine."""
        return f"{self.detector} {self.indicator.subject} {self.indicator.name}"

    @property
    def ratio(self) -> float:
        """Its value as a part of its limit."""
        return self.indicator.value / self.indicator.limit


def score(equipment: str, indicators: Iterable[Heard], alerts: Iterable[Alert], now: int) -> Score:
    """Give the score of a machine, as the module tells.

    Args:
        equipment: path of the machine.
        indicators: the newest of each of its numbers.
        alerts: its alerts that last.
        now: the present, ns since 1970.
    """
    costs = [_of_indicator(one) for one in indicators if now - one.heard <= STALE]
    costs += [_of_alert(alert) for alert in alerts if alert.active and alert.detector != SLUG]
    if not costs:
        return Score(equipment, None, now)
    worst: dict[tuple[str, str], Part] = {}
    for part in sorted(costs, key=lambda one: (-one.lost, one.kind, one.detector, one.subject, one.name)):
        worst.setdefault((part.detector, part.subject), part)
    parts: list[Part] = []
    left, factor = BEST, 1.0
    for part in list(worst.values())[:MOST]:
        lost = round(min(left, part.lost * factor), 1)
        parts.append(_costing(part, lost))
        left, factor = max(0.0, left - lost), factor * DAMPED
    return Score(equipment, round(left, 1), now, tuple(parts))


def heard(carried: Mapping[str, Any]) -> list[Heard]:
    """Give the numbers of a machine, of which `HealthBook.carried_of` is given."""
    return [_heard(one) for one in carried["heard"].values()]


class HealthBook:
    """The newest indicators of every machine, the scores that were told last, and alerts of scores that fell.

    A number that says nothing new is noted once in `CALM`, and a score is computed where something changed: there are
    many of both, and a book that goes on from what was carried comes to the same.
    """

    def __init__(self, park: Park, carried: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Begin anew, or with what was carried, by machine; machines that the park does not have are forgotten."""
        self._machines = park.equipment
        self._signals = park.signals
        kept = {path: one for path, one in (carried or {}).items() if path in park.equipment}
        self._heard = {path: {key: _heard(one) for key, one in kept[path]["heard"].items()} for path in kept}
        self._told: dict[str, float | None] = {path: one["score"] for path, one in kept.items()}
        self._rules: dict[str, Mapping[str, Any]] = {path: {"rules": one["rules"]} for path, one in kept.items()}
        self._lasting: dict[str, list[Alert]] = {}
        self._every: dict[str, Score] = {}
        self._points = {
            path: {KEY: point} for path, machine in park.equipment.items() if (point := _point(machine)) is not None
        }
        self.alerts: tuple[Alert, ...] = ()
        """Alerts of scores that began, changed or ended with the last update."""
        self.touched: frozenset[str] = frozenset()
        """Paths of the machines of which the last update changed what is carried or told."""
        self.scores: Mapping[str, Score] = {}
        """Every score as of the last update, by machine."""

    @property
    def carried(self) -> dict[str, dict[str, Any]]:
        """What is to be carried on, by machine; JSON can hold it."""
        machines = dict.fromkeys([*self._heard, *self._told])
        return {path: self.carried_of(path) for path in machines}

    def carried_of(self, path: str) -> dict[str, Any]:
        """What is to be carried on of one machine."""
        return {
            "heard": {key: _kept(one) for key, one in self._heard.get(path, {}).items()},
            "score": self._told.get(path),
            "rules": dict(self._rules.get(path, {}).get("rules", {})),
        }

    @property
    def lasting(self) -> frozenset[str]:
        """Paths of the machines of which an alert of the score lasts."""
        return frozenset(
            path
            for path, kept in self._rules.items()
            if path in self._points and any(one["began"] is not None for one in kept["rules"].values())
        )

    def update(self, indicators: Iterable[tuple[str, Indicator]], alerts: Collection[Alert], now: int) -> list[Score]:
        """Take in what changed; give the scores that changed by `CHANGE` points or more, or that came or went.

        Args:
            indicators: numbers that changed, each with the detector that tells it.
            alerts: every alert that lasts and is not suppressed.
            now: the present, ns since 1970.
        """
        touched = self._note(indicators, now)
        self._compute(touched, alerts, now)
        gone = {path: Score(path, None, now) for path, told in self._told.items() if told is not None}
        self.scores = {**gone, **self._every}
        touched |= self._compare(now)
        changed = [one for path, one in self.scores.items() if _differs(self._told.get(path), one.score)]
        self._told |= {one.equipment: one.score for one in changed}
        self.touched = frozenset(touched | {one.equipment for one in changed})
        return changed

    def _note(self, indicators: Iterable[tuple[str, Indicator]], now: int) -> set[str]:
        """Note numbers that say something new, forget those that are not heard of; give the machines concerned."""
        touched = set()
        for slug, one in indicators:
            if one.equipment not in self._machines:
                continue
            numbers = self._heard.setdefault(one.equipment, {})
            heard = Heard(slug, one, now)
            before = numbers.get(heard.key)
            if before is None or not _says_the_same(before, heard):
                numbers[heard.key] = heard
                touched.add(one.equipment)
        for path, numbers in self._heard.items():
            if any(now - one.heard > STALE for one in numbers.values()):
                self._heard[path] = {key: one for key, one in numbers.items() if now - one.heard <= STALE}
                touched.add(path)
        return touched

    def _compute(self, touched: Collection[str], alerts: Iterable[Alert], now: int) -> None:
        """Compute the scores of machines of which numbers or alerts changed."""
        lasting: dict[str, list[Alert]] = {}
        for alert in alerts:
            if alert.equipment in self._machines:
                lasting.setdefault(alert.equipment, []).append(alert)
        for path in dict.fromkeys([*self._heard, *lasting, *self._lasting]):
            numbers, some = self._heard.get(path), lasting.get(path)
            if not numbers and not some:
                self._every.pop(path, None)
            elif path in touched or path not in self._every or some != self._lasting.get(path):
                self._every[path] = score(path, (numbers or {}).values(), some or (), now)
        self._lasting = lasting

    def _compare(self, now: int) -> set[str]:
        """Let scores begin and end alerts; where no alert and no number is left, nothing is bad. Give whose changed."""
        comparators = Comparators(self._points, self._rules)
        for path in self._points:
            found, rule = self.scores.get(path), self._machines[path].faults.health
            if found is None or rule is None:
                comparators.pass_time(path, now)
            elif found.score is None or found.score >= min(BEST, rule.limit + rule.hysteresis):
                comparators.say(path, KEY, now, on=False)
            elif found.score < rule.limit:
                comparators.say(path, KEY, now, on=True, said=self._said(found, rule))
            else:
                comparators.say(path, KEY, now, on=None)
                comparators.pass_time(path, now)
        self._rules |= {path: {"rules": kept} for path, kept in comparators.changed.items()}
        self.alerts = comparators.alerts
        return set(comparators.changed)

    def _said(self, found: Score, rule: Health) -> Said:
        machine = self._machines[found.equipment]
        parts = [part for part in found.parts if part.lost > 0][:TOLD]

        def told(language: Literal["en", "zh"]) -> str:
            return ("，" if language == "zh" else ", ").join(
                f"{getattr(part.title, language)} ({self._name(part.subject, language)}) −{part.lost:g}"
                for part in parts
            )

        return Said(
            code="health.low",
            value=f"{found.score:g}",
            parameters={
                "name_en": machine.title.en or machine.id,
                "name_zh": machine.title.zh or machine.id,
                "score": f"{found.score:g}",
                "limit": f"{rule.limit:g}",
                "parts_en": told("en"),
                "parts_zh": told("zh"),
            },
        )

    def _name(self, subject: str, language: Literal["en", "zh"]) -> str:
        known = self._signals.get(subject) or self._machines.get(subject)
        title = None if known is None else getattr(known.title, language)
        return title or subject.rpartition("/")[2]


def _point(machine: Equipment) -> Point | None:
    rule = machine.faults.health
    if rule is None:
        return None
    return Point.of(rule, equipment=machine.path, subject=machine.path, detector=SLUG, key=KEY)


def _of_indicator(one: Heard) -> Part:
    lost = AT_LIMIT * min(1.0, max(0.0, (one.ratio - NEAR) / (1 - NEAR)))
    return Part(one.detector, one.indicator.subject, one.indicator.name, "indicator", lost, ratio=round(one.ratio, 3))


def _of_alert(alert: Alert) -> Part:
    return Part(alert.detector, alert.signal, alert.key, "alert", LOST[alert.severity], severity=alert.severity)


def _costing(part: Part, lost: float) -> Part:
    return Part(part.detector, part.subject, part.name, part.kind, lost, part.ratio, part.severity)


def _says_the_same(before: Heard, after: Heard) -> bool:
    """Tell whether a number that was noted a short while ago says, or costs, the same."""
    if not 0 <= after.heard - before.heard < CALM:
        return False
    one, other = before.indicator, after.indicator
    calm = before.ratio <= NEAR and after.ratio <= NEAR
    return calm or (one.value, one.limit) == (other.value, other.limit)


def _differs(before: float | None, after: float | None) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) >= CHANGE


def _kept(one: Heard) -> list[Any]:
    number = one.indicator
    return [
        one.detector,
        number.equipment,
        number.subject,
        number.name,
        number.at,
        number.value,
        number.limit,
        one.heard,
    ]


def _heard(kept: list[Any]) -> Heard:
    detector, equipment, subject, name, at, value, limit, heard = kept
    return Heard(detector, Indicator(equipment, subject, name, at, value, limit), heard)
