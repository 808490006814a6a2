"""Signing after Standard Webhooks 1.0: pure.

webhook-signature   v1,BASE64 v1,BASE64 …   one for each secret: HMAC-SHA256 of `id.timestamp.body`
"""

import binascii
import hashlib
import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final

from pydantic import SecretStr

PREFIX: Final = "whsec_"
"""What a signing secret begins with."""

_KEY: Final = range(24, 65)


def key_of(secret: SecretStr) -> bytes:
    """Give the key that a signing secret stands for; raises ValueError where it is none."""
    text = secret.get_secret_value()
    try:
        if not text.startswith(PREFIX):
            raise ValueError  # noqa: TRY301 - the message is the same for all that is wrong
        key = b64decode(text.removeprefix(PREFIX), validate=True)
        if len(key) not in _KEY:
            raise ValueError  # noqa: TRY301 - the same
    except (ValueError, binascii.Error):
        msg = "a signing secret is whsec_ and 24 to 64 random bytes in base64: echo whsec_$(openssl rand -base64 32)"
        raise ValueError(msg) from None
    return key


def signatures(identity: str, timestamp: int, body: bytes, keys: Iterable[bytes]) -> str:
    """Sign a message with each key; `timestamp` in seconds since 1970."""
    signed = f"{identity}.{timestamp}.".encode() + body
    made = (hmac.new(key, signed, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{b64encode(signature).decode()}" for signature in made)
