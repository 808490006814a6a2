"""Numbers of the records, as somebody is told them who sees a part of the park alone.

The records number gaps, letters and events of all factories together. Two such numbers of one's own tell how many of
other factories were written between them: whether a neighbour's machines run tonight. So a caller who is granted
factories is told other names for them, made with a key of this installation:

    ids of rows   a permutation of the numbers below 2^52: a Feistel network of eight rounds of keyed BLAKE2b (Luby and
                  Rackoff, "How to construct pseudorandom permutations from pseudorandom functions", 1988, need four).
                  One row has one id, for all who see a part
    events        AES-SIV (RFC 5297) of the number: one event has one id
    places        the same with eight bytes of chance: the place between two events looks new whenever it is told, so
                  that nobody sees whether something happened meanwhile

Who sees the whole park is told the numbers as they are, as `parkline` on the machine itself.
"""

import secrets
from base64 import b64decode, urlsafe_b64encode
from binascii import Error
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, TypeAlias

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from collector.records import METADATA, Records

Kind: TypeAlias = Literal["audit", "delivery", "gap", "letter", "said"]
"""What is numbered; each kind has a permutation of its own."""

KEY_BYTES: Final = 32
"""Bytes of the key."""

SEALS: Final = sa.Table(
    "seals",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("secret", sa.LargeBinary, nullable=False),
)
"""One row: the key that every process of the installation seals with."""

_MAKE: Final = sa.text("INSERT INTO seals (id, secret) VALUES (1, :secret) ON CONFLICT (id) DO NOTHING")

_HALF: Final = 26
"""Bits of half a sealed number. Twice as many are below 2^53: a number in JSON that JavaScript reads exactly."""

_MASK: Final = (1 << _HALF) - 1

_ROUNDS: Final = 8

_NONCE: Final = 8
"""Bytes of chance in a place."""

_SEALED: Final = 24
"""Bytes of a sealed number: 16 of its tag, 8 of the number."""

_LONGEST: Final = 18
"""Digits of the longest number that is taken as one."""


@dataclass(frozen=True, slots=True)
class Seal:
    """How one caller is told numbers, and is understood."""

    key: bytes | None = None
    """The key; None: numbers are told as they are."""

    def number(self, kind: Kind, number: int) -> int:
        """Give what the row `number` (1 to 2^52) is called."""
        if self.key is None:
            return number
        left, right = number >> _HALF, number & _MASK
        for turn in range(_ROUNDS):
            left, right = right, left ^ self._mixed(kind, turn, right)
        return left << _HALF | right

    def meant(self, kind: Kind, shown: int) -> int:
        """Give the row that is called `shown`; for what was made up, most likely the number of none."""
        if self.key is None:
            return shown
        if shown >> 2 * _HALF:
            return 0
        left, right = shown >> _HALF, shown & _MASK
        for turn in reversed(range(_ROUNDS)):
            left, right = right ^ self._mixed(kind, turn, left), left
        return left << _HALF | right

    def event(self, number: int) -> str:
        """Give the id of an event: the same whenever it is told."""
        return self._sealed(number, b"")

    def place(self, number: int) -> str:
        """Give a name of the place behind the event `number`, 0: before all of them. It is another one every time."""
        return self._sealed(number, secrets.token_bytes(_NONCE))

    def read(self, text: str) -> int | None:
        """Give the number behind an event's id or a place; None: it is neither, of this caller."""
        if self.key is None:
            return int(text) if text.isascii() and text.isdigit() and len(text) <= _LONGEST else None
        try:
            sealed = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except (Error, ValueError):
            return None
        chance, rest = (sealed[:_NONCE], sealed[_NONCE:]) if len(sealed) > _SEALED else (b"", sealed)
        try:
            opened = AESSIV(self.key).decrypt(rest, _beside(chance))
        except (InvalidTag, ValueError):
            return None
        return int.from_bytes(opened)

    def _mixed(self, kind: Kind, turn: int, half: int) -> int:
        block = blake2b(half.to_bytes(4), digest_size=4, key=self.key or b"", person=f"{kind} {turn}".encode())
        return int.from_bytes(block.digest()) & _MASK

    def _sealed(self, number: int, chance: bytes) -> str:
        if self.key is None:
            return str(number)
        sealed = chance + AESSIV(self.key).encrypt(number.to_bytes(8), _beside(chance))
        return urlsafe_b64encode(sealed).decode().rstrip("=")


def _beside(chance: bytes) -> list[bytes]:
    """Give what is told apart by, and what a tag is for, besides the number."""
    return [b"place", chance] if chance else [b"event"]


PLAIN: Final = Seal()
"""Numbers as they are."""


class Sealing:
    """The seal of an installation, as soon as somebody has asked for it."""

    def __init__(self, seal: Seal | None = None) -> None:
        """Prepare; `seal` is what it is, where that is known already."""
        self._seal = seal

    async def seal(self, records: Records) -> Seal:
        """Give it; raises RecordsError where it has to be read first, and the records are down."""
        return await records.run(self.within) if self._seal is None else self._seal

    def within(self, connection: sa.Connection) -> Seal:
        """Give it within a transaction of the records."""
        if self._seal is None:
            self._seal = Seal(read_seal(connection))
        return self._seal


def read_seal(connection: sa.Connection) -> bytes:
    """Give the key, made and kept at the first call of all."""
    asked = sa.select(SEALS.c.secret)
    key = connection.execute(asked).scalar_one_or_none()
    if key is None:
        connection.execute(_MAKE, {"secret": secrets.token_bytes(KEY_BYTES)})
        key = connection.execute(asked).scalar_one()  # of whoever came first
    return bytes(key)
