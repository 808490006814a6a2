"""The keys that a provider signs its tokens with, as it publishes them: a JSON Web Key Set (RFC 7517).

A key serves the algorithms that are allowed and fit its type, and no other: what a token's header says of its
algorithm chooses among what is here, and adds nothing (RFC 8725, 3.1). Passed over, and counted, are keys that are no
public keys (`oct`, or with a private part, which the whole world knows then), that are for encryption, too short, or
not understood.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import orjson
from jwt import PyJWK, PyJWTError

MOST: Final = 100
"""Keys of a set that are read; real providers have two or three."""

_TYPES: Final = {
    **dict.fromkeys(("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"), ("RSA", None)),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "ES512": ("EC", "P-521"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""By algorithm: the type of its keys, and their curve."""

_Key: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signers:
    """The keys of one provider."""

    keys: Mapping[tuple[str, str], PyJWK]
    """By its id (empty: it has none) and an algorithm that it serves."""

    unusable: int
    """Keys of the set that were passed over."""

    def knows(self, key_id: str | None) -> bool:
        """Tell whether there is a key with this id; without an id, whether there is any."""
        return bool(self.keys) if key_id is None else any(known == key_id for known, _ in self.keys)

    def find(self, key_id: str | None, algorithm: str) -> PyJWK | None:
        """Give the key that a token's header names; without an id, the only one that there is for its algorithm."""
        if key_id is not None:
            return self.keys.get((key_id, algorithm))
        fitting = [key for (_, serves), key in self.keys.items() if serves == algorithm]
        return fitting[0] if len(fitting) == 1 else None


def read_signers(document: bytes, algorithms: Collection[str]) -> Signers:
    """Read a set of keys, for these algorithms; raises ValueError where it is none, or holds no key to use."""
    try:
        published = orjson.loads(document)["keys"]
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        msg = "what it publishes is no set of keys; check `jwks_url`"
        raise ValueError(msg) from error
    if not isinstance(published, list) or len(published) > MOST:
        msg = f"what it publishes is no list of up to {MOST} keys; check `jwks_url`"
        raise ValueError(msg)
    keys: dict[tuple[str, str], PyJWK] = {}
    unusable = 0
    for one in published:
        made = _made(one, algorithms) if isinstance(one, dict) else {}
        unusable += not made
        keys |= {name: key for name, key in made.items() if name not in keys}
    if not keys:
        msg = f"none of the {len(published)} keys that it publishes is for {', '.join(algorithms)}; check `algorithms`"
        raise ValueError(msg)
    return Signers(keys, unusable)


def _made(one: _Key, algorithms: Collection[str]) -> dict[tuple[str, str], PyJWK]:
    """Make a key for each of these algorithms that it serves; none where it cannot be used."""
    key_id = one.get("kid", "")
    made = {}
    for algorithm in algorithms:
        if isinstance(key_id, str) and _serves(one, algorithm):
            try:
                key = PyJWK(dict(one), algorithm)
            except (PyJWTError, KeyError):
                continue
            if key.Algorithm.check_key_length(key.key) is None:
                made[key_id, algorithm] = key
    return made


def _serves(one: _Key, algorithm: str) -> bool:
    kind, curve = _TYPES[algorithm]
    operations = one.get("key_ops")
    return (
        one.get("kty") == kind
        and (curve is None or one.get("crv") == curve)
        and one.get("alg", algorithm) == algorithm
        and one.get("use", "sig") == "sig"
        and (operations is None or (isinstance(operations, list) and "verify" in operations))
        and "d" not in one
    )
