"""Keys that callers sent a moment ago: most requests need no look into the records.

What was found good counts for a second (`api.recent`), so that a key that is revoked is refused within a second, in
every process. It is known by its SHA-256, never by its text; what was found bad is not kept. Many requests at once with
one key are one look.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from api.auth import Key, digest_of
from api.recent import Recent


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
        self._recent = Recent[Key](clock)
        self._looks: dict[str, asyncio.Task[Key | None]] = {}

    def __contains__(self, text: str) -> bool:
        """Tell whether it was good when it was last looked at, however long ago."""
        return digest_of(text) in self._recent

    def __len__(self) -> int:
        return len(self._recent) + len(self._looks)

    async def get(self, text: str) -> Key | None:
        """Give the key that `text` is, as it was within the last second; None where it is none. Raises RecordsError."""
        digest = digest_of(text)
        recent = self._recent.get(digest)
        if recent is not None:
            return recent
        look = self._looks.get(digest)
        if look is None:
            look = self._looks[digest] = asyncio.create_task(self._look(digest, text), name="find-key")
        return await asyncio.shield(look)

    async def _look(self, digest: str, text: str) -> Key | None:
        at = self._clock()
        try:
            key = await self._find(text)
        finally:
            del self._looks[digest]
        if key is None or not self._good(key):
            self._recent.drop(digest)
        else:
            self._recent.keep(digest, key, at)
        return key
