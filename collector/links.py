"""The links: how each source stands, and how far its clock has come.

The collector writes a row per source every second or so; the other roles read them. `horizon` is what
utilisation needs: up to which instant of the machine's own time its last state can be held.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from collector.records import METADATA, Instant

LINKS: Final = sa.Table(
    "links",
    METADATA,
    sa.Column("source", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("seen", Instant, nullable=False),
    sa.Column("last_time", Instant),
    sa.Column("last_received", Instant),
    sa.Column("samples", sa.BigInteger, nullable=False),
    sa.Column("refusals", sa.BigInteger, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
)
"""One row per source; columns as in `Link`."""

TRANSIT: Final = timedelta(seconds=5)
"""How long a sample may be on its way from the machine to the collector: publishing intervals and networks."""

OVERTAKING: Final = timedelta(seconds=1)
"""By how much a sample may overtake one of another signal of its source: sampling intervals."""

CLOCK_OFF: Final = timedelta(minutes=1)
"""From here on the difference between source time and arrival is a clock's, no longer a network's."""


@dataclass(frozen=True, slots=True)
class Link:
    """How one source stood when the collector last wrote of it."""

    source: str
    """Its name."""

    state: str
    """`up`, `held` (open, but its samples cannot be made durable now), `down` (trying again), `refused` (a person must
    act) or `ended` (a recorded file, all read)."""

    since: datetime
    """Since when it has been up, or since when it has not, UTC."""

    seen: datetime
    """When the collector last wrote this, UTC: its heartbeat."""

    last_time: datetime | None
    """Greatest source time it has delivered with a value, UTC; None before the first."""

    last_received: datetime | None
    """When that sample arrived, UTC."""

    samples: int
    """Samples made durable since the records were made."""

    refusals: int
    """Dead letters since the records were made."""

    problem: str
    """Why it is held, down or refused, and what to do; empty when it is up."""

    @property
    def horizon(self) -> datetime | None:
        """Until when, in the source's own time, its last values are known to hold; None before the first sample.

        While the link is up, silence means no change: the horizon moves on with the heartbeat, from the last
        sample's time. That holds for a machine whose clock is off, too. It stands still once the link is held, down or
        ended.
        """
        if self.last_time is None or self.last_received is None:
            return None
        if self.state == "ended":
            return self.last_time
        alive = self.seen if self.state == "up" else self.since
        return self.last_time + max(alive - self.last_received, timedelta(0))

    def own_time(self, instant: datetime) -> datetime:
        """Give what the source's own clock says at `instant`: the same, unless its samples show that it is off."""
        if self.last_time is None or self.last_received is None:
            return instant
        off = self.last_time - self.last_received
        return instant + off if abs(off) > CLOCK_OFF else instant

    def missing_since(self, alive: datetime) -> datetime:
        """Give the first instant, in the source's own time, of which samples may be missing.

        Args:
            alive: last instant at which the link was known to work, UTC.

        Of a source that was heard just before, that is what is newer than the newest sample that came; of a silent one,
        what may have been on its way.
        """
        if self.last_time is None or self.last_received is None or alive - self.last_received > TRANSIT:
            return self.own_time(alive) - TRANSIT
        return self.last_time - OVERTAKING


def write_links(connection: sa.Connection, links: Sequence[Link]) -> None:
    """Replace the rows of these sources."""
    for link in links:
        values = {column.name: getattr(link, column.name) for column in LINKS.columns}
        done = connection.execute(sa.update(LINKS).where(LINKS.c.source == link.source).values(values))
        if done.rowcount == 0:
            connection.execute(sa.insert(LINKS).values(values))


def read_links(connection: sa.Connection) -> dict[str, Link]:
    """Give every link by its source's name."""
    return {row.source: Link(**row._mapping) for row in connection.execute(sa.select(LINKS))}  # noqa: SLF001 - SQLAlchemy's public name
