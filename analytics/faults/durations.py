"""Durations in the texts of alerts: the largest unit that fits, in the words of the reader's language."""

from typing import Final

_UNITS: Final = (
    (86_400, "d", "天"),
    (3600, "h", "小时"),
    (60, "min", "分钟"),
    (1, "s", "秒"),
)
"""Seconds, and what people call so much."""

_WHOLE: Final = 2
"""From so many of a unit on, it is the one to say."""


def in_words(name: str, seconds: float) -> dict[str, str]:
    """Give the parameters `name_en` and `name_zh`: so many seconds, in three digits at most, as in `1.5 h`."""
    seconds = float(f"{seconds:.3g}")
    fits = next((unit for unit in _UNITS if seconds >= unit[0] * _WHOLE or seconds == unit[0]), _UNITS[-1])
    number = f"{seconds / fits[0]:.3g}"
    return {f"{name}_en": f"{number} {fits[1]}", f"{name}_zh": f"{number} {fits[2]}"}
