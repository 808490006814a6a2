"""Whether the collector still speaks for its links."""

from datetime import datetime, timedelta
from typing import Final

from collector.links import Link

HEARTBEAT: Final = timedelta(seconds=15)
"""How old the collector's last word may be; it writes every second or so."""


def is_stale(link: Link, now: datetime) -> bool:
    """Tell whether a link's row is what was, not what is. A recorded file that was read to its end stays as it is."""
    return link.state != "ended" and now - link.seen > HEARTBEAT
