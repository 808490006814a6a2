"""What pydantic finds wrong, in words that say what to write instead.

A value is repeated in a message only when it is short, and never when it is a secret or came from one.
"""

import re
from typing import Any, Final

from pydantic_core import ErrorDetails

from collector.config.problems import did_you_mean
from collector.config.shape import Place

_SHOWN: Final = 40
"""Characters of a value that a message repeats."""

_MESSAGE: Final = 300
"""Characters of a message that a model's own validator gives."""

_NAME_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

_NOT_A: Final = {
    "string": "text; put it in quotes",
    "int": "a whole number",
    "float": "a number; write it with a point, like 0.5",
    "finite_number": "a finite number",
    "bool": "`true` or `false`",
    "list": "a list; begin each item with `- `, or write [a, b]",
    "tuple": "a list; begin each item with `- `, or write [a, b]",
    "model": "a mapping; write `key: value` lines below the key",
    "dict": "a mapping; write `key: value` lines below the key",
    "path": "a path",
    "datetime": "an instant; write it with its zone, like 2026-10-01T06:00:00Z",
    "timezone": "an instant with its zone; write it like 2026-10-01T06:00:00Z",
}
"""By the first part of pydantic's error types: what the value is not, and how to write one."""

_BOUNDS: Final = {
    "greater_than": ("gt", "greater than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
"""By pydantic's error type: where the bound is, and its words."""


def explain(error: ErrorDetails, place: Place, *, shown: str | None) -> str:
    """Say what is wrong with a value and what to write instead.

    Args:
        error: pydantic's finding, of any type but `missing` and `extra_forbidden`.
        place: what the model expects there.
        shown: the value as it may be repeated; None where it must not be.
    """
    kind = error["type"]
    context = error.get("ctx", {})
    value = "this" if shown is None else f"`{shortened(shown)}`"
    if kind in {"enum", "literal_error"}:
        known = re.findall(r"'([^']*)'", str(context["expected"]))
        return f"{value} is not known{did_you_mean(shown or '', known)}"
    if kind == "string_pattern_mismatch":
        return f"{value} does not fit{_pattern(str(context['pattern']), place)}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{value} is out of bounds; write {words} {_quantity(context[name])}"
    if kind in {"value_error", "assertion_error"}:
        return shortened(re.sub(r"^(Value|Assertion) (error|failed), ", "", error["msg"]), _MESSAGE)
    for first, what in _NOT_A.items():
        if kind == first or kind.startswith(f"{first}_"):
            return f"{value} is not {what}"
    return error["msg"]


def about(place: Place) -> str:
    """Say in brackets what a place is for, to end a message with; empty where its field does not say."""
    return f" ({place.sentence})" if place.sentence else ""


def shortened(text: str, most: int = _SHOWN) -> str:
    """Give a value so that it fits into a message: on one line, and cut after `most` characters."""
    flat = re.sub(r"\s+", " ", text)
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def _pattern(pattern: str, place: Place) -> str:
    if pattern == _NAME_PATTERN:
        return "; write 1 to 64 letters, digits, `_`, `-` or `.`, the first a letter or digit"
    return about(place) or f"; write what matches {pattern}"


def _quantity(bound: Any) -> str:
    """Give a bound as it is written; pydantic gives durations as text, `8 hours` or `10000 microseconds`."""
    text = f"{bound:g}" if isinstance(bound, float) else str(bound)
    if text == "datetime.timedelta(0)":
        return "0 s"
    number, _, unit = text.partition(" ")
    return f"{int(number) // 1000} ms" if unit == "microseconds" and number.endswith("000") else text
