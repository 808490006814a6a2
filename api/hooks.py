"""Webhooks: what callers have events posted to, and what they may be told at present.

    active ──► failing (the receiver does not take the next message, which is tried again) ──► active
       │                                  └─ for `GIVEN_UP`, or answered 410: disabled, until its owner enables it
       └─ paused: none of its owner's keys is good, or their token is too old; goes on when that is mended

A webhook has a cursor into the feed: all that its filter takes up to there was delivered, given up, or told as a gap.
`version` counts its owner's changes, by which whoever delivers finds out that it went by what is no longer so.

Its secret is kept as it is, for messages are signed with it; who reads the records could sign messages, too.
"""

import secrets
from base64 import b64encode
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from adapters.channels.signing import PREFIX
from api.auth import read_keys
from api.messages import GAPS
from api.roles import Scope
from api.seals import Seal
from collector.records import METADATA, Instant, hold

HOOKS: Final = sa.Table(
    "webhooks",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("owner", sa.String(300), nullable=False, index=True),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("topics", sa.JSON(none_as_null=True)),
    sa.Column("paths", sa.JSON(none_as_null=True)),
    sa.Column("severities", sa.JSON(none_as_null=True)),
    sa.Column("secret", sa.String(120), nullable=False),
    sa.Column("old_secret", sa.String(120), nullable=False),
    sa.Column("old_until", Instant),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("created", Instant, nullable=False),
    sa.Column("changed", Instant, nullable=False),
    sa.Column("version", sa.BigInteger, nullable=False),
    sa.Column("cursor", sa.BigInteger, nullable=False),
    sa.Column("due", Instant),
    sa.Column("failing", Instant),
    sa.Column("delivered", Instant),
)
"""One row per webhook; columns as in `Hook`."""

CALLERS: Final = sa.Table(
    "webhook_callers",
    METADATA,
    sa.Column("caller", sa.String(300), primary_key=True),
    sa.Column("allowed", sa.Boolean, nullable=False),
    sa.Column("factories", sa.JSON(none_as_null=True)),
    sa.Column("seen", Instant, nullable=False),
)
"""What tokens of those who have webhooks allowed when they were last sent: whether to subscribe, and to the data of
which factories (null: of the whole park)."""

GRACE: Final = timedelta(hours=24)
"""How long messages are signed with the old secret, too, after it was changed."""

GIVEN_UP: Final = timedelta(days=5)
"""How long a receiver may take nothing before its webhook is disabled."""

_KEY: Final = "key:"


@dataclass(frozen=True, slots=True)
class Hook:
    """One webhook."""

    id: str
    """16 random hexadecimal digits."""

    owner: str
    """Whose it is: `api.callers.Caller.id`."""

    url: str
    """Where messages are posted to; it may hold a secret of the receiver's."""

    title: str
    """What its owner calls it; may be empty."""

    topics: tuple[str, ...] | None
    """Topics; None: all."""

    paths: tuple[str, ...] | None
    """Assets, each with all below it; None: all that its owner may see."""

    severities: tuple[str, ...] | None
    """Priorities of alerts; None: whatever they have."""

    secret: str
    """What messages are signed with, `whsec_…`."""

    old_secret: str
    """What they are signed with, too, until `old_until`; empty: there was none."""

    old_until: datetime | None
    """Until when the old secret counts, UTC."""

    enabled: bool
    """Whether anything is posted to it."""

    reason: str
    """Why it was disabled, where its owner did not do it; where it is enabled, that an error of ours is in the way;
    else empty."""

    created: datetime
    """When it was made, UTC."""

    changed: datetime
    """When its owner changed it last, UTC."""

    version: int
    """How often its owner has changed it."""

    cursor: int
    """Number of the last event of the feed that is settled for it."""

    due: datetime | None
    """When the message that the receiver did not take is tried again, UTC; None: none waits for that."""

    failing: datetime | None
    """Since when the receiver takes nothing, UTC; None: it takes what it is sent."""

    delivered: datetime | None
    """When it last took something, UTC."""

    def signing(self, now: datetime) -> list[str]:
        """Give the secrets that messages are signed with."""
        old = self.old_until is not None and self.old_until > now
        return [self.secret, self.old_secret] if old and self.old_secret else [self.secret]


@dataclass(frozen=True, slots=True)
class Granted:
    """What the owner of a webhook may be told."""

    factories: frozenset[str] | None
    """Ids of the factories; None: of the whole park."""


def new_secret() -> str:
    """Make a signing secret."""
    return PREFIX + b64encode(secrets.token_bytes(32)).decode()


def create_hook(
    connection: sa.Connection, owner: str, values: Mapping[str, Any], *, cursor: int, most: int, now: datetime
) -> Hook | None:
    """Make a webhook; give it, or None where its owner has `most` already.

    Args:
        connection: of the records; nothing is written yet.
        owner: whose it is.
        values: `url`, `title`, `topics`, `paths`, `severities` as in `Hook`.
        cursor: number of the last event that it is not told.
        most: how many one owner may have.
        now: the present, UTC.
    """
    hold(connection)  # of many who ask at once each counts those before it
    there = sa.select(sa.func.count()).where(HOOKS.c.owner == owner)
    if connection.execute(there).scalar_one() >= most:
        return None
    number = secrets.token_hex(8)
    own = {"secret": new_secret(), "old_secret": "", "enabled": True, "reason": "", "version": 1, "cursor": cursor}
    row = {"id": number, "owner": owner, "created": now, "changed": now, **own, **values}
    connection.execute(sa.insert(HOOKS).values(row))
    return read_hook(connection, number)


def read_hook(connection: sa.Connection, number: str) -> Hook | None:
    """Give the webhook with this id; None where there is none."""
    row = connection.execute(sa.select(HOOKS).where(HOOKS.c.id == number)).one_or_none()
    return None if row is None else _hook(row)


def read_hooks(
    connection: sa.Connection, owner: str | None, *, after: tuple[datetime, str] | None = None, limit: int | None = None
) -> list[Hook]:
    """Give the webhooks of one owner, or of all (None), by age, after one (`created`, id), `limit` at most."""
    query = sa.select(HOOKS).order_by(HOOKS.c.created, HOOKS.c.id).limit(limit)
    if owner is not None:
        query = query.where(HOOKS.c.owner == owner)
    if after is not None:
        position = sa.bindparam("after_created", after[0], Instant), sa.bindparam("after_id", after[1], sa.String)
        query = query.where(sa.tuple_(HOOKS.c.created, HOOKS.c.id) > sa.tuple_(*position))
    return [_hook(row) for row in connection.execute(query)]


def read_enabled(connection: sa.Connection) -> list[Hook]:
    """Give the webhooks that may be posted to."""
    return [_hook(row) for row in connection.execute(sa.select(HOOKS).where(HOOKS.c.enabled).order_by(HOOKS.c.id))]


def change_hook(connection: sa.Connection, number: str, values: Mapping[str, Any], *, now: datetime) -> Hook | None:
    """Change a webhook as its owner wants it; give it as it is now, None where there is none."""
    change = {**values, "changed": now, "version": HOOKS.c.version + 1}
    connection.execute(sa.update(HOOKS).where(HOOKS.c.id == number).values(change))
    return read_hook(connection, number)


def rotate_secret(connection: sa.Connection, number: str, *, now: datetime) -> Hook | None:
    """Give a webhook another secret; the one before counts beside it for `GRACE`. None where there is no webhook."""
    values = {"old_secret": HOOKS.c.secret, "old_until": now + GRACE, "secret": new_secret()}
    return change_hook(connection, number, values, now=now)


def note_standing(connection: sa.Connection, hook: Hook, values: Mapping[str, Any], *, cursor: int | None) -> bool:
    """Note how it stands with a webhook, and move its cursor; tell whether it is as it was read.

    What its owner has changed meanwhile counts, and what another process has delivered: then nothing is noted.
    """
    same = sa.and_(HOOKS.c.id == hook.id, HOOKS.c.version == hook.version, HOOKS.c.cursor == hook.cursor)
    change = dict(values) if cursor is None else {**values, "cursor": cursor}
    if not change:
        return connection.execute(sa.select(HOOKS.c.id).where(same)).one_or_none() is not None
    return connection.execute(sa.update(HOOKS).where(same).values(change)).rowcount > 0


def move_cursors(connection: sa.Connection, positions: Mapping[str, tuple[int, int]]) -> None:
    """Move cursors (by id: version, number) over events that nobody wants; never back."""
    for number, (version, position) in positions.items():
        behind = sa.and_(HOOKS.c.id == number, HOOKS.c.version == version, HOOKS.c.cursor < position)
        connection.execute(sa.update(HOOKS).where(behind).values(cursor=position))


def drop_hook(connection: sa.Connection, number: str) -> None:
    """Forget a webhook."""
    owner = sa.select(HOOKS.c.owner).where(HOOKS.c.id == number)
    others = sa.select(HOOKS.c.id).where(HOOKS.c.owner == CALLERS.c.caller, HOOKS.c.id != number)
    lone = sa.and_(CALLERS.c.caller == owner.scalar_subquery(), ~others.exists())
    connection.execute(sa.delete(CALLERS).where(lone))
    connection.execute(sa.delete(HOOKS).where(HOOKS.c.id == number))


def note_token(
    connection: sa.Connection, caller: str, factories: Collection[str] | None, *, allowed: bool, now: datetime
) -> None:
    """Note what a token allows, where whoever sent it has webhooks."""
    values = {"factories": None if factories is None else sorted(factories), "allowed": allowed, "seen": now}
    there = sa.select(HOOKS.c.id).where(HOOKS.c.owner == caller).limit(1)
    if connection.execute(there).one_or_none() is None:
        return
    if not connection.execute(sa.update(CALLERS).where(CALLERS.c.caller == caller).values(values)).rowcount:
        connection.execute(sa.insert(CALLERS).values(caller=caller, **values))


def read_granted(
    connection: sa.Connection, owners: Collection[str], *, now: datetime, kept: timedelta
) -> dict[str, Granted]:
    """Give what owners of webhooks may be told now; who is left out may be told nothing.

    Who holds keys may be told what those of them open that are good and allow to subscribe; whose token it was, what
    the last one said that they sent, for as long as `kept`.
    """
    found: dict[str, Granted] = {}
    for key in read_keys(connection):
        owner = _KEY + key.holder
        if owner in owners and key.state(now) == "valid" and {Scope.READ, Scope.SUBSCRIBE} <= key.scopes:
            found[owner] = _both(found.get(owner), key.factories)
    others = [owner for owner in owners if not owner.startswith(_KEY)]
    if others:
        since = sa.bindparam("since", now - kept, Instant)
        query = sa.select(CALLERS).where(CALLERS.c.caller.in_(others), CALLERS.c.allowed, CALLERS.c.seen > since)
        for row in connection.execute(query):
            found[row.caller] = Granted(None if row.factories is None else frozenset(row.factories))
    return found


def _both(one: Granted | None, factories: frozenset[str] | None) -> Granted:
    if one is None or one.factories is None or factories is None:
        return Granted(factories if one is None else None)
    return Granted(one.factories | factories)


def _hook(row: sa.Row[tuple[Any, ...]]) -> Hook:
    values = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it
    for name in ("topics", "paths", "severities"):
        values[name] = None if values[name] is None else tuple(values[name])
    return Hook(**values)


def shown_id(id_: str, seal: Seal) -> str:
    """Give what a receiver is told as the id of a message."""
    if id_.startswith(GAPS):
        return GAPS + seal.event(int(id_.removeprefix(GAPS)))
    return seal.event(int(id_)) if id_.isdigit() else id_


def meant_id(shown: str, seal: Seal) -> str:
    """Give the id of the message that a receiver is told as `shown`; one of no message where it was made up."""
    prefix = GAPS if shown.startswith(GAPS) else ""
    number = seal.read(shown.removeprefix(prefix))
    return shown if number is None else f"{prefix}{number}"
