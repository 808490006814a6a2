"""A notice as JSON for programs, the same for every channel that carries JSON: pure.

    {"type": "alert.raised", "timestamp": "2026-03-01T08:00:00Z", "data": {…the alert…},
     "id": …, "severity": "high", "language": "zh", "title": …, "text": …}

`type`, `timestamp` and `data` are what Standard Webhooks asks for; the others are the notice as people read it.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from adapters.channels.contract import Notice


def envelope(notice: Notice) -> bytes:
    """Write a notice as JSON in UTF-8."""
    return orjson.dumps(
        {
            "type": notice.event,
            "timestamp": notice.stamp,
            "data": notice.data,
            "id": notice.id,
            "severity": notice.severity,
            "language": notice.language,
            "title": notice.title,
            "text": notice.text,
        },
        default=_plain,
    )


def _plain(value: Any) -> Any:
    """Write mappings and sequences that are no dict and no list."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset | set):
        return sorted(value)
    raise TypeError
