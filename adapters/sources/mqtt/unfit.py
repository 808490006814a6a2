"""What cannot become a sample, and how that is told."""

from typing import Any, Final

SHOWN: Final = 60
"""Characters of a foreign text that are shown in a reason."""

KEYS_SHOWN: Final = 8
"""Keys of an object that are shown in a reason."""


class UnfitError(ValueError):
    """An input that cannot become a sample; the message says what was found and what to write or publish instead."""


def printable(text: str) -> str:
    """Give `text` in valid Unicode, cut to a length that a person reads."""
    cut = text if len(text) <= SHOWN else text[:SHOWN] + "…"
    return cut.encode(errors="replace").decode()


def described(value: Any) -> str:
    """Tell in words what a decoded JSON value is."""
    match value:
        case None:
            text = "null"
        case bool():
            text = f"the boolean {str(value).lower()}"
        case int() if abs(value) >= 10**SHOWN:
            text = f"an integer of more than {SHOWN} digits"
        case int() | float():
            text = f"the number {value!r}"
        case str():
            text = f"the text {printable(repr(value))}"
        case dict():
            text = f"an object with the keys {_keys(value)}" if value else "an object without keys"
        case _:
            text = f"an array of length {len(value)}"
    return text


def _keys(value: dict[str, Any]) -> str:
    shown = ", ".join(printable(key) for key in list(value)[:KEYS_SHOWN])
    return shown + ", …" if len(value) > KEYS_SHOWN else shown
