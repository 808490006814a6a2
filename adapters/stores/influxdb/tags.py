r"""How names become tags, and back.

A tag's value cannot hold everything that a name may: line protocol has no way to write a line end in it or a
backslash at its end, and InfluxDB 3 reads `\\` in it otherwise than 1.x and 2.x. So `%`, backslash and the control
characters are stored as `%` and two hexadecimal digits, as in a URL. A name of the park file has none of them
(`collector.park.Name`) and is stored as it is.
"""

import re
from typing import Final

SIGNAL_TAGS: Final = ("factory", "line", "equipment", "signal")
"""Tags of a sample: the four parts of its signal's path."""

_UNFIT: Final = re.compile(r"[%\\\x00-\x1f\x7f]")
_STORED: Final = re.compile(r"%([0-9A-F]{2})")


def tag_value(name: str) -> str:
    """Give the value that stands for `name` in a tag."""
    return _UNFIT.sub(lambda unfit: f"%{ord(unfit[0]):02X}", name)


def named(value: str) -> str:
    """Give the name that the tag's value stands for."""
    return _STORED.sub(lambda stored: chr(int(stored[1], 16)), value)


def signal_tags(path: str) -> tuple[str, str, str, str] | None:
    """Give the tags of a signal's path in the order of `SIGNAL_TAGS`; None where it has not four parts."""
    parts = tuple(path.split("/", 3))
    if len(parts) != len(SIGNAL_TAGS) or not all(parts):
        return None
    factory, line, equipment, signal = map(tag_value, parts)
    return factory, line, equipment, signal
