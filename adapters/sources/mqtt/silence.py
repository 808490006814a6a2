"""Points that share a topic with others and are never found there: told once, since nobody else would say so. Pure.

A message may hold some of its topic's points, so one that lacks a point is nothing to tell. But a point that was in
none of `MESSAGES` messages, over `PATIENCE`, while others were, may have a misspelt path; or the machine sends it
seldom. Nobody but a person can tell these apart, so the person is told, with a message to look at. It is a refusal
like any other, one for each such point and life of the process.

Only a topic of which some point has not been found yet is watched, so that it costs nothing once all of them were.
"""

from collections.abc import Iterable
from typing import Final

MESSAGES: Final = 100
"""Messages of the topic that hold some of its points."""

PATIENCE: Final = 10 * 60 * 1_000_000_000
"""Nanoseconds between the first and the last of them."""


class Watch:
    """What has not been found yet on one topic."""

    def __init__(self, signals: Iterable[str]) -> None:
        """Watch for these signals; none of them has been found."""
        self._missing = dict.fromkeys(signals)
        self._messages = 0
        self._since = 0

    def hear(self, found: Iterable[str], received: int) -> list[str] | None:
        """Note which signals a message held, one at least, and when it arrived, ns since 1970.

        Returns:
            None while the watch goes on; once it is over, the signals that were never found.
        """
        for signal in found:
            self._missing.pop(signal, None)
        if not self._missing:
            return []
        self._since = self._since or received
        self._messages += 1
        if self._messages < MESSAGES or received - self._since < PATIENCE:
            return None
        return list(self._missing)

    @property
    def messages(self) -> int:
        """How many messages were heard."""
        return self._messages
