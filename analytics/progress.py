"""The engine's progress: how far it has come, and what it still owes. It survives a kill in the records.

One transaction moves the position in the spool and the ranges that samples up to it touched; another takes ranges off
once their results are stored. Whatever happens between the two is done again, and comes out the same.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from analytics.configured import Configured
from analytics.pending import Key, Touch
from collector.records import METADATA, Instant

PROGRESS: Final = sa.Table(
    "progress",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("log", sa.String(64), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("received", Instant),
    sa.Column("gap", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.BigInteger, nullable=False, server_default="0"),
)
"""One row; columns as in `Progress`."""

TOUCHES: Final = sa.Table(
    "touches",
    METADATA,
    sa.Column("equipment", sa.String(200), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("start", Instant, nullable=False),
    sa.Column("end", Instant, nullable=False),
    sa.Column("first", sa.BigInteger, nullable=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("signals", sa.Text, nullable=False, server_default=""),
    sa.Column("causes", sa.Text, nullable=False, server_default=""),
)
"""One row per range that is still to be computed; columns as in `Touch`."""

COMPUTED: Final = sa.Table(
    "computed",
    METADATA,
    sa.Column("equipment", sa.String(200), primary_key=True),
    sa.Column("until", Instant, nullable=False),
)
"""One row per machine: up to which instant its windows are computed."""

CONFIGURED: Final = sa.Table(
    "configured",
    METADATA,
    sa.Column("equipment", sa.String(200), primary_key=True),
    sa.Column("calendar", sa.Text, nullable=False),
    sa.Column("map", sa.Text, nullable=False),
    sa.Column("changed", Instant, nullable=False),
)
"""One row per machine: the calendar and the map that its numbers were last computed with, as JSON, and since when."""

_ROW: Final = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the engine has come."""

    log: str = ""
    """Identity of the spool that `position` is about; empty before it has read any."""

    position: int = 0
    """Up to which entry of the spool it has looked at samples."""

    received: datetime | None = None
    """When the newest sample it has looked at arrived, UTC; None before the first."""

    gap: int = 0
    """Number of the last change of the gap ledger that it knows."""

    reason: int = 0
    """Number of the last change of what people said of stops that it knows."""


@dataclass(frozen=True, slots=True)
class Owed:
    """Everything that a starting engine takes up."""

    progress: Progress
    """How far it had come."""

    touches: Mapping[Key, Touch]
    """What was still to be computed, by key."""

    computed: Mapping[str, datetime]
    """Up to which instant each machine was computed, UTC."""


def read_owed(connection: sa.Connection) -> Owed:
    """Give what the last engine left."""
    row = connection.execute(sa.select(PROGRESS)).one_or_none()
    progress = Progress() if row is None else Progress(row.log, row.position, row.received, row.gap, row.reason)
    rows = connection.execute(sa.select(TOUCHES))
    touches = [
        Touch(r.equipment, r.start, r.end, r.first, r.last, _set_of(r.signals, " "), _set_of(r.causes, ";"))
        for r in rows
    ]
    computed = {row.equipment: row.until for row in connection.execute(sa.select(COMPUTED))}
    return Owed(progress, {touch.key: touch for touch in touches}, computed)


def write_progress(connection: sa.Connection, progress: Progress) -> None:
    """Replace how far the engine has come."""
    values = {
        "log": progress.log,
        "position": progress.position,
        "received": progress.received,
        "gap": progress.gap,
        "reason": progress.reason,
    }
    if connection.execute(sa.update(PROGRESS).values(values)).rowcount == 0:
        connection.execute(sa.insert(PROGRESS).values(id=_ROW, **values))


def write_touches(connection: sa.Connection, changed: Mapping[Key, Touch | None]) -> None:
    """Replace ranges by key; None takes one off."""
    _replace(
        connection,
        TOUCHES,
        [{"equipment": equipment, "day": day.isoformat()} for equipment, day in changed],
        [
            {
                "equipment": touch.equipment,
                "day": touch.key[1].isoformat(),
                "start": touch.start,
                "end": touch.end,
                "first": touch.first,
                "last": touch.last,
                "signals": " ".join(sorted(touch.signals)),
                "causes": ";".join(sorted(touch.causes)),
            }
            for touch in changed.values()
            if touch is not None
        ],
    )


def write_computed(connection: sa.Connection, until: Mapping[str, datetime]) -> None:
    """Replace up to which instant machines are computed."""
    _replace(
        connection,
        COMPUTED,
        [{"equipment": equipment} for equipment in until],
        [{"equipment": equipment, "until": instant} for equipment, instant in until.items()],
    )


def read_computed(connection: sa.Connection, machines: Collection[str]) -> dict[str, datetime]:
    """Give up to which instant these machines are computed, UTC, by path."""
    found = connection.execute(sa.select(COMPUTED).where(COMPUTED.c.equipment.in_(machines)))
    return {row.equipment: row.until for row in found}


def read_configured(connection: sa.Connection) -> dict[str, Configured]:
    """Give what each machine's numbers were last computed with, by path."""
    return {row.equipment: Configured(row.calendar, row.map) for row in connection.execute(sa.select(CONFIGURED))}


def write_configured(connection: sa.Connection, configured: Mapping[str, Configured], now: datetime) -> None:
    """Replace what machines' numbers are computed with, from `now` (UTC) on."""
    _replace(
        connection,
        CONFIGURED,
        [{"equipment": equipment} for equipment in configured],
        [
            {"equipment": equipment, "calendar": one.calendar, "map": one.map, "changed": now}
            for equipment, one in configured.items()
        ],
    )


def _set_of(text: str, separator: str) -> frozenset[str]:
    return frozenset(filter(None, text.split(separator)))


def _replace(
    connection: sa.Connection, table: sa.Table, keys: Iterable[Mapping[str, Any]], rows: list[dict[str, Any]]
) -> None:
    """Delete rows by key, and insert others."""
    gone = [{f"key_{name}": value for name, value in key.items()} for key in keys]
    if gone:
        match = (table.c[column.name] == sa.bindparam(f"key_{column.name}") for column in table.primary_key)
        connection.execute(sa.delete(table).where(*match), gone)
    if rows:
        connection.execute(sa.insert(table), rows)
