"""An identity provider as tests need it: keys, the documents that it publishes, and tokens."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from time import monotonic, time
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from api.oidc import Tokens
from api.provider import Provider
from api.signers import Signers, read_signers
from collector.settings import OidcSettings

ISSUER: Final = "https://login.park.example/realms/park"
AUDIENCE: Final = "parkline"

SETTINGS: Final = OidcSettings(
    issuer=ISSUER,
    audience=AUDIENCE,
    roles={"line-lead": "maintenance", "looks": "viewer", "boss": "admin"},
    factories_claim="factories",
    views_claim="views",
)
"""How the API trusts the provider, unless a test says otherwise."""


@dataclass(frozen=True, slots=True)
class FromNow:
    """An instant of a claim, by how far it lies from when the token is signed."""

    seconds: int


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One pair of keys of the provider."""

    id: str
    algorithm: str
    private: Any
    public: dict[str, Any]
    """The public key as the provider publishes it."""


@cache
def signing_key(algorithm: str, name: str = "") -> SigningKey:
    """Make a pair of keys, once for all tests."""
    key_id = f"{algorithm}{name}"
    private: Any
    if algorithm.startswith("ES"):
        private = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    elif algorithm == "EdDSA":
        private = ed25519.Ed25519PrivateKey.generate()
        public = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        private = rsa.generate_private_key(65537, 2048)
        public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    public.pop("key_ops", None)
    return SigningKey(key_id, algorithm, private, {**public, "kid": key_id, "use": "sig", "alg": algorithm})


def key_set(*keys: SigningKey) -> bytes:
    """Give what the provider publishes of these keys."""
    return json.dumps({"keys": [key.public for key in keys]}).encode()


def claims(**given: Any) -> dict[str, Any]:
    """Give the claims of a good token; those that are None are left out."""
    now = int(time())
    whole = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ada",
        "iat": now - 5,
        "exp": now + 300,
        "roles": ["looks"],
        "factories": ["gears"],
        **given,
    }
    dated = {name: time() + value.seconds if isinstance(value, FromNow) else value for name, value in whole.items()}
    return {name: value for name, value in dated.items() if value is not None}


def token(key: SigningKey, *, headers: dict[str, Any] | None = None, **given: Any) -> str:
    """Sign a token; `headers` are put over those of a good one, and `given` over its claims."""
    return jwt.encode(claims(**given), key.private, key.algorithm, {"kid": key.id, **(headers or {})})


def tokens_of(*keys: SigningKey, settings: OidcSettings = SETTINGS, clock: Callable[[], float] = monotonic) -> Tokens:
    """Give what takes tokens that are signed by these keys."""

    async def fetch() -> Signers:
        return read_signers(key_set(*keys), settings.algorithms)

    return Tokens(settings, Provider(fetch, timedelta(minutes=10)), clock)
