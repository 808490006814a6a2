"""What a source remembers of its broker from one link to the next: pure.

A broker that has crashed may resume a session as it last saved it, and knows nothing of the messages that it
acknowledged after that: Mosquitto does. It tells how long it has been running, though, so that a source knows that it
was started anew. A broker that lets another client take a link over tells nobody, or only the client that loses it. A
link that is closed again and again, soon after it was opened, by a broker that runs on, has been taken over.
"""

from datetime import datetime, timedelta
from typing import Final

UPTIME: Final = "$SYS/broker/uptime"
"""Where Mosquitto says for how many seconds it has been running, in words such as `11 seconds`; retained."""

SOON: Final = timedelta(seconds=30)
"""A link that lived for longer was not taken over by a client that fights for it."""

SUSPICIOUS: Final = 3
"""So many links in a row, closed so soon, or closed when the broker was asked, are no accident."""


def started(payload: bytes, received: datetime) -> datetime | None:
    """Give when a broker started that says `payload` of its uptime; None where that is no uptime.

    Mosquitto renews what it says every 10 s (`sys_interval`): the true start is as much earlier at most.
    """
    seconds, _, _ = payload.partition(b" ")
    if not seconds.isdigit() or len(seconds) > len("9999999999"):
        return None
    return received - timedelta(seconds=int(seconds))


class Memory:
    """What one source remembers of its broker."""

    def __init__(self) -> None:
        self.asks = True
        """Whether to ask the broker since when it runs: one that closes each link when asked is left alone."""
        self.restarted: datetime | None = None
        """When the broker started, UTC, as it said on the link that is open or was open last; None: it does not say."""
        self._closed = 0
        self._unanswered = 0
        self._opened: datetime | None = None
        self._alive: datetime | None = None

    def failed(self, *, unanswered: bool) -> None:
        """Note that a link could not be opened; `unanswered` where the broker closed it when it was asked."""
        self._closed = 0
        self._heed(unanswered=unanswered)

    def opened(self, now: datetime, started: datetime | None) -> None:
        """Note that a link is open since `now`, and when the broker started, if it says so."""
        self._opened, self.restarted = now, started

    def broke(self, alive: datetime, started: datetime | None, *, closed: bool, unanswered: bool) -> bool:
        """Note that the open link broke; tell whether another client takes this one's links over.

        Args:
            alive: when the link was last known to work, UTC.
            started: when the broker started, UTC, where it has said so by now.
            closed: whether the broker closed it, as it does when another client takes it over.
            unanswered: whether the broker was asked since when it runs, and closed the link instead of answering.
        """
        before, self._alive = self._alive, alive
        self._heed(unanswered=closed and unanswered)
        if closed and unanswered:
            return False
        if started is not None and before is not None and started > before:
            self._closed = 0  # what closed the link before this one was the end of the broker
        soon = self._opened is not None and alive - self._opened < SOON
        self._closed = self._closed + 1 if closed and soon else 0
        return self._closed >= SUSPICIOUS

    def _heed(self, *, unanswered: bool) -> None:
        self._unanswered = self._unanswered + 1 if unanswered else 0
        self.asks = self.asks and self._unanswered < SUSPICIOUS
