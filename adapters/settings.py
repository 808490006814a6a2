"""The ground of every settings model: frozen, strict about keys, told in words people write.

A duration is written `500ms`, `10 s`, `1.5 min`, `1 h`, `2 d`; a size `64 KiB`, `10 GiB`, `5 MB`.
A secret is written `${env:NAME}` or `${file:path}` in the file; the loader resolves it and no model prints it.
"""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

_SECONDS: Final = {"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES: Final = {
    "B": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
    "TiB": 2**40,
}
_QUANTITY: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-zµ]+)\s*", re.ASCII)


class Settings(BaseModel):
    """A part's configuration: cannot be changed, refuses unknown keys, documents every field."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        validate_default=True,
        hide_input_in_errors=True,  # it may be a secret
    )


def _duration(value: object) -> object:
    if isinstance(value, timedelta):
        return value
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in _SECONDS:
        msg = f"{value!r} is no duration; write a number and a unit, like 500ms, 10 s, 5 min, 1 h or 2 d"
        raise ValueError(msg)
    return timedelta(seconds=float(match[1]) * _SECONDS[match[2]])


def _size(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _QUANTITY.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] not in _BYTES:
        msg = f"{value!r} is no size; write a number and a unit, like 64 KiB, 500 MB or 10 GiB"
        raise ValueError(msg)
    return int(float(match[1]) * _BYTES[match[2]])


def _written(duration: timedelta) -> str:
    """Write a duration so that it can be read again."""
    return f"{duration / timedelta(seconds=1):.6f}".rstrip("0").rstrip(".") + " s"


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(_written, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(us|µs|ms|s|min|h|d)\s*$"}),
]
"""A span of time, written as people write it; 0 or more."""

Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({"type": ["string", "integer"], "pattern": r"^\s*\d+(\.\d+)?\s*([KMGT]i?)?B\s*$"}),
]
"""A number of bytes, written as people write it; 0 or more."""
