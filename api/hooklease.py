"""Which process delivers to webhooks: the one that holds the lease, a row of the records.

    taken when nobody holds it, or its time is over ──► renewed while its holder works ──► given back when it stops

Processes go by their own clocks: where these differ by more than a lease lasts, two may deliver, and receivers are told
twice; nothing is lost. A lease that ends later than any taken now was taken before a clock was set back, and is over.
"""

from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from collector.records import METADATA, Instant

LEASE: Final = sa.Table(
    "webhook_lease",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("until", Instant, nullable=False),
)
"""One row: who holds it, and until when."""

_TAKE: Final = sa.text(
    "INSERT INTO webhook_lease (id, holder, until) VALUES (1, :holder, :until)"
    " ON CONFLICT (id) DO UPDATE SET holder = :holder, until = :until"
    " WHERE webhook_lease.holder = :holder OR webhook_lease.until <= :now OR webhook_lease.until > :never"
).bindparams(*(sa.bindparam(name, type_=Instant) for name in ("until", "now", "never")))

LASTS: Final = timedelta(seconds=30)
"""How long it lasts."""

RENEWED: Final = timedelta(seconds=10)
"""How long it is held before it is renewed."""


def take_lease(connection: sa.Connection, holder: str, *, now: datetime) -> bool:
    """Take or renew the lease; tell whether `holder` has it."""
    given = {"holder": holder, "until": now + LASTS, "now": now, "never": now + 2 * LASTS}
    return connection.execute(_TAKE, given).rowcount > 0


def give_lease(connection: sa.Connection, holder: str) -> None:
    """Give the lease back, where `holder` has it."""
    connection.execute(sa.delete(LEASE).where(LEASE.c.holder == holder))
