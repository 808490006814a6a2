"""How much goes into one request: what the link carries well within the time that an answer may take.

    no answer in time ──► a quarter of it, one request at a time, and compressed
    an answer within a quarter of the time ──► twice as much, until it is what a server takes at once

So a batch gets through a link of 1 KB a second, in many small requests. What was too large is not tried again before so
many others were answered. A server that stands still looks like a slow link, and soon no longer once it answers.
"""

from typing import Final

LEAST: Final = 1024
"""Bytes in one request at least, where its lines are not longer by themselves."""

SHRINKS: Final = 4
"""To which part of its size a request that was not answered in time is cut."""

SOON: Final = 0.25
"""Part of the time for an answer within which it shows that the link carries more."""


CALM: Final = 32
"""Answers in a row after which a size that was too large is tried again."""


class Pace:
    """What the link to one server carries."""

    def __init__(self, most: int, seconds: float) -> None:
        """Begin with requests of `most` bytes; an answer may take `seconds`."""
        self._most = most
        self._seconds = seconds
        self.piece = most
        """Bytes in one request at most."""
        self._ceiling = most
        self._answers = 0

    @property
    def slow(self) -> bool:
        """Whether the link does not carry full requests."""
        return self.piece < self._most

    def unanswered(self, size: int) -> None:
        """Take note that a request of `size` bytes was not answered in time; those sent beside it count once."""
        self.piece = max(min(self.piece, size // SHRINKS), LEAST)
        self._ceiling, self._answers = max(size // 2, LEAST), 0

    def answered(self, size: int, seconds: float) -> None:
        """Take note that a request of `size` bytes was answered after `seconds`."""
        if not self.slow:
            return
        self._answers += 1
        if self._answers >= CALM:
            self._ceiling = self._most
        if size * SHRINKS > self.piece and seconds <= SOON * self._seconds:
            self.piece = max(min(2 * self.piece, self._ceiling), self.piece)
