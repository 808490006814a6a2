"""Comparators: what turns on and off, and the alert that begins after one delay and ends after another.

    turned on ──► on_delay ──► the alert begins, since it turned on
    turned off ──► off_delay ──► it ends, since it turned off

Both delays are met when exactly so much time has passed. Where a point has a `count`, a comparator turns on only when
so many samples in a row have said so, and then since the first of them. What is carried of a subject, below `rules` by
key, of every comparator that is on or about to be, and of every alert that lasts:

    on      whether the comparator is on        turned   since when, ns since 1970
    began   of the alert that lasts, ns; null   said     what the alert says: code, value, parameters, contributions
    run     [how many samples in a row have said so, ns of the first of them], until there are enough
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Self

from analytics.alerts import Alert, Contribution, When
from analytics.faults.contract import Carried, moment, nanoseconds
from collector.faultrules.detection import Detection
from collector.park import Severity


@dataclass(frozen=True, slots=True)
class Point:
    """One alarm of one subject."""

    equipment: str
    """Path of the machine."""

    subject: str
    """Path of the signal or machine it is seen on."""

    detector: str
    """Slug of the detector."""

    key: str
    """Which of the subject's alarms."""

    severity: Severity
    """Priority of its alerts."""

    on_delay: int = 0
    """How long the comparator must be on, ns."""

    off_delay: int = 0
    """How long the comparator must be off, ns."""

    count: int = 1
    """How many samples in a row must say so before the comparator turns on, 1 or more."""

    latching: bool = False
    """As in `Alert`."""

    when: When = "always"
    """As in `Alert`."""

    @classmethod
    def of(cls, detection: Detection, *, equipment: str, subject: str, detector: str, key: str) -> Self:
        """Give the point of a configured detection."""
        return cls(
            equipment=equipment,
            subject=subject,
            detector=detector,
            key=key,
            severity=detection.severity,
            on_delay=nanoseconds(detection.on_delay),
            off_delay=nanoseconds(detection.off_delay),
            count=detection.count,
            latching=detection.latching,
            when=detection.when,
        )


@dataclass(frozen=True, slots=True)
class Said:
    """What an alert says when it begins."""

    code: str
    """Key of the detector's texts."""

    value: str
    """The value that began it, as text."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the braces of the text."""

    contributions: tuple[Contribution, ...] = ()
    """Which signals tell it together."""


_OFF: Final[Mapping[str, Any]] = {"began": None, "said": None}
"""Of a comparator that was off, without an alert."""


class Comparators:
    """One look: the comparators that turn or wait, and the alerts that come of it."""

    def __init__(self, points: Mapping[str, Mapping[str, Point]], carried: Mapping[str, Carried]) -> None:
        """Begin with the points by subject and key, and with what was carried by subject."""
        self._points = points
        self._before = carried
        self._rules: dict[str, dict[str, Any]] = {}
        self._alerts: dict[str, Alert] = {}

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Alerts that began, changed or ended, by instant of change."""
        return tuple(self._alerts.values())

    @property
    def changed(self) -> Mapping[str, dict[str, Any]]:
        """By subject, the new `rules` to be carried, of the subjects of which they changed."""
        return self._rules

    def on(self, subject: str, key: str) -> bool:
        """Tell whether a comparator is on."""
        return bool(self._now(subject).get(key, {"on": False})["on"])

    def rests(self, subject: str, key: str) -> bool:
        """Tell whether a comparator is off and nothing waits, so that hearing again that it is off changes nothing."""
        return key not in self._now(subject)

    def say(
        self, subject: str, key: str, ns: int, *, on: bool | None, said: Said | None = None, since: int | None = None
    ) -> None:
        """Let one sample say whether a comparator is on, in order of time; with `count`, so many in a row turn it on.

        Args:
            subject: whose.
            key: which.
            ns: when, ns since 1970.
            on: whether on or off; None: between, which keeps what it is and breaks the row.
            said: what its alert says, where it turns on.
            since: since when it is so, ns since 1970, where that is earlier.
        """
        point = self._points.get(subject, {}).get(key)
        if point is None or (on and (point.count == 1 or self.on(subject, key))):
            self.turn(subject, key, ns, on=True, said=said, since=since)
        elif on:
            self._run(subject, key, ns, point.count, said, ns if since is None else since)
        else:
            self._no_run(subject, key)
            if on is not None:
                self.turn(subject, key, ns, on=False)

    def turn(
        self, subject: str, key: str, ns: int, *, on: bool, said: Said | None = None, since: int | None = None
    ) -> None:
        """Turn a comparator at `ns`, in order of time; what it already is changes nothing.

        Args:
            subject: whose.
            key: which.
            ns: when it is known, ns since 1970.
            on: whether on or off.
            said: what its alert says, where it turns on.
            since: since when it is so, ns since 1970, where that is earlier.
        """
        if self.on(subject, key) == on:
            self.pass_time(subject, ns, key)
            return
        self._pass(subject, key, ns)
        rules = self._kept(subject)
        before: Mapping[str, Any] = rules.get(key, _OFF)
        turned = {**before, "on": on, "turned": ns if since is None else since}
        turned.pop("run", None)
        if on and before["began"] is None and said is not None:
            turned["said"] = _kept(said)
        rules[key] = turned
        self._pass(subject, key, ns)

    def _run(self, subject: str, key: str, ns: int, count: int, said: Said | None, since: int) -> None:
        """Count one more sample in a row."""
        self._pass(subject, key, ns)
        rules = self._kept(subject)
        before: Mapping[str, Any] = rules.get(key, {**_OFF, "on": False, "turned": since})
        number, first = before.get("run", (0, since))
        if number + 1 >= count:
            self.turn(subject, key, ns, on=True, said=said, since=first)
        else:
            rules[key] = {**before, "run": [number + 1, first]}

    def _no_run(self, subject: str, key: str) -> None:
        """Forget the samples in a row."""
        if "run" not in self._now(subject).get(key, {}):
            return
        rules = self._kept(subject)
        rules[key] = {name: one for name, one in rules[key].items() if name != "run"}
        if rules[key]["began"] is None and not rules[key]["on"]:
            del rules[key]

    def pass_time(self, subject: str, ns: int, key: str | None = None) -> None:
        """Let time go on to `ns` for every comparator of a subject, or for one."""
        for one in [key] if key is not None else list(self._now(subject)):
            self._pass(subject, one, ns)

    def _now(self, subject: str) -> Mapping[str, Any]:
        if subject in self._rules:
            return self._rules[subject]
        before: Mapping[str, Any] = self._before.get(subject, {}).get("rules", {})
        return before

    def _kept(self, subject: str) -> dict[str, Any]:
        if subject not in self._rules:
            points = self._points.get(subject, {})
            self._rules[subject] = {key: kept for key, kept in self._now(subject).items() if key in points}
        return self._rules[subject]

    def _pass(self, subject: str, key: str, ns: int) -> None:
        """Begin or end the alert of a comparator whose delay has run out at `ns`."""
        point = self._points.get(subject, {}).get(key)
        state = self._now(subject).get(key)
        if point is None or state is None:
            return
        lasted = ns - state["turned"]
        if state["on"] and state["began"] is None and lasted >= point.on_delay:
            begun = {**state, "began": state["turned"]}
            self._kept(subject)[key] = begun
            self._tell(point, begun, None)
        elif not state["on"] and state["began"] is not None and lasted >= point.off_delay:
            self._forget(subject, key)
            self._tell(point, state, state["turned"])
        elif not state["on"] and state["began"] is None and "run" not in state:
            del self._kept(subject)[key]

    def _forget(self, subject: str, key: str) -> None:
        """Forget an alert that is over; samples in a row are still counted."""
        run = self._kept(subject).pop(key).get("run")
        if run is not None:
            self._kept(subject)[key] = {**_OFF, "on": False, "turned": run[1], "run": run}

    def _tell(self, point: Point, state: Mapping[str, Any], ended: int | None) -> None:
        said = state["said"]
        alert = Alert(
            equipment=point.equipment,
            signal=point.subject,
            detector=point.detector,
            key=point.key,
            severity=point.severity,
            code=said["code"],
            value=said["value"],
            began=moment(state["began"]),
            ended=None if ended is None else moment(ended),
            parameters=said["parameters"],
            contributions=tuple(Contribution(**one) for one in said["contributions"]),
            latching=point.latching,
            when=point.when,
        )
        self._alerts.pop(alert.id, None)
        self._alerts[alert.id] = alert


def _kept(said: Said) -> dict[str, Any]:
    """Give what an alert says as JSON gives it back."""
    return {
        "code": said.code,
        "value": said.value,
        "parameters": dict(said.parameters),
        "contributions": [asdict(one) for one in said.contributions],
    }


def lasting(points: Mapping[str, Point], carried: Carried) -> frozenset[str]:
    """Give the keys of the alerts of a subject that last, of those that it still has."""
    return frozenset(_lasting(points, carried))


def _lasting(points: Mapping[str, Point], carried: Carried) -> Iterator[str]:
    for key, kept in carried.get("rules", {}).items():
        if kept["began"] is not None and key in points:
            yield key
