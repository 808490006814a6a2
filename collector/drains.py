"""The drains: how far each store has come with the spool, and how it stands.

The collector writes its row every second or so; the API's readiness and the page read it.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from collector.records import METADATA, Instant

DRAINS: Final = sa.Table(
    "drains",
    METADATA,
    sa.Column("consumer", sa.String(64), primary_key=True),
    sa.Column("store", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("seen", Instant, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("end", sa.BigInteger, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
)
"""One row per consumer of the spool that feeds a store; columns as in `DrainState`."""


@dataclass(frozen=True, slots=True)
class DrainState:
    """How a drain stood when the collector last wrote of it."""

    consumer: str
    """Name of the spool's consumer."""

    store: str
    """What the store calls itself: kind and folder or address."""

    state: str
    """`up` (it takes what comes), `down` (trying again) or `refused` (a person must act)."""

    since: datetime
    """Since when it is in that state, UTC."""

    seen: datetime
    """When the collector last wrote this, UTC."""

    position: int
    """Up to which entry of the spool the store has everything."""

    end: int
    """Newest entry of the spool."""

    problem: str
    """Why it is down or refused, and what to do; empty when it is up."""


def write_drain(connection: sa.Connection, drain: DrainState) -> None:
    """Replace the row of this drain."""
    values = {column.name: getattr(drain, column.name) for column in DRAINS.columns}
    done = connection.execute(sa.update(DRAINS).where(DRAINS.c.consumer == drain.consumer).values(values))
    if done.rowcount == 0:
        connection.execute(sa.insert(DRAINS).values(values))


def read_drains(connection: sa.Connection) -> dict[str, DrainState]:
    """Give every drain by its consumer's name."""
    return {row["consumer"]: DrainState(**row) for row in connection.execute(sa.select(DRAINS)).mappings()}
