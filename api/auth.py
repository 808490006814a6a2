"""API keys: who may ask, made and revoked by an administrator.

A key reads `parkline_<id>_<secret>`. The secret is 256 random bits, shown once, when the key is made; the records keep
the SHA-256 of the whole key. A fast hash is right here: it protects the keys should the records leak, and a secret
of 256 bits cannot be guessed however fast the guessing (slow hashes are for passwords, which people choose).
"""

import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from api.roles import SCOPES, Role, Scope
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
        open_data = {Scope.OPEN} if self.views else set()
        return frozenset(open_data).union(*(SCOPES[role] for role in self.roles))

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
            digest=_digest(text),
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


def find_key(connection: sa.Connection, text: str, *, now: datetime) -> Key | None:
    """Give the key that `text` is, whatever its state, and note its use; None where it is no key of ours."""
    prefix, _, rest = text.partition("_")
    key = rest.partition("_")[0]
    if prefix != _PREFIX or not key or len(text) > _LONGEST:
        return None
    row = connection.execute(sa.select(KEYS).where(KEYS.c.id == key)).one_or_none()
    if row is None or not hmac.compare_digest(row.digest, _digest(text)):
        return None
    if row.used is None or now - row.used >= USED_EVERY:
        connection.execute(sa.update(KEYS).where(KEYS.c.id == key).values(used=now))
    return _key(row)


def _digest(text: str) -> str:
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
