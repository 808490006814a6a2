"""API keys: who may ask, made and revoked by an administrator.

A key reads `parkline_<id>_<secret>`. The secret is 256 random bits, shown once, when the key is made; the records keep
the SHA-256 of the whole key. A fast hash is right here: it protects the keys should the records leak, and a secret
of 256 bits cannot be guessed however fast the guessing (slow hashes are for passwords, which people choose).
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from api.roles import Role, Scope, scopes_of
from collector.records import METADATA, Instant

LONGEST_NAME: Final = 64
"""Characters of a key's name."""

KEYS: Final = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("roles", sa.JSON, nullable=False),
    sa.Column("factories", sa.JSON(none_as_null=True)),
    sa.Column("views", sa.JSON, nullable=False),
    sa.Column("holder", sa.String(16), nullable=False),
    sa.Column("created", Instant, nullable=False),
    sa.Column("expires", Instant),
    sa.Column("revoked", Instant),
    sa.Column("used", Instant),
)
"""One row per key; columns as in `Key`, and `digest`, the SHA-256 of the key in hex."""

USED_EVERY: Final = timedelta(minutes=10)
"""How exactly `Key.used` is kept: a read should not cost a write each time."""

_PREFIX: Final = "parkline"
_LONGEST: Final = 128
"""Characters; what is longer is no key and is not even hashed."""

_FORM: Final = re.compile(rf"{_PREFIX}_[0-9a-f]{{1,16}}_[A-Za-z0-9_-]+")


_NO_DIGEST: Final = "0" * 64
"""What a key that is not there is compared with, so that an unknown id takes as long as a wrong secret."""


class KeyWorthlessError(Exception):
    """A key cannot be rotated, for it is revoked or expired; the text says so."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret."""

    id: str
    """Names it when it is listed or revoked; part of the key itself."""

    name: str
    """Who has it, as the administrator wrote it."""

    roles: tuple[Role, ...]
    """What its holder is."""

    factories: frozenset[str] | None
    """Ids of the factories whose data it opens; None: of the whole park."""

    views: frozenset[str]
    """Names of the views of open data that it opens."""

    holder: str
    """The id of the first of the keys that were rotated into this one: who holds it, whichever key they send."""

    created: datetime
    """When it was made, UTC."""

    expires: datetime | None
    """From when on it is worthless, UTC; None: never."""

    revoked: datetime | None
    """When it was revoked, UTC; None: it was not."""

    used: datetime | None
    """When it was last used, UTC, to within `USED_EVERY`; None: never."""

    @property
    def scopes(self) -> frozenset[Scope]:
        """What it allows."""
        return scopes_of(self.roles) | (frozenset({Scope.OPEN}) if self.views else frozenset())

    def unnoted(self, now: datetime) -> bool:
        """Tell whether it is to be noted that it is used now."""
        return self.used is None or now - self.used >= USED_EVERY

    def state(self, now: datetime) -> str:
        """Tell how it stands: `valid`, `expired` or `revoked`."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "valid"


def create_key(
    connection: sa.Connection,
    name: str,
    *,
    now: datetime,
    expires: datetime | None,
    roles: Sequence[Role],
    factories: Collection[str] | None = None,
    views: Collection[str] = (),
    holder: str = "",
) -> tuple[Key, str]:
    """Make a key; give it, and its text, which nobody can give again.

    Args:
        connection: of the records.
        name: who gets it.
        now: the present, UTC.
        expires: from when on it is worthless, UTC; None: never.
        roles: what its holder is.
        factories: ids of the factories whose data it opens; None: of the whole park.
        views: names of the views of open data that it opens.
        holder: who holds it, as `Key.holder`; empty: a new one.
    """
    number = secrets.token_hex(4)
    granted = None if factories is None else frozenset(factories)
    key = Key(number, name, tuple(roles), granted, frozenset(views), holder or number, now, expires, None, None)
    text = f"{_PREFIX}_{key.id}_{secrets.token_urlsafe(32)}"
    connection.execute(
        sa.insert(KEYS).values(
            id=key.id,
            name=name,
            digest=digest_of(text),
            roles=list(roles),
            factories=None if granted is None else sorted(granted),
            views=sorted(key.views),
            holder=key.holder,
            created=now,
            expires=expires,
        )
    )
    return key, text


def read_keys(connection: sa.Connection) -> list[Key]:
    """Give every key, also the worthless ones, in the order they were made."""
    return [_key(row) for row in connection.execute(sa.select(KEYS).order_by(KEYS.c.created, KEYS.c.id))]


def revoke_key(connection: sa.Connection, key: str, *, now: datetime) -> Key | None:
    """Revoke the key with this id at once; give it, or None where there is none. A second time changes nothing."""
    connection.execute(sa.update(KEYS).where(KEYS.c.id == key, KEYS.c.revoked.is_(None)).values(revoked=now))
    row = connection.execute(sa.select(KEYS).where(KEYS.c.id == key)).one_or_none()
    return None if row is None else _key(row)


def rotate_key(
    connection: sa.Connection, key: str, *, now: datetime, grace: timedelta, expires: datetime | None
) -> tuple[Key, Key, str] | None:
    """Make a key that takes the place of another: of the same holder, with the same name, roles and grants.

    The old one stays good for `grace`, so that its holder can change over without a gap, but never for longer than it
    would have been.

    Args:
        connection: of the records.
        key: the id of the old one.
        now: the present, UTC.
        grace: how long the old one stays good.
        expires: from when on the new one is worthless, UTC; None: it lasts as long as the holder's newest key was to
            last when it was made.

    Returns:
        The old key as it is now, the new one, and its text; None where there is no such key.

    Raises:
        KeyWorthlessError: the old one is revoked or expired.
    """
    row = connection.execute(sa.select(KEYS).where(KEYS.c.id == key)).one_or_none()
    if row is None:
        return None
    old = _key(row)
    if (state := old.state(now)) != "valid":
        msg = f"the key {old.name!r} ({old.id}) is {state} and cannot be rotated"
        raise KeyWorthlessError(msg)
    end = now + grace if old.expires is None else min(old.expires, now + grace)
    until = _as_long(connection, old, now) if expires is None else expires
    connection.execute(sa.update(KEYS).where(KEYS.c.id == key).values(expires=end))
    new, text = create_key(
        connection,
        old.name,
        now=now,
        expires=until,
        roles=old.roles,
        factories=old.factories,
        views=old.views,
        holder=old.holder,
    )
    return replace(old, expires=end), new, text


def _as_long(connection: sa.Connection, old: Key, now: datetime) -> datetime | None:
    """Give when a key that is made now ends; a holder's older keys have no lives of their own any more, but a grace."""
    of_holder = sa.select(KEYS.c.created, KEYS.c.expires).where(KEYS.c.holder == old.holder)
    newest = connection.execute(of_holder.order_by(KEYS.c.created.desc(), KEYS.c.id).limit(1)).one()
    return None if newest.expires is None else now + (newest.expires - newest.created)


def find_key(connection: sa.Connection, text: str) -> Key | None:
    """Give the key that `text` is, whatever its state; None where it is no key of ours."""
    if not looks_like_key(text):
        return None
    key = text.split("_", 2)[1]
    row = connection.execute(sa.select(KEYS).where(KEYS.c.id == key)).one_or_none()
    same = hmac.compare_digest(_NO_DIGEST if row is None else row.digest, digest_of(text))
    return _key(row) if row is not None and same else None


def note_use(connection: sa.Connection, key: str, *, now: datetime) -> None:
    """Note that the key with this id was used."""
    connection.execute(sa.update(KEYS).where(KEYS.c.id == key).values(used=now))


def looks_like_key(text: str) -> bool:
    """Tell whether a text has the form of a key; what has not is not looked for in the records."""
    return len(text) <= _LONGEST and _FORM.fullmatch(text) is not None


def digest_of(text: str) -> str:
    """Give the SHA-256 of a key in hex, by which it is known without being kept."""
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    return Key(
        id=row.id,
        name=row.name,
        roles=tuple(Role(role) for role in row.roles),
        factories=None if row.factories is None else frozenset(row.factories),
        views=frozenset(row.views),
        holder=row.holder,
        created=row.created,
        expires=row.expires,
        revoked=row.revoked,
        used=row.used,
    )
