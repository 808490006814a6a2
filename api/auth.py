"""API keys: who may ask, made and revoked by an administrator.

A key reads `parkline_<id>_<secret>`. The secret is 256 random bits, shown once, when the key is made; the records keep
the SHA-256 of the whole key. A fast hash is right here: it protects the keys should the records leak, and a secret
of 256 bits cannot be guessed however fast the guessing (slow hashes are for passwords, which people choose).
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import sqlalchemy as sa

from collector.records import METADATA, Instant

LONGEST_NAME: Final = 64
"""Characters of a key's name."""

KEYS: Final = sa.Table(
    "api_keys",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("name", sa.String(LONGEST_NAME), nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("scopes", sa.JSON, nullable=False),
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


class Scope(StrEnum):
    """What a key allows."""

    READ = "read"
    """Every GET of the API."""

    OPERATE = "operate"
    """What changes what parkline holds: replaying dead letters, saying why machines stood."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key, without its secret."""

    id: str
    """Names it when it is listed or revoked; part of the key itself."""

    name: str
    """Who has it, as the administrator wrote it."""

    scopes: tuple[Scope, ...]
    """What it allows."""

    created: datetime
    """When it was made, UTC."""

    expires: datetime | None
    """From when on it is worthless, UTC; None: never."""

    revoked: datetime | None
    """When it was revoked, UTC; None: it was not."""

    used: datetime | None
    """When it was last used, UTC, to within `USED_EVERY`; None: never."""

    def state(self, now: datetime) -> str:
        """Tell how it stands: `valid`, `expired` or `revoked`."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and self.expires <= now else "valid"


def create_key(
    connection: sa.Connection, name: str, *, now: datetime, expires: datetime | None, scopes: Sequence[Scope]
) -> tuple[Key, str]:
    """Make a key; give it, and its text, which nobody can give again."""
    key = Key(secrets.token_hex(4), name, tuple(scopes), now, expires, None, None)
    text = f"{_PREFIX}_{key.id}_{secrets.token_urlsafe(32)}"
    connection.execute(
        sa.insert(KEYS).values(
            id=key.id, name=name, digest=_digest(text), scopes=list(scopes), created=now, expires=expires
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
    scopes = tuple(Scope(scope) for scope in row.scopes)
    return Key(row.id, row.name, scopes, row.created, row.expires, row.revoked, row.used)
