"""Suppression by design: why nobody is told of an alert that has its cause elsewhere, or of one while nothing runs.

    a signal's alert      the signal's source is lost, or came back less than `SETTLING` ago after an alert
    a machine's alert     a source of any of its signals is, or has
    a source's alert      the network of its line, or of the park, is lost; the collector holds everything
    any of these          the collector is silent
    `when`                the machine, or every machine of the line, is known not to produce, or stood and has
                          produced for less than `STARTING`

A source that is lost suppresses from the first moment, also before that is an alert itself. An alert whose
suppression ends while its cause lasts is told then. What is not known suppresses nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeAlias

from analytics.alerts import Alert, alert_id
from analytics.faults import links as link_alerts
from analytics.faults.contract import LinkState, moment, nanoseconds
from collector.park import EquipmentState, Park

SETTLING: Final = nanoseconds(timedelta(seconds=10))
"""How long a source that came back is left to settle, ns."""

STARTING: Final = nanoseconds(timedelta(seconds=30))
"""How long a machine that stood is left to come up to speed, ns."""

Subject: TypeAlias = tuple[str, str]
"""Subject and key of an alert about links."""

_AWAY: Final = frozenset({"down", "refused", "held"})
"""States of a link over which nothing comes."""

_RUNS: Final = EquipmentState.PRODUCING.value
_UNKNOWN: Final = EquipmentState.UNKNOWN.value


@dataclass(frozen=True, slots=True)
class Situation:
    """How things stand now."""

    links: Mapping[str, LinkState]
    """Every link, by source."""

    lost: Mapping[Subject, str]
    """Ids of the alerts about links that last, by subject and key."""

    returned: Mapping[str, str]
    """Ids of the alerts of sources that came back, by source."""

    states: Mapping[str, str]
    """States of machines as far as they are known, by path."""

    now: int
    """The present, ns since 1970."""

    started: Mapping[str, int] = field(default_factory=dict)
    """Since when machines that stood before have produced, by path, ns since 1970."""


class Suppression:
    """What suppresses alerts in one park, as things stand; `suppression(alert)` gives an id, a word, or nothing."""

    def __init__(self, design: "Design", situation: Situation) -> None:
        """Take the park's design and how things stand."""
        self._design = design
        self._situation = situation

    def __call__(self, alert: Alert) -> str:
        """Give the id of the alert that it comes of, or `machine_runs` or `line_runs`; empty: nothing suppresses it."""
        if alert.detector == link_alerts.SLUG:
            return next((by for subject in self._design.above(alert) if (by := self._lasting(subject))), "")
        return self._by_link(alert) or self._by_rest(alert)

    def _lasting(self, subject: Subject) -> str:
        return self._situation.lost.get(subject, "")

    def _by_link(self, alert: Alert) -> str:
        sources = self._design.sources_of(alert)
        if not sources:
            return ""
        silent = self._lasting((link_alerts.COLLECTOR, link_alerts.SILENT_KEY))
        return silent or next((by for source in sources if (by := self._by_source(source))), "")

    def _by_source(self, source: str) -> str:
        link = self._situation.links.get(source)
        if link is None:
            return ""
        subject = link_alerts.subject_of(source)
        if link.state in _AWAY:
            raised = self._lasting((subject, link_alerts.LOST))
            return raised or alert_id(link_alerts.SLUG, subject, link_alerts.LOST, moment(link.since))
        settles = link.state == "up" and self._situation.now - link.since < SETTLING
        return self._situation.returned.get(source, "") if settles else ""

    def _by_rest(self, alert: Alert) -> str:
        if alert.when == "always":
            return ""
        machines = [alert.equipment] if alert.when == "machine_runs" else self._design.beside(alert.equipment)
        known = [machine for machine in machines if machine in self._situation.states]
        return alert.when if known and not any(self._runs(machine) for machine in known) else ""

    def _runs(self, machine: str) -> bool:
        """Tell whether a machine produces, and has come up to speed; whether it may, where nobody knows."""
        state = self._situation.states[machine]
        started = self._situation.started.get(machine)
        return state == _UNKNOWN or (state == _RUNS and (started is None or self._situation.now - started >= STARTING))


def started(
    before: Mapping[str, str], now: Mapping[str, str], since: Mapping[str, int], instant: int
) -> dict[str, int]:
    """Give since when machines that stood before have produced, by path, ns since 1970.

    Args:
        before: states of machines before, by path.
        now: their states now.
        since: what was given last.
        instant: the present, ns since 1970.
    """
    began = {
        path: instant
        for path, state in now.items()
        if state == _RUNS and before.get(path, _UNKNOWN) not in {_RUNS, _UNKNOWN}
    }
    lasting = {path: at for path, at in since.items() if now.get(path) == _RUNS and 0 <= instant - at < STARTING}
    return lasting | began


class Design:
    """What of a park says which alerts come of which: which sources machines have, and which machines lines."""

    def __init__(self, park: Park) -> None:
        """Read it off the park."""
        self._park = park
        self._sources = {
            path: tuple(dict.fromkeys(signal.source for signal in machine.signals))
            for path, machine in park.equipment.items()
        }
        self._lines = {
            machine.path: tuple(one.path for one in line.equipment)
            for factory in park.factories
            for line in factory.lines
            for machine in line.equipment
        }

    def sources_of(self, alert: Alert) -> tuple[str, ...]:
        """Give the sources that an alert rests on; none where it is about something else than machines."""
        signal = self._park.signals.get(alert.signal)
        return (signal.source,) if signal is not None else self._sources.get(alert.signal, ())

    def beside(self, machine: str) -> tuple[str, ...]:
        """Give the machines of a machine's line."""
        return self._lines.get(machine, ())

    def above(self, alert: Alert) -> Iterator[Subject]:
        """Give what an alert about links may come of."""
        if alert.signal in {link_alerts.COLLECTOR, link_alerts.network_of(self._park.id)}:
            return
        if alert.code == link_alerts.HELD_CODE:
            yield link_alerts.COLLECTOR, link_alerts.HELD_KEY
        yield link_alerts.network_of(self._park.id), link_alerts.LOST
        line = link_alerts.network_of(alert.equipment)
        if alert.signal != line:
            yield line, link_alerts.LOST
