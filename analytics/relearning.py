"""Requests to learn again what is normal of a signal, or of a machine and all its signals.

    ask ─► a row ─► the watcher, at its next look: it forgets what its detectors learned, and deletes the row

A request that is made while no watcher runs waits for the next one. It may bring what was learned meanwhile from a time
that is stored (`teaching`); the detectors go on from there.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from analytics.alertlog import DETECTORS, read_detectors, write_detectors

_RELEARN: Final = "relearn"
"""In the table of what detectors carry, the name under which requests stand, by path."""


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants that it is learned again what is normal."""

    path: str
    """Path of the signal or machine."""

    at: str
    """When they asked, ISO 8601."""

    carried: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was learned meanwhile: by detector and subject, what is carried; empty: it is learned from now on."""


def ask(
    connection: sa.Connection, path: str, now: datetime, carried: Mapping[str, Mapping[str, Any]] | None = None
) -> None:
    """Ask that what is normal of a signal, or of a machine with all its signals, is learned again.

    Args:
        connection: a transaction of the records.
        path: of the signal or machine.
        now: the present, UTC.
        carried: what was learned from a time that is stored, by detector and subject; None: it learns from now on.
    """
    write_detectors(connection, _RELEARN, {path: {"at": now.isoformat(), "carried": carried or {}}})


def read_requests(connection: sa.Connection) -> list[Request]:
    """Give the requests that nobody has heard yet."""
    return [_request(path, kept) for path, kept in read_detectors(connection, _RELEARN).items()]


def heard(connection: sa.Connection, requests: Iterable[Request]) -> None:
    """Take requests off, but not those that were made anew meanwhile, in whatever process."""
    done = {one.path: one for one in requests}
    for row in connection.execute(sa.select(DETECTORS).where(DETECTORS.c.detector == _RELEARN)).all():
        if _request(row.signal, json.loads(row.state)) == done.get(row.signal):
            mine = (DETECTORS.c.detector == _RELEARN, DETECTORS.c.signal == row.signal, DETECTORS.c.state == row.state)
            connection.execute(sa.delete(DETECTORS).where(*mine))


def _request(path: str, kept: Mapping[str, Any]) -> Request:
    return Request(path, kept["at"], kept.get("carried", {}))
