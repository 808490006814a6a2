"""How recorded files are played: `kind: replay` in a line file.

sources:
  - name: mazak01-recording
    kind: replay
    files: [../recordings/mazak01-2016-12-14.shdr.txt.gz]
    pace: 60
    begin: 2016-12-14T09:29:00Z
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BeforeValidator, Field, TypeAdapter, WithJsonSchema, field_validator

from adapters.settings import Duration, Settings

LONGEST_SHIFT: Final = timedelta(days=20_000)
"""The most that may be added to recorded times, or taken from them."""

AS_FAST_AS_IT_GOES: Final = "as fast as it goes"
"""How a pace without waiting is written."""

_FACTOR: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*x?\s*", re.ASCII)
_SIGNED: Final = re.compile(r"\s*([+-]?)\s*(\d.*)", re.ASCII)
_DURATION: Final = TypeAdapter[timedelta](Duration)


class FileFormat(StrEnum):
    """How a recorded file is written."""

    AUTO = "auto"
    """By its name: `.csv`, `.parquet`, anything else is SHDR; `.gz` may follow, but after `.parquet`."""
    SHDR = "shdr"
    """Text of an MTConnect adapter: `time|item|value`, `time|item|value|item|value…`, conditions."""
    CSV = "csv"
    """Comma-separated text with a header: long (`time,item,value`) or wide (a column per item)."""
    PARQUET = "parquet"
    """Parquet, long or wide."""


def _pace(value: Any) -> Any:
    if value is None or value == AS_FAST_AS_IT_GOES:
        return None
    match = _FACTOR.fullmatch(str(value))
    factor = float(match[1]) if match else 0.0
    if factor <= 0:
        msg = f"{value!r} is no pace; write `{AS_FAST_AS_IT_GOES}`, or how many times real time, like 1 or 60"
        raise ValueError(msg)
    return factor


def _shift(value: Any) -> Any:
    if isinstance(value, timedelta) or value == "none" or value == "now":  # noqa: PLR1714 - a YAML list is not hashable
        return value
    match = _SIGNED.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        msg = f"{value!r} is no shift; write none, now, or a duration like 8 h or -2 d"
        raise ValueError(msg)
    duration = _DURATION.validate_python(match[2])
    if duration > LONGEST_SHIFT:
        msg = f"{value!r} is too far; write a shift of at most {LONGEST_SHIFT.days} d"
        raise ValueError(msg)
    return -duration if match[1] == "-" else duration


Pace = Annotated[
    float | None,
    BeforeValidator(_pace),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": AS_FAST_AS_IT_GOES},
                {"type": "number", "exclusiveMinimum": 0},
                {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*x?\s*$"},
                {"type": "null"},
            ]
        }
    ),
]
"""How many times real time, more than 0; None: as fast as it goes."""

Shift: TypeAlias = Annotated[
    timedelta | Literal["none", "now"],
    BeforeValidator(_shift),
    WithJsonSchema(
        {
            "anyOf": [
                {"enum": ["none", "now"]},
                {"type": "string", "pattern": r"^\s*[+-]?\s*\d+(\.\d+)?\s*(us|µs|ms|s|min|h|d)\s*$"},
            ]
        }
    ),
]
"""What is added to the recorded times."""


class ReplaySettings(Settings):
    """Recorded files, and how they are played."""

    files: tuple[Path, ...] = Field(min_length=1)
    """Files to play, one after the other, in this order; relative to the line file."""

    format: FileFormat = FileFormat.AUTO
    """How the files are written: auto (by the file's name), shdr, csv or parquet."""

    pace: Pace = None
    """`as fast as it goes`, or how many times real time: 1, 60, `60 x`."""

    shift: Shift = "none"
    """What is added to the recorded times: none; a duration (`8 h`, `-2 d`); or now, so that `begin` is when it is
    first opened. With `now` and a pace above 1 the samples soon lie ahead of the clock, and what lies too far ahead
    is refused: see `admit: ahead:` in parkline.yaml."""

    begin: AwareDatetime | None = None
    """Recorded time at which playing begins, with its zone. What was recorded earlier is delivered first, at once: it
    tells how things stood. None: the first time of the first file."""

    started: AwareDatetime | None = None
    """What times written as numbers count from, in milliseconds: an instant with its zone. None: those in tables count
    from 1970, and in SHDR (an adapter with relative time) they are refused."""

    time_column: str = ""
    """Name of the time column of CSV and Parquet; empty: the first of time, timestamp, ts, datetime, date."""

    time_zone: str = "UTC"
    """Zone of times that are written without one: an IANA name, such as Asia/Shanghai."""

    rows: int = Field(default=20_000, ge=1, le=1_000_000)
    """Samples at most in one delivery; 1 to 1,000,000."""

    @field_validator("begin", "started")
    @classmethod
    def _in_utc(cls, instant: datetime | None) -> datetime | None:
        return None if instant is None else instant.astimezone(UTC)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            msg = f"{name!r} is no IANA time zone; write one like Asia/Shanghai or America/Chicago"
            raise ValueError(msg) from error
        return name


class ReplayAddress(Settings):
    """Where a signal is found in a recorded file."""

    item: str = Field(min_length=1)
    """Its name in the file: the item of SHDR and of long tables, the column of wide ones."""
