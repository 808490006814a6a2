"""Field types of the park's models: days, times, numbers, names, titles and priorities, told in words people write."""

import re
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from adapters.settings import Settings

_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOCAL: Final = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2})?", re.ASCII)
_TIME: Final = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?", re.ASCII)


def _day(value: object) -> object:
    """Let no number pass for a day: it would count as seconds since 1970."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    msg = f"{value!r} is no day; write it like 2026-10-01"
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError(msg)
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(msg) from error


def _time_of_day(value: object) -> object:
    """Let no number pass for a time of day (seconds since midnight), and no time with a zone."""
    if isinstance(value, str) and _TIME.fullmatch(value):
        return value.zfill(len("06:00")) if value.count(":") == 1 else value.zfill(len("06:00:00"))
    if isinstance(value, time) and value.tzinfo is None:
        return value
    midnight = "; midnight is 00:00" if value in ("24:00", "24:00:00") else ""
    msg = f"{value!r} is no time of day; write it like 06:00{midnight}"
    raise ValueError(msg)


def _local_time(value: object) -> object:
    """Let no number pass for an instant, and none with a zone: it is local to the factory."""
    msg = f"{value!r} is no local time; write it like 2026-03-02 08:00"
    if isinstance(value, datetime) and value.tzinfo is None:
        return value
    if not isinstance(value, str) or not _LOCAL.fullmatch(value):
        raise ValueError(msg)
    try:
        return datetime.fromisoformat(value)
    except ValueError as error:
        raise ValueError(msg) from error


Day = Annotated[date, BeforeValidator(_day)]
"""A local day, written 2026-10-01."""

TimeOfDay = Annotated[
    time,
    BeforeValidator(_time_of_day),
    WithJsonSchema({"type": "string", "pattern": r"^([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d)?$"}),
]
"""A local time of day, 00:00 to 23:59:59, written 06:00."""

LocalTime = Annotated[datetime, BeforeValidator(_local_time), WithJsonSchema({"type": "string"})]
"""A local instant without a zone, written 2026-03-02 08:00."""

Number = Annotated[float, Field(allow_inf_nan=False)]
"""A finite number."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
"""An identifier: letters, digits, `_`, `-` and `.`, 1 to 64 characters, the first a letter or digit."""


class Title(Settings):
    """What people call it, in the languages of the page."""

    zh: str = ""
    """Chinese; empty: the id is shown."""

    en: str = ""
    """English; empty: the id is shown."""


class Severity(StrEnum):
    """Priority of an alert (ISA-18.2, 5.2.5): how soon somebody must act."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
