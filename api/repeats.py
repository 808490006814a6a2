"""What was answered to writes that carry a key, so that the same request, sent again, is answered and not done again.

    begin() ──► Begun ──► finish(), what was answered; the row rests for `KEPT`
                  ├─ release()                  the answer was none to keep: the request may be tried again
                  └─ renew(), as long as it is under way; who fell silent for `UNDER_WAY` is taken for dead, and the
                     same request takes its place

A row is found by a digest of the caller and the key: neither can be read from it. What an answer tells a caller once
(the secret of a webhook) is not kept.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import sqlalchemy as sa

from collector.records import METADATA, Instant

WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
"""Methods of requests that change something."""

KEPT: Final = timedelta(hours=24)
"""How long an answer is kept."""

UNDER_WAY: Final = timedelta(seconds=60)
"""How long a request counts as under way after its process last said so."""

IDEMPOTENCY: Final = sa.Table(
    "idempotency",
    METADATA,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("begun", Instant, nullable=False, index=True),
    sa.Column("seen", Instant, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("headers", sa.JSON(none_as_null=True)),
    sa.Column("body", sa.LargeBinary),
)
"""One row per caller and key: the digest of both, what was asked, who does it and when they last said so, and what was
answered; `status` is null while it is under way, `body` where the answer is not kept."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The request is the first of its key, or takes the place of one that died; do it."""

    id: str
    """The row."""

    attempt: int
    """Tells it from another that takes its place."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The request was answered before."""

    status: int
    """HTTP status."""

    headers: tuple[tuple[str, str], ...]
    """Names and values of its headers."""

    body: bytes | None
    """Its body; None: the answer is not kept."""


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The same request is under way."""


@dataclass(frozen=True, slots=True)
class Another:
    """The key belongs to another request."""


Standing: TypeAlias = Begun | Answered | UnderWay | Another
"""How a request stands to those before it."""


def row_of(caller: str, key: str) -> str:
    """Give the row of a caller's key."""
    return hashlib.sha256(f"{len(caller)}:{caller}{key}".encode()).hexdigest()


def begin(connection: sa.Connection, row: str, fingerprint: str, *, now: datetime) -> Standing:
    """Tell how a request stands, and note that it is begun where it is to be done.

    Args:
        connection: of the records.
        row: from `row_of`.
        fingerprint: digest of all that makes the request what it is, in hex.
        now: the present, UTC.
    """
    table = IDEMPOTENCY.c
    connection.execute(sa.delete(IDEMPOTENCY).where(table.begun < now - KEPT))  # nobody else writes from here on
    there = connection.execute(sa.select(IDEMPOTENCY).where(table.id == row)).one_or_none()
    mine = Begun(row, secrets.randbits(31))
    if there is None:
        values = {"id": row, "fingerprint": fingerprint, "attempt": mine.attempt, "begun": now, "seen": now}
        connection.execute(sa.insert(IDEMPOTENCY).values(values))
        return mine
    if there.fingerprint != fingerprint:
        return Another()
    if there.status is not None:
        return Answered(there.status, tuple((name, value) for name, value in there.headers or ()), there.body)
    if there.seen > now - UNDER_WAY:
        return UnderWay()
    taken = sa.update(IDEMPOTENCY).where(table.id == row).values(attempt=mine.attempt, begun=now, seen=now)
    connection.execute(taken)
    return mine


def renew(connection: sa.Connection, begun: Begun, *, now: datetime) -> None:
    """Note that a request is still under way."""
    connection.execute(sa.update(IDEMPOTENCY).where(*_open(begun)).values(seen=now))


def finish(
    connection: sa.Connection,
    begun: Begun,
    *,
    status: int,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes | None = None,
) -> None:
    """Keep what was answered; without a body, only that it was. One whose place was taken keeps nothing."""
    values = {"status": status, "headers": [list(pair) for pair in headers], "body": body}
    connection.execute(sa.update(IDEMPOTENCY).where(*_open(begun)).values(values))


def release(connection: sa.Connection, begun: Begun) -> None:
    """Forget a request, which may be tried again."""
    connection.execute(sa.delete(IDEMPOTENCY).where(*_open(begun)))


def _open(begun: Begun) -> tuple[sa.ColumnElement[bool], ...]:
    """Hold for the row of a request, unless another took its place or it was answered."""
    table = IDEMPOTENCY.c
    return table.id == begun.id, table.attempt == begun.attempt, table.status.is_(None)
