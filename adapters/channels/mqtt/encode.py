"""What is published of a notice: its topic and its user properties; the payload is its envelope. Pure."""

import re
from typing import Final

from adapters.channels.contract import Notice
from adapters.channels.mqtt.settings import MqttSettings

LONGEST: Final = 65_535
"""Bytes that a topic may have in UTF-8 (MQTT 5.0, 1.5.4)."""

CONTENT_TYPE: Final = "application/json"
"""What the payload is."""

_ABSENT: Final = "none"
_UNFIT: Final = re.compile(r"[+#\x00-\x1f\x7f-\x9f]")


class _Words(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return _ABSENT


def topic(notice: Notice, settings: MqttSettings) -> str:
    """Give the topic of a notice; what a topic cannot hold is written `_`."""
    words = _Words({name: _word(value) for name, value in notice.data.items()})
    words |= {"event": notice.event, "severity": notice.severity, "language": notice.language, "id": notice.id}
    words = _Words({name: _UNFIT.sub("_", word) for name, word in words.items()})
    return settings.topic.format_map(words).encode()[:LONGEST].decode(errors="ignore")


def properties(notice: Notice) -> list[tuple[str, str]]:
    """Give the user properties of a notice: its id, so that one that comes twice is known, and what to sort it by."""
    return [("id", notice.id), ("event", notice.event), ("severity", notice.severity)]


def _word(value: object) -> str:
    return _ABSENT if value is None or value == "" or isinstance(value, dict | list | tuple) else str(value)
