"""The watch: every detector of the catalogue over one park, and what they carry from look to look.

A look changes nothing until it is kept: the caller writes what was found and keeps the look in one go, so that a
transaction that failed is looked at again, from the same state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Self

import sqlalchemy as sa

from analytics.alertlog import read_alerts, read_detectors, write_alerts, write_detectors
from analytics.alerts import Alert
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import Carried, Found, Indicator, Seen
from collector.park import Park


@dataclass(frozen=True, slots=True)
class Look:
    """What all detectors found in one look, by detector."""

    found: Mapping[str, Found]

    @property
    def alerts(self) -> list[Alert]:
        """Alerts that began, changed or ended."""
        return [alert for found in self.found.values() for alert in found.alerts]

    @property
    def late(self) -> int:
        """Samples that came too late to be looked at."""
        return sum(found.late for found in self.found.values())

    @property
    def unread(self) -> int:
        """Reports that no detector has a meaning for."""
        return sum(found.unread for found in self.found.values())

    @property
    def indicators(self) -> list[Indicator]:
        """The numbers that changed."""
        return [one for found in self.found.values() for one in found.indicators]

    def write(self, connection: sa.Connection) -> None:
        """Write alerts and what is carried on."""
        write_alerts(connection, self.alerts)
        for slug, found in self.found.items():
            write_detectors(connection, slug, found.carried)


class Watch:
    """All detectors of one park."""

    def __init__(self, park: Park, carried: Mapping[str, Mapping[str, Carried]] | None = None) -> None:
        """Begin anew, or with what was carried, by detector and signal."""
        self._rules: dict[str, Mapping[str, Any]] = {one.slug: one.rules(park) for one in DETECTORS}
        self._carried = {one.slug: dict((carried or {}).get(one.slug, {})) for one in DETECTORS}

    @classmethod
    def resume(cls, connection: sa.Connection, park: Park) -> Self:
        """Begin with what the last watch carried."""
        return cls(park, {one.slug: read_detectors(connection, one.slug) for one in DETECTORS})

    @property
    def signals(self) -> frozenset[str]:
        """Paths of the signals that are watched."""
        return frozenset(
            signal
            for one in DETECTORS
            for subject, rule in self._rules[one.slug].items()
            for signal in one.signals(subject, rule)
        )

    def look(self, seen: Seen) -> Look:
        """Let every detector look at what was seen."""
        return Look({one.slug: one.look(self._rules[one.slug], self._carried[one.slug], seen) for one in DETECTORS})

    def keep(self, look: Look) -> None:
        """Carry on from a look that has been written."""
        for slug, found in look.found.items():
            self._carried[slug].update(found.carried)

    def abandon(self, connection: sa.Connection, now: datetime) -> list[Alert]:
        """End the alerts that last in the log and that no detector carries; give them.

        Their limit or signal is no longer configured, or they were found in a recording: nobody else would end them.
        """
        carried = {
            (one.slug, signal, key)
            for one in DETECTORS
            for signal, rule in self._rules[one.slug].items()
            if (state := self._carried[one.slug].get(signal)) is not None
            for key in one.keys(rule, state)
        }
        lasting = read_alerts(connection, active=True)
        ended = [
            replace(alert, ended=max(now, alert.began))
            for alert in lasting
            if (alert.detector, alert.signal, alert.key) not in carried
        ]
        write_alerts(connection, ended)
        return ended
