"""Which refused requests have rows of their own in the audit: a flood of them must not fill the records' disk.

What a stranger sends, or a caller beyond its rate, is refused unread: it costs its sender nothing, and would cost a row
each here. So each sender has a bucket of rows, and all strangers together have one; what finds it empty is counted.
"""

from typing import Final

from api.auditlog import Entry
from api.rates import Buckets, Policy, network_of

EACH: Final = Policy(per_second=0.1, burst=100)
"""Rows of one caller, or of one address that nobody known sends from; of IPv6 of one /64."""

STRANGERS: Final = Policy(per_second=1, burst=1000)
"""Rows of all addresses together that nobody known sends from: addresses are had for nothing."""

_ALL: Final = ""


class Refusals:
    """Tells which refused requests are written down."""

    def __init__(self) -> None:
        self._each = Buckets(EACH)
        self._strangers = Buckets(STRANGERS)

    def takes(self, entry: Entry, now: float) -> bool:
        """Tell whether a request that was refused has a row of its own; `now` in seconds that never go back."""
        if not self._each.take(entry.caller or network_of(entry.peer), now).granted:
            return False
        return bool(entry.caller) or self._strangers.take(_ALL, now).granted
