"""The feed: what changed, numbered in the order in which it became true, for whoever listens.

    alerts, states, KPIs ─► tell(), in the transaction of the change ─► rows 1, 2, 3, … ─► read_feed(after …)

Who writes holds the row of `FEED_HEAD` until its transaction ends, so that a lower number is never committed after a
higher one: whoever has read up to a number has missed nothing before it. Old rows are pruned; who comes for what was
pruned is told so by `read_bounds` and starts again from the resources themselves.

Others who tell something wait until a transaction that has told ends; so it tells late, and waits for nobody after it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal, TypeAlias

import sqlalchemy as sa

from collector.records import METADATA, NUMBER, Instant

Topic: TypeAlias = Literal["alerts", "states", "kpis"]
"""What a row of the feed is about."""

FEED: Final = sa.Table(
    "feed",
    METADATA,
    sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("topic", sa.String(16), nullable=False),
    sa.Column("path", sa.String(200), nullable=False),
    sa.Column("body", sa.JSON, nullable=False),
)
"""One row per change; columns as in `Told`."""

FEED_HEAD: Final = sa.Table(
    "feed_head",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.BigInteger, nullable=False),
    sa.Column("pruned", sa.BigInteger, nullable=False),
)
"""One row: the number of the last row written, and of the last row pruned."""

_COUNT: Final = sa.text(
    "INSERT INTO feed_head (id, last, pruned) VALUES (1, :more, 0)"
    " ON CONFLICT (id) DO UPDATE SET last = feed_head.last + :more RETURNING last"
)

PRUNED_AT_ONCE: Final = 10_000
"""Rows that one transaction drops at most: others who tell something wait meanwhile."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change, to be told."""

    path: str
    """The asset that it is about: equipment, line, factory, or the park's id."""

    body: dict[str, Any]
    """What changed, as JSON."""


@dataclass(frozen=True, slots=True)
class Told:
    """One change, as it was told."""

    number: int
    """Its place in the feed, from 1."""

    at: datetime
    """When it was told, UTC."""

    topic: Topic
    """What it is about."""

    path: str
    """The asset that it is about."""

    body: dict[str, Any]
    """What changed."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the feed holds: numbers in (pruned, last]."""

    pruned: int
    """The number of the last row that is there no more; 0: all are there."""

    last: int
    """The number of the last row told; 0: there was none."""


def tell(connection: sa.Connection, topic: Topic, entries: Sequence[Entry], *, now: datetime) -> None:
    """Tell changes, in their order, in the transaction of `connection`."""
    if not entries:
        return
    first = connection.execute(_COUNT, {"more": len(entries)}).scalar_one() - len(entries) + 1
    rows = [
        {"number": number, "at": now, "topic": topic, "path": entry.path, "body": entry.body}
        for number, entry in enumerate(entries, first)
    ]
    connection.execute(sa.insert(FEED), rows)


def read_feed(
    connection: sa.Connection, after: int, *, limit: int, topics: Collection[Topic] | None = None
) -> list[Told]:
    """Give what was told after number `after`, in order, `limit` rows at most; of these topics, or of all."""
    asked = sa.select(FEED).where(FEED.c.number > after).order_by(FEED.c.number).limit(limit)
    if topics is not None:
        asked = asked.where(FEED.c.topic.in_(topics))
    return [Told(row.number, row.at, row.topic, row.path, row.body) for row in connection.execute(asked)]


def read_bounds(connection: sa.Connection) -> Bounds:
    """Give what the feed holds."""
    row = connection.execute(sa.select(FEED_HEAD.c.pruned, FEED_HEAD.c.last)).one_or_none()
    return Bounds(0, 0) if row is None else Bounds(row.pruned, row.last)


def prune(
    connection: sa.Connection, *, before: datetime, now: datetime | None = None, limit: int = PRUNED_AT_ONCE
) -> int:
    """Drop the oldest of what was told before an instant, UTC, `limit` rows at most; give how many rows went.

    Rows go in the order of their numbers, up to the first that was told since. So one that a clock set back has told
    takes none before it along, and none that a clock set ahead has told (later than `now`, UTC, where that is given)
    keeps those behind it for ever.
    """
    recent = FEED.c.at >= before if now is None else FEED.c.at.between(before, now)
    kept = connection.execute(sa.select(sa.func.min(FEED.c.number)).where(recent)).scalar_one()
    gone = FEED.c.at < before if kept is None else FEED.c.number < kept
    old = sa.select(FEED.c.number).where(gone).order_by(FEED.c.number).limit(limit).subquery()
    last = connection.execute(sa.select(sa.func.max(old.c.number))).scalar_one()
    if last is None:
        return 0
    connection.execute(sa.update(FEED_HEAD).where(FEED_HEAD.c.pruned < last).values(pruned=last))
    return connection.execute(sa.delete(FEED).where(FEED.c.number <= last)).rowcount


def written(instant: datetime) -> str:
    """Write an instant as bodies have it: RFC 3339, in UTC with `Z`."""
    return instant.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"
