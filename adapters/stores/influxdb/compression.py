"""Whether to compress what is sent: measured, not guessed.

Compressing costs both processors and saves the link four fifths of the bytes. How fast a link is shows only in how long
requests take, and in that the server's own work is contained. So a request is now and then sent the other way, and
the two are compared by seconds per byte of lines:

    plain    ─► compressed where that took less than half as long: the link was the limit
    compressed ─► plain where that took no longer: the link was not

Tries become rarer while they confirm what is done.
"""

from typing import Final

WORTH: Final = 64 * 1024
"""Bytes of lines from which a request tells something of the link; in smaller ones waiting outweighs sending."""

EAGER: Final = 8
"""Requests before the other way is tried."""

CALM: Final = 1024
"""Requests between two tries at most."""

FASTER: Final = 0.5
"""Compressed requests must take less than this part of the time of plain ones."""

_MEMORY: Final = 0.25
"""Weight of the newest request in the mean."""


class Compression:
    """What to do with the next request, by how long those before it took."""

    def __init__(self) -> None:
        self.on = False
        """Whether requests are compressed, tries aside."""
        self._pace: float | None = None
        self._until_try = EAGER
        self._between = EAGER
        self._trying = False

    def choose(self, size: int) -> bool:
        """Tell whether to compress a request with `size` bytes of lines."""
        if size < WORTH:
            return self.on
        self._until_try -= 1
        if self._until_try <= 0 and not self._trying and self._pace is not None:
            self._trying = True
            return not self.on
        return self.on

    def learn(self, size: int, seconds: float, *, compressed: bool) -> None:
        """Take note of how long a request took that was answered; raises nothing, and forgets small ones."""
        if size < WORTH:
            return
        pace = seconds / size
        if compressed == self.on:
            self._pace = pace if self._pace is None else self._pace + _MEMORY * (pace - self._pace)
        elif self._trying and self._pace is not None:
            self._trying = False
            better = pace < FASTER * self._pace if compressed else pace <= self._pace
            self._between = EAGER if better else min(2 * self._between, CALM)
            self._until_try = self._between
            if better:
                self.on, self._pace = compressed, pace

    def forget(self) -> None:
        """Take note that a request was not answered: a try that failed is made again."""
        self._trying = False
