"""What a group's robot says of a notice, cut to what fits: pure."""
# ruff: noqa: RUF001 - Chinese is written with its own punctuation

from collections.abc import Callable
from typing import Final

import orjson

from adapters.channels.contract import SEVERITIES, Language, Notice
from adapters.channels.endpoint import RobotSettings

CUT: Final[dict[Language, str]] = {
    "zh": "…（过长，已截断）",
    "en": "… (cut: too long)",
}
"""What stands at the end of a text that was cut."""


def utf8(text: str) -> int:
    """Give the bytes of a text in UTF-8."""
    return len(text.encode())


def in_json(text: str) -> int:
    """Give the bytes of a text as JSON writes it, quotes and all."""
    return len(orjson.dumps(text))


def message(notice: Notice, settings: RobotSettings, room: int, size: Callable[[str], int] = utf8) -> str:
    """Write title and text, and before them the robot's keyword where they lack it, in `room` as `size` counts."""
    whole = f"{notice.title}\n{notice.text}" if notice.text else notice.title
    if settings.keyword and settings.keyword not in whole:
        whole = f"{settings.keyword}\n{whole}"
    return fitted(whole, room, size, notice.language)


def fitted(text: str, room: int, size: Callable[[str], int], language: Language) -> str:
    """Cut a text at its end to `room` as `size` counts, and say so; one that fits stays as it is."""
    if size(text) <= room:
        return text
    note = CUT[language]
    fits, too_long = 0, len(text)
    while too_long - fits > 1:
        middle = (fits + too_long) // 2
        if size(text[:middle] + note) <= room:
            fits = middle
        else:
            too_long = middle
    return text[:fits].rstrip() + note


def calls(notice: Notice, settings: RobotSettings) -> bool:
    """Tell whether the notice is bad enough for people to be called."""
    return SEVERITIES.index(notice.severity) >= SEVERITIES.index(settings.mention_from)
