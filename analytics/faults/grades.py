"""Grades: an alert that begins at one grade and worsens to the next, each after a delay.

    grade 1 or 2 ──► on_delay ──► the alert begins, since the grade was 1
    grade 2      ──► on_delay ──► it becomes graver
    grade 0      ──► off_delay ──► it ends, since the grade was 0

Both delays are met when exactly so much time has passed. An alert that has become graver stays so until it ends. What
is carried of a subject, below `grades`; null where the grade is 0 and no alert lasts:

    grade   0, 1 or 2                                        since   since when it is 0, or has not been, ns since 1970
    worse   since when the grade is 2, ns; null              began   of the alert that lasts, ns; null
    said    what the alert says: code, value, parameters     grave   whether it has become graver
    next    what it will say when it becomes graver; null
"""

from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from analytics.alerts import Alert
from analytics.faults.comparator import Point, Said
from analytics.faults.contract import Carried, moment
from collector.park import Severity

Grade = Literal[0, 1, 2]
"""0: nothing; 1: an alert; 2: a graver one."""

GRAVE: Final = 2
"""The graver one."""

_ORDER: Final = tuple(Severity)


class Since(NamedTuple):
    """Since when a grade is what it is, ns since 1970."""

    any: int
    """Since when it is 0, or has not been."""

    grave: int
    """Since when it is 2; of no meaning where it is not."""


def graver(severity: Severity) -> Severity:
    """Give the priority of an alert that has become graver: `high`, or its own where that is higher."""
    return max(severity, Severity.HIGH, key=_ORDER.index)


class Grades:
    """One look: the grades that change, and the alerts that come of it."""

    def __init__(self, points: Mapping[str, Point], carried: Mapping[str, Carried]) -> None:
        """Begin with the alarm of each subject, and with what was carried by subject."""
        self._points = points
        self._before = carried
        self._now: dict[str, dict[str, Any] | None] = {}
        self._alerts: dict[str, Alert] = {}

    @property
    def alerts(self) -> tuple[Alert, ...]:
        """Alerts that began, worsened or ended, by instant of change."""
        return tuple(self._alerts.values())

    @property
    def changed(self) -> Mapping[str, dict[str, Any] | None]:
        """By subject, the new `grades` to be carried, of the subjects of which they changed."""
        return self._now

    def grade(self, subject: str) -> Grade:
        """Give the grade of a subject."""
        state = self._state(subject)
        grade: Grade = 0 if state is None else state["grade"]
        return grade

    def turn(self, subject: str, ns: int, grade: Grade, said: Said | None = None, since: Since | None = None) -> None:
        """Take a grade in at `ns`, in order of time; what it already is changes nothing.

        Args:
            subject: whose.
            ns: when it is known, ns since 1970.
            grade: which.
            said: what an alert says of it; needed where the grade is not 0.
            since: since when it is so, where that is earlier.
        """
        self.pass_time(subject, ns)
        state = self._state(subject)
        before = 0 if state is None else state["grade"]
        if grade == before:
            return
        if state is None:
            state = {"since": ns, "worse": None, "began": None, "said": None, "grave": False, "next": None}
        begins = Since(ns, ns) if since is None else since
        state = {**state, "grade": grade, "worse": begins.grave if grade == GRAVE else None}
        if (grade == 0) != (before == 0):
            state["since"] = begins.any
        if said is not None:
            _say(state, grade, said)
        self._now[subject] = state
        self.pass_time(subject, ns)

    def pass_time(self, subject: str, ns: int) -> None:
        """Let time go on to `ns`."""
        state, point = self._state(subject), self._points.get(subject)
        if state is None or point is None:
            return
        if state["grade"] == 0:
            self._pass_off(subject, point, state, ns)
            return
        if state["began"] is None and ns - state["since"] >= point.on_delay:
            state = self._tell(subject, point, {**state, "began": state["since"]})
        ready = state["began"] is not None and not state["grave"] and state["worse"] is not None
        if ready and ns - state["worse"] >= point.on_delay:
            self._tell(subject, point, {**state, "grave": True, "said": state["next"]})

    def _pass_off(self, subject: str, point: Point, state: dict[str, Any], ns: int) -> None:
        if state["began"] is None:
            self._now[subject] = None
        elif ns - state["since"] >= point.off_delay:
            self._tell(subject, point, state, state["since"])
            self._now[subject] = None

    def _state(self, subject: str) -> dict[str, Any] | None:
        if subject in self._now:
            return self._now[subject]
        state: dict[str, Any] | None = self._before.get(subject, {}).get("grades")
        return state

    def _tell(self, subject: str, point: Point, state: dict[str, Any], ended: int | None = None) -> dict[str, Any]:
        self._now[subject] = state
        said = state["said"]
        alert = Alert(
            equipment=point.equipment,
            signal=point.subject,
            detector=point.detector,
            key=point.key,
            severity=graver(point.severity) if state["grave"] else point.severity,
            code=said["code"],
            value=said["value"],
            began=moment(state["began"]),
            ended=None if ended is None else moment(ended),
            parameters=said["parameters"],
            latching=point.latching,
            when=point.when,
        )
        self._alerts.pop(alert.id, None)
        self._alerts[alert.id] = alert
        return state


def lasting(point: Point, carried: Carried) -> frozenset[str]:
    """Give the key of the alert of a subject, where it lasts."""
    state = carried.get("grades")
    return frozenset({point.key} if state is not None and state["began"] is not None else ())


def _say(state: dict[str, Any], grade: Grade, said: Said) -> None:
    """Keep what the alert says, or will say once it becomes graver."""
    kept = {"code": said.code, "value": said.value, "parameters": dict(said.parameters)}
    if grade == GRAVE:
        state["next"] = kept
    if state["began"] is None and (state["said"] is None or grade != GRAVE):
        state["said"] = kept
