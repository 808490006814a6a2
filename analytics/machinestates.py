"""Machine states: what the feed has told of each machine last, so that it tells what is new and what is another now."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from analytics.statenews import Known, StateNews, Timeline
from collector.feed import Entry, tell, written
from collector.records import METADATA

MACHINE_STATES: Final = sa.Table(
    "machine_states",
    METADATA,
    sa.Column("path", sa.String(200), primary_key=True),
    sa.Column("spans", sa.JSON, nullable=False),
)
"""One row per machine: its newest states that were told, each as [µs since 1970, state, raw]."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class MachineNews:
    """What there is to tell of one machine."""

    path: str
    """Which."""

    timeline: Timeline
    """What is told of it from now on."""

    news: Sequence[StateNews]
    """What to tell."""


def read_machine_states(connection: sa.Connection) -> dict[str, Timeline]:
    """Give what was told of each machine last, by path."""
    return {
        row.path: tuple(_known(*span) for span in row.spans) for row in connection.execute(sa.select(MACHINE_STATES))
    }


def read_newest(connection: sa.Connection, paths: Collection[str]) -> dict[str, Known]:
    """Give what was told last of machines, by path, as far as anything was."""
    found = sa.select(MACHINE_STATES).where(MACHINE_STATES.c.path.in_(paths))
    return {row.path: _known(*row.spans[-1]) for row in connection.execute(found) if row.spans}


def tell_states(connection: sa.Connection, machines: Iterable[MachineNews], *, now: datetime) -> None:
    """Tell what is new of machines, in the transaction of `connection`."""
    changed = [machine for machine in machines if machine.news]
    if not changed:
        return
    gone = sa.delete(MACHINE_STATES).where(MACHINE_STATES.c.path == sa.bindparam("of"))
    connection.execute(gone, [{"of": machine.path} for machine in changed])
    connection.execute(
        sa.insert(MACHINE_STATES), [{"path": machine.path, "spans": _row(machine.timeline)} for machine in changed]
    )
    entries = [Entry(machine.path, body_of(news)) for machine in changed for news in machine.news]
    tell(connection, "states", entries, now=now)


def body_of(news: StateNews) -> dict[str, Any]:
    """Give what the feed says of a state."""
    return {
        "state": news.known.state,
        "raw": news.known.raw,
        "start": written(news.known.start),
        "until": None if news.until is None else written(news.until),
        "revised_from": None if news.revised_from is None else written(news.revised_from),
    }


def taken_in(remembered: Mapping[str, Timeline], machines: Iterable[MachineNews]) -> dict[str, Timeline]:
    """Give what is remembered once this was told."""
    return {**remembered, **{machine.path: machine.timeline for machine in machines if machine.news}}


def _known(at: int, state: str, raw: str | None) -> Known:
    return Known(_EPOCH + at * _MICROSECOND, state, raw)


def _row(timeline: Timeline) -> list[list[Any]]:
    return [[(one.start - _EPOCH) // _MICROSECOND, one.state, one.raw] for one in timeline]
