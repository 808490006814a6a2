"""Keys that callers sent a moment ago: most requests need no look into the records.

What was found good counts for `FRESH_S` seconds, so that a key that is revoked is refused within a second, in every
process. It is known by its SHA-256, never by its text; what was found bad is not kept. Many requests at once with one
key are one look.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from api.auth import Key, digest_of

FRESH_S: Final = 1.0
"""Seconds that a look into the records counts."""

MOST: Final = 4096
"""Keys that are kept."""


@dataclass(frozen=True, slots=True)
class _Found:
    key: Key
    at: float


class Keyring:
    """Finds keys."""

    def __init__(
        self,
        find: Callable[[str], Awaitable[Key | None]],
        good: Callable[[Key], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare.

        Args:
            find: looks into the records.
            good: tells whether a key that was found may be kept.
            clock: seconds that never go back.
        """
        self._find = find
        self._good = good
        self._clock = clock
        self._found: OrderedDict[str, _Found] = OrderedDict()
        self._looks: dict[str, asyncio.Task[Key | None]] = {}

    def __contains__(self, text: str) -> bool:
        """Tell whether it was good when it was last looked at, however long ago."""
        return digest_of(text) in self._found

    def __len__(self) -> int:
        return len(self._found) + len(self._looks)

    async def get(self, text: str) -> Key | None:
        """Give the key that `text` is, as it was within `FRESH_S`; None where it is none. Raises RecordsError."""
        digest = digest_of(text)
        found = self._found.get(digest)
        if found is not None and self._clock() - found.at < FRESH_S:
            self._found.move_to_end(digest)
            return found.key
        look = self._looks.get(digest)
        if look is None:
            look = self._looks[digest] = asyncio.create_task(self._look(digest, text), name="find-key")
        return await asyncio.shield(look)

    async def _look(self, digest: str, text: str) -> Key | None:
        at = self._clock()  # before the look: what is revoked while it lasts counts for no longer than others
        try:
            key = await self._find(text)
        finally:
            del self._looks[digest]
        if key is None or not self._good(key):
            self._found.pop(digest, None)
            return key
        self._found[digest] = _Found(key, at)
        self._found.move_to_end(digest)
        while len(self._found) > MOST:
            self._found.popitem(last=False)
        return key
