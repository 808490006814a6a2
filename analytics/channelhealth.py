"""How channels stand: whether they work, since when they fail, and whether that is an alert already.

A channel that refuses is an alert at once, one that cannot be reached after `rules.failing`; when it takes a notice
again, that is over. The alert is folded into the alert log in the same transaction.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from analytics import alertlog
from analytics.routing import Rules
from analytics.trouble import trouble
from collector.records import METADATA, Instant

CHANNELS: Final = sa.Table(
    "channels",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("failing", Instant),
    sa.Column("how", sa.String(16), nullable=False),
    sa.Column("error", sa.Text, nullable=False),
    sa.Column("told", sa.Boolean, nullable=False),
    sa.Column("worked", Instant),
)
"""How each channel stands. `failing`: since when it fails; `told`: whether that is an alert already; `worked`: when a
notice was taken last."""


@dataclass(frozen=True, slots=True)
class Health:
    """How a channel stands."""

    name: str
    """Its name."""

    failing: datetime | None = None
    """Since when it fails, UTC; None: it works, as far as anybody knows."""

    how: str = ""
    """`unreachable` or `refused`; empty: it works."""

    error: str = ""
    """What it said last, where it fails or failed."""

    told: bool = False
    """Whether that is an alert already."""

    worked: datetime | None = None
    """When it took a notice last, UTC; None: never."""


def read_health(connection: sa.Connection) -> Mapping[str, Health]:
    """Give how each channel stands, by name."""
    return {row.name: _health_of(row) for row in connection.execute(sa.select(CHANNELS))}


def works(connection: sa.Connection, rules: Rules, channel: str, now: datetime) -> Health:
    """Note that a channel works; where it was an alert that it fails, that is over. Give how it stood before."""
    health = _health(connection, channel)
    if health.told and health.failing is not None:
        _tell_trouble(connection, rules, health, now, ended=now)
    _keep(connection, replace(health, failing=None, how="", told=False, worked=now))
    return health


def silent(connection: sa.Connection, rules: Rules, channel: str, error: str, now: datetime) -> None:
    """Note that a channel does not answer; that is an alert when it lasts."""
    health = _health(connection, channel)
    since = health.failing or now
    health = replace(health, failing=since, how=health.how or "unreachable", error=error)
    if not health.told and now - since >= rules.failing:
        _tell_trouble(connection, rules, health, now)
        health = replace(health, told=True)
    _keep(connection, health)


def doubt(connection: sa.Connection, rules: Rules, channel: str, error: str, now: datetime) -> None:
    """Note that a channel refuses what it is sent; that is an alert at once."""
    before = _health(connection, channel)
    health = replace(before, failing=before.failing or now, how="refused", error=error, told=True)
    if not before.told or before.how != "refused":
        _tell_trouble(connection, rules, health, now)
    _keep(connection, health)


def left_channels(connection: sa.Connection, rules: Rules, now: datetime) -> None:
    """Let be over that channels fail that are no longer configured."""
    for row in connection.execute(sa.select(CHANNELS)).all():
        if row.name in rules.channels:
            continue
        if row.told and row.failing is not None:
            _tell_trouble(connection, rules, _health_of(row), now, ended=now)
        connection.execute(sa.delete(CHANNELS).where(CHANNELS.c.name == row.name))


def _tell_trouble(
    connection: sa.Connection, rules: Rules, health: Health, now: datetime, *, ended: datetime | None = None
) -> None:
    how: Literal["refused", "unreachable"] = "refused" if health.how == "refused" else "unreachable"
    since = health.failing or now
    alert = trouble(rules.park.id, health.name, how, health.error, since=since, ended=ended and max(ended, since))
    alertlog.fold(connection, [alert], now=now, suppressed=lambda _: "")


def _health(connection: sa.Connection, channel: str) -> Health:
    row = connection.execute(sa.select(CHANNELS).where(CHANNELS.c.name == channel)).one_or_none()
    return Health(channel) if row is None else _health_of(row)


def _health_of(row: sa.Row[Any]) -> Health:
    return Health(row.name, row.failing, row.how, row.error, row.told, row.worked)


def _keep(connection: sa.Connection, health: Health) -> None:
    values = {
        "failing": health.failing,
        "how": health.how,
        "error": health.error,
        "told": health.told,
        "worked": health.worked,
    }
    done = connection.execute(sa.update(CHANNELS).where(CHANNELS.c.name == health.name).values(values))
    if done.rowcount == 0:
        connection.execute(sa.insert(CHANNELS).values(name=health.name, **values))
