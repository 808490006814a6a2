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

_NAME_PATTERN: Final = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

_NOT_A: Final = {
    "string": "text; put it in quotes",
    "int": "a whole number",
    "float": "a number; write it with a point, like 0.5",
    "finite_number": "a finite number",
    "bool": "`true` or `false`",
    "list": "a list; begin each item with `- `, or write [a, b]",
    "tuple": "a list; begin each item with `- `, or write [a, b]",
    "model": "keys with values; write `key: value` lines",
    "dict": "keys with values; write `key: value` lines",
    "path": "a path",
    "date": "a day; write it like 2026-10-01",
    "time": "a time of day; write it like 06:00",
    "url": "an address (URL)",
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
        return f"{value} does not fit; {_pattern(str(context['pattern']), place)}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{value} is out of bounds; write {words} {_quantity(context[name])}"
    if kind in {"value_error", "assertion_error"}:
        return re.sub(r"^(Value|Assertion) (error|failed), ", "", error["msg"])
    for first, what in _NOT_A.items():
        if kind == first or kind.startswith(f"{first}_"):
            return f"{value} is not {what}"
    return error["msg"]


def about(place: Place) -> str:
    """Give the first sentence of the field's docstring, to end a message with; empty where it has none."""
    sentence = re.split(r"(?<=[^.])\.(?:\s|$)", place.description.replace("\n", " "), maxsplit=1)[0]
    return f" ({sentence.strip()})" if sentence else ""


def shortened(text: str) -> str:
    """Give a value so that it fits into a message."""
    flat = re.sub(r"\s+", " ", text)
    return flat if len(flat) <= _SHOWN else f"{flat[: _SHOWN - 1]}…"


def _pattern(pattern: str, place: Place) -> str:
    if pattern == _NAME_PATTERN:
        return "write 1 to 64 letters, digits, `_`, `-` or `.`, the first a letter or digit"
    return f"write what matches {pattern}{about(place)}"


def _quantity(bound: Any) -> str:
    if hasattr(bound, "total_seconds"):
        return f"{bound.total_seconds():g} s"
    return f"{bound:g}" if isinstance(bound, float) else str(bound)
