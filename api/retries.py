"""When a message that was not taken is tried again: pure.

The first waits are those of Standard Webhooks (5 s, 5 min, 30 min). Later ones do not grow beyond an hour, for whatever
follows the message waits with it. A receiver that says `Retry-After` is left alone for as long as that. After three
days the message is given up, and the next has its turn.
"""

from datetime import datetime, timedelta
from typing import Final

SCHEDULE: Final = (5.0, 300.0, 1800.0, 3600.0)
"""Seconds to wait after the first, second, … attempt; the last holds for all that follow."""

GIVEN_UP: Final = timedelta(days=3)
"""How long one message is tried."""

_SPREAD: Final = 0.2
"""By which share of itself a wait may be longer, so that many receivers are not tried at once."""


LONGEST: Final = timedelta(seconds=SCHEDULE[-1] * (1 + _SPREAD))
"""How long nobody waits longer than."""


def waits(due: datetime | None, now: datetime) -> bool:
    """Tell whether it is not yet time; what is due later than anything can be was noted before a clock was set back."""
    return due is not None and now < due <= now + LONGEST


def next_try(attempts: int, *, begun: datetime, now: datetime, asked: float | None, lot: float) -> datetime | None:
    """Give when a message is tried again; None: it is given up.

    Args:
        attempts: how often it was tried, from 1.
        begun: when it was tried first, UTC.
        now: the present, UTC.
        asked: seconds that the receiver asked for; None: it did not ask.
        lot: a number drawn from 0 to 1.
    """
    if now - begun >= GIVEN_UP:
        return None
    planned = SCHEDULE[min(attempts, len(SCHEDULE)) - 1]
    return now + timedelta(seconds=(planned if asked is None else max(asked, 1.0)) * (1 + _SPREAD * lot))
