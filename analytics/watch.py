"""The watch: every detector of the catalogue over one park, and what they carry from look to look.

A look changes nothing until it is kept: the caller writes what was found and keeps the look in one go, so that a
transaction that failed is looked at again, from the same state. A look that found nothing may be kept without being
written; what it carries is written with the next one, together with how far the samples were read.

A detector that raises an exception does not stop the others in a watch that was resumed: it looks at the next samples
again, and until it works on what it watches that is an alert (`erring`). Elsewhere the exception is raised.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final, Self

import polars as pl
import sqlalchemy as sa
import structlog

from analytics import erring
from analytics.alertlog import read_detectors, write_detectors
from analytics.alerts import Alert
from analytics.faults.catalogue import DETECTORS
from analytics.faults.contract import Baseline, Carried, Detector, Found, Indicator, Seen
from analytics.standing import States, machines_asked_for
from collector.park import Park

STANDING: Final = "standing"
"""In the table of what detectors carry, the name under which the states of machines stand."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Look:
    """What all detectors found in one look."""

    found: Mapping[str, Found]
    """By detector."""

    states: States
    """What machines do now."""

    changes: pl.DataFrame
    """When machines changed their states; columns of `faults.contract.STATES`."""

    machines: frozenset[str] = frozenset()
    """Paths of the machines of which something else is known than before."""

    working: frozenset[str] = frozenset()
    """Subjects of detectors that erred before and work again."""

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
    def indicators(self) -> list[tuple[str, Indicator]]:
        """The numbers that changed, with the detector that tells each."""
        return [(slug, one) for slug, found in self.found.items() for one in found.indicators]

    @property
    def baselines(self) -> list[tuple[str, Baseline]]:
        """What was learned, with the detector that learned it."""
        return [(slug, one) for slug, found in self.found.items() for one in found.baselines]


class Watch:
    """All detectors of one park."""

    def __init__(
        self, park: Park, carried: Mapping[str, Mapping[str, Carried]] | None = None, *, goes_on: bool = False
    ) -> None:
        """Begin anew, or with what was carried, by detector and subject.

        Args:
            park: whose detectors.
            carried: what was carried, by detector and subject.
            goes_on: whether the others go on when a detector errs.
        """
        before = carried or {}
        self._park, self._goes_on = park, goes_on
        rules: dict[str, Mapping[str, Any]] = {one.slug: one.rules(park) for one in DETECTORS}
        self._detectors: tuple[Detector[Any], ...] = tuple(one for one in DETECTORS if rules[one.slug])
        self._rules = rules
        self._carried: dict[str, dict[str, Carried]] = {
            slug: dict(before.get(slug, {})) for slug in (erring.SLUG, *(one.slug for one in self._detectors))
        }
        self._states = States.resume(machines_asked_for(park), before.get(STANDING, {}))
        self._unwritten: dict[str, dict[str, Carried | None]] = {}
        self._stirred: set[str] = set()

    @classmethod
    def resume(cls, connection: sa.Connection, park: Park) -> Self:
        """Begin with what the last watch carried."""
        slugs = (STANDING, erring.SLUG, *(one.slug for one in DETECTORS))
        return cls(park, {slug: read_detectors(connection, slug) for slug in slugs}, goes_on=True)

    @cached_property
    def signals(self) -> frozenset[str]:
        """Paths of the signals that are watched."""
        return self._states.signals.union(*(self._needed(one) for one in self._detectors))

    @property
    def states(self) -> dict[str, str]:
        """What machines do now, of those whose states somebody asks for, by path."""
        return self._states.now

    @property
    def points(self) -> set[tuple[str, str, str]]:
        """Detector, subject and key of every alert that lasts."""
        own = {(erring.SLUG, subject, erring.KEY) for subject in self._carried[erring.SLUG]}
        return own | {
            (one.slug, subject, key)
            for one in self._detectors
            for subject, rule in self._rules[one.slug].items()
            if (kept := self._carried[one.slug].get(subject)) is not None
            for key in one.keys(rule, kept)
        }

    @property
    def pupils(self) -> list[tuple[str, str]]:
        """Detector and subject of everything that learns."""
        return [(one.slug, subject) for one in self._detectors if one.learns for subject in self._rules[one.slug]]

    def carried(self, detector: str) -> Mapping[str, Carried]:
        """Give what a detector carries, by subject."""
        return self._carried.get(detector, {})

    def look(self, seen: Seen) -> Look:
        """Let every detector look at what was seen; the states of machines are added to it."""
        states, changes, machines = self._states.look(seen)
        with_states = replace(seen, states=changes)
        found: dict[str, Found] = {}
        erred: dict[str, str] = {}
        for one in self._detectors:
            try:
                found[one.slug] = one.look(self._rules[one.slug], self._carried[one.slug], with_states)
            except Exception as error:
                if not self._goes_on:
                    raise
                erred[one.slug] = f"{type(error).__name__}: {error}"
                if erring.subject_of(one.slug) not in self._carried[erring.SLUG]:
                    log.exception("detector errs", detector=one.slug)
        before = self._carried[erring.SLUG]
        idle = self._idle(seen) if before else frozenset()
        found[erring.SLUG], working = erring.look(self._park.id, before, erred, idle, seen.now)
        return Look(found, states, changes, machines, frozenset(working))

    def _needed(self, detector: Detector[Any]) -> set[str]:
        """Give the paths of the signals that a detector needs to see."""
        rules = self._rules[detector.slug]
        return {signal for subject, rule in rules.items() for signal in detector.signals(subject, rule)}

    def _idle(self, seen: Seen) -> frozenset[str]:
        """Give the slugs of the detectors that saw nothing that is theirs: no sample, or no link where they need none.

        A machine's change of state and passing time are no measure: it is samples that a detector mostly errs on.
        """
        came = set(seen.samples["signal"].unique())
        return frozenset(
            one.slug for one in self._detectors if not (came & needed if (needed := self._needed(one)) else seen.links)
        )

    def keep(self, look: Look) -> None:
        """Carry on from a look."""
        for slug, found in look.found.items():
            self._carried[slug].update(found.carried)
            if found.carried:
                self._unwritten.setdefault(slug, {}).update(found.carried)
        for subject in look.working:
            del self._carried[erring.SLUG][subject]
            self._unwritten.setdefault(erring.SLUG, {})[subject] = None
        self._states = look.states
        self._stirred |= look.machines

    def forget(self, paths: Sequence[str]) -> None:
        """Have the detectors that learn begin anew for these signals and machines, and all signals of the machines."""
        for one in self._detectors:
            if one.learns:
                carried = self._carried[one.slug]
                gone = [subject for subject in carried if any(_is_under(subject, path) for path in paths)]
                for subject in gone:
                    left = one.forget(carried.pop(subject))
                    if left is not None:
                        carried[subject] = left
                    self._unwritten.setdefault(one.slug, {})[subject] = left

    def take(self, carried: Mapping[str, Mapping[str, Carried]]) -> None:
        """Have the detectors that learn go on from what was learned elsewhere, by detector and subject."""
        for one in self._detectors:
            if one.learns:
                some = {
                    subject: kept
                    for subject, kept in carried.get(one.slug, {}).items()
                    if subject in self._rules[one.slug]
                }
                self._carried[one.slug].update(some)
                self._unwritten.setdefault(one.slug, {}).update(some)

    def write(self, connection: sa.Connection, look: Look | None = None) -> None:
        """Write what is carried and not written yet, and what a look carries that is not kept yet."""
        unwritten = {slug: dict(some) for slug, some in self._unwritten.items()}
        stirred, states = self._stirred, self._states
        if look is not None:
            for slug, found in look.found.items():
                unwritten.setdefault(slug, {}).update(found.carried)
            unwritten.setdefault(erring.SLUG, {}).update(dict.fromkeys(look.working))
            stirred, states = stirred | look.machines, look.states
        for slug, some in unwritten.items():
            write_detectors(connection, slug, some)
        write_detectors(connection, STANDING, states.carried(stirred))

    def written(self) -> None:
        """Note that everything that is carried has been written."""
        self._unwritten.clear()
        self._stirred.clear()

    def seed(self, samples: pl.DataFrame) -> None:
        """Know the states of machines before the first sample, from the last of each input before it."""
        self._states = self._states.seeded(samples)


def _is_under(subject: str, path: str) -> bool:
    return subject == path or subject.startswith(f"{path}/")
