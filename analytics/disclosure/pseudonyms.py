"""Pseudonyms: names that are the same every day, and tell nothing without the key.

    base32(HMAC-SHA256(key, group, kind, path))     the first 16 characters, small letters and 2 to 7: 80 bits

They differ from group to group, so that what is told under one cannot be put together with what is told under another.
"""

import base64
import hashlib
import hmac
from typing import Final

LENGTH: Final = 16
"""Characters of a pseudonym: among a million of one group two are alike with a chance of one in 10^12."""

_PURPOSE: Final = "parkline open data"


def pseudonym(key: bytes, group: str, kind: str, path: str) -> str:
    """Give what a thing is called.

    Args:
        key: the secret, 32 bytes or more.
        group: views that call things alike.
        kind: what it is: factory, line or equipment.
        path: its path.
    """
    told = f"{_PURPOSE}\0{group}\0{kind}\0{path}".encode()  # none of them holds a NUL
    return base64.b32encode(hmac.new(key, told, hashlib.sha256).digest()).decode().lower()[:LENGTH]
